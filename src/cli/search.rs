//! `aiobs search QUERY`: reads the archive, also while another instance writes it.

use super::args::{Format, SearchArgs};
use super::context::Context;
use super::exit::Exit;
use super::hits::{Ended, Hits, Wanted};
use super::signals;
use std::io::{BufWriter, Write};
use std::sync::atomic::AtomicBool;

pub(super) fn run(cx: &Context, args: &SearchArgs) -> anyhow::Result<Exit> {
    let limit = if args.count { 0 } else { args.limit };
    let hits = Hits::of(cx, &args.query, Wanted { order: args.order, newest: args.newest, limit })?;
    let cancel = signals::cancel()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.count {
        return count(&hits, args.output, &cancel, &mut out);
    }
    let printer = hits.printer(args.output)?;
    printer.head(&mut out)?;
    let ended = hits.each(&cancel, &mut |records| {
        for record in records {
            printer.record(&mut out, record)?;
        }
        // Whoever reads along sees what there is while the search goes on.
        Ok(out.flush()?)
    })?;
    out.flush()?;
    if !cx.quiet && ended.limited {
        eprintln!("aiobs: stopped after {} hits; --limit 0 shows all", args.limit);
    }
    Ok(end(cx, &ended))
}

fn count(hits: &Hits, format: Format, cancel: &AtomicBool, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let ended = hits.count(cancel)?;
    if ended.stopped {
        eprintln!("aiobs: stopped; at least {} records match", ended.matched);
        return Ok(Exit::Interrupted);
    }
    match format {
        Format::Text | Format::Markdown => writeln!(out, "{}", ended.matched)?,
        Format::Json => writeln!(out, "{{\"count\":{}}}", ended.matched)?,
        Format::Csv => writeln!(out, "count\n{}", ended.matched)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn end(cx: &Context, ended: &Ended) -> Exit {
    if !ended.stopped {
        return Exit::Done;
    }
    if !cx.quiet {
        eprintln!("aiobs: stopped; {} found so far", ended.matched);
    }
    Exit::Interrupted
}
