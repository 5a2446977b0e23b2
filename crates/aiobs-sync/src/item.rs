//! What may leave: the form in which things wait in the outbox, reduced before they are put there, so that the outbox
//! holds exactly what will be sent.

use crate::notice::Alert;
use aiobs_types::{AttrValue, Span, SpanStatus, semconv};
use serde::{Deserialize, Serialize};

/// The attributes that are sent. Names and not prefixes: `aiobs.tool.asked` or `gen_ai.input.messages` hold text of
/// logs, and an attribute that comes later stays here until somebody has thought about it.
pub const EXPORTED: &[&str] = &[
    semconv::OPERATION,
    semconv::PROVIDER,
    semconv::REQUEST_MODEL,
    semconv::RESPONSE_MODEL,
    semconv::FINISH_REASONS,
    semconv::INPUT_TOKENS,
    semconv::OUTPUT_TOKENS,
    semconv::AGENT_NAME,
    semconv::TOOL_NAME,
    semconv::CONVERSATION,
    semconv::ERROR_TYPE,
    semconv::INCIDENT,
    semconv::USAGE_ESTIMATED,
    semconv::COST_USD,
    semconv::ATTEMPTS,
    semconv::FIRST_TOKEN_MS,
    semconv::ANSWERED_BY,
    semconv::PROMPT,
    "aiobs.tool.found",
    "aiobs.playbook.id",
];

/// One thing to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// An operation of a run.
    Span(Span),
    /// Word of an incident; its texts went through the mask when it was made.
    Alert(Box<Alert>),
}

impl Item {
    /// What may be sent of a span: `None` while it runs. The words of an error stay here (they may quote a log or an
    /// answer); its kind is in `error.type`.
    pub fn from_span(span: &Span) -> Option<Self> {
        span.end?;
        let finite = |v: &AttrValue| !matches!(v, AttrValue::Float(f) if !f.is_finite());
        let allowed = |(name, value): &&(String, AttrValue)| EXPORTED.contains(&name.as_str()) && finite(value);
        Some(Self::Span(Span {
            name: span.name.clone(),
            status: match span.status {
                SpanStatus::Error(_) => SpanStatus::Error(String::new()),
                ref other => other.clone(),
            },
            attributes: span.attributes.iter().filter(allowed).cloned().collect(),
            ..*span
        }))
    }

    /// The alert, if it is one.
    pub fn alert(&self) -> Option<&Alert> {
        match self {
            Self::Alert(alert) => Some(alert),
            Self::Span(_) => None,
        }
    }

    /// The form in the outbox.
    ///
    /// # Errors
    /// When it has no JSON form; never for an item made by this module.
    pub fn to_body(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Back from the outbox.
    ///
    /// # Errors
    /// When the body is not one of [`Item::to_body`].
    pub fn from_body(body: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{EXPORTED, Item};
    use aiobs_types::{Span, SpanId, SpanStatus, Timestamp, TraceId};

    fn span() -> Span {
        let secret = "user 4711 could not pay";
        Span {
            trace: TraceId(u128::MAX - 1),
            id: SpanId(u64::MAX),
            parent: Some(SpanId(3)),
            name: "chat llama3.1".into(),
            start: Timestamp(5),
            end: Some(Timestamp(9)),
            status: SpanStatus::Error(format!("bad answer: {secret}")),
            attributes: vec![
                ("error.type".into(), "bad_answer".into()),
                ("gen_ai.usage.input_tokens".into(), 12_i64.into()),
                ("gen_ai.input.messages".into(), secret.into()),
                ("aiobs.tool.asked".into(), secret.into()),
                ("aiobs.cost.usd".into(), f64::NAN.into()),
                ("log.line".into(), secret.into()),
            ],
        }
    }

    #[test]
    fn no_text_of_a_log_leaves() {
        let body = Item::from_span(&span()).unwrap().to_body().unwrap();
        assert!(!body.contains("4711"), "{body}");
        let Item::Span(sent) = Item::from_body(&body).unwrap() else { panic!("{body}") };
        let names: Vec<_> = sent.attributes.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["error.type", "gen_ai.usage.input_tokens"]);
        assert_eq!(sent.status, SpanStatus::Error(String::new()));
        assert_eq!((sent.trace, sent.id, sent.parent), (span().trace, span().id, span().parent));
        assert_eq!((sent.start, sent.end), (Timestamp(5), Some(Timestamp(9))));
    }

    #[test]
    fn a_span_that_goes_on_waits_for_its_end() {
        assert_eq!(Item::from_span(&Span { end: None, ..span() }), None);
    }

    #[test]
    fn only_our_names_and_those_of_the_conventions_are_allowed() {
        let ok = |n: &str| n.starts_with("gen_ai.") || n.starts_with("aiobs.") || n == "error.type";
        assert!(EXPORTED.iter().all(|n| ok(n)), "{EXPORTED:?}");
    }
}
