//! `aiobs doctor`: looks at everything the program stands on and says what is not as it should be, and what to do.

use super::args::{DoctorArgs, Format};
use super::context::Context;
use super::exit::Exit;
use super::{models, output};
use crate::runtime::{alerts, day_budget, memory, model_health, model_places, spans_place};
use aiobs_logs::source::SourceSpec;
use aiobs_memory::LOCAL_MODEL;
use aiobs_store::{Store, StoreError};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

/// Least room on the disk before it is worth a word, bytes.
const ROOM: u64 = 500 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Note,
    Bad,
}

struct Finding {
    what: &'static str,
    verdict: Verdict,
    text: String,
}

pub(super) fn run(cx: &Context, args: &DoctorArgs) -> anyhow::Result<Exit> {
    let mut found = vec![config(cx)];
    found.extend(data_dir(&cx.data_dir));
    found.push(terminal());
    found.push(locale());
    found.extend(sources(cx));
    found.push(watching());
    found.push(model(cx));
    found.extend(elsewhere(cx));
    found.extend(budget(cx));
    found.extend(answers(cx));
    found.push(match super::knowledge::summary(cx) {
        Ok(text) => finding("memory", Verdict::Good, text),
        Err(reason) => finding("memory", Verdict::Note, reason),
    });
    let text = match args.output {
        Format::Json => output::lines(found.iter().map(|f| output::line(&json(f)))),
        Format::Csv => {
            let rows = found.iter().map(|f| format!("{}\n", output::csv(&[f.what, word(f.verdict), &f.text])));
            "what,verdict,text\n".to_owned() + &rows.collect::<String>()
        }
        Format::Markdown => {
            let rows =
                found.iter().map(|f| format!("| {} | {} | {} |\n", f.what, word(f.verdict), output::markdown(&f.text)));
            "| what | verdict | text |\n| --- | --- | --- |\n".to_owned() + &rows.collect::<String>()
        }
        Format::Text => people(&found),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if found.iter().any(|f| f.verdict == Verdict::Bad) { Exit::Fault } else { Exit::Done })
}

const fn word(v: Verdict) -> &'static str {
    match v {
        Verdict::Good => "ok",
        Verdict::Note => "note",
        Verdict::Bad => "bad",
    }
}

fn json(f: &Finding) -> serde_json::Value {
    json!({"what": f.what, "verdict": word(f.verdict), "text": f.text})
}

fn people(found: &[Finding]) -> String {
    let mut out = String::new();
    for f in found {
        let _ = writeln!(out, "{:<5} {:<15} {}", word(f.verdict), f.what, output::safe(&f.text));
    }
    let bad = found.iter().filter(|f| f.verdict == Verdict::Bad).count();
    let _ = match bad {
        0 => writeln!(out, "\nReady. `aiobs demo` shows it at work."),
        1 => writeln!(out, "\nOne thing needs you."),
        n => writeln!(out, "\n{n} things need you."),
    };
    out
}

fn finding(what: &'static str, verdict: Verdict, text: impl Into<String>) -> Finding {
    Finding { what, verdict, text: text.into() }
}

fn config(cx: &Context) -> Finding {
    // It was loaded, so it is sound.
    let changed = cx.config.effective.iter().filter(|e| !matches!(e.origin, crate::config::Origin::Default)).count();
    let text = match changed {
        0 => "sound; every key is at its default".to_owned(),
        1 => "sound; one key is not at its default".to_owned(),
        n => format!("sound; {n} keys are not at their default"),
    };
    finding("configuration", Verdict::Good, text)
}

fn data_dir(dir: &Path) -> Vec<Finding> {
    let what = "data directory";
    let mut found = match Store::open(dir) {
        Ok((store, report)) => {
            let mut found = Vec::new();
            if let Some(aside) = report.moved_aside {
                let why = if report.damage.is_some() { "damaged" } else { "of an older version" };
                let text = format!("the database was {why}; moved to {} and begun anew", aside.display());
                found.push(finding(what, Verdict::Note, text));
            }
            match store.reader().and_then(|r| r.archive_info()) {
                Ok(info) => {
                    let text =
                        format!("{}, {} records, {}", dir.display(), info.records, output::size(info.file_bytes));
                    found.push(finding(what, Verdict::Good, text));
                }
                Err(e) => found.push(finding(what, Verdict::Bad, e.to_string())),
            }
            found
        }
        Err(e @ StoreError::InUse { .. }) => vec![finding(what, Verdict::Note, e.to_string())],
        Err(e) => vec![finding(what, Verdict::Bad, e.to_string())],
    };
    if let Ok(stat) = rustix::fs::statvfs(dir) {
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let verdict = if free < ROOM { Verdict::Bad } else { Verdict::Good };
        let more = if free < ROOM { "; free some, or lower archive.max_size" } else { "" };
        found.push(finding("disk", verdict, format!("{} free{more}", output::size(free))));
    }
    found
}

fn terminal() -> Finding {
    if !std::io::stdout().is_terminal() {
        return finding(
            "terminal",
            Verdict::Note,
            "standard output is no terminal; use `aiobs watch` or `aiobs analyze`",
        );
    }
    match crossterm::terminal::size() {
        Ok((w, h)) if w < 60 || h < 15 => {
            finding("terminal", Verdict::Bad, format!("{w}x{h} is too small; at least 60x15, better 80x24"))
        }
        Ok((w, h)) => {
            let term = std::env::var("TERM").unwrap_or_default();
            finding("terminal", Verdict::Good, format!("{w}x{h}, TERM={term}"))
        }
        Err(e) => finding("terminal", Verdict::Bad, format!("its size is unknown: {e}")),
    }
}

