//! The engine as the screen sees it: answers requests on worker threads, turns what the engine says into
//! what the screen hears, and takes snapshots while things change.

use super::EngineEvent;
use super::alerts::Quiet;
use super::board::{Board, Wish, lock};
use super::collect::Collector;
use super::events::{
    Backend, ChainState, Event, EventSink, Request, RunCalls, Snapshot, SourceRow, StageRow, StageState,
};
use super::heat::HeatDesk;
use super::inquiry::Inquiry;
use super::logview::LogView;
use super::parts::PartsDesk;
use super::patterns::PatternsDesk;
use super::sql::SqlDesk;
use aiobs_agents::CallNote;
use aiobs_logs::source::Waker;
use aiobs_types::{Incident, IncidentId, Level, Severity, SourceId, SourceState, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Time between two snapshots while things change.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(250);
/// Incidents in a snapshot: a storm may open thousands, and each snapshot is a copy.
const INCIDENTS: usize = 1_000;

/// See the module.
pub(super) struct Hub {
    latest: Mutex<Arc<Snapshot>>,
    desks: Desks,
    board: Arc<Board>,
    inquiries: Sender<Request>,
    waker: Waker,
}

/// Who answers on a thread of its own.
pub(super) struct Desks {
    pub logs: LogView,
    pub parts: PartsDesk,
    pub patterns: PatternsDesk,
    pub heat: HeatDesk,
    pub sql: SqlDesk,
    pub collector: Collector,
}

impl Hub {
    pub(crate) fn new(desks: Desks, board: Arc<Board>, inquiries: Sender<Request>, waker: Waker) -> Self {
        Self { latest: Mutex::default(), desks, board, inquiries, waker }
    }
}

impl Backend for Hub {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&lock(&self.latest))
    }

    fn send(&self, request: Request) {
        match request {
            Request::Logs(request) => self.desks.logs.ask(request),
            Request::Parts(request) => self.desks.parts.ask(request),
            Request::Heat(request) => self.desks.heat.ask(request),
            Request::Patterns => self.desks.patterns.list(),
            Request::Pattern(id) => self.desks.patterns.detail(id),
            Request::Sql(seq, text) => self.desks.sql.ask(seq, text),
            Request::CancelSql => self.desks.sql.cancel(),
            Request::Collect(seq, query, by_time) => self.desks.collector.ask(seq, query, by_time),
            Request::CancelCollect => self.desks.collector.cancel(),
            Request::LeaveOutOlder | Request::ReadLeftOut => {
                let leave = request == Request::LeaveOutOlder;
                self.board.wish(if leave { Wish::LeaveOut } else { Wish::ReadLeftOut });
                self.waker.wake();
            }
            // Gone only when everything stops.
            Request::Incident(id) => {
                self.board.watch(id);
                drop(self.inquiries.send(request));
            }
            other => drop(self.inquiries.send(other)),
        }
    }
}

