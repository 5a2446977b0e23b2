//! One series: what is counted, its model and its rhythm.

use super::clock::{Clock, bucket_of};
use super::finding::{Finding, Subject, What};
use super::{BUCKET_SECS, Tally};
use aiobs_insight::{Change, Lived, RateModel, Rhythm, Tuning, WINDOW};
use aiobs_types::{Level, RecordId, RecordView, Severity, SourceId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};

/// Buckets of silence looked at, the fewest first.
const SILENCES: [u32; 7] = [10, 20, 40, 80, 160, 320, 640];
/// Recorded buckets before a rhythm is missed: half an hour.
const RHYTHM_HISTORY: u32 = 60;
/// A day of buckets: before it, ordinary traffic that falls may just be evening.
const TRAFFIC_FALL: u32 = 2_880;
/// Longest component name kept.
const NAME: usize = 120;

/// For ordinary traffic.
const TRAFFIC: Tuning = Tuning { bucket_secs: BUCKET_SECS, warm_up_fall: TRAFFIC_FALL, ..Tuning::TRAFFIC };
/// For warnings and errors.
const TROUBLE: Tuning = Tuning { bucket_secs: BUCKET_SECS, ..Tuning::TROUBLE };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    Source,
    Level,
    Component,
    Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) source: SourceId,
    pub(super) kind: Kind,
    pub(super) id: u64,
}

impl Key {
    pub(super) fn new(source: SourceId, kind: Kind, id: u64) -> Self {
        Self { source, kind, id }
    }

