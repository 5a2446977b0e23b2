//! The agent chain and the chat, wired to the engine.

use super::EngineEvent;
use super::archive::StoredArchive;
use super::board::Board;
use super::events::{EventSink, StageRow};
use super::processing::Message;
use super::writing::WriterMessage;
use crate::config::Config;
use aiobs_types::{ChatMessage, ChatScope, Incident, IncidentId, TraceId};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

pub(crate) struct AgentOptions<'a> {
    pub config: &'a Config,
    pub offline: bool,
    pub enabled: bool,
    pub archive: Arc<StoredArchive>,
    pub board: Arc<Board>,
    pub sink: Option<Arc<EventSink>>,
    pub pipeline: SyncSender<Message>,
    pub writer: SyncSender<WriterMessage>,
    pub emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
}
pub(crate) struct Agents {}
impl Agents {
    pub(crate) fn start(_: AgentOptions<'_>) -> anyhow::Result<Self> {
        Ok(Self {})
    }
    pub(crate) fn submit(&self, _: Incident) {}
    pub(crate) fn rerun(&self, _: IncidentId) {}
    pub(crate) fn cancel(&self, _: IncidentId) {}
    pub(crate) fn ask(&self, _: String, _: ChatScope, _: Vec<ChatMessage>) {}
    pub(crate) fn cancel_ask(&self) {}
    pub(crate) fn preview(&self, _: IncidentId) -> Option<String> {
        None
    }
    pub(crate) fn running_trace(&self, _: IncidentId) -> Option<TraceId> {
        None
    }
    pub(crate) fn wait_idle(&self, _: Duration) -> bool {
        true
    }
    pub(crate) fn shutdown(&self, _: Duration) {}
}
pub(crate) fn fresh_stages() -> Vec<StageRow> {
    Vec::new()
}
/// x
pub fn model_health(_: &Config) -> Result<String, String> {
    Err("none".into())
}
