//! `aiobs search QUERY`: reads the archive, also while another instance writes it.

use super::args::{Format, SearchArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output;
use crate::runtime::rules;
use aiobs_logs::filter::{FilterContext, parse_filter};
use aiobs_store::Reader;
use aiobs_types::{LogQuery, LogRecord, Order, SourceId, TemplateId, Timestamp};
use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

pub(super) fn run(cx: &Context, args: &SearchArgs) -> anyhow::Result<Exit> {
    let reader = cx.archive()?;
    let names: Vec<(SourceId, String)> = reader.checkpoints()?.into_iter().map(|c| (c.source, c.name)).collect();
    let text = args.query.join(" ");
    let filter = FilterContext { now: Timestamp::now(), zone: rules::zone(&cx.config)?, sources: &names };
    let query = parse_filter(&text, &filter).map_err(|e| UsageError(format!("query: {e}")))?;
    let order = if args.newest { Order::NewestFirst } else { Order::OldestFirst };
    let query = LogQuery { order, limit: args.limit, ..query };
    let names: HashMap<SourceId, String> = names.into_iter().collect();
    let templates = match args.output {
        Format::Json | Format::Csv => templates(&reader)?,
        Format::Text | Format::Markdown => HashMap::new(),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.output {
        Format::Csv => writeln!(out, "id,time,level,source,offset,component,template_id,message")?,
        Format::Markdown => writeln!(out, "| id | time | level | component | text |\n| --- | --- | --- | --- | --- |")?,
        Format::Text | Format::Json => {}
    }
    let mut result = Ok(());
    let stats = reader.query(&query, &AtomicBool::new(false), &mut |view| {
        let record = view.to_record();
        let source = names.get(&record.source).map_or("", String::as_str);
        let template = templates.get(&record.template).map_or("", String::as_str);
        result = print(&mut out, args.output, &record, source, template);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result?;
    out.flush()?;
    if !cx.quiet && args.limit > 0 && stats.matched >= args.limit as u64 {
        eprintln!("aiobs: stopped after {} hits; --limit 0 shows all", args.limit);
    }
    Ok(Exit::Done)
}

fn templates(reader: &Reader) -> anyhow::Result<HashMap<TemplateId, String>> {
    Ok(reader.templates()?.into_iter().map(|t| (t.id, t.text)).collect())
}

fn print(out: &mut impl Write, format: Format, r: &LogRecord, source: &str, template: &str) -> std::io::Result<()> {
    match format {
        Format::Text => writeln!(out, "{}", output::safe(&r.text)),
        Format::Json => writeln!(out, "{}", output::line(&output::record(r, source, template))),
        Format::Csv => {
            let (id, offset, tid) = (r.id.0.to_string(), r.offset.to_string(), r.template.0.to_string());
            let time = output::rfc3339(r.time);
            let cells = [&id, &time, r.severity.level().name(), source, &offset, &r.component, &tid, r.message()];
            writeln!(out, "{}", output::csv(&cells))
        }
        Format::Markdown => writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            r.id,
            output::local(r.time),
            r.severity,
            output::markdown(&r.component),
            output::markdown(&r.text)
        ),
    }
}
