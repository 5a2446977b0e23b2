//! `aiobs sql STATEMENT`: SQL over the archive, rows printed as they are found.

use super::args::{Format, SqlArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::{output, signals};
use crate::runtime::{rules, sql as runtime_sql};
use crate::tui::format::short_time;
use crate::tui::widgets::text as cells;
use aiobs_store::{SQL_TABLES, SqlControl, SqlError, SqlLimits, SqlSink};
use aiobs_types::{SourceId, SqlValue};
use serde_json::{Map, Value};
use std::io::{BufWriter, Read as _, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Rows looked at before the widths of columns are settled, and the longest wait for them.
const AHEAD: usize = 200;
const WAIT: Duration = Duration::from_millis(300);
/// Cells of a column before the next one begins, at most.
const WIDEST: usize = 48;

pub(super) fn run(cx: &Context, args: &SqlArgs) -> anyhow::Result<Exit> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.tables {
        return tables(&mut out);
    }
    let mut statement = args.statement.join(" ");
    if statement == "-" {
        statement.clear();
        std::io::stdin().read_to_string(&mut statement)?;
    }
    let store = cx.store()?;
    let names: Vec<(SourceId, String)> =
        store.reader()?.checkpoints()?.into_iter().map(|c| (c.source, c.name)).collect();
    let sql = store.sql(runtime_sql::read_filter(rules::zone(&cx.config)?, move || names.clone()))?;
    let control = Arc::new(SqlControl::default());
    let cancel = signals::cancel()?;
    let watched = Arc::clone(&control);
    std::thread::Builder::new().name("stop".into()).spawn(move || {
        while !cancel.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        watched.cancel.store(true, Ordering::SeqCst);
    })?;
    let limits = SqlLimits { rows: args.limit, time: (args.timeout > 0).then(|| Duration::from_secs(args.timeout)) };
    let mut printer = Printer::new(args.output, &mut out);
    let result = sql.run(statement.trim(), &limits, &control, &mut printer);
    // A table that failed before its first row has nothing to show, not even names.
    let printed = printer.end(result.is_ok());
    if let Some(e) = printed.err() {
        return Err(e.into());
    }
    let done = match result {
        Ok(done) => done,
        Err(SqlError::Cancelled) => {
            eprintln!("aiobs: stopped");
            return Ok(Exit::Interrupted);
        }
        Err(e @ SqlError::Wrong { .. }) => return Err(UsageError(format!("sql: {e}")).into()),
        Err(SqlError::TimedOut { seconds }) => {
            anyhow::bail!(
                "sql: stopped after {seconds} s; narrow it down by a time range or logs('filter'), or allow more with --timeout"
            )
        }
        Err(e) => return Err(e.into()),
    };
    if done.cut && !cx.quiet {
        eprintln!("aiobs: stopped after {} rows; --limit 0 shows all", done.rows);
    }
    Ok(Exit::Done)
}

fn tables(out: &mut dyn Write) -> anyhow::Result<Exit> {
    for table in SQL_TABLES {
        writeln!(out, "{}: {}", table.name, table.about)?;
        let width = table.columns.iter().map(|c| c.name.len()).max().unwrap_or(0);
        for c in table.columns {
            writeln!(out, "  {:width$}  {:7}  {}", c.name, c.kind, c.about)?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints rows in one form.
struct Printer<'a> {
    format: Format,
    out: &'a mut dyn Write,
    names: Vec<String>,
    /// Rows of text that wait for the widths.
    ahead: Vec<Vec<SqlValue>>,
    since: Option<Instant>,
    /// Cells and alignment of each column, once settled.
    widths: Option<Vec<(usize, bool)>>,
    fault: Option<std::io::Error>,
}

impl SqlSink for Printer<'_> {
    fn columns(&mut self, names: Vec<String>) {
        self.names = unique(names);
        let head = match self.format {
            Format::Csv => output::csv(&self.names.iter().map(String::as_str).collect::<Vec<_>>()),
            Format::Markdown => {
                let names: Vec<String> = self.names.iter().map(|n| output::markdown(n)).collect();
                format!("| {} |\n|{}", names.join(" | "), " --- |".repeat(names.len()))
            }
            Format::Text | Format::Json => return,
        };
        self.fault = writeln!(self.out, "{head}").err();
    }

    fn row(&mut self, values: Vec<SqlValue>) -> ControlFlow<()> {
        let printed = match self.format {
            Format::Text => self.text(values),
            Format::Json => {
                let object: Map<String, Value> = self.names.iter().cloned().zip(values.iter().map(json)).collect();
                writeln!(self.out, "{}", output::line(&Value::Object(object)))
            }
            Format::Csv => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                writeln!(self.out, "{}", output::csv(&values.iter().map(String::as_str).collect::<Vec<_>>()))
            }
            Format::Markdown => {
                let values: Vec<String> = values.iter().map(|v| output::markdown(&v.to_string())).collect();
                writeln!(self.out, "| {} |", values.join(" | "))
            }
        };
        match printed {
            Ok(()) if self.fault.is_none() => ControlFlow::Continue(()),
            Ok(()) => ControlFlow::Break(()),
            Err(e) => {
                self.fault = Some(e);
                ControlFlow::Break(())
            }
        }
    }
}

impl<'a> Printer<'a> {
    fn new(format: Format, out: &'a mut dyn Write) -> Self {
        Self { format, out, names: Vec::new(), ahead: Vec::new(), since: None, widths: None, fault: None }
    }

    /// Prints what waits.
    fn end(mut self, whole: bool) -> std::io::Result<()> {
        if let Some(e) = self.fault {
            return Err(e);
        }
        let waits = self.widths.is_none() && (whole || !self.ahead.is_empty());
        if self.format == Format::Text && waits && !self.names.is_empty() {
            self.settle()?;
        }
        self.out.flush()
    }

    fn text(&mut self, values: Vec<SqlValue>) -> std::io::Result<()> {
        if self.widths.is_some() {
            self.line(&values)?;
            return self.out.flush();
        }
        self.ahead.push(values);
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.ahead.len() >= AHEAD || since.elapsed() >= WAIT { self.settle() } else { Ok(()) }
    }

    /// Settles the widths by the rows so far, and prints them.
    fn settle(&mut self) -> std::io::Result<()> {
        let widths = self.names.iter().enumerate().map(|(i, name)| {
            let values = || self.ahead.iter().filter_map(|r| r.get(i));
            let widest = values().map(|v| cells::width(&shown(v))).max().unwrap_or(0);
            let numbers = values().any(SqlValue::is_number) && values().all(|v| v.is_number() || *v == SqlValue::Null);
            (widest.min(WIDEST).max(cells::width(name)), numbers)
        });
        let widths: Vec<(usize, bool)> = widths.collect();
        let names: Vec<SqlValue> = self.names.iter().cloned().map(SqlValue::Text).collect();
        let rules = widths.iter().map(|(width, _)| SqlValue::Text("-".repeat(*width))).collect::<Vec<_>>();
        self.widths = Some(widths);
        self.line(&names)?;
        self.line(&rules)?;
        for row in std::mem::take(&mut self.ahead) {
            self.line(&row)?;
        }
        self.out.flush()
    }

    fn line(&mut self, values: &[SqlValue]) -> std::io::Result<()> {
        let mut line = String::new();
        let widths = self.widths.as_deref().unwrap_or_default();
        for (i, (value, (width, right))) in values.iter().zip(widths).enumerate() {
            if i > 0 {
                line.push_str("  ");
            }
            let text = shown(value);
            let room = " ".repeat(width.saturating_sub(cells::width(&text)));
            if *right {
                line.push_str(&room);
                line.push_str(&text);
            } else {
                line.push_str(&text);
                line.push_str(&room);
            }
        }
        writeln!(self.out, "{}", line.trim_end())
    }
}

/// A value on one line of a terminal.
fn shown(value: &SqlValue) -> String {
    match value {
        SqlValue::Text(text) => output::safe(&short_time(text)).replace('\n', " ⏎ "),
        other => other.to_string(),
    }
}

fn json(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Int(n) => Value::from(*n),
        SqlValue::Real(n) => Value::from(*n),
        other => Value::String(other.to_string()),
    }
}

/// Names of columns, told apart where they are the same.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let mut one = name.clone();
        let mut n = 1;
        while out.contains(&one) {
            n += 1;
            one = format!("{name}_{n}");
        }
        out.push(one);
    }
    out
}
