//! A screen without a terminal: the real model, keys and drawing, over a fixed moment of a small shop in trouble.
//! The engine is stood in for by an archive in memory that answers as the real one does.

use aiobs::runtime::events::{
    Anchor, ChainState, Collected, ComponentRow, Event, HeatCell, HeatMap, HeatRequest, HeatRow, IncidentDetail, Keep,
    LogsPage, LogsRequest, ModelChoice, ModelState, PartCount, PartsAnswer, PartsOf, PartsRequest, Pattern,
    PatternDetail, PatternRow, Patterns, Rates, RecordDetail, Request, SlotValues, Snapshot, SourceRow, Totals, Trend,
};
use aiobs::tui::effect::Effect;
use aiobs::tui::event::Input;
use aiobs::tui::keymap::Chord;
use aiobs::tui::model::Model;
use aiobs::tui::widgets::suggest::Suggestion;
use aiobs::tui::{Depth, PaneId, StartHint, TuiOptions, build, shell, update};
use aiobs_insight::{Life, Odd, Range, Spread};
use aiobs_types::{
    Author, Confidence, Diagnosis, Field, Fix, Incident, IncidentId, IncidentState, Level, LogQuery, LogRecord,
    RecordId, Severity, Skipped, SourceId, SourceInfo, SourceState, TemplateId, TextMatch, Timestamp, flags,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::sync::Arc;

/// 2025-01-07 14:30:00 UTC.
const NOW: i64 = 1_736_260_200;

/// The screen, and what it did to the world.
pub(crate) struct Screen {
    pub(crate) model: Model,
    terminal: Terminal<TestBackend>,
    records: Vec<LogRecord>,
    /// Effects on the world that are not answered by the archive.
    pub(crate) done: Vec<String>,
}

fn at(seconds_ago: i64) -> Timestamp {
    Timestamp::from_secs(NOW - seconds_ago)
}

fn record(i: u64) -> LogRecord {
    let (severity, component, text, template) = match i {
        i if i % 97 == 50 => {
            (Severity::ERROR, "payments", "charge failed: upstream timeout\n  at Charge.run\n  at main".to_owned(), 3)
        }
        i if i % 10 == 5 => (Severity::WARN, "orders", format!("pool exhausted ({i}/20), waiting 1.2 s"), 2),
        42 => (Severity::INFO, "gateway", "user said \u{1b}[31mhello\u{1b}[0m \u{202e}evil 日本語".to_owned(), 4),
        _ => (Severity::INFO, "orders", format!("request {i} done in {} ms", i % 50), 1),
    };
    LogRecord {
        id: RecordId(i),
        time: at(1000 - i as i64),
        observed: at(1000 - i as i64),
        severity,
        source: SourceId(1),
        offset: i * 60,
        template: TemplateId(template),
        flags: if i == 50 { flags::NEW_TEMPLATE | flags::MULTILINE } else { 0 },
        component: component.into(),
        message: (0, text.len() as u32),
        text,
    }
}

fn wave(high: u32) -> Vec<u32> {
    (0..30).map(|i: u32| if i > 20 { high * (10 - (26_u32.abs_diff(i)).min(9)) / 10 } else { high / 20 }).collect()
}

fn incident(id: u64, title: &str, severity: Severity, state: IncidentState, count: u64) -> Incident {
    Incident {
        id: IncidentId(id),
        title: title.into(),
        severity,
        state,
        criticality: (severity >= Severity::ERROR).then_some(5),
        count,
        first_seen: at(240),
        last_seen: at(2),
        components: vec!["orders".into(), "payments".into()],
        evidence: vec![RecordId(50)],
        ..Incident::default()
    }
}

fn snapshot() -> Snapshot {
    let source = |id, name: &str, state, read| SourceRow {
        info: SourceInfo { id: SourceId(id), name: name.into(), state, read, size: 1000, ..SourceInfo::default() },
        per_second: 412.0,
        left: None,
    };
    let component = |name: &str, per_second, errors, worst| ComponentRow {
        name: name.into(),
        per_second,
        errors_per_min: errors,
        worst,
        trend: wave(errors),
    };
    Snapshot {
        started: at(1800),
        taken: at(0),
        totals: Totals {
            records: 1000,
            errors: 10,
            warnings: 100,
            templates: 4,
            new_templates: 1,
            first: Some(at(1000)),
            last: Some(at(1)),
        },
        per_second: 1284.0,
        rates: Rates { bucket_secs: 60, end: at(0), all: wave(900), warn: wave(40), error: wave(214) },
        components: vec![
            component("payments", 188.0, 74, Level::Error),
            component("orders", 412.4, 12, Level::Warn),
            component("catalog", 77.0, 0, Level::Info),
        ],
        top_errors: vec![PatternRow {
            template: TemplateId(3),
            text: "charge failed: upstream timeout".into(),
            count: 1204,
            share: 0.57,
            first_seen: at(448),
            level: Level::Error,
            life: aiobs_insight::Life::Surging,
        }],
        sources: vec![
            source(1, "/var/log/shop/orders.log", SourceState::Following, 1000),
            source(2, "/var/log/shop/gateway.log", SourceState::Backfill, 620),
            source(3, "/var/log/shop/secret.log", SourceState::Denied, 0),
        ],
        incidents: vec![
            incident(7, "database refuses connections", Severity::ERROR, IncidentState::Open, 1902).into(),
            incident(8, "TLS certificate of tunnel expires", Severity::WARN, IncidentState::Acknowledged, 12).into(),
        ],
        model: ModelState::Ready { provider: "ollama".into(), model: "llama3.1".into(), local: true },
        chain: ChainState { running: Some(IncidentId(7)), ..ChainState::default() },
        place: "demo".into(),
        ..Snapshot::default()
    }
}

fn options(depth: Depth, ascii: bool, keymap: &str) -> TuiOptions {
    let mut options = TuiOptions::from_env(|_| None);
    options.depth = depth;
    options.ascii = ascii;
    options.keymap = keymap.into();
    options.zone = jiff::tz::TimeZone::UTC;
    options.parse_filter = Arc::new(|text, sources| {
        use aiobs_logs::filter::{FilterContext, parse_filter};
        let zone = aiobs_logs::format::ZoneRule::Utc;
        parse_filter(text, &FilterContext { now: at(0), zone, sources }).map_err(|e| e.to_string())
    });
    options.suggest_filter = Arc::new(|text, cursor, snapshot, _| {
        use aiobs_logs::filter::{Known, complete};
        let components: Vec<String> = snapshot.components.iter().map(|c| c.name.clone()).collect();
        let sources: Vec<String> = snapshot.sources.iter().map(|s| s.info.name.clone()).collect();
        let fields = [("status".to_owned(), vec!["200".to_owned(), "502".to_owned()])];
        let known = Known { sources: &sources, components: &components, fields: &fields, templates: &[] };
        let found = complete(text, cursor, &known).into_iter();
        found.map(|c| Suggestion { at: c.at, text: c.text, about: c.about }).collect()
    });
    options.read_fields = Arc::new(|_, r| {
        let field = |name: &str, value: &str| Field { name: name.into(), value: value.into() };
        match r.text.split_once(" done in ").and_then(|(who, took)| Some((who.split_once(' ')?.1, took))) {
            Some((request, took)) => vec![field("http.request", request), field("took", took.trim_end_matches(" ms"))],
            None => vec![field("pool", "20/20")],
        }
    });
    options.sql_words = [("logs", "table: records"), ("level", "logs.level")].map(|(w, a)| (w.into(), a.into())).into();
    options.start = vec![StartHint { command: "aiobs demo".into(), about: "a replayed incident".into() }];
    options
}

impl Screen {
    pub(crate) fn new(width: u16, height: u16, depth: Depth, ascii: bool, keymap: &str) -> Self {
        Self::over(snapshot(), (0..1000).map(record).collect(), width, height, &options(depth, ascii, keymap))
    }

    /// With nothing to read and nothing archived.
    pub(crate) fn empty(width: u16, height: u16) -> Self {
        Self::over(Snapshot::default(), Vec::new(), width, height, &options(Depth::True, false, "default"))
    }

    /// While the last forty records are shown before they are stored: older ones are still being read.
    pub(crate) fn previewing(width: u16, height: u16, depth: Depth) -> Self {
        let mut records: Vec<LogRecord> = (0..1000).map(record).collect();
        records[960..]
            .iter_mut()
            .for_each(|r| (r.id, r.template) = (RecordId(RecordId::PREVIEW.0 + r.id.0), TemplateId(0)));
        let mut snapshot = snapshot();
        snapshot.sources.truncate(1);
        snapshot.totals.records = 960;
        let source = &mut snapshot.sources[0];
        (source.info.state, source.info.read, source.info.size) = (SourceState::Backfill, 620 << 20, 1000 << 20);
        source.left = Some(2.4);
        Self::over(snapshot, records, width, height, &options(depth, false, "default"))
    }

    /// What was shown is stored now; `skipped` of the source's file is not read.
    pub(crate) fn all_stored(&mut self, skipped: Option<Skipped>) {
        (0..).zip(&mut self.records).for_each(|(id, r)| r.id = RecordId(id));
        let mut snapshot = Snapshot::clone(&self.model.world.snapshot);
        snapshot.totals.records = 1000;
        let source = &mut snapshot.sources[0];
        (source.info.state, source.left) = (SourceState::Following, None);
        source.info.skipped = skipped.into_iter().collect();
        self.input(Input::Snapshot(Arc::new(snapshot)));
    }

    fn over(snapshot: Snapshot, records: Vec<LogRecord>, width: u16, height: u16, options: &TuiOptions) -> Self {
        let model = build(options, Arc::new(snapshot)).unwrap();
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut screen = Self { model, terminal, records, done: Vec::new() };
        screen.model.world.clock.now = at(0);
        screen.input(Input::Resize(width, height));
        let effects = update::start(&mut screen.model, PaneId::Overview);
        screen.perform(effects);
        screen
    }

    pub(crate) fn input(&mut self, input: Input) {
        let effects = update::update(&mut self.model, input);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(Request::Logs(r)) => {
                    let page = self.answer(&r);
                    self.input(Input::Engine(Event::Logs(page)));
                }
                Effect::Send(Request::Parts(r)) => {
                    let answer = self.parts(&r);
                    self.input(Input::Engine(Event::Parts(Box::new(answer))));
                }
                Effect::Send(Request::Record(id)) => {
                    if let Some(r) = self.records.iter().find(|r| r.id == id) {
                        let detail = RecordDetail {
                            record: r.clone(),
                            fields: vec![Field { name: "pool".into(), value: "20/20".into() }],
                            source: "/var/log/shop/orders.log".into(),
                            format: "plain".into(),
                            template: "request <num> done in <duration>".into(),
                            template_count: 890,
                            incident: (r.severity >= Severity::ERROR).then_some(IncidentId(7)),
                        };
                        self.input(Input::Engine(Event::Record(Box::new(detail))));
                    }
                }
                Effect::Send(Request::Incident(id)) => {
                    let held = self.model.world.snapshot.incidents.iter().find(|i| i.id == id);
                    if let Some(detail) = held.map(|i| incident_detail(aiobs_types::Incident::clone(i))) {
                        self.input(Input::Engine(Event::Incident(Box::new(detail))));
                    }
                }
                Effect::Send(Request::Patterns) => {
                    self.input(Input::Engine(Event::Patterns(Box::new(patterns()))));
                }
                Effect::Send(Request::Pattern(id)) => {
                    if let Some(pattern) = patterns().rows.into_iter().find(|p| p.id == id) {
                        let detail = pattern_detail(&pattern, self.records.iter().rev().find(|r| r.template == id));
                        self.input(Input::Engine(Event::Pattern(Box::new(detail))));
                    }
                }
                Effect::Send(Request::Heat(r)) => {
                    let answer = self.heat(r);
                    self.input(Input::Engine(Event::Heat(Box::new(answer))));
                }
                Effect::Send(Request::Kept) => {}
                Effect::Send(Request::ModelChoices) => self.input(Input::Engine(Event::ModelChoices(Ok(models())))),
                Effect::Send(Request::RerunBy(id, choice)) => self.done.push(format!("rerun {id} by {}", choice.model)),
                Effect::Send(Request::Collect(seq, query, _)) => {
                    let inside = |r: &&LogRecord| {
                        query.first.is_none_or(|f| r.id >= f) && query.last.is_none_or(|l| r.id <= l) && fits(r, &query)
                    };
                    let records = self.records.iter().filter(inside).cloned().collect();
                    self.input(Input::Engine(Event::Collected(seq, Collected::Done { records, more: false })));
                }
                Effect::Save { path, text } => self.done.push(format!("save {path}: {text}")),
                Effect::OpenText { text, .. } => self.done.push(format!("open {text}")),
                Effect::Send(Request::Keep(keep)) => self.done.push(kept(keep)),
                Effect::Copy { text, .. } => self.done.push(format!("copy {text}")),
                other => self.done.push(format!("{other:?}")),
            }
        }
    }

    /// Types keys as they are written in keymap files, with spaces between; `"..."` types the text.
    pub(crate) fn press(&mut self, keys: &str) {
        for (i, part) in keys.split('"').enumerate() {
            if i % 2 == 1 {
                for c in part.chars() {
                    let key = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(c));
                    self.input(Input::Key(key));
                }
            } else {
                for word in part.split_whitespace() {
                    self.input(Input::Key(Chord::parse(word).unwrap().event()));
                }
            }
        }
    }

    pub(crate) fn draw(&mut self) -> &Buffer {
        let model = &self.model;
        self.terminal.draw(|f| shell::draw(f, model)).unwrap();
        self.terminal.backend().buffer()
    }

    /// The rows of the screen, ends trimmed.
    pub(crate) fn text(&mut self) -> String {
        let buffer = self.draw();
        let area = buffer.area;
        let mut out = String::new();
        for y in 0..area.height {
            let mut row = String::new();
            let mut skip = 0;
            for x in 0..area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                row.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            }
            out.push_str(row.trim_end());
            out.push('\n');
        }
        out
    }

    /// Counts in parts of half a minute, or of what was asked; of ids, in equal parts.
    fn parts(&self, r: &PartsRequest) -> PartsAnswer {
        let (from, width) = match r.of {
            PartsOf::AllTime => (at(1020).0, 30_000_000_000),
            PartsOf::Time(from, width) => (from.0, width),
            PartsOf::Arrival => (0, 1 + self.records.len() as i64 / r.parts as i64),
        };
        let mut counts = vec![PartCount::default(); if r.of == PartsOf::AllTime { 34 } else { r.parts }];
        for rec in self.records.iter().filter(|rec| fits(rec, &r.query)) {
            let place = if r.of == PartsOf::Arrival { rec.id.0 as i64 } else { rec.time.0 };
            let Ok(i) = usize::try_from((place - from).div_euclid(width)) else { continue };
            if let Some(c) = counts.get_mut(i) {
                c.all += 1;
                c.warnings += u64::from(rec.severity.level() == Level::Warn);
                c.errors += u64::from(rec.severity.level() >= Level::Error);
            }
        }
        PartsAnswer { seq: r.seq, map: r.map, from, width, counts, share: 1.0, done: true, ..PartsAnswer::default() }
    }

    /// Warnings and errors in columns of half a minute, or of what was asked.
    fn heat(&self, r: HeatRequest) -> HeatMap {
        let (from, width) = r.zoom.unwrap_or((at(1020), 30_000_000_000));
        let columns = r.columns.min(if r.zoom.is_some() { usize::MAX } else { 34 });
        let mut rows: Vec<HeatRow> = Vec::new();
        for rec in self.records.iter().filter(|r| r.severity >= Severity::WARN) {
            let Ok(column) = usize::try_from(rec.time.since(from).div_euclid(width)) else { continue };
            if column >= columns {
                continue;
            }
            let i = rows.iter().position(|row| row.name == rec.component).unwrap_or_else(|| {
                let cells = vec![HeatCell::default(); columns];
                rows.push(HeatRow { name: rec.component.clone(), cells, ..HeatRow::default() });
                rows.len() - 1
            });
            let error = u64::from(rec.severity >= Severity::ERROR);
            let cell = HeatCell { errors: error, warnings: 1 - error, fatal: 0 };
            rows[i].cells[column].add(cell);
            rows[i].sum.add(cell);
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.sum.errors, row.sum.warnings)));
        HeatMap { seq: r.seq, from, width, columns, rows, left_out: 0, share: 1.0, done: true }
    }

    fn answer(&self, r: &LogsRequest) -> LogsPage {
        let mut hits: Vec<&LogRecord> = self.records.iter().filter(|rec| fits(rec, &r.query)).collect();
        if r.by_time {
            hits.sort_by_key(|rec| (rec.time, rec.id));
        }
        let found = |rec: &LogRecord| r.find.as_ref().is_some_and(|f| holds(rec, f));
        let n = hits.len();
        let place = match r.anchor {
            Anchor::Tail => n.checked_sub(1),
            Anchor::Head => (n > 0).then_some(0),
            Anchor::At(id) => {
                // What was shown before it was stored has got the number of its place.
                let stored = RecordId(id.0 - RecordId::PREVIEW.0 * u64::from(id.is_preview()));
                let id = if hits.iter().any(|h| h.id == id) { id } else { stored };
                hits.iter().position(|h| h.id >= id).or(n.checked_sub(1))
            }
            Anchor::Rank(i) => (n > 0).then(|| (i as usize).min(n - 1)),
            Anchor::Time(t) => hits.iter().position(|h| h.time >= t).or(n.checked_sub(1)),
            Anchor::FindNext(id) => {
                let after = hits.iter().position(|h| h.id > id && found(h));
                after.or_else(|| hits.iter().position(|h| found(h)))
            }
            Anchor::FindPrevious(id) => {
                let before = hits.iter().rposition(|h| h.id < id && found(h));
                before.or_else(|| hits.iter().rposition(|h| found(h)))
            }
            Anchor::LevelNext(id, level) => hits.iter().position(|h| h.id > id && h.severity.level() >= level),
            Anchor::LevelPrevious(id, level) => hits.iter().rposition(|h| h.id < id && h.severity.level() >= level),
        };
        let shown: Vec<RecordId> = hits.iter().map(|h| h.id).filter(|id| id.is_preview()).collect();
        let archive = self.records.iter().filter(|r| !r.id.is_preview()).count() as u64;
        let counts = LogsPage {
            seq: r.seq,
            total: n as u64,
            archive,
            scanned: archive,
            done: true,
            unstored: shown.len() as u64,
            edges: shown.first().copied().into_iter().collect(),
            ..LogsPage::default()
        };
        let Some(place) = place else {
            let jump = !matches!(r.anchor, Anchor::Tail | Anchor::Head | Anchor::At(_));
            return LogsPage { not_found: jump, ..counts };
        };
        let from = place.saturating_sub(r.before);
        let to = (place + r.after.max(1)).min(n);
        LogsPage {
            rows: hits[from..to].iter().map(|h| (*h).clone()).collect(),
            focus: Some(place - from),
            rank: from as u64,
            ..counts
        }
    }
}

