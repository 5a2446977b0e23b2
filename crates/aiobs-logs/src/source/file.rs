//! Finds the files to read for a name: the one that is there, and what is left of the ones that were there before.
//!
//! Used by the tails at start, after a rotation and after a truncation; it does no reading beyond the fingerprints.

use super::{
    NewFileReason,
    family::{self, Sibling},
    identity::{self, Head},
    packed::{Packing, Unpacker},
    tail::Ahead,
};
use aiobs_types::FileIdentity;
use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A compressed file that was written to so recently may not be complete yet.
const STILL_WRITTEN: Duration = Duration::from_secs(10);
/// Blocks of text passed over in one step on the way to where reading goes on.
const SKIPPED_PER_STEP: usize = 8;

/// How a file is opened; tests put another one in to be refused.
pub(super) type Opener = fn(&Path) -> io::Result<File>;

/// Whether a file was read to its end under this name before.
pub(super) type Done<'a> = dyn Fn(&Open) -> bool + 'a;

/// Where reading stopped.
pub(super) type Position = (FileIdentity, u64);

/// An open file and how far it is read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) file: Arc<File>,
    pub(super) identity: FileIdentity,
    /// Next byte to read.
    pub(super) offset: u64,
    /// Size when last looked at.
    pub(super) size: u64,
    /// It is the file at the source's path, not an older generation.
    pub(super) present: bool,
    /// Not text: not read.
    pub(super) skip: bool,
    /// The last byte read, a line break at the beginning of a file.
    pub(super) last_byte: u8,
    /// Why it comes after another file.
    pub(super) reason: NewFileReason,
    /// It is compressed; offsets are of its text.
    pub(super) packed: Option<Packed>,
    /// Its end was handed out before it was read.
    pub(super) ahead: Option<Ahead>,
}

/// What there is to know of a compressed file beside.
#[derive(Debug)]
pub(super) struct Packed {
    packing: Packing,
    unpacker: Option<Unpacker>,
    /// How the file looked when it was opened or last looked through.
    stamp: Stamp,
    /// It ends within its head.
    unfinished: bool,
    /// What is wrong with it behind the text that could be read.
    pub(super) damage: Option<String>,
}

/// By this it is noticed that a file changed, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { inode: (meta.dev(), meta.ino()), size: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) }
    }
}

/// What [`Open::read`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many bytes; 0 is the end.
    Bytes(usize),
    /// Nothing yet: the way to the offset is long.
    Skipping,
}

impl Open {
    /// The next bytes at `offset`, which the caller moves.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<Got> {
        let Some(packed) = &mut self.packed else { return self.file.read_at(buf, self.offset).map(Got::Bytes) };
        if packed.damage.is_some() {
            return Ok(Got::Bytes(0));
        }
        let unpacker = match &mut packed.unpacker {
            Some(unpacker) if unpacker.offset() <= self.offset => unpacker,
            other => other.insert(Unpacker::new(Arc::clone(&self.file), packed.packing)?),
        };
        for _ in 0..SKIPPED_PER_STEP {
            let ahead = self.offset - unpacker.offset();
            if ahead == 0 {
                break;
            }
            let room = buf.len().min(usize::try_from(ahead).unwrap_or(usize::MAX));
            if unpacker.read(&mut buf[..room])? == 0 {
                return Ok(Got::Bytes(0));
            }
        }
        if unpacker.offset() < self.offset {
            return Ok(Got::Skipping);
        }
        unpacker.read(buf).map(Got::Bytes)
    }

    /// Takes note of its size: of a compressed file that of the text, as far as it can be told.
    pub(super) fn measure(&mut self, meta: &Metadata) {
        self.size = match &self.packed {
            Some(Packed { unpacker: Some(unpacker), .. }) => unpacker.estimate(meta.len()).max(self.offset),
            _ => meta.len(),
        };
    }

    /// Whether what was read of it is no longer there: cut off, or overwritten.
    pub(super) fn replaced(&mut self, meta: &Metadata) -> io::Result<bool> {
        let Some(packed) = &mut self.packed else {
            return Ok(meta.len() < self.offset || !identity::head_matches(&self.file, &self.identity)?);
        };
        let stamp = Stamp::of(meta);
        if stamp == packed.stamp {
            return Ok(false);
        }
        let replaced = meta.len() < packed.stamp.size || !identity::head_matches(&self.file, &self.identity)?;
        // There is more of it now.
        *packed = Packed { unpacker: None, damage: None, stamp, ..*packed };
        Ok(replaced)
    }

    /// Whether `offset` may lie within it.
    fn holds(&self, offset: u64) -> bool {
        self.packed.is_some() || self.size >= offset
    }

    /// A compressed file that ends in its head and was written to just now: to be read a little later.
    pub(super) fn half_written(&self) -> bool {
        self.packed.as_ref().is_some_and(|p| p.unfinished) && self.written_just_now()
    }

    /// Whether it was written to within the last seconds.
    pub(super) fn written_just_now(&self) -> bool {
        let modified = self.file.metadata().and_then(|meta| meta.modified());
        modified.is_ok_and(|at| SystemTime::now().duration_since(at).unwrap_or_default() < STILL_WRITTEN)
    }

    /// What could be read of a compressed file has been read: keeps why there is no more. Tells whether it is worth
    /// another try because the file is still being written.
    pub(super) fn damaged(&mut self, error: &io::Error, follow: bool) -> bool {
        let growing = follow && self.written_just_now();
        let offset = self.offset;
        let Some(packed) = &mut self.packed else { return false };
        packed.unpacker = None;
        if growing {
            return true;
        }
        let what = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the compressed file ends in the middle".to_owned(),
            _ => format!("the compressed file is damaged ({error})"),
        };
        packed.damage = Some(format!("{what}; the {offset} bytes of text before that were read"));
        false
    }

    /// Whether it is what this fingerprint was made of.
    pub(super) fn matches(&self, identity: &FileIdentity) -> bool {
        identity::head_matches(&self.file, identity).unwrap_or(false)
    }
}

