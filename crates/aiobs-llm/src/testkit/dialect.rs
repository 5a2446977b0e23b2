//! Answers to chats in the three wire formats, well-behaved and broken. Pieces are what one network write sends.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// How one chat call is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A streamed body: pieces, each after a pause, one network write each. `complete` ends it properly; otherwise
    /// the connection is cut.
    Body {
        /// The pieces.
        pieces: Vec<(Duration, Vec<u8>)>,
        /// Whether the transfer ends properly.
        complete: bool,
    },
    /// A status with headers and a body.
    Status {
        /// HTTP status.
        code: u16,
        /// Extra headers.
        headers: Vec<(String, String)>,
        /// Body.
        body: String,
    },
}

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Ollama's own.
    Ollama,
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

const MODEL: &str = "m:1b";

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

impl Dialect {
    /// The format of the chats at this path.
    pub(super) fn of_chat(method: &str, path: &str) -> Option<Self> {
        match (method, path) {
            ("POST", "/api/chat") => Some(Self::Ollama),
            ("POST", "/v1/chat/completions") => Some(Self::OpenAi),
            ("POST", "/v1/messages") => Some(Self::Anthropic),
            _ => None,
        }
    }

    /// What comes before the first text.
    fn opening(self) -> String {
        match self {
            Self::Ollama => String::new(),
            Self::OpenAi => {
                let delta = json!({"role": "assistant", "content": null});
                let choice = json!({"index": 0, "delta": delta, "finish_reason": null});
                format!(
                    "data: {}\n\n",
                    json!({"id": "c1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]})
                )
            }
            Self::Anthropic => {
                let usage = json!({"input_tokens": 26, "output_tokens": 1});
                let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
                    "content": [], "stop_reason": null, "usage": usage});
                let block = json!({"type": "text", "text": ""});
                event("message_start", &json!({"type": "message_start", "message": message}))
                    + &event(
                        "content_block_start",
                        &json!({"type": "content_block_start", "index": 0, "content_block": block}),
                    )
                    + &event("ping", &json!({"type": "ping"}))
            }
        }
    }

