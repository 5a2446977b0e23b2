//! For the tests of panes: a fixed moment of a believable incident, and a pane drawn to text.
#![allow(clippy::unwrap_used)]

use super::{Pane, PaneCx};
use crate::runtime::events::{
    AlertLine, ChainState, Event, IncidentDetail, ModelState, RunCalls, Similar, Snapshot, StageRow, StageState,
};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::format::Clock;
use crate::tui::keymap::{self, Keymap};
use crate::tui::theme::{Depth, Glyphs, Library, Theme};
use aiobs_types::{
    AttrValue, Author, Claim, Confidence, Diagnosis, Fix, Incident, IncidentId, IncidentState, LogRecord, RecordId,
    Severity, Span, SpanId, SpanStatus, TimelineEntry, TimelineKind, Timestamp, TraceId, semconv,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::style::{Modifier, Style};
use std::fmt::Write as _;

/// 2025-01-07 14:26:31 UTC, four minutes into the incident.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_736_259_991);

/// Seconds before [`NOW`].
pub(crate) fn ago(secs: i64) -> Timestamp {
    NOW.plus(-secs * 1_000_000_000)
}

/// Everything a pane is drawn with.
pub(crate) struct Kit {
    pub(crate) snapshot: Snapshot,
    theme: Theme,
    glyphs: Glyphs,
    keymap: Keymap,
    clock: Clock,
    size: Size,
}

impl Kit {
    pub(crate) fn new(width: u16, height: u16, depth: Depth, ascii: bool) -> Self {
        Self {
            snapshot: Snapshot { started: ago(600), taken: NOW, ..Snapshot::default() },
            theme: Library::new(None).load("dark", depth).unwrap(),
            glyphs: Glyphs::pick(ascii),
            keymap: keymap::load("default", None).unwrap(),
            clock: Clock { now: NOW, zone: jiff::tz::TimeZone::UTC },
            size: Size { width, height },
        }
    }

    pub(crate) fn cx(&self) -> PaneCx<'_> {
        PaneCx {
            snapshot: &self.snapshot,
            theme: &self.theme,
            glyphs: &self.glyphs,
            keymap: &self.keymap,
            clock: &self.clock,
            size: self.size,
            parse_filter: &|_, _| Err("no filter here".into()),
            suggest_filter: &|_, _, _, _| Vec::new(),
            read_fields: &|_, _| Vec::new(),
            sql_words: &[],
        }
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, secs: i64) {
        self.clock.now = self.clock.now.plus(secs * 1_000_000_000);
    }

    /// Runs actions one after the other; the effects of the last.
    pub(crate) fn press(&self, pane: &mut impl Pane, actions: &[Action]) -> Vec<Effect> {
        actions.iter().map(|a| pane.update(*a, &self.cx())).last().unwrap_or_default()
    }

    pub(crate) fn event(&self, pane: &mut impl Pane, event: Event) -> Vec<Effect> {
        pane.on_event(&event, &self.cx())
    }

    /// The pane as text rows, ends trimmed; in colour each row is followed by its style runs.
    pub(crate) fn draw(&self, pane: &impl Pane) -> String {
        let mut terminal = Terminal::new(TestBackend::new(self.size.width, self.size.height)).unwrap();
        terminal.draw(|f| pane.view(f, f.area(), &self.cx())).unwrap();
        let buffer = terminal.backend().buffer();
        let mut text = String::new();
        let mut styles = String::new();
        for y in 0..self.size.height {
            let mut row = String::new();
            let mut runs: Vec<(u16, Style)> = Vec::new();
            let mut skip = 0;
            for x in 0..self.size.width {
                let cell = &buffer[(x, y)];
                if skip == 0 {
                    row.push_str(cell.symbol());
                    skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1) - 1;
                } else {
                    skip -= 1;
                }
                if runs.last().is_none_or(|(_, s)| *s != cell.style()) {
                    runs.push((x, cell.style()));
                }
            }
            let _ = writeln!(text, "{}", row.trim_end());
            let runs: Vec<String> = runs.iter().map(|(x, s)| format!("{x}:{}", style_text(*s))).collect();
            let _ = writeln!(styles, "{y:>2} {}", runs.join(" "));
        }
        format!("{text}--- styles\n{styles}")
    }
}

fn style_text(style: Style) -> String {
    let mut out = style.fg.map_or_else(String::new, |c| c.to_string());
    if let Some(bg) = style.bg.filter(|c| *c != ratatui::style::Color::Reset) {
        let _ = write!(out, "/{bg}");
    }
    for (m, letter) in [
        (Modifier::BOLD, 'b'),
        (Modifier::DIM, 'd'),
        (Modifier::ITALIC, 'i'),
        (Modifier::UNDERLINED, 'u'),
        (Modifier::REVERSED, 'r'),
    ] {
        if style.add_modifier.contains(m) {
            let _ = write!(out, "+{letter}");
        }
    }
    out
}

