//! Where bytes come from: files, directories, globs, standard input; followed across rotation, truncation and loss. And
//! what programs print: the journal, containers, pods, any command.
//!
//! One reading thread owns a [`SourceSet`] and calls [`SourceSet::poll`] in a loop. The set knows nothing of lines,
//! formats or records: it hands out blocks of bytes with their offset and the identity of the file they are from, so
//! that a checkpoint can be stored with what was made of them.

mod block;
mod command;
mod dirty;
mod exclude;
mod family;
mod file;
mod identity;
mod packed;
mod piece;
mod pipe;
mod rhythm;
mod set;
mod shared;
mod spec;
mod stream;
mod tail;
#[cfg(test)]
mod tests;
mod watch;

pub use block::Block;
pub use command::seam::CursorTracker;
pub use dirty::Waker;
pub use set::SourceSet;
pub use spec::SourceSpec;
pub use stream::{Pods, StreamSpec};

use aiobs_types::{FileIdentity, SourceId, SourceState};
use std::{path::PathBuf, time::Duration};

/// Largest block of [`SourceEvent::Data`], bytes.
pub const BLOCK: usize = 256 * 1024;

/// How sources are read.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// Wait for more at the end; without it every source is read to its end once.
    pub follow: bool,
    /// Never ask the system for notifications, look every `poll_interval`.
    pub force_poll: bool,
    /// How often files are looked at when there are no notifications.
    pub poll_interval: Duration,
    /// How often all files are looked at although notifications work: network file systems do not send them.
    pub sweep_interval: Duration,
    /// How long an unterminated last line must be unchanged before [`SourceEvent::PartialIdle`].
    pub idle_partial: Duration,
    /// The shortest silence that is told of a source that used to speak more often.
    pub silence: Duration,
    /// Globs of files and directories that searches leave out: with a slash held against the whole path, without one
    /// against the name. Files that are named one by one are read all the same.
    pub exclude: Vec<String>,
    /// How far back the first reading of the journal, of a container or a pod goes; zero is everything there is.
    pub lookback: Duration,
    /// Files kept open at a time; `None` is what the system grants, less a reserve. With more files than that, those
    /// that have rested longest are closed and looked at from outside until they change.
    pub max_open: Option<usize>,
    /// Hand out the end of a large file before it is read ([`SourceEvent::Preview`]).
    pub preview: bool,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            follow: true,
            force_poll: false,
            poll_interval: Duration::from_millis(250),
            sweep_interval: Duration::from_secs(2),
            idle_partial: Duration::from_secs(2),
            silence: Duration::from_mins(1),
            exclude: Vec::new(),
            lookback: Duration::from_hours(24),
            max_open: None,
            preview: false,
        }
    }
}

/// Why the bytes that follow are of another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewFileReason {
    /// The name now stands for another file; the old one was read to its end.
    Rotated,
    /// The file was cut to less than what was read, or its beginning was overwritten.
    Truncated,
    /// The file had been gone and another one is there now.
    Recreated,
}

/// What [`SourceSet::poll`] tells.
#[derive(Debug, PartialEq)]
pub enum SourceEvent<'a> {
    /// First event of a source that has a file.
    Opened {
        /// The source.
        source: SourceId,
        /// Absolute path, `stdin`, or a stream as people name it, such as `docker:web`.
        name: &'a str,
        /// The file that will be read first.
        identity: FileIdentity,
        /// Where reading begins, bytes.
        offset: u64,
        /// Size of that file, bytes.
        size: u64,
        /// It goes on where the checkpoint says.
        resumed: bool,
    },
    /// The fingerprint of the current file covers more bytes than before.
    Identity {
        /// The source.
        source: SourceId,
        /// Same file, longer `head_len`.
        identity: FileIdentity,
    },
    /// The next bytes of the current file.
    Data {
        /// The source.
        source: SourceId,
        /// Offset of the first byte in the file.
        offset: u64,
        /// At most [`BLOCK`] bytes.
        bytes: Block<'a>,
        /// The current file.
        identity: FileIdentity,
    },
    /// The end of the current file ahead of its reading, to be shown; the same bytes come again as data.
    Preview {
        /// The source.
        source: SourceId,
        /// Offset of the first byte in the file; a line begins there.
        offset: u64,
        /// Whole lines, at most [`BLOCK`] bytes.
        bytes: &'a [u8],
        /// It replaces what was handed out before; otherwise it follows on that.
        fresh: bool,
    },
    /// What was handed out as a preview is no longer there.
    PreviewGone {
        /// The source.
        source: SourceId,
    },
    /// Reading leaves out what lies between the last line break read and `to`.
    Skipped {
        /// The source.
        source: SourceId,
        /// The current file.
        identity: FileIdentity,
        /// Where it goes on; a line begins there.
        to: u64,
    },
    /// Reading goes back to a part that was left out, until [`SourceEvent::Home`].
    Older {
        /// The source.
        source: SourceId,
        /// Where the part begins.
        from: u64,
        /// Where it ends.
        to: u64,
    },
    /// Reading goes on where it was before it went back.
    Home {
        /// The source.
        source: SourceId,
    },
    /// The data that follows is of another file, from its beginning (or, for the rest of a truncated file that was found
    /// in a copy, from where reading had stopped).
    NewFile {
        /// The source.
        source: SourceId,
        /// The file from here on.
        identity: FileIdentity,
        /// Where its reading begins, bytes: 0 but for the rest in a copy.
        offset: u64,
        /// Size of that file, bytes.
        size: u64,
        /// What happened.
        reason: NewFileReason,
    },
    /// Everything that is there was handed out.
    CaughtUp {
        /// The source.
        source: SourceId,
    },
    /// The last line has no line break and has not changed for [`SourceOptions::idle_partial`].
    PartialIdle {
        /// The source.
        source: SourceId,
    },
    /// What the source does, or how far it is. Also of a source that was never opened because it cannot be read.
    State {
        /// The source.
        source: SourceId,
        /// Absolute path, or `stdin`.
        name: &'a str,
        /// What it does.
        state: SourceState,
        /// Bytes read of the current file.
        read: u64,
        /// Size of the current file, bytes.
        size: u64,
    },
    /// Nothing more will come from it.
    Ended {
        /// The source.
        source: SourceId,
    },
}

/// What the user must put right before anything can be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such path.
    #[error("{}: no such file or directory", .0.display())]
    NotFound(PathBuf),
    /// May not be read.
    #[error("{}: permission denied; run as a user who may read it, or grant read access", .0.display())]
    Denied(PathBuf),
    /// Any other failure to read.
    #[error("{}: {text}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        text: String,
    },
    /// The pattern is malformed.
    #[error("{pattern}: not a valid glob pattern: {text}")]
    BadGlob {
        /// As typed.
        pattern: String,
        /// What is wrong.
        text: String,
    },
    /// Nothing matches and nothing will be waited for.
    #[error("{0}: no file matches")]
    NoMatch(String),
    /// The name of a journal, container, pod or command is malformed.
    #[error("{arg}: {text}")]
    BadStream {
        /// As typed.
        arg: String,
        /// What is wrong, and what to write.
        text: String,
    },
    /// A thread or a file descriptor could not be had.
    #[error("cannot start reading: {0}")]
    System(#[from] std::io::Error),
}
