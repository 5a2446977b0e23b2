//! `aiobs analyze PATH...`: reads once, detects, diagnoses, reports. The archive is a temporary one unless `--keep`.

mod report;

use super::args::{AnalyzeArgs, ReportFormat};
use super::context::Context;
use super::exit::Exit;
use super::import::{End, Heard, once, wait};
use super::output;
use super::progress::Progress;
use crate::runtime::Ground;
use aiobs_agents::Preview;
use aiobs_store::Store;
use aiobs_types::{Confidence, Diagnosis, Incident, LogRecord, Severity, SourceInfo, TemplateId};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for diagnoses; each has its own limit of five minutes.
const DIAGNOSES: Duration = Duration::from_mins(30);

/// What a report is made from.
pub(super) struct Findings {
    pub sources: Vec<SourceInfo>,
    pub records: u64,
    pub bytes: u64,
    pub level_counts: [u64; 7],
    pub incidents: Vec<Finding>,
    pub templates: HashMap<TemplateId, String>,
    pub interrupted: bool,
}

/// One incident with what is known about it.
pub(super) struct Finding {
    pub incident: Incident,
    pub diagnosis: Option<Diagnosis>,
    pub evidence: Vec<LogRecord>,
}

pub(super) fn run(cx: &Context, args: &AnalyzeArgs) -> anyhow::Result<Exit> {
    let temporary = if args.keep { None } else { Some(tempfile::tempdir()?) };
    let dir = temporary.as_ref().map_or(cx.data_dir.as_path(), tempfile::TempDir::path);
    let (mut running, ended) = once(cx, &args.paths, Ground::open(dir)?, !args.dry_run)?;
    let end = wait(cx, &running, &ended);
    if end.is_err() {
        running.stop();
    }
    let hint = if args.keep { "" } else { ". TMPDIR names another temporary directory" };
    let end = end.map_err(|why| anyhow::anyhow!("{}: {why}{hint}", dir.display()))?;
    let mut interrupted = end == End::Interrupted;
    if args.dry_run {
        let text = previews(&running, args.output);
        running.stop();
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(if interrupted { Exit::Interrupted } else { Exit::Done });
    }
    let mut progress = Progress::new(cx);
    let began = Instant::now();
    while !interrupted && !running.wait_for_diagnoses(Progress::EVERY) && began.elapsed() < DIAGNOSES {
        progress.say(&format!("diagnosing, {} s  (Ctrl-C reports what is known)", began.elapsed().as_secs()));
        interrupted = ended.try_iter().any(|heard| matches!(heard, Heard::End(End::Interrupted)));
    }
    progress.clear();
    let findings = gather(&running, interrupted)?;
    running.stop();
    if temporary.is_some() {
        keep_calls(cx, dir)?;
    }
    drop(running);
    let text = match args.output {
        ReportFormat::Text => report::text(&findings),
        ReportFormat::Json => report::json(&findings),
        ReportFormat::Markdown => report::markdown(&findings),
        ReportFormat::Html => report::html(&findings),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    let worst = findings.incidents.iter().map(|f| f.incident.severity.level()).max();
    let found = args.fail_on.is_some_and(|limit| worst.is_some_and(|w| w >= limit));
    Ok(match (found, findings.interrupted) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Interrupted,
        (false, false) => Exit::Done,
    })
}

/// The list of calls that left this machine outlives a temporary archive.
fn keep_calls(cx: &Context, temporary: &Path) -> anyhow::Result<()> {
    let calls = Store::open_read_only(temporary)?.reader()?.model_calls(usize::MAX >> 1)?;
    if calls.is_empty() {
        return Ok(());
    }
    match Store::open(&cx.data_dir) {
        Ok((store, _)) => {
            let mut writer = store.writer()?;
            for call in calls {
                writer.put_model_call(&call)?;
                if let Some(end) = &call.end {
                    writer.end_model_call(call.id, end)?;
                }
            }
        }
        Err(e) => {
            let n = output::plural(calls.len() as u64, "call");
            eprintln!("aiobs: {n} left this machine and could not be written down: {e}");
        }
    }
    Ok(())
}

/// What a model would be sent for each incident.
fn previews(running: &crate::runtime::Running, how: ReportFormat) -> String {
    let whole = running.incidents().into_iter().filter(|i| i.part_of.is_none());
    let all: Vec<_> = whole.filter_map(|i| Some((i.clone(), running.preview(i.id)?))).collect();
    if how == ReportFormat::Json {
        return output::lines(all.iter().map(|(i, p)| output::line(&preview_json(i, p))));
    }
    if all.is_empty() {
        return "No incidents: nothing would be sent.\n".to_owned();
    }
    let one = |(i, p): &(Incident, Preview)| format!("=== {}  {}\n{}\n", i.id, output::safe(&i.title), p.text());
    all.iter().map(one).collect()
}

fn preview_json(incident: &Incident, p: &Preview) -> serde_json::Value {
    let redacted: serde_json::Map<_, _> =
        p.redacted.iter().map(|(kind, n)| ((*kind).to_owned(), (*n).into())).collect();
    serde_json::json!({"incident": incident.id.0, "title": incident.title, "prompts": p.prompts, "local": p.local,
        "url": p.url, "redacted": redacted, "body": p.body})
}

/// How far up it stands: how bad it is, where one that is explained counts as much as one two levels worse that is not.
fn rank(f: &Finding) -> (u8, Confidence, Severity, u64) {
    let (bad, sure) = f.diagnosis.as_ref().map_or((0, Confidence::Low), |d| (d.criticality, d.confidence));
    (bad + 2 * u8::from(sure > Confidence::Low), sure, f.incident.severity, f.incident.count)
}

/// What reading and diagnosing found, the worst first.
pub(super) fn gather(running: &crate::runtime::Running, interrupted: bool) -> anyhow::Result<Findings> {
    let reader = running.store().ok_or_else(|| anyhow::anyhow!("the archive is closed"))?.reader()?;
    let info = reader.archive_info()?;
    let mut incidents = Vec::new();
    for incident in running.incidents().into_iter().filter(|i| i.part_of.is_none()) {
        let diagnosis = reader.diagnosis_of(&incident)?;
        let mut ids = incident.evidence.clone();
        ids.extend(diagnosis.iter().flat_map(|d| d.claims.iter().flat_map(|c| c.records.clone())));
        ids.sort_unstable();
        ids.dedup();
        let evidence = reader.records(&ids)?;
        incidents.push(Finding { incident, diagnosis, evidence });
    }
    incidents.sort_by_key(|f| (std::cmp::Reverse(rank(f)), f.incident.id));
    Ok(Findings {
        sources: running.sources(),
        records: info.records,
        bytes: info.raw_bytes,
        level_counts: info.levels,
        incidents,
        templates: reader.templates()?.into_iter().map(|t| (t.id, t.text)).collect(),
        interrupted,
    })
}
