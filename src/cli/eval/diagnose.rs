//! `aiobs eval diagnose DIR`: each case goes the whole way (reading, detection, incidents, the chain) in an archive of
//! its own, and the diagnoses are held against the known answer. With no model, that measures the playbooks.

use super::DiagnoseArgs;
use super::case::{self, Case, Kind};
use crate::cli::analyze::{Finding, Findings, gather};
use crate::cli::args::TextOrJson;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, UsageError};
use crate::cli::output;
use crate::cli::signals;
use crate::runtime::{Builder, EngineEvent, Ground, Options};
use aiobs_logs::source::SourceSpec;
use aiobs_types::{Author, Confidence, Diagnosis};
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

/// How an answer compares with the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    Partly,
    Wrong,
    NoAnswer,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Partly => "partly",
            Self::Wrong => "wrong",
            Self::NoAnswer => "no_answer",
        }
    }

    const fn words(self) -> &'static str {
        if let Self::NoAnswer = self { "no answer" } else { self.name() }
    }
}

struct Scored {
    case: Case,
    verdict: Verdict,
    incidents: usize,
    /// Diagnoses with at least medium confidence.
    confident: usize,
    /// The first explanation of the report.
    answer: Option<Diagnosis>,
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
        let Some(findings) = diagnose(cx, &case, &stop)? else { break };
        if progress {
            eprint!("\r\u{1b}[K");
        }
        let one = score(case, &findings);
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
fn diagnose(cx: &Context, case: &Case, stop: &AtomicBool) -> anyhow::Result<Option<Findings>> {
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
    Ok(Some(findings))
}

fn spec(path: &Path) -> anyhow::Result<SourceSpec> {
    Ok(SourceSpec::parse(&path.to_string_lossy())?)
}

/// Whether somebody claims to know the cause.
fn explains(d: &Diagnosis) -> bool {
    d.author != Author::Facts
}

fn score(case: Case, findings: &Findings) -> Scored {
    let diagnoses: Vec<&Diagnosis> = findings.incidents.iter().filter_map(|f: &Finding| f.diagnosis.as_ref()).collect();
    let explained: Vec<&Diagnosis> = diagnoses.iter().copied().filter(|d| explains(d)).collect();
    let confident = explained.iter().filter(|d| d.confidence >= Confidence::Medium).count();
    let verdict = match case.kind {
        Kind::Healthy | Kind::Unclear if confident > 0 => Verdict::Wrong,
        Kind::Healthy | Kind::Unclear => Verdict::Right,
        Kind::Fault => judge(&case, &explained),
    };
    let answer = explained.first().map(|d| (*d).clone());
    Scored { case, verdict, incidents: findings.incidents.len(), confident, answer }
}

/// The first explanation of the report is the answer; the right one further down is half of it.
fn judge(case: &Case, explained: &[&Diagnosis]) -> Verdict {
    let Some((first, others)) = explained.split_first() else { return Verdict::NoAnswer };
    if fits(first, &case.right, &case.words) {
        Verdict::Right
    } else if fits(first, &case.partly, &[]) || others.iter().any(|d| fits(d, &case.right, &case.words)) {
        Verdict::Partly
    } else {
        Verdict::Wrong
    }
}

fn fits(d: &Diagnosis, names: &[String], words: &[String]) -> bool {
    let named = |name: &str| match &d.author {
        Author::Playbook { id } => id == name || d.error_class == name,
        Author::Model { .. } | Author::Facts => d.error_class == name,
    };
    if names.iter().any(|n| named(n)) {
        return true;
    }
    let told = format!("{} {}", d.title, d.cause).to_lowercase();
    matches!(d.author, Author::Model { .. })
        && !words.is_empty()
        && words.iter().all(|w| told.contains(&w.to_lowercase()))
}

fn answer(scored: &Scored) -> String {
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
        let wanted = if case.kind == Kind::Fault { case.right.join(" or ") } else { "no confident answer".to_owned() };
        line = format!("{line}; wanted {wanted}");
    }
    output::safe(&line)
}

fn row(scored: &Scored) -> Value {
    let case = &scored.case;
    json!({
        "row": "case",
        "case": case.name,
        "title": case.title,
        "kind": case.kind.name(),
        "right": case.right,
        "verdict": scored.verdict.name(),
        "incidents": scored.incidents,
        "confident": scored.confident,
        "answer": scored.answer.as_ref().map(output::diagnosis),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnosis(id: &str, class: &str, confidence: Confidence) -> Diagnosis {
        Diagnosis {
            prompts: Vec::new(),
            grounds: aiobs_types::Grounds::default(),
            id: 0,
            incident: aiobs_types::IncidentId(1),
            fingerprint: aiobs_types::Fingerprint(1),
            created: aiobs_types::Timestamp::default(),
            author: if id.is_empty() {
                Author::Model { provider: "ollama".into(), model: "m".into() }
            } else {
                Author::Playbook { id: id.into() }
            },
            title: "Disk".into(),
            cause: "The volume /data has no room left.".into(),
            error_class: class.into(),
            criticality: 5,
            confidence,
            claims: Vec::new(),
            alternatives: Vec::new(),
            fix: aiobs_types::Fix::default(),
            summary: String::new(),
            references: Vec::new(),
            notes: Vec::new(),
            trace: None,
        }
    }

    fn case(kind: Kind) -> Case {
        Case {
            name: "c".into(),
            title: "t".into(),
            kind,
            right: vec!["disk-full".into()],
            partly: vec!["http-503-unavailable".into()],
            words: vec!["volume".into(), "no room".into()],
            logs: Vec::new(),
        }
    }

    #[test]
    fn the_first_explanation_decides_and_a_later_one_is_half() {
        let right = diagnosis("disk-full", "storage.disk_full", Confidence::High);
        let half = diagnosis("http-503-unavailable", "http.service_unavailable", Confidence::High);
        let other = diagnosis("clock-skew", "time.clock_skew", Confidence::Medium);
        let model = diagnosis("", "unknown", Confidence::Medium);
        let judge = |list: &[&Diagnosis]| judge(&case(Kind::Fault), list);
        assert_eq!(judge(&[&right, &other]), Verdict::Right);
        assert_eq!(judge(&[&other, &right]), Verdict::Partly);
        assert_eq!(judge(&[&half]), Verdict::Partly);
        assert_eq!(judge(&[&other]), Verdict::Wrong);
        assert_eq!(judge(&[&model]), Verdict::Right);
        assert_eq!(judge(&[]), Verdict::NoAnswer);
    }
}