    /// A component's key: a hash of its name (FNV-1a).
    pub(super) fn named(source: SourceId, name: &str) -> Self {
        let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
        Self::new(source, Kind::Component, name.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// The name it is stored under.
    pub(super) fn name(&self) -> String {
        format!("rates/{}/{}/{:x}", self.source.0, self.kind as u8, self.id)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Series {
    pub(super) key: Key,
    /// Component: its own, or that of the template's first record.
    name: Box<str>,
    model: RateModel,
    rhythm: Rhythm,
    /// Recorded buckets of the source before it came first.
    before: i64,
    first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) count: u64,
    worst: Severity,
    pub(super) example: RecordId,
    /// Bucket up to which the model knows, and the bucket as it lies in time.
    through: i64,
    pub(super) bucket: i64,
    /// Counted in the open bucket `through`, when it is open.
    open: u32,
    is_open: bool,
    #[serde(skip)]
    pub(super) timed: bool,
    #[serde(skip)]
    pub(super) dirty: bool,
    #[serde(skip)]
    pub(super) stored: bool,
}

impl Series {
    pub(super) fn new(key: Key, name: &str, worst: Severity, active: i64, time: Timestamp) -> Self {
        // That a warning never came before is a history; a new line of ordinary traffic has none.
        let trouble = matches!(key.kind, Kind::Template | Kind::Level) && worst >= Severity::WARN;
        let model = if trouble { RateModel::silent(active.clamp(0, 100_000) as u32) } else { RateModel::default() };
        Self {
            key,
            name: name.chars().take(NAME).collect::<String>().into(),
            model,
            rhythm: Rhythm::default(),
            before: active,
            first: time,
            last: time,
            count: 0,
            worst,
            example: RecordId(0),
            through: active - 1,
            bucket: bucket_of(time),
            open: 0,
            is_open: false,
            timed: false,
            dirty: false,
            stored: false,
        }
    }

    /// Whether more of it is bad by itself.
    pub(super) fn is_trouble(&self) -> bool {
        matches!(self.key.kind, Kind::Template | Kind::Level) && self.worst >= Severity::WARN
    }

    fn tuning(&self) -> &'static Tuning {
        if self.is_trouble() { &TROUBLE } else { &TRAFFIC }
    }

    /// Counts a run of rows in the open bucket. Says whether it was not open yet.
    pub(super) fn touch(
        &mut self,
        tally: &Tally,
        (event, active): (i64, i64),
        (first, last): (Timestamp, Timestamp),
        example: RecordId,
    ) -> bool {
        let opens = !self.is_open;
        if opens {
            let empty = (active - self.through - 1).clamp(0, i64::from(u32::MAX)) as u32;
            if empty > 0 {
                self.model.idle(empty, self.tuning());
            }
            self.through = active;
            self.bucket = event;
            self.open = 0;
            self.is_open = true;
            self.example = example;
        }
        if tally.count == 1 && self.count > 0 {
            self.rhythm.add(first.since(self.last) as f64 / 1e9);
        } else if self.count > 0 && self.rhythm.period().is_none() {
            // Several at once: no heartbeat.
            self.rhythm = Rhythm::default();
        }
        self.count += u64::from(tally.count);
        self.open = self.open.saturating_add(tally.count);
        self.last = self.last.max(last);
        self.worst = self.worst.max(tally.worst);
        opens
    }

    /// Looks at the open bucket.
    pub(super) fn early(&mut self, event: i64) -> Option<Change> {
        let tuning = self.tuning();
        self.model.early(f64::from(self.open), event, tuning)
    }

    /// The open bucket is over.
    pub(super) fn close(&mut self, event: i64, active: i64) -> Option<Change> {
        if !std::mem::take(&mut self.is_open) || self.through != active {
            return None;
        }
        let tuning = self.tuning();
        self.model.close(f64::from(std::mem::take(&mut self.open)), event, tuning)
    }

    /// After so many more recorded buckets without it, it would be missed. `None` when it would not, or is waited for.
    pub(super) fn due_after(&self, event: i64) -> Option<i64> {
        if self.timed || self.is_trouble() {
            return None;
        }
        if let Some(seconds) = self.heartbeat() {
            return Some((seconds / f64::from(BUCKET_SECS)).ceil() as i64 + 1);
        }
        let tuning = self.tuning();
        SILENCES.iter().find(|n| self.model.silence_is_odd(**n, event, tuning)).map(|n| i64::from(*n) + 1)
    }

    /// Seconds after which a heartbeat is missed; `None` when there is none.
    fn heartbeat(&self) -> Option<f64> {
        let long = self.model.history() >= RHYTHM_HISTORY && self.count >= 20;
        self.rhythm.missed_after().filter(|_| long && self.key.kind == Kind::Template)
    }

    /// It is time to look whether it is missed: what is told, and the bucket at which to look again.
    pub(super) fn missed(&mut self, event: i64, active: i64, now: Timestamp) -> (Option<What>, Option<i64>) {
        let silent = now.since(self.last) as f64 / 1e9;
        if let Some(after) = self.heartbeat() {
            if silent >= after && self.through + 1 < active {
                let period = self.rhythm.period().unwrap_or_default();
                return (Some(What::Missed { silent, period }), None);
            }
            return (None, Some(self.through + (after / f64::from(BUCKET_SECS)).ceil() as i64 + 1));
        }
        let tuning = self.tuning();
        let empty = (active - self.through - 1).max(0) as u32;
        if empty >= SILENCES[0] && self.model.silence_is_odd(empty, event, tuning) {
            self.model.idle(empty, tuning);
            self.through = active - 1;
            return (Some(What::Turn(self.model.silent_now(empty, event, tuning))), None);
        }
        let again = self.due_after(event).map(|n| self.through + n);
        (None, again)
    }

    pub(super) fn finding(&self, what: What, record: &RecordView<'_>) -> Finding {
        Finding { component: record.component.to_owned(), ..self.finding_at(what, record.meta.time, record.id) }
    }

    pub(super) fn finding_at(&self, what: What, time: Timestamp, record: RecordId) -> Finding {
        let subject = match self.key.kind {
            Kind::Template => Subject::Template(TemplateId(self.key.id as u32)),
            Kind::Component => Subject::Component(self.name.to_string()),
            Kind::Level => Subject::Level(if self.key.id == 0 { Level::Warn } else { Level::Error }),
            Kind::Source => Subject::Source,
        };
        Finding {
            subject,
            what,
            source: self.key.source,
            component: self.name.to_string(),
            trouble: self.is_trouble(),
            severity: self.worst,
            record,
            time,
            bucket_secs: BUCKET_SECS,
        }
    }

    pub(super) fn lived(&self, clock: &Clock) -> Lived {
        let secs = f64::from(BUCKET_SECS);
        let now = Timestamp(clock.until.0);
        let window = secs * f64::from(WINDOW);
        // Buckets without it are not in the model's window until it comes again.
        let empty = (clock.active - self.through - 1).max(0) as f64;
        let share = 1.0 - (empty / f64::from(WINDOW)).min(1.0);
        let usual = self.model.mean(clock.bucket, self.tuning());
        let recent = self.model.recent().unwrap_or(usual) * share;
        Lived {
            before: self.before as f64 * secs,
            age: now.since(self.first) as f64 / 1e9,
            silent: (now.since(self.last) as f64 / 1e9 - secs).max(0.0).min((empty + 1.0) * secs),
            count: self.count,
            recent: recent / secs,
            usual: usual / secs,
            dispersion: self.model.dispersion(),
            window,
            period: self.rhythm.period().filter(|_| self.count >= 20),
        }
    }

    /// Where its clock stands, when it is that of a source.
    pub(super) fn clock(&self) -> Option<Clock> {
        (self.key.kind == Kind::Source).then(|| Clock::at(self.bucket, self.through))
    }

    /// As it is after a restart; whether it is in the open bucket.
    pub(super) fn resume(&mut self) -> bool {
        self.stored = true;
        self.dirty = false;
        self.timed = false;
        self.is_open
    }
}