    /// A piece of text.
    fn piece(self, text: &str) -> String {
        match self {
            Self::Ollama => {
                let message = json!({"role": "assistant", "content": text});
                let at = "2025-01-07T14:30:15.123456Z";
                format!("{}\n", json!({"model": MODEL, "created_at": at, "message": message, "done": false}))
            }
            Self::OpenAi => {
                let choice = json!({"index": 0, "delta": {"content": text}, "logprobs": null, "finish_reason": null});
                format!(
                    "data: {}\n\n",
                    json!({"id": "c1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]})
                )
            }
            Self::Anthropic => {
                let delta = json!({"type": "text_delta", "text": text});
                event("content_block_delta", &json!({"type": "content_block_delta", "index": 0, "delta": delta}))
            }
        }
    }

    /// The end of an answer, with its counts when the server counts.
    fn ending(self, counts: Option<(u64, u64)>) -> String {
        match self {
            Self::Ollama => {
                let at = "2025-01-07T14:30:16.5Z";
                let message = json!({"role": "assistant", "content": ""});
                let mut end = json!({"model": MODEL, "created_at": at, "message": message, "done": true,
                    "done_reason": "stop", "total_duration": 1_500_000_000_u64, "load_duration": 200_000_000_u64});
                if let Some((input, output)) = counts {
                    end["prompt_eval_count"] = input.into();
                    end["eval_count"] = output.into();
                }
                format!("{end}\n")
            }
            Self::OpenAi => {
                let choice = json!({"index": 0, "delta": {}, "finish_reason": "stop"});
                let mut out = format!("data: {}\n\n", json!({"id": "c1", "model": MODEL, "choices": [choice]}));
                if let Some((input, output)) = counts {
                    let usage =
                        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
                    let end = json!({"id": "c1", "model": MODEL, "choices": [], "usage": usage});
                    let _ = write!(out, "data: {end}\n\n");
                }
                out + "data: [DONE]\n\n"
            }
            Self::Anthropic => {
                let mut end =
                    json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}});
                if let Some((_, output)) = counts {
                    end["usage"] = json!({"output_tokens": output});
                }
                event("content_block_stop", &json!({"type": "content_block_stop", "index": 0}))
                    + &event("message_delta", &end)
                    + &event("message_stop", &json!({"type": "message_stop"}))
            }
        }
    }

    /// A well-behaved answer, a write per delta, with counts.
    pub fn text(self, deltas: &[&str]) -> Reply {
        self.slow(deltas, Duration::ZERO)
    }

    /// The same with a pause before each write.
    pub fn slow(self, deltas: &[&str], pause: Duration) -> Reply {
        let all = [self.opening()].into_iter().chain(deltas.iter().map(|d| self.piece(d)));
        let all = all.chain([self.ending(Some((26, 298)))]).filter(|p| !p.is_empty());
        Reply::Body { pieces: all.map(|p| (pause, p.into_bytes())).collect(), complete: true }
    }

    /// An answer that asks for a tool.
    pub fn calls(self, name: &str, arguments: &Value) -> Reply {
        let call = match self {
            Self::Ollama => {
                let function = json!({"index": 0, "name": name, "arguments": arguments});
                let message = json!({"role": "assistant", "content": "", "tool_calls": [{"function": function}]});
                format!("{}\n", json!({"model": MODEL, "message": message, "done": false}))
            }
            Self::OpenAi => {
                let function = json!({"name": name, "arguments": arguments.to_string()});
                let delta = json!({"tool_calls": [{"index": 0, "id": "call_a", "function": function}]});
                format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
            }
            Self::Anthropic => {
                let block = json!({"type": "tool_use", "id": "call_a", "name": name, "input": {}});
                let delta = json!({"type": "input_json_delta", "partial_json": arguments.to_string()});
                event(
                    "content_block_start",
                    &json!({"type": "content_block_start", "index": 1, "content_block": block}),
                ) + &event("content_block_delta", &json!({"type": "content_block_delta", "index": 1, "delta": delta}))
                    + &event("content_block_stop", &json!({"type": "content_block_stop", "index": 1}))
            }
        };
        let all = [self.opening(), call, self.ending(Some((26, 298)))].into_iter().filter(|p| !p.is_empty());
        Reply::body(all.map(String::into_bytes).collect(), true)
    }

    /// An answer whose network writes cut lines and characters: `size` bytes each.
    pub fn shredded(self, deltas: &[&str], size: usize) -> Reply {
        let texts: String = deltas.iter().map(|d| self.piece(d)).collect();
        let all = self.opening() + &texts + &self.ending(Some((26, 298)));
        Reply::body(all.as_bytes().chunks(size.max(1)).map(<[u8]>::to_vec).collect(), true)
    }

    fn first(self) -> Vec<u8> {
        (self.opening() + &self.piece("first ")).into_bytes()
    }

    /// One piece, then the connection breaks in the middle of a character.
    pub fn cut_in_character(self) -> Reply {
        let second = self.piece("ü");
        let at = second.find('ü').map_or(0, |i| i + 1);
        Reply::body(vec![self.first(), second.as_bytes()[..at].to_vec()], false)
    }

    /// The body ends properly but the answer does not.
    pub fn no_end(self) -> Reply {
        Reply::body(vec![self.first()], true)
    }

    /// An error after the first piece.
    pub fn error_after_first(self, message: &str) -> Reply {
        let error = match self {
            Self::Ollama => format!("{}\n", json!({"error": message})),
            Self::OpenAi => format!("data: {}\n\n", json!({"error": {"message": message, "code": 502}})),
            Self::Anthropic => {
                event("error", &json!({"type": "error", "error": {"type": "overloaded_error", "message": message}}))
            }
        };
        Reply::body(vec![self.first(), error.into_bytes()], true)
    }

    /// A good answer without counts.
    pub fn absent_counts(self, deltas: &[&str]) -> Reply {
        let opening = self.opening().replace("\"usage\":{\"input_tokens\":26,\"output_tokens\":1}", "\"usage\":null");
        let texts = deltas.iter().map(|d| self.piece(d));
        let all = [opening].into_iter().chain(texts).chain([self.ending(None)]).filter(|p| !p.is_empty());
        Reply::body(all.map(String::into_bytes).collect(), true)
    }

    /// A status with an error body.
    pub fn error(self, code: u16, message: &str) -> Reply {
        let body = match self {
            Self::Ollama => json!({"error": message}),
            Self::OpenAi => json!({"error": {"message": message, "type": "api_error", "param": null, "code": null}}),
            Self::Anthropic => json!({"type": "error", "error": {"type": "api_error", "message": message}}),
        };
        Reply::Status { code, headers: Vec::new(), body: body.to_string() }
    }

    /// 404, as for a model that is not there.
    pub fn model_missing(self, model: &str) -> Reply {
        match self {
            Self::Ollama => self.error(404, &format!("model '{model}' not found")),
            Self::OpenAi => self.error(404, &format!("The model `{model}` does not exist")),
            Self::Anthropic => self.error(404, &format!("model: {model}")),
        }
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(self, seconds: u64) -> Reply {
        let Reply::Status { code, body, .. } = self.error(429, "too many requests") else { return Reply::forbidden() };
        Reply::Status { code, headers: vec![("Retry-After".to_owned(), seconds.to_string())], body }
    }
}

impl Reply {
    /// A body in pieces without pauses.
    pub fn body(pieces: Vec<Vec<u8>>, complete: bool) -> Self {
        Self::Body { pieces: pieces.into_iter().map(|p| (Duration::ZERO, p)).collect(), complete }
    }

    /// A well-behaved answer of Ollama, a line per delta, with counts.
    pub fn text(deltas: &[&str]) -> Self {
        Dialect::Ollama.text(deltas)
    }

    /// The same with a pause before each line.
    pub fn slow(deltas: &[&str], pause: Duration) -> Self {
        Dialect::Ollama.slow(deltas, pause)
    }

    /// An answer of Ollama whose network writes cut lines and characters: `size` bytes each.
    pub fn shredded(deltas: &[&str], size: usize) -> Self {
        Dialect::Ollama.shredded(deltas, size)
    }

    /// One line of Ollama, then the connection breaks in the middle of a character.
    pub fn cut_in_character() -> Self {
        Dialect::Ollama.cut_in_character()
    }

    /// An error line of Ollama after the first line.
    pub fn error_after_first(message: &str) -> Self {
        Dialect::Ollama.error_after_first(message)
    }

    /// Something that is not the protocol, with status 200.
    pub fn wrong_json() -> Self {
        Self::body(vec![b"<html>It works!</html>\n".to_vec()], true)
    }

    /// A status with an Ollama error body.
    pub fn error(code: u16, message: &str) -> Self {
        Dialect::Ollama.error(code, message)
    }

    /// 404, as for a model that is not installed.
    pub fn model_missing(model: &str) -> Self {
        Dialect::Ollama.model_missing(model)
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(seconds: u64) -> Self {
        Dialect::Ollama.rate_limited(seconds)
    }

    /// 403 with an empty body, as for a host name the server does not accept.
    pub fn forbidden() -> Self {
        Self::Status { code: 403, headers: Vec::new(), body: String::new() }
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        let headers = vec![("Location".to_owned(), to.to_owned())];
        Self::Status { code: 307, headers, body: String::new() }
    }
}
