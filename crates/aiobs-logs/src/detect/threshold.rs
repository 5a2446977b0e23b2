//! Limits that the configuration sets: on a number in the records, or on how many records come. The pipeline shows it
//! finished batches; memory is bounded by the number of limits. [`Condition::parse`] is also what checks the
//! configuration.

mod condition;
#[cfg(test)]
mod tests;

pub use condition::{Condition, ConditionError, Metric, Stat};

use super::field;
use super::gist;
use super::report::fnv;
use aiobs_insight::{BucketSeries, SlidingSketch};
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, Level, RecordBatch, RecordId, RecordView, Severity, SourceId, TemplateId,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// Seconds per step: how fine time is cut.
const STEP: i64 = 10;
/// Steps that a statistic of a number is over: a minute.
const STEPS: usize = 6;
/// Values that a quantile or a mean needs.
const LEAST: u64 = 5;
/// A limit that stays broken strikes again after this many steps.
const AGAIN: i64 = 6;
/// Event time may not jump further ahead than this, in steps, until it is said twice.
const AHEAD: i64 = 8_640;

/// One limit of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdConfig {
    /// Name, unique among the limits.
    pub name: String,
    /// When it is broken.
    pub condition: Condition,
    /// Only records of this component, empty for all.
    pub component: String,
    /// How bad it is; at least warn.
    pub level: Level,
}

#[derive(Debug)]
enum Counted {
    Values(SlidingSketch),
    Records(BucketSeries),
}

#[derive(Debug)]
struct Limit {
    config: ThresholdConfig,
    counted: Counted,
    /// Step since when it is broken without a break.
    since: Option<i64>,
    struck: Option<i64>,
    /// A record that it rests on, its source and component.
    record: RecordId,
    source: SourceId,
    component: String,
}

/// See the module. One owner.
#[derive(Debug, Default)]
pub struct Thresholds {
    limits: Vec<Limit>,
    now: i64,
    ahead: u32,
}

impl Thresholds {
    /// These limits.
    pub fn new(configs: &[ThresholdConfig]) -> Self {
        let limit = |config: &ThresholdConfig| Limit {
            counted: match &config.condition.metric {
                Metric::Field { .. } => Counted::Values(SlidingSketch::new(STEPS)),
                Metric::Records { per, .. } => {
                    Counted::Records(BucketSeries::new(STEP as u32, (i64::from(*per) / STEP).max(1) as usize))
                }
            },
            config: config.clone(),
            since: None,
            struck: None,
            record: RecordId(0),
            source: SourceId(0),
            component: String::new(),
        };
        Self { limits: configs.iter().map(limit).collect(), now: i64::MIN, ahead: 0 }
    }

    /// Counts the records of a batch; limits that are broken for long enough strike.
    pub fn observe(&mut self, batch: &RecordBatch) -> Vec<Anomaly> {
        let mut found = Vec::new();
        if self.limits.is_empty() {
            return found;
        }
        for record in batch.iter() {
            let step = record.meta.time.secs().div_euclid(STEP);
            if step > self.now {
                if !self.reaches(step) {
                    continue;
                }
                self.judge(&mut found);
                self.now = step;
            }
            self.limits.iter_mut().for_each(|l| l.count(&record, step));
        }
        self.judge(&mut found);
        found
    }

    /// Whether time goes on to this step; a record with a wrong clock does not take it along.
    fn reaches(&mut self, step: i64) -> bool {
        let far = self.now != i64::MIN && step - self.now > AHEAD;
        self.ahead = if far { self.ahead + 1 } else { 0 };
        !far || self.ahead > 1
    }

    fn judge(&mut self, found: &mut Vec<Anomaly>) {
        let now = self.now;
        if now != i64::MIN {
            found.extend(self.limits.iter_mut().filter_map(|l| l.judge(now)));
        }
    }
}

impl Limit {
    fn count(&mut self, record: &RecordView<'_>, step: i64) {
        if !self.config.component.is_empty() && self.config.component != record.component {
            return;
        }
        let counts = match (&mut self.counted, &self.config.condition.metric) {
            (Counted::Values(sketch), Metric::Field { name, .. }) => {
                let value = number(record.text, name);
                if let Some(value) = value {
                    sketch.add(step, value);
                }
                value.is_some()
            }
            (Counted::Records(series), Metric::Records { least, .. }) => {
                let counts = record.meta.severity.level() >= *least;
                if counts {
                    series.add(record.meta.time, 1);
                }
                counts
            }
            _ => false,
        };
        if counts {
            (self.record, self.source) = (record.id, record.meta.source);
            if self.component != record.component {
                record.component.clone_into(&mut self.component);
            }
        }
    }

    /// The number now; `None` while too little is known.
    fn value(&mut self, now: i64) -> Option<f64> {
        match (&mut self.counted, &self.config.condition.metric) {
            (Counted::Values(sketch), Metric::Field { stat, .. }) => {
                sketch.advance(now);
                let all = sketch.whole();
                match stat {
                    Stat::Max => all.quantile(1.0),
                    Stat::Min => all.quantile(0.0),
                    Stat::Quantile(q) => all.quantile(*q).filter(|_| all.count() >= LEAST),
                }
            }
            (Counted::Records(series), _) => {
                series.advance(Timestamp::from_secs(now * STEP));
                Some(series.total() as f64)
            }
            _ => None,
        }
    }

    fn judge(&mut self, now: i64) -> Option<Anomaly> {
        let value = self.value(now);
        let broken = value.filter(|v| self.config.condition.is_broken(*v));
        let Some(value) = broken else {
            (self.since, self.struck) = (None, None);
            return None;
        };
        let since = *self.since.get_or_insert(now);
        let held = (now - since) * STEP;
        if held < i64::from(self.config.condition.hold) || self.struck.is_some_and(|s| now - s < AGAIN) {
            return None;
        }
        self.struck = Some(now);
        Some(self.anomaly(value, held, now))
    }

    fn anomaly(&self, value: f64, held: i64, now: i64) -> Anomaly {
        let ThresholdConfig { name, condition, component, level } = &self.config;
        let of = if component.is_empty() { String::new() } else { format!(" of {component}") };
        let reason = format!("{} {}.", condition.measured(value, &of), condition.said(held));
        let severity = match level {
            Level::Fatal => Severity::FATAL,
            Level::Error => Severity::ERROR,
            _ => Severity::WARN,
        };
        Anomaly {
            detector: DetectorKind::Threshold,
            fingerprint: Fingerprint(fnv(fnv(5, b"threshold"), name.as_bytes())),
            kin: None,
            title: gist::plain(name, 80),
            reason: gist::plain(&reason, 300),
            severity,
            record: self.record,
            time: Timestamp::from_secs(now * STEP),
            source: self.source,
            template: TemplateId::default(),
            component: gist::plain(&self.component, 120),
            likelihood: None,
            alarm: true,
        }
    }
}

/// The number of a field; one with a unit is brought to the unit that the name ends with (`latency_ms`), or else taken as
/// written.
fn number(text: &str, name: &str) -> Option<f64> {
    field::quantity(text, name).map(|value| condition::in_unit_of(name, value))
}
