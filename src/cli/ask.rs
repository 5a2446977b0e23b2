//! `aiobs ask TEXT`: one question to the archive, or to what comes in on standard input, which is read into a temporary
//! archive first. The answer cites records; without a model it is composed by rules, and says so.

use super::args::{AnswerFormat, AskArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::import::{End, once, wait};
use super::progress::Progress;
use super::{output, remember, signals};
use crate::runtime::{Asking, Ground, memory};
use aiobs_memory::Engine;
use aiobs_store::Store;
use aiobs_types::{Area, ChatMessage, ChatScope, Citation, IncidentId, LogRecord, RecordId};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

/// Longest wait for what playbooks say of standard input's incidents.
const PLAYBOOKS: Duration = Duration::from_mins(1);

/// Longest cited line for people, characters.
const WIDTH: usize = 300;

struct Answer {
    question: String,
    message: ChatMessage,
    cited: Vec<(LogRecord, String)>,
    without: Option<String>,
    remote: Vec<String>,
}

pub(super) fn run(cx: &Context, args: &AskArgs) -> anyhow::Result<Exit> {
    let question = args.question.join(" ").trim().to_owned();
    if question.is_empty() {
        return Err(
            UsageError("the question is empty; write one, such as `aiobs ask \"what happened?\"`".into()).into()
        );
    }
    let piped = args.stdin || !args.archive && is_fed();
    if !piped {
        return answer(cx, args, question, &cx.store()?, &cx.data_dir);
    }
    let temporary = tempfile::tempdir()?;
    // Playbooks diagnose at once; a model is asked the question only.
    let quick = Context {
        config: cx.config.clone(),
        data_dir: temporary.path().to_owned(),
        offline: true,
        quiet: cx.quiet,
        ascii: cx.ascii,
    };
    let (mut running, heard) = once(&quick, &["-".to_owned()], Ground::open(temporary.path())?, true)?;
    let end = wait(&quick, &running, &heard);
    if matches!(end, Ok(End::Complete)) {
        running.wait_for_diagnoses(PLAYBOOKS);
    }
    let (records, _) = running.progress();
    running.stop();
    drop(running);
    let end = end.map_err(|why| {
        anyhow::anyhow!("{}: {why}. TMPDIR names another temporary directory", temporary.path().display())
    })?;
    if end == End::Interrupted {
        eprintln!("aiobs: stopped while reading standard input");
        return Ok(Exit::Interrupted);
    }
    if records == 0 && !cx.quiet {
        eprintln!("aiobs: nothing came on standard input; --archive asks the archive instead");
    }
    let here = Context { offline: cx.offline, ..quick };
    answer(&here, args, question, &Store::open_read_only(temporary.path())?, &cx.data_dir)
}

/// What finds by meaning, brought up to date. Where that does not work, the answer is made from what is there.
fn remembered(cx: &Context, dir: &Path) -> Engine {
    // What makes no sense in the configuration is told by the commands about knowledge.
    let engine = memory::engine(&cx.config, cx.offline, dir).unwrap_or_default();
    let done = cx.archive().and_then(|archive| remember::update(cx, &archive, &engine, Some(remember::PATIENCE)));
    if let Err(e) = done {
        tracing::info!("what is found by meaning is as it was: {e:#}");
    }
    engine
}

/// Whether something is piped or redirected into standard input. Where nothing is connected, nothing is.
fn is_fed() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = std::fs::metadata("/dev/stdin").map(|m| m.file_type());
        !std::io::stdin().is_terminal() && kind.is_ok_and(|k| k.is_fifo() || k.is_file() || k.is_socket())
    }
    #[cfg(not(unix))]
    {
        !std::io::stdin().is_terminal()
    }
}

fn scope(asking: &Asking, text: Option<&str>) -> Result<ChatScope, UsageError> {
    let text = text.map_or("", str::trim);
    if text.is_empty() || text == "all" {
        return Ok(ChatScope::All);
    }
    if let Some(number) = text.strip_prefix("incident:").or_else(|| text.strip_prefix('#')) {
        let id = number.trim().parse().map(IncidentId);
        let id = id.map_err(|_| {
            UsageError(format!("--scope: `{number}` is no number of an incident; `aiobs incidents` lists them"))
        })?;
        return match asking.archive().incident(id) {
            Ok(None) => Err(UsageError(format!("--scope: there is no incident {id}; `aiobs incidents` lists them"))),
            _ => Ok(ChatScope::Incident { id }),
        };
    }
    asking.filter(text).map_err(|e| UsageError(format!("--scope: {e}")))?;
    Ok(ChatScope::Filter { text: text.to_owned() })
}

/// `dir` is where it is written down what leaves.
fn answer(cx: &Context, args: &AskArgs, question: String, store: &Store, dir: &Path) -> anyhow::Result<Exit> {
    let cancel = signals::cancel()?;
    let engine = remembered(cx, dir);
    let asking = Asking::with(&cx.config, cx.offline, store, dir, engine)?;
    let scope = scope(&asking, args.scope.as_deref())?;
    if !asking.remote.is_empty() && !cx.quiet {
        let places = output::safe(&asking.remote.join(", "));
        eprintln!("aiobs: REMOTE: the question and lines that fit it go to {places}; secrets and personal data are");
        eprintln!("aiobs: replaced before that, and `aiobs audit` lists each call (--offline sends nothing)");
    }
    let mut progress = Progress::new(cx);
    progress.say("looking into the archive");
    let message = asking.ask(&question, scope, &cancel, &mut |step| {
        progress.say(&format!("{}  (Ctrl-C stops)", output::safe(&step.text)));
    });
    progress.clear();
    let message = message.ok_or_else(|| anyhow::anyhow!("the answer broke off"))?;
    for note in message.steps.iter().filter(|s| s.failed && !s.by_model && !cx.quiet) {
        eprintln!("aiobs: {}", output::safe(&note.text));
    }
    let ids: Vec<RecordId> = message.records().collect();
    let records = asking.archive().records(&ids)?;
    let name = |r: &LogRecord| asking.archive().source_name(r.source).unwrap_or_default();
    let cited = records.into_iter().map(|r| (r.clone(), name(&r))).collect();
    let complete = message.complete;
    let a = Answer { question, message, cited, without: asking.without.clone(), remote: asking.remote.clone() };
    let text = match args.output {
        AnswerFormat::Text => text(&a),
        AnswerFormat::Json => output::line(&as_json(&a)) + "\n",
        AnswerFormat::Markdown => markdown(&a),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if complete { Exit::Done } else { Exit::Interrupted })
}

