//! What is found over many records and not in one: unusual rates, markers, and what incidents began after. The pipeline
//! shows it each finished batch before it is handed out. It knows detectors and the book, neither store nor screen.

use super::mute::Muted;
use aiobs_insight::Life;
use aiobs_logs::detect::{
    DetectConfig, Finding, RateBook, RateOptions, Requests, Sequences, Subject, Thresholds, Values, What,
};
use aiobs_logs::incident::{Applied, IncidentBook};
use aiobs_logs::marker::MarkerFinder;
use aiobs_logs::template::Miner;
use aiobs_types::{
    Anomaly, Fingerprint, IncidentId, Marker, RecordBatch, RecordId, SourceId, Template, TemplateId, Timestamp,
};
use std::collections::{HashMap, HashSet, VecDeque};

const SECOND: i64 = 1_000_000_000;
/// An incident that began within this time after another one is said to have done so.
const AFTER_INCIDENT: i64 = 120 * SECOND;
/// Clocks of two sources may differ by so much.
const SKEW: i64 = 2 * SECOND;
/// A fault in a source explains that its rates are unusual for this time.
const EXPLAINS: i64 = 300 * SECOND;
/// How often what was learnt is handed out to be stored, wall time.
const KEEP_EVERY: i64 = 60 * SECOND;
/// How often it is looked where templates stand in their life, wall time.
const LIVES_EVERY: i64 = 10 * SECOND;
/// Markers held for incidents to come.
const MARKERS: usize = 200;
/// Incidents whose beginning is told, and templates whose incident is known.
const REMEMBERED: usize = 10_000;

/// Templates whose life is known; then all are told again.
const MOST_LIVES: usize = 40_000;

/// What is to be stored beside records and incidents.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    pub(super) markers: Vec<Marker>,
    pub(super) state: Vec<(String, Vec<u8>)>,
    pub(super) lives: Vec<(TemplateId, Life)>,
}

/// See the module. One owner.
pub(super) struct Trends {
    rates: RateBook,
    by_rates: bool,
    by_silence: bool,
    thresholds: Thresholds,
    /// `None` when switched off.
    sequences: Option<Sequences>,
    values: Option<Values>,
    requests: Option<Requests>,
    /// Places in the batch of records that may stand out among requests.
    watched: Vec<u32>,
    finder: MarkerFinder,
    /// Markers of late, and those not handed out yet.
    markers: VecDeque<Marker>,
    fresh: Vec<Marker>,
    names: HashMap<SourceId, String>,
    /// The incident of a template's records, and when a source had one last.
    struck: HashMap<TemplateId, IncidentId>,
    last_strike: HashMap<SourceId, Timestamp>,
    /// Incidents opened since the last look, and those that were said to have begun after something.
    opened: Vec<IncidentId>,
    told: HashMap<IncidentId, bool>,
    /// Oddities that an incident was told of.
    explained: HashSet<(IncidentId, Fingerprint)>,
    lives: HashMap<TemplateId, Life>,
    kept: Timestamp,
    lived: Timestamp,
}

impl Trends {
    /// Takes up the state of an earlier run.
    pub(super) fn new(
        config: &DetectConfig,
        state: Vec<(String, Vec<u8>)>,
        markers: Vec<Marker>,
    ) -> anyhow::Result<Self> {
        let on = |name: &str| config.disabled.iter().all(|d| d != name);
        let mut rates = RateBook::new(RateOptions::default());
        let mut sequences = on("sequences").then(Sequences::default);
        let mut values = on("values").then(Values::default);
        if let Some(sequences) = &mut sequences {
            sequences.restore(&state);
        }
        if let Some(values) = &mut values {
            values.restore(&state);
        }
        rates.restore(state.into_iter().filter(|(name, _)| name.starts_with(RateBook::PREFIX)));
        Ok(Self {
            rates,
            by_rates: on("rates"),
            by_silence: on("silence"),
            thresholds: Thresholds::new(&config.thresholds),
            sequences,
            values,
            requests: on("requests").then(Requests::default),
            watched: Vec::new(),
            finder: MarkerFinder::new(&config.markers)?,
            markers: markers.into(),
            fresh: Vec::new(),
            names: HashMap::new(),
            struck: HashMap::new(),
            last_strike: HashMap::new(),
            opened: Vec::new(),
            told: HashMap::new(),
            explained: HashSet::new(),
            lives: HashMap::new(),
            kept: Timestamp(i64::MIN),
            lived: Timestamp(i64::MIN),
        })
    }

