//! A case of `aiobs eval diagnose`: a directory with a `case.toml`, which says what the right answer is and maybe what
//! is asked, and log files. Reads them and tells what is wrong with them; knows nothing of how they are run.

use crate::cli::exit::UsageError;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Something is wrong, and the logs say enough to name the cause.
    Fault,
    /// Nothing is wrong.
    Healthy,
    /// Something is wrong, and the logs do not say why: "no cause found" is the right answer.
    Unclear,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Healthy => "healthy",
            Self::Unclear => "unclear",
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Name of its directory.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) kind: Kind,
    /// Ids of playbooks, or error classes (with a dot), that are the right answer.
    pub(super) right: Vec<String>,
    /// Those that are half of it: a symptom, or a wider cause.
    pub(super) partly: Vec<String>,
    /// What is asked about these logs; without a question the diagnosis is the answer.
    pub(super) question: Option<String>,
    /// Findings that the answer must tell, each as a phrase or as several divided by `|`, any of which will do.
    pub(super) expected: Vec<String>,
    /// Its log files, by name.
    pub(super) logs: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: String,
    kind: Kind,
    /// The cause for people.
    #[serde(rename = "cause")]
    _cause: String,
    #[serde(default)]
    right: Vec<String>,
    #[serde(default)]
    partly: Vec<String>,
    #[serde(default)]
    question: Option<String>,
    #[serde(default)]
    expected: Vec<String>,
}

const FILE: &str = "case.toml";

/// The case in this directory, or the cases in the directories of it, by name.
pub(super) fn read(dir: &Path) -> Result<Vec<Case>, UsageError> {
    if dir.join(FILE).is_file() {
        return Ok(vec![one(dir)?]);
    }
    let mut found = Vec::new();
    for entry in entries(dir)? {
        if entry.join(FILE).is_file() {
            found.push(one(&entry)?);
        }
    }
    if found.is_empty() {
        let text = format!("{}: no cases here: a case is a directory with a `{FILE}` and log files", dir.display());
        return Err(UsageError(text));
    }
    Ok(found)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, UsageError> {
    let failed = |e: std::io::Error| UsageError(format!("{}: {e}", dir.display()));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).map_err(failed)?.flatten().map(|e| e.path()).collect();
    paths.sort();
    Ok(paths)
}

fn one(dir: &Path) -> Result<Case, UsageError> {
    let file = dir.join(FILE);
    let at = |what: &str| UsageError(format!("{}: {what}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|e| at(&e.to_string()))?;
    let raw: Raw = toml::from_str(&text).map_err(|e| {
        let line = text.bytes().take(e.span().map_or(0, |s| s.start)).filter(|&b| b == b'\n').count() + 1;
        UsageError(format!("{}:{line}: {}", file.display(), e.message().replace('\n', " ")))
    })?;
    if let Some(mistake) = mistake(&raw) {
        return Err(at(mistake));
    }
    let mut logs = entries(dir)?;
    logs.retain(|p| *p != file && p.is_file());
    if logs.is_empty() {
        return Err(at("there is no log file beside it"));
    }
    let name = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = name.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let Raw { title, kind, right, partly, question, expected, .. } = raw;
    Ok(Case { name, title, kind, right, partly, question, expected, logs })
}

/// What does not go together.
fn mistake(raw: &Raw) -> Option<&'static str> {
    let fault = raw.kind == Kind::Fault;
    let blank = |text: &String| text.split('|').any(|t| t.trim().is_empty());
    match &raw.question {
        Some(q) if q.trim().is_empty() => Some("the `question` is empty"),
        Some(_) if raw.expected.is_empty() => Some("a case with a `question` says what is `expected` of the answer"),
        None if fault && raw.right.is_empty() && raw.expected.is_empty() => {
            Some("a case of kind `fault` names what is `right`, or what is `expected` to be told")
        }
        None if !fault && !raw.expected.is_empty() => {
            Some("only a fault or a `question` has something `expected` to be told")
        }
        _ if !fault && !raw.right.is_empty() => Some("only a case of kind `fault` names what is `right`"),
        _ if raw.expected.iter().any(blank) => Some("a phrase in `expected` is empty"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn told(text: &str, log: bool) -> String {
        let dir = tempfile::tempdir().unwrap();
        let case = dir.path().join("pool");
        std::fs::create_dir(&case).unwrap();
        std::fs::write(case.join(FILE), text).unwrap();
        if log {
            std::fs::write(case.join("a.log"), "x\n").unwrap();
        }
        let told = read(dir.path()).map(|c| format!("{} {:?} {}", c[0].name, c[0].kind, c[0].logs.len()));
        told.unwrap_or_else(|e| e.0.replace(&dir.path().display().to_string(), ""))
    }

    #[test]
    fn a_case_is_read_and_its_mistakes_are_told() {
        let good = "title = \"t\"\nkind = \"fault\"\ncause = \"c\"\nright = [\"disk-full\"]\n";
        assert_eq!(told(good, true), "pool Fault 1");
        assert_eq!(told(good, false), "/pool/case.toml: there is no log file beside it");
        assert!(told(&good.replace("right", "rihgt"), true).starts_with("/pool/case.toml:4: unknown field `rihgt`"));
        assert!(told(&good.replace("fault", "healthy"), true).contains("only a case of kind `fault` names"));
        let said = good.replace("right", "expected");
        assert_eq!(told(&said, true), "pool Fault 1");
        assert!(told(&said.replace("fault", "healthy"), true).contains("only a fault or a `question`"));
        assert!(told(&said.replace("disk-full", "disk|"), true).contains("a phrase in `expected` is empty"));
        let asked = format!("{said}question = \"why?\"\n");
        assert_eq!(told(&asked.replace("fault", "healthy"), true), "pool Healthy 1");
        assert!(told(&asked.replace("why?", " "), true).contains("the `question` is empty"));
        assert!(told(&format!("{good}question = \"why?\"\n"), true).contains("says what is `expected`"));
        let empty = tempfile::tempdir().unwrap();
        assert!(read(empty.path()).unwrap_err().0.contains("no cases here"));
    }
}
