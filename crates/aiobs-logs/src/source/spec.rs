//! What the user names as a source, and which files that means right now.

use super::{SourceError, exclude::Exclude, stream::StreamSpec};
use globset::{GlobBuilder, GlobMatcher};
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// A source as named on the command line or in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSpec {
    /// A file, or a directory with everything readable below it.
    Path(PathBuf),
    /// A pattern with `*`, `?`, `[...]`, `{a,b}`; `**` crosses directories.
    Glob(String),
    /// Standard input.
    Stdin,
    /// What a program prints.
    Stream(StreamSpec),
}

impl SourceSpec {
    /// Reads one argument: `-`, a path, a stream such as `docker:web`, or a glob (contains one of `*?[{` and is no
    /// existing path).
    pub fn parse(arg: &str) -> Result<Self, SourceError> {
        if arg == "-" {
            return Ok(Self::Stdin);
        }
        let path = PathBuf::from(arg);
        if path.exists() {
            return Ok(Self::Path(path));
        }
        if let Some(stream) = StreamSpec::parse(arg) {
            return stream.map(Self::Stream);
        }
        if arg.contains(['*', '?', '[', '{']) {
            matcher(arg)?;
            return Ok(Self::Glob(arg.to_owned()));
        }
        Ok(Self::Path(path))
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, SourceError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|e| SourceError::BadGlob { pattern: pattern.to_owned(), text: e.kind().to_string() })
}

/// A directory or a glob that is looked through again whenever something appears.
#[derive(Debug)]
pub(super) struct Search {
    root: PathBuf,
    glob: Option<GlobMatcher>,
    /// How deep below `root` files may lie.
    depth: usize,
}

/// Neither a tree with more files nor a deeper one is looked through.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 32;

impl Search {
    pub(super) fn directory(root: &Path) -> Self {
        Self { root: absolute(root), glob: None, depth: MAX_DEPTH }
    }

    pub(super) fn glob(pattern: &str) -> Result<Self, SourceError> {
        let full = absolute(Path::new(pattern));
        let fixed: PathBuf = full
            .components()
            .take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[', '{', '\\']))
            .collect();
        let root = if fixed == full { fixed.parent().map_or(fixed.clone(), Path::to_path_buf) } else { fixed };
        let depth = if pattern.contains("**") || pattern.contains('{') {
            MAX_DEPTH
        } else {
            full.components().count() - root.components().count()
        };
        Ok(Self { root, glob: Some(matcher(&full.to_string_lossy())?), depth })
    }

    /// Files there are now, sorted, and the directories in which more may appear.
    pub(super) fn run(&self, exclude: &Exclude) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (mut files, mut dirs, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        let mut todo = vec![(self.root.clone(), 1)];
        while let Some((dir, depth)) = todo.pop() {
            // A link may lead back up.
            if !fs::canonicalize(&dir).is_ok_and(|real| seen.insert(real)) {
                continue;
            }
            let Ok(entries) = fs::read_dir(&dir) else { continue };
            dirs.push(dir);
            for entry in entries.flatten() {
                let path = entry.path();
                if exclude.leaves_out(&path) {
                    continue;
                }
                let Ok(meta) = fs::metadata(&path) else { continue };
                if meta.is_dir() {
                    if depth < self.depth && !hidden(&path) {
                        todo.push((path, depth + 1));
                    }
                } else if meta.is_file() && self.takes(&path) && files.len() < MAX_FILES {
                    files.push(path);
                }
            }
        }
        files.sort();
        (files, dirs)
    }

    /// Whether it would find a file of this name.
    pub(super) fn covers(&self, path: &Path) -> bool {
        path.starts_with(&self.root) && self.takes(path)
    }

    fn takes(&self, path: &Path) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(path) && !unreadable(path),
            None => !hidden(path) && !unreadable(path),
        }
    }
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// By its name something that is no log and no compressed one.
pub(super) fn unreadable(path: &Path) -> bool {
    const ENDINGS: [&str; 14] =
        ["lz4", "zip", "tar", "tgz", "7z", "br", "journal", "db", "sqlite", "wal", "so", "swp", "png", "jpg"];
    path.extension().is_some_and(|ext| ENDINGS.iter().any(|e| ext.eq_ignore_ascii_case(e)))
}

/// Absolute without resolving links: the name people see.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
