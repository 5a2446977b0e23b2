//! Carries what comes out of chain and chat to the writer, the pipeline and the listeners, on a thread of its own that may
//! wait for them, which chain and chat must not.

use crate::runtime::EngineEvent;
use crate::runtime::board::{Board, lock};
use crate::runtime::events::{Answered, Event, EventSink};
use crate::runtime::processing::Message;
use crate::runtime::titles;
use crate::runtime::writing::WriterMessage;
use aiobs_agents::{Archive, CallNote, ChainOutput, ChainService, ChatOutput};
use aiobs_llm::Purse;
use aiobs_store::{PendingRun, PendingStage};
use aiobs_types::{Author, ChatMessage, Conversation, Diagnosis, Incident, IncidentId, Level, TimelineKind, TraceId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// Consequences that are diagnosed when their cause could not be explained.
const FURTHER: usize = 3;

/// Stored runs that are remembered per incident while the program runs.
const REMEMBERED: usize = 1_000;

/// The conversation of a question that was asked, and the question's number; known once it is stored.
pub(super) type AskedTurn = Arc<Mutex<(Conversation, u64)>>;

/// What is carried.
pub(super) enum Carried {
    Chain(ChainOutput),
    Chat(AskedTurn, ChatOutput),
    Question(AskedTurn, Box<ChatMessage>),
    Write(WriterMessage),
    Stop,
}

/// Carries what comes out of chain and chat; may block, which they must not.
pub(super) struct Carrier {
    pub(super) chain: Arc<ChainService>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) pipeline: SyncSender<Message>,
    pub(super) writer: SyncSender<WriterMessage>,
    pub(super) emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    pub(super) sink: Option<Arc<EventSink>>,
    pub(super) carried: Arc<AtomicUsize>,
    pub(super) traces: Arc<Mutex<HashMap<IncidentId, TraceId>>>,
    pub(super) board: Arc<Board>,
    /// What models may cost.
    pub(super) purse: Arc<Purse>,
}

/// A budget that is spent is said as long as it is.
pub(super) fn tell_budget(board: &Board, purse: &Purse) {
    let text = |limit| format!("today's budget of ${limit:.2} is spent; what is free answers until midnight UTC");
    board.notice("budget", purse.exhausted().map(|limit| (Level::Warn, text(limit))));
}

impl Carrier {
    pub(super) fn run(self, inbox: &Receiver<Carried>) {
        while let Ok(item) = inbox.recv() {
            let stop = matches!(item, Carried::Stop);
            match item {
                Carried::Chain(out) => self.chain(out),
                Carried::Chat(turn, out) => self.chat(&turn, out),
                Carried::Question(turn, message) => {
                    let message = self.store_turn(&turn, *message);
                    lock(&turn).1 = message.id;
                }
                // Gone only when everything stops.
                Carried::Write(message) => drop(self.writer.send(message)),
                Carried::Stop => {}
            }
            self.carried.fetch_sub(1, Ordering::SeqCst);
            if stop {
                return;
            }
        }
    }

    fn chain(&self, out: ChainOutput) {
        let emit = &self.emit;
        match out {
            ChainOutput::Stage { incident, stage, state, attempts, at } => {
                emit(EngineEvent::Stage { incident, stage: stage.name(), state, attempts, at });
            }
            ChainOutput::Text { incident, stage, delta } => {
                emit(EngineEvent::StageText { incident, stage: stage.name(), text: delta });
            }
            ChainOutput::Call { incident, note } => {
                if matches!(note, CallNote::Answered { .. }) {
                    tell_budget(&self.board, &self.purse);
                }
                emit(EngineEvent::Call { incident, note });
            }
            ChainOutput::Diagnosis(diagnosis) => self.diagnosis(*diagnosis),
            ChainOutput::Spans(spans) => drop(self.writer.send(WriterMessage::Spans(spans))),
            ChainOutput::Queue { queued, waiting, running } => {
                emit(EngineEvent::Queue { queued, waiting, running });
            }
            ChainOutput::Waits { incident, asked, started } => {
                let run = PendingRun { incident, asked, started };
                drop(self.writer.send(WriterMessage::Waits(run)));
            }
            ChainOutput::Kept { incident, stage: kept } => {
                let kept = PendingStage { stage: kept.stage as u8, at: kept.at, body: kept.body };
                drop(self.writer.send(WriterMessage::StageEnded(incident, Box::new(kept))));
            }
            ChainOutput::Resumed { incident, text } => {
                drop(self.pipeline.send(Message::Note { incident, kind: TimelineKind::Note, text }));
            }
            ChainOutput::WaitsNoMore(incident) => drop(self.writer.send(WriterMessage::WaitsNoMore(incident))),
            ChainOutput::Cancelled(incident) => {
                let (kind, text) = (TimelineKind::Note, "the diagnosis was stopped by a person".to_owned());
                drop(self.pipeline.send(Message::Note { incident, kind, text }));
                emit(EngineEvent::Notice(format!("the diagnosis of {incident} was stopped")));
            }
            ChainOutput::Notice(text) => emit(EngineEvent::Notice(text)),
        }
    }

