//! `aiobs alert list|queue|test`: who is told of incidents, what waits to be sent, and whether a channel works.

use super::args::{AlertAction, AlertArgs, TextOrJson};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, local, plural, safe};
use crate::config::AlertRule;
use crate::runtime::alerts::{self, CHANNELS, ChannelState};
use aiobs_store::{Ledger, OutboxState};
use aiobs_sync::{Alert, Item};
use aiobs_types::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;

/// Alerts listed per channel.
const LISTED: u32 = 50;

pub(super) fn run(cx: &Context, args: &AlertArgs) -> anyhow::Result<Exit> {
    match &args.action {
        AlertAction::List => list(cx, args.output),
        AlertAction::Queue => queue(cx, args.output),
        AlertAction::Test { channel } => test(cx, channel.as_deref(), args.output),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn list(cx: &Context, how: TextOrJson) -> anyhow::Result<Exit> {
    let text = match how {
        TextOrJson::Text => list_text(cx),
        TextOrJson::Json => output::line(&list_json(cx)) + "\n",
    };
    print(&text)?;
    Ok(Exit::Done)
}

fn list_json(cx: &Context) -> Value {
    let channel = |state: ChannelState| {
        let (word, detail) = alerts::describe(&state);
        let ready = state.channel.as_ref().and_then(|c| c.as_ref().ok());
        json!({"name": state.name, "state": word, "place": ready.map(aiobs_sync::Channel::place),
            "local": ready.map(aiobs_sync::Channel::is_local), "error": (word == "wrong").then_some(detail)})
    };
    let mut channels: Vec<Value> = alerts::channels(&cx.config).into_iter().map(channel).collect();
    channels.push(json!({"name": "desktop", "state": "ready", "place": null, "local": true, "error": null}));
    let rule = |r: &AlertRule| {
        json!({"name": r.name, "channels": r.channels, "min_level": r.min_level.name(),
            "min_criticality": r.min_criticality, "states": r.states, "components": r.components, "hours": r.hours,
            "limit": r.limit, "group_seconds": r.group.as_secs()})
    };
    let rules: Vec<Value> = cx.config.alerts.rules.iter().map(rule).collect();
    let mistakes = mistakes(cx);
    let templates = (!mistakes.is_empty()).then(|| mistakes.join("; "));
    json!({"channels": channels, "rules": rules, "templates_error": templates, "offline": cx.offline})
}

/// What is wrong with the user's own words.
fn mistakes(cx: &Context) -> Vec<String> {
    alerts::templates(&cx.config).map_or_else(|e| vec![e.to_string()], |(_, wrong)| wrong)
}

fn list_text(cx: &Context) -> String {
    let mut out = String::from("Channels\n");
    for state in alerts::channels(&cx.config) {
        let (word, detail) = alerts::describe(&state);
        let _ = writeln!(out, "  {:<11} {word:<6} {}", state.name, safe(&detail));
    }
    let _ = writeln!(out, "  {:<11} {:<6} the terminal of the screen", "desktop", "ready");
    let rules = &cx.config.alerts.rules;
    out.push_str("\nRules\n");
    if rules.is_empty() {
        out.push_str("  none: nobody is told of anything; [[alerts.rules]] in the configuration adds one\n");
    }
    for rule in rules {
        let mut when = format!("{} and worse, {}", rule.min_level, rule.states.join(" "));
        if rule.min_criticality > 0 {
            let _ = write!(when, ", criticality {} and more", rule.min_criticality);
        }
        if !rule.components.is_empty() {
            let _ = write!(when, ", components {}", rule.components.join(" "));
        }
        if !rule.hours.is_empty() {
            let _ = write!(when, ", {}", rule.hours);
        }
        let _ = writeln!(out, "  {:<11} {}: {}", safe(&rule.name), rule.channels.join(" "), safe(&when));
    }
    let mistakes = mistakes(cx);
    if !mistakes.is_empty() {
        out.push_str("\nTemplates, the built-in words are used\n");
        for mistake in mistakes {
            let _ = writeln!(out, "  {}", safe(&mistake));
        }
    }
    if cx.offline {
        out.push_str("\noffline: nothing is sent\n");
    }
    out
}

/// What waits for one channel; an alert is missing where an entry makes no sense.
struct Waiting {
    channel: &'static str,
    state: OutboxState,
    alerts: Vec<Option<Alert>>,
}

fn queue(cx: &Context, how: TextOrJson) -> anyhow::Result<Exit> {
    let reader = cx.archive()?;
    let mut all = Vec::new();
    for (channel, outbox) in CHANNELS.iter().filter_map(|(name, outbox)| Some((*name, (*outbox)?))) {
        let state = reader.outbox_state(outbox)?;
        if state.waiting == 0 && state.dropped == 0 {
            continue;
        }
        let listed = if how == TextOrJson::Json { u32::MAX } else { LISTED };
        let alert = |body: &str| match Item::from_body(body) {
            Ok(Item::Alert(a)) => Some(*a),
            _ => None,
        };
        let alerts = reader.outbox(outbox, listed)?.iter().map(|row| alert(&row.body)).collect();
        all.push(Waiting { channel, state, alerts });
    }
    let text = match how {
        TextOrJson::Json => output::lines(all.iter().map(|w| output::line(&queue_json(w)))),
        TextOrJson::Text if all.is_empty() => "Nothing waits.\n".to_owned(),
        TextOrJson::Text => all.iter().map(queue_text).collect(),
    };
    print(&text)?;
    Ok(Exit::Done)
}

fn queue_json(w: &Waiting) -> Value {
    let alert = |a: &Alert| {
        json!({"incident": a.incident, "state": a.state.name(), "rule": a.rule, "title": a.title,
            "queued": output::rfc3339(a.queued), "due": output::rfc3339(a.due)})
    };
    let alerts: Vec<Value> = w.alerts.iter().flatten().map(alert).collect();
    json!({"channel": w.channel, "waiting": w.state.waiting, "dropped": w.state.dropped, "alerts": alerts})
}

fn queue_text(w: &Waiting) -> String {
    let mut out = format!("{}: {} wait, {} dropped\n", w.channel, plural(w.state.waiting, "alert"), w.state.dropped);
    for alert in &w.alerts {
        match alert {
            Some(a) => {
                let (queued, title) = (local(a.queued), safe(&a.title));
                let _ = writeln!(out, "  {queued}  #{} {}: {title}", a.incident, a.state.name());
            }
            None => out.push_str("  an entry that makes no sense\n"),
        }
    }
    if w.state.waiting > u64::from(LISTED) {
        let _ = writeln!(out, "  and {} more", w.state.waiting - u64::from(LISTED));
    }
    out
}

fn test(cx: &Context, only: Option<&str>, how: TextOrJson) -> anyhow::Result<Exit> {
    if cx.offline {
        return Err(UsageError("offline: nothing was sent".to_owned()).into());
    }
    let mut tried = 0;
    let mut failed = 0;
    // Made before anything leaves: what can't be written down is not sent.
    let ledger = Ledger::open(&cx.data_dir)?;
    for state in alerts::channels(&cx.config) {
        if only.is_some_and(|name| name != state.name) {
            continue;
        }
        let result = match &state.channel {
            None if only.is_none() => continue,
            None => Err(anyhow::anyhow!("[alerts.{}] is not set up", state.name)),
            Some(Err(why)) => Err(anyhow::anyhow!("{why}")),
            Some(Ok(channel)) => {
                let (result, rows) = alerts::test(&cx.config, state.name, channel, Timestamp::now())?;
                for row in &rows {
                    ledger.put_sent_alert(row)?;
                }
                result
            }
        };
        tried += 1;
        failed += u32::from(result.is_err());
        print(&test_row(state.name, &result, how))?;
    }
    if tried == 0 {
        let text = "no channel is set up; `aiobs alert list` names them, docs/alerts.md tells how";
        return Err(UsageError(text.to_owned()).into());
    }
    Ok(if failed > 0 { Exit::Fault } else { Exit::Done })
}

fn test_row(channel: &str, result: &anyhow::Result<String>, how: TextOrJson) -> String {
    let (ok, text) = match result {
        Ok(text) => (true, text.clone()),
        Err(e) => (false, e.to_string()),
    };
    match how {
        TextOrJson::Json => output::line(&json!({"channel": channel, "ok": ok, "text": text})) + "\n",
        TextOrJson::Text => format!("{channel:<11} {}{}\n", if ok { "" } else { "failed: " }, safe(&text)),
    }
}