/// The patterns of the records, and one that has vanished.
fn patterns() -> Patterns {
    let row = |id: u32, text: &str, count: u64, level, life, trend: Vec<u32>| Pattern {
        id: TemplateId(id),
        text: text.into(),
        count,
        share: count as f64 / 1_033.0,
        first_seen: at(1000 - i64::from(id)),
        last_seen: at(i64::from(id) * 10),
        level,
        life,
        trend,
        ..Pattern::default()
    };
    let rows = vec![
        row(1, "request <num> done in <duration>", 890, Level::Info, Life::Steady, vec![15; 60]),
        row(2, "pool exhausted (<num>/<num>), waiting <duration>", 100, Level::Warn, Life::Rising, (0..60).collect()),
        row(5, "heartbeat of <host>", 33, Level::Info, Life::Vanished, Vec::new()),
        row(3, "charge failed: upstream timeout", 9, Level::Error, Life::Surging, [vec![0; 50], vec![1; 10]].concat()),
        row(4, "user said <str> <str>", 1, Level::Info, Life::New, [vec![0; 40], vec![1], vec![0; 19]].concat()),
    ];
    Patterns { rows, records: 1_033, trend: Trend { from: at(1000), to: at(0), records: 1000 } }
}

fn pattern_detail(pattern: &Pattern, example: Option<&LogRecord>) -> PatternDetail {
    let spread = |values: &[(&str, u64)], range, odd| Spread {
        total: values.iter().map(|(_, n)| n).sum(),
        distinct: values.len(),
        top: values.iter().map(|(v, n)| ((*v).to_owned(), *n)).collect(),
        range,
        odd,
    };
    let text = |t: &str| t.to_owned();
    let range = Range { low: text("10 ms"), median: text("24 ms"), p95: text("48 ms"), high: text("9000 ms") };
    let odd = vec![(text("9000 ms"), 1, Odd::High)];
    let slots = match pattern.id.0 {
        1 => vec![
            SlotValues {
                kind: "<num>",
                name: text("request"),
                spread: spread(&[("1", 1), ("2", 1), ("3", 1), ("4", 1)], None, vec![]),
            },
            SlotValues {
                kind: "<duration>",
                name: text("in"),
                spread: spread(&[("24 ms", 800), ("10 ms", 90)], Some(range), odd),
            },
        ],
        _ => Vec::new(),
    };
    PatternDetail {
        id: pattern.id,
        text: pattern.text.clone(),
        lines: if example.is_some() { pattern.count } else { 0 },
        times: Some((at(1000), at(0))),
        example: example.cloned(),
        levels: vec![(pattern.level, pattern.count)],
        components: vec![(text("orders"), pattern.count)],
        sources: vec![(text("/var/log/shop/orders.log"), pattern.count)],
        slots,
        ..PatternDetail::default()
    }
}

