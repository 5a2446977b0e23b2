//! `aiobs export [QUERY]`: records of the archive to standard output or a file, as they are found.

use super::args::{ExportArgs, Format};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::hits::{Ended, Hits, Wanted};
use super::signals;
use anyhow::Context as _;
use std::io::{BufWriter, Write};
use std::path::Path;

pub(super) fn run(cx: &Context, args: &ExportArgs) -> anyhow::Result<Exit> {
    let format = args.output.or_else(|| args.to.as_deref().and_then(by_name)).unwrap_or_default();
    if let Some(to) = args.to.as_deref().filter(|to| !args.force && to.exists()) {
        return Err(UsageError(format!("{} is there already; --force replaces it", to.display())).into());
    }
    let hits = Hits::of(cx, &args.query, Wanted { order: args.order, newest: args.newest, limit: args.limit })?;
    let Some(to) = &args.to else {
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        let ended = write(&hits, format, &mut out)?;
        if ended.stopped && !cx.quiet {
            eprintln!("aiobs: stopped after {} records", ended.matched);
        }
        return Ok(if ended.stopped { Exit::Interrupted } else { Exit::Done });
    };
    // Under another name until it is complete: whoever waits for the file never reads a part of it.
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".aiobs-export-")
        .tempfile_in(folder)
        .with_context(|| format!("writing into {}", folder.display()))?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let ended = write(&hits, format, &mut out)?;
    if ended.stopped {
        eprintln!("aiobs: stopped; {} was not written", to.display());
        return Ok(Exit::Interrupted);
    }
    let file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let placed = if args.force { file.persist(to) } else { file.persist_noclobber(to) };
    placed.map_err(|e| e.error).with_context(|| format!("writing {}", to.display()))?;
    if !cx.quiet {
        eprintln!("aiobs: {} records written to {}", ended.matched, to.display());
    }
    Ok(Exit::Done)
}

fn write(hits: &Hits, format: Format, out: &mut dyn Write) -> anyhow::Result<Ended> {
    let cancel = signals::cancel()?;
    let printer = hits.printer(format)?;
    printer.head(out)?;
    let ended = hits.each(&cancel, &mut |records| {
        records.iter().try_for_each(|record| printer.record(out, record)).context("writing records")
    })?;
    out.flush()?;
    Ok(ended)
}

fn by_name(path: &Path) -> Option<Format> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" | "jsonl" | "ndjson" => Format::Json,
        "csv" => Format::Csv,
        "md" | "markdown" => Format::Markdown,
        _ => return None,
    })
}
