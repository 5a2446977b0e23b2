//! The other files of a rotated log: `app.log.1`, `app.log-20250107`, `app-2025-01-07.log`, ...
//!
//! Tails ask it where the file they were reading has gone, and which files came between that one and the present one.

use super::{
    identity::{self, Head},
    packed, spec,
};
use aiobs_types::FileIdentity;
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
    fs::{self, File, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// What rotation appended to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    /// `.3`: the higher the older.
    Number(u64),
    /// A date or a time, as its numbers: the lower the older.
    Dated(Vec<u64>),
    /// `.old` and the like.
    Other,
}

/// How the file name `other` is derived from `base` by rotation (and compression), `None` if it is not.
pub(super) fn suffix(base: &str, other: &str) -> Option<Suffix> {
    if base == other {
        return None;
    }
    let other = packed::bare_name(other).unwrap_or(other);
    if base == other {
        return Some(Suffix::Other);
    }
    let (stem, ext) = base.rsplit_once('.').unwrap_or((base, ""));
    let added = match other.strip_prefix(base) {
        Some(added) => added,
        // The extension stays at the end: `app-2025-01-07.log`.
        None => other.strip_prefix(stem)?.strip_suffix(ext)?.strip_suffix('.')?,
    };
    if matches!(added, ".old" | ".bak" | ".prev" | ".last" | "~") {
        return Some(Suffix::Other);
    }
    let digits = added.strip_prefix(['.', '-', '_'])?;
    if digits.len() <= 4 {
        // `worker-1.log` is more likely the log of another worker than an old one of `worker.log`.
        return added.strip_prefix('.')?.parse().ok().map(Suffix::Number);
    }
    let dated = digits.len() >= 6
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b':' | b'T' | b'Z'));
    let numbers = || digits.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    dated.then(|| Suffix::Dated(numbers()))
}

/// The names of which `name` may be an old generation, the shortest first, with what rotation appended to them.
pub(super) fn bases(name: &str) -> Vec<(String, Suffix)> {
    let bare = packed::bare_name(name).unwrap_or(name);
    let (stem, ext) = bare.rsplit_once('.').unwrap_or((bare, ""));
    let seams = |text: &str| -> Vec<usize> {
        text.char_indices().filter(|(i, c)| *i > 0 && matches!(c, '.' | '-' | '_' | '~')).map(|(i, _)| i).collect()
    };
    let cut = seams(bare).into_iter().map(|i| bare[..i].to_owned());
    let inside = seams(stem).into_iter().map(|i| format!("{}.{ext}", &stem[..i]));
    let whole = (bare != name).then(|| bare.to_owned());
    let mut found: Vec<(String, Suffix)> =
        cut.chain(inside).chain(whole).filter_map(|base| suffix(&base, name).map(|s| (base, s))).collect();
    found.sort_by_key(|(base, _)| base.len());
    found
}

/// Puts the generations of a log in order, the oldest first. The log itself, which has no suffix, is the youngest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Age {
    present: bool,
    number: Reverse<u64>,
    date: Vec<u64>,
    modified: (i64, i64),
}

impl Age {
    pub(super) fn new(suffix: Option<&Suffix>, modified: (i64, i64)) -> Self {
        let (number, date) = match suffix {
            Some(Suffix::Number(n)) => (*n, Vec::new()),
            Some(Suffix::Dated(date)) => (0, date.clone()),
            Some(Suffix::Other) | None => (0, Vec::new()),
        };
        Self { present: suffix.is_none(), number: Reverse(number), date, modified }
    }
}

/// Another file in the directory.
#[derive(Debug)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    pub(super) meta: Metadata,
    pub(super) suffix: Option<Suffix>,
    /// Compressed by its name.
    pub(super) packed: bool,
}

/// Regular files beside `path` (and beside what it links to), family or not.
pub(super) fn siblings(path: &Path) -> Vec<Sibling> {
    let mut dirs: Vec<PathBuf> = path.parent().map(Path::to_path_buf).into_iter().collect();
    let target = fs::canonicalize(path).ok();
    if let Some(dir) = target.as_deref().and_then(Path::parent)
        && fs::canonicalize(&dirs[0]).ok().as_deref() != Some(dir)
    {
        dirs.push(dir.to_path_buf());
    }
    let base = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut found = Vec::new();
    for entry in dirs.iter().filter_map(|d| fs::read_dir(d).ok()).flatten().flatten() {
        let sibling = entry.path();
        let Ok(meta) = fs::symlink_metadata(&sibling) else { continue };
        if meta.is_file() && sibling != path && !spec::unreadable(&sibling) {
            let suffix = suffix(&base, &entry.file_name().to_string_lossy());
            let packed = packed::by_name(&sibling);
            found.push(Sibling { path: sibling, meta, suffix, packed });
        }
    }
    // While a generation is being compressed, it is there twice.
    let plain: HashSet<PathBuf> = found.iter().filter(|s| !s.packed).map(|s| s.path.clone()).collect();
    found.retain(|s| !s.packed || !plain.contains(&s.path.with_extension("")));
    found
}

