//! What leaves the pane: a range of lines marked with the cursor, or the whole view, to the clipboard, into a file, or to
//! the pager. The engine collects the records; here they are written in the form that was asked for.

use super::input::Typing;
use super::state::State;
use crate::runtime::events::{Collected, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::written::{clean, csv, markup};
use aiobs_types::{LogQuery, LogRecord, RecordId, Timestamp};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::path::Path;

/// Records written at most: they are held in memory meanwhile.
const MOST: usize = 200_000;

/// What the records are collected for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Copy,
    File {
        path: String,
        form: Form,
    },
    /// To the program of `$PAGER`, or `$EDITOR`.
    Open {
        editor: bool,
    },
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Csv,
    Markdown,
}

/// What goes on.
#[derive(Debug)]
pub(super) struct Collecting {
    seq: u64,
    purpose: Purpose,
    /// Records looked at, and to look at.
    pub(super) progress: (u64, u64),
    /// The range they are of.
    range: Option<Range>,
}

/// A place in the order of the view: by event time, or, with none, as records came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimeAndId {
    pub(super) time: Option<Timestamp>,
    pub(super) id: RecordId,
}

/// The lines from one place to another, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: TimeAndId,
    pub(super) last: TimeAndId,
}

impl Range {
    /// Whether a record is in it.
    pub(super) fn has(&self, r: &LogRecord) -> bool {
        let at = TimeAndId { time: self.first.time.map(|_| r.time), id: r.id };
        self.first <= at && at <= self.last
    }
}

impl Form {
    /// By the end of a file's name.
    fn of(path: &str) -> Result<Self, String> {
        let ending = Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        Ok(match ending.as_str() {
            "txt" | "log" => Self::Text,
            "json" | "jsonl" | "ndjson" => Self::Json,
            "csv" => Self::Csv,
            "md" | "markdown" => Self::Markdown,
            _ => return Err("the file's name must end in .txt, .log, .json, .csv or .md".to_owned()),
        })
    }
}

impl State {
    /// Begins a range at the cursor, or forgets it.
    pub(super) fn select(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.selected.take().is_some() {
            return vec![Effect::info("Selection dropped")];
        }
        self.selected = self.window.record().map(|r| self.place_of(r, cx));
        self.follow = false;
        let keys = |a| cx.keys(Context::Logs, a);
        let (copy, export, open) = (keys(Action::Copy), keys(Action::Export), keys(Action::OpenPager));
        vec![Effect::info(format!("Move, then {copy} copies, {export} writes to a file, {open} opens the lines"))]
    }

    /// Where a record stands in the order of the view.
    pub(super) fn place_of(&self, r: &LogRecord, cx: &PaneCx<'_>) -> TimeAndId {
        TimeAndId { time: self.by_time(cx).then_some(r.time), id: r.id }
    }

    /// The range, when one is marked.
    pub(super) fn range(&self) -> Option<Range> {
        let (from, to) = (self.selected?, self.window.record()?);
        let to = TimeAndId { time: from.time.map(|_| to.time), id: to.id };
        Some(Range { first: from.min(to), last: from.max(to) })
    }

    /// Copies the line, or the chosen field of the detail: its value, or with its name.
    pub(super) fn copy_text(&mut self, named: bool, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.selected.is_some() {
            return self.collect(Purpose::Copy, cx);
        }
        if let Some(f) = self.detail.as_ref().filter(|d| d.focus).and_then(|d| d.field()) {
            let text = if named { format!("{}={}", f.name, f.value) } else { f.value.clone() };
            let what = if named { f.name.clone() } else { format!("the value of {}", f.name) };
            return vec![Effect::Copy { text, what }];
        }
        let copy = |r: &LogRecord| Effect::Copy { text: r.text.clone(), what: "the line".into() };
        self.window.record().map(copy).into_iter().collect()
    }

    /// Opens the line for the file's name.
    pub(super) fn name_file(&mut self, cx: &PaneCx<'_>) {
        self.type_in(Typing::File);
        let at = format!("{} {}", cx.clock.date(cx.clock.now), cx.clock.hms(cx.clock.now));
        let stamp: String = at.chars().map(|c| if c == ' ' { '-' } else { c }).filter(|c| *c != ':').collect();
        self.edits[Typing::File as usize].set(format!("logs-{stamp}.txt"));
    }

    /// Writes what is selected, else what the filter leaves, into a file.
    pub(super) fn export(&mut self, path: String, cx: &PaneCx<'_>) -> Result<Vec<Effect>, String> {
        let form = Form::of(&path)?;
        Ok(self.collect(Purpose::File { path, form }, cx))
    }

    /// Asks for the records of the range, else of the view.
    pub(super) fn collect(&mut self, purpose: Purpose, cx: &PaneCx<'_>) -> Vec<Effect> {
        let mut query = LogQuery { limit: MOST, ..self.query.clone() };
        let range = self.range();
        if let Some(Range { first, last }) = range {
            if let (Some(from), Some(to)) = (first.time, last.time) {
                query.from = query.from.max(Some(from));
                query.to = Some(query.to.map_or(to.plus(1), |t| t.min(to.plus(1))));
            } else {
                query.first = query.first.max(Some(first.id));
                query.last = Some(query.last.map_or(last.id, |l| l.min(last.id)));
            }
        }
        self.collections += 1;
        let seq = self.collections;
        self.collecting = Some(Collecting { seq, purpose, progress: (0, 0), range });
        vec![Effect::Send(Request::Collect(seq, query, self.by_time(cx)))]
    }

