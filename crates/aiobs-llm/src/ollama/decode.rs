//! The body of an Ollama chat answer: bytes in, events out. Chunks may be cut anywhere, also inside a character;
//! only whole lines are decoded. Used by the Ollama provider; it knows no network and no clock.

use super::wire::ChatLine;
use crate::net::answer::{Decode, Events, estimate_tokens};
use crate::net::http::one_line;
use crate::{ChatEvent, Completion, FinishReason, LlmError, ToolCall, Usage};
use std::time::Duration;

/// Longest line accepted, bytes; a token is a few bytes, a tool call a few thousand.
const LINE_LIMIT: usize = 8 << 20;

/// Decodes one answer.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buf: Vec<u8>,
    scanned: usize,
    ended: bool,
    /// Characters sent, to estimate the input when it is not counted.
    input_chars: u64,
    output_chars: u64,
}

impl Decoder {
    /// For a request of so many characters.
    pub(crate) fn new(input_chars: usize) -> Self {
        Self { input_chars: input_chars as u64, ..Self::default() }
    }

    fn fail(&mut self, error: LlmError, out: &mut Events) {
        self.ended = true;
        self.buf.clear();
        out.push_back(Err(error));
    }

    fn line(&mut self, line: &[u8], out: &mut Events) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let Ok(line) = serde_json::from_slice::<ChatLine>(line) else {
            let detail = one_line(&String::from_utf8_lossy(line), 120);
            return self.fail(LlmError::Protocol { detail }, out);
        };
        if let Some(message) = line.error {
            return self.fail(LlmError::MidStream { message: one_line(&message, 200) }, out);
        }
        if line.message.is_none() && !line.done {
            return self.fail(LlmError::Protocol { detail: "a line that is no chat message".into() }, out);
        }
        self.message(&line, out);
        if line.done {
            self.ended = true;
            self.buf.clear();
            out.push_back(Ok(ChatEvent::Done(self.completion(line))));
        }
    }

    fn message(&mut self, line: &ChatLine, out: &mut Events) {
        let Some(message) = &line.message else { return };
        self.output_chars += (message.thinking.chars().count() + message.content.chars().count()) as u64;
        if !message.thinking.is_empty() {
            out.push_back(Ok(ChatEvent::Thinking(message.thinking.clone())));
        }
        if !message.content.is_empty() {
            out.push_back(Ok(ChatEvent::Text(message.content.clone())));
        }
        for call in &message.tool_calls {
            self.output_chars += call.function.arguments.to_string().len() as u64;
            out.push_back(Ok(ChatEvent::ToolCall(ToolCall {
                id: call.id.clone(),
                name: call.function.name.clone(),
                arguments: call.function.arguments.clone(),
            })));
        }
    }

    /// An absent count is a zero on this wire; where zero cannot be true it is estimated.
    fn completion(&self, line: ChatLine) -> Completion {
        let finish = match line.done_reason.as_deref() {
            None | Some("" | "stop") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some(other) => FinishReason::Other(other.to_owned()),
        };
        let worked = !matches!(finish, FinishReason::Other(_));
        let input = line.prompt_eval_count.filter(|n| *n > 0);
        let output = line.eval_count.filter(|n| *n > 0);
        let guess_input = worked && input.is_none() && self.input_chars > 0;
        let guess_output = worked && output.is_none() && self.output_chars > 0;
        let or =
            |count: Option<u64>, guess: bool, chars| count.unwrap_or(if guess { estimate_tokens(chars) } else { 0 });
        Completion {
            provider: String::new(),
            model: line.model,
            finish,
            usage: Usage {
                input_tokens: Some(or(input, guess_input, self.input_chars)),
                output_tokens: Some(or(output, guess_output, self.output_chars)),
                estimated: guess_input || guess_output,
                total: Duration::from_nanos(line.total_duration),
                load: Duration::from_nanos(line.load_duration),
                first_token: None,
                cost_usd: None,
            },
            attempts: 1,
        }
    }
}

impl Decode for Decoder {
    fn push(&mut self, chunk: &[u8], out: &mut Events) {
        if self.ended {
            return;
        }
        self.buf.extend_from_slice(chunk);
        while let Some(at) = self.buf[self.scanned..].iter().position(|b| *b == b'\n') {
            let end = self.scanned + at;
            let line: Vec<u8> = self.buf.drain(..=end).collect();
            self.scanned = 0;
            self.line(&line[..end], out);
            if self.ended {
                return;
            }
        }
        self.scanned = self.buf.len();
        if self.buf.len() > LINE_LIMIT {
            self.fail(LlmError::Protocol { detail: "a line of more than 8 MiB".into() }, out);
        }
    }

    /// A last line needs no line break; without a `done` line the answer is cut.
    fn finish(&mut self, out: &mut Events) {
        if self.ended {
            return;
        }
        let rest = std::mem::take(&mut self.buf);
        if serde_json::from_slice::<ChatLine>(&rest).is_ok() {
            self.line(&rest, out);
        }
        if !self.ended {
            self.fail(LlmError::Cut, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::{decoded, is_ended, pieces};
    use proptest::prelude::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<ChatEvent, LlmError>> {
        decoded(Decoder::new(40), chunks)
    }

    const STREAM: &str = concat!(
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hmm 🤔\"},\"done\":false}\n",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"Größe \"},\"done\":false}\r\n",
        "\n",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"call_a\",\"function\":",
        "{\"index\":0,\"name\":\"search_logs\",\"arguments\":{\"text\":\"日本\"}}}]},\"done\":false}\n",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"日本語\"},\"done\":false}\n",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":3}",
    );

    proptest! {
        #[test]
        fn chunks_cut_anywhere_give_the_same_events(cuts in proptest::collection::vec(0..STREAM.len(), 0..40)) {
            let chunks = pieces(STREAM, cuts);
            prop_assert_eq!(decode(chunks), decode([STREAM.as_bytes()]));
        }

        #[test]
        fn any_bytes_end_in_an_error_or_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let events = decode([&bytes[..]]);
            prop_assert!(is_ended(&events));
        }
    }

    #[test]
    fn the_whole_answer_is_there() {
        let events = decode([STREAM.as_bytes()]);
        assert_eq!(events.len(), 5);
        assert_eq!(events[0], Ok(ChatEvent::Thinking("hmm 🤔".into())));
        assert_eq!(events[3], Ok(ChatEvent::Text("日本語".into())));
        let Ok(ChatEvent::Done(done)) = &events[4] else { panic!("{:?}", events[4]) };
        assert_eq!(done.usage.output_tokens, Some(3));
        assert_eq!(done.usage.input_tokens, Some(10), "40 characters, estimated");
        assert!(done.usage.estimated);
    }

    #[test]
    fn a_missing_end_is_a_cut() {
        let first = STREAM.lines().nth(1).unwrap_or_default();
        assert_eq!(decode([first.as_bytes()]).last(), Some(&Err(LlmError::Cut)));
        assert_eq!(decode([]), vec![Err(LlmError::Cut)]);
    }
}
