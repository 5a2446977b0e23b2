//! Mistakes in theme and keymap files: file, line, what is wrong, the nearest right name. All mistakes of a file
//! are told at once.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file as the user knows it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// All mistakes found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Collects the mistakes of one file.
pub(crate) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    faults: Vec<Fault>,
}

impl<'a> Report<'a> {
    /// For `file` with this content.
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, faults: Vec::new() }
    }

    /// Notes a mistake at a byte offset.
    pub(crate) fn add(&mut self, offset: usize, text: impl Into<String>) {
        let line = self.text.get(..offset).unwrap_or(self.text).matches('\n').count() + 1;
        self.faults.push(Fault { file: self.file.to_owned(), line, text: text.into() });
    }

    /// Notes an error of the TOML parser.
    pub(crate) fn toml(&mut self, e: &toml::de::Error) {
        self.add(e.span().map_or(0, |s| s.start), e.message().trim_end());
    }

    /// The value, or every mistake when there was one.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Faults> {
        if self.faults.is_empty() {
            return Ok(value);
        }
        self.faults.sort_by_key(|f| f.line);
        Err(Faults(self.faults))
    }
}

/// `, did you mean "warn"?` when a name is near, else the choices when they are few, else nothing.
pub(crate) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let best = names.into_iter().map(|n| (strsim::jaro_winkler(word, n), n)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, name)) if score >= 0.7 => format!(", did you mean \"{name}\"?"),
        _ => String::new(),
    }
}