/// Turns what the engine says into what the screen hears.
pub(in crate::runtime) fn translate(
    event: &EngineEvent,
    board: &Board,
    sink: &EventSink,
    inquiry: &Sender<Request>,
    quiet: &Quiet,
) {
    match event {
        EngineEvent::Appended => sink.send(Event::Appended),
        EngineEvent::Source(info) => {
            let why = match &info.state {
                SourceState::Failed(why) => why.clone(),
                SourceState::Reconnecting(retry) if retry.attempt == 1 && retry.why.is_empty() => retry.what.clone(),
                SourceState::Reconnecting(retry) if retry.attempt == 1 => retry.why.clone(),
                _ => return,
            };
            sink.toast(Level::Error, format!("{}: {why}", info.name));
        }
        EngineEvent::Incident { incident, opened } => {
            // What another one caused is shown under it.
            if *opened && incident.caused_by.is_none() && !quiet.holds_back(incident.severity, Timestamp::now()) {
                sink.toast(Level::Warn, format!("Incident {}: {}", incident.id, incident.title));
            }
        }
        EngineEvent::Diagnosis(d) => {
            let severity = lock(&board.incidents).get(&d.incident).map_or(Severity::WARN, |i| i.severity);
            if !quiet.holds_back(severity, Timestamp::now()) {
                sink.toast(Level::Info, format!("Diagnosis of {} is ready: {}", d.incident, d.title));
            }
            // A storm brings hundreds: only what may be on the screen is looked at again.
            if board.watches(d.incident) {
                let _ = inquiry.send(Request::Incident(d.incident));
            }
        }
        EngineEvent::StageText { incident, stage, text } => {
            sink.send(Event::StageText { incident: *incident, stage, text: text.clone() });
        }
        EngineEvent::Stage { incident, stage, state, attempts, at } => {
            stage_row(&mut lock(&board.chain), *incident, stage, *state, *attempts, *at);
            board.touch();
        }
        EngineEvent::Queue { queued, waiting, running } => {
            let mut chain = lock(&board.chain);
            if chain.running.is_some() && running.is_none() {
                chain.finished += 1;
            }
            if running.is_some() && chain.running != *running {
                chain.stages = super::agents::fresh_stages();
                chain.calls = RunCalls::default();
            }
            chain.queued = *queued;
            chain.waiting.clone_from(waiting);
            chain.running = *running;
            drop(chain);
            board.touch();
        }
        EngineEvent::Call { note, .. } => {
            called(&mut lock(&board.chain).calls, note);
            board.touch();
        }
        EngineEvent::Attention(text) => sink.send(Event::Attention(text.clone())),
        EngineEvent::Notice(text) => sink.toast(Level::Warn, text.clone()),
        // Trouble is on the board, which the screen shows for as long as it lasts.
        EngineEvent::Stored | EngineEvent::Ended | EngineEvent::Trouble { .. } => {}
    }
}

fn called(calls: &mut RunCalls, note: &CallNote) {
    match note {
        CallNote::Asked { model } => calls.model.clone_from(model),
        CallNote::Again { reason, .. } => {
            calls.again += 1;
            calls.why_again.clone_from(reason);
        }
        CallNote::Answered { model, input, output, estimated, cost_usd } => {
            calls.model.clone_from(model);
            calls.answered += 1;
            calls.tokens = (calls.tokens.0 + input, calls.tokens.1 + output);
            calls.estimated |= estimated;
            if let Some(cost) = cost_usd {
                calls.cost_usd = Some(calls.cost_usd.unwrap_or(0.0) + cost);
            }
        }
    }
}

fn stage_row(
    chain: &mut ChainState,
    incident: IncidentId,
    stage: &'static str,
    state: StageState,
    attempts: u32,
    at: Timestamp,
) {
    chain.running = Some(incident);
    if !chain.stages.iter().any(|s| s.name == stage) {
        chain.stages.push(StageRow { name: stage, ..StageRow::default() });
    }
    for row in chain.stages.iter_mut().filter(|s| s.name == stage) {
        row.state = state;
        row.attempts = attempts;
        match state {
            StageState::Running => row.started = row.started.or(Some(at)),
            StageState::Waiting => {}
            _ => row.ended = Some(at),
        }
    }
}

/// Takes snapshots while things change: runs on its own thread until the board says stop.
pub(crate) fn snapshots(hub: &Hub, board: &Board, sink: &EventSink, place: &str, started: Timestamp) {
    let mut last: HashMap<SourceId, Paces> = HashMap::new();
    let mut busy = true;
    while !board.stopping() {
        // After the last change one more is taken a little later, so that rates fall to zero and then rest.
        let timeout = if busy { Duration::from_secs(3) } else { Duration::from_mins(1) };
        let touched = board.wait_touched(timeout);
        if !touched && !busy {
            continue;
        }
        let snapshot = take(board, sink, place, started, &mut last);
        busy = snapshot.per_second > 0.0 || snapshot.sources.iter().any(|s| s.per_second > 0.0);
        *lock(&hub.latest) = Arc::new(snapshot);
        sink.send(Event::Snapshot);
        std::thread::sleep(SNAPSHOT_EVERY);
    }
}