/// What is kept or forgotten, in words.
fn kept(keep: Keep) -> String {
    match keep {
        Keep::Bookmark { record, note: Some(note) } if note.is_empty() => format!("Keep {} bookmark", record.0),
        Keep::Bookmark { record, note: Some(note) } => format!("Keep {} {note}", record.0),
        Keep::Bookmark { record, note: None } => format!("Forget {}", record.0),
        Keep::Filter { name, filter: Some(filter) } => format!("Keep filter {name}: {filter}"),
        Keep::State(name, _) => format!("Keep {name}"),
        Keep::Filter { name, filter: None } => format!("Forget filter {name}"),
    }
}

fn fits(r: &LogRecord, q: &LogQuery) -> bool {
    q.text.iter().all(|t| holds(r, t) != t.negate)
        && q.min_severity.is_none_or(|s| r.severity >= s)
        && q.from.is_none_or(|t| r.time >= t)
        && q.to.is_none_or(|t| r.time < t)
        && (q.components.is_empty() || q.components.contains(&r.component))
        && (q.templates.is_empty() || q.templates.contains(&r.template))
        && (q.sources.is_empty() || q.sources.contains(&r.source))
}

fn holds(r: &LogRecord, t: &TextMatch) -> bool {
    if t.case_sensitive {
        r.text.contains(&t.pattern)
    } else {
        r.text.to_lowercase().contains(&t.pattern.to_lowercase())
    }
}

