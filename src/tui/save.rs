//! Files of the screen: what the user wants to keep, and the statements of SQL that were run. Only the loop and the
//! start call it.

use super::format;
use crate::runtime::events::Toast;
use aiobs_types::Level;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// Statements kept.
const KEPT: usize = 100;

/// A file for writing that only its owner can read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The statements kept, oldest first; none when the file cannot be read.
pub(super) fn remembered(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(KEPT)..].iter().map(|l| (*l).to_owned()).collect()
}

/// Keeps a statement. What cannot be written is forgotten when the screen closes: it is no reason to bother anybody.
pub(super) fn remember(path: &Path, line: &str) {
    let mut lines = remembered(path);
    lines.retain(|l| l != line);
    lines.push(line.to_owned());
    let kept = lines[lines.len().saturating_sub(KEPT)..].join("\n") + "\n";
    let written = private().create(true).truncate(true).open(path).and_then(|mut f| f.write_all(kept.as_bytes()));
    if let Err(e) = written {
        tracing::debug!("{}: {e}", path.display());
    }
}

/// Writes a new file that only its owner can read; a file that is there already stays as it is. Says what came of it.
pub(super) fn save(path: &str, text: &str) -> Toast {
    let path = match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    };
    match private().create_new(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Toast { level: Level::Info, text: format!("Wrote {path} ({})", format::bytes(text.len() as u64)) },
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            Toast { level: Level::Warn, text: format!("{path} is there already; choose another name") }
        }
        Err(e) => Toast { level: Level::Error, text: format!("{path}: {e}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_kept_once_and_not_for_ever() {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = dir.path().join("history");
        assert!(remembered(&path).is_empty());
        for n in (0..150).chain([120]) {
            remember(&path, &format!("SELECT {n}"));
        }
        let kept = remembered(&path);
        assert_eq!(kept.len(), KEPT);
        assert_eq!(
            (kept.first().map(String::as_str), kept.last().map(String::as_str)),
            (Some("SELECT 50"), Some("SELECT 120"))
        );
    }

    #[test]
    fn a_file_is_written_once() {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = dir.path().join("a.csv").display().to_string();
        assert_eq!(save(&path, "x\n").level, Level::Info);
        assert_eq!(save(&path, "y\n").level, Level::Warn);
        assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("x\n"));
        assert_eq!(save(&dir.path().join("no/b").display().to_string(), "").level, Level::Error);
    }
}