    /// Sentences name the source.
    pub(super) fn name(&mut self, source: SourceId, name: &str) {
        self.names.insert(source, name.to_owned());
    }

    /// An anomaly was counted into an incident.
    pub(super) fn strike(&mut self, anomaly: &Anomaly, applied: &Applied) {
        if applied.opened {
            self.opened.push(applied.incident);
        }
        if anomaly.template == TemplateId::default() {
            return;
        }
        if self.struck.len() >= REMEMBERED {
            self.struck.clear();
        }
        self.struck.insert(anomaly.template, applied.incident);
        self.last_strike.insert(anomaly.source, anomaly.time);
    }

    /// The record at this place of the batch may stand out among requests.
    pub(super) fn watch(&mut self, place: usize) {
        self.watched.push(place as u32);
    }

    /// Warnings and errors of this template are no trouble of its source, or are again.
    pub(super) fn mute(&mut self, template: TemplateId, on: bool) {
        self.rates.mute(template, on);
    }

    /// Templates that were merged into others count there.
    pub(super) fn merged(&mut self, changed: &[Template], miner: &Miner) {
        for t in changed.iter().filter(|t| t.count == 0) {
            let survivor = miner.resolve(t.id);
            if survivor != t.id {
                self.rates.merge(t.id, survivor);
            }
        }
    }

    /// Looks at a finished batch. Returns incidents that were opened or reopened by it, and the records they rest on.
    pub(super) fn look(
        &mut self,
        batch: &RecordBatch,
        miner: &Miner,
        muted: &Muted,
        book: &mut IncidentBook,
    ) -> Vec<(IncidentId, RecordId)> {
        self.mark(batch, book);
        let mut found = self.rates.observe(batch);
        found.retain(|f| {
            f.is_news() && if matches!(f.what, What::Missed { .. }) { self.by_silence } else { self.by_rates }
        });
        found.retain(|f| {
            let hidden = matches!(f.subject, Subject::Template(id) if muted.hides(id, f.severity));
            if hidden {
                // It explains that its source logs more or less than usual, as a fault does.
                self.last_strike.insert(f.source, f.time);
            }
            !hidden
        });
        // What is about one statement explains what is about all of its source.
        found.sort_by_key(Finding::is_broad);
        let mut out = Vec::new();
        for finding in &found {
            out.extend(self.report(finding, miner, book));
        }
        for anomaly in self.thresholds.observe(batch) {
            out.extend(self.apply(&anomaly, book));
        }
        let attacks = self.requests.as_mut().map(|r| r.observe(batch, &self.watched)).unwrap_or_default();
        self.watched.clear();
        for anomaly in attacks {
            out.extend(self.apply(&anomaly, book));
        }
        out.extend(self.odd(batch, miner, book));
        for id in std::mem::take(&mut self.opened) {
            self.began(id, book);
        }
        out
    }

    /// Steps that did not come, and values out of their range.
    fn odd(&mut self, batch: &RecordBatch, miner: &Miner, book: &mut IncidentBook) -> Vec<(IncidentId, RecordId)> {
        let mut anomalies = Vec::new();
        let name = |source: SourceId| self.names.get(&source).map_or("", String::as_str);
        if let Some(sequences) = &mut self.sequences {
            for skipped in sequences.observe(batch) {
                let (after, next) = (miner.text(skipped.after), miner.text(skipped.next));
                anomalies.push(skipped.anomaly(after, next, name(skipped.source)));
            }
        }
        if let Some(values) = &mut self.values {
            for odd in values.observe(batch) {
                anomalies.push(odd.anomaly(miner.text(odd.template), name(odd.source)));
            }
        }
        anomalies.into_iter().filter_map(|anomaly| self.found(&anomaly, book)).collect()
    }