fn take(
    board: &Board,
    sink: &EventSink,
    place: &str,
    started: Timestamp,
    last: &mut HashMap<SourceId, Paces>,
) -> Snapshot {
    let texts = lock(&board.templates);
    let mut stats = lock(&board.stats);
    let (totals, per_second, rates, components, raw_bytes) =
        (stats.totals, stats.per_second(), stats.rates(), stats.components(), stats.raw_bytes);
    let mut top_errors = stats.top_errors(|id| texts.get(&id).map(|t| t.text.clone()).unwrap_or_default());
    drop(stats);
    drop(texts);
    let lives = lock(&board.lives);
    for row in &mut top_errors {
        row.life = lives.get(&row.template).copied().unwrap_or_default();
    }
    drop(lives);
    let marks = lock(&board.marks);
    for row in &mut top_errors {
        if let Some(mark) = marks.get(&row.template).filter(|m| !m.name.is_empty()) {
            row.text.clone_from(&mark.name);
        }
    }
    drop(marks);
    let markers = lock(&board.markers).iter().cloned().collect();
    let sources = source_rows(board, last);
    let incidents = incidents(&lock(&board.incidents));
    Snapshot {
        started,
        taken: Timestamp::now(),
        totals,
        per_second,
        rates,
        components,
        top_errors,
        sources,
        markers,
        incidents,
        model: lock(&board.model).clone(),
        chain: lock(&board.chain).clone(),
        notices: board.notices(),
        memory: lock(&board.memory).clone(),
        remotes: board.remotes(),
        archive_bytes: board.archive_bytes.load(Ordering::Relaxed),
        raw_bytes,
        place: place.to_owned(),
        dropped_events: sink.dropped(),
    }
}

/// Incidents less likely than it, in percent, come after the others.
const LIKELY: u8 = 50;

/// The incidents to show: active ones first, what is hardly a fault by its words after the others, worst first, then the
/// rest, newest first. What one caused follows it, and it ranks by the worst of them.
fn incidents(all: &BTreeMap<IncidentId, Arc<Incident>>) -> Vec<Arc<Incident>> {
    let rank = |i: &Incident| {
        let over = !i.state.is_active();
        let worst = if over { 0 } else { i.criticality.unwrap_or(0).max(if i.severity.0 >= 21 { 4 } else { 0 }) };
        let unlikely = !over && i.likelihood.is_some_and(|percent| percent < LIKELY);
        (over, unlikely, Reverse(worst), Reverse(i.last_seen))
    };
    let head = |i: &Incident| {
        let root = i.caused_by.and_then(|id| all.get(&id));
        root.filter(|r| r.state.is_active() || !i.state.is_active()).map_or(i.id, |r| r.id)
    };
    let mut best = HashMap::new();
    for i in all.values() {
        let known = best.entry(head(i)).or_insert_with(|| rank(i));
        *known = rank(i).min(*known);
    }
    let mut order: Vec<&Arc<Incident>> = all.values().collect();
    order.sort_by_cached_key(|i| (best.get(&head(i)).copied(), head(i), head(i) != i.id, rank(i)));
    order.into_iter().take(INCIDENTS).cloned().collect()
}

/// How fast a source gives: when it was measured, records and bytes read then, and per second.
struct Paces {
    at: Instant,
    records: u64,
    read: u64,
    records_per_second: f64,
    bytes_per_second: Option<f64>,
}

fn source_rows(board: &Board, last: &mut HashMap<SourceId, Paces>) -> Vec<SourceRow> {
    let now = Instant::now();
    lock(&board.sources)
        .values()
        .map(|info| {
            let paces = last.entry(info.id).or_insert(Paces {
                at: now,
                records: info.records,
                read: info.read,
                records_per_second: 0.0,
                bytes_per_second: None,
            });
            let seconds = now.duration_since(paces.at).as_secs_f64();
            if seconds >= 1.0 {
                let per_second = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
                *paces = Paces {
                    at: now,
                    records: info.records,
                    read: info.read,
                    records_per_second: per_second(info.records, paces.records),
                    bytes_per_second: Some(per_second(info.read, paces.read)),
                };
            }
            let pace = paces.bytes_per_second.filter(|pace| *pace > 0.0 && info.state == SourceState::Backfill);
            let left = pace.map(|pace| info.size.saturating_sub(info.read) as f64 / pace);
            SourceRow { info: info.clone(), per_second: paces.records_per_second, left }
        })
        .collect()
}

/// Runs [`Inquiry`] until the board says stop. What a person decided just before that is carried out all the same.
pub(crate) fn answer(mut inquiry: Inquiry, requests: &std::sync::mpsc::Receiver<Request>, board: &Board) {
    while !board.stopping() {
        match requests.recv_timeout(Duration::from_millis(200)) {
            Ok(request) => inquiry.answer(request),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
    for request in requests.try_iter() {
        inquiry.decide(&request);
    }
}
