//! `aiobs alert list|queue|test`: who is told of incidents, what waits to be sent, and whether a channel works.

use super::args::{AlertAction, AlertArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::{local, plural, safe};
use crate::runtime::alerts::{self, CHANNELS};
use aiobs_sync::Item;
use std::fmt::Write as _;
use std::io::Write as _;

/// Alerts listed per channel.
const LISTED: u32 = 50;

pub(super) fn run(cx: &Context, args: &AlertArgs) -> anyhow::Result<Exit> {
    match &args.action {
        AlertAction::List => list(cx),
        AlertAction::Queue => queue(cx),
        AlertAction::Test { channel } => test(cx, channel.as_deref()),
    }
}

fn list(cx: &Context) -> anyhow::Result<Exit> {
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
    if let Err(e) = alerts::templates(&cx.config) {
        let _ = writeln!(out, "\nTemplates\n  {e}");
    }
    if cx.offline {
        out.push_str("\noffline: nothing is sent\n");
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Exit::Done)
}

fn queue(cx: &Context) -> anyhow::Result<Exit> {
    let reader = cx.archive()?;
    let mut out = String::new();
    for (name, outbox) in CHANNELS.iter().filter_map(|(name, outbox)| Some((name, (*outbox)?))) {
        let state = reader.outbox_state(outbox)?;
        if state.waiting == 0 && state.dropped == 0 {
            continue;
        }
        let _ = writeln!(out, "{name}: {} wait, {} dropped", plural(state.waiting, "alert"), state.dropped);
        for row in reader.outbox(outbox, LISTED)? {
            match Item::from_body(&row.body) {
                Ok(Item::Alert(a)) => {
                    let _ =
                        writeln!(out, "  {}  #{} {}: {}", local(a.queued), a.incident, a.state.name(), safe(&a.title));
                }
                _ => out.push_str("  an entry that makes no sense\n"),
            }
        }
        if state.waiting > u64::from(LISTED) {
            let _ = writeln!(out, "  and {} more", state.waiting - u64::from(LISTED));
        }
    }
    if out.is_empty() {
        out.push_str("Nothing waits.\n");
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Exit::Done)
}

fn test(cx: &Context, only: Option<&str>) -> anyhow::Result<Exit> {
    if cx.offline {
        return Err(UsageError("offline: nothing was sent".to_owned()).into());
    }
    let mut tried = 0;
    let mut failed = 0;
    for state in alerts::channels(&cx.config) {
        if only.is_some_and(|name| name != state.name) {
            continue;
        }
        let result = match &state.channel {
            None if only.is_none() => continue,
            None => Err(anyhow::anyhow!("[alerts.{}] is not set up", state.name)),
            Some(Err(why)) => Err(anyhow::anyhow!("{why}")),
            Some(Ok(channel)) => alerts::test(&cx.config, channel),
        };
        tried += 1;
        match result {
            Ok(text) => writeln!(std::io::stdout(), "{:<11} {}", state.name, safe(&text))?,
            Err(e) => {
                failed += 1;
                writeln!(std::io::stdout(), "{:<11} failed: {}", state.name, safe(&e.to_string()))?;
            }
        }
    }
    if tried == 0 {
        let text = "no channel is set up; `aiobs alert list` names them, docs/alerts.md tells how";
        return Err(UsageError(text.to_owned()).into());
    }
    Ok(if failed > 0 { Exit::Fault } else { Exit::Done })
}
