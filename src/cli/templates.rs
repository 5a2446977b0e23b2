//! `aiobs templates PATH...`: the templates of log files. Every line is one record here, so that rows can be laid
//! beside the lines of the file; nothing is stored. Without a path, those of the archive.

mod archive;

use super::args::{Format, TemplatesArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output;
use crate::runtime::rules;
use aiobs_insight::Life;
use aiobs_logs::detect::RateBook;
use aiobs_logs::format::SourceParser;
use aiobs_logs::frame::LineFramer;
use aiobs_logs::template::{Miner, MinerOptions, Placeholder};
use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
use std::collections::HashMap;
use std::io::{BufWriter, Read, Write};
use std::sync::Arc;

/// Bytes read at once.
const BLOCK: usize = 256 << 10;
/// Lines counted at once.
const BATCH: usize = 4096;

pub(super) fn run(cx: &Context, args: &TemplatesArgs) -> anyhow::Result<Exit> {
    if args.paths.is_empty() {
        let mut out = BufWriter::new(std::io::stdout().lock());
        archive::write(cx, &mut out, args.output)?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let formats = Arc::new(rules::formats(&cx.config)?);
    let mut miner = Miner::new(MinerOptions::default());
    let mut rows: Vec<TemplateId> = Vec::new();
    let mut lives = Lives::default();
    for (file, path) in args.paths.iter().enumerate() {
        let source = SourceId(file as u32 + 1);
        let mut parser = SourceParser::new(Arc::clone(&formats), rules::zone(&cx.config)?, None, None)?;
        let now = Timestamp::now();
        let mut line = |text: &str| {
            // Without a time at its front the line has no header to take off: all of it is the message.
            let parsed = parser.parse(text, now);
            let message = match parsed.time {
                Some(_) => text.get(parsed.message.0 as usize..parsed.message.1 as usize).unwrap_or(text),
                None => text,
            };
            if message.trim().is_empty() {
                rows.push(TemplateId(0));
                return;
            }
            let id = RecordId(rows.len() as u64 + 1);
            let template = miner.observe(message, parsed.time.unwrap_or(now), parsed.severity, id).id;
            rows.push(template);
            if let Some(time) = parsed.time {
                lives.count(source, template, time, parsed.severity);
            }
        };
        each_line(path, &mut line)?;
    }
    let lives = lives.end(&miner, &rows);
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.per_record {
        per_record(&mut out, &miner, &rows)?;
    } else {
        summary(&mut out, &miner, (&rows, &lives), args.output)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn each_line(path: &str, line: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let mut input: Box<dyn Read> = if path == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).map_err(|e| UsageError(format!("{path}: {e}")))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(UsageError(format!("{path}: is a directory; name files here")).into());
        }
        Box::new(file)
    };
    let mut framer = LineFramer::new();
    let mut block = vec![0; BLOCK];
    let mut offset = 0;
    loop {
        let n = input.read(&mut block)?;
        if n == 0 {
            break;
        }
        framer.push(offset, &block[..n], |l| line(l.text));
        offset += n as u64;
    }
    framer.finish(|l| line(l.text));
    Ok(())
}

/// Final text per id: an id may have been merged into another after it was handed out.
fn texts(miner: &Miner, rows: &[TemplateId]) -> HashMap<TemplateId, (TemplateId, String)> {
    let mut found = HashMap::new();
    for id in rows {
        found.entry(*id).or_insert_with(|| {
            let survivor = miner.resolve(*id);
            (survivor, miner.text(survivor).to_owned())
        });
    }
    found
}

fn per_record(out: &mut impl Write, miner: &Miner, rows: &[TemplateId]) -> std::io::Result<()> {
    let texts = texts(miner, rows);
    let starred: HashMap<TemplateId, String> =
        texts.iter().map(|(id, (_, text))| (*id, Placeholder::starred(text))).collect();
    writeln!(out, "line,template_id,template")?;
    for (i, id) in rows.iter().enumerate() {
        let (survivor, text) = match texts.get(id) {
            Some((survivor, _)) if id.0 != 0 => (survivor.0, starred.get(id).map_or("", String::as_str)),
            _ => (0, ""),
        };
        writeln!(out, "{}", output::csv(&[&(i + 1).to_string(), &survivor.to_string(), text]))?;
    }
    Ok(())
}

/// Where templates stand in their life, from the times of their lines.
#[derive(Default)]
struct Lives {
    rates: RateBook,
    batch: RecordBatch,
}

impl Lives {
    fn count(&mut self, source: SourceId, template: TemplateId, time: Timestamp, severity: Severity) {
        self.batch.push(NewRecord {
            time,
            observed: time,
            offset: 0,
            source,
            template,
            severity,
            flags: 0,
            component: "",
            text: "",
            message: (0, 0),
        });
        if self.batch.len() >= BATCH {
            self.rates.observe(&std::mem::take(&mut self.batch));
        }
    }

    fn end(mut self, miner: &Miner, rows: &[TemplateId]) -> HashMap<TemplateId, Life> {
        self.rates.observe(&self.batch);
        for (id, (survivor, _)) in texts(miner, rows) {
            if id != survivor {
                self.rates.merge(id, survivor);
            }
        }
        self.rates.lives().into_iter().map(|(id, lived)| (id, lived.life())).collect()
    }
}

fn summary(
    out: &mut impl Write,
    miner: &Miner,
    (rows, lives): (&[TemplateId], &HashMap<TemplateId, Life>),
    format: Format,
) -> std::io::Result<()> {
    let texts = texts(miner, rows);
    let mut counts: HashMap<TemplateId, u64> = HashMap::new();
    for id in rows.iter().filter(|id| id.0 != 0) {
        *counts.entry(texts.get(id).map_or(*id, |(survivor, _)| *survivor)).or_default() += 1;
    }
    let mut sorted: Vec<(TemplateId, u64)> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    match format {
        Format::Csv => writeln!(out, "template_id,count,template")?,
        Format::Markdown => writeln!(out, "| count | template |\n| ---: | --- |")?,
        Format::Text | Format::Json => {}
    }
    for (id, count) in sorted {
        let text = miner.text(id);
        match format {
            Format::Text => writeln!(out, "{count:>9}  {}", output::safe(text))?,
            Format::Json => {
                let life = lives.get(&id).map(|l| l.name());
                let value = serde_json::json!({"template_id": id.0, "count": count, "template": text, "life": life});
                writeln!(out, "{}", output::line(&value))?;
            }
            Format::Csv => writeln!(out, "{}", output::csv(&[&id.0.to_string(), &count.to_string(), text]))?,
            Format::Markdown => writeln!(out, "| {count} | {} |", output::markdown(text))?,
        }
    }
    Ok(())
}
