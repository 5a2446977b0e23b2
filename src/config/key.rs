//! What one key of the configuration is: where it stands, what its value may be, what holds without it. The table is
//! made of these.

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within limits, both included.
    Int(i64, i64),
    /// Any text.
    Text,
    /// A path; `~/` is the home directory, relative paths are relative to the working directory.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A severity level.
    Level,
    /// A length of time such as `500ms`, `30s`, `5m`, `2h`, `30d`; kept as milliseconds.
    Duration,
    /// A size such as `500MB` or `10GiB`; kept as bytes.
    Size,
    /// An `http` or `https` address without user and password, or empty.
    Endpoint,
    /// The address of a vector store: as [`Kind::Endpoint`], or `postgres://` without a password.
    Store,
    /// The name of an environment variable, or empty.
    Variable,
    /// Hours of the week such as `mon-fri 08:00-18:00`, or empty.
    Hours,
    /// `local`, `utc`, an IANA name or a fixed offset such as `+02:00`.
    Zone,
    /// A regular expression in the syntax of the `regex` crate.
    Regex,
    /// A limit such as `latency_ms p95 > 500 for 5m`.
    Condition,
    /// A file glob.
    Glob,
    /// The name of a theme, shipped or the user's own.
    Theme,
    /// The name of a keymap, shipped or the user's own.
    Keymap,
    /// The name of a log format, shipped or declared in `[[formats]]`.
    Format,
    /// A list of texts.
    Texts,
    /// A list of file globs.
    Globs,
    /// A list of regular expressions.
    Regexes,
    /// A list of some of these words.
    Choices(&'static [&'static str]),
    /// A table from file glob to format name.
    FormatMap,
    /// The name of an HTTP header.
    Header,
    /// A table from HTTP header to text.
    HeaderMap,
    /// A table from the word a log uses to the severity level it means.
    LevelMap,
}

/// What holds when a key is not set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// This value, written as in the file.
    Is(&'static str),
    /// Nothing; the key may be left out.
    Unset,
    /// The key must be there.
    Required,
}

/// One section of the file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Name, dotted when it lies in another.
    pub name: &'static str,
    /// Whether it is written `[[name]]`, any number of times.
    pub repeated: bool,
    /// What it is for, one sentence.
    pub doc: &'static str,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Section, a dot, and the name.
    pub path: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// What holds when it is not set.
    pub default: Default,
    /// Unit of a bare number, or empty.
    pub unit: &'static str,
    /// What it does, one sentence.
    pub doc: &'static str,
}

impl Key {
    /// The section it belongs to.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(s, _)| s)
    }

    /// The name without the section.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, n)| n)
    }

    /// Its environment variable: `AIOBS_`, the section and the key in capitals.
    pub fn env(&self) -> String {
        format!("AIOBS_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }

    /// The second, short variable of a key that has a flag of its own, named as the flag.
    pub fn short_env(&self) -> Option<&'static str> {
        SHORT_VARIABLES.iter().find(|(_, path)| *path == self.path).map(|(name, _)| *name)
    }
}

pub(super) const fn section(name: &'static str, doc: &'static str) -> Section {
    Section { name, repeated: false, doc }
}

pub(super) const fn repeated(name: &'static str, doc: &'static str) -> Section {
    Section { name, repeated: true, doc }
}

pub(super) const fn key(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    unit: &'static str,
    doc: &'static str,
) -> Key {
    Key { path, kind, default: Default::Is(default), unit, doc }
}

pub(super) const fn required(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Required, unit: "", doc }
}

pub(super) const fn optional(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, default: Default::Unset, unit: "", doc }
}

/// Variables named as a flag, and the key each stands for: `AIOBS_DATA_DIR` is what `--data-dir` suggests.
pub(crate) const SHORT_VARIABLES: [(&str, &str); 1] = [("AIOBS_DATA_DIR", "archive.data_dir")];
