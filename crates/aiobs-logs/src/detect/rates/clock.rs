//! Event time of one source in buckets. Time that nobody recorded (the program was not running, the file was gone) is
//! passed over: buckets are numbered twice, as they lie in time, and as they were recorded.

use super::BUCKET_SECS;
use aiobs_types::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const BUCKET: i64 = BUCKET_SECS as i64 * 1_000_000_000;
/// Empty buckets in a row that are still silence and not a gap in the recording.
const GAP: i64 = 10;
/// Rows may be so late and still count, nanoseconds: threads write in a little disorder.
const LATE: i64 = 60_000_000_000;
/// A row further ahead than this is a wrong clock, until enough of them say the same.
const AHEAD: i64 = 86_400_000_000_000;
/// Rows in a row outside of the time accepted after which time itself has moved.
const MOVED: u32 = 200;

/// What a row's time means to the open bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It belongs to it.
    Within,
    /// It begins another one.
    Next,
    /// It is not counted.
    Outside,
}

#[derive(Debug)]
pub(super) struct Clock {
    /// The open bucket, as it lies in time.
    pub(super) bucket: i64,
    /// The same, as it was recorded, from 0.
    pub(super) active: i64,
    /// Times that belong to it.
    pub(super) floor: Timestamp,
    pub(super) until: Timestamp,
    /// Series that came in it.
    pub(super) open: Vec<u32>,
    outside: u32,
    due: BinaryHeap<Reverse<(i64, u32)>>,
}

pub(super) fn bucket_of(time: Timestamp) -> i64 {
    time.0.div_euclid(BUCKET)
}

impl Clock {
    pub(super) fn new(time: Timestamp) -> Self {
        Self::at(bucket_of(time), 0)
    }

    /// The clock of an earlier run.
    pub(super) fn at(bucket: i64, active: i64) -> Self {
        let mut clock = Self {
            bucket,
            active,
            floor: Timestamp(0),
            until: Timestamp(0),
            open: Vec::new(),
            outside: 0,
            due: BinaryHeap::new(),
        };
        clock.bound();
        clock
    }

    fn bound(&mut self) {
        self.floor = Timestamp(self.bucket.saturating_mul(BUCKET).saturating_sub(LATE));
        self.until = Timestamp(self.bucket.saturating_add(1).saturating_mul(BUCKET));
    }

    pub(super) fn reach(&mut self, time: Timestamp) -> Reach {
        if time >= self.floor && time < self.until {
            self.outside = 0;
            return Reach::Within;
        }
        if time >= self.until && time.since(self.until) < AHEAD {
            self.outside = 0;
            return Reach::Next;
        }
        self.outside += 1;
        if self.outside >= MOVED {
            self.outside = 0;
            return Reach::Next;
        }
        Reach::Outside
    }

    /// Opens the bucket of this time.
    pub(super) fn go(&mut self, time: Timestamp) {
        let next = bucket_of(time);
        let step = next.saturating_sub(self.bucket);
        self.active += if (1..=GAP).contains(&step) { step } else { 1 };
        self.bucket = next;
        self.bound();
    }

    /// Asks for a look at a series once that many buckets were recorded.
    pub(super) fn remind(&mut self, active: i64, slot: u32) {
        self.due.push(Reverse((active, slot)));
    }

    /// The next series to look at, if it is time.
    pub(super) fn due(&mut self) -> Option<u32> {
        let Reverse((at, slot)) = *self.due.peek()?;
        if at > self.active {
            return None;
        }
        self.due.pop();
        Some(slot)
    }
}
