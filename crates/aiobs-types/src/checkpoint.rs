//! How far a source has been stored; committed together with the records it covers.

use crate::{SourceId, Timestamp};
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
    /// Hash of the first `head_len` bytes. Of an empty file: when it was last changed, nanoseconds since the Unix epoch.
    pub head_hash: u64,
}

/// Everything before `offset` of the file `identity` is stored.
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
}
