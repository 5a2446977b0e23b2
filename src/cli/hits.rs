//! The records that a query selects, written as they are found: what `aiobs search` and `aiobs export` share. Memory
//! does not grow with their number.

use super::args::{Format, Sorted};
use super::context::Context;
use super::exit::UsageError;
use super::output;
use crate::runtime::rules;
use aiobs_logs::filter::{FilterContext, parse_filter};
use aiobs_store::{ChunkHits, Reader, TimeStep};
use aiobs_types::{LogQuery, LogRecord, Order, RecordId, SourceId, TemplateId, Timestamp};
use std::collections::HashMap;
use std::io::{IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two looks of a person at the progress.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// Records handed over together at most when they are sorted by time.
const TOGETHER: usize = 512;

/// Which of the matches, and in what order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub order: Sorted,
    /// The other way round.
    pub newest: bool,
    /// At most so many; 0 is no limit.
    pub limit: usize,
}

/// A query, read against what the archive knows.
pub(super) struct Hits {
    reader: Reader,
    query: LogQuery,
    order: Sorted,
    names: HashMap<SourceId, String>,
    notes: HashMap<RecordId, String>,
    progress: bool,
}

/// How a run over the hits ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    /// Records that matched and were taken.
    pub matched: u64,
    /// Whether the limit ended it.
    pub limited: bool,
    /// Whether a signal ended it.
    pub stopped: bool,
}

impl Hits {
    pub(super) fn of(cx: &Context, words: &[String], wanted: Wanted) -> anyhow::Result<Self> {
        let reader = cx.archive()?;
        let names: Vec<(SourceId, String)> = reader.checkpoints()?.into_iter().map(|c| (c.source, c.name)).collect();
        let filter = FilterContext { now: Timestamp::now(), zone: rules::zone(&cx.config)?, sources: &names };
        let query = parse_filter(&words.join(" "), &filter).map_err(|e| UsageError(format!("query: {e}")))?;
        let order = if wanted.newest { Order::NewestFirst } else { Order::OldestFirst };
        let query = LogQuery { order, limit: wanted.limit, ..query };
        let notes = reader.bookmarks()?.into_iter().filter(|(_, note)| !note.is_empty()).collect();
        let names = names.into_iter().collect();
        Ok(Self { reader, query, order: wanted.order, names, notes, progress: cx.shows_progress() })
    }

