//! What all tails of a set share: how files are opened, the buffer, and which files some source has read already.

use super::{
    BLOCK, SourceOptions,
    file::{Open, Opener},
    identity::{self, Head},
    stream::StreamSpec,
};
use aiobs_types::{FileIdentity, SourceId};
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

/// What all tails share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: SourceOptions,
    pub(super) opener: Opener,
    pub(super) buf: Vec<u8>,
    /// Files whose end was handed out before they were read.
    pub(super) ends: usize,
    /// Files that may be open at a time.
    pub(super) max_open: usize,
    /// Files that some source reads or has read, so that none is read twice under another name.
    pub(super) owned: HashMap<(u64, u64), (SourceId, FileIdentity)>,
    /// Files that some source has read before its present one.
    pub(super) past: Vec<(SourceId, FileIdentity)>,
    /// Sources of which something was read in this run.
    pub(super) heard: HashSet<SourceId>,
    /// Streams that others have found, to be read.
    pub(super) found: Vec<StreamSpec>,
}

impl Shared {
    pub(super) fn new(options: SourceOptions) -> Self {
        let opener: Opener = |path| fs::File::open(path);
        let max_open = options.max_open.unwrap_or_else(most_open).max(1);
        Self {
            options,
            opener,
            buf: vec![0; BLOCK],
            ends: 0,
            max_open,
            owned: HashMap::new(),
            past: Vec::new(),
            heard: HashSet::new(),
            found: Vec::new(),
        }
    }

    pub(super) fn own(&mut self, source: SourceId, identity: FileIdentity) {
        self.owned.insert((identity.device, identity.inode), (source, identity));
    }

    /// Takes the regular file at a path for a source that has read nothing yet, unless another has it already.
    pub(super) fn claim(&mut self, source: SourceId, path: &Path) -> Option<FileIdentity> {
        let file = (self.opener)(path).ok()?;
        let meta = file.metadata().ok().filter(fs::Metadata::is_file)?;
        let identity = identity::identify(&file, &meta).ok()?;
        self.owned.entry((identity.device, identity.inode)).or_insert((source, identity));
        Some(identity)
    }

    /// Another file takes the place of one that a source has read.
    pub(super) fn outlive(&mut self, source: SourceId, before: FileIdentity, now: &FileIdentity) {
        let same = (before.device, before.inode) == (now.device, now.inode);
        if before.head_len > 0 && !same {
            self.past.push((source, before));
        }
    }

    /// Whether a source has read this very file to its end.
    pub(super) fn has_read(&self, source: SourceId, file: &Open) -> bool {
        self.past.iter().any(|(owner, known)| *owner == source && identity::same_file(&file.file, known))
    }

    /// Whether another source has read this very file, or what was compressed into it.
    pub(super) fn foreign(&self, source: Option<SourceId>, file: &Open) -> bool {
        let inode = (file.identity.device, file.identity.inode);
        let past = self.past.iter().filter(|(_, known)| (known.device, known.inode) == inode);
        let this = self
            .owned
            .get(&inode)
            .into_iter()
            .chain(past)
            .any(|(owner, known)| Some(*owner) != source && identity::same_file(&file.file, known));
        this || file.packed.is_some() && self.unpacked(source, &file.file).is_some()
    }

    /// The source that has read the text of a compressed file when it was not compressed yet.
    pub(super) fn unpacked(&self, source: Option<SourceId>, file: &fs::File) -> Option<SourceId> {
        let head = Head::of(file).ok()?;
        let read = |(owner, known): &&(SourceId, FileIdentity)| Some(*owner) != source && head.is(known);
        self.owned.values().chain(&self.past).find(read).map(|(owner, _)| *owner)
    }
}

/// What the system grants this process, less what else it opens.
fn most_open() -> usize {
    let granted = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(4_096);
    let granted = usize::try_from(granted).unwrap_or(4_096).min(4_096);
    granted.saturating_sub(256).max(granted / 2)
}
