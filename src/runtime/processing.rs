//! The pipeline thread: owns the [`Pipeline`], decides when what it made is handed to the writer, and keeps the
//! board true. Single owner of incidents, so a person's word on one arrives here too.

use super::EngineEvent;
use super::board::{Board, lock};
use super::pipeline::{Output, Pipeline};
use super::writing::WriterMessage;
use aiobs_types::{
    FileIdentity, IncidentId, IncidentState, SourceId, SourceInfo, SourceState, Template, TemplateId, TimelineKind,
    Timestamp,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

/// How long a record that may still grow (a stack trace) is held at the end of its file.
const HOLD: Duration = Duration::from_millis(30);
/// The same for one that has an end of its own which has not come (a JSON object over several lines): programs write
/// such records in pieces.
const HOLD_OPEN: Duration = Duration::from_millis(500);
/// Messages are handled for this long before what they made is handed over, however many wait: a quiet file beside a
/// flood is not to wait for it.
const TURN: Duration = Duration::from_millis(20);
/// The same after a rest: the first lines are what someone waits for.
const FIRST_TURN: Duration = Duration::from_millis(2);
/// How often quiet incidents are looked for when nothing arrives.
const TICK: Duration = Duration::from_secs(30);
/// How soon the writer is asked again when it had no room.
const ASK_AGAIN: Duration = Duration::from_millis(5);
/// Records that may wait here for a busy writer; beyond it the pipeline waits, and the files are the buffer.
const BACKLOG: usize = 8_192;

/// What the pipeline thread is told.
#[derive(Debug)]
pub(crate) enum Message {
    Opened {
        source: SourceId,
        name: String,
        identity: FileIdentity,
        offset: u64,
        size: u64,
    },
    Identity {
        source: SourceId,
        identity: FileIdentity,
    },
    Data {
        source: SourceId,
        offset: u64,
        bytes: Vec<u8>,
        identity: FileIdentity,
    },
    NewFile {
        source: SourceId,
        identity: FileIdentity,
        offset: u64,
        size: u64,
    },
    Preview {
        source: SourceId,
        offset: u64,
        bytes: Vec<u8>,
        fresh: bool,
    },
    PreviewGone {
        source: SourceId,
    },
    Skipped {
        source: SourceId,
        identity: FileIdentity,
        to: u64,
    },
    Older {
        source: SourceId,
        to: u64,
    },
    Home {
        source: SourceId,
    },
    /// The reader has something to tell people.
    Said(String),
    CaughtUp {
        source: SourceId,
    },
    EndOfLine {
        source: SourceId,
    },
    State {
        source: SourceId,
        name: String,
        state: SourceState,
        read: u64,
        size: u64,
    },
    Ended {
        source: SourceId,
    },
    SourcesEnded,
    SetIncidentState(IncidentId, IncidentState),
    /// A person says that an incident is worth an alarm, or noise.
    Rate(IncidentId, bool),
    /// The same of a template.
    RateTemplate(TemplateId, bool),
    /// A person says that a template raises no incident, or does again.
    Mute(TemplateId, bool),
    Note {
        incident: IncidentId,
        kind: TimelineKind,
        text: String,
    },
    /// A diagnosis is stored: what it says about the incident itself.
    Diagnosed {
        incident: IncidentId,
        by: String,
        title: Option<String>,
        criticality: u8,
    },
    /// Answered once everything sent before it shows on the board.
    Flush(SyncSender<()>),
    Stop,
}

/// Everything the thread works with.
pub(crate) struct Processing {
    pub pipeline: Pipeline,
    pub outlet: Outlet,
    /// Takes blocks that were read back to the reader.
    pub spent: SyncSender<Vec<u8>>,
    /// Of which source it was told last that its file ends within a list of records.
    pub torn: Option<SourceId>,
}

/// Where finished records go: to the board at once, to the writer in order. While the writer is busy, small outputs
/// join here, so that a slow disk does not keep new lines from the screen.
pub(crate) struct Outlet {
    board: Arc<Board>,
    writer: SyncSender<WriterMessage>,
    emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    backlog: Vec<Output>,
    waiting: usize,
    /// Sources whose preview ends once what was made is delivered.
    shown: Vec<SourceId>,
}

impl Processing {
    /// Runs until told to stop.
    pub(crate) fn run(mut self, inbox: &Receiver<Message>) {
        let mut held: HashMap<SourceId, Instant> = HashMap::new();
        let mut turn = FIRST_TURN;
        loop {
            let wait = held.values().min().map_or(TICK, |t| t.saturating_duration_since(Instant::now()));
            let wait = if self.outlet.backlog.is_empty() { wait } else { wait.min(ASK_AGAIN) };
            let mut next = match inbox.recv_timeout(wait) {
                Ok(m) => Some(m),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut stop = false;
            // What is held must be let go and handed over also while one source floods the inbox.
            let until = Instant::now() + turn;
            turn = FIRST_TURN;
            while let Some(message) = next {
                stop |= self.handle(message, &mut held);
                if stop || Instant::now() >= until {
                    turn = TURN;
                    break;
                }
                next = inbox.try_recv().ok();
            }
            self.release(&mut held);
            self.hand_over();
            if stop {
                break;
            }
        }
        self.outlet.finish(WriterMessage::Stop);
    }

    /// True when the thread should end.
    fn handle(&mut self, message: Message, held: &mut HashMap<SourceId, Instant>) -> bool {
        let now = Timestamp::now();
        match message {
            Message::Opened { source, name, identity, offset, size } => {
                if let Err(e) = self.pipeline.open(source, &name, identity, offset) {
                    self.outlet.board.notice("format", Some((aiobs_types::Level::Error, format!("{name}: {e}"))));
                }
                let info = SourceInfo { id: source, name, read: offset, size, ..SourceInfo::default() };
                self.source(source, |s| *s = info);
            }
            Message::Identity { source, identity } => self.pipeline.identity(source, identity),
            Message::Data { source, offset, bytes, identity } => {
                held.remove(&source);
                let Self { pipeline, outlet, .. } = self;
                let read = offset + bytes.len() as u64;
                pipeline.data(source, offset, &bytes, identity, now, |output| outlet.deliver(output));
                // When enough are on their way, or reading has ended, this one is not needed.
                let _ = self.spent.try_send(bytes);
                self.source(source, |s| {
                    s.read = read;
                    s.size = s.size.max(read);
                    s.last_seen = Some(now);
                });
            }
            Message::NewFile { source, identity, offset, size } => {
                held.remove(&source);
                self.pipeline.new_file(source, identity, offset, now);
                self.source(source, |s| (s.read, s.size) = (offset, size));
                self.end_preview(source);
            }
            Message::Preview { source, offset, bytes, fresh } => {
                self.preview(source, offset, &bytes, fresh, now);
            }
            Message::PreviewGone { source } => self.end_preview(source),
            Message::Skipped { source, identity, to } => {
                held.remove(&source);
                self.pipeline.skip(source, identity, to, now);
                self.source(source, |s| s.read = to);
            }
            Message::Older { source, to } => {
                held.remove(&source);
                self.pipeline.go_back(source, to, now);
            }
            Message::Home { source } => {
                held.remove(&source);
                self.pipeline.go_home(source, now);
                self.source(source, |_| {});
                self.end_preview(source);
            }
            Message::Said(text) => (self.outlet.emit)(EngineEvent::Notice(text)),
            Message::CaughtUp { source } => {
                if self.pipeline.in_block(source) {
                    held.insert(source, Instant::now() + HOLD_OPEN);
                } else if self.pipeline.expects_more(source) {
                    held.insert(source, Instant::now() + HOLD);
                } else {
                    self.pipeline.caught_up(source, now);
                    self.end_preview(source);
                }
            }
            Message::EndOfLine { source } => self.end_of_line(source, now),
            Message::Ended { source } => {
                self.end_of_line(source, now);
                self.end_preview(source);
                self.source(source, |s| {
                    // Why nothing of it was read is worth more than that it is over.
                    let untold = !matches!(
                        s.state,
                        SourceState::Binary
                            | SourceState::Denied
                            | SourceState::Missing
                            | SourceState::Failed(_)
                            | SourceState::Exited(_)
                    );
                    if untold {
                        s.state = SourceState::Ended;
                    }
                });
            }
            Message::State { source, name, state, read, size } => {
                self.source(source, |s| (s.name, s.state, s.read, s.size) = (name, state, read, size));
            }
            Message::SourcesEnded => {
                self.hand_over();
                self.outlet.finish(WriterMessage::Drained);
            }
            Message::SetIncidentState(id, state) => {
                self.pipeline.set_incident_state(id, state, now);
            }
            Message::Rate(id, useful) => {
                self.pipeline.rate(id, useful, now);
            }
            Message::RateTemplate(id, useful) => {
                self.pipeline.rate_template(id, useful, now);
            }
            Message::Mute(id, on) => self.pipeline.mute(id, on),
            Message::Note { incident, kind, text } => self.pipeline.note(incident, kind, text, now),
            Message::Diagnosed { incident, by, title, criticality } => {
                self.pipeline.diagnosed(incident, &by, title.as_deref(), criticality, now);
            }
            Message::Flush(done) => {
                self.hand_over();
                // Who asked may have given up.
                let _ = done.try_send(());
            }
            Message::Stop => {
                self.pipeline.end_pipes(now);
                return true;
            }
        }
        false
    }

    /// The source's file has come to an end, for now at least: it is told when that is no end.
    fn end_of_line(&mut self, source: SourceId, now: Timestamp) {
        self.pipeline.end_of_line(source, now);
        let board = &self.outlet.board;
        if self.pipeline.is_torn(source) {
            let name = lock(&board.sources).get(&source).map_or_else(String::new, |s| s.name.clone());
            let text = format!("{name} ends in the middle of its list of records; those before it are read");
            self.torn = Some(source);
            board.notice("document", Some((aiobs_types::Level::Warn, text)));
        } else if self.torn == Some(source) {
            self.torn = None;
            board.notice("document", None);
        }
    }

    /// Records that were held long enough are complete.
    fn release(&mut self, held: &mut HashMap<SourceId, Instant>) {
        let now = Instant::now();
        let Self { pipeline, outlet, .. } = self;
        held.retain(|source, until| {
            let wait = *until > now;
            if !wait {
                pipeline.caught_up(*source, Timestamp::now());
                pipeline.end_preview(*source);
                outlet.shown.push(*source);
            }
            wait
        });
    }

    /// Puts lines before the screen that will be read in their turn.
    fn preview(&mut self, source: SourceId, offset: u64, bytes: &[u8], fresh: bool, now: Timestamp) {
        let Outlet { board, emit, .. } = &self.outlet;
        let first = board.live.next_preview(source);
        let batch = self.pipeline.preview(source, offset, bytes, fresh, first, now);
        board.live.preview(source, batch, fresh);
        emit(EngineEvent::Appended);
    }

    /// What was previewed of the source has been read, or is gone.
    fn end_preview(&mut self, source: SourceId) {
        self.pipeline.end_preview(source);
        self.outlet.shown.push(source);
    }

    fn hand_over(&mut self) {
        let output = self.pipeline.take(Timestamp::now());
        if !output.is_empty() {
            self.outlet.deliver(output);
        }
        self.outlet.end_previews();
        self.outlet.pass_on(false);
    }

    fn source(&mut self, source: SourceId, change: impl FnOnce(&mut SourceInfo)) {
        let format = self.pipeline.format(source);
        let skipped = self.pipeline.skipped(source);
        let Outlet { board, emit, .. } = &self.outlet;
        let mut sources = lock(&board.sources);
        let info = sources.entry(source).or_insert_with(|| SourceInfo { id: source, ..SourceInfo::default() });
        let before = info.state.clone();
        change(info);
        if format.is_some() && info.format.as_deref() != format {
            info.format = format.map(str::to_owned);
        }
        if info.skipped != skipped {
            info.skipped = skipped.to_vec();
        }
        let told = (before != info.state).then(|| info.clone());
        drop(sources);
        if let Some(info) = told {
            emit(EngineEvent::Source(info));
        }
        board.touch();
    }
}

impl Outlet {
    pub(crate) fn new(
        board: Arc<Board>,
        writer: SyncSender<WriterMessage>,
        emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    ) -> Self {
        Self { board, writer, emit, backlog: Vec::new(), waiting: 0, shown: Vec::new() }
    }

    /// Shows the output on the board and puts it before the writer.
    fn deliver(&mut self, output: Output) {
        let Self { board, emit, .. } = self;
        if !output.batch.is_empty() {
            count_per_source(board, &output);
            board.live.push(Arc::clone(&output.batch));
            lock(&board.stats).add(&output.batch);
            emit(EngineEvent::Appended);
        }
        publish_templates(board, &output.templates);
        board.learnt(&output.markers, &output.lives);
        if !output.incidents.is_empty() || !output.forgotten.is_empty() {
            let mut all = lock(&board.incidents);
            for id in &output.forgotten {
                all.remove(id);
            }
            all.extend(output.incidents.iter().map(|i| (i.id, Arc::clone(i))));
        }
        let fresh: HashSet<IncidentId> = output.to_diagnose.iter().copied().collect();
        for incident in &output.incidents {
            emit(EngineEvent::Incident { opened: fresh.contains(&incident.id), incident: Arc::clone(incident) });
        }
        board.touch();
        self.waiting += output.batch.len();
        self.backlog.push(output);
        self.pass_on(false);
    }

    /// Takes previews from the screen whose lines are there as records now, or not at all.
    fn end_previews(&mut self) {
        let ended = self.shown.drain(..).filter(|source| self.board.live.end_preview(*source)).count();
        if ended > 0 {
            (self.emit)(EngineEvent::Appended);
        }
    }

    /// Hands the writer what waits for it. With `wait`, or when too much waits, not without its having room: that is the
    /// back-pressure.
    fn pass_on(&mut self, wait: bool) {
        if self.backlog.is_empty() {
            return;
        }
        let message = WriterMessage::Outputs(std::mem::take(&mut self.backlog));
        let refused = if wait || self.waiting >= BACKLOG {
            // The writer is gone only when everything stops.
            let _ = self.writer.send(message);
            None
        } else {
            match self.writer.try_send(message) {
                Err(TrySendError::Full(WriterMessage::Outputs(outputs))) => Some(outputs),
                _ => None,
            }
        };
        match refused {
            Some(outputs) => self.backlog = outputs,
            None => self.waiting = 0,
        }
    }

    /// Hands over everything, then `last`.
    fn finish(&mut self, last: WriterMessage) {
        self.pass_on(true);
        let _ = self.writer.send(last);
    }
}

fn count_per_source(board: &Board, output: &Output) {
    let mut sources = lock(&board.sources);
    let mut run = (SourceId::default(), 0u64);
    for row in output.batch.rows() {
        if row.source == run.0 {
            run.1 += 1;
            continue;
        }
        if let Some(info) = sources.get_mut(&run.0) {
            info.records += run.1;
        }
        run = (row.source, 1);
    }
    if let Some(info) = sources.get_mut(&run.0) {
        info.records += run.1;
    }
}

pub(crate) fn publish_templates(board: &Board, templates: &[Template]) {
    let mut texts = lock(&board.templates);
    for t in templates {
        match texts.get_mut(&t.id) {
            Some(known) => {
                let Template { id: _, text, count, first_seen, last_seen, severity, example } = t;
                if known.text != *text {
                    known.text.clone_from(text);
                }
                (known.count, known.severity, known.example) = (*count, *severity, *example);
                (known.first_seen, known.last_seen) = (*first_seen, *last_seen);
            }
            None => {
                texts.insert(t.id, t.clone());
            }
        }
    }
    lock(&board.stats).totals.templates = texts.len() as u64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity};
    use std::sync::mpsc::sync_channel;

    fn output(first: u64, records: u64) -> Output {
        let mut batch = RecordBatch::new(RecordId(first));
        for offset in first..first + records {
            batch.push(NewRecord {
                time: Timestamp(0),
                observed: Timestamp(0),
                offset,
                source: SourceId(1),
                template: TemplateId(0),
                severity: Severity::INFO,
                flags: 0,
                component: "",
                text: "x",
                message: (0, 1),
            });
        }
        Output { batch: Arc::new(batch), ..Output::default() }
    }

    #[test]
    fn small_outputs_do_not_wait_for_a_busy_writer_and_stay_in_order() {
        let board = Arc::new(Board::new(RecordId(1)));
        let (writer, inbox) = sync_channel(1);
        let mut outlet = Outlet::new(Arc::clone(&board), writer, Arc::new(|_| {}));
        // Nobody takes: the first fills the channel, the others would block.
        (1..=4).for_each(|first| outlet.deliver(output(first, 1)));
        assert_eq!((board.live.next(), outlet.backlog.len()), (RecordId(5), 3), "on the board all the same");
        let writing = std::thread::spawn(move || {
            let mut firsts = Vec::new();
            while let Ok(WriterMessage::Outputs(outputs)) = inbox.recv() {
                firsts.extend(outputs.iter().map(|o| o.batch.first.0));
            }
            firsts
        });
        // Too much for a backlog: waits for the writer.
        outlet.deliver(output(5, BACKLOG as u64));
        assert!(outlet.backlog.is_empty());
        outlet.finish(WriterMessage::Stop);
        assert_eq!(writing.join().ok(), Some(vec![1, 2, 3, 4, 5]));
    }
}
