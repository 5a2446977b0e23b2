//! The body of a chat-completions answer: server-sent events in, events of ours out. Also takes the one JSON object of a
//! server that does not stream. Used by the OpenAI-compatible provider; it knows no network and no clock.

use super::wire::{CallPart, Chunk, Delta, WireUsage};
use crate::net::answer::{Decode, Events, estimate_tokens};
use crate::net::http::{error_text, one_line};
use crate::net::sse::{SseEvent, SseReader, may_be_events};
use crate::{ChatEvent, Completion, FinishReason, LlmError, ToolCall, Usage};
use serde_json::Value;

/// Bytes kept of a body that may not be a stream of events.
const HEAD: usize = 1 << 20;

/// A tool call that comes in parts.
#[derive(Debug, Default)]
struct Call {
    index: usize,
    id: Option<String>,
    name: String,
    arguments: String,
}

/// Decodes one answer.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    reader: SseReader,
    /// The body as it came, while no event was in it.
    head: Vec<u8>,
    seen: bool,
    ended: bool,
    model: String,
    calls: Vec<Call>,
    finish: Option<String>,
    usage: Option<WireUsage>,
    input_chars: u64,
    output_chars: u64,
}

impl Decoder {
    /// For a request of so many characters to a model.
    pub(crate) fn new(input_chars: usize, model: &str) -> Self {
        Self { input_chars: input_chars as u64, model: model.to_owned(), ..Self::default() }
    }

    fn fail(&mut self, error: LlmError, out: &mut Events) {
        self.ended = true;
        out.push_back(Err(error));
    }

    fn event(&mut self, event: &SseEvent, out: &mut Events) {
        let data = event.data.trim();
        if self.ended || data.is_empty() {
            return;
        }
        self.seen = true;
        if data == "[DONE]" {
            return self.end(out);
        }
        let Ok(value) = serde_json::from_str::<Value>(data) else {
            return self.fail(LlmError::Protocol { detail: one_line(data, 120) }, out);
        };
        self.value(value, event.name == "error", out);
    }

    fn value(&mut self, value: Value, is_error: bool, out: &mut Events) {
        if is_error || value.get("error").is_some_and(|e| !e.is_null()) {
            let told = error_text(&value).unwrap_or_else(|| value.to_string());
            return self.fail(LlmError::MidStream { message: one_line(&told, 200) }, out);
        }
        let chunk: Chunk = match serde_json::from_value(value) {
            Ok(chunk) => chunk,
            Err(e) => return self.fail(LlmError::Protocol { detail: one_line(&e.to_string(), 120) }, out),
        };
        if chunk.choices.is_none() && chunk.usage.is_none() {
            return self.fail(LlmError::Protocol { detail: "an event that is no piece of an answer".into() }, out);
        }
        if !chunk.model.is_empty() {
            self.model = chunk.model;
        }
        if chunk.usage.is_some() {
            self.usage = chunk.usage;
        }
        let Some(choice) = chunk.choices.and_then(|c| c.into_iter().next()) else { return };
        if let Some(delta) = choice.delta {
            self.delta(delta, out);
        }
        if choice.finish_reason.is_some() {
            self.finish = choice.finish_reason;
        }
    }

    fn delta(&mut self, delta: Delta, out: &mut Events) {
        let mut say = |text: String, make: fn(String) -> ChatEvent| {
            if !text.is_empty() {
                self.output_chars += text.chars().count() as u64;
                out.push_back(Ok(make(text)));
            }
        };
        say(delta.reasoning_content, ChatEvent::Thinking);
        say(delta.content, ChatEvent::Text);
        say(delta.refusal, ChatEvent::Text);
        for part in delta.tool_calls {
            self.part(part);
        }
    }

    /// A part belongs to the call with its index; without an index, a new id begins a new call.
    fn part(&mut self, part: CallPart) {
        let id = part.id.filter(|id| !id.is_empty());
        let last = self.calls.last().map(|c| (c.index, c.id.clone()));
        let index = part.index.unwrap_or(match last {
            None => 0,
            Some((index, known)) if id.is_some() && known != id => index + 1,
            Some((index, _)) => index,
        });
        self.output_chars += part.function.arguments.len() as u64;
        let at = self.calls.iter().position(|c| c.index == index).unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        call.id = call.id.take().or(id);
        call.name.push_str(&part.function.name);
        call.arguments.push_str(&part.function.arguments);
    }

    /// The answer is complete.
    fn end(&mut self, out: &mut Events) {
        self.ended = true;
        for call in std::mem::take(&mut self.calls) {
            let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
            let Ok(arguments @ Value::Object(_)) = serde_json::from_str::<Value>(text) else {
                let detail = format!("arguments of {} that are no object: {}", call.name, one_line(text, 80));
                return out.push_back(Err(LlmError::Protocol { detail }));
            };
            out.push_back(Ok(ChatEvent::ToolCall(ToolCall { id: call.id, name: call.name, arguments })));
        }
        let finish = match self.finish.as_deref() {
            None | Some("" | "stop" | "eos" | "end_turn") => FinishReason::Stop,
            Some("length" | "max_tokens") => FinishReason::Length,
            Some(other) => FinishReason::Other(one_line(other, 40)),
        };
        out.push_back(Ok(ChatEvent::Done(Completion {
            provider: String::new(),
            model: std::mem::take(&mut self.model),
            finish,
            usage: self.counts(),
            attempts: 1,
        })));
    }

