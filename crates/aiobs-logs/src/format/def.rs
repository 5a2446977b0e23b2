//! What a format file says, before it is checked and compiled: the same for the ones that ship and the user's own.

use serde::Deserialize;
use std::collections::BTreeMap;

/// How the lines of a format are taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One JSON object per line.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// Layouts or a regular expression.
    #[default]
    Pattern,
    /// Layouts of the messages of certain programs, inside of a format that is `refined`.
    Program,
    /// A wrapper of a container runtime around the line of the program. With `keys` it is a JSON object, else it
    /// has layouts.
    Envelope,
    /// `key=value` on each line of a record of several lines.
    Lines,
    /// Columns between blanks or tabs, named by a `#Fields:` directive (W3C extended log format).
    Columns,
    /// Whatever has a time or a level near its front.
    Plain,
}

/// Key names for JSON and logfmt, best first. A dotted name also reaches into an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Event time: text in any known shape, or a number of s, ms, us or ns since the epoch.
    pub time: Vec<String>,
    /// Nanoseconds to add to a time that is a number of seconds.
    pub nanos: Vec<String>,
    /// Level word, or a number on syslog's (0-7) or bunyan's (10-60) scale.
    pub level: Vec<String>,
    /// Level as an OpenTelemetry severity number.
    pub level_otel: Vec<String>,
    /// Level as a Python level number.
    pub level_python: Vec<String>,
    /// Logger, service or program.
    pub component: Vec<String>,
    /// The message.
    pub message: Vec<String>,
    /// HTTP status, for `severity_from_status`.
    pub status: Vec<String>,
    /// Keys (at most eight) without which a line is not of this format; their values may be anything.
    pub required: Vec<String>,
}

/// A line and what must be read from it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The line.
    pub line: String,
    /// Event time as RFC 3339, or empty when it has none. Lines without a zone are read as UTC, lines without a
    /// year as written in 2025.
    #[serde(default)]
    pub time: String,
    /// Severity by name: the six levels, `notice`, `critical`, `alert`, or `unset`.
    pub severity: String,
    /// Component.
    #[serde(default)]
    pub component: String,
    /// Message.
    pub message: String,
    /// Whether it is the first part of a line the runtime broke up.
    #[serde(default)]
    pub partial: bool,
    /// Some of its fields, by name.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The format that reads it when none is forced, if not its own: two programs that write the same lines.
    #[serde(default)]
    pub found_as: String,
}

/// A format as declared in a file or in the configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatDef {
    /// Short name, as used in the configuration and shown for a source.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// One line on what writes it.
    #[serde(default)]
    pub doc: String,
    /// How lines are taken apart.
    #[serde(default)]
    pub kind: Kind,
    /// Where two formats fit a line equally well, the lower rank wins. Up to 20 it says that its lines cannot be
    /// mistaken for another family's, up to 9 that they carry the signature of one program, which makes it win over
    /// a format of its family that would read them too. The user's formats come before all others.
    #[serde(default = "default_rank")]
    pub rank: u16,
    /// It is never found by looking at lines, only used where it is named.
    #[serde(default)]
    pub forced_only: bool,
    /// A layout such as `{time} [{level}] {component} - {message}`.
    #[serde(default)]
    pub layout: Option<String>,
    /// Several layouts; the first that fits counts.
    #[serde(default)]
    pub layouts: Vec<String>,
    /// A regular expression with named groups (`time`, `level`, `component`, `message`, `status`, others are fields).
    #[serde(default)]
    pub pattern: Option<String>,
    /// How the time is written (strptime of jiff), when it is none of the known shapes.
    #[serde(default)]
    pub time_format: Option<String>,
    /// Zone of times without one: `utc`, `local`, an IANA name or an offset. Without it the source's rule holds.
    #[serde(default)]
    pub zone: Option<String>,
    /// Own level words (case does not matter) to `trace`, `debug`, `info`, `notice`, `warn`, `error`, `critical`,
    /// `alert`, `fatal`.
    #[serde(default)]
    pub levels: BTreeMap<String, String>,
    /// No other words than those of `levels` are levels.
    #[serde(default)]
    pub only_levels: bool,
    /// Severity from the HTTP status field: 5xx error, 4xx warn, else info.
    #[serde(default)]
    pub severity_from_status: bool,
    /// Severity of lines that state none.
    #[serde(default)]
    pub default_level: Option<String>,
    /// Severity from a level word that begins the message, when there is none elsewhere.
    #[serde(default)]
    pub level_in_message: bool,
    /// Key names (JSON, logfmt), or names of columns.
    #[serde(default)]
    pub keys: Keys,
    /// Usual lists of columns, for lines before which there is no directive.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Components whose messages a format of kind `program` reads; `postfix/*` is all that begin so.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Messages are read on by the formats of kind `program`, chosen by the component.
    #[serde(default)]
    pub refined: bool,
    /// Lines that must be read as stated.
    #[serde(default)]
    pub samples: Vec<Sample>,
}

fn default_rank() -> u16 {
    100
}

/// Why a format can't be used. The text names the format, the place in it, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The file or table does not read as a format.
    #[error("format `{format}`: {message}")]
    Syntax {
        /// File or format name.
        format: String,
        /// What is wrong and where.
        message: String,
    },
    /// One entry is wrong.
    #[error("format `{format}`: `{key}`: {message}")]
    Entry {
        /// Name of the format.
        format: String,
        /// Which entry.
        key: String,
        /// What is wrong and where.
        message: String,
    },
    /// Two formats have one name.
    #[error("format `{0}` is declared twice")]
    Twice(String),
    /// No such format.
    #[error("unknown format `{name}`{}", .near.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest known name.
        near: Option<String>,
    },
}

impl FormatDef {
    /// Reads a format file; `file` is named in errors.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, FormatError> {
        toml::from_str(text).map_err(|e| FormatError::Syntax { format: file.to_owned(), message: e.to_string() })
    }

    /// An error about one entry of this format.
    pub(crate) fn entry(&self, key: &str, message: impl Into<String>) -> FormatError {
        FormatError::Entry { format: self.name.clone(), key: key.to_owned(), message: message.into() }
    }
}