/// Both sizes, in colour and without, as one snapshot each in `PANE/snapshots`; `prepare` makes the pane for a kit.
pub(crate) fn snapshots<P: Pane>(pane_name: &str, scene: &str, prepare: impl Fn(&mut Kit) -> P) {
    for (width, height) in [(80, 24), (160, 45)] {
        for (depth, word) in [(Depth::True, "colour"), (Depth::None, "no_color")] {
            // Header and footer take a row each.
            let mut kit = Kit::new(width, height - 2, depth, false);
            let pane = prepare(&mut kit);
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => format!("{pane_name}/snapshots"), omit_expression => true }, {
                insta::assert_snapshot!(format!("{scene}_{width}x{height}_{word}"), kit.draw(&pane));
            });
        }
    }
}

fn incident(id: u64, title: &str, state: IncidentState, criticality: u8, count: u64, secs: i64) -> Incident {
    Incident {
        id: IncidentId(id),
        title: title.into(),
        reason: "level error, and a template never seen before".into(),
        state,
        severity: if criticality > 3 { Severity::ERROR } else { Severity::WARN },
        criticality: Some(criticality),
        count,
        first_seen: ago(secs),
        last_seen: ago(1),
        components: vec!["orders".into(), "payments".into()],
        evidence: vec![RecordId(3), RecordId(4)],
        timeline: vec![TimelineEntry {
            time: ago(secs),
            kind: TimelineKind::Opened,
            text: "opened: connection to db-1:5432 refused".into(),
        }],
        ..Incident::default()
    }
}

/// Four incidents, one of each state.
pub(crate) fn incidents() -> Vec<Incident> {
    vec![
        incident(7, "database refuses connections", IncidentState::Open, 5, 1902, 240),
        incident(6, "TLS certificate of tunnel expires", IncidentState::Acknowledged, 3, 12, 540),
        incident(3, "disk 91 % on node-2", IncidentState::Resolved, 2, 3, 7200),
        incident(1, "retry noise in catalog", IncidentState::Muted, 1, 88, 86_400),
    ]
}

fn record(id: u64, secs: i64, severity: Severity, component: &str, message: &str) -> LogRecord {
    let text = format!("{component}: {message}");
    LogRecord {
        id: RecordId(id),
        time: ago(secs).plus(402_000_000),
        severity,
        component: component.into(),
        message: (component.len() as u32 + 2, text.len() as u32),
        text,
        ..LogRecord::default()
    }
}

fn claim(text: &str, records: &[u64]) -> Claim {
    Claim {
        text: text.into(),
        records: records.iter().map(|r| RecordId(*r)).collect(),
        supported: !records.is_empty(),
        doubts: Vec::new(),
    }
}

