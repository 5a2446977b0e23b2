//! Finds the files to read for a name: the one that is there, and what is left of the ones that were there before.
//!
//! Used by the tails at start, after a rotation and after a truncation; it does no reading beyond the fingerprints.

use super::{
    NewFileReason,
    family::{self, Sibling},
    identity,
};
use aiobs_types::FileIdentity;
use std::{
    fs::{self, File, Metadata},
    io,
    path::Path,
};

/// How a file is opened; tests put another one in to be refused.
pub(super) type Opener = fn(&Path) -> io::Result<File>;

/// Where reading stopped.
pub(super) type Position = (FileIdentity, u64);

/// An open file and how far it is read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) file: File,
    pub(super) identity: FileIdentity,
    /// Next byte to read.
    pub(super) offset: u64,
    /// Size when last looked at.
    pub(super) size: u64,
    /// It is the file at the source's path, not an older generation.
    pub(super) present: bool,
    /// Nothing was copied away from it while it was empty.
    pub(super) checked: bool,
    /// Not text: not read.
    pub(super) skip: bool,
    /// The last byte read, a line break at the beginning of a file.
    pub(super) last_byte: u8,
    /// Why it comes after another file.
    pub(super) reason: NewFileReason,
}

fn open(path: &Path, opener: Opener, present: bool, offset: u64, reason: NewFileReason) -> io::Result<Open> {
    let file = opener(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let identity = identity::identify(&file, &meta)?;
    Ok(Open {
        file,
        identity,
        offset,
        size: meta.len(),
        present,
        checked: false,
        skip: false,
        last_byte: b'\n',
        reason,
    })
}

/// The files to read in order, at least one: what is left of the file that was read before, the generations between,
/// the file that is at the path now. `Interrupted` means try again at once. `old` is the metadata of the old file when it is still open.
pub(super) fn resolve(
    path: &Path,
    before: Option<&Position>,
    old: Option<&Metadata>,
    opener: Opener,
) -> io::Result<Vec<Open>> {
    let current = open(path, opener, true, 0, NewFileReason::Recreated);
    let Some((identity, offset)) = before else { return current.map(|c| vec![c]) };
    let mut same_inode = false;
    if let Ok(file) = &current {
        same_inode = file.identity.device == identity.device && file.identity.inode == identity.inode;
        if same_inode && file.size >= *offset && identity::head_matches(&file.file, identity)? {
            let copies = if *offset == 0 { copies(path, identity, opener)? } else { Vec::new() };
            return current.map(|mut c| {
                c.reason = if copies.is_empty() { c.reason } else { NewFileReason::Truncated };
                copies.into_iter().chain([at(c, *offset)]).collect()
            });
        }
    }
    let siblings = family::siblings(path);
    let renamed = if same_inode { None } else { family::renamed(&siblings, identity) };
    if let Ok(file) = &current
        && renamed.is_none()
        && !same_inode
        && old.is_none()
        && file.size >= *offset
        && identity::telling(identity)
        && identity::head_matches(&file.file, identity)?
    {
        // Restored from a backup or moved to another disk: another inode, the same content.
        return current.map(|c| vec![at(c, *offset)]);
    }
    let found = renamed.or_else(|| family::copied(&siblings, identity, *offset));
    let mut files = missed(path, &siblings, found, *offset, old, current.as_ref().ok(), opener);
    if !family::unchanged(path, &siblings) {
        // A rotation is under way: what was opened by its name may be another file than was listed.
        return Err(io::ErrorKind::Interrupted.into());
    }
    match current {
        Ok(mut file) => {
            file.reason = match (same_inode, found) {
                (true, _) => NewFileReason::Truncated,
                (false, Some(_)) => NewFileReason::Rotated,
                (false, None) => NewFileReason::Recreated,
            };
            files.push(file);
            Ok(files)
        }
        Err(_) if !files.is_empty() => Ok(files),
        Err(e) => Err(e),
    }
}

/// What came to the empty file and was copied away and cut off since.
pub(super) fn copies(path: &Path, identity: &FileIdentity, opener: Opener) -> io::Result<Vec<Open>> {
    if identity.head_len > 0 {
        return Ok(Vec::new());
    }
    let siblings = family::siblings(path);
    let files = family::copied_since_empty(&siblings, identity)
        .into_iter()
        .map(|s| open(&s.path, opener, false, 0, NewFileReason::Rotated))
        .collect::<io::Result<Vec<_>>>();
    if !family::unchanged(path, &siblings) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    files
}

fn at(mut file: Open, offset: u64) -> Open {
    file.offset = offset;
    file
}

/// The rest of the old file and the generations between it and the present one.
fn missed(
    path: &Path,
    siblings: &[Sibling],
    found: Option<usize>,
    offset: u64,
    old: Option<&Metadata>,
    current: Option<&Open>,
    opener: Opener,
) -> Vec<Open> {
    let mut files = Vec::new();
    let known = found.map(|i| &siblings[i]);
    if let Some(sibling) = known
        && sibling.meta.len() > offset
    {
        files.extend(open(&sibling.path, opener, false, offset, NewFileReason::Truncated));
    }
    let linked = fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink());
    let Some(old) = known.map(|s| &s.meta).or(old.filter(|_| !linked)) else { return files };
    let now = current.and_then(|c| c.file.metadata().ok());
    for sibling in family::generations(siblings, found, old, now.as_ref()) {
        if sibling.meta.len() > 0 {
            files.extend(open(&sibling.path, opener, false, 0, NewFileReason::Rotated));
        }
    }
    files
}
