//! Bytes to anomalies, for all sources, on one thread and without I/O: framing, parsing, joining of stack traces,
//! mining, detection, incidents. What it made since the last [`Pipeline::take`] belongs together: the caller stores
//! it in one transaction. It knows neither the database nor the screen nor the files.

#[cfg(test)]
mod cardinality_tests;
mod core;
mod envelope;
mod handed;
#[cfg(test)]
mod learnt_tests;
mod mute;
mod name;
mod older;
#[cfg(test)]
mod older_tests;
mod preview;
mod rating;
mod recall;
#[cfg(test)]
mod recall_tests;
mod source;
#[cfg(test)]
mod tests;
mod trends;

use self::core::Core;
use self::name::{stem, stream_format};
use self::preview::Preview;
pub use self::rating::{LESSONS, lessons};
use self::source::{Pending, SourceState};
use aiobs_insight::Life;
use aiobs_logs::detect::classify::Lesson;
use aiobs_logs::detect::{DetectConfig, Lore};
use aiobs_logs::format::{FormatSet, SourceParser, ZoneRule};
use aiobs_logs::frame::{Assembler, BlockJoiner, Line, Unwrapper};
use aiobs_logs::incident::BookOptions;
use aiobs_logs::source::CursorTracker;
use aiobs_types::{
    Checkpoint, FileIdentity, Incident, IncidentId, IncidentState, Marker, RecordBatch, RecordId, SourceId, Template,
    TemplateId, TimelineKind, Timestamp,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Records per batch at most.
const BATCH_RECORDS: usize = 8_192;
/// Bytes of text per batch, about.
const BATCH_BYTES: usize = 1 << 20;

/// What a pipeline starts from: what the archive holds, and the rules.
pub struct PipelineSetup {
    /// Formats, built in and the user's.
    pub formats: Arc<FormatSet>,
    /// Zone of lines that name none.
    pub zone: ZoneRule,
    /// Format forced for sources whose name matches, in order.
    pub forced: Vec<(globset::GlobMatcher, String)>,
    /// Rules of detection.
    pub detect: DetectConfig,
    /// Who knows faults that no rule of detection does.
    pub lore: Option<Box<dyn Lore>>,
    /// Rules of incidents.
    pub incidents: BookOptions,
    /// Templates known.
    pub templates: Vec<Template>,
    /// Incidents known.
    pub known_incidents: Vec<Incident>,
    /// Next incident's number.
    pub next_incident: IncidentId,
    /// Next record's number.
    pub next_record: RecordId,
    /// How far each source is stored.
    pub checkpoints: Vec<Checkpoint>,
    /// People's verdicts on what was found.
    pub lessons: Vec<Lesson>,
    /// What detectors learnt: blobs by name.
    pub state: Vec<(String, Vec<u8>)>,
    /// The latest markers, oldest first.
    pub markers: Vec<Marker>,
}

/// Everything that came out since the last [`Pipeline::take`].
#[derive(Debug, Default)]
pub struct Output {
    /// The records; may be empty.
    pub batch: Arc<RecordBatch>,
    /// How far each source that moved is covered by `batch` and what went before.
    pub checkpoints: Vec<Checkpoint>,
    /// Templates that changed.
    pub templates: Vec<Template>,
    /// Incidents that changed.
    pub incidents: Vec<Arc<Incident>>,
    /// Incidents that were opened or reopened, to be diagnosed.
    pub to_diagnose: Vec<IncidentId>,
    /// Incidents that left memory to make room; the archive has them.
    pub forgotten: Vec<IncidentId>,
    /// Markers found.
    pub markers: Vec<Marker>,
    /// What detectors learnt: blobs by name, an empty one for what is to be forgotten.
    pub state: Vec<(String, Vec<u8>)>,
    /// Templates that stand elsewhere in their life than was told before.
    pub lives: Vec<(TemplateId, Life)>,
}

impl Output {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        let nothing_read = self.batch.is_empty() && self.checkpoints.is_empty() && self.templates.is_empty();
        let nothing_learnt = self.markers.is_empty() && self.state.is_empty() && self.lives.is_empty();
        nothing_read && nothing_learnt && self.incidents.is_empty()
    }
}

struct SourcePipe {
    framer: Unwrapper,
    blocks: BlockJoiner,
    state: SourceState,
}

/// See the module.
pub struct Pipeline {
    formats: Arc<FormatSet>,
    zone: ZoneRule,
    forced: Vec<(globset::GlobMatcher, String)>,
    known: HashMap<SourceId, Checkpoint>,
    pipes: HashMap<SourceId, SourcePipe>,
    previews: HashMap<SourceId, Preview>,
    core: Core,
}