/// What the servers have: one model here, one elsewhere.
fn models() -> Vec<ModelChoice> {
    let choice = |model: &str, place: &str, local| ModelChoice {
        server: "model".into(),
        provider: "ollama".into(),
        place: place.into(),
        model: model.into(),
        local,
        wrong: None,
    };
    vec![choice("llama3.1:8b", "http://127.0.0.1:11434", true), choice("qwen3", "http://gpu-1.internal:8000", false)]
}

/// What the engine knows about an incident: a diagnosis by a playbook.
fn incident_detail(incident: Incident) -> IncidentDetail {
    let diagnosis = Diagnosis {
        id: 1,
        incident: incident.id,
        fingerprint: incident.fingerprint,
        created: incident.first_seen,
        author: Author::Playbook { id: "database-connection-refused".into() },
        title: incident.title.clone(),
        cause: "The database refuses connections: its connection limit is used up since orders was deployed.".into(),
        error_class: "database.connection_refused".into(),
        criticality: 5,
        confidence: Confidence::High,
        claims: Vec::new(),
        alternatives: Vec::new(),
        fix: Fix {
            now: vec!["Roll the deployment of orders back.".into()],
            commands: vec!["kubectl rollout undo deploy/orders".into()],
            verify: vec!["Refused connections fall to 0 within a minute.".into()],
            ..Fix::default()
        },
        summary: String::new(),
        prompts: Vec::new(),
        references: Vec::new(),
        notes: Vec::new(),
        trace: None,
        grounds: aiobs_types::Grounds::default(),
    };
    IncidentDetail { incident, diagnosis: Some(diagnosis), ..IncidentDetail::default() }
}
