//! The body of an Ollama chat answer: bytes in, events out. Chunks may be cut anywhere, also inside a character;
//! only whole lines are decoded. Used by the Ollama provider; it knows no network and no clock.

use super::wire::ChatLine;
use crate::{ChatEvent, Completion, FinishReason, LlmError, ToolCall, Usage};
use std::collections::VecDeque;
use std::time::Duration;

/// Longest line accepted, bytes; a token is a few bytes, a tool call a few thousand.
const LINE_LIMIT: usize = 8 << 20;
/// Characters a token stands for when the server does not count.
const CHARS_PER_TOKEN: u64 = 4;

/// Tokens a text of so many characters is, roughly.
pub(crate) fn estimate_tokens(chars: u64) -> u64 {
    chars.div_ceil(CHARS_PER_TOKEN)
}

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

pub(crate) type Events = VecDeque<Result<ChatEvent, LlmError>>;

impl Decoder {
    /// For a request of so many characters.
    pub(crate) fn new(input_chars: usize) -> Self {
        Self { input_chars: input_chars as u64, ..Self::default() }
    }

    /// Whether the answer ended, well or not.
    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// Takes the next chunk.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Events) {
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

    /// The connection ended. A last line needs no line break; without a `done` line the answer is cut.
    pub(crate) fn finish(&mut self, out: &mut Events) {
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

    fn fail(&mut self, error: LlmError, out: &mut Events) {
        self.ended = true;
        self.buf.clear();
        out.push_back(Err(error));
    }

    fn line(&mut self, line: &[u8], out: &mut Events) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let line: ChatLine = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(_) => {
                let detail = super::wire::one_line(&String::from_utf8_lossy(line), 120);
                return self.fail(LlmError::Protocol { detail }, out);
            }
        };
        if let Some(message) = line.error {
            return self.fail(LlmError::MidStream { message: super::wire::one_line(&message, 200) }, out);
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
        let or = |count: Option<u64>, guess: bool, chars| count.unwrap_or(if guess { estimate_tokens(chars) } else { 0 });
        Completion {
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
