//! One measure: what it usually is, and whether it has left that. Logarithms are compared, quantiles of a sample say what
//! is usual (Vitter's reservoir, 1985, over the latest thousands), and what is out is hardly learnt. Pure.

use aiobs_types::Timestamp;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000_000;
/// Values kept as the sample of what is usual.
const SAMPLE: usize = 64;
/// The sample stands for about so many values.
const MEMORY: u32 = 4_096;
/// Values, and time in nanoseconds, before anything is said.
const LEAST: u32 = 200;
const LEAST_TIME: i64 = 600 * SECOND;
/// Of the latest values ...
const LATEST: u32 = 16;
/// ... so many must be out,
const OUT: u32 = 12;
/// at least by this factor (as a logarithm), and by this share of the usual scatter.
const FACTOR: f32 = core::f32::consts::LN_2;
const SCATTER: f32 = 0.75;
/// A column whose values rise so often, of those that differ from the one before, counts up.
const COUNTER: f32 = 0.75;
/// Time between two strikes, and after which what is out is usual.
const AGAIN: i64 = 10 * SECOND;
const ADOPTED: i64 = 3_600 * SECOND;

/// A measure that is out of its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Out {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) count: u32,
    pub(super) of: u32,
}

/// What is usual, as logarithms.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: f32,
    high: f32,
    /// What is above it is out.
    limit: f32,
}

/// See the module. About 400 bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Measure {
    sample: Vec<f32>,
    seen: u32,
    dice: u32,
    first: Timestamp,
    /// The latest values, one bit each: out or not.
    #[serde(skip)]
    latest: u16,
    /// What is usual, while the sample has not changed.
    #[serde(skip)]
    range: Option<Range>,
    /// The value before; not a number while there is none.
    #[serde(skip, default = "nothing")]
    before: f32,
    rises: f32,
    differs: f32,
    since: Option<Timestamp>,
    struck: Timestamp,
}

fn nothing() -> f32 {
    f32::NAN
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            sample: Vec::new(),
            seen: 0,
            dice: 0x9e37_79b9,
            first: Timestamp(i64::MIN),
            latest: 0,
            range: None,
            before: f32::NAN,
            rises: 0.0,
            differs: 0.0,
            since: None,
            struck: Timestamp(i64::MIN),
        }
    }
}

impl Measure {
    /// A value; what to tell, if it is out and most of the latest are.
    pub(super) fn add(&mut self, value: f64, time: Timestamp) -> Option<Out> {
        let log = (value.abs().ln_1p() * value.signum()) as f32;
        if self.first.0 == i64::MIN {
            self.first = time;
        }
        self.count(log);
        let Some(usual) = self.usual() else {
            self.learn(log);
            return None;
        };
        let known = self.seen >= LEAST && time.since(self.first) >= LEAST_TIME;
        let out = known && log > usual.limit;
        self.latest = self.latest << 1 | u16::from(out);
        if !out || self.roll(4) == 0 && self.since.is_none() {
            self.learn(log);
        }
        let outs = self.latest.count_ones();
        if outs == 0 {
            self.since = None;
        }
        let counts_up = self.rises > COUNTER * self.differs;
        if outs < OUT || counts_up || !out {
            return None;
        }
        let since = *self.since.get_or_insert(time);
        if time.since(since) >= ADOPTED {
            // So it is usual now.
            *self = Self { dice: self.dice, ..Self::default() };
            return None;
        }
        if self.struck.0 != i64::MIN && time.since(self.struck) < AGAIN {
            return None;
        }
        self.struck = time;
        let back = |log: f32| f64::from(log.abs().exp_m1() * log.signum());
        Some(Out { value, low: back(usual.low), high: back(usual.high), count: outs, of: LATEST })
    }

    /// Whether it can be what was learnt once.
    pub(super) fn is_sound(&self) -> bool {
        let numbers = [self.rises, self.differs];
        self.sample.len() <= SAMPLE && self.dice != 0 && self.sample.iter().chain(&numbers).all(|n| n.is_finite())
    }

    /// Values seen.
    pub(super) fn met(&self) -> u32 {
        self.seen
    }

    /// Whether values rise, remembered over some hundreds.
    fn count(&mut self, log: f32) {
        if self.before.is_finite() && log.to_bits() != self.before.to_bits() {
            self.differs = self.differs * 0.995 + 1.0;
            self.rises = self.rises * 0.995 + f32::from(u8::from(log > self.before));
        }
        self.before = log;
    }

    /// What is usual, once the sample is full.
    fn usual(&mut self) -> Option<Range> {
        if self.sample.len() < SAMPLE {
            return None;
        }
        Some(*self.range.get_or_insert_with(|| {
            let mut sorted = self.sample.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let (low, median, high) = (sorted[1], sorted[SAMPLE / 2], sorted[SAMPLE - 2]);
            Range { low, high, limit: high + FACTOR.max(SCATTER * (high - median)) }
        }))
    }

    fn learn(&mut self, log: f32) {
        self.seen = self.seen.saturating_add(1);
        if self.sample.len() < SAMPLE {
            self.sample.push(log);
            self.range = None;
        } else if self.roll(self.seen.min(MEMORY)) < SAMPLE as u32 {
            let place = self.roll(SAMPLE as u32) as usize;
            self.sample[place] = log;
            self.range = None;
        }
    }

    /// A number below `below` (xorshift, Marsaglia 2003): the same values make the same range.
    fn roll(&mut self, below: u32) -> u32 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        self.dice % below.max(1)
    }
}
