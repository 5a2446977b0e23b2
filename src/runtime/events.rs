//! What the screen may see of the engine, and what it may ask for. The screen holds a [`Backend`], sends
//! [`Request`]s that never block, reads the latest [`Snapshot`], and gets [`Event`]s. The engine implements it in
//! `runtime`; tests of the screen implement it with fixed data. This file knows neither the engine nor the screen.

mod charts;
mod collect;
mod heat;
mod incident;
mod kept;
mod parts;
mod patterns;
mod sql;
mod stream;
mod talk;
mod topology;

pub use aiobs_types::StageState;
pub use charts::{Charts, Marker, Series};
pub use collect::Collected;
pub use heat::{HeatCell, HeatMap, HeatRequest, HeatRow};
pub use incident::{AlertLine, IncidentDetail, ModelChoice, RunCalls, Similar, Surrounded};
pub use kept::{COLUMNS, HIGHLIGHTS, Keep, Kept, Marked};
pub use parts::{PartCount, PartsAnswer, PartsOf, PartsRequest, WIDTHS};
pub use patterns::{Pattern, PatternDetail, Patterns, SlotValues, TREND, Trend};
pub use sql::{SqlAnswer, SqlState, SqlTable};
pub use stream::{EventReceiver, EventSink};
pub use talk::{Answered, Ask, ChangeTalk, CitedLine, Talk, WholeTalk};
pub use topology::{GraphEdge, GraphNode, RunRow, Topology};

use aiobs_insight::Life;
use aiobs_types::{
    ChatStep, Conversation, Incident, IncidentId, IncidentState, Level, LogQuery, LogRecord, RecordId, SourceInfo,
    TemplateId, TemplateMark, Timestamp, TraceId, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The engine as the screen sees it.
pub trait Backend: Send + Sync {
    /// The latest numbers; cheap, never blocks.
    fn snapshot(&self) -> Arc<Snapshot>;
    /// Asks for something; the answer comes as an [`Event`]. Never blocks.
    fn send(&self, request: Request);
}

/// What the screen may ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A window of log records.
    Logs(LogsRequest),
    /// One record with its fields.
    Record(RecordId),
    /// Everything about one incident.
    Incident(IncidentId),
    /// Series for the charts.
    Charts,
    /// The chain's graph and the spans of one run (the last one when `None`).
    Topology(Option<TraceId>),
    /// A conversation; the latest when `None`.
    Talk(Option<u64>),
    /// What these templates say.
    TemplateTexts(Vec<TemplateId>),
    /// All of a conversation, to be written to a file.
    WholeTalk(u64),
    /// Conversations that hold this text; all when it is empty.
    Talks(String),
    /// Another name for a conversation, or its end.
    ChangeTalk(ChangeTalk),
    /// A person changed an incident's state.
    SetIncidentState(IncidentId, IncidentState),
    /// A person's word on a diagnosis.
    Verdict(Box<Verdict>),
    /// A person says whether an incident is worth an alarm or noise; what is found is ranked by it.
    Rate(IncidentId, bool),
    /// Diagnose again.
    Rerun(IncidentId),
    /// Stop the run of this incident.
    CancelRun(IncidentId),
    /// Ask the assistant.
    Ask(Box<Ask>),
    /// Stop the answer that is streaming.
    CancelAsk,
    /// Show exactly what a model is sent for this incident.
    PromptPreview(IncidentId),
    /// Which models a run could be given to. Asks their servers.
    ModelChoices,
    /// Diagnose this incident again by a model that a person chose.
    RerunBy(IncidentId, Box<ModelChoice>),
    /// Everything about a past incident, to be put beside another one.
    Compare(IncidentId),
    /// The lines around these, which an incident's diagnosis cites.
    Around(IncidentId, Vec<RecordId>),
    /// Run a statement of SQL; it replaces the one that goes on. The number comes back with the answers.
    Sql(u64, String),
    /// Stop the statement that goes on.
    CancelSql,
    /// Records counted in parts.
    Parts(PartsRequest),
    /// All patterns, with their trends.
    Patterns,
    /// What the last lines of one pattern hold; it replaces the one that goes on.
    Pattern(TemplateId),
    /// Warnings and errors of components over time; it replaces the one that goes on.
    Heat(HeatRequest),
    /// What a person says of a pattern: its name, a note, whether it raises incidents.
    MarkPattern(TemplateId, TemplateMark),
    /// A person says whether the lines of a pattern are worth an alarm or noise; what is found is ranked by it.
    RatePattern(TemplateId, bool),
    /// Records all at once, at most the query's limit, by event time or as they came in; it replaces the one that goes on.
    /// The number comes back.
    Collect(u64, LogQuery, bool),
    /// Stop collecting.
    CancelCollect,
    /// Leave out what lies before the end of large files that is shown already.
    LeaveOutOlder,
    /// Read what was left out.
    ReadLeftOut,
    /// Everything a person kept: bookmarks, notes, filters.
    Kept,
    /// Keep or forget something.
    Keep(Keep),
}

