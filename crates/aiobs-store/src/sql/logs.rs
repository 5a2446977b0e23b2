//! The table of records: conditions go down to the headers of chunks and to the matcher, a thread scans ahead, and what
//! a column costs is paid only when it is read.

use super::functions::rfc3339;
use super::tables::{LOGS, SQL_TABLES};
use super::{Run, Shared, push};
use crate::scan::ChunkHits;
use aiobs_types::{FieldKey, LogQuery, Order, RecordView, SourceId, TemplateId};
use aiobs_vtab::{Op, Rows, Scan, Table};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Chunks found ahead of SQLite.
const AHEAD: usize = 3;
/// Between two looks at whether to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Columns in the order of the table in [`super::tables`]; the last is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Time,
    TimeNs,
    Observed,
    Severity,
    Level,
    Source,
    Component,
    Template,
    TemplateText,
    Message,
    Text,
    TraceId,
    Fields,
    Filter,
}

impl Column {
    const ALL: [Self; 15] = [
        Self::Id,
        Self::Time,
        Self::TimeNs,
        Self::Observed,
        Self::Severity,
        Self::Level,
        Self::Source,
        Self::Component,
        Self::Template,
        Self::TemplateText,
        Self::Message,
        Self::Text,
        Self::TraceId,
        Self::Fields,
        Self::Filter,
    ];

    fn at(i: usize) -> Option<Self> {
        Self::ALL.get(i).copied()
    }
}

/// See the module.
pub(super) struct Logs(pub(super) Arc<Shared>);

impl Table for Logs {
    fn declaration(&self) -> String {
        let columns = SQL_TABLES.iter().filter(|t| t.name == LOGS).flat_map(|t| t.columns);
        let mut list: Vec<String> = columns.map(|c| format!("{} {}", c.name, c.kind.replace("JSON", "TEXT"))).collect();
        list.push("filter HIDDEN".to_owned());
        list.join(", ")
    }

    fn uses(&self, column: usize, op: Op) -> Option<f64> {
        push::saves(Column::at(column)?, op)
    }

    fn argument(&self) -> Option<usize> {
        Some(Column::Filter as usize)
    }

    fn scan(&self, scan: &Scan) -> Result<Box<dyn Rows>, String> {
        let told = |e: crate::StoreError| e.to_string();
        let run = self.0.run().ok_or("there is no query that goes on")?;
        let reader = self.0.reader().map_err(told)?;
        let sources: Vec<(SourceId, String)> =
            reader.checkpoints().map_err(told)?.into_iter().map(|c| (c.source, c.name)).collect();
        let mut query = LogQuery::default();
        let mut filter = None;
        for c in &scan.conditions {
            if let (Some(Column::Filter), Value::Text(text)) = (Column::at(c.column), &c.value) {
                query = (self.0.filter)(text).map_err(|e| format!("filter: {e}"))?;
                filter = Some(text.clone());
            }
        }
        let mut possible = true;
        for c in &scan.conditions {
            match Column::at(c.column) {
                Some(Column::Filter) if filter.is_none() => {
                    return Err("the filter of logs(...) must be a text".to_owned());
                }
                Some(Column::Filter) | None => {}
                Some(column) => possible &= push::narrow(&mut query, c, column, &sources),
            }
        }
        let wants = |column: Column| scan.used & (1 << column as u64) != 0;
        let templates =
            if wants(Column::TemplateText) { run.templates(&reader).map_err(told)? } else { Arc::default() };
        query.order = if scan.descending { Order::NewestFirst } else { Order::OldestFirst };
        let cancel = Arc::new(AtomicBool::new(!possible));
        let (tx, rx) = sync_channel(AHEAD);
        let ahead = Ahead { shared: Arc::clone(&self.0), run: Arc::clone(&run), cancel: Arc::clone(&cancel), tx };
        let spawned = std::thread::Builder::new().name("sql scan".into()).spawn(move || ahead.run(reader, &query));
        spawned.map_err(|e| format!("starting a scan: {e}"))?;
        Ok(Box::new(LogRows {
            rx,
            run,
            cancel,
            hits: None,
            at: 0,
            descending: scan.descending,
            sources: sources.into_iter().collect(),
            templates,
            shared: Arc::clone(&self.0),
            filter,
        }))
    }
}

/// What the scanning thread sends.
enum Found {
    Hits(Box<ChunkHits>),
    End(Result<(), String>),
}

/// The scanning thread.
struct Ahead {
    shared: Arc<Shared>,
    run: Arc<Run>,
    cancel: Arc<AtomicBool>,
    tx: SyncSender<Found>,
}

impl Ahead {
    fn run(self, reader: crate::Reader, query: &LogQuery) {
        let end = if self.cancel.load(Ordering::Relaxed) { Ok(()) } else { self.scan(&reader, query) };
        self.shared.give_back(reader);
        // Nobody listens any more when SQLite has what it wants.
        let _ = self.tx.send(Found::End(end));
    }