    fn diagnosis(&self, mut diagnosis: Diagnosis) {
        if let Some(trace) = diagnosis.trace {
            let mut traces = lock(&self.traces);
            if traces.len() >= REMEMBERED {
                traces.clear();
            }
            traces.insert(diagnosis.incident, trace);
        }
        // Without an answer the title stays as it is, or is the diagnosis's: neither is wrong.
        let incident = self.archive.incident(diagnosis.incident).ok().flatten();
        let before = self.archive.diagnosis(diagnosis.fingerprint).ok().flatten();
        let title = titles::renamed(incident.as_ref(), before.as_ref(), &diagnosis);
        let (reply, stored) = sync_channel(1);
        if self.writer.send(WriterMessage::Diagnosis(Box::new(diagnosis.clone()), reply)).is_ok()
            && let Ok(id) = stored.recv()
        {
            diagnosis.id = id;
        }
        let by = match &diagnosis.author {
            Author::Model { model, .. } => model.clone(),
            Author::Playbook { id } => format!("playbook {id}"),
            Author::Facts => "the facts alone".to_owned(),
        };
        let note = Message::Diagnosed { incident: diagnosis.incident, by, title, criticality: diagnosis.criticality };
        // Gone only when everything stops.
        let _ = self.pipeline.send(note);
        if diagnosis.author == Author::Facts
            && let Some(incident) = &incident
        {
            self.look_further(incident);
        }
        (self.emit)(EngineEvent::Diagnosis(Box::new(diagnosis)));
    }

    /// Nobody could explain the cause: perhaps one of its consequences says more.
    fn look_further(&self, incident: &Incident) {
        let undiagnosed = |i: &Incident| matches!(self.archive.diagnosis_of(i), Ok(None));
        let consequences = incident.causes.iter().filter_map(|id| self.archive.incident(*id).ok().flatten());
        for child in consequences.filter(|c| c.state.is_active() && undiagnosed(c)).take(FURTHER) {
            self.chain.submit(child);
        }
    }

    fn chat(&self, turn: &AskedTurn, out: ChatOutput) {
        let tell = |event| {
            if let Some(sink) = &self.sink {
                sink.send(event);
            }
        };
        match out {
            ChatOutput::Step(step) => tell(Event::ChatStep(step)),
            ChatOutput::Delta(text) => tell(Event::ChatDelta(text)),
            ChatOutput::Spans(spans) => drop(self.writer.send(WriterMessage::Spans(spans))),
            ChatOutput::Summary(summary) => {
                drop(self.writer.send(WriterMessage::Summary(lock(turn).0.id, summary)));
            }
            ChatOutput::Done(message) => {
                let message = self.store_turn(turn, *message);
                tell_budget(&self.board, &self.purse);
                let (conversation, question) = lock(turn).clone();
                tell(Event::ChatDone(Box::new(Answered { conversation, question, message })));
            }
        }
    }

    fn store_turn(&self, turn: &AskedTurn, mut message: ChatMessage) -> ChatMessage {
        let (reply, stored) = sync_channel(1);
        let of = lock(turn).0.id;
        if self.writer.send(WriterMessage::Turn(of, Box::new(message.clone()), reply)).is_ok()
            && let Ok((conversation, id)) = stored.recv()
        {
            lock(turn).0 = conversation;
            message.id = id;
        }
        message
    }
}
