//! `aiobs report INCIDENT`: one incident of the archive as a document, also while another instance writes it.

use super::args::{DocumentFormat, ReportArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, local};
use crate::report::{self, Report};
use aiobs_store::Reader;
use aiobs_types::{Diagnosis, Incident, IncidentId, LogRecord};
use anyhow::Context as _;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

pub(super) fn run(cx: &Context, args: &ReportArgs) -> anyhow::Result<Exit> {
    let reader = cx.archive()?;
    let Some(incident) = reader.incident(IncidentId(args.id))? else {
        let text =
            format!("there is no incident #{} in {}; `aiobs incidents` lists them", args.id, cx.data_dir.display());
        return Err(UsageError(text).into());
    };
    let diagnosis = reader.diagnosis_of(&incident)?;
    let mut ids = incident.evidence.clone();
    ids.extend(diagnosis.iter().flat_map(|d| d.claims.iter().flat_map(|c| c.records.clone())));
    ids.sort_unstable();
    ids.dedup();
    let records = reader.records(&ids)?;
    let format = args.output.or_else(|| args.file.as_deref().and_then(by_name)).unwrap_or_default();
    let text = match format {
        DocumentFormat::Json => json(&reader, &incident, diagnosis.as_ref(), &records)?,
        DocumentFormat::Markdown | DocumentFormat::Html => {
            let report = Report::of_incident(&incident, diagnosis.as_ref(), &records, &local);
            if format == DocumentFormat::Html { report::page(&report) } else { report::document(&report) }
        }
    };
    match &args.file {
        Some(path) => write(path, &text, args.force)?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(Exit::Done)
}

/// What a file's name asks for.
fn by_name(path: &Path) -> Option<DocumentFormat> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" => Some(DocumentFormat::Json),
        "html" | "htm" => Some(DocumentFormat::Html),
        _ => None,
    }
}

fn json(
    reader: &Reader,
    incident: &Incident,
    diagnosis: Option<&Diagnosis>,
    records: &[LogRecord],
) -> anyhow::Result<String> {
    let sources: HashMap<_, _> = reader.checkpoints()?.into_iter().map(|c| (c.source, c.name)).collect();
    let templates: HashMap<_, _> = reader.templates()?.into_iter().map(|t| (t.id, t.text)).collect();
    let source = |r: &LogRecord| sources.get(&r.source).cloned().unwrap_or_default();
    let template = |r: &LogRecord| templates.get(&r.template).cloned().unwrap_or_default();
    Ok(output::pretty(&report::json::report(incident, diagnosis, records, source, template)))
}

/// A file that only its owner can read: it holds log lines.
fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(!force).create(true).truncate(force);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    if opened.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::AlreadyExists) {
        return Err(UsageError(format!("{} is there already; --force replaces it", path.display())).into());
    }
    opened.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| path.display().to_string())
}
