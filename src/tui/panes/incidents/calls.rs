//! What a run's calls of models took, in one line under its stages: who was asked, tokens, cost, what was tried again, and
//! how many incidents wait.

use crate::runtime::events::RunCalls;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{AttrValue, Span as Traced, semconv};
use ratatui::text::Span;

/// Of a stored run.
pub(super) fn stored(spans: &[Traced]) -> RunCalls {
    let mut calls = RunCalls::default();
    let chats = spans.iter().filter(|s| s.attr_text(semconv::OPERATION) == Some("chat"));
    for span in chats {
        let count = |name| span.attr_int(name).map_or(0, i64::unsigned_abs);
        calls.tokens.0 += count(semconv::INPUT_TOKENS);
        calls.tokens.1 += count(semconv::OUTPUT_TOKENS);
        if span.attr_text(semconv::CACHE) == Some("hit") {
            calls.kept.0 += 1;
            calls.kept.1 += count(semconv::SAVED_TOKENS);
        }
        calls.again += u32::try_from(count(semconv::ATTEMPTS).saturating_sub(1)).unwrap_or(u32::MAX);
        calls.answered += u32::from(span.end.is_some());
        calls.estimated |= matches!(span.attr(semconv::USAGE_ESTIMATED), Some(AttrValue::Bool(true)));
        if let Some(AttrValue::Float(cost)) = span.attr(semconv::COST_USD) {
            calls.cost_usd = Some(calls.cost_usd.unwrap_or(0.0) + cost);
        }
        if let Some(model) = span.attr_text(semconv::RESPONSE_MODEL).or(span.attr_text(semconv::REQUEST_MODEL)) {
            model.clone_into(&mut calls.model);
        }
    }
    calls
}

/// The line; empty when there is nothing to say. `queued` incidents wait.
pub(super) fn line(calls: &RunCalls, queued: usize, cx: &PaneCx<'_>) -> Vec<Span<'static>> {
    let mut parts: Vec<(String, Role)> = Vec::new();
    let safe = |t: &str| text::safe_for(t, cx.glyphs.ascii).into_owned();
    if !calls.model.is_empty() {
        parts.push((safe(&calls.model), Role::Text));
    }
    let (read, written) = calls.tokens;
    if read + written > 0 {
        let about = if calls.estimated { "about " } else { "" };
        let text = format!("{about}{} {} {} tokens", format::count(read), cx.glyphs.arrow, format::count(written));
        parts.push((text, Role::Dim));
    }
    if let Some(cost) = calls.cost_usd.filter(|c| *c > 0.0) {
        parts.push((format!("${cost:.4}"), Role::Dim));
    }
    if calls.kept.0 > 0 {
        let answers =
            if calls.kept.0 == 1 { "1 kept answer".to_owned() } else { format!("{} kept answers", calls.kept.0) };
        parts.push((format!("{answers}, saved {} tokens", format::count(calls.kept.1)), Role::Dim));
    }
    if calls.again > 0 {
        let times = if calls.again == 1 { "once".to_owned() } else { format!("{} times", calls.again) };
        let why = if calls.why_again.is_empty() { String::new() } else { format!(": {}", safe(&calls.why_again)) };
        parts.push((format!("tried again {times}{why}"), Role::Warn));
    }
    if queued > 0 {
        parts.push((if queued == 1 { "1 waits".to_owned() } else { format!("{queued} wait") }, Role::Dim));
    }
    let mut spans = Vec::new();
    for (i, (text, role)) in parts.into_iter().enumerate() {
        if i > 0 {
            spans.push(Span::styled("   ", cx.style(Role::Faint)));
        }
        spans.push(Span::styled(text, cx.style(role)));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panes::testkit::Kit;
    use crate::tui::theme::Depth;

    #[test]
    fn answers_that_were_kept_are_counted_with_what_they_saved() {
        let call = |cache: &str, saved: i64| Traced {
            attributes: vec![
                (semconv::OPERATION.into(), "chat".into()),
                (semconv::CACHE.into(), cache.into()),
                (semconv::SAVED_TOKENS.into(), saved.into()),
                (semconv::RESPONSE_MODEL.into(), "m".into()),
            ],
            trace: aiobs_types::TraceId::default(),
            id: aiobs_types::SpanId(1),
            parent: None,
            name: "chat m".into(),
            start: aiobs_types::Timestamp(0),
            end: None,
            status: aiobs_types::SpanStatus::Ok,
        };
        let kit = Kit::new(80, 22, Depth::None, false);
        let said = |calls: &[Traced]| {
            line(&stored(calls), 0, &kit.cx()).iter().map(|s| s.content.to_string()).collect::<String>()
        };
        assert_eq!(
            said(&[call("hit", 1_380), call("hit", 2_760), call("miss", 0)]),
            "m   2 kept answers, saved 4,140 tokens"
        );
        assert_eq!(said(&[call("bypass", 0)]), "m");
    }
}
