//! The pipeline thread: owns the [`Pipeline`], decides when what it made is handed to the writer, and keeps the
//! board true. Single owner of incidents, so a person's word on one arrives here too.

use super::EngineEvent;
use super::board::lock;
use super::outlet::Outlet;
use super::pipeline::Pipeline;
use super::writing::WriterMessage;
use aiobs_types::{
    FileIdentity, IncidentId, IncidentState, SourceId, SourceInfo, SourceState, TemplateId, TimelineKind, Timestamp,
};
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
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

impl Processing {
    /// Runs until told to stop.
    pub(crate) fn run(mut self, inbox: &Receiver<Message>) {
        let mut held: HashMap<SourceId, Instant> = HashMap::new();
        let mut turn = FIRST_TURN;
        loop {
            let wait = held.values().min().map_or(TICK, |t| t.saturating_duration_since(Instant::now()));
            let wait = if self.outlet.is_idle() { wait } else { wait.min(ASK_AGAIN) };
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
                outlet.preview_ends(*source);
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
        self.outlet.preview_ends(source);
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
