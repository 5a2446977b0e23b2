//! The writer thread: the only one that changes the database. It joins what is waiting into one transaction, so
//! that records, checkpoints, templates and incidents stand or fall together, and goes on trying when the disk is
//! full (the pipeline then waits, and the files are the buffer).

use super::EngineEvent;
use super::alerts::AlertDesk;
use super::board::Board;
use super::events::{ChangeTalk, Keep};
use super::pipeline::Output;
use super::remotes::Exports;
use aiobs_store::{Commit, MemoryChange, PendingRun, PendingStage, Retention, StoreError, Writer};
use aiobs_types::{
    CallEnd, ChatMessage, Checkpoint, Conversation, Diagnosis, Incident, IncidentId, KeptAnswer, Level, RecordId,
    RemoteCall, SentAlert, SourceId, Span, TalkSummary, Template, TemplateId, TemplateMark, Timestamp, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

/// Least time between two transactions while little arrives.
const COALESCE: Duration = Duration::from_millis(40);
/// Records joined into one transaction at most.
const MAX_RECORDS: usize = 65_536;
/// How often retention runs.
const RETAIN_EVERY: Duration = Duration::from_mins(10);
/// It also runs when this share of the size limit was written since it last ran, but not for less than `RETAIN_BYTES`.
const RETAIN_SHARE: u64 = 16;
/// See [`RETAIN_SHARE`], bytes.
const RETAIN_BYTES: u64 = 1 << 20;
/// Wait between two tries when the disk is full or busy.
const RETRY: Duration = Duration::from_secs(1);

/// How the notice of a full disk ends while somebody waits.
pub const WAITS: &str = "; reading waits until there is room";

/// What the writer thread is told.
pub(crate) enum WriterMessage {
    /// What the pipeline made, in order.
    Outputs(Vec<Output>),
    /// Stored, then given back with its number.
    Diagnosis(Box<Diagnosis>, SyncSender<u64>),
    Spans(Vec<Span>),
    /// A turn of a conversation (0 begins one), given back with the numbers of conversation and turn.
    Turn(u64, Box<ChatMessage>, SyncSender<(Conversation, u64)>),
    ChangeTalk(ChangeTalk),
    /// What the first turns of a conversation said.
    Summary(u64, Box<TalkSummary>),
    Verdict(Box<Verdict>),
    /// What models answered, and calls that leave this machine.
    Models(ModelRow),
    /// Alerts that were taken or given up.
    Told(Vec<SentAlert>),
    /// An incident waits for a run of the agents.
    Waits(PendingRun),
    /// A stage of its run ended.
    StageEnded(IncidentId, Box<PendingStage>),
    /// It has its answer, or wants none.
    WaitsNoMore(IncidentId),
    /// Something a person keeps or forgets.
    Keep(Keep),
    /// What a person said of a template.
    Mark(TemplateId, TemplateMark),
    /// What can be found by meaning changes; answered when it is stored.
    Memory(Box<MemoryChange>, SyncSender<u64>),
    /// A remote has been sent its outbox up to here; answered when that is forgotten.
    Sent(String, u64, SyncSender<u64>),
    /// All sources have ended; everything before this is stored.
    Drained,
    Stop,
}

/// See [`WriterMessage::Models`].
pub(crate) enum ModelRow {
    /// An answer to keep under a key, within so many bytes of all.
    Answer(String, Box<KeptAnswer>, u64),
    /// A kept answer was used.
    Used(String, Box<KeptAnswer>),
    Sent(Box<RemoteCall>),
    Ended(u64, CallEnd),
}

/// Everything the thread works with.
pub(crate) struct Writing {
    pub writer: Writer,
    pub retention: Retention,
    /// Bytes of records written since retention ran.
    pub written: u64,
    /// Something could not be stored before the program had to end. What comes after it must not be stored either: its
    /// checkpoints would cover the records that are missing.
    pub behind: bool,
    pub board: Arc<Board>,
    pub emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    /// Told of incidents that are stored and wait for a diagnosis, and with `None` when all sources have ended.
    pub diagnose: Arc<dyn Fn(Option<IncidentId>) + Send + Sync>,
    /// Set when a remote is sent spans.
    pub exports: Option<Exports>,
    /// Set when somebody is told of incidents.
    pub alerts: Option<AlertDesk>,
}

#[derive(Default)]
struct Gathered {
    commit: Commit,
    checkpoints: BTreeMap<SourceId, Checkpoint>,
    templates: BTreeMap<TemplateId, Template>,
    incidents: BTreeMap<IncidentId, Arc<Incident>>,
    records: usize,
    through: RecordId,
    to_diagnose: Vec<IncidentId>,
    others: Vec<WriterMessage>,
    /// Somebody waits for an answer: nothing more is waited for.
    urgent: bool,
    drained: bool,
    stop: bool,
}

impl Writing {
    /// Runs until told to stop.
    pub(crate) fn run(mut self, inbox: &Receiver<WriterMessage>) {
        let mut last_commit: Option<Instant> = None;
        let mut last_retain: Option<Instant> = None;
        loop {
            let first = match inbox.recv_timeout(RETAIN_EVERY) {
                Ok(m) => Some(m),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut gathered = Gathered::default();
            if let Some(message) = first {
                gathered.add(message);
                let until = last_commit.map_or_else(Instant::now, |t| t + COALESCE);
                gather(inbox, &mut gathered, until);
                gathered.close();
                self.store(&mut gathered);
                last_commit = Some(Instant::now());
            }
            let ends = gathered.stop || gathered.drained;
            if !self.behind && (last_retain.is_none_or(|t| t.elapsed() >= RETAIN_EVERY) || self.outgrown(ends)) {
                self.retain();
                last_retain = Some(Instant::now());
            }
            if gathered.drained && !self.behind {
                (self.diagnose)(None);
                (self.emit)(EngineEvent::Ended);
            }
            if gathered.stop {
                break;
            }
        }
        if let Err(e) = self.writer.checkpoint_wal() {
            tracing::warn!("write-ahead log not folded in: {e}");
        }
    }

    fn store(&mut self, gathered: &mut Gathered) {
        if let Some(exports) = &self.exports {
            gathered.commit.outbox = exports.entries(&gathered.commit.spans);
        }
        if let Some(alerts) = &mut self.alerts {
            alerts.add(&mut gathered.commit);
        }
        self.behind |= !self.behind && !gathered.is_empty() && !self.commit(&gathered.commit);
        if self.behind {
            return;
        }
        if !gathered.commit.outbox.is_empty() {
            self.exports.iter().for_each(Exports::stored);
            self.alerts.iter().for_each(AlertDesk::stored);
        }
        if gathered.through.0 > 0 {
            self.board.live.stored(gathered.through);
        }
        for other in std::mem::take(&mut gathered.others) {
            self.other(other);
        }
        for id in gathered.to_diagnose.drain(..) {
            (self.diagnose)(Some(id));
        }
        if let Ok(bytes) = self.writer.size_bytes() {
            self.board.archive_bytes.store(bytes, Ordering::Relaxed);
        }
        (self.emit)(EngineEvent::Stored);
    }

    /// Whether enough was written that the size limit may be passed.
    fn outgrown(&self, ends: bool) -> bool {
        let enough = |limit: u64| (limit / RETAIN_SHARE).max(RETAIN_BYTES);
        self.retention.max_bytes.is_some_and(|limit| self.written >= enough(limit) || ends && self.written > 0)
    }

    /// Tries until it is stored. False when the program ends first; nothing is lost then, because the checkpoint
    /// did not move either and the lines are read again at the next start.
    fn commit(&mut self, commit: &Commit) -> bool {
        loop {
            match self.writer.commit(commit) {
                Ok(report) => {
                    self.written += report.bytes;
                    self.board.notice("store", None);
                    return true;
                }
                Err(e) => {
                    let text = match e {
                        StoreError::Full { .. } => format!("{e}{WAITS}"),
                        _ => format!("{e}; trying again"),
                    };
                    self.board.notice("store", Some((Level::Error, text)));
                    if self.board.stopping() {
                        return false;
                    }
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    fn other(&mut self, message: WriterMessage) {
        let now = Timestamp::now();
        let result = match message {
            WriterMessage::Diagnosis(diagnosis, reply) => {
                self.writer.put_diagnosis(&diagnosis).map(|id| answer(&reply, id))
            }
            WriterMessage::Turn(of, message, reply) => {
                self.writer.put_turn(of, &message).map(|ids| drop(reply.send(ids)))
            }
            WriterMessage::Summary(id, summary) => self.writer.put_summary(id, &summary),
            WriterMessage::ChangeTalk(ChangeTalk::Rename(id, title)) => self.writer.rename_conversation(id, &title),
            WriterMessage::ChangeTalk(ChangeTalk::Delete(id)) => self.writer.delete_conversation(id),
            WriterMessage::ChangeTalk(ChangeTalk::Choose(id, choice)) => {
                self.writer.choose_for_conversation(id, &choice)
            }
            WriterMessage::Sent(remote, through, reply) => {
                self.writer.ack_outbox(&remote, through).map(|()| answer(&reply, through))
            }
            WriterMessage::Memory(change, reply) => self.writer.put_memory(&change).map(|()| answer(&reply, 0)),
            WriterMessage::Verdict(verdict) => self.writer.put_verdict(&verdict),
            WriterMessage::Told(rows) => rows.iter().try_for_each(|row| self.writer.put_sent_alert(row)),
            WriterMessage::Waits(run) => self.writer.put_pending_run(run, now),
            WriterMessage::StageEnded(incident, kept) => self.writer.put_pending_stage(incident, &kept),
            WriterMessage::WaitsNoMore(incident) => self.writer.drop_pending_run(incident),
            WriterMessage::Models(ModelRow::Answer(key, answer, limit)) => self.writer.put_answer(&key, &answer, limit),
            WriterMessage::Models(ModelRow::Used(key, answer)) => self.writer.used_answer(&key, &answer, now),
            WriterMessage::Models(ModelRow::Sent(call)) => self.writer.put_model_call(&call),
            WriterMessage::Models(ModelRow::Ended(id, end)) => self.writer.end_model_call(id, &end),
            WriterMessage::Keep(Keep::Bookmark { record, note }) => self.writer.put_bookmark(record, note.as_deref()),
            WriterMessage::Keep(Keep::Filter { name, filter }) => self.writer.put_filter(&name, filter.as_deref()),
            WriterMessage::Mark(id, mark) => self.writer.put_template_mark(id, &mark, now),
            WriterMessage::Keep(Keep::State(name, value)) => self.writer.put_state(name, &value),
            WriterMessage::Outputs(_) | WriterMessage::Spans(_) | WriterMessage::Drained | WriterMessage::Stop => {
                Ok(())
            }
        };
        if let Err(e) = result {
            self.board.notice("store", Some((Level::Error, e.to_string())));
        }
    }

    fn retain(&mut self) {
        self.written = 0;
        match self.writer.retain(&self.retention, Timestamp::now()) {
            Ok(report) if report.records > 0 => {
                tracing::info!("retention dropped {} records", report.records);
            }
            Ok(_) => {}
            Err(e) => tracing::warn!("retention: {e}"),
        }
    }
}

/// Takes what else is waiting; waits for more until `until`, because one transaction for many is cheaper, but not when
/// somebody waits for the answer.
fn gather(inbox: &Receiver<WriterMessage>, gathered: &mut Gathered, until: Instant) {
    while !gathered.stop && gathered.records < MAX_RECORDS {
        let wait = if gathered.urgent { Duration::ZERO } else { until.saturating_duration_since(Instant::now()) };
        match inbox.recv_timeout(wait) {
            Ok(message) => gathered.add(message),
            Err(_) => return,
        }
    }
}

/// Who asked may be gone by now; then nobody waits for the number.
fn answer(reply: &SyncSender<u64>, id: u64) {
    if reply.send(id).is_err() {
        tracing::debug!("nobody waits for number {id} any more");
    }
}

impl Gathered {
    fn is_empty(&self) -> bool {
        let Commit { batches, checkpoints, templates, incidents, spans, metrics, markers, lives, state, outbox } =
            &self.commit;
        batches.is_empty()
            && checkpoints.is_empty()
            && templates.is_empty()
            && incidents.is_empty()
            && spans.is_empty()
            && metrics.is_empty()
            && markers.is_empty()
            && lives.is_empty()
            && state.is_empty()
            && outbox.is_empty()
    }

    fn output(&mut self, output: Output) {
        let Output { batch, checkpoints, templates, incidents, to_diagnose, markers, state, lives, forgotten: _ } =
            output;
        self.commit.markers.extend(markers);
        self.commit.state.extend(state);
        self.commit.lives.extend(lives.into_iter().map(|(id, life)| (id, life.name())));
        if !batch.is_empty() {
            self.records += batch.len();
            self.through = RecordId(batch.first.0 + batch.len() as u64 - 1);
            self.commit.batches.push(batch);
        }
        self.checkpoints.extend(checkpoints.into_iter().map(|c| (c.source, c)));
        self.templates.extend(templates.into_iter().map(|t| (t.id, t)));
        self.incidents.extend(incidents.into_iter().map(|i| (i.id, i)));
        self.to_diagnose.extend(to_diagnose);
    }

    /// Nothing more is added: what several outputs said of the same thing goes into the commit once, as it is last.
    fn close(&mut self) {
        self.commit.checkpoints.extend(std::mem::take(&mut self.checkpoints).into_values());
        self.commit.templates.extend(std::mem::take(&mut self.templates).into_values());
        self.commit.incidents.extend(std::mem::take(&mut self.incidents).into_values().map(Arc::unwrap_or_clone));
    }

    fn add(&mut self, message: WriterMessage) {
        match message {
            WriterMessage::Outputs(outputs) => outputs.into_iter().for_each(|output| self.output(output)),
            WriterMessage::Spans(spans) => self.commit.spans.extend(spans),
            WriterMessage::Drained => self.drained = true,
            WriterMessage::Stop => self.stop = true,
            other => {
                self.urgent |= matches!(
                    other,
                    WriterMessage::Diagnosis(..)
                        | WriterMessage::Turn(..)
                        | WriterMessage::Sent(..)
                        | WriterMessage::Memory(..)
                );
                self.others.push(other);
            }
        }
    }
}