/// Where a window of records lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The newest records, and stay there as more arrive.
    Tail,
    /// The oldest records.
    Head,
    /// Around this record, which need not match the query: the nearest match at or after it, else before it.
    At(RecordId),
    /// The n-th match (0 is the oldest), for the scrollbar.
    Rank(u64),
    /// The next match after this record whose text matches `LogsRequest::find`; wraps around.
    FindNext(RecordId),
    /// The one before.
    FindPrevious(RecordId),
    /// The next record after this one with at least this level, within the query.
    LevelNext(RecordId, Level),
    /// The one before.
    LevelPrevious(RecordId, Level),
    /// The record nearest to this event time; in the order of arrival the first one at or after it, else the last.
    Time(Timestamp),
}

/// A window of log records.
#[derive(Clone, Debug, PartialEq)]
pub struct LogsRequest {
    /// Counts up; only the answer to the newest is of interest.
    pub seq: u64,
    /// Which records. Its `order` and `limit` are ignored.
    pub query: LogQuery,
    /// What is searched for with n/N (not a filter).
    pub find: Option<aiobs_types::TextMatch>,
    /// In the order of event time instead of arrival.
    pub by_time: bool,
    /// Where.
    pub anchor: Anchor,
    /// Rows seen at once: what is dated before the first of the last ones came in above the view.
    pub seen: usize,
    /// Rows wanted before the anchor's row.
    pub before: usize,
    /// Rows wanted from the anchor's row on.
    pub after: usize,
}

/// The answer to a [`LogsRequest`]. Several may come for one request while a scan goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogsPage {
    /// Of the request.
    pub seq: u64,
    /// Records in the order asked for.
    pub rows: Vec<LogRecord>,
    /// Index in `rows` of the anchor's record; `None` when nothing matches or the jump found nothing.
    pub focus: Option<usize>,
    /// Number of matches before `rows[0]`, known so far.
    pub rank: u64,
    /// Matches known so far.
    pub total: u64,
    /// Records in the archive.
    pub archive: u64,
    /// Records scanned so far for this query; equals `archive` when done.
    pub scanned: u64,
    /// Whether the scan has ended.
    pub done: bool,
    /// A jump or find found nothing in this direction (and did not move).
    pub not_found: bool,
    /// Lines among `total` that are shown before they are stored; their ids are [`RecordId::is_preview`].
    pub unstored: u64,
    /// The first of them of each source: what lies before it is still being read.
    pub edges: Vec<RecordId>,
    /// Something to tell, such as a bad regular expression.
    pub error: Option<String>,
    /// Matches that arrived since the last window that followed, dated more than a few seconds before the first row seen
    /// then. By event time only.
    pub late: u64,
    /// Matches dated later than any right clock can have written, behind the end that is followed. By event time only.
    pub ahead: u64,
}

/// One record with everything known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDetail {
    /// The record.
    pub record: LogRecord,
    /// Its fields, parsed again from the text by the format in force.
    pub fields: Vec<aiobs_types::Field>,
    /// Name of its source.
    pub source: String,
    /// Name of the format.
    pub format: String,
    /// Text of its template, empty when not mined.
    pub template: String,
    /// Records of that template so far.
    pub template_count: u64,
    /// Incident it is part of.
    pub incident: Option<IncidentId>,
}