impl Pipeline {
    /// Builds it; fails on bad rules (which the configuration has checked before).
    pub fn new(mut setup: PipelineSetup) -> anyhow::Result<Self> {
        Ok(Self {
            formats: Arc::clone(&setup.formats),
            zone: setup.zone.clone(),
            forced: std::mem::take(&mut setup.forced),
            known: std::mem::take(&mut setup.checkpoints).into_iter().map(|c| (c.source, c)).collect(),
            pipes: HashMap::new(),
            previews: HashMap::new(),
            core: Core::new(setup)?,
        })
    }

    /// A source begins (or goes on) at `offset` of the file `identity`.
    pub fn open(&mut self, source: SourceId, name: &str, identity: FileIdentity, offset: u64) -> anyhow::Result<()> {
        self.core.trends.name(source, name);
        let known = self.known.get(&source);
        let mut state = self.source_state(source, name, known.and_then(|c| c.format.as_deref()))?;
        if let Some(known) = known {
            let same = known.identity.head_hash == identity.head_hash && known.offset == offset;
            state.checkpoint = Checkpoint { name: name.to_owned(), ..known.clone() };
            state.checkpoint.skipped.retain(|_| same);
        }
        (state.checkpoint.identity, state.checkpoint.offset) = (identity, offset);
        if let (Some(first), Some(last)) = (state.checkpoint.first_time, state.checkpoint.last_time) {
            self.core.detectors.restore_source(source, state.checkpoint.records, first, last);
        }
        self.pipes.insert(source, SourcePipe { framer: Unwrapper::new(), blocks: BlockJoiner::new(), state });
        Ok(())
    }

    /// The state of a source of which nothing was read yet, but whose format may be known.
    fn source_state(&self, source: SourceId, name: &str, resumed: Option<&str>) -> anyhow::Result<SourceState> {
        let forced = self.forced.iter().find(|(glob, _)| glob.is_match(name)).map(|(_, f)| f.as_str());
        let forced = forced.or(stream_format(name));
        let parser = SourceParser::new(Arc::clone(&self.formats), self.zone.clone(), forced, resumed)?;
        let cursor = self.known.get(&source).and_then(|c| c.cursor.as_deref());
        let format = resumed.map(str::to_owned);
        Ok(SourceState {
            checkpoint: Checkpoint { source, name: name.to_owned(), format, ..Checkpoint::default() },
            fallback: stem(name),
            parser,
            assembler: Assembler::default(),
            pending: Pending::default(),
            moved: true,
            tracker: CursorTracker::for_source(name, cursor),
            older: None,
        })
    }

