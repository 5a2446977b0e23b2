//! The way of one line once it was read, the same for all sources: what is known of its shape, mining, detection, the
//! incident it belongs to, and its place in the batch. Used by the pipeline, which knows the sources.

use super::envelope::slice;
use super::handed::HandedOut;
use super::mute::Muted;
use super::recall::{Recall, Recalled};
use super::source::{Begins, FUTURE, SourceState, Whole};
use super::trends::Trends;
use super::{Output, PipelineSetup};
use aiobs_logs::detect::{Detectors, RecordContext};
use aiobs_logs::frame::Line;
use aiobs_logs::incident::IncidentBook;
use aiobs_logs::template::{Miner, MinerOptions};
use aiobs_types::{Anomaly, Checkpoint, IncidentId, NewRecord, RecordBatch, RecordId, Severity, Timestamp, flags};

/// The parts all sources share.
pub(super) struct Core {
    pub(super) recall: Recall,
    pub(super) miner: Miner,
    pub(super) detectors: Detectors,
    pub(super) book: IncidentBook,
    pub(super) trends: Trends,
    pub(super) muted: Muted,
    /// Nothing comes after the next output.
    pub(super) ending: bool,
    pub(super) batch: RecordBatch,
    pub(super) handed_out: HandedOut,
    pub(super) to_diagnose: Vec<IncidentId>,
    /// Newest event time, and the wall time at which it came.
    pub(super) newest: Timestamp,
    pub(super) newest_at: Timestamp,
    /// Checkpoints of other sources whose records are in `batch`: they must go into the same transaction.
    pub(super) carried: Vec<Checkpoint>,
    /// Blobs to be stored.
    pub(super) state: Vec<(String, Vec<u8>)>,
}

impl Core {
    /// Takes up what an earlier run learnt. Fails on bad rules.
    pub(super) fn new(setup: PipelineSetup) -> anyhow::Result<Self> {
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
            recall: Recall::default(),
            miner,
            detectors,
            book: IncidentBook::new(setup.incidents, setup.known_incidents, setup.next_incident),
            trends: Trends::new(&setup.detect, setup.state, setup.markers)?,
            muted: Muted::default(),
            ending: false,
            batch: RecordBatch::new(setup.next_record),
            handed_out: HandedOut::default(),
            to_diagnose: Vec::new(),
            newest: Timestamp(i64::MIN),
            newest_at: Timestamp(i64::MIN),
            carried: Vec::new(),
            state: Vec::new(),
        })
    }

    /// One line: the beginning of a record, or the continuation of the pending one.
    pub(super) fn line(&mut self, state: &mut SourceState, line: Line<'_>, now: Timestamp) {
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
    pub(super) fn finish(&mut self, state: &mut SourceState, now: Timestamp) {
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
        self.batch.shape(met.map_or(0, |met| met.shape));
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
    pub(super) fn advance(&mut self, time: Timestamp, now: Timestamp) {
        if time > self.newest && time <= now.plus(FUTURE) {
            self.newest = time;
            self.newest_at = now;
        }
    }

    /// Looks for quiet incidents. While no records come, event time goes on as fast as the clock on the wall.
    pub(super) fn book_tick(&mut self, now: Timestamp) {
        if self.newest.0 != i64::MIN {
            // A clock that was set back tells nothing of how long that was ago: it counts from here.
            self.newest_at = self.newest_at.min(now);
            let waited = now.since(self.newest_at).max(0);
            self.book.tick(self.newest.plus(waited));
        }
    }

    pub(super) fn take(&mut self, moved: impl IntoIterator<Item = Checkpoint>, now: Timestamp) -> Output {
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
        Output {
            batch: self.handed_out.give(&mut self.batch, next),
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