/// What the engine tells the screen.
#[derive(Clone, Debug)]
pub enum Event {
    /// [`Backend::snapshot`] has new numbers.
    Snapshot,
    /// New records arrived (for views that follow). Coalesced.
    Appended,
    /// Answer to [`Request::Logs`].
    Logs(LogsPage),
    /// Answer to [`Request::Record`].
    Record(Box<RecordDetail>),
    /// Answer to [`Request::Incident`], also sent again when it changed.
    Incident(Box<IncidentDetail>),
    /// Answer to [`Request::Charts`].
    Charts(Box<Charts>),
    /// Answer to [`Request::Topology`].
    Topology(Box<Topology>),
    /// Answer to [`Request::Talk`].
    Talk(Box<Talk>),
    /// Answer to [`Request::TemplateTexts`]: those that are known.
    TemplateTexts(Vec<(TemplateId, String)>),
    /// Answer to [`Request::WholeTalk`].
    WholeTalk(Box<WholeTalk>),
    /// Answer to [`Request::Talks`], the latest first.
    Talks(Vec<Conversation>),
    /// A look for the answer: of the program's own, or a tool that the model called.
    ChatStep(ChatStep),
    /// More text of the answer.
    ChatDelta(String),
    /// The answer ended (complete, cancelled or failed) and is stored.
    ChatDone(Box<Answered>),
    /// Text streaming from a stage of a run.
    StageText {
        /// The incident.
        incident: IncidentId,
        /// Name of the stage.
        stage: &'static str,
        /// More text.
        text: String,
    },
    /// Answer to [`Request::PromptPreview`].
    PromptPreview(IncidentId, String),
    /// Answer to [`Request::ModelChoices`], or why there is none.
    ModelChoices(Result<Vec<ModelChoice>, String>),
    /// Answer to [`Request::Compare`].
    Compared(Box<IncidentDetail>),
    /// Answer to [`Request::Around`].
    Around(IncidentId, Vec<Surrounded>),
    /// Answer to [`Request::Sql`]: how far it is, then its end.
    Sql(SqlAnswer),
    /// Answer to [`Request::Parts`].
    Parts(Box<PartsAnswer>),
    /// Answer to [`Request::Patterns`].
    Patterns(Box<Patterns>),
    /// Answer to [`Request::Pattern`].
    Pattern(Box<PatternDetail>),
    /// Answer to [`Request::Heat`].
    Heat(Box<HeatMap>),
    /// Answer to [`Request::Collect`]: how far it is, then its end.
    Collected(u64, Collected),
    /// Answer to [`Request::Kept`].
    Kept(Box<Kept>),
    /// Something for which the terminal is to call whoever is near.
    Attention(String),
    /// Something to tell in the footer.
    Toast(Toast),
}

/// A short message in the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// `Info`, `Warn` or `Error`.
    pub level: Level,
    /// One line.
    pub text: String,
}

/// The numbers of this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// When the program started, wall time.
    pub started: Timestamp,
    /// When this was taken, wall time.
    pub taken: Timestamp,
    /// Counters since the archive began.
    pub totals: Totals,
    /// Records per second over the last seconds, wall time.
    pub per_second: f64,
    /// Rates over the last 30 minutes of event time.
    pub rates: Rates,
    /// Busiest and worst components first.
    pub components: Vec<ComponentRow>,
    /// Most frequent error templates first.
    pub top_errors: Vec<PatternRow>,
    /// Sources in the order they were named.
    pub sources: Vec<SourceRow>,
    /// The latest markers: deployments, restarts, changes of the configuration, new versions.
    pub markers: Vec<aiobs_types::Marker>,
    /// Incidents: active ones first (worst first), then the rest, newest first.
    pub incidents: Vec<Arc<Incident>>,
    /// The model.
    pub model: ModelState,
    /// The agent chain.
    pub chain: ChainState,
    /// Things that stay wrong until they are not: disk full, read-only, broken theme file.
    pub notices: Vec<Toast>,
    /// What can be found by meaning.
    pub memory: MemoryState,
    /// Other machines that something is sent to (spans, alerts, texts to embed, vectors), beside the model's.
    pub remotes: Vec<String>,
    /// Bytes of the archive on disk and of the text it stands for.
    pub archive_bytes: u64,
    /// Bytes of log text archived.
    pub raw_bytes: u64,
    /// What the screen is looking at: `demo`, or the data directory.
    pub place: String,
    /// Events the engine dropped because the screen was slow.
    pub dropped_events: u64,
}

/// Counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Records of level error and fatal.
    pub errors: u64,
    /// Records of level warn.
    pub warnings: u64,
    /// Templates.
    pub templates: u64,
    /// Templates first seen since the program started (after warm-up).
    pub new_templates: u64,
    /// Event time of the first record.
    pub first: Option<Timestamp>,
    /// Event time of the last record.
    pub last: Option<Timestamp>,
}

/// Counts per bucket of event time, oldest first, all of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Seconds per bucket.
    pub bucket_secs: u32,
    /// Event time of the end of the last bucket.
    pub end: Timestamp,
    /// All records.
    pub all: Vec<u32>,
    /// Level warn.
    pub warn: Vec<u32>,
    /// Level error and fatal.
    pub error: Vec<u32>,
}

/// One component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentRow {
    /// Name.
    pub name: String,
    /// Records per second over the last minute of event time.
    pub per_second: f64,
    /// Errors in the last minute of event time.
    pub errors_per_min: u32,
    /// Worst level of the last minutes.
    pub worst: Level,
    /// Errors per bucket (of [`Rates`]), oldest first.
    pub trend: Vec<u32>,
}

/// One error template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatternRow {
    /// Which.
    pub template: TemplateId,
    /// Its text.
    pub text: String,
    /// Records.
    pub count: u64,
    /// Share of all error records, 0 to 1.
    pub share: f64,
    /// Event time.
    pub first_seen: Timestamp,
    /// Worst severity.
    pub level: Level,
    /// Where it stands in its life.
    pub life: Life,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceRow {
    /// The source.
    pub info: SourceInfo,
    /// Records per second over the last seconds, wall time.
    pub per_second: f64,
    /// Seconds until what is unread now will be read, while much is; `None` while unknown.
    pub left: Option<f64>,
}

/// The model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelState {
    /// Not asked yet.
    #[default]
    Checking,
    /// Answers.
    Ready {
        /// Provider, such as `ollama`.
        provider: String,
        /// Model.
        model: String,
        /// Whether it runs on this machine.
        local: bool,
    },
    /// Does not answer; playbooks do.
    Offline {
        /// What is wrong and what to do, one line.
        reason: String,
    },
    /// Switched off by the user.
    Disabled,
}

/// What can be found by meaning, and how far that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    /// Different texts.
    pub texts: u64,
    /// Of those, with a vector of the model.
    pub embedded: u64,
    /// The embedding model.
    pub model: String,
    /// Files of the knowledge folders.
    pub files: u64,
}

/// One stage of the run that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageRow {
    /// `Context`, `Diagnosis`, `Fixer`, `Reporter`.
    pub name: &'static str,
    /// State.
    pub state: StageState,
    /// When it began, wall time.
    pub started: Option<Timestamp>,
    /// When it ended, wall time.
    pub ended: Option<Timestamp>,
    /// Tries so far.
    pub attempts: u32,
}

/// The agent chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainState {
    /// The incident whose run goes on.
    pub running: Option<IncidentId>,
    /// Its stages in order; the last run's when none goes on.
    pub stages: Vec<StageRow>,
    /// What its calls of models took so far.
    pub calls: RunCalls,
    /// Incidents that wait.
    pub queued: usize,
    /// The first of them in the order of their turn.
    pub waiting: Vec<IncidentId>,
    /// Incidents that gather evidence first, and when their diagnosis begins by itself, wall time.
    pub gathering: BTreeMap<IncidentId, Timestamp>,
    /// Runs finished since start.
    pub finished: u64,
}