/// What a mark leads to, one line.
fn cited(a: &Answer, n: usize) -> Option<String> {
    let id = match a.message.citations.get(n)? {
        Citation::Record(id) => *id,
        Citation::Text(t) => {
            let place = if t.place.is_empty() { String::new() } else { format!(" ({})", t.place) };
            return Some(output::safe(&format!("{} {}{place}", t.kind, t.title)));
        }
    };
    let (r, source) = a.cited.iter().find(|(r, _)| r.id == id)?;
    let name = if r.component.is_empty() { source.rsplit('/').next().unwrap_or(source) } else { &r.component };
    let message: String = r.message().chars().take(WIDTH).collect();
    Some(format!(
        "{} {} {}: {}",
        output::local(r.time),
        r.severity,
        output::safe(name),
        output::safe(&message).replace('\n', " ⏎ ")
    ))
}

/// What was looked at and what was not.
fn looked(a: &Answer) -> Option<String> {
    let names = |list: &[Area]| list.iter().map(|a| a.name()).collect::<Vec<_>>().join(", ");
    let (did, not) = a.message.looked()?;
    let not = if not.is_empty() { String::new() } else { format!(" Not looked at: {}.", names(&not)) };
    Some(format!("Looked at: {}.{not}", names(&did)))
}

fn text(a: &Answer) -> String {
    let mut out = output::safe(a.message.text.trim_end());
    out.push('\n');
    let tools: Vec<_> = a.message.steps.iter().filter(|s| s.by_model).collect();
    if !tools.is_empty() {
        out.push_str("\nLooked up by the model:\n");
    }
    for step in tools {
        let _ = writeln!(out, "- {}", output::safe(&step.text));
    }
    // What the answer lists in full need not be said again.
    let listed =
        |n: &usize| a.message.text.lines().any(|l| l.starts_with("- 2") && l.ends_with(&format!(" [{}]", n + 1)));
    let unlisted: Vec<usize> = (0..a.message.citations.len()).filter(|n| !listed(n)).collect();
    if !unlisted.is_empty() {
        out.push_str("\nCited (local time):\n");
    }
    for n in unlisted {
        let line = cited(a, n).unwrap_or_else(|| "no longer in the archive".into());
        let _ = writeln!(out, "[{}] {line}", n + 1);
    }
    if !a.message.complete {
        out.push_str("\nThe answer was stopped before its end.\n");
    }
    if let Some(looked) = looked(a) {
        let _ = writeln!(out, "\n{looked}");
    }
    let _ = writeln!(out, "\nAnswered by {}.", output::safe(&a.message.author));
    out
}

fn markdown(a: &Answer) -> String {
    let mut out = format!("# {}\n\n{}\n", output::markdown(&a.question), output::safe(a.message.text.trim_end()));
    if !a.message.citations.is_empty() {
        out.push_str("\n## Cited\n\n");
    }
    for n in 0..a.message.citations.len() {
        let line = cited(a, n).unwrap_or_else(|| "no longer in the archive".into());
        let _ = writeln!(out, "{}. {}", n + 1, output::markdown(&line));
    }
    if let Some(looked) = looked(a) {
        let _ = writeln!(out, "\n{looked}");
    }
    let _ = writeln!(out, "\nAnswered by {}.", output::markdown(&a.message.author));
    out
}

/// As `--scope` takes it.
fn scope_text(scope: &ChatScope) -> String {
    match scope {
        ChatScope::Incident { id } => format!("incident:{}", id.0),
        ChatScope::Filter { text } => text.clone(),
        _ => "all".to_owned(),
    }
}

fn as_json(a: &Answer) -> serde_json::Value {
    let record = |id: &RecordId| {
        let found = a.cited.iter().find(|(r, _)| r.id == *id);
        found.map_or(serde_json::Value::Null, |(r, source)| output::record(r, source, ""))
    };
    let one = |c: &Citation| match c {
        Citation::Record(id) => record(id),
        Citation::Text(t) => json!({
            "kind": t.kind, "title": t.title, "place": Some(&t.place).filter(|p| !p.is_empty()), "text": t.text,
            "incident": t.incident.map(|i| i.0),
        }),
    };
    let citations = a.message.citations.iter().map(one).collect::<Vec<_>>();
    let steps = a.message.steps.iter().map(|s| s.text.as_str()).collect::<Vec<_>>();
    let (looked, not) = a.message.looked().unwrap_or_default();
    let names = |list: &[Area]| list.iter().map(|a| a.name()).collect::<Vec<_>>();
    json!({
        "question": a.question,
        "scope": scope_text(&a.message.scope),
        "answer": a.message.text,
        "author": a.message.author,
        "without_model": a.without,
        "remote": a.remote,
        "complete": a.message.complete,
        "steps": steps,
        "looked_at": names(&looked),
        "not_looked_at": names(&not),
        "citations": citations,
    })
}