    /// What the server does not count is estimated.
    fn counts(&self) -> Usage {
        let told = |n: Option<u64>| n.filter(|n| *n > 0);
        let input = told(self.usage.as_ref().and_then(|u| u.prompt_tokens));
        let output = told(self.usage.as_ref().and_then(|u| u.completion_tokens));
        Usage {
            input_tokens: Some(input.unwrap_or(estimate_tokens(self.input_chars))),
            output_tokens: Some(output.unwrap_or(estimate_tokens(self.output_chars))),
            estimated: input.is_none() && self.input_chars > 0 || output.is_none() && self.output_chars > 0,
            ..Usage::default()
        }
    }

    fn all(&mut self, events: Vec<SseEvent>, out: &mut Events) {
        for event in events {
            self.event(&event, out);
        }
        if self.seen {
            self.head = Vec::new();
        }
    }
}

impl Decode for Decoder {
    fn push(&mut self, chunk: &[u8], out: &mut Events) {
        if self.ended {
            return;
        }
        if !self.seen && self.head.len() < HEAD {
            self.head.extend_from_slice(chunk);
        }
        let mut events = Vec::new();
        let read = self.reader.push(chunk, &mut events);
        self.all(events, out);
        if read.is_err() && !self.ended {
            self.fail(LlmError::Protocol { detail: "an event of more than 8 MiB".into() }, out);
        }
    }

    /// Servers end with `[DONE]`; to some, a reason to finish is enough.
    fn finish(&mut self, out: &mut Events) {
        if self.ended {
            return;
        }
        let mut events = Vec::new();
        self.reader.finish(&mut events);
        // The last event may be cut in its middle: that is no wrong protocol.
        events.retain(|e| e.data.trim() == "[DONE]" || serde_json::from_str::<Value>(&e.data).is_ok());
        let whole = std::mem::take(&mut self.head);
        self.all(events, out);
        if self.ended {
            return;
        }
        if !self.seen && whole.iter().any(|b| !b.is_ascii_whitespace()) {
            return match serde_json::from_slice::<Value>(&whole) {
                Ok(value) => {
                    self.value(value, false, out);
                    if !self.ended {
                        self.end(out);
                    }
                }
                Err(_) if may_be_events(&whole) || whole.starts_with(b"{") => self.fail(LlmError::Cut, out),
                Err(_) => {
                    let detail = one_line(&String::from_utf8_lossy(&whole), 120);
                    self.fail(LlmError::Protocol { detail }, out);
                }
            };
        }
        if self.finish.is_some() { self.end(out) } else { self.fail(LlmError::Cut, out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::{decoded, is_ended, pieces};
    use proptest::prelude::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<ChatEvent, LlmError>> {
        decoded(Decoder::new(40, "asked"), chunks)
    }

    const STREAM: &str = concat!(
        ": OPENROUTER PROCESSING\n\n",
        r#"data: {"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning":"hm 🤔"},"finish_reason":null}],"usage":null}"#,
        "\n\n",
        r#"data: {"model":"m-1","choices":[{"delta":{"content":"Größe 日本"}}]}"#,
        "\r\n\r\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"search","arguments":""}}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"text\":"}},{"index":1,"id":"b","function":{"name":"now","arguments":""}}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"日本\"}"}}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
        "\n\n",
        r#"data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#,
        "\n\ndata: [DONE]\n\n",
    );

    #[test]
    fn the_whole_answer_is_there() {
        let events = decode([STREAM.as_bytes()]);
        assert_eq!(events[0], Ok(ChatEvent::Thinking("hm 🤔".into())));
        assert_eq!(events[1], Ok(ChatEvent::Text("Größe 日本".into())));
        let call = |id: &str, name: &str, arguments| {
            Ok(ChatEvent::ToolCall(ToolCall { id: Some(id.into()), name: name.into(), arguments }))
        };
        assert_eq!(events[2], call("call_a", "search", serde_json::json!({"text": "日本"})));
        assert_eq!(events[3], call("b", "now", serde_json::json!({})));
        let Ok(ChatEvent::Done(done)) = &events[4] else { panic!("{events:?}") };
        assert_eq!((done.model.as_str(), done.finish.name()), ("m-1", "tool_calls"));
        assert_eq!((done.usage.input_tokens, done.usage.output_tokens), (Some(11), Some(7)));
        assert!(!done.usage.estimated);
    }

    #[test]
    fn a_server_that_does_not_stream_is_understood() {
        let body =
            r#"{"model":"m","choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}"#;
        let events = decode([body.as_bytes()]);
        assert_eq!(events[0], Ok(ChatEvent::Text("yes".into())));
        let Ok(ChatEvent::Done(done)) = &events[1] else { panic!("{events:?}") };
        assert!(done.usage.estimated);
    }

    #[test]
    fn arguments_that_are_no_object_are_a_failure() {
        let body = concat!(
            r#"data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}}]}"#,
            "\n\ndata: [DONE]\n\n"
        );
        assert!(matches!(decode([body.as_bytes()]).last(), Some(Err(LlmError::Protocol { .. }))));
    }

    proptest! {
        #[test]
        fn chunks_cut_anywhere_give_the_same_events(cuts in proptest::collection::vec(0..STREAM.len(), 0..40)) {
            let chunks = pieces(STREAM, cuts);
            prop_assert_eq!(decode(chunks), decode([STREAM.as_bytes()]));
        }

        #[test]
        fn a_stream_cut_before_its_end_fails(end in 0..STREAM.len() - 140) {
            let events = decode([&STREAM.as_bytes()[..end]]);
            prop_assert_eq!(events.last(), Some(&Err(LlmError::Cut)));
        }

        #[test]
        fn any_bytes_end_in_an_error_or_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let events = decode([&bytes[..]]);
            prop_assert!(is_ended(&events));
        }
    }
}