    /// Hands the matches to `on`, some at a time.
    pub(super) fn each(
        &self,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&[LogRecord]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Ended> {
        if self.order == Sorted::Time {
            return self.by_time(cancel, on);
        }
        self.scan(cancel, &mut |hits, most| {
            let records = records(hits, self.query.order, most);
            on(&records)?;
            Ok(records.len() as u64)
        })
    }

    /// As [`Self::each`], by event time.
    fn by_time(
        &self,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&[LogRecord]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Ended> {
        let (mut ended, mut fault) = (Ended::default(), None);
        let mut progress = self.progress()?;
        let mut waiting: Vec<LogRecord> = Vec::with_capacity(TOGETHER);
        let mut scanned = 0;
        let mut step = |step| {
            let full = match step {
                TimeStep::Record(record) => {
                    waiting.push(record);
                    waiting.len() >= TOGETHER
                }
                TimeStep::Scanned(n) => {
                    scanned += n;
                    true
                }
            };
            if full {
                let matched = ended.matched + waiting.len() as u64;
                progress.say(scanned, matched);
                if !waiting.is_empty() {
                    progress.clear();
                    fault = on(&waiting).err();
                    waiting.clear();
                    ended.matched = matched;
                }
            }
            if fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.reader.by_time(&self.query, cancel, &mut step)?;
        progress.clear();
        if let Some(fault) = fault {
            return Err(fault);
        }
        on(&waiting)?;
        ended.matched += waiting.len() as u64;
        ended.limited = self.query.limit > 0 && ended.matched >= self.query.limit as u64;
        ended.stopped = cancel.load(Ordering::SeqCst);
        Ok(ended)
    }

    fn progress(&self) -> anyhow::Result<Progress> {
        let first = self.reader.first_record_id()?.map_or(0, |id| id.0);
        let total = self.reader.next_record_id()?.0.saturating_sub(first).max(1);
        Ok(Progress { shown: false, at: Instant::now(), enabled: self.progress, total })
    }

    /// Counts the matches.
    pub(super) fn count(&self, cancel: &AtomicBool) -> anyhow::Result<Ended> {
        self.scan(cancel, &mut |hits, _| Ok(hits.rows.len() as u64))
    }

    /// Hands the chunks with matches to `take`, with how many are wanted at most; it says how many it took. On a
    /// terminal it says how far it is, unless hits go there too.
    fn scan(
        &self,
        cancel: &AtomicBool,
        take: &mut dyn FnMut(&ChunkHits, u64) -> anyhow::Result<u64>,
    ) -> anyhow::Result<Ended> {
        let matcher = self.reader.matcher(&self.query)?;
        let limit = if self.query.limit == 0 { u64::MAX } else { self.query.limit as u64 };
        let (mut ended, mut fault) = (Ended::default(), None);
        let mut progress = self.progress()?;
        let mut scanned = 0;
        let mut on = |hits: &ChunkHits| {
            scanned += u64::from(hits.header.count);
            if !hits.rows.is_empty() {
                progress.clear();
                match take(hits, limit - ended.matched) {
                    Ok(taken) => ended.matched += taken,
                    Err(e) => {
                        fault = Some(e);
                        return ControlFlow::Break(());
                    }
                }
            }
            progress.say(scanned, ended.matched);
            ended.limited = ended.matched >= limit;
            if ended.limited { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.reader.scan(&matcher, self.query.order, cancel, &mut on)?;
        progress.clear();
        ended.stopped = cancel.load(Ordering::SeqCst);
        fault.map_or(Ok(ended), Err)
    }

    /// What writes the records as `format`.
    pub(super) fn printer(&self, format: Format) -> anyhow::Result<Printer<'_>> {
        let templates = match format {
            Format::Json | Format::Csv => self.reader.templates()?.into_iter().map(|t| (t.id, t.text)).collect(),
            Format::Text | Format::Markdown => HashMap::new(),
        };
        Ok(Printer { format, names: &self.names, notes: &self.notes, templates })
    }
}

/// At most `most` of the matches, in order.
fn records(hits: &ChunkHits, order: Order, most: u64) -> Vec<LogRecord> {
    let Some(chunk) = &hits.chunk else { return Vec::new() };
    let record = |i: &u32| chunk.record(*i as usize);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    match order {
        Order::OldestFirst => hits.rows.iter().take(most).filter_map(record).collect(),
        Order::NewestFirst => hits.rows.iter().rev().take(most).filter_map(record).collect(),
    }
}

/// How far a scan is, on standard error.
struct Progress {
    shown: bool,
    at: Instant,
    enabled: bool,
    /// Records there are.
    total: u64,
}

impl Progress {
    fn say(&mut self, scanned: u64, matched: u64) {
        if !self.enabled || self.at.elapsed() < REPORT_EVERY || std::io::stdout().is_terminal() && matched > 0 {
            return;
        }
        self.at = Instant::now();
        let percent = scanned.min(self.total) * 100 / self.total;
        eprint!("\r\x1b[K{percent:>3} % searched, {matched} found  (Ctrl-C stops)");
        let _ = std::io::stderr().flush();
        self.shown = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}

/// Writes records in one form.
pub(super) struct Printer<'a> {
    format: Format,
    names: &'a HashMap<SourceId, String>,
    notes: &'a HashMap<RecordId, String>,
    templates: HashMap<TemplateId, String>,
}

impl Printer<'_> {
    /// What stands before the records.
    pub(super) fn head(&self, out: &mut dyn Write) -> std::io::Result<()> {
        match self.format {
            Format::Csv => writeln!(out, "id,time,level,source,offset,component,template_id,message,note"),
            Format::Markdown => {
                writeln!(out, "| id | time | level | component | text | note |\n| --- | --- | --- | --- | --- | --- |")
            }
            Format::Text | Format::Json => Ok(()),
        }
    }

    /// One record.
    pub(super) fn record(&self, out: &mut dyn Write, r: &LogRecord) -> std::io::Result<()> {
        let source = self.names.get(&r.source).map_or("", String::as_str);
        let note = self.notes.get(&r.id).map_or("", String::as_str);
        match self.format {
            Format::Text => {
                if !note.is_empty() {
                    writeln!(out, "# note: {}", output::safe(note))?;
                }
                writeln!(out, "{}", output::safe(&r.text))
            }
            Format::Json => {
                let template = self.templates.get(&r.template).map_or("", String::as_str);
                let mut value = output::record(r, source, template);
                if !note.is_empty() {
                    value["note"] = note.into();
                }
                writeln!(out, "{}", output::line(&value))
            }
            Format::Csv => {
                let (id, offset, tid) = (r.id.0.to_string(), r.offset.to_string(), r.template.0.to_string());
                let time = output::rfc3339(r.time);
                let level = r.severity.level().name();
                let cells = [&id, &time, level, source, &offset, &r.component, &tid, r.message(), note];
                writeln!(out, "{}", output::csv(&cells))
            }
            Format::Markdown => writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                r.id,
                output::local(r.time),
                r.severity,
                output::markdown(&r.component),
                output::markdown(&r.text),
                output::markdown(note)
            ),
        }
    }
}
