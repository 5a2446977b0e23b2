//! A reader that collects what a set hands out, and checks that blocks are contiguous.

use aiobs_logs::source::{NewFileReason, SourceError, SourceEvent, SourceOptions, SourceSet, SourceSpec};
use aiobs_types::{Checkpoint, FileIdentity, SourceId, SourceState};
use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub(crate) struct Reader {
    pub(crate) set: SourceSet,
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) reasons: Vec<NewFileReason>,
    pub(crate) resumed: bool,
    pub(crate) partial: usize,
    pub(crate) ended: Vec<SourceId>,
    /// Every block in the order in which it came.
    pub(crate) heard: Vec<String>,
    names: BTreeMap<SourceId, String>,
    at: BTreeMap<SourceId, (FileIdentity, u64)>,
    stored: BTreeMap<SourceId, Checkpoint>,
}

pub(crate) fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

pub(crate) fn reader(path: &Path) -> Reader {
    Reader::open(&[SourceSpec::Path(path.to_path_buf())], SourceOptions::default(), &[])
}

pub(crate) fn once(specs: &[SourceSpec]) -> Result<Reader, SourceError> {
    SourceSet::open(specs, SourceOptions { follow: false, ..Default::default() }, &[]).map(Reader::new)
}

impl Reader {
    pub(crate) fn open(specs: &[SourceSpec], options: SourceOptions, known: &[Checkpoint]) -> Self {
        let mut reader = Self::new(SourceSet::open(specs, options, known).unwrap());
        reader.stored = known.iter().map(|c| (c.source, c.clone())).collect();
        reader
    }

    fn new(set: SourceSet) -> Self {
        Self {
            set,
            texts: BTreeMap::new(),
            reasons: Vec::new(),
            resumed: false,
            partial: 0,
            ended: Vec::new(),
            heard: Vec::new(),
            names: BTreeMap::new(),
            at: BTreeMap::new(),
            stored: BTreeMap::new(),
        }
    }

    pub(crate) fn step(&mut self, millis: u64) -> bool {
        let Self { set, texts, reasons, resumed, partial, ended, heard, names, at, stored } = self;
        set.poll(Duration::from_millis(millis), |event| match event {
            SourceEvent::Opened { source, name, identity, offset, resumed: r, .. } => {
                *resumed |= r;
                assert!(names.insert(source, name.to_owned()).is_none(), "opened twice");
                at.insert(source, (identity, offset));
            }
            SourceEvent::NewFile { source, identity, offset, reason, .. } => {
                reasons.push(reason);
                let checkpoint = stored.entry(source).or_default();
                (checkpoint.identity, checkpoint.offset) = at[&source];
                checkpoint.turn_to(identity, offset);
                at.insert(source, (identity, offset));
            }
            SourceEvent::Identity { source, identity } => at.get_mut(&source).unwrap().0 = identity,
            SourceEvent::Data { source, offset, bytes, identity } => {
                let place = at.get_mut(&source).unwrap();
                assert_eq!(*place, (identity, offset), "contiguous");
                place.1 += bytes.len() as u64;
                let text = &*String::from_utf8_lossy(&bytes);
                texts.entry(names[&source].clone()).or_default().push_str(text);
                heard.push(text.to_owned());
            }
            SourceEvent::PartialIdle { .. } => *partial += 1,
            SourceEvent::Ended { source } => ended.push(source),
            _ => {}
        })
        .unwrap()
    }

    pub(crate) fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(
                Instant::now() < end,
                "did not come: {:?} {:?}",
                self.texts,
                self.set.sources().collect::<Vec<_>>()
            );
            self.step(100);
        }
    }

    pub(crate) fn until_text(&mut self, path: &Path, text: &str) {
        self.until(|r| r.text(path).len() >= text.len());
        assert_eq!(self.text(path), text);
        self.step(0);
        self.step(0);
    }

    /// Goes on for a while, to see that nothing more comes.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = Instant::now() + Duration::from_millis(millis);
        while Instant::now() < end && self.step(10) {}
    }

    pub(crate) fn text(&self, path: &Path) -> &str {
        self.texts.get(&*path.to_string_lossy()).map_or("", String::as_str)
    }

    pub(crate) fn state(&self, path: &Path) -> SourceState {
        self.set.sources().find(|s| s.name == path.to_string_lossy()).unwrap().state
    }

    /// What would be stored by now, with what was before.
    pub(crate) fn checkpoints(&self) -> Vec<Checkpoint> {
        let mut all = self.stored.clone();
        for (source, (identity, offset)) in &self.at {
            let checkpoint = all.entry(*source).or_default();
            (checkpoint.source, checkpoint.identity, checkpoint.offset) = (*source, *identity, *offset);
            checkpoint.name.clone_from(&self.names[source]);
        }
        all.into_values().collect()
    }
}
