//! The memory thread: looks at the archive and the knowledge folders every few seconds while something changes there,
//! hands changes to the writer thread, and embeds what is new. What fails is told and tried again later.

use super::{Look, audited, embed_all, folders, look};
use crate::config::Config;
use crate::runtime::board::{Board, lock};
use crate::runtime::events::MemoryState;
use crate::runtime::models::Keep;
use crate::runtime::writing::{ModelRow, WriterMessage};
use aiobs_llm::{Auditor, CallEnd, Purse, RemoteCall};
use aiobs_memory::{Engine, Folders, Progress};
use aiobs_store::{MemoryChange, Reader, StoreError};
use aiobs_types::Level;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(10);
/// How soon the end of the program is noticed.
const STEP: Duration = Duration::from_millis(100);
/// After a model or a store failed it is left alone for this long.
const LEFT_ALONE: Duration = Duration::from_mins(1);
/// Keys of its notices.
const FOLDERS: &str = "knowledge";
const EMBEDDING: &str = "embedding";

/// As [`super::engine`], in a program whose writer thread writes down what leaves.
pub(in crate::runtime) fn running_engine(
    config: &Config,
    offline: bool,
    writer: &SyncSender<WriterMessage>,
    purse: &Arc<Purse>,
) -> Result<Engine, String> {
    audited(config, offline, || Ok(Keep::audit(Arc::new(ByWriter(writer.clone())), Arc::clone(purse))))
}

/// See the module.
pub(in crate::runtime) struct Keeper {
    reader: Reader,
    writer: SyncSender<WriterMessage>,
    board: Arc<Board>,
    engine: Engine,
    folders: Folders,
    /// What the archive looked like at the last look.
    version: Option<i64>,
    /// When the engine may be tried again.
    not_before: Option<Instant>,
}

impl Keeper {
    pub(in crate::runtime) fn new(
        config: &Config,
        offline: bool,
        reader: Reader,
        writer: SyncSender<WriterMessage>,
        (board, purse): (&Arc<Board>, &Arc<Purse>),
    ) -> Self {
        let engine = running_engine(config, offline, &writer, purse).unwrap_or_else(|reason| {
            board.notice(EMBEDDING, Some((Level::Error, format!("{reason}; texts are compared by their words"))));
            Engine::default()
        });
        if let Some(model) = engine.embedder.as_ref().filter(|m| !m.is_local()) {
            board.leaves_to("embeddings", model.place());
        }
        if let Some(store) = engine.vectors.as_ref().filter(|s| !s.is_local()) {
            board.leaves_to("vectors", store.place());
        }
        let folders = folders(config);
        Self { reader, writer, board: Arc::clone(board), engine, folders, version: None, not_before: None }
    }

    /// Until the program ends.
    pub(in crate::runtime) fn run(mut self) {
        let mut next = Instant::now();
        while !self.board.stopping() {
            if Instant::now() < next {
                std::thread::sleep(STEP);
                continue;
            }
            if let Err(e) = self.pass() {
                tracing::warn!("memory: {e}");
            }
            next = Instant::now() + EVERY;
        }
    }

    fn pass(&mut self) -> Result<(), StoreError> {
        let version = self.reader.data_version()?;
        let retry = self.not_before.is_some_and(|t| Instant::now() >= t);
        if self.version == Some(version) && !retry && !self.folders.scan().changed {
            return Ok(());
        }
        let Look { changes, files, mistakes } = look(&self.reader, &mut self.folders)?;
        self.told(&mistakes);
        // While it changes something itself, it looks once more: others may have changed something meanwhile.
        self.version = changes.is_empty().then_some(version);
        for change in changes {
            if self.board.stopping() {
                return Ok(());
            }
            put(&self.writer, change)?;
        }
        self.embed(files)
    }

    fn told(&self, mistakes: &[String]) {
        let text = mistakes.first().map(|first| match mistakes.len() {
            1 => format!("knowledge: {first}"),
            n => format!("knowledge: {first} (and {} more)", n - 1),
        });
        self.board.notice(FOLDERS, text.map(|t| (Level::Warn, t)));
    }

    fn embed(&mut self, files: usize) -> Result<(), StoreError> {
        let held_back = self.not_before.is_some_and(|t| Instant::now() < t);
        let local = Engine::default();
        let engine = if held_back { &local } else { &self.engine };
        let (board, stop) = (Arc::clone(&self.board), Arc::clone(&self.board));
        let mut heard = |p: &Progress| {
            let state =
                MemoryState { texts: p.texts, embedded: p.embedded, model: p.model.clone(), files: files as u64 };
            let changed = std::mem::replace(&mut *lock(&board.memory), state.clone()) != state;
            if changed {
                board.touch();
            }
            if board.stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let writer = self.writer.clone();
        let mut to_writer = |change: MemoryChange| put(&writer, change);
        match embed_all(&self.reader, engine, &mut to_writer, &mut heard, &|| stop.stopping()) {
            Ok(_) if held_back => {}
            Ok(_) => {
                self.not_before = None;
                self.board.notice(EMBEDDING, None);
            }
            Err(aiobs_memory::FillError::Store(e)) => return Err(e),
            Err(e) => {
                self.not_before = Some(Instant::now() + LEFT_ALONE);
                self.board.notice(EMBEDDING, Some((Level::Warn, e.to_string())));
            }
        }
        Ok(())
    }
}

/// Writes down through the writer thread what leaves. Embedding is driven by this thread, which may wait.
struct ByWriter(SyncSender<WriterMessage>);

impl ByWriter {
    fn write(&self, row: ModelRow) {
        if self.0.send(WriterMessage::Models(row)).is_err() {
            tracing::debug!("a row of the audit is not kept: the program ends");
        }
    }
}

impl Auditor for ByWriter {
    fn sent(&self, call: &RemoteCall) {
        self.write(ModelRow::Sent(Box::new(call.clone())));
    }
    fn ended(&self, id: u64, end: &CallEnd) {
        self.write(ModelRow::Ended(id, end.clone()));
    }
}

/// Through the writer thread, and waits until it is stored.
fn put(writer: &SyncSender<WriterMessage>, change: MemoryChange) -> Result<(), StoreError> {
    let gone = |what: &str| StoreError::Other { doing: "storing the memory", what: what.to_owned() };
    let (reply, done) = sync_channel(1);
    writer.send(WriterMessage::Memory(Box::new(change), reply)).map_err(|_| gone("the program ends"))?;
    done.recv().map(drop).map_err(|_| gone("the writer could not store it"))
}
