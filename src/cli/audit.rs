//! `aiobs audit`: what left this machine, newest first: calls of models elsewhere, and alerts.

use super::args::{AuditArgs, TextOrJson};
use super::context::Context;
use super::exit::Exit;
use super::models::{call_json, hidden};
use super::output::{self, local, safe};
use aiobs_types::{Departure, RemoteCall, SentAlert};
use serde_json::{Value, json};
use std::io::Write as _;

pub(super) fn run(cx: &Context, args: &AuditArgs) -> anyhow::Result<Exit> {
    let limit = if args.limit == 0 { usize::MAX >> 1 } else { args.limit };
    let kind = args.kind.map(super::args::Left::name);
    let all = cx.archive()?.departures(kind, limit)?;
    let text = match args.output {
        TextOrJson::Json => output::lines(all.iter().map(|d| output::line(&as_json(d)))),
        TextOrJson::Text if all.is_empty() => "Nothing has left this machine.\n".to_owned(),
        TextOrJson::Text => all.iter().map(as_text).collect(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn as_json(d: &Departure) -> Value {
    let Value::Object(mut all) = json!({"kind": d.kind()}) else { return Value::Null };
    let rest = match d {
        Departure::Call(call) => call_json(call),
        Departure::Alert(a) => alert_json(a),
    };
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    all.into()
}

fn alert_json(a: &SentAlert) -> Value {
    json!({"time": output::rfc3339(a.time), "channel": a.channel, "place": a.place, "local": a.local,
        "incident": a.incident, "state": a.state, "rule": a.rule, "title": a.title, "outcome": a.outcome, "note": a.note})
}

fn as_text(d: &Departure) -> String {
    match d {
        Departure::Call(call) => call_text(call),
        Departure::Alert(alert) => alert_text(alert),
    }
}

fn call_text(c: &RemoteCall) -> String {
    let outcome = c.end.as_ref().map_or("on its way", |e| e.outcome.as_str());
    let cost = c.end.as_ref().and_then(|e| e.cost_usd).map_or_else(String::new, |usd| format!("  ${usd:.4}"));
    let (time, size) = (local(c.time), output::size(c.bytes));
    let (model, endpoint, outcome) = (safe(&c.model), safe(&c.endpoint), safe(outcome));
    let (stage, kinds) = (&c.stage, hidden(c));
    format!("{time}  model  {endpoint}  {model} for {stage}, {size}  {outcome}{cost}  {kinds}\n")
}

fn alert_text(a: &SentAlert) -> String {
    let about = if a.incident == 0 { String::new() } else { format!(" #{}", a.incident) };
    let place = if a.local { " (this machine)" } else { "" };
    let note = a.note.as_ref().map_or_else(String::new, |n| format!(": {}", safe(n)));
    format!(
        "{}  alert  {}{place}  {}{about} by {}, {}{note}\n",
        local(a.time),
        safe(&a.place),
        a.state,
        safe(&a.channel),
        a.outcome
    )
}

#[cfg(test)]
mod tests {
    use super::{as_json, as_text};
    use aiobs_types::{CallEnd, Departure, RemoteCall, SentAlert};

    #[test]
    fn rows_are_told_in_one_line_without_control_characters() {
        let alert = SentAlert {
            channel: "slack".into(),
            place: "hooks.slack.com:443".into(),
            incident: 7,
            state: "open".into(),
            outcome: "failed".into(),
            note: Some("no\u{1b}[2J".into()),
            ..SentAlert::default()
        };
        let text = as_text(&Departure::Alert(alert.clone()));
        assert!(text.ends_with("alert  hooks.slack.com:443  open #7 by slack, failed: no\u{241b}[2J\n"), "{text}");
        assert_eq!(as_json(&Departure::Alert(alert))["kind"], "alert");
        let end = Some(CallEnd { outcome: "ok".into(), cost_usd: Some(0.5), ..CallEnd::default() });
        let call = RemoteCall { model: "m".into(), stage: "chat".into(), bytes: 99, end, ..RemoteCall::default() };
        let text = as_text(&Departure::Call(call.clone()));
        assert!(text.ends_with("m for chat, 99 B  ok  $0.5000  nothing to hide\n"), "{text}");
        assert_eq!(as_json(&Departure::Call(call))["outcome"], "ok");
    }
}
