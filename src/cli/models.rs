//! `aiobs models list|check|pull|calls`: what the configured servers have, whether they answer, fetching a model, and
//! what has left this machine.

use super::args::{ModelsAction, ModelsArgs, TextOrJson};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, local, safe};
use super::signals;
use crate::runtime::{Checked, Configured, DayBudget, check_models, day_budget, list_models, pull_model};
use aiobs_types::RemoteCall;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::Ordering;

pub(super) fn run(cx: &Context, args: &ModelsArgs) -> anyhow::Result<Exit> {
    let network = !matches!(args.action, ModelsAction::Calls { .. });
    if network && (cx.offline || !cx.config.model.enabled) {
        let why = if cx.offline { "--offline forbids the network" } else { "model.enabled is false" };
        return Err(UsageError(format!("no model is asked: {why}")).into());
    }
    match &args.action {
        ModelsAction::List => list(cx, args.output),
        ModelsAction::Check => check(cx, args.output),
        ModelsAction::Pull { model, on } => pull(cx, model, on.as_deref()),
        ModelsAction::Calls { limit } => calls(cx, *limit, args.output),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

const fn place(local: bool) -> &'static str {
    if local { "LOCAL" } else { "REMOTE" }
}

fn list(cx: &Context, how: TextOrJson) -> anyhow::Result<Exit> {
    let models = list_models(&cx.config).map_err(UsageError)?;
    match how {
        TextOrJson::Json => print(&output::lines(models.iter().map(|m| output::line(&list_json(m)))))?,
        TextOrJson::Text => {
            // Without an archive nothing was spent, and nothing is told.
            let budget = cx.archive().ok().and_then(|reader| budget_text(&day_budget(&cx.config, &reader)));
            let budget = budget.map_or_else(String::new, |text| format!("\nbudget  {text}\n"));
            print(&(list_text(&models) + &budget))?;
        }
    }
    Ok(if models.iter().any(|m| m.used && m.has.is_err()) { Exit::Fault } else { Exit::Done })
}

/// `$2.00 a day for models, chats and embeddings; $0.31 spent today (UTC), $1.69 left`; nothing where there is no limit and
/// nothing was spent.
pub(super) fn budget_text(b: &DayBudget) -> Option<String> {
    match (b.limit_usd, b.left_usd) {
        (Some(limit), Some(left)) => Some(format!(
            "${limit:.2} a day for models, chats and embeddings; ${:.2} spent today (UTC), ${left:.2} left",
            b.spent_usd
        )),
        _ if b.spent_usd > 0.0 => {
            Some(format!("no limit (model.daily_cents); ${:.2} spent today (UTC) by the list of prices", b.spent_usd))
        }
        _ => None,
    }
}

fn list_json(m: &Configured) -> Value {
    let has = m.has.as_ref().ok().map(|list| {
        let one = |i: &aiobs_llm::ModelInfo| {
            json!({"name": i.name, "bytes": (i.bytes > 0).then_some(i.bytes), "local": m.local && i.elsewhere.is_none(),
                "capabilities": i.capabilities})
        };
        list.iter().map(one).collect::<Value>()
    });
    json!({"name": m.name, "provider": m.provider, "endpoint": m.endpoint, "model": m.model, "local": m.local,
        "used": m.used, "models": has, "error": m.has.as_ref().err()})
}

fn list_text(models: &[Configured]) -> String {
    let mut out = String::new();
    for (i, m) in models.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let used = if m.used { "" } else { "  (not in model.fallbacks: asked when chosen)" };
        let _ = writeln!(out, "{}  {} at {}  {}{used}", safe(&m.name), m.provider, safe(&m.endpoint), place(m.local));
        let list = match &m.has {
            Ok(list) => list,
            Err(reason) => {
                let _ = writeln!(out, "  {}", safe(reason));
                continue;
            }
        };
        if list.is_empty() {
            let _ = writeln!(out, "  no models; `aiobs models pull NAME` fetches one where the server is Ollama");
        }
        let width = list.iter().map(|i| i.name.chars().count()).max().unwrap_or(0).min(50);
        for info in list {
            let same = !m.model.is_empty() && (info.name == m.model || info.name.starts_with(&format!("{}:", m.model)));
            let mark = if same { '*' } else { ' ' };
            let size = if info.bytes > 0 { format!("{:>8}", output::size(info.bytes)) } else { " ".repeat(8) };
            let elsewhere = info.elsewhere.as_ref().map_or_else(String::new, |h| format!("  runs on {}", safe(h)));
            let line = format!("{mark} {:<width$}  {size}{elsewhere}", safe(&info.name));
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    out
}

fn check(cx: &Context, how: TextOrJson) -> anyhow::Result<Exit> {
    let checked = check_models(&cx.config).map_err(UsageError)?;
    match how {
        TextOrJson::Json => print(&output::lines(checked.iter().map(|c| output::line(&check_json(c)))))?,
        TextOrJson::Text => print(&checked.iter().map(check_text).collect::<String>())?,
    }
    Ok(if checked.iter().any(|c| c.result.is_err()) { Exit::Fault } else { Exit::Done })
}

fn check_json(c: &Checked) -> Value {
    let head = json!({"name": c.name, "provider": c.provider, "endpoint": c.endpoint, "local": c.local});
    let Value::Object(mut all) = head else { return Value::Null };
    let rest = match &c.result {
        Ok(t) => json!({"ok": true, "model": t.model, "first_token_seconds": t.first_token.as_secs_f64(),
            "seconds": t.total.as_secs_f64(), "output_tokens": t.output_tokens, "estimated": t.estimated,
            "structured": t.structured, "note": t.note}),
        Err(reason) => json!({"ok": false, "error": reason}),
    };
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    all.into()
}

fn check_text(c: &Checked) -> String {
    let head = format!("{}  {} at {}  {}\n", safe(&c.name), c.provider, safe(&c.endpoint), place(c.local));
    match &c.result {
        Ok(t) => {
            let form = if t.structured { "keeps to a form" } else { "does not keep to a form: answers are repaired" };
            let about = if t.estimated { "about " } else { "" };
            let note = t.note.as_ref().map_or_else(String::new, |n| format!("\n      {}", safe(n)));
            format!(
                "{head}ok    {}: first piece after {:.1} s, whole answer after {:.1} s, {about}{} tokens, {form}{note}\n",
                safe(&t.model),
                t.first_token.as_secs_f64(),
                t.total.as_secs_f64(),
                t.output_tokens
            )
        }
        Err(reason) => format!("{head}bad   {}\n", safe(reason)),
    }
}

fn pull(cx: &Context, model: &str, on: Option<&str>) -> anyhow::Result<Exit> {
    let stop = signals::cancel()?;
    let draws = cx.shows_progress();
    let mut told = String::new();
    let mut err = std::io::stderr();
    let done = pull_model(&cx.config, on, model, |p| {
        let share = p.done.saturating_mul(100).checked_div(p.total);
        let text = match share {
            Some(percent) => {
                let (done, total) = (output::size(p.done), output::size(p.total));
                format!("{}  {percent} %  {done} of {total}", safe(&p.status))
            }
            None => safe(&p.status),
        };
        if text != told {
            told = text;
            if draws {
                let _ = write!(err, "\r\x1b[K{told}");
            } else if !cx.quiet && share.is_none() && !told.is_empty() {
                let _ = writeln!(err, "{told}");
            }
        }
        !stop.load(Ordering::SeqCst)
    });
    if draws && std::io::stderr().is_terminal() {
        let _ = writeln!(err);
    }
    match done {
        Ok(true) => {
            print(&format!("{} is there\n", safe(model)))?;
            Ok(Exit::Done)
        }
        Ok(false) => Ok(Exit::Interrupted),
        Err(reason) => Err(anyhow::anyhow!("{} was not fetched: {reason}", safe(model))),
    }
}

fn calls(cx: &Context, limit: usize, how: TextOrJson) -> anyhow::Result<Exit> {
    let reader = cx.archive()?;
    let calls = reader.model_calls(if limit == 0 { usize::MAX >> 1 } else { limit })?;
    match how {
        TextOrJson::Json => print(&output::lines(calls.iter().map(|c| output::line(&call_json(c)))))?,
        TextOrJson::Text if calls.is_empty() => print("No call has left this machine.\n")?,
        TextOrJson::Text => print(&calls.iter().map(call_text).collect::<String>())?,
    }
    Ok(Exit::Done)
}

pub(super) fn hidden(c: &RemoteCall) -> String {
    let kinds: Vec<String> = c.redacted.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
    if kinds.is_empty() { "nothing to hide".to_owned() } else { format!("hidden: {}", kinds.join(", ")) }
}

fn call_text(c: &RemoteCall) -> String {
    let outcome = c.end.as_ref().map_or("on its way", |e| e.outcome.as_str());
    let cost = c.end.as_ref().and_then(|e| e.cost_usd).map_or_else(String::new, |usd| format!("  ${usd:.4}"));
    format!(
        "{}  {:<9} {} at {}  {}  {}  {}{cost}  {}\n",
        local(c.time),
        c.stage,
        safe(&c.model),
        safe(&c.endpoint),
        c.provider,
        output::size(c.bytes),
        safe(outcome),
        hidden(c)
    )
}

pub(super) fn call_json(c: &RemoteCall) -> Value {
    let redacted: serde_json::Map<String, Value> = c.redacted.iter().map(|(k, n)| (k.clone(), (*n).into())).collect();
    let end = c.end.clone().unwrap_or_default();
    json!({"time": output::rfc3339(c.time), "provider": c.provider, "endpoint": c.endpoint, "model": c.model,
        "stage": c.stage, "bytes": c.bytes, "redacted": redacted, "outcome": c.end.as_ref().map(|e| &e.outcome),
        "input_tokens": end.input_tokens, "output_tokens": end.output_tokens, "cost_usd": end.cost_usd})
}
