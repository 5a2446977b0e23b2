//! The body of an answer of Anthropic's messages interface: server-sent events in, events of ours out. Used by the
//! Anthropic provider; it knows no network and no clock.

use super::wire::{ANSWER_TOOL, Block, Delta, Event, WireUsage};
use crate::net::answer::{Decode, Events, estimate_tokens};
use crate::net::http::{error_text, one_line};
use crate::net::sse::{SseEvent, SseReader, may_be_events};
use crate::{ChatEvent, Completion, FinishReason, LlmError, ToolCall, Usage};
use serde_json::Value;

/// A tool call that comes in parts.
#[derive(Debug)]
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
    seen: bool,
    ended: bool,
    /// The answer comes as arguments of [`ANSWER_TOOL`].
    held: bool,
    model: String,
    calls: Vec<Call>,
    stop: Option<String>,
    usage: WireUsage,
    /// The first bytes, for the message when they are no events.
    head: Vec<u8>,
    input_chars: u64,
    output_chars: u64,
}

impl Decoder {
    /// For a request of so many characters to a model; `held` to a schema.
    pub(crate) fn new(input_chars: usize, model: &str, held: bool) -> Self {
        Self { input_chars: input_chars as u64, model: model.to_owned(), held, ..Self::default() }
    }

    fn fail(&mut self, error: LlmError, out: &mut Events) {
        self.ended = true;
        out.push_back(Err(error));
    }

    fn say(&mut self, text: String, make: fn(String) -> ChatEvent, out: &mut Events) {
        if !text.is_empty() {
            self.output_chars += text.chars().count() as u64;
            out.push_back(Ok(make(text)));
        }
    }

    fn event(&mut self, event: &SseEvent, out: &mut Events) {
        if self.ended || event.data.trim().is_empty() {
            return;
        }
        self.seen = true;
        let Ok(value) = serde_json::from_str::<Value>(&event.data) else {
            return self.fail(LlmError::Protocol { detail: one_line(&event.data, 120) }, out);
        };
        if event.name == "error" || value["type"] == "error" {
            let told = error_text(&value).unwrap_or_else(|| value.to_string());
            return self.fail(LlmError::MidStream { message: one_line(&told, 200) }, out);
        }
        match serde_json::from_value::<Event>(value) {
            Ok(event) => self.typed(event, out),
            Err(e) => self.fail(LlmError::Protocol { detail: one_line(&e.to_string(), 120) }, out),
        }
    }

    fn typed(&mut self, event: Event, out: &mut Events) {
        match event.kind.as_str() {
            "message_start" => {
                let Some(started) = event.message else { return };
                if !started.model.is_empty() {
                    self.model = started.model;
                }
                self.count(started.usage);
            }
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    self.block(event.index, block, out);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = event.delta {
                    self.delta(event.index, delta, out);
                }
            }
            "message_delta" => {
                self.count(event.usage);
                self.stop = event.delta.and_then(|d| d.stop_reason).or(self.stop.take());
            }
            "message_stop" => self.end(out),
            // Pings, ends of blocks, and what may come later.
            _ => {}
        }
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        let Some(new) = usage else { return };
        let old = self.usage;
        self.usage = WireUsage {
            input_tokens: new.input_tokens.or(old.input_tokens),
            output_tokens: new.output_tokens.or(old.output_tokens),
            cache_creation_input_tokens: new.cache_creation_input_tokens.or(old.cache_creation_input_tokens),
            cache_read_input_tokens: new.cache_read_input_tokens.or(old.cache_read_input_tokens),
        };
    }

    fn block(&mut self, index: usize, block: Block, out: &mut Events) {
        if block.kind == "tool_use" {
            let name = block.name.unwrap_or_default();
            self.calls.push(Call { index, id: block.id, name, arguments: String::new() });
        } else if block.kind == "text" {
            self.say(block.text, ChatEvent::Text, out);
        }
    }

    fn delta(&mut self, index: usize, delta: Delta, out: &mut Events) {
        self.say(delta.thinking, ChatEvent::Thinking, out);
        // Words around an answer that is held to a schema are no part of it.
        if !self.held {
            self.say(delta.text, ChatEvent::Text, out);
        }
        if delta.partial_json.is_empty() {
            return;
        }
        let Some(call) = self.calls.iter_mut().find(|c| c.index == index) else { return };
        if self.held && call.name == ANSWER_TOOL {
            self.say(delta.partial_json, ChatEvent::Text, out);
        } else {
            self.output_chars += delta.partial_json.chars().count() as u64;
            call.arguments.push_str(&delta.partial_json);
        }
    }

    fn end(&mut self, out: &mut Events) {
        self.ended = true;
        let answered = self.held && self.calls.iter().any(|c| c.name == ANSWER_TOOL);
        for call in std::mem::take(&mut self.calls) {
            if self.held && call.name == ANSWER_TOOL {
                continue;
            }
            let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
            let Ok(arguments @ Value::Object(_)) = serde_json::from_str::<Value>(text) else {
                let detail = format!("arguments of {} that are no object: {}", call.name, one_line(text, 80));
                return out.push_back(Err(LlmError::Protocol { detail }));
            };
            out.push_back(Ok(ChatEvent::ToolCall(ToolCall { id: call.id, name: call.name, arguments })));
        }
        let finish = match self.stop.as_deref() {
            None | Some("end_turn" | "stop_sequence") => FinishReason::Stop,
            Some("tool_use") if answered => FinishReason::Stop,
            Some("max_tokens") => FinishReason::Length,
            Some(other) => FinishReason::Other(one_line(other, 40)),
        };
        let told = |n: Option<u64>| n.filter(|n| *n > 0);
        let (input, output) = (told(self.usage.input()), told(self.usage.output_tokens));
        out.push_back(Ok(ChatEvent::Done(Completion {
            provider: String::new(),
            model: std::mem::take(&mut self.model),
            finish,
            usage: Usage {
                input_tokens: Some(input.unwrap_or(estimate_tokens(self.input_chars))),
                output_tokens: Some(output.unwrap_or(estimate_tokens(self.output_chars))),
                estimated: input.is_none() && self.input_chars > 0 || output.is_none() && self.output_chars > 0,
                ..Usage::default()
            },
            attempts: 1,
        })));
    }
}

