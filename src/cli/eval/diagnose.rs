//! `aiobs eval diagnose DIR`: each case goes the whole way (reading, detection, incidents, the chain) in an archive of
//! its own; the diagnoses, or the answer to its question, are held against what is known. With no model, that measures
//! the playbooks and the rules.

use super::DiagnoseArgs;
use super::case::{self, Case, Kind};
use super::judge::{Outcome, Told, Verdict, found, judge};
use crate::cli::analyze::{Findings, gather};
use crate::cli::args::TextOrJson;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, UsageError};
use crate::cli::output;
use crate::cli::signals;
use crate::runtime::{Asking, Builder, EngineEvent, Ground, Options};
use aiobs_logs::source::SourceSpec;
use aiobs_store::Store;
use aiobs_types::{ChatScope, Citation, Diagnosis, RecordId};
use serde_json::{Value, json};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often a signal is looked for.
const STEP: Duration = Duration::from_millis(50);
/// Longest wait for reading one case, and for its diagnoses: each has its own limit of five minutes.
const PATIENCE: Duration = Duration::from_mins(30);

struct Scored {
    case: Case,
    verdict: Verdict,
    incidents: usize,
    /// Diagnoses with at least medium confidence.
    confident: usize,
    /// The first explanation of the report.
    answer: Option<Diagnosis>,
    /// What was answered to the case's question.
    told: Option<Told>,
}

pub(super) fn run(cx: &Context, args: &DiagnoseArgs) -> anyhow::Result<Exit> {
    let mut cases = case::read(&args.dir)?;
    if let Some(part) = &args.only {
        cases.retain(|c| c.name.contains(part.as_str()));
        if cases.is_empty() {
            let text = format!("{}: no case has `{part}` in its name", args.dir.display());
            return Err(UsageError(text).into());
        }
    }
    let stop = signals::cancel()?;
    let mut scored = Vec::new();
    let mut out = std::io::stdout().lock();
    let all = cases.len();
    let width = cases.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
    let progress = !cx.quiet && std::io::stderr().is_terminal();
    for (i, case) in cases.into_iter().enumerate() {
        if progress {
            eprint!("\r\u{1b}[K{} of {all}  {}  (Ctrl-C stops)", i + 1, output::safe(&case.name));
        }
        let Some((findings, told)) = diagnose(cx, &case, &stop)? else { break };
        if progress {
            eprint!("\r\u{1b}[K");
        }
        let one = score(case, &findings, told);
        match args.output {
            TextOrJson::Text => writeln!(out, "{}", text(&one, width))?,
            TextOrJson::Json => writeln!(out, "{}", output::line(&row(&one)))?,
        }
        out.flush()?;
        scored.push(one);
    }
    let interrupted = stop.load(Ordering::SeqCst);
    match args.output {
        TextOrJson::Text => out.write_all(people(&Summary::of(&scored)).as_bytes())?,
        TextOrJson::Json => writeln!(out, "{}", output::line(&Summary::of(&scored).json()))?,
    }
    Ok(if interrupted { Exit::Interrupted } else { Exit::Done })
}

/// Runs one case; `None` when a signal came.
fn diagnose(cx: &Context, case: &Case, stop: &AtomicBool) -> anyhow::Result<Option<(Findings, Option<Told>)>> {
    let dir = tempfile::tempdir()?;
    let sources = case.logs.iter().map(|p| spec(p)).collect::<Result<_, _>>()?;
    let (tx, ended) = channel();
    let listener = Arc::new(move |event: &EngineEvent| {
        if matches!(event, EngineEvent::Ended) {
            let _ = tx.send(());
        }
    });
    let options = Options {
        alert: false,
        sources,
        follow: false,
        force_poll: false,
        offline: cx.offline,
        diagnose: true,
        place: case.name.clone(),
    };
    let builder = Builder { config: &cx.config, options, listener: Some(listener) };
    let mut running = builder.start(Ground::open(dir.path())?, false)?;
    let until = Instant::now() + PATIENCE;
    let mut read = false;
    while !(read && running.wait_for_diagnoses(STEP)) {
        if stop.load(Ordering::SeqCst) {
            running.stop();
            return Ok(None);
        }
        if Instant::now() >= until {
            running.stop();
            anyhow::bail!("{}: not done after {} minutes", case.name, PATIENCE.as_secs() / 60);
        }
        if !read {
            read = !matches!(ended.recv_timeout(STEP), Err(RecvTimeoutError::Timeout));
        }
    }
    let findings = gather(&running, false)?;
    running.stop();
    let Some(question) = &case.question else { return Ok(Some((findings, None))) };
    Ok(ask(cx, dir.path(), question, stop)?.map(|told| (findings, Some(told))))
}