fn locale() -> Finding {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|k| std::env::var(k).ok().filter(|v| !v.is_empty()));
    match set {
        Some(v) if v.to_ascii_lowercase().replace('-', "").contains("utf8") => finding("locale", Verdict::Good, v),
        Some(v) => finding("locale", Verdict::Note, format!("{v} is not UTF-8; the screen uses ASCII")),
        None => finding("locale", Verdict::Note, "none set; the screen uses ASCII (set LANG=C.UTF-8 for more)"),
    }
}

fn sources(cx: &Context) -> Vec<Finding> {
    let what = "sources";
    if cx.config.sources.paths.is_empty() {
        return vec![finding(
            what,
            Verdict::Note,
            "none configured; name some on the command line, or in sources.paths",
        )];
    }
    let check = |path: &String| match SourceSpec::parse(path) {
        Err(e) => finding(what, Verdict::Bad, e.to_string()),
        Ok(SourceSpec::Path(p)) => match std::fs::metadata(&p) {
            Ok(m) if m.is_dir() => match std::fs::read_dir(&p) {
                Ok(_) => finding(what, Verdict::Good, path.clone()),
                Err(e) => finding(what, Verdict::Bad, format!("{path}: {e}")),
            },
            Ok(_) => match std::fs::File::open(&p) {
                Ok(_) => finding(what, Verdict::Good, path.clone()),
                Err(e) => finding(what, Verdict::Bad, format!("{path}: {e}")),
            },
            Err(e) => finding(what, Verdict::Note, format!("{path}: {e}; picked up when it appears")),
        },
        Ok(SourceSpec::Glob(_) | SourceSpec::Stdin | SourceSpec::Stream(_)) => {
            finding(what, Verdict::Good, path.clone())
        }
    };
    cx.config.sources.paths.iter().map(check).collect()
}

/// Linux bounds the number of watches; many files need more than some systems give.
fn watching() -> Finding {
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok();
    match limit.and_then(|l| l.trim().parse::<u64>().ok()) {
        Some(n) if n < 8_192 => finding(
            "file watching",
            Verdict::Note,
            format!("at most {n} watches; beyond it files are polled (fs.inotify.max_user_watches)"),
        ),
        Some(n) => finding("file watching", Verdict::Good, format!("{n} watches")),
        None => finding("file watching", Verdict::Note, "no inotify here; files are watched by other means or polled"),
    }
}

fn model(cx: &Context) -> Finding {
    if cx.offline || !cx.config.model.enabled {
        return finding("model", Verdict::Note, "switched off; playbooks diagnose");
    }
    match model_health(&cx.config) {
        Ok(text) => finding("model", Verdict::Good, text),
        Err(reason) => finding("model", Verdict::Note, format!("{reason}; playbooks diagnose until then")),
    }
}

/// Where this machine's texts may go, each with what for; whoever is offline sends nothing.
fn elsewhere(cx: &Context) -> Option<Finding> {
    if cx.offline {
        return None;
    }
    // What makes no sense in it was told with the model.
    let mut places = if cx.config.model.enabled { model_places(&cx.config).unwrap_or_default() } else { Vec::new() };
    places.extend(alerts::places(&cx.config).into_iter().map(|place| format!("{place} (alerts)")));
    let vectors = memory::vectors(&cx.config, &cx.config.knowledge.store, LOCAL_MODEL).ok().flatten();
    places.extend(vectors.filter(|v| !v.is_local()).map(|v| format!("{} (vectors)", v.place())));
    places.extend(spans_place(&cx.config).map(|place| format!("{place} (spans)")));
    let text = match places.len() {
        0 => "nothing leaves this machine".to_owned(),
        _ => format!("REMOTE: something may go to {}", places.join(", ")),
    };
    let verdict = if places.is_empty() { Verdict::Good } else { Verdict::Note };
    Some(finding("leaves", verdict, text))
}

/// What may be spent on models; nothing where nothing may be and nothing was.
fn budget(cx: &Context) -> Option<Finding> {
    let b = day_budget(&cx.config, &cx.archive().ok()?);
    let text = models::budget_text(&b)?;
    let spent = b.left_usd.is_some_and(|left| left <= 0.0);
    Some(finding("model budget", if spent { Verdict::Note } else { Verdict::Good }, text))
}

/// What the kept answers saved, and what left this machine; nothing when there is nothing to tell.
fn answers(cx: &Context) -> Vec<Finding> {
    let mut found = Vec::new();
    let Ok(reader) = cx.archive() else { return found };
    if let Ok(stats) = reader.answer_stats()
        && stats.kept + stats.hits > 0
    {
        let text = format!(
            "{} kept ({}), {} given again; saved {} tokens, ${:.2}",
            stats.kept,
            output::size(stats.bytes),
            stats.hits,
            stats.saved_tokens,
            stats.saved_usd
        );
        found.push(finding("model answers", Verdict::Good, text));
    }
    if let Ok(calls) = reader.model_calls(1)
        && let Some(last) = calls.first()
    {
        let when = output::local(last.time);
        let text = format!("the last one to {} at {when}; `aiobs models calls` lists them", last.endpoint);
        found.push(finding("remote calls", Verdict::Good, text));
    }
    found
}