    /// Bytes at `offset`, following the last ones. Calls `full` when a batch is worth storing.
    pub fn data(
        &mut self,
        source: SourceId,
        offset: u64,
        bytes: &[u8],
        identity: FileIdentity,
        now: Timestamp,
        mut full: impl FnMut(Output),
    ) {
        let Self { pipes, core, .. } = self;
        for pipe in pipes.values_mut().filter(|p| p.state.checkpoint.source != source) {
            core.carried.extend(pipe.state.checkpoint());
        }
        let Some(SourcePipe { framer, blocks, state }) = pipes.get_mut(&source) else { return };
        state.checkpoint.identity = identity;
        let mut take = |line: Line<'_>| {
            core.line(state, line, now);
            if core.batch.len() >= BATCH_RECORDS || core.batch.text_bytes() >= BATCH_BYTES {
                let checkpoint = state.checkpoint();
                core.book_tick(now);
                full(core.take(checkpoint, now));
            }
        };
        framer.push(offset, bytes, |line| blocks.push(line, &mut take));
    }

    /// The head of the file grew; its fingerprint covers more.
    pub fn identity(&mut self, source: SourceId, identity: FileIdentity) {
        if let Some(pipe) = self.pipes.get_mut(&source) {
            pipe.state.checkpoint.identity = identity;
            pipe.state.moved = true;
        }
    }

    /// Whether the source's last record may still grow, so that [`Pipeline::caught_up`] should wait a little.
    pub fn expects_more(&self, source: SourceId) -> bool {
        self.pipes.get(&source).is_some_and(|p| p.state.pending.open && p.state.assembler.expects_more())
    }

    /// Whether lines are held because their record (a JSON object over several lines, say) has not ended yet.
    pub fn in_block(&self, source: SourceId) -> bool {
        self.pipes.get(&source).is_some_and(|p| p.blocks.is_open() || p.framer.holds_lines())
    }

    /// Whether a list of records in JSON has begun in the source's file and not ended.
    pub fn is_torn(&self, source: SourceId) -> bool {
        self.pipes.get(&source).is_some_and(|p| p.framer.is_open())
    }

    /// Nothing more for now: the last record is complete. A line without its newline stays held.
    pub fn caught_up(&mut self, source: SourceId, now: Timestamp) {
        let Self { pipes, core, .. } = self;
        if let Some(SourcePipe { framer, blocks, state }) = pipes.get_mut(&source) {
            framer.let_lines_go(|line| blocks.push(line, |line| core.line(state, line, now)));
            blocks.flush(|line| core.line(state, line, now));
            core.finish(state, now);
        }
    }

    /// The rest without a newline has waited long enough, or its file has ended: it is a line.
    pub fn end_of_line(&mut self, source: SourceId, now: Timestamp) {
        let Self { pipes, core, .. } = self;
        if let Some(SourcePipe { framer, blocks, state }) = pipes.get_mut(&source) {
            framer.finish(|line| blocks.push(line, |line| core.line(state, line, now)));
            blocks.flush(|line| core.line(state, line, now));
            core.finish(state, now);
        }
    }

    /// Ends the last line and record of the sources that can't be read again, such as standard input. Files are read
    /// again from their checkpoint, and what goes on there is not torn.
    pub fn end_pipes(&mut self, now: Timestamp) {
        let is_pipe = |p: &SourcePipe| p.state.checkpoint.identity == FileIdentity::default();
        let pipes: Vec<SourceId> = self.pipes.iter().filter(|(_, p)| is_pipe(p)).map(|(id, _)| *id).collect();
        for source in pipes {
            self.end_of_line(source, now);
        }
        self.core.ending = true;
    }

    /// Another file takes the source's place, from `offset` on; the old one is read to its end.
    pub fn new_file(&mut self, source: SourceId, identity: FileIdentity, offset: u64, now: Timestamp) {
        self.go_home(source, now);
        self.end_of_line(source, now);
        if let Some(pipe) = self.pipes.get_mut(&source) {
            self.core.recall.forget(source);
            pipe.framer = Unwrapper::new();
            pipe.state.parser.restart();
            pipe.state.assembler = Assembler::default();
            pipe.state.checkpoint.turn_to(identity, offset);
            pipe.state.moved = true;
        }
    }

    /// Everything since the last call, to be stored in one transaction.
    pub fn take(&mut self, now: Timestamp) -> Output {
        let checkpoints: Vec<Checkpoint> = self.pipes.values_mut().filter_map(|p| p.state.checkpoint()).collect();
        self.core.book_tick(now);
        self.core.take(checkpoints, now)
    }

    /// Records waiting for [`Pipeline::take`].
    pub fn waiting(&self) -> usize {
        self.core.batch.len()
    }

    /// Name of the format in force.
    pub fn format(&self, source: SourceId) -> Option<&str> {
        self.pipes.get(&source).map(|p| p.state.parser.format_name())
    }

    /// A person changed an incident's state.
    pub fn set_incident_state(&mut self, id: IncidentId, state: IncidentState, at: Timestamp) -> bool {
        self.core.book.set_state(id, state, at)
    }

    /// Adds a line to an incident's history.
    pub fn note(&mut self, id: IncidentId, kind: TimelineKind, text: String, at: Timestamp) {
        self.core.book.note(id, kind, text, at);
    }

    /// A diagnosis gave the incident a criticality and perhaps a better title.
    pub fn diagnosed(&mut self, id: IncidentId, by: &str, title: Option<&str>, criticality: u8, at: Timestamp) {
        let book = &mut self.core.book;
        let text = title.map_or_else(|| format!("diagnosed by {by}"), |t| format!("diagnosed by {by}: {t}"));
        book.note(id, TimelineKind::Diagnosed, text, at);
        book.set_criticality(id, criticality);
        if let Some(title) = title {
            book.set_title(id, title);
        }
    }

    /// The incidents held, changed or not.
    pub fn incidents(&self) -> Vec<Incident> {
        self.core.book.iter().cloned().collect()
    }

    /// One incident.
    pub fn incident(&self, id: IncidentId) -> Option<Incident> {
        self.core.book.get(id).cloned()
    }

    /// Templates known.
    pub fn template_count(&self) -> usize {
        self.core.miner.len()
    }
}
