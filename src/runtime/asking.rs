//! One question to an archive that nobody else has to have open: what `aiobs ask` uses. Reads only; nothing of the
//! question is kept. It knows neither the command line nor the screen.

use super::archive::StoredArchive;
use super::board::{Board, lock};
use super::builder::tokio_runtime;
use super::models::{Keep, Pages, elsewhere, serve};
use super::{memory, outlet, places, rules, sql};
use crate::config::Config;
use aiobs_agents::playbook::Library;
use aiobs_agents::{Advisor, Archive, ChatDeps, ChatOutput, ChatService, Prompts, Question};
use aiobs_llm::{Health, Provider};
use aiobs_memory::Engine;
use aiobs_store::Store;
use aiobs_types::{ChatMessage, ChatScope, ChatStep, LogQuery, SourceInfo};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Between two looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// See the module.
pub struct Asking {
    chat: ChatService,
    archive: Arc<StoredArchive>,
    /// Why no model answers; `None` when one does.
    pub without: Option<String>,
    /// Models that may be asked on other machines: `MODEL at ADDRESS`.
    pub remote: Vec<String>,
}

impl Asking {
    /// Over an archive. Looks whether the configured model answers, unless `offline`; blocks for that. What leaves this
    /// machine is written down in the data directory `dir`, which may be another one than the archive's.
    ///
    /// # Errors
    /// Faults of the archive and of the rules of the configuration.
    pub fn new(config: &Config, offline: bool, store: &Store, dir: &Path) -> anyhow::Result<Self> {
        // What makes no sense in the configuration is told by the commands about knowledge.
        Self::with(config, offline, store, dir, memory::engine(config, offline, dir).unwrap_or_default())
    }

    /// The same; `engine` finds texts by meaning.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(config: &Config, offline: bool, store: &Store, dir: &Path, engine: Engine) -> anyhow::Result<Self> {
        let reader = store.reader()?;
        let board = Arc::new(Board::new(reader.next_record_id()?));
        outlet::publish_templates(&board, &reader.templates()?);
        lock(&board.incidents).extend(reader.incidents()?.into_iter().map(|i| (i.id, Arc::new(i))));
        lock(&board.sources).extend(
            reader.checkpoints()?.into_iter().map(|c| {
                (c.source, SourceInfo { id: c.source, name: c.name, format: c.format, ..SourceInfo::default() })
            }),
        );
        let sql = sql::over(store, rules::zone(config)?, &board)?;
        let embeds = engine.embedder.as_ref().filter(|e| !e.is_local()).map(|e| e.place().to_owned());
        let archive =
            Arc::new(StoredArchive::new(reader, store.reader()?, board, rules::zone(config)?).with(sql, engine));
        let (library, _) = Library::load(config.dir.as_ref().map(|d| d.join("playbooks")).as_deref());
        let playbooks: Arc<dyn Advisor> = Arc::new(library);
        let (prompts, _) = Prompts::load(config.dir.as_ref().map(|d| d.join("prompts")).as_deref());
        let (model, without) = if offline || !config.model.enabled {
            (None, Some("the model is switched off".to_owned()))
        } else {
            match reachable(config, dir)? {
                Ok(provider) => (Some(provider), None),
                Err(reason) => (None, Some(reason)),
            }
        };
        let models = if model.as_ref().is_some_and(|m| !m.is_local()) { elsewhere(config) } else { Vec::new() };
        let mut remote: Vec<String> = models.iter().map(|(model, place)| format!("{model} at {place}")).collect();
        remote.extend(embeds.filter(|place| !remote.contains(place)));
        let deps = ChatDeps {
            provider: model,
            archive: Arc::clone(&archive) as Arc<dyn Archive>,
            playbooks,
            prompts: Arc::new(prompts),
            model: Some(config.model.name.clone()).filter(|m| !m.is_empty()),
            num_ctx: config.model.num_ctx,
            surroundings: Arc::new(places::workplace(config)),
            tools: places::tool_use(config),
        };
        Ok(Self { chat: ChatService::new(tokio_runtime()?.handle(), deps), archive, without, remote })
    }

    /// The archive, for the records that an answer cites.
    pub fn archive(&self) -> &dyn Archive {
        self.archive.as_ref()
    }

    /// What a filter reads as.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn filter(&self, text: &str) -> Result<LogQuery, String> {
        self.archive.filter(text).map_err(|e| e.0)
    }

    /// Asks and waits for the end. `on` hears steps as they are done; raising `cancel` ends the answer with what came.
    pub fn ask(
        &self,
        question: &str,
        scope: ChatScope,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&ChatStep),
    ) -> Option<ChatMessage> {
        let (tx, rx) = channel();
        let asked = Question { text: question.to_owned(), scope, ..Question::default() };
        let token = self.chat.ask(asked, move |out| drop(tx.send(out)));
        loop {
            match rx.recv_timeout(LOOK) {
                Ok(ChatOutput::Step(step)) => on(&step),
                Ok(ChatOutput::Done(message)) => return Some(*message),
                Ok(ChatOutput::Delta(_) | ChatOutput::Spans(_) | ChatOutput::Summary(_)) => {}
                Err(RecvTimeoutError::Timeout) if cancel.load(Ordering::SeqCst) => token.cancel(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

/// The configured model server when it answers, else the reason.
fn reachable(config: &Config, dir: &Path) -> std::io::Result<Result<Arc<dyn Provider>, String>> {
    // What can't be written down does not leave.
    let keep = if elsewhere(config).is_empty() {
        Ok(Keep::default())
    } else {
        Pages::open(dir).map(|pages| pages.keep(config))
    };
    let keep = keep.map_err(|e| format!("what is sent to a model elsewhere can't be written down ({e})"));
    let provider = match keep.and_then(|keep| serve(config, keep)) {
        Ok(service) => service.provider,
        Err(reason) => return Ok(Err(reason)),
    };
    Ok(match tokio_runtime()?.block_on(provider.health()) {
        Health::Ready { .. } => Ok(provider),
        Health::Unavailable { reason } => Err(reason),
    })
}