    /// Stops collecting.
    pub(super) fn stop_collecting(&mut self) -> Option<Vec<Effect>> {
        self.collecting.take()?;
        Some(vec![Effect::Send(Request::CancelCollect), Effect::info("Stopped; nothing was written")])
    }

    /// Takes what was collected.
    pub(super) fn collected(&mut self, seq: u64, state: &Collected, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(c) = self.collecting.as_mut().filter(|c| c.seq == seq) else { return Vec::new() };
        let (records, more) = match state {
            Collected::Running { scanned, total, .. } => {
                c.progress = (*scanned, *total);
                return Vec::new();
            }
            Collected::Failed(why) => {
                self.collecting = None;
                return vec![Effect::warn(format!("Can't read the archive: {why}"))];
            }
            Collected::Done { records, more } => (records, *more),
        };
        let Some(Collecting { purpose, range, .. }) = self.collecting.take() else { return Vec::new() };
        // Of several records of one time, the range may begin or end between two.
        let inside = |r: &&LogRecord| range.is_none_or(|range| range.has(r));
        let records: Vec<&LogRecord> = records.iter().filter(inside).collect();
        let records = records.as_slice();
        if records.is_empty() {
            return vec![Effect::info("There is nothing to write")];
        }
        self.selected = None;
        let said = format::plural(records.len() as u64, "line");
        let mut effects = match purpose {
            Purpose::Copy => {
                let text = records.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join("\n");
                vec![Effect::Copy { text, what: said }]
            }
            Purpose::File { path, form } => vec![Effect::Save { path, text: self.written(records, form, cx) }],
            Purpose::Open { editor } => {
                vec![Effect::OpenText { text: self.written(records, Form::Text, cx), editor }]
            }
        };
        if more {
            let most = format::count(MOST as u64);
            effects.push(Effect::warn(format!("Only the first {most} lines; narrow down, or use aiobs export")));
        }
        effects
    }

    fn written(&self, records: &[&LogRecord], form: Form, cx: &PaneCx<'_>) -> String {
        let source = |r: &LogRecord| {
            cx.snapshot.sources.iter().find(|s| s.info.id == r.source).map_or("", |s| s.info.name.as_str())
        };
        let note = |r: &LogRecord| self.notes.of(r.id).unwrap_or_default();
        let mut out = String::new();
        match form {
            Form::Text => {
                for r in records {
                    if !note(r).is_empty() {
                        let _ = writeln!(out, "# note: {}", clean(note(r)));
                    }
                    out.push_str(&clean(&r.text));
                    out.push('\n');
                }
            }
            Form::Json => records.iter().for_each(|r| out.push_str(&object(r, source(r), note(r)))),
            Form::Csv => {
                out.push_str("id,time,level,source,offset,component,template_id,message,note\n");
                for r in records {
                    let numbers = (r.id.0.to_string(), r.offset.to_string(), r.template.0.to_string());
                    let time = rfc3339(r);
                    let level = r.severity.level().name();
                    let cells = [
                        &numbers.0,
                        &time,
                        level,
                        source(r),
                        &numbers.1,
                        &r.component,
                        &numbers.2,
                        r.message(),
                        note(r),
                    ];
                    out.push_str(&cells.map(csv).join(","));
                    out.push('\n');
                }
            }
            Form::Markdown => {
                out.push_str(
                    "| id | time | level | component | text | note |\n| --- | --- | --- | --- | --- | --- |\n",
                );
                for r in records {
                    let (time, level) = (cx.clock.full(r.time), r.severity.level().name());
                    let cells = [markup(&r.component), markup(&r.text), markup(note(r))].join(" | ");
                    let _ = writeln!(out, "| {} | {time} | {level} | {cells} |", r.id.0);
                }
            }
        }
        out
    }
}

/// RFC 3339 in UTC with nanoseconds.
fn rfc3339(r: &LogRecord) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(r.time.0)).map_or_else(|_| r.time.0.to_string(), |t| format!("{t:.9}"))
}

/// A record as one line of JSON.
fn object(r: &LogRecord, source: &str, note: &str) -> String {
    let mut map = Map::new();
    map.insert("id".into(), Value::from(r.id.0));
    for (name, value) in [("time", rfc3339(r).as_str()), ("level", r.severity.level().name()), ("source", source)] {
        map.insert(name.into(), Value::from(value));
    }
    map.insert("offset".into(), Value::from(r.offset));
    map.insert("component".into(), Value::from(r.component.as_str()));
    map.insert("template_id".into(), Value::from(r.template.0));
    map.insert("message".into(), Value::from(r.message()));
    map.insert("text".into(), Value::from(r.text.as_str()));
    if !note.is_empty() {
        map.insert("note".into(), Value::from(note));
    }
    Value::Object(map).to_string() + "\n"
}
