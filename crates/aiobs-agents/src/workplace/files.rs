//! Pieces of files, only from directories that the user allowed: a path is resolved first, so that neither `..` nor a link
//! leads out of them, and what usually holds secrets is refused wherever it lies.

use crate::{Excerpt, Near};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes read of a file.
const BYTES: u64 = 1 << 20;
/// Lines of an excerpt.
const LINES: usize = 80;

/// See the module.
pub(super) fn excerpt(allowed: &[PathBuf], path: &str, near: Option<&Near>) -> Result<Excerpt, String> {
    if allowed.is_empty() {
        return Err("no directory is allowed to be read (chain.read_dirs)".to_owned());
    }
    let refused = || format!("{path} is not in a directory that may be read (chain.read_dirs)");
    if !Path::new(path).is_absolute() {
        return Err(format!("{path} is no absolute path"));
    }
    // The same answer whether it exists or not: what lies elsewhere is none of an agent's business.
    let real = std::fs::canonicalize(path).map_err(|_| refused())?;
    let inside = allowed.iter().filter_map(|d| std::fs::canonicalize(d).ok()).any(|d| real.starts_with(d));
    if !inside {
        return Err(refused());
    }
    if secret(&real) {
        return Err(format!("{path} usually holds secrets and is not read"));
    }
    let meta = std::fs::metadata(&real).map_err(|e| format!("{path}: {e}"))?;
    if !meta.is_file() {
        return Err(format!("{path} is no file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&real).map_err(|e| format!("{path}: {e}"))?;
    file.take(BYTES).read_to_end(&mut bytes).map_err(|e| format!("{path}: {e}"))?;
    if bytes.contains(&0) {
        return Err(format!("{path} is no text"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let at = match near {
        None => 0,
        Some(Near::Line(n)) => n.saturating_sub(1),
        Some(Near::Text(wanted)) => {
            let wanted = wanted.to_lowercase();
            let found = lines.iter().position(|l| l.to_lowercase().contains(&wanted));
            found.ok_or_else(|| format!("{path} has no line with {wanted}"))?
        }
    };
    let first = at.saturating_sub(LINES / 2).min(lines.len().saturating_sub(1));
    let last = (first + LINES).min(lines.len());
    Ok(Excerpt {
        path: real.to_string_lossy().into_owned(),
        first: first + 1,
        text: lines.get(first..last).unwrap_or_default().join("\n"),
    })
}

/// Names that usually mean keys and passwords.
fn secret(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let ends = [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".gpg"];
    let is =
        ["shadow", "gshadow", ".netrc", ".pgpass", ".htpasswd", "credentials", ".git-credentials", "authorized_keys"];
    ends.iter().any(|e| name.ends_with(e))
        || is.contains(&name.as_str())
        || name.starts_with(".env")
        || name.starts_with("id_")
        || name.contains("secret")
        || path.components().any(|c| [".ssh", ".gnupg", ".aws", ".kube"].iter().any(|d| c.as_os_str() == *d))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_what_is_allowed_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        let put = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
        let body = (1..=300).map(|i| format!("line {i}")).collect::<Vec<_>>().join("\n");
        put(&open.join("app.conf"), &body);
        put(&dir.path().join("other.conf"), "x");
        put(&open.join(".env"), "KEY=1");
        put(&open.join("bin"), "a\0b");
        let allowed = [open.clone()];
        let read = |p: &Path, near: Option<&Near>| excerpt(&allowed, &p.to_string_lossy(), near);
        let found = read(&open.join("app.conf"), Some(&Near::Text("LINE 200".into()))).unwrap();
        assert!(found.first == 160 && found.text.contains("line 200") && found.text.lines().count() == LINES);
        assert_eq!(read(&open.join("app.conf"), Some(&Near::Line(9_999))).unwrap().text, "line 300");
        for (path, why) in [
            (dir.path().join("other.conf"), "not in a directory"),
            (open.join("../other.conf"), "not in a directory"),
            (open.join("nothing"), "not in a directory"),
            (PathBuf::from("app.conf"), "no absolute path"),
            (open.join(".env"), "secrets"),
            (open.join("bin"), "no text"),
            (open.clone(), "no file"),
        ] {
            let error = read(&path, None).unwrap_err();
            assert!(error.contains(why), "{}: {error}", path.display());
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("other.conf"), open.join("link")).unwrap();
            assert!(read(&open.join("link"), None).unwrap_err().contains("not in a directory"));
        }
        assert!(excerpt(&[], "/etc/hosts", None).unwrap_err().contains("chain.read_dirs"));
    }
}
