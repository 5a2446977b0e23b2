//! Tells files apart: device, inode and a hash of the first bytes. Used by the tails; knows no names.

use super::packed::{self, Packing};
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

/// The beginning of a file's text, unpacked when it is compressed.
#[derive(Debug)]
pub(super) struct Head {
    bytes: [u8; HEAD],
    len: usize,
    /// How it is compressed.
    pub(super) packing: Option<Packing>,
    /// A compressed file that ends in the middle of its head: damaged, or still being written.
    pub(super) unfinished: bool,
}

impl Head {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let mut bytes = [0; HEAD];
        let mut len = read_head(file, &mut bytes)?;
        let (packing, mut unfinished) = (Packing::of(&bytes[..len]), false);
        if let Some(packing) = packing {
            (len, unfinished) = packed::head(file, packing, &mut bytes);
        }
        Ok(Self { bytes, len, packing, unfinished })
    }

    pub(super) fn identity(&self, meta: &Metadata) -> FileIdentity {
        let head_hash = if self.len == 0 { 0 } else { hash(&self.bytes[..self.len]) };
        let identity =
            FileIdentity { device: meta.dev(), inode: meta.ino(), head_len: self.len as u32, head_hash, changed: 0 };
        FileIdentity { changed: if telling(&identity) { 0 } else { changed(meta) }, ..identity }
    }

    /// Whether it begins with what the fingerprint covers.
    pub(super) fn matches(&self, identity: &FileIdentity) -> bool {
        let covered = (identity.head_len as usize).min(HEAD);
        covered == 0 || covered <= self.len && hash(&self.bytes[..covered]) == identity.head_hash
    }
    /// Whether it is the beginning of that very file, of which everything is known when it is short.
    pub(super) fn is(&self, identity: &FileIdentity) -> bool {
        let whole = identity.head_len as usize >= HEAD || identity.head_len as usize == self.len;
        whole && telling(identity) && self.matches(identity)
    }
}

/// Identity of an open file as it is now.
pub(super) fn identify(file: &File, meta: &Metadata) -> io::Result<FileIdentity> {
    Ok(Head::of(file)?.identity(meta))
}

fn changed(meta: &Metadata) -> u64 {
    (meta.mtime() as u64).wrapping_mul(1_000_000_000).wrapping_add(meta.mtime_nsec() as u64)
}

/// Whether a file was born after `identity` was found, which has next to no head. By the file system's own clock, which
/// is coarse, but the same for both.
pub(super) fn born_after(meta: &Metadata, identity: &FileIdentity) -> bool {
    let born = meta.created().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    identity.changed > 0 && born.is_some_and(|b| b.as_nanos() > u128::from(identity.changed))
}

/// Whether a file of the same inode is that very file. One that was found empty has no head to know it by, but an inode
/// that was given to another file since is younger than that.
pub(super) fn same_file(file: &File, identity: &FileIdentity) -> bool {
    let Ok(meta) = file.metadata() else { return false };
    let same = if identity.head_len == 0 {
        meta.created().is_ok() && !born_after(&meta, identity)
    } else {
        head_matches(file, identity).unwrap_or(false)
    };
    same && same_inode(identity, &meta)
}

/// Whether the file's text still begins with what the fingerprint covers.
pub(super) fn head_matches(file: &File, identity: &FileIdentity) -> io::Result<bool> {
    Ok(identity.head_len == 0 || Head::of(file)?.matches(identity))
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
    let tape = head.get(257..262) == Some(b"ustar");
    if tape || head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) || head.starts_with(&[0x1F, 0x8B]) {
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
