//! What can be configured: patterns, exclusions, levels. The defaults are the embedded `patterns.toml`.

use super::threshold::ThresholdConfig;
use crate::marker::MarkerConfig;
use aiobs_types::Level;
use serde::{Deserialize, Serialize};

/// Names of the detectors beside the patterns, as `disabled` has them.
pub const DETECTORS: &[&str] =
    &["severity", "new_template", "classifier", "rates", "silence", "sequences", "values", "requests", "playbooks"];

/// The user's settings of detection, all optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectConfig {
    /// Records of this level and worse are anomalies by themselves.
    pub min_level: Level,
    /// Ids of patterns, or names of detectors ([`DETECTORS`]), that are switched off.
    pub disabled: Vec<String>,
    /// Further patterns; one with the id of a built-in pattern replaces it.
    pub patterns: Vec<PatternConfig>,
    /// Further expressions whose matches are blanked before patterns are looked for.
    pub exclude: Vec<String>,
    /// Further expressions: a line that matches is left alone by all patterns.
    pub exclude_line: Vec<String>,
    /// Limits.
    pub thresholds: Vec<ThresholdConfig>,
    /// Further markers; see [`crate::marker`].
    pub markers: Vec<MarkerConfig>,
    /// Records of a source before its unknown templates are reported.
    pub warm_up_records: u64,
    /// Minutes of event time of a source before its unknown templates are reported.
    pub warm_up_minutes: u32,
}

impl Default for DetectConfig {
    fn default() -> Self {
        Self {
            min_level: Level::Error,
            disabled: Vec::new(),
            patterns: Vec::new(),
            exclude: Vec::new(),
            exclude_line: Vec::new(),
            thresholds: Vec::new(),
            markers: Vec::new(),
            warm_up_records: 1000,
            warm_up_minutes: 10,
        }
    }
}

/// When a pattern may fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Only when the level is warn or worse, or not stated.
    Weak,
    /// At any level.
    #[default]
    Strong,
}

/// Which records of a pattern are the same fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All of them.
    Pattern,
    /// Those that name the same things, whatever the wording.
    #[default]
    Target,
    /// Those of the same template.
    Template,
}

/// One error pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternConfig {
    /// Name in configuration and fingerprints.
    pub id: String,
    /// Few plain words, such as `connection refused`.
    pub title: String,
    /// Regular expression on the message; case does not matter. Either this or `words`.
    #[serde(default)]
    pub regex: String,
    /// Any of these phrases, as whole words.
    #[serde(default)]
    pub words: Vec<String>,
    /// Least severity of what it finds.
    #[serde(default = "error_level")]
    pub severity: Level,
    /// Class of the error, such as `network.connection_refused`.
    #[serde(default)]
    pub class: String,
    /// When it may fire.
    #[serde(default)]
    pub strength: Strength,
    /// Which records are the same fault.
    #[serde(default)]
    pub join: Join,
}

const fn error_level() -> Level {
    Level::Error
}

/// The embedded file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternFile {
    pub(super) exclude: Vec<String>,
    pub(super) exclude_line: Vec<String>,
    pub(super) pattern: Vec<PatternConfig>,
}

pub(super) fn built_in() -> Result<PatternFile, DetectError> {
    toml::from_str(include_str!("../../../../assets/patterns.toml")).map_err(|e| DetectError::BuiltIn(e.to_string()))
}

/// The built-in patterns, for lists and documentation.
pub fn default_patterns() -> Result<Vec<PatternConfig>, DetectError> {
    built_in().map(|file| file.pattern)
}

/// What can be wrong with a [`DetectConfig`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The embedded patterns cannot be read.
    #[error("built-in patterns: {0}")]
    BuiltIn(String),
    /// A pattern says neither `regex` nor `words`, or both.
    #[error("pattern `{0}`: give either `regex` or `words`")]
    Shape(String),
    /// Two patterns in the configuration have the same id.
    #[error("pattern `{0}` is there twice")]
    Twice(String),
    /// An expression that is not valid.
    #[error("{place}: {message}")]
    Expression {
        /// Which pattern or exclusion.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// `disabled` names something that does not exist.
    #[error("`disabled`: there is no pattern or detector `{name}`{hint}")]
    Unknown {
        /// As given.
        name: String,
        /// ` (did you mean ...?)`, or empty.
        hint: String,
    },
}