fn open(path: &Path, opener: Opener, present: bool, offset: u64, reason: NewFileReason) -> io::Result<Open> {
    let file = opener(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let head = Head::of(&file)?;
    let packed = head.packing.map(|packing| Packed {
        packing,
        unpacker: None,
        stamp: Stamp::of(&meta),
        unfinished: head.unfinished,
        damage: None,
    });
    Ok(Open {
        file: Arc::new(file),
        identity: head.identity(&meta),
        offset,
        size: meta.len(),
        present,
        skip: false,
        last_byte: b'\n',
        reason,
        packed,
        ahead: None,
    })
}

/// The files to read in order, at least one: what is left of the file that was read before, the generations between,
/// the file that is at the path now. `Interrupted` means try again at once. `old` is the metadata of the old file when it is still open;
/// `done` tells of what was read before that one.
pub(super) fn resolve(
    path: &Path,
    before: Option<&Position>,
    old: Option<&Metadata>,
    opener: Opener,
    done: &Done<'_>,
) -> io::Result<Vec<Open>> {
    let current = open(path, opener, true, 0, NewFileReason::Recreated);
    let Some(before @ (identity, offset)) = before else { return current.map(|c| vec![c]) };
    let mut same_inode = false;
    if let Ok(file) = &current {
        same_inode = file.identity.device == identity.device && file.identity.inode == identity.inode;
        if same_inode {
            let copies = copies(path, before, opener, done)?;
            if !copies.is_empty() {
                return current.map(|mut c| {
                    c.reason = NewFileReason::Truncated;
                    copies.into_iter().chain([c]).collect()
                });
            }
            if file.holds(*offset) && file.matches(identity) {
                return current.map(|c| vec![at(c, *offset)]);
            }
        }
    }
    let siblings = family::siblings(path);
    let renamed = if same_inode { None } else { family::renamed(&siblings, identity) };
    if let Ok(file) = &current
        && renamed.is_none()
        && !same_inode
        && old.is_none()
        && file.holds(*offset)
        && identity::telling(identity)
        && file.matches(identity)
    {
        // Restored from a backup or moved to another disk: another inode, the same content.
        return current.map(|c| vec![at(c, *offset)]);
    }
    let found = renamed.or_else(|| family::copied(&siblings, identity, *offset));
    let mut files = missed(path, &siblings, (found, same_inode), *offset, old, current.as_ref().ok(), opener);
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

/// What came to a file that was found empty, or with too little in it to know it by, and was copied away and cut off
/// since; the oldest goes on where reading stopped.
///
/// A file that is being cut off is empty a moment before it tells so by its time: then the copy that was made before is
/// among them, which is known by having been read.
pub(super) fn copies(
    path: &Path,
    (identity, offset): &Position,
    opener: Opener,
    done: &Done<'_>,
) -> io::Result<Vec<Open>> {
    if identity.changed == 0 {
        return Ok(Vec::new());
    }
    let siblings = family::siblings(path);
    let files = family::copied_since(&siblings, identity)
        .into_iter()
        .map(|s| open(&s.path, opener, false, 0, NewFileReason::Rotated))
        .collect::<io::Result<Vec<_>>>();
    if !family::unchanged(path, &siblings) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let mut files = files?;
    files.retain(|file| !done(file));
    if *offset > 0
        && let Some(first) = files.first_mut().filter(|first| first.holds(*offset) && first.matches(identity))
    {
        (first.offset, first.reason) = (*offset, NewFileReason::Truncated);
    }
    Ok(files)
}

fn at(mut file: Open, offset: u64) -> Open {
    file.offset = offset;
    file
}

/// The rest of the old file and the generations between it and the present one.
fn missed(
    path: &Path,
    siblings: &[Sibling],
    (found, same_inode): (Option<usize>, bool),
    offset: u64,
    old: Option<&Metadata>,
    current: Option<&Open>,
    opener: Opener,
) -> Vec<Open> {
    let mut files = Vec::new();
    let known = found.map(|i| &siblings[i]);
    // With nothing left in a copy it is opened all the same: from then on it counts as read.
    if let Some(sibling) = known
        && (sibling.packed || sibling.meta.len() > offset || same_inode)
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