    /// What is odd about records that have an incident belongs to it.
    fn found(&mut self, anomaly: &Anomaly, book: &mut IncidentBook) -> Option<(IncidentId, RecordId)> {
        let incident = self.struck.get(&anomaly.template).and_then(|id| book.get(*id)).filter(|i| i.state.is_active());
        if let Some((id, known)) = incident.map(|i| (i.id, i.fingerprint == anomaly.fingerprint))
            && !known
        {
            let said = anomaly.reason.trim_end_matches('.');
            if self.explained.len() >= REMEMBERED {
                self.explained.clear();
            }
            if self.explained.insert((id, anomaly.fingerprint)) {
                book.explain(id, said, anomaly.time);
            }
            return None;
        }
        self.apply(anomaly, book)
    }

    fn report(&mut self, finding: &Finding, miner: &Miner, book: &mut IncidentBook) -> Option<(IncidentId, RecordId)> {
        let name = self.names.get(&finding.source).map_or("", String::as_str);
        let template = match finding.subject {
            Subject::Template(id) => miner.text(id),
            _ => "",
        };
        // The records of the template have their incident: it gets the numbers.
        if let Subject::Template(id) = finding.subject
            && let Some(incident) = self.struck.get(&id)
            && let Some(held) = book.get(*incident).filter(|i| i.state.is_active())
        {
            // What was said of it before is not said again: its line, and the change it began after.
            // One that was just opened is told so by itself.
            let known = held.reason.contains("Began ") || self.opened.contains(incident);
            let after = if known { None } else { self.change_before(finding.time) };
            let after = after.map(|after| format!("; began {after}")).unwrap_or_default();
            let told = if held.template == id { finding.briefly() } else { finding.sentence(template, name) };
            book.explain(*incident, &format!("{told}{after}"), finding.time);
            return None;
        }
        let explained = |t: &Timestamp| finding.time.since(*t).abs() < EXPLAINS;
        if finding.is_broad() && self.last_strike.get(&finding.source).is_some_and(explained) {
            return None;
        }
        let anomaly = finding.anomaly(template, name);
        self.apply(&anomaly, book)
    }

    fn apply(&mut self, anomaly: &Anomaly, book: &mut IncidentBook) -> Option<(IncidentId, RecordId)> {
        let applied = book.apply(anomaly);
        book.witness(&applied, anomaly, None);
        self.strike(anomaly, &applied);
        ((applied.opened || applied.reopened) && !applied.muted).then_some((applied.incident, anomaly.record))
    }

    /// Finds the markers of a batch.
    fn mark(&mut self, batch: &RecordBatch, book: &mut IncidentBook) {
        for (i, row) in batch.rows().iter().enumerate() {
            let Self { finder, .. } = self;
            let first = finder.asks(row.template).then(|| finder.matches(&batch.view(i)));
            if !finder.may_mark(row.template, || first.unwrap_or_default()) {
                continue;
            }
            if let Some(marker) = finder.find(&batch.view(i)) {
                self.follow(&marker, book);
                self.fresh.push(marker.clone());
                self.markers.push_back(marker);
                if self.markers.len() > MARKERS {
                    self.markers.pop_front();
                }
            }
        }
    }

    /// Incidents that are known already may have begun after a marker whose file is read later.
    fn follow(&mut self, marker: &Marker, book: &mut IncidentBook) {
        let after = |t: Timestamp| (-SKEW..reach(marker)).contains(&t.since(marker.time));
        let begun: Vec<(IncidentId, Timestamp)> = book
            .iter()
            .rev()
            .take(REMEMBERED)
            .filter(|i| after(i.first_seen) && self.told.get(&i.id) != Some(&true))
            .map(|i| (i.id, i.first_seen))
            .collect();
        for (id, first) in begun {
            self.tell(id, true, &format!("began {} {}", later(first.since(marker.time)), marker.text), first, book);
        }
    }

