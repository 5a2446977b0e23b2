//! Files that a search leaves out. Searches ask it for every file and directory; what the user names one by one is not
//! asked about.

use super::{SourceError, spec::absolute};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::Path;

/// Patterns with a slash are held against the whole path, others against the name alone. A directory that fits is not
/// entered.
#[derive(Debug, Default)]
pub(super) struct Exclude {
    names: GlobSet,
    paths: GlobSet,
}

impl Exclude {
    pub(super) fn new(patterns: &[String]) -> Result<Self, SourceError> {
        let bad = |pattern: &str, e: &globset::Error| SourceError::BadGlob {
            pattern: pattern.to_owned(),
            text: e.kind().to_string(),
        };
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let whole = pattern.contains('/');
            let full = if whole && !pattern.starts_with("**") {
                absolute(Path::new(pattern.trim_end_matches('/'))).to_string_lossy().into_owned()
            } else {
                pattern.clone()
            };
            let glob = GlobBuilder::new(&full).literal_separator(true).build().map_err(|e| bad(pattern, &e))?;
            if whole { &mut paths } else { &mut names }.add(glob);
        }
        let build = |set: &GlobSetBuilder| set.build().map_err(|e| bad(e.glob().unwrap_or_default(), &e));
        Ok(Self { names: build(&names)?, paths: build(&paths)? })
    }

    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        self.paths.is_match(path) || path.file_name().is_some_and(|name| self.names.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_paths_and_directories() {
        let patterns = ["debug.log", "*.tmp", "/var/log/old", "/srv/*/audit-*.log"].map(str::to_owned);
        let exclude = Exclude::new(&patterns).unwrap();
        for (path, out) in [
            ("/a/b/debug.log", true),
            ("/a/b/mydebug.log", false),
            ("/a/x.tmp", true),
            ("/var/log/old", true),
            ("/var/log/older", false),
            ("/srv/shop/audit-1.log", true),
            ("/srv/shop/deep/audit-1.log", false),
        ] {
            assert_eq!(exclude.leaves_out(Path::new(path)), out, "{path}");
        }
        assert!(Exclude::new(&["[a".to_owned()]).unwrap_err().to_string().contains("[a"));
    }
}