    fn scan(&self, reader: &crate::Reader, query: &LogQuery) -> Result<(), String> {
        let told = |e: crate::StoreError| e.to_string();
        let matcher = reader.matcher(query).map_err(told)?;
        let control = &self.run.control;
        let mut on = |hits: &ChunkHits| {
            control.scanned.fetch_add(u64::from(hits.header.count), Ordering::Relaxed);
            if hits.rows.is_empty() || self.tx.send(Found::Hits(Box::new(hits.clone()))).is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let first = reader.first_record_id().map_err(told)?.map_or(0, |id| id.0).max(query.first.map_or(0, |id| id.0));
        let next =
            reader.next_record_id().map_err(told)?.0.min(query.last.map_or(u64::MAX, |id| id.0.saturating_add(1)));
        control.total.fetch_add(next.saturating_sub(first), Ordering::Relaxed);
        reader.scan(&matcher, query.order, &self.cancel, &mut on).map_err(told)?;
        Ok(())
    }
}

struct LogRows {
    rx: Receiver<Found>,
    run: Arc<Run>,
    cancel: Arc<AtomicBool>,
    hits: Option<Box<ChunkHits>>,
    /// Matches of `hits` already passed, plus one.
    at: usize,
    descending: bool,
    sources: HashMap<SourceId, String>,
    templates: Arc<HashMap<TemplateId, String>>,
    shared: Arc<Shared>,
    filter: Option<String>,
}

impl Drop for LogRows {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

impl LogRows {
    fn view(&self) -> Option<RecordView<'_>> {
        let hits = self.hits.as_ref()?;
        let at = self.at.checked_sub(1)?;
        let i = if self.descending { hits.rows.len().checked_sub(self.at)? } else { at };
        hits.chunk.as_ref()?.view(*hits.rows.get(i)? as usize)
    }

    fn fields(&self, v: &RecordView<'_>) -> String {
        let mut fields = serde_json::Map::new();
        if let Some(reader) = &self.shared.fields {
            reader.each(v.meta.source, v.text, &mut |name, value| {
                if !fields.contains_key(name) {
                    fields.insert(name.to_owned(), json(value));
                }
            });
        }
        serde_json::Value::Object(fields).to_string()
    }

    fn trace(&self, v: &RecordView<'_>) -> Option<String> {
        let reader = self.shared.fields.as_ref()?;
        if !["trace", "Trace", "TRACE"].iter().any(|word| v.text.contains(word)) {
            return None;
        }
        let mut found = None;
        ["trace_id", "traceid", "trace.id", "trace-id"].iter().any(|key| {
            reader.find(v.meta.source, v.text, &FieldKey::new(key), &mut |_, value| {
                found = Some(value.to_owned());
                true
            })
        });
        found
    }
}

/// Numbers and truth values as such, everything else as text.
fn json(value: &str) -> serde_json::Value {
    let plain = value.len() < 24 && value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | 't' | 'f'));
    let read = plain.then(|| serde_json::from_str::<serde_json::Value>(value).ok()).flatten();
    read.unwrap_or_else(|| serde_json::Value::String(value.to_owned()))
}

impl Rows for LogRows {
    fn next(&mut self) -> Result<bool, String> {
        if self.hits.as_ref().is_some_and(|h| self.at < h.rows.len()) {
            self.at += 1;
            return Ok(true);
        }
        loop {
            match self.rx.recv_timeout(LOOK) {
                Ok(Found::Hits(hits)) => {
                    self.hits = Some(hits);
                    self.at = 1;
                    return Ok(true);
                }
                Ok(Found::End(end)) => return end.map(|()| false),
                Err(RecvTimeoutError::Timeout) if self.run.stops() => return Err("stopped".to_owned()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(false),
            }
        }
    }

    fn number(&self) -> i64 {
        self.view().map_or(0, |v| v.id.0 as i64)
    }

    fn column(&self, column: usize) -> ToSqlOutput<'_> {
        let text = |t| ToSqlOutput::Borrowed(ValueRef::Text(str::as_bytes(t)));
        let null = ToSqlOutput::Owned(Value::Null);
        let (Some(v), Some(column)) = (self.view(), Column::at(column)) else { return null };
        match column {
            Column::Id => (v.id.0 as i64).into(),
            Column::Time => rfc3339(v.meta.time).into(),
            Column::TimeNs => v.meta.time.0.into(),
            Column::Observed => rfc3339(v.meta.observed).into(),
            Column::Severity => i64::from(v.meta.severity.0).into(),
            Column::Level => text(v.meta.severity.level().name()),
            Column::Source => text(self.sources.get(&v.meta.source).map_or("", String::as_str)),
            Column::Component => text(v.component),
            Column::Template => i64::from(v.meta.template.0).into(),
            Column::TemplateText => text(self.templates.get(&v.meta.template).map_or("", String::as_str)),
            Column::Message => text(v.message()),
            Column::Text => text(v.text),
            Column::TraceId => self.trace(&v).map_or(null, Into::into),
            Column::Fields => self.fields(&v).into(),
            Column::Filter => self.filter.as_deref().map_or(null, text),
        }
    }
}
