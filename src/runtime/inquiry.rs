//! Answers to everything the screen asks except windows of records: one record, one incident, charts, the chain's
//! graph, the conversation. Runs on its own thread with its own reader; may block, the screen does not wait.

use super::agents::Agents;
use super::alerts::Told;
use super::alike::Alike;
use super::board::{Board, lock};
use super::charts;
use super::events::{
    COLUMNS, CitedLine, Event, EventSink, GraphEdge, GraphNode, HIGHLIGHTS, IncidentDetail, Kept, Marked, RecordDetail,
    Request, RunRow, Similar, Surrounded, Talk, Topology, WholeTalk,
};
use super::pipeline::{LESSONS, lessons};
use super::processing::Message;
use super::strikes::Strikes;
use super::writing::WriterMessage;
use aiobs_insight::CallGraph;
use aiobs_logs::detect::classify::{Classifier, Statement};
use aiobs_logs::format::FormatSet;
use aiobs_memory::remedy;
use aiobs_store::{Reader, StoreError};
use aiobs_types::{
    AttrValue, Conversation, Diagnosis, Incident, IncidentId, Level, LogRecord, RecordId, SourceId, Span, SpanStatus,
    TemplateId, TimelineKind, TraceId, semconv,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// Runs shown in Topology.
const RUNS: usize = 50;
/// Words shown that speak for and against a fault.
const WORDS: usize = 5;
/// Turns of a conversation shown, and taken along.
const TURNS: usize = 200;
/// Conversations of a list.
const TALKS: usize = 500;
/// Past incidents shown beside one.
const SIMILAR: usize = 3;
/// Lines shown before and after a cited one.
const NEIGHBOURS: usize = 3;
/// Cited lines whose neighbours are looked up at most.
const SURROUNDED: usize = 24;

/// See the module.
pub(crate) struct Inquiry {
    pub reader: Reader,
    pub board: Arc<Board>,
    pub sink: Arc<EventSink>,
    pub formats: Arc<FormatSet>,
    pub pipeline: SyncSender<Message>,
    pub writer: SyncSender<WriterMessage>,
    pub agents: Arc<Agents>,
    pub strikes: Strikes,
    /// Who is told.
    pub told: Told,
    pub alike: Alike,
    /// What weighs words, with the verdicts it was taught.
    pub classifier: Option<(Option<Vec<u8>>, Classifier)>,
}

impl Inquiry {
    /// Answers one request.
    pub(crate) fn answer(&mut self, request: Request) {
        let result = match request {
            // These have threads of their own.
            Request::Logs(_)
            | Request::Parts(_)
            | Request::Patterns
            | Request::Pattern(_)
            | Request::Heat(_)
            | Request::Sql(..)
            | Request::CancelSql
            | Request::Collect(..)
            | Request::CancelCollect
            | Request::LeaveOutOlder
            | Request::ReadLeftOut => Ok(None),
            Request::Record(id) => self.record(id).map(|d| d.map(|d| Event::Record(Box::new(d)))),
            Request::Incident(id) => self.incident(id).map(|d| d.map(|d| Event::Incident(Box::new(d)))),
            Request::Charts => charts::draw(&mut self.reader, &self.board).map(|c| Some(Event::Charts(Box::new(c)))),
            Request::Topology(trace) => self.topology(trace).map(|t| Some(Event::Topology(Box::new(t)))),
            Request::Talk(id) => self.talk(id).map(|t| Some(Event::Talk(Box::new(t)))),
            Request::TemplateTexts(ids) => {
                let known = lock(&self.board.templates);
                let text = |id: TemplateId| known.get(&id).map(|t| (id, t.text.clone()));
                Ok(Some(Event::TemplateTexts(ids.into_iter().filter_map(text).collect())))
            }
            Request::WholeTalk(id) => self.whole_talk(id).map(|t| Some(Event::WholeTalk(Box::new(t)))),
            Request::Talks(search) => self.reader.conversations(&search, TALKS).map(|all| Some(Event::Talks(all))),
            Request::ChangeTalk(_) => {
                self.decide(&request);
                Ok(None)
            }
            Request::SetIncidentState(..) => {
                self.decide(&request);
                Ok(None)
            }
            Request::Verdict(ref verdict) => {
                let text = format!("Noted: the diagnosis of {} is {}", verdict.incident, verdict.words());
                self.decide(&request);
                self.sink.toast(Level::Info, text);
                Ok(None)
            }
            Request::Rate(..) | Request::RatePattern(..) => {
                self.decide(&request);
                Ok(None)
            }
            Request::Rerun(id) => {
                self.agents.rerun(id);
                Ok(None)
            }
            Request::CancelRun(id) => {
                self.agents.cancel(id);
                Ok(None)
            }
            Request::Ask(ask) => {
                let mut turns = self.reader.turns(ask.conversation, TURNS).unwrap_or_default();
                turns.retain(|t| ask.until == 0 || t.id < ask.until);
                let summary = self.reader.conversation(ask.conversation).ok().flatten().and_then(|c| c.summary);
                self.agents.ask(*ask, turns, summary);
                Ok(None)
            }
            Request::CancelAsk => {
                self.agents.cancel_ask();
                Ok(None)
            }
            Request::MarkPattern(id, ref mark) => {
                lock(&self.board.marks).insert(id, mark.clone());
                self.decide(&request);
                self.board.touch();
                Ok(None)
            }
            Request::Kept => self.kept().map(|kept| Some(Event::Kept(Box::new(kept)))),
            Request::Keep(_) => {
                self.decide(&request);
                Ok(None)
            }
            Request::ModelChoices => {
                self.agents.offer_models(&self.sink);
                Ok(None)
            }
            Request::RerunBy(id, choice) => {
                if let Err(why) = self.agents.rerun_by(id, &choice) {
                    self.sink.toast(Level::Error, format!("{id} is not diagnosed again: {why}"));
                }
                Ok(None)
            }
            Request::Compare(id) => self.incident(id).map(|d| d.map(|d| Event::Compared(Box::new(d)))),
            Request::Around(id, records) => {
                let one = |record: RecordId| Surrounded { record, lines: self.agents.around(record, NEIGHBOURS) };
                Ok(Some(Event::Around(id, records.into_iter().take(SURROUNDED).map(one).collect())))
            }
            Request::PromptPreview(id) => Ok(self.agents.preview(id).map(|p| Event::PromptPreview(id, p.text()))),
        };
        match result {
            Ok(Some(event)) => self.sink.send(event),
            Ok(None) => {}
            Err(e) => self.sink.toast(Level::Error, format!("Can't read the archive: {e}")),
        }
    }

    /// Carries out what a person decided; nothing else, so that it can also be done while the program ends.
    pub(crate) fn decide(&self, request: &Request) {
        // Pipeline and writer end after this thread.
        match request {
            &Request::SetIncidentState(id, state) => {
                let _ = self.pipeline.send(Message::SetIncidentState(id, state));
            }
            Request::ChangeTalk(change) => {
                let _ = self.writer.send(WriterMessage::ChangeTalk(change.clone()));
            }
            Request::Keep(keep) => {
                let _ = self.writer.send(WriterMessage::Keep(keep.clone()));
            }
            &Request::Rate(id, useful) => {
                let _ = self.pipeline.send(Message::Rate(id, useful));
            }
            &Request::RatePattern(id, useful) => {
                let _ = self.pipeline.send(Message::RateTemplate(id, useful));
            }
            Request::MarkPattern(id, mark) => {
                let _ = self.writer.send(WriterMessage::Mark(*id, mark.clone()));
                let _ = self.pipeline.send(Message::Mute(*id, mark.muted));
            }
            Request::Verdict(verdict) => {
                let text = format!("diagnosis judged {}", verdict.words());
                let note = Message::Note { incident: verdict.incident, kind: TimelineKind::Note, text };
                let _ = self.writer.send(WriterMessage::Verdict(verdict.clone()));
                let _ = self.pipeline.send(note);
            }
            _ => {}
        }
    }

    fn one(&mut self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        match self.board.live.get(id) {
            Some(r) => Ok(Some(r)),
            None => Ok(self.reader.records(&[id])?.pop()),
        }
    }

    fn talk(&mut self, id: Option<u64>) -> Result<Talk, StoreError> {
        let conversation = match id {
            Some(id) => self.reader.conversation(id)?,
            None => self.reader.conversations("", 1)?.pop(),
        };
        let turns = conversation.as_ref().map(|c| self.reader.turns(c.id, TURNS)).transpose()?.unwrap_or_default();
        Ok(Talk { conversation, turns })
    }

    fn whole_talk(&mut self, id: u64) -> Result<WholeTalk, StoreError> {
        let conversation = self.reader.conversation(id)?.unwrap_or(Conversation { id, ..Conversation::default() });
        let turns = self.reader.turns(id, usize::MAX >> 1)?;
        let mut ids: Vec<RecordId> = turns.iter().flat_map(aiobs_types::ChatMessage::records).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut lines = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(record) = self.one(id)? else { continue };
            let source = lock(&self.board.sources).get(&record.source).map(|s| s.name.clone()).unwrap_or_default();
            lines.push(CitedLine { record, source });
        }
        Ok(WholeTalk { conversation, turns, lines })
    }

    fn kept(&mut self) -> Result<Kept, StoreError> {
        let notes = self.reader.bookmarks()?;
        let mut bookmarks = Vec::with_capacity(notes.len());
        for (id, note) in notes {
            bookmarks.extend(self.one(id)?.map(|record| Marked { record, note }));
        }
        let texts = |name| -> Result<Option<Vec<String>>, StoreError> {
            Ok(self.reader.state(name)?.and_then(|kept| serde_json::from_slice(&kept).ok()))
        };
        let highlights = texts(HIGHLIGHTS)?.unwrap_or_default();
        let by_view = self.reader.state(COLUMNS)?.and_then(|kept| serde_json::from_slice(&kept).ok());
        let by_view: BTreeMap<String, Vec<String>> = match by_view {
            Some(columns) => columns,
            // As it was kept before filters had their own.
            None => texts(COLUMNS)?.map(|names| (String::new(), names)).into_iter().collect(),
        };
        let columns = by_view.into_iter().collect();
        Ok(Kept { bookmarks, filters: self.reader.filters()?, highlights, columns })
    }

    fn record(&mut self, id: RecordId) -> Result<Option<RecordDetail>, StoreError> {
        let Some(record) = self.one(id)? else { return Ok(None) };
        let (source, format) = match lock(&self.board.sources).get(&record.source) {
            Some(info) => (info.name.clone(), info.format.clone().unwrap_or_default()),
            None => (String::new(), String::new()),
        };
        let (source, format) = if source.is_empty() {
            let known = self.reader.checkpoints()?.into_iter().find(|c| c.source == record.source);
            known.map_or((source, format), |c| (c.name, c.format.unwrap_or_default()))
        } else {
            (source, format)
        };
        let known = lock(&self.board.templates).get(&record.template).map(|t| (t.text.clone(), t.count));
        let (template, template_count) = known.unwrap_or_default();
        let incident = lock(&self.board.incidents)
            .values()
            .filter(|i| i.template == record.template || i.evidence.contains(&record.id))
            .max_by_key(|i| (i.evidence.contains(&record.id), i.first_seen <= record.time, i.id))
            .map(|i| i.id);
        let fields = aiobs_logs::format::fields(&self.formats, &format, &record.text);
        Ok(Some(RecordDetail { record, fields, source, format, template, template_count, incident }))
    }

    fn incident(&mut self, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
        let held = lock(&self.board.incidents).get(&id).map(|i| Incident::clone(i));
        let Some(incident) = (match held {
            Some(i) => Some(i),
            None => self.reader.incident(id)?,
        }) else {
            return Ok(None);
        };
        let diagnosis = self.reader.diagnosis_of(&incident)?;
        let mut ids: Vec<RecordId> =
            diagnosis.iter().flat_map(|d| d.claims.iter().flat_map(|c| c.records.clone())).collect();
        ids.extend(diagnosis.iter().flat_map(|d| d.grounds.security.iter().flat_map(|c| c.records.clone())));
        ids.extend(&incident.evidence);
        ids.sort_unstable();
        ids.dedup();
        let mut records = Vec::with_capacity(ids.len());
        for id in ids {
            records.extend(self.one(id)?);
        }
        let trace = self.agents.running_trace(id).or_else(|| diagnosis.as_ref().and_then(|d| d.trace));
        let spans = match trace {
            Some(trace) => self.reader.spans(trace)?,
            None => Vec::new(),
        };
        let strikes = self.strikes.of(&incident, &self.reader, self.board.stop_flag())?;
        let similar = self.similar(&incident, diagnosis.as_ref())?;
        let verdict = self.reader.verdict(id)?;
        let pattern = self.board.mark_of(incident.template);
        let alerts = self.told.of(&incident, &self.reader)?;
        let (sources, templates) = self.names(&records);
        let words = if incident.likelihood.is_some() { self.words(&incident)? } else { Vec::new() };
        Ok(Some(IncidentDetail {
            incident,
            diagnosis,
            verdict,
            records,
            spans,
            strikes,
            similar,
            pattern,
            alerts,
            sources,
            templates,
            words,
        }))
    }

    /// What speaks for and against a fault in the words of the incident's first statement.
    fn words(&mut self, incident: &Incident) -> Result<Vec<(String, f64)>, StoreError> {
        let stored = self.reader.state(LESSONS)?;
        let (taught, classifier) = self.classifier.get_or_insert_with(Default::default);
        if *taught != stored {
            classifier.restore(lessons(stored.clone()));
            *taught = stored;
        }
        let template = lock(&self.board.templates).get(&incident.template).map(|t| t.text.clone()).unwrap_or_default();
        let component = incident.components.first().map_or("", String::as_str);
        let statement = Statement { template: &template, severity: incident.severity, component };
        Ok(classifier.why(&statement, WORDS).into_iter().map(|r| (r.feature, r.weight)).collect())
    }

    /// What the sources and templates of these records are called.
    fn names(&self, records: &[LogRecord]) -> (BTreeMap<SourceId, String>, BTreeMap<TemplateId, String>) {
        let (sources, templates) = (lock(&self.board.sources), lock(&self.board.templates));
        let source = |r: &LogRecord| sources.get(&r.source).map(|s| (r.source, s.name.clone()));
        let template = |r: &LogRecord| templates.get(&r.template).map(|t| (r.template, t.text.clone()));
        (records.iter().filter_map(source).collect(), records.iter().filter_map(template).collect())
    }

    /// Past incidents that read like this one or had the same kind of cause.
    fn similar(&mut self, incident: &Incident, diagnosis: Option<&Diagnosis>) -> Result<Vec<Similar>, StoreError> {
        let all: Vec<Arc<Incident>> = lock(&self.board.incidents).values().cloned().collect();
        let found = self.alike.like(incident, diagnosis, &all, &self.board, &self.reader)?;
        let mut out = Vec::new();
        for (likeness, past, known) in found.into_iter().take(SIMILAR) {
            let helped = remedy(known.as_ref(), self.reader.verdict(past.id)?.and_then(|v| v.is_right()));
            let (solved_by, advised) = match helped {
                Some(r) if r.confirmed => (Some(r.text), None),
                other => (None, other.map(|r| r.text)),
            };
            out.push(Similar { incident: Incident::clone(&past), why: likeness.to_string(), solved_by, advised });
        }
        Ok(out)
    }

    fn topology(&mut self, trace: Option<TraceId>) -> Result<Topology, StoreError> {
        let roots = self.reader.recent_runs(RUNS)?;
        let mut spans = Vec::new();
        let mut runs = Vec::new();
        for root in &roots {
            let run = self.reader.spans(root.trace)?;
            runs.push(run_row(root, &run));
            spans.extend(run);
        }
        let graph = CallGraph::of(&spans);
        let chosen = trace.or_else(|| roots.first().map(|r| r.trace));
        let mut shown: Vec<Span> = spans.into_iter().filter(|s| Some(s.trace) == chosen).collect();
        shown.sort_by_key(|s| (s.start, s.parent.is_some(), s.id));
        Ok(Topology {
            nodes: graph
                .nodes
                .into_iter()
                .map(|n| GraphNode {
                    name: n.name,
                    kind: n.kind.name(),
                    calls: n.calls,
                    errors: n.errors,
                    mean_seconds: n.mean_seconds,
                })
                .collect(),
            edges: graph.edges.into_iter().map(|e| GraphEdge { from: e.from, to: e.to, calls: e.calls }).collect(),
            runs,
            spans: shown,
        })
    }
}

fn run_row(root: &Span, spans: &[Span]) -> RunRow {
    let sum = |name: &str| {
        spans
            .iter()
            .filter_map(|s| match s.attr(name) {
                Some(AttrValue::Int(v)) => Some(*v),
                _ => None,
            })
            .sum()
    };
    RunRow {
        trace: root.trace,
        incident: root.attr_int(semconv::INCIDENT).map(|id| IncidentId(id.unsigned_abs())),
        name: root.name.clone(),
        start: root.start,
        seconds: root.end.map(|end| end.since(root.start) as f64 / 1e9),
        tokens: (sum(semconv::INPUT_TOKENS), sum(semconv::OUTPUT_TOKENS)),
        failed: spans.iter().any(|s| matches!(s.status, SpanStatus::Error(_))),
        answered_by: root.attr_text(semconv::ANSWERED_BY).unwrap_or_default().to_owned(),
    }
}