impl Decode for Decoder {
    fn push(&mut self, chunk: &[u8], out: &mut Events) {
        if self.ended {
            return;
        }
        if !self.seen && self.head.len() < 4096 {
            self.head.extend_from_slice(chunk);
        }
        let mut events = Vec::new();
        let read = self.reader.push(chunk, &mut events);
        for event in events {
            self.event(&event, out);
        }
        if read.is_err() && !self.ended {
            self.fail(LlmError::Protocol { detail: "an event of more than 8 MiB".into() }, out);
        }
    }

    fn finish(&mut self, out: &mut Events) {
        if self.ended {
            return;
        }
        let mut events = Vec::new();
        self.reader.finish(&mut events);
        events.retain(|e| serde_json::from_str::<Value>(&e.data).is_ok());
        for event in events {
            self.event(&event, out);
        }
        if self.ended {
            return;
        }
        let head = String::from_utf8_lossy(&self.head).into_owned();
        let no_events = !self.seen && !head.trim().is_empty() && !may_be_events(&self.head);
        let error = if no_events { LlmError::Protocol { detail: one_line(&head, 120) } } else { LlmError::Cut };
        self.fail(error, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::{decoded, is_ended, pieces};
    use proptest::prelude::*;

    fn decode<'a>(held: bool, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<ChatEvent, LlmError>> {
        decoded(Decoder::new(40, "asked", held), chunks)
    }

    const STREAM: &str = concat!(
        "event: message_start\n",
        r#"data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":20,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
        "\n\nevent: content_block_start\n",
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        "\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Größe 日本"}}"#,
        "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: content_block_start\n",
        r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"answer","input":{}}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\"🤔\"}"}}"#,
        "\n\nevent: message_delta\n",
        r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}"#,
        "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );

    fn done(events: &[Result<ChatEvent, LlmError>]) -> &Completion {
        let Some(Ok(ChatEvent::Done(done))) = events.last() else { panic!("{events:?}") };
        done
    }

    #[test]
    fn text_and_tools_are_there() {
        let events = decode(false, [STREAM.as_bytes()]);
        assert_eq!(events[0], Ok(ChatEvent::Text("Größe 日本".into())));
        let call =
            ToolCall { id: Some("toolu_1".into()), name: "answer".into(), arguments: serde_json::json!({"a": "🤔"}) };
        assert_eq!(events[1], Ok(ChatEvent::ToolCall(call)));
        let done = done(&events);
        assert_eq!((done.model.as_str(), done.finish.name()), ("claude-x", "tool_use"));
        assert_eq!((done.usage.input_tokens, done.usage.output_tokens), (Some(25), Some(15)));
        assert!(!done.usage.estimated);
    }

    #[test]
    fn an_answer_held_to_a_schema_is_its_json_alone() {
        let events = decode(true, [STREAM.as_bytes()]);
        let text: String = events
            .iter()
            .filter_map(|e| if let Ok(ChatEvent::Text(t)) = e { Some(t.as_str()) } else { None })
            .collect();
        assert_eq!(text, "{\"a\":\"🤔\"}");
        assert_eq!(done(&events).finish, FinishReason::Stop);
        assert!(!events.iter().any(|e| matches!(e, Ok(ChatEvent::ToolCall(_)))));
    }

    proptest! {
        #[test]
        fn chunks_cut_anywhere_give_the_same_events(cuts in proptest::collection::vec(0..STREAM.len(), 0..40)) {
            let chunks = pieces(STREAM, cuts);
            prop_assert_eq!(decode(false, chunks), decode(false, [STREAM.as_bytes()]));
        }

        #[test]
        fn a_stream_cut_before_its_end_fails(end in 20..STREAM.len() - 30) {
            let events = decode(false, [&STREAM.as_bytes()[..end]]);
            prop_assert_eq!(events.last(), Some(&Err(LlmError::Cut)));
        }

        #[test]
        fn any_bytes_end_in_an_error_or_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let events = decode(true, [&bytes[..]]);
            prop_assert!(is_ended(&events));
        }
    }
}
