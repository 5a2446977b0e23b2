//! Bytes to anomalies, for all sources, on one thread and without I/O: framing, parsing, joining of stack traces,
//! mining, detection, incidents. What it made since the last [`Pipeline::take`] belongs together: the caller stores
//! it in one transaction. It knows neither the database nor the screen nor the files.

#[cfg(test)]
mod cardinality_tests;
mod envelope;
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

use self::envelope::slice;
use self::mute::Muted;
use self::name::{stem, stream_format};
use self::preview::Preview;
pub use self::rating::{LESSONS, lessons};
use self::recall::{Recall, Recalled};
use self::source::{Begins, FUTURE, Pending, SourceState, Whole};
use self::trends::Trends;
use aiobs_insight::Life;
use aiobs_logs::detect::classify::Lesson;
use aiobs_logs::detect::{DetectConfig, Detectors, Lore, RecordContext};
use aiobs_logs::format::{FormatSet, SourceParser, ZoneRule};
use aiobs_logs::frame::{Assembler, BlockJoiner, Line, Unwrapper};
use aiobs_logs::incident::{BookOptions, IncidentBook};
use aiobs_logs::source::CursorTracker;
use aiobs_logs::template::{Miner, MinerOptions};
use aiobs_types::{
    Anomaly, Checkpoint, FileIdentity, Incident, IncidentId, IncidentState, Marker, NewRecord, RecordBatch, RecordId,
    Severity, SourceId, Template, TemplateId, TimelineKind, Timestamp, flags,
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

/// The parts all sources share.
struct Core {
    recall: Recall,
    miner: Miner,
    detectors: Detectors,
    book: IncidentBook,
    trends: Trends,
    muted: Muted,
    /// Nothing comes after the next output.
    ending: bool,
    batch: RecordBatch,
    to_diagnose: Vec<IncidentId>,
    /// Newest event time, and the wall time at which it came.
    newest: Timestamp,
    newest_at: Timestamp,
    /// Checkpoints of other sources whose records are in `batch`: they must go into the same transaction.
    carried: Vec<Checkpoint>,
    /// Blobs to be stored.
    state: Vec<(String, Vec<u8>)>,
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
    pub fn new(setup: PipelineSetup) -> anyhow::Result<Self> {
        let mut miner = Miner::new(MinerOptions::default());
        miner.restore(setup.templates);
        let mut detectors = Detectors::new(&setup.detect)?;
        if let Some(lore) = setup.lore {
            detectors.set_lore(lore);
        }
        if let Some(classifier) = detectors.scales().classifier().filter(|_| !setup.lessons.is_empty()) {
            classifier.restore(setup.lessons);
        }
        Ok(Self {
            formats: setup.formats,
            zone: setup.zone,
            forced: setup.forced,
            known: setup.checkpoints.into_iter().map(|c| (c.source, c)).collect(),
            pipes: HashMap::new(),
            previews: HashMap::new(),
            core: Core {
                recall: Recall::default(),
                miner,
                detectors,
                book: IncidentBook::new(setup.incidents, setup.known_incidents, setup.next_incident),
                trends: Trends::new(&setup.detect, setup.state, setup.markers)?,
                muted: Muted::default(),
                ending: false,
                batch: RecordBatch::new(setup.next_record),
                to_diagnose: Vec::new(),
                newest: Timestamp(i64::MIN),
                newest_at: Timestamp(i64::MIN),
                carried: Vec::new(),
                state: Vec::new(),
            },
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

impl Core {
    /// One line: the beginning of a record, or the continuation of the pending one.
    fn line(&mut self, state: &mut SourceState, line: Line<'_>, now: Timestamp) {
        let source = state.checkpoint.source;
        // A piece of a line goes on with the next, whatever that looks like.
        let alone = !(state.pending.open && state.pending.partial);
        let known = self.recall.recall(source, line.text, &mut state.parser, &mut self.detectors, now);
        if let Some(Recalled { parsed, opening, known }) = known.filter(|_| alone) {
            state.assembler.open(opening, parsed.severity, line.text.len());
            self.finish(state, now);
            state.begin(&line, parsed, slice(line.text, parsed.component));
            state.pending.met = Some(known);
            return;
        }
        let Some(Begins { outer, parsed, component }) = state.join(&line, now) else { return };
        let lesson = self.recall.lesson(source, line.text, &outer, &state.parser, state.assembler.opening());
        self.finish(state, now);
        state.begin_read(&line, &outer, parsed, component.as_deref());
        state.pending.lesson = lesson;
    }

    /// The pending record is complete: mine, detect, append.
    fn finish(&mut self, state: &mut SourceState, now: Timestamp) {
        let Some(Whole { time, flags: mut bits, message }) = state.complete(now) else { return };
        let believed = time <= now.plus(FUTURE);
        self.advance(time, now);
        let pending = &mut state.pending;
        let severity = pending.parsed.severity;
        let id = RecordId(self.batch.first.0 + self.batch.len() as u64);
        let head = slice(&pending.text, pending.parsed.message);
        let mined = match pending.met {
            Some(met) => self.miner.observe_again(met.statement, time, severity),
            None => self.miner.observe(head, time, severity, id),
        };
        let whole = bits & flags::MULTILINE == 0;
        if let Some(lesson) = pending.lesson.take().filter(|_| whole) {
            self.recall.learn(lesson, mined.statement);
        }
        if mined.new {
            bits |= flags::NEW_TEMPLATE;
        }
        self.batch.push(NewRecord {
            time,
            observed: now,
            offset: pending.offset,
            source: state.checkpoint.source,
            template: mined.id,
            severity,
            flags: bits,
            component: &pending.component,
            text: &pending.text,
            message,
        });
        let at = self.batch.len() - 1;
        let met = pending.met.filter(|_| whole);
        if met.is_none_or(|met| !met.plain) {
            self.trends.watch(at);
        }
        let verdict = met.and_then(|met| met.verdict);
        if self.detectors.passes((state.checkpoint.source, mined.id), time, severity, verdict) {
            return;
        }
        let ctx = RecordContext {
            view: self.batch.view(at),
            source_name: &state.checkpoint.name,
            template_new: mined.new,
            verdict,
        };
        let miner = &self.miner;
        let book = &self.book;
        // What a wrong clock puts into the future happened by now, else its incident would never end.
        let happened = if believed { time } else { now };
        let found = self.detectors.judge(&ctx, || miner.text(mined.id), |f| book.counts_on(f, happened));
        let Some(anomaly) = found.map(|a| Anomaly { time: happened, ..a }) else { return };
        if self.muted.hides(mined.id, anomaly.severity) {
            return;
        }
        // A line that states no level takes the one the detectors gave it, so that filters and jumps find it.
        let shown = if severity == Severity::UNSET { anomaly.severity } else { severity };
        self.batch.mark(at, if anomaly.alarm { flags::ANOMALY } else { 0 }, shown);
        let applied = self.book.apply(&anomaly);
        self.book.witness(&applied, &anomaly, Some(&self.batch.view(at)));
        self.trends.strike(&anomaly, &applied);
        let flaps = self.book.get(applied.incident).is_some_and(|i| i.flapping > 0);
        if (applied.opened || applied.reopened) && !applied.muted && !flaps {
            self.to_diagnose.push(applied.incident);
        }
    }

    /// Event time goes on. A record from the far future is one with a wrong clock: it must not end every incident.
    fn advance(&mut self, time: Timestamp, now: Timestamp) {
        if time > self.newest && time <= now.plus(FUTURE) {
            self.newest = time;
            self.newest_at = now;
        }
    }

    /// Looks for quiet incidents. While no records come, event time goes on as fast as the clock on the wall.
    fn book_tick(&mut self, now: Timestamp) {
        if self.newest.0 != i64::MIN {
            // A clock that was set back tells nothing of how long that was ago: it counts from here.
            self.newest_at = self.newest_at.min(now);
            let waited = now.since(self.newest_at).max(0);
            self.book.tick(self.newest.plus(waited));
        }
    }

    fn take(&mut self, moved: impl IntoIterator<Item = Checkpoint>, now: Timestamp) -> Output {
        let mut checkpoints = std::mem::take(&mut self.carried);
        checkpoints.extend(moved);
        for (incident, record) in self.trends.look(&self.batch, &self.miner, &self.muted, &mut self.book) {
            self.to_diagnose.push(incident);
            if let Some(i) = record.0.checked_sub(self.batch.first.0).filter(|i| *i < self.batch.len() as u64) {
                let severity = self.batch.rows()[i as usize].severity;
                self.batch.mark(i as usize, flags::ANOMALY, severity);
            }
        }
        self.book.relate();
        let templates = self.miner.take_changed();
        self.trends.merged(&templates, &self.miner);
        self.carry_mutes(&templates);
        let learnt = self.trends.take(now, std::mem::take(&mut self.ending));
        let next = RecordId(self.batch.first.0 + self.batch.len() as u64);
        // About as much again is to come; a little more spares moving all of it.
        let bytes = self.batch.text_bytes() / 8 * 9;
        let fresh = RecordBatch::with_capacity(next, self.batch.len().max(64), bytes.max(4096));
        Output {
            batch: Arc::new(std::mem::replace(&mut self.batch, fresh)),
            checkpoints,
            templates,
            incidents: self.book.take_changed(),
            to_diagnose: std::mem::take(&mut self.to_diagnose),
            forgotten: self.book.take_forgotten(),
            markers: learnt.markers,
            state: std::mem::take(&mut self.state).into_iter().chain(learnt.state).collect(),
            lives: learnt.lives,
        }
    }
}