/// Incident 7 with its diagnosis.
pub(crate) fn detail() -> IncidentDetail {
    let list = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
    IncidentDetail {
        incident: incidents().remove(0),
        diagnosis: Some(Diagnosis {
            id: 1,
            incident: IncidentId(7),
            fingerprint: aiobs_types::Fingerprint(7),
            created: ago(200),
            author: Author::Model { provider: "ollama".into(), model: "llama3.1".into() },
            title: "pool larger than the database allows".into(),
            cause: "The pool of orders was raised from 20 to 200 connections by the deploy at 14:22:27 [1]; db-1 \
                    allows 100 [2] and refuses the rest [3]."
                .into(),
            error_class: "database.connection_refused".into(),
            criticality: 5,
            confidence: Confidence::High,
            claims: vec![
                claim("The pool was raised by a deploy.", &[1]),
                claim("db-1 has no free slots.", &[2, 3]),
                claim("Replication lags.", &[]),
            ],
            alternatives: list(&["db-1 restarting (no restart line seen)"]),
            fix: Fix {
                now: list(&["scale orders to 1 replica, or set POOL_MAX=40"]),
                lasting: list(&["pgbouncer in transaction mode", "alert on pool > 80 %"]),
                commands: list(&["kubectl -n shop scale deploy/orders --replicas=1"]),
                verify: list(&["refused connections fall to 0 within a minute"]),
                rollback: list(&["redeploy orders 1.14.2"]),
                risk: "one replica may not carry the load".into(),
                ..Fix::default()
            },
            summary: "Orders fail because the database refuses connections.".into(),
            prompts: Vec::new(),
            references: list(&["PostgreSQL manual, Connections and Authentication"]),
            notes: Vec::new(),
            trace: Some(TraceId(0x8f3a)),
            grounds: aiobs_types::Grounds::default(),
        }),
        verdict: None,
        records: vec![
            record(1, 244, Severity::INFO, "deploy", "orders 1.14.2 -> 1.15.0, POOL_MAX=200"),
            record(2, 241, Severity::WARN, "db-1", "remaining connection slots are reserved"),
            record(
                3,
                240,
                Severity::ERROR,
                "orders",
                "connection to db-1:5432 refused (pool 20/20)\n\x1b[31mat pool.rs:88",
            ),
            record(4, 1, Severity::ERROR, "payments", "charge 99120 failed: upstream timeout after 30 s"),
        ],
        spans: spans(),
        strikes: vec![0, 12, 408, 900, 582],
        similar: vec![Similar {
            incident: Incident {
                last_seen: ago(12 * 86_400),
                ..incident(2, "database refuses connections", IncidentState::Resolved, 4, 61, 13 * 86_400)
            },
            why: "same words database, refuses; component orders".into(),
            solved_by: Some("pgbouncer in transaction mode".into()),
            advised: None,
        }],
        words: vec![("refused".into(), 3.1), ("connection <num>".into(), 0.8), ("pool".into(), -0.4)],
        alerts: vec![
            AlertLine {
                time: Some(ago(230)),
                arrived: Some(true),
                text: "slack (hooks.slack.com:443) told \"open\" by rule `office`".into(),
            },
            AlertLine {
                text: "pagerduty: not told by rule `on call`, quiet hours: only mon-fri 18:00-08:00".into(),
                ..AlertLine::default()
            },
        ],
        ..IncidentDetail::default()
    }
}

/// One run: three stages, a model call in one of them.
pub(crate) fn spans() -> Vec<Span> {
    let span = |id: u64, parent: Option<u64>, name: &str, from_ms: i64, to_ms: Option<i64>, attributes| Span {
        trace: TraceId(0x8f3a),
        id: SpanId(id),
        parent: parent.map(SpanId),
        name: name.into(),
        start: ago(220).plus(from_ms * 1_000_000),
        end: to_ms.map(|ms| ago(220).plus(ms * 1_000_000)),
        status: SpanStatus::Ok,
        attributes,
    };
    let attr = |k: &str, v: AttrValue| (k.to_owned(), v);
    let agent = |name: &str| vec![attr(semconv::AGENT_NAME, name.into())];
    let mut all = vec![
        span(1, None, "diagnose incident 7", 0, Some(19_000), vec![attr(semconv::INCIDENT, 7.into())]),
        span(2, Some(1), "invoke_agent context", 0, Some(2000), agent("Context")),
        span(3, Some(1), "invoke_agent diagnosis", 2000, Some(13_000), agent("Diagnosis")),
        span(
            4,
            Some(3),
            "chat llama3.1",
            2100,
            Some(12_900),
            vec![
                attr(semconv::OPERATION, "chat".into()),
                attr(semconv::INPUT_TOKENS, 1204.into()),
                attr(semconv::OUTPUT_TOKENS, 88.into()),
            ],
        ),
        span(5, Some(1), "invoke_agent fixer", 13_000, Some(19_000), agent("Fixer")),
    ];
    all[4].status = SpanStatus::Error("timed out".into());
    all
}

/// A snapshot with incidents and a model.
pub(crate) fn busy(snapshot: &mut Snapshot) {
    snapshot.incidents = incidents().into_iter().map(Into::into).collect();
    snapshot.model = ModelState::Ready { provider: "ollama".into(), model: "llama3.1".into(), local: true };
}

/// The chain at work on an incident.
pub(crate) fn running(id: u64) -> ChainState {
    let stage = |name, state, from: Option<i64>, to: Option<i64>| StageRow {
        name,
        state,
        started: from.map(ago),
        ended: to.map(ago),
        attempts: 1,
    };
    ChainState {
        running: Some(IncidentId(id)),
        stages: vec![
            stage("Context", StageState::Done, Some(19), Some(17)),
            stage("Diagnosis", StageState::Done, Some(17), Some(6)),
            stage("Fixer", StageState::Running, Some(6), None),
            stage("Reporter", StageState::Waiting, None, None),
        ],
        calls: RunCalls {
            model: "llama3.1".into(),
            answered: 1,
            tokens: (1204, 388),
            again: 1,
            why_again: "no first token from the model within 60 s".into(),
            ..RunCalls::default()
        },
        queued: 2,
        waiting: vec![IncidentId(5), IncidentId(8)],
        gathering: std::collections::BTreeMap::new(),
        finished: 0,
    }
}