    /// Says after what an incident began, if there is anything.
    fn began(&mut self, id: IncidentId, book: &mut IncidentBook) {
        let Some(first) = book.get(id).map(|i| i.first_seen) else { return };
        if let Some(after) = self.change_before(first) {
            self.tell(id, true, &format!("began {after}"), first, book);
            return;
        }
        let earlier = book
            .iter()
            .rev()
            .take(50)
            .filter(|i| i.id != id && i.state.is_active() && (1..AFTER_INCIDENT).contains(&first.since(i.first_seen)))
            .min_by_key(|i| i.first_seen)
            .map(|i| format!("began {} {} ({})", later(first.since(i.first_seen)), i.id, i.title));
        if let Some(text) = earlier {
            self.tell(id, false, &text, first, book);
        }
    }

    /// `4 s after deploy orders 1.15.0`, when there was a change shortly before.
    fn change_before(&self, time: Timestamp) -> Option<String> {
        let before = |m: &&Marker| (-SKEW..reach(m)).contains(&time.since(m.time));
        let marker = self.markers.iter().filter(before).max_by_key(|m| (m.kind.weight(), m.time))?;
        Some(format!("{} {}", later(time.since(marker.time)), marker.text))
    }

    fn tell(&mut self, id: IncidentId, marker: bool, text: &str, at: Timestamp, book: &mut IncidentBook) {
        if self.told.len() >= REMEMBERED {
            self.told.clear();
        }
        self.told.insert(id, marker);
        book.explain(id, text, at);
    }

    /// Every table with its size and its bound.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> Vec<(&'static str, usize, usize)> {
        let (_, identifiers, steps) = self.sequences.as_ref().map_or((0, 0, 0), Sequences::sizes);
        let (_, columns) = self.values.as_ref().map_or((0, 0), Values::sizes);
        vec![
            ("rates", self.rates.len(), RateOptions::default().max_series),
            ("markers", self.markers.len(), MARKERS),
            ("struck", self.struck.len(), REMEMBERED),
            ("told", self.told.len(), REMEMBERED),
            ("explained", self.explained.len(), REMEMBERED),
            ("sources", self.last_strike.len(), 1),
            ("lives", self.lives.len(), MOST_LIVES + RateOptions::default().max_series),
            ("identifiers", identifiers, 16_384),
            ("steps", steps, 4_096),
            ("columns", columns, 4_096),
        ]
    }

    /// What is to be stored now; `all` is asked for when nothing comes after it.
    pub(super) fn take(&mut self, now: Timestamp, all: bool) -> Learnt {
        let mut learnt = Learnt { markers: std::mem::take(&mut self.fresh), ..Learnt::default() };
        if !self.rates.is_empty() && (all || self.lived.0 == i64::MIN || now.since(self.lived) >= LIVES_EVERY) {
            self.lived = now;
            if self.lives.len() >= MOST_LIVES {
                self.lives.clear();
            }
            for (id, lived) in self.rates.lives() {
                let life = lived.life();
                if self.lives.insert(id, life) != Some(life) {
                    learnt.lives.push((id, life));
                }
            }
        }
        if !all && now.since(self.kept) < KEEP_EVERY && self.kept.0 != i64::MIN {
            return learnt;
        }
        learnt.state = self.rates.take_state();
        learnt.state.extend(self.sequences.iter_mut().flat_map(|s| s.take_state(all)));
        learnt.state.extend(self.values.iter_mut().flat_map(|v| v.take_state(all)));
        if !learnt.state.is_empty() {
            self.kept = now;
        }
        learnt
    }
}

/// `4 s after`, or `at the same time as`.
/// How long after a marker something may have begun because of it.
fn reach(marker: &Marker) -> i64 {
    marker.kind.reach().as_nanos() as i64
}

fn later(nanos: i64) -> String {
    match nanos / SECOND {
        ..1 => "at the same time as".to_owned(),
        s if s < 120 => format!("{s} s after"),
        s => format!("{} min after", s / 60),
    }
}
