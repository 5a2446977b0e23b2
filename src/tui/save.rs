//! Writes what the user wants to keep into a file. Only the loop calls it.

use super::format;
use crate::runtime::events::Toast;
use aiobs_types::Level;
use std::io::Write as _;

/// Writes a new file that only its owner can read; a file that is there already stays as it is. Says what came of it.
pub(super) fn save(path: &str, text: &str) -> Toast {
    let path = match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
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
    fn a_file_is_written_once() {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = dir.path().join("a.csv").display().to_string();
        assert_eq!(save(&path, "x\n").level, Level::Info);
        assert_eq!(save(&path, "y\n").level, Level::Warn);
        assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("x\n"));
        assert_eq!(save(&dir.path().join("no/b").display().to_string(), "").level, Level::Error);
    }
}
