//! One mistake in the configuration, and how it is told. Everything that reads configuration reports through this.

use std::fmt;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The built-in default.
    Default,
    /// A file, at a line and column counted from 1 (columns in characters).
    File {
        /// Path as given.
        path: String,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// An environment variable.
    Env(String),
    /// A `--set` flag, as written.
    Set(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0, .. } => f.write_str(path),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Set(flag) => write!(f, "--set {flag}"),
        }
    }
}

/// What sort of mistake it is. `tests/invalid_configs` holds an example of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MistakeKind {
    /// The file is not TOML.
    Syntax,
    /// The file can't be read.
    Unreadable,
    /// No such section.
    UnknownSection,
    /// No such key.
    UnknownKey,
    /// No such environment variable of ours.
    UnknownVariable,
    /// `--set` without `=`.
    BadFlag,
    /// A number where a text belongs, say.
    WrongType,
    /// A number outside its limits.
    OutOfRange,
    /// Not one of the words allowed.
    UnknownWord,
    /// Not a length of time.
    BadDuration,
    /// Not a size.
    BadSize,
    /// Not an address.
    BadUrl,
    /// Not the name of an environment variable.
    BadVariable,
    /// Not hours of the week.
    BadHours,
    /// Not a time zone.
    BadZone,
    /// Not a regular expression.
    BadRegex,
    /// Not a limit.
    BadCondition,
    /// Not a glob.
    BadGlob,
    /// No such theme.
    UnknownTheme,
    /// No such keymap.
    UnknownKeymap,
    /// No such log format.
    UnknownFormat,
    /// No such model.
    UnknownModel,
    /// Two keys that can't both hold.
    Conflict,
    /// Not a header.
    BadHeader,
    /// A key that must be there is not.
    MissingKey,
    /// Two of the same name.
    DuplicateName,
}

impl MistakeKind {
    /// Every kind, for the test that each has an example.
    pub const ALL: [Self; 25] = [
        Self::Syntax,
        Self::Unreadable,
        Self::UnknownSection,
        Self::UnknownKey,
        Self::UnknownVariable,
        Self::BadFlag,
        Self::WrongType,
        Self::OutOfRange,
        Self::UnknownWord,
        Self::BadDuration,
        Self::BadSize,
        Self::BadUrl,
        Self::BadVariable,
        Self::BadHours,
        Self::BadZone,
        Self::BadRegex,
        Self::BadGlob,
        Self::UnknownTheme,
        Self::UnknownKeymap,
        Self::UnknownFormat,
        Self::UnknownModel,
        Self::Conflict,
        Self::BadHeader,
        Self::MissingKey,
        Self::DuplicateName,
    ];
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub origin: Origin,
    /// What sort.
    pub kind: MistakeKind,
    /// What is wrong, one line.
    pub text: String,
    /// The nearest right name.
    pub nearest: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            // What was written instead of an address or a name may be a secret.
            Origin::Set(flag) if matches!(self.kind, MistakeKind::BadUrl | MistakeKind::BadVariable) => {
                write!(f, "--set {}: {}", flag.split('=').next().unwrap_or_default(), self.text)?;
            }
            origin => write!(f, "{origin}: {}", self.text)?,
        }
        match &self.nearest {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

/// All mistakes of one load: file first, then environment, then flags, each in the order written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, m) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{m}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// The candidate nearest to what was written, if any is near enough to be meant.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let written = written.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&written, &c.to_ascii_lowercase()), c))
        .filter(|(d, c)| *d <= (c.chars().count().max(written.chars().count()) / 3).max(1))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c.to_owned())
}