/// Asks what is in this archive; `None` when a signal came.
fn ask(cx: &Context, dir: &Path, question: &str, stop: &AtomicBool) -> anyhow::Result<Option<Told>> {
    let asking = Asking::new(&cx.config, cx.offline, &Store::open_read_only(dir)?, &cx.data_dir)?;
    let message = asking.ask(question, ChatScope::All, stop, &mut |_| ());
    let Some(message) = message.filter(|m| m.complete) else { return Ok(None) };
    let ids: Vec<RecordId> = message.records().collect();
    let mut text = message.text.clone();
    for record in asking.archive().records(&ids)? {
        text.push('\n');
        text.push_str(record.message());
    }
    for citation in &message.citations {
        if let Citation::Text(t) = citation {
            text.push('\n');
            text.push_str(&t.title);
        }
    }
    Ok(Some(Told { text, cited: message.citations.len() }))
}

fn spec(path: &Path) -> anyhow::Result<SourceSpec> {
    Ok(SourceSpec::parse(&path.to_string_lossy())?)
}

fn score(case: Case, findings: &Findings, told: Option<Told>) -> Scored {
    let diagnoses = findings.incidents.iter().filter_map(|f| f.diagnosis.as_ref()).collect();
    let outcome = Outcome { diagnoses, told };
    Scored {
        verdict: judge(&case, &outcome),
        incidents: findings.incidents.len(),
        confident: outcome.confident(),
        answer: outcome.explained().first().map(|d| (*d).clone()),
        told: outcome.told,
        case,
    }
}

fn answer(scored: &Scored) -> String {
    if let Some(told) = &scored.told {
        let all = scored.case.expected.len();
        return format!("answer with {} of {all} findings, {} citations", found(&scored.case, &told.text), told.cited);
    }
    match &scored.answer {
        Some(d) => format!("{} ({})", output::author(&d.author), d.confidence.name()),
        None => "no cause found".to_owned(),
    }
}

fn text(scored: &Scored, width: usize) -> String {
    let case = &scored.case;
    let mut line =
        format!("{:<9}  {:<7}  {:<width$}  {}", scored.verdict.words(), case.kind.name(), case.name, answer(scored));
    if scored.verdict != Verdict::Right {
        line = format!("{line}; wanted {}", wanted(case));
    }
    output::safe(&line)
}

fn wanted(case: &Case) -> String {
    match case.kind {
        Kind::Healthy | Kind::Unclear if case.question.is_none() => "no confident answer".to_owned(),
        Kind::Fault if case.question.is_none() && !case.right.is_empty() => case.right.join(" or "),
        _ => case.expected.iter().map(|finding| format!("\"{finding}\"")).collect::<Vec<_>>().join(" and "),
    }
}

fn row(scored: &Scored) -> Value {
    let case = &scored.case;
    json!({
        "row": "case",
        "case": case.name,
        "title": case.title,
        "kind": case.kind.name(),
        "right": case.right,
        "question": case.question,
        "expected": case.expected,
        "verdict": scored.verdict.name(),
        "incidents": scored.incidents,
        "confident": scored.confident,
        "answer": scored.answer.as_ref().map(output::diagnosis),
        "told": scored.told.as_ref().map(|t| t.text.as_str()),
    })
}

/// Counts over all cases.
struct Summary {
    cases: usize,
    faults: [usize; 4],
    healthy: usize,
    healthy_confident: usize,
    unclear: usize,
    unclear_confident: usize,
}

impl Summary {
    fn of(scored: &[Scored]) -> Self {
        let of = |kind: Kind| scored.iter().filter(move |s| s.case.kind == kind);
        let faults = [Verdict::Right, Verdict::Partly, Verdict::Wrong, Verdict::NoAnswer]
            .map(|v| of(Kind::Fault).filter(|s| s.verdict == v).count());
        let confident = |kind: Kind| of(kind).filter(|s| s.confident > 0).count();
        Self {
            cases: scored.len(),
            faults,
            healthy: of(Kind::Healthy).count(),
            healthy_confident: confident(Kind::Healthy),
            unclear: of(Kind::Unclear).count(),
            unclear_confident: confident(Kind::Unclear),
        }
    }

    fn faults(&self) -> usize {
        self.faults.iter().sum()
    }

    fn json(&self) -> Value {
        let [right, partly, wrong, no_answer] = self.faults;
        json!({
            "row": "summary",
            "cases": self.cases,
            "faults": self.faults(),
            "faults_right": right,
            "faults_partly": partly,
            "faults_wrong": wrong,
            "faults_no_answer": no_answer,
            "healthy": self.healthy,
            "healthy_confident": self.healthy_confident,
            "unclear": self.unclear,
            "unclear_confident": self.unclear_confident,
        })
    }
}

fn people(s: &Summary) -> String {
    let [right, partly, wrong, no_answer] = s.faults;
    let share = if s.faults() == 0 { 0 } else { right * 100 / s.faults() };
    format!(
        "\nfaults    {:>4}  right {right} ({share} %), partly {partly}, wrong {wrong}, no answer {no_answer}\n\
         healthy   {:>4}  answered with confidence {}\n\
         unclear   {:>4}  answered with confidence {}\n",
        s.faults(),
        s.healthy,
        s.healthy_confident,
        s.unclear,
        s.unclear_confident
    )
}
