//! Detectors: which records tell of a fault. One file per detector; [`Detectors`] asks them all and makes at most one
//! anomaly per record, named by the strongest.
//!
//! The pipeline calls it for every record after mining. It knows neither the store nor incidents, only records.

pub mod classify;
mod config;
mod field;
mod gist;
mod keep;
mod lore;
mod names;
mod needs;
mod new_template;
mod pattern;
mod prefilter;
mod rates;
mod report;
mod requests;
mod sequence;
mod severity;
mod threshold;
mod trace;
mod values;
mod weigh;
mod wording;

pub(crate) use gist::without_ids;

pub use config::{DETECTORS, DetectConfig, DetectError, Join, PatternConfig, Strength, default_patterns};
pub use lore::{KnownFault, Lore};
pub use pattern::Verdict;
pub use rates::{Finding, RateBook, RateOptions, Subject, What};
pub use report::{Detectors, RecordContext};
pub use requests::{Requests, stands_out, tells};
pub use sequence::Sequences;
pub use threshold::{Condition, ConditionError, Metric, Stat, ThresholdConfig, Thresholds};
pub use values::Values;

/// What the names of all blobs of learnt state begin with.
pub const STATES: [&str; 3] = [RateBook::PREFIX, Sequences::PREFIX, Values::PREFIX];

#[cfg(test)]
mod tests;