/// Whether the family is named as it was when `listed` was made.
pub(super) fn unchanged(path: &Path, listed: &[Sibling]) -> bool {
    let names = |list: &[Sibling]| -> BTreeSet<(PathBuf, u64)> {
        list.iter().filter(|s| s.suffix.is_some()).map(|s| (s.path.clone(), s.meta.ino())).collect()
    };
    names(listed) == names(&siblings(path))
}

/// The sibling that is the file itself, renamed.
pub(super) fn renamed(siblings: &[Sibling], identity: &FileIdentity) -> Option<usize> {
    siblings.iter().position(|s| {
        // With nothing to compare, an inode number may have been given to any other file.
        identity::same_inode(identity, &s.meta)
            && (identity.head_len > 0 || s.suffix.is_some())
            && File::open(&s.path).and_then(|f| identity::head_matches(&f, identity)).unwrap_or(false)
    })
}

/// The sibling that holds a copy of the file with at least `offset` bytes; the youngest if there are several.
pub(super) fn copied(siblings: &[Sibling], identity: &FileIdentity, offset: u64) -> Option<usize> {
    if !identity::telling(identity) {
        return None;
    }
    let mut fits: Vec<usize> = (0..siblings.len())
        .filter(|&i| {
            let s = &siblings[i];
            // A generation that was compressed has got another name, which may not be one of this one's.
            let may = s.packed || s.suffix.is_some() && s.meta.len() >= offset;
            may && !identity::same_inode(identity, &s.meta)
                && File::open(&s.path)
                    .and_then(|f| Head::of(&f))
                    .is_ok_and(|head| if s.suffix.is_some() { head.matches(identity) } else { head.is(identity) })
        })
        .collect();
    fits.sort_by_key(|&i| Reverse(modified(&siblings[i].meta)));
    fits.first().copied()
}

/// Copies that were made of the file since it was found empty or nearly so, oldest first: what came was copied away and
/// cut off before it was read here.
pub(super) fn copied_since<'a>(siblings: &'a [Sibling], identity: &FileIdentity) -> Vec<&'a Sibling> {
    let mut copies: Vec<&Sibling> = siblings
        .iter()
        .filter(|s| s.suffix.is_some() && s.meta.len() > 0 && !identity::same_inode(identity, &s.meta))
        .filter(|s| identity::born_after(&s.meta, identity))
        .collect();
    copies.sort_by_cached_key(|s| age(s));
    copies
}

fn age(s: &Sibling) -> Age {
    Age::new(s.suffix.as_ref(), modified(&s.meta))
}

pub(super) fn modified(meta: &Metadata) -> (i64, i64) {
    (meta.mtime(), meta.mtime_nsec())
}

/// The family's files that came after `old`, oldest first; `old` is a sibling or, when it was deleted, known by the
/// metadata of its open file. The file at the path itself is none of them.
pub(super) fn generations<'a>(
    siblings: &'a [Sibling],
    found: Option<usize>,
    old: &Metadata,
    current: Option<&Metadata>,
) -> Vec<&'a Sibling> {
    let own = found.and_then(|i| siblings[i].suffix.as_ref());
    let mut younger: Vec<&Sibling> = siblings
        .iter()
        .filter(|s| {
            let itself = s.meta.ino() == old.ino() && s.meta.dev() == old.dev();
            let present = current.is_some_and(|c| c.ino() == s.meta.ino() && c.dev() == s.meta.dev());
            !itself
                && !present
                && match (own, &s.suffix) {
                    (_, None) => false,
                    (Some(Suffix::Number(o)), Some(Suffix::Number(n))) => n < o,
                    (Some(Suffix::Dated(o)), Some(Suffix::Dated(n))) => n > o,
                    // Born later and written to no earlier: what is born earlier was there before.
                    _ => {
                        modified(&s.meta) >= modified(old)
                            && match (s.meta.created(), old.created()) {
                                (Ok(a), Ok(b)) => a > b,
                                _ => modified(&s.meta) > modified(old),
                            }
                    }
                }
        })
        .collect();
    younger.sort_by_cached_key(|s| age(s));
    younger
}
