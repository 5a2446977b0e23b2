//! Severity on OpenTelemetry's scale: a number from 1 to 24 in six levels of four steps, 0 when unset.

use serde::{Deserialize, Serialize};
use std::fmt;

/// OpenTelemetry `SeverityNumber`: 0 is unset, 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Severity(pub u8);

impl Severity {
    /// Not stated by the line.
    pub const UNSET: Self = Self(0);
    /// Finest detail.
    pub const TRACE: Self = Self(1);
    /// For developers.
    pub const DEBUG: Self = Self(5);
    /// Normal operation.
    pub const INFO: Self = Self(9);
    /// Syslog "notice": normal but worth a look.
    pub const NOTICE: Self = Self(10);
    /// Something may go wrong.
    pub const WARN: Self = Self(13);
    /// Something went wrong.
    pub const ERROR: Self = Self(17);
    /// Syslog "critical".
    pub const CRITICAL: Self = Self(18);
    /// Syslog "alert".
    pub const ALERT: Self = Self(19);
    /// The process or the system cannot go on.
    pub const FATAL: Self = Self(21);

    /// The level this number belongs to.
    pub const fn level(self) -> Level {
        match self.0 {
            0 => Level::Unset,
            1..=4 => Level::Trace,
            5..=8 => Level::Debug,
            9..=12 => Level::Info,
            13..=16 => Level::Warn,
            17..=20 => Level::Error,
            _ => Level::Fatal,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.level().name())
    }
}

/// The six levels of OpenTelemetry, and "unset". The order is the order of badness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The line does not say.
    #[default]
    Unset,
    /// 1-4
    Trace,
    /// 5-8
    Debug,
    /// 9-12
    Info,
    /// 13-16
    Warn,
    /// 17-20
    Error,
    /// 21-24
    Fatal,
}

impl Level {
    /// All levels, from unset to fatal; the index equals `self as usize`.
    pub const ALL: [Self; 7] =
        [Self::Unset, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Lower-case English word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The lowest severity of this level.
    pub const fn floor(self) -> Severity {
        match self {
            Self::Unset => Severity::UNSET,
            Self::Trace => Severity::TRACE,
            Self::Debug => Severity::DEBUG,
            Self::Info => Severity::INFO,
            Self::Warn => Severity::WARN,
            Self::Error => Severity::ERROR,
            Self::Fatal => Severity::FATAL,
        }
    }

    /// From the words people type in filters and configs (`warn`, `warning`, `err`, ...); case does not matter.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "unset" => Self::Unset,
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" | "warning" => Self::Warn,
            "error" | "err" => Self::Error,
            "fatal" | "critical" | "crit" | "panic" => Self::Fatal,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
