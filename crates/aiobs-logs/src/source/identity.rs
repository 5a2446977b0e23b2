//! Tells files apart: device, inode and a hash of the first bytes. Used by the tails; knows no names.

use aiobs_types::FileIdentity;
use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    time::UNIX_EPOCH,
};

/// Bytes of the head that the fingerprint covers once the file is that long.
pub(super) const HEAD: usize = 1024;
/// A shorter head says too little to recognise a file that has another inode.
const TELLING: u32 = 32;

/// FNV-1a, 64 bits: stored in checkpoints, so it must be the same in every version.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Reads up to `buf.len()` bytes from the beginning.
pub(super) fn read_head(file: &File, buf: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match file.read_at(&mut buf[got..], got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// Identity of an open file as it is now.
pub(super) fn identify(file: &File, meta: &Metadata) -> io::Result<FileIdentity> {
    let mut head = [0; HEAD];
    let len = read_head(file, &mut head)?;
    let head_hash = if len == 0 { changed(meta) } else { hash(&head[..len]) };
    Ok(FileIdentity { device: meta.dev(), inode: meta.ino(), head_len: len as u32, head_hash })
}

fn changed(meta: &Metadata) -> u64 {
    (meta.mtime() as u64).wrapping_mul(1_000_000_000).wrapping_add(meta.mtime_nsec() as u64)
}

/// Whether a file was born after `identity` was found empty. By the file system's own clock, which is coarse, but the
/// same for both.
pub(super) fn born_after_empty(meta: &Metadata, identity: &FileIdentity) -> bool {
    let born = meta.created().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    identity.head_len == 0 && born.is_some_and(|b| b.as_nanos() > u128::from(identity.head_hash))
}

/// Whether the file still begins with what the fingerprint covers.
pub(super) fn head_matches(file: &File, identity: &FileIdentity) -> io::Result<bool> {
    if identity.head_len == 0 {
        return Ok(true);
    }
    let mut head = [0; HEAD];
    let want = (identity.head_len as usize).min(HEAD);
    let got = read_head(file, &mut head[..want])?;
    Ok(got == want && hash(&head[..got]) == identity.head_hash)
}

/// Same device and inode.
pub(super) fn same_inode(identity: &FileIdentity, meta: &Metadata) -> bool {
    identity.device == meta.dev() && identity.inode == meta.ino()
}

/// Whether the fingerprint alone is enough to recognise the content elsewhere.
pub(super) fn telling(identity: &FileIdentity) -> bool {
    identity.head_len >= TELLING
}

/// What a file's first bytes say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Text,
    /// Text with some NUL bytes.
    Dotted,
    Binary,
}

/// Judges the first bytes of a file.
pub(super) fn look(head: &[u8]) -> Look {
    let head = &head[..head.len().min(8192)];
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) || head.starts_with(&[0x1F, 0x8B]) {
        return Look::Binary;
    }
    let nul = memchr::memchr_iter(0, head).count();
    let odd = head.iter().filter(|b| matches!(b, 1..=8 | 14..=26 | 28..=31 | 127)).count();
    let invalid: usize = head.utf8_chunks().map(|c| c.invalid().len()).sum();
    let printable = head.len() - nul;
    let unreadable = odd * 10 > printable || invalid * 4 > printable;
    if unreadable || nul * 2 > head.len() || nul > 0 && memchr::memchr(b'\n', head).is_none() {
        Look::Binary
    } else if nul > 0 {
        Look::Dotted
    } else {
        Look::Text
    }
}
