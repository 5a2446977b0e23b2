//! Records the spans of one run with OpenTelemetry's names for generative AI. Used by the chain's runner and the
//! chat; it knows no exporter.

use crate::Lookup;
use aiobs_llm::Completion;
use aiobs_types::{AttrValue, Span, SpanId, SpanStatus, Timestamp, TraceId, semconv};
use std::hash::{BuildHasher as _, RandomState};

/// The spans of one run; the first one is the run itself.
#[derive(Debug)]
pub(crate) struct SpanLog {
    pub(crate) trace: TraceId,
    spans: Vec<Span>,
}

/// Which span of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(usize);

impl At {
    /// The run itself.
    pub(crate) const RUN: Self = Self(0);
}

fn random() -> u64 {
    // Zero is no valid id.
    RandomState::new().hash_one(0_u8).max(1)
}

impl SpanLog {
    /// Begins the run's own span.
    pub(crate) fn new(name: &str, operation: &str) -> Self {
        let trace = TraceId((u128::from(random()) << 64) | u128::from(random()));
        let mut log = Self { trace, spans: Vec::new() };
        let run = log.begin(None, name.to_owned(), operation);
        log.set(run, semconv::AGENT_NAME, "aiobs");
        log
    }

    /// Begins a span.
    pub(crate) fn begin(&mut self, parent: Option<At>, name: String, operation: &str) -> At {
        self.spans.push(Span {
            trace: self.trace,
            id: SpanId(random()),
            parent: parent.and_then(|At(i)| self.spans.get(i)).map(|s| s.id),
            name,
            start: Timestamp::now(),
            end: None,
            status: SpanStatus::Unset,
            attributes: vec![(semconv::OPERATION.to_owned(), operation.into())],
        });
        At(self.spans.len() - 1)
    }

    /// Sets an attribute, replacing an earlier value.
    pub(crate) fn set(&mut self, At(i): At, name: &str, value: impl Into<AttrValue>) {
        let Some(span) = self.spans.get_mut(i) else { return };
        let value = value.into();
        match span.attributes.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => span.attributes.push((name.to_owned(), value)),
        }
    }

    /// Renames a span, once the model is known.
    pub(crate) fn rename(&mut self, At(i): At, name: String) {
        if let Some(span) = self.spans.get_mut(i) {
            span.name = name;
        }
    }

    /// Moves a span in time, for work that was timed elsewhere.
    pub(crate) fn timed(&mut self, At(i): At, start: Timestamp, end: Timestamp) {
        if let Some(span) = self.spans.get_mut(i) {
            (span.start, span.end) = (start, Some(end));
        }
    }

    /// Ends a span that has not ended; an error's kind goes to `error.type`.
    pub(crate) fn end(&mut self, at: At, error: Option<(&str, String)>) {
        if let Some((kind, _)) = &error {
            self.set(at, semconv::ERROR_TYPE, *kind);
        }
        let Some(span) = self.spans.get_mut(at.0) else { return };
        if span.end.is_none() {
            span.end = Some(Timestamp::now());
        }
        if span.status == SpanStatus::Unset {
            span.status = error.map_or(SpanStatus::Ok, |(_, text)| SpanStatus::Error(text));
        }
    }

    /// Looks into the archive become spans.
    pub(crate) fn lookups(&mut self, lookups: &[Lookup], parent: Option<At>) {
        for look in lookups {
            let span = self.begin(parent, format!("execute_tool {}", look.tool), "execute_tool");
            self.set(span, semconv::TOOL_NAME, look.tool);
            self.set(span, "aiobs.tool.asked", look.asked.as_str());
            self.set(span, "aiobs.tool.found", i64::try_from(look.found).unwrap_or(i64::MAX));
            let took = i64::try_from(look.took.as_nanos()).unwrap_or(i64::MAX);
            self.timed(span, look.start, look.start.plus(took));
            self.end(span, look.error.clone().map(|e| ("archive", e)));
        }
    }

    /// Ends the span of a model's call that was answered, with what it took.
    pub(crate) fn answered(&mut self, span: At, done: &Completion) {
        let count = |n: Option<u64>| i64::try_from(n.unwrap_or(0)).unwrap_or(i64::MAX);
        self.rename(span, format!("chat {}", done.model));
        self.set(span, semconv::RESPONSE_MODEL, done.model.as_str());
        if !done.provider.is_empty() {
            self.set(span, semconv::PROVIDER, done.provider.as_str());
        }
        self.set(span, semconv::FINISH_REASONS, done.finish.name());
        self.set(span, semconv::INPUT_TOKENS, count(done.usage.input_tokens));
        self.set(span, semconv::OUTPUT_TOKENS, count(done.usage.output_tokens));
        self.set(span, semconv::USAGE_ESTIMATED, done.usage.estimated);
        self.set(span, semconv::ATTEMPTS, i64::from(done.attempts));
        if let Some(cost) = done.usage.cost_usd {
            self.set(span, semconv::COST_USD, cost);
        }
        if let Some(first) = done.usage.first_token {
            self.set(span, semconv::FIRST_TOKEN_MS, i64::try_from(first.as_millis()).unwrap_or(i64::MAX));
        }
        self.end(span, None);
    }

    /// Ends whatever goes on and gives all spans, parents before children.
    pub(crate) fn finish(mut self) -> Vec<Span> {
        for i in 0..self.spans.len() {
            if self.spans[i].end.is_none() {
                self.end(At(i), None);
            }
        }
        self.spans
    }
}
