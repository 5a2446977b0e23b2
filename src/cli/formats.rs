//! `aiobs formats`: the log formats there are, and for files, how each of their first records is read: so that a wrong
//! guess can be seen, and put right with `sources.formats`. Nothing is stored.

use super::args::{FormatsArgs, TextOrJson};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output;
use crate::runtime::rules;
use aiobs_logs::format::{FormatSet, Parsed, SourceParser, ZoneRule, fields};
use aiobs_logs::frame::{Assembler, BlockJoiner, Join, LineHint, Unwrapper};
use aiobs_types::{Field, Severity, Timestamp};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::io::{BufWriter, Read, Write};
use std::sync::Arc;

/// Bytes looked at of a file: enough for a format to be settled on.
const HEAD: u64 = 1 << 20;
/// Lines after which a source's format is settled.
const SETTLED: usize = 100;

pub(super) fn run(cx: &Context, args: &FormatsArgs) -> anyhow::Result<Exit> {
    let formats = Arc::new(rules::formats(&cx.config)?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.paths.is_empty() {
        list(&mut out, &formats, args.output)?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    for (i, path) in args.paths.iter().enumerate() {
        let forced = match &args.r#as {
            Some(name) => Some(name.clone()),
            None => forced(cx, path)?,
        };
        let reader = Reading::new(&formats, rules::zone(&cx.config)?, forced.as_deref())?;
        let (format, records) = reader.head(&head(path)?, args.lines);
        if args.output == TextOrJson::Text {
            if i > 0 {
                writeln!(out)?;
            }
            let how = if forced.is_some() { "forced" } else { "found" };
            writeln!(out, "{}: {format} ({how})", output::safe(path))?;
            text(&mut out, &records)?;
        } else {
            for record in &records {
                writeln!(out, "{}", output::line(&record_json(path, &format, record)))?;
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn list(out: &mut impl Write, formats: &FormatSet, how: TextOrJson) -> std::io::Result<()> {
    let mut all: Vec<_> = formats.iter().collect();
    all.sort_by_key(|f| f.name());
    let name = all.iter().map(|f| f.name().len()).max().unwrap_or(0);
    let title = all.iter().map(|f| f.title().chars().count()).max().unwrap_or(0);
    for f in all {
        match how {
            TextOrJson::Text => writeln!(out, "{:<name$}  {:<title$}  {}", f.name(), f.title(), f.doc())?,
            TextOrJson::Json => {
                let value = json!({"name": f.name(), "title": f.title(), "doc": f.doc()});
                writeln!(out, "{}", output::line(&value))?;
            }
        }
    }
    Ok(())
}

/// The format that the configuration forces for a file.
fn forced(cx: &Context, path: &str) -> anyhow::Result<Option<String>> {
    let whole = std::path::absolute(path).map_or_else(|_| path.to_owned(), |p| p.to_string_lossy().into_owned());
    let globs = rules::forced(&cx.config)?;
    Ok(globs.into_iter().find(|(glob, _)| glob.is_match(&whole)).map(|(_, format)| format))
}

/// The beginning of a file.
fn head(path: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = |e: std::io::Error| UsageError(format!("{path}: {e}"));
    if path == "-" {
        std::io::stdin().lock().take(HEAD).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(UsageError(format!("{path}: is a directory; name files here")).into());
        }
        file.take(HEAD).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.contains(&0) {
        return Err(UsageError(format!("{path}: is not text; unpack it first, or convert it to UTF-8")).into());
    }
    Ok(bytes)
}

/// How one record is read.
struct Shown {
    line: usize,
    format: String,
    /// Lines that belong to it besides those of its beginning.
    more: usize,
    parsed: Parsed,
    component: String,
    message: String,
    text: String,
    fields: Vec<Field>,
}

/// The way of a line through a source's parser, as the pipeline goes it.
struct Reading {
    formats: Arc<FormatSet>,
    parser: SourceParser,
    assembler: Assembler,
    line: usize,
    records: Vec<Shown>,
}

impl Reading {
    fn new(formats: &Arc<FormatSet>, zone: ZoneRule, forced: Option<&str>) -> anyhow::Result<Self> {
        let parser = SourceParser::new(Arc::clone(formats), zone, forced, None);
        let parser = parser.map_err(|e| UsageError(format!("{e}; `aiobs formats` lists them")))?;
        let assembler = Assembler::new();
        Ok(Self { formats: Arc::clone(formats), parser, assembler, line: 1, records: Vec::new() })
    }

    /// The format in force after the first lines, and the records of the first `lines` of them.
    fn head(mut self, bytes: &[u8], lines: usize) -> (String, Vec<Shown>) {
        let now = Timestamp::now();
        let most = lines.max(SETTLED);
        let (mut framer, mut blocks) = (Unwrapper::new(), BlockJoiner::new());
        framer.push(0, bytes, |line| blocks.push(line, |line| self.line(line.text, now, most)));
        if (bytes.len() as u64) < HEAD {
            framer.finish(|line| blocks.push(line, |line| self.line(line.text, now, most)));
        }
        blocks.flush(|line| self.line(line.text, now, most));
        self.records.retain(|r| r.line <= lines);
        (self.parser.format_name().to_owned(), self.records)
    }

    fn line(&mut self, line: &str, now: Timestamp, most: usize) {
        if self.line > most || line.is_empty() {
            self.line += 1;
            return;
        }
        let outer = self.parser.parse(line, now);
        let mut format = self.parser.last_format().to_owned();
        let (mut parsed, mut inner_text) = (outer, None);
        if outer.enveloped {
            let inside = SourceParser::unwrap(line, &outer).into_owned();
            let inner = self.parser.parse_inner(&inside, now);
            if let Some(name) = self.parser.last_inner_format() {
                format = format!("{format} > {name}");
            }
            let severity = if inner.severity == Severity::UNSET { outer.severity } else { inner.severity };
            parsed = Parsed { severity, time: outer.time.or(inner.time), ..inner };
            inner_text = Some(inside);
        }
        let read = inner_text.as_deref().unwrap_or(line);
        let body = if outer.enveloped { (0, read.len() as u32) } else { outer.message };
        let hint =
            LineHint { recognised: parsed.recognised, severity: parsed.severity, body, enveloped: outer.enveloped };
        let joins = self.assembler.classify(read, &hint) == Join::Continue;
        let number = self.line;
        self.line += line.split('\n').count();
        if joins && let Some(record) = self.records.last_mut() {
            record.more += 1;
            return;
        }
        let part = |(start, end): (u32, u32)| read.get(start as usize..end as usize).unwrap_or_default().to_owned();
        self.records.push(Shown {
            line: number,
            component: part(parsed.component),
            message: part(parsed.message),
            fields: fields(&self.formats, self.parser.last_format(), line),
            text: line.to_owned(),
            more: 0,
            parsed,
            format,
        });
    }
}

fn text(out: &mut impl Write, records: &[Shown]) -> std::io::Result<()> {
    let number = records.iter().map(|r| r.line.to_string().len()).max().unwrap_or(0).max(4);
    let format = records.iter().map(|r| r.format.len()).max().unwrap_or(0).max(6);
    let time = "2025-01-07 14:30:15.123".len();
    let component = records.iter().map(|r| output::safe(&r.component).chars().count()).max().unwrap_or(0).clamp(9, 24);
    writeln!(
        out,
        "{:>number$}  {:<format$}  {:<time$}  {:<5}  {:<component$}  message",
        "line", "format", "time", "level", "component"
    )?;
    for r in records {
        let told =
            |text: &str| if text.is_empty() { "-".to_owned() } else { output::safe(text).replace('\n', " ⏎ ") };
        let level = if r.parsed.severity == Severity::UNSET { "-" } else { r.parsed.severity.level().name() };
        let when = r.parsed.time.map_or_else(|| "-".to_owned(), output::local);
        let more = match r.more {
            0 => String::new(),
            1 => "  (+1 line)".to_owned(),
            n => format!("  (+{n} lines)"),
        };
        writeln!(
            out,
            "{:>number$}  {:<format$}  {when:<time$}  {level:<5}  {:<component$}  {}{more}",
            r.line,
            r.format,
            told(&r.component),
            told(&r.message)
        )?;
        if !r.fields.is_empty() {
            let mut all = String::new();
            for f in &r.fields {
                let _ = write!(all, "  {}={}", output::safe(&f.name), told(&f.value));
            }
            writeln!(out, "{:number$}{all}", "")?;
        }
    }
    Ok(())
}

fn record_json(path: &str, source_format: &str, r: &Shown) -> Value {
    let fields: Map<String, Value> = r.fields.iter().map(|f| (f.name.clone(), f.value.clone().into())).collect();
    json!({
        "path": path,
        "source_format": source_format,
        "line": r.line,
        "format": r.format,
        "recognised": r.parsed.recognised,
        "time": r.parsed.time.map(output::rfc3339),
        "severity": r.parsed.severity.0,
        "level": r.parsed.severity.level().name(),
        "component": r.component,
        "message": r.message,
        "fields": fields,
        "more_lines": r.more,
        "text": r.text,
    })
}
