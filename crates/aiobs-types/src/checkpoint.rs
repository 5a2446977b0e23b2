//! How far a source has been stored; committed together with the records it covers.

use crate::{Skipped, SourceId, Timestamp};
use serde::{Deserialize, Serialize};

/// What tells one file from another under the same or another name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Number of leading bytes that `head_hash` covers.
    pub head_len: u32,
    /// Hash of the first `head_len` bytes; 0 of an empty file.
    pub head_hash: u64,
    /// While the head is too short to tell the file by: when the file was last changed, nanoseconds since the Unix epoch.
    /// Otherwise 0.
    #[serde(default)]
    pub changed: u64,
}

/// Everything before `offset` of the file `identity` is stored, but for what was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The source.
    pub source: SourceId,
    /// Its name (absolute path), by which it is found again.
    pub name: String,
    /// The file that `offset` is about.
    pub identity: FileIdentity,
    /// Offset of the first byte that is not stored, bytes.
    pub offset: u64,
    /// Format in force.
    pub format: Option<String>,
    /// Event time of the last record, which a record without a time inherits.
    pub last_time: Option<Timestamp>,
    /// Records stored of this source, over all its files.
    #[serde(default)]
    pub records: u64,
    /// Event time of its first record.
    #[serde(default)]
    pub first_time: Option<Timestamp>,
    /// Files that were read to their end under this name before, the newest last; at most [`Checkpoint::PAST`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<FileIdentity>,
    /// Where to go on in what is no file: what the journal or a container's log calls the last record that is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Parts of the file before `offset` that were not read, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
}

impl Checkpoint {
    /// Files before the present one that are remembered, so that none is read again under another name.
    pub const PAST: usize = 16;

    /// Whether anything was read under this name. A source is known from being found on; killed just then, it has read
    /// nothing yet, of older files either.
    pub fn has_read(&self) -> bool {
        self.offset > 0 || self.records > 0 || !self.past.is_empty()
    }

    /// Another file takes the place of the present one.
    pub fn turn_to(&mut self, identity: FileIdentity, offset: u64) {
        let before = std::mem::replace(&mut self.identity, identity);
        self.offset = offset;
        // They were parts of that file.
        self.skipped.clear();
        let same = before.inode == identity.inode && before.device == identity.device;
        if before.head_len > 0 && !(same && before.head_hash == identity.head_hash) && !self.past.contains(&before) {
            self.past.push(before);
            self.past.drain(..self.past.len().saturating_sub(Self::PAST));
        }
    }
}
