//! The JSON of Ollama's chat interface, as far as it is used here. Fields a server leaves out take their zero.
//! Used by the Ollama provider only.

use crate::{ChatRequest, LlmError, Message, ToolCall};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One line of a streamed answer, or the whole answer when it is not streamed.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatLine {
    #[serde(default)]
    pub(crate) model: String,
    pub(crate) message: Option<WireMessage>,
    #[serde(default)]
    pub(crate) done: bool,
    pub(crate) done_reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) prompt_eval_count: Option<u64>,
    pub(crate) eval_count: Option<u64>,
    #[serde(default)]
    pub(crate) total_duration: u64,
    #[serde(default)]
    pub(crate) load_duration: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireMessage {
    #[serde(default)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) thinking: String,
    #[serde(default)]
    pub(crate) tool_calls: Vec<WireToolCall>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireToolCall {
    pub(crate) id: Option<String>,
    pub(crate) function: WireFunction,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireFunction {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) arguments: Value,
}

/// The body of a chat request.
pub(crate) fn request_body(request: &ChatRequest, model: &str) -> Value {
    let messages: Vec<Value> = request.messages.iter().map(message).collect();
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), messages.into());
    body.insert("stream".into(), true.into());
    if let Some(format) = &request.format {
        body.insert("format".into(), format.clone());
    }
    if !request.tools.is_empty() {
        let tool = |t: &crate::Tool| {
            json!({"type": "function", "function":
                {"name": t.name, "description": t.description, "parameters": t.parameters}})
        };
        body.insert("tools".into(), request.tools.iter().map(tool).collect());
    }
    if let Some(think) = request.think {
        body.insert("think".into(), think.into());
    }
    let o = &request.options;
    let mut options = Map::new();
    if let Some(v) = o.temperature {
        options.insert("temperature".into(), json!(v));
    }
    for (name, value) in [("num_ctx", o.num_ctx), ("num_predict", o.num_predict)] {
        if let Some(v) = value {
            options.insert(name.into(), v.into());
        }
    }
    if let Some(v) = o.seed {
        options.insert("seed".into(), v.into());
    }
    if !options.is_empty() {
        body.insert("options".into(), options.into());
    }
    body.into()
}

fn message(m: &Message) -> Value {
    let mut out = json!({"role": m.role.name(), "content": m.content});
    if !m.tool_calls.is_empty() {
        let call = |c: &ToolCall| json!({"function": {"name": c.name, "arguments": c.arguments}});
        out["tool_calls"] = m.tool_calls.iter().map(call).collect();
    }
    if let Some(call) = &m.answers {
        out["tool_name"] = call.name.as_str().into();
    }
    out
}

/// What a status other than success means.
pub(crate) fn status_error(
    status: u16,
    body: &str,
    location: Option<&str>,
    retry_after: Option<Duration>,
    model: &str,
) -> LlmError {
    let told = serde_json::from_str::<Value>(body).ok().and_then(|v| match v.get("error") {
        Some(Value::String(s)) => Some(s.clone()),
        Some(other) => other.get("message").and_then(Value::as_str).map(str::to_owned),
        None => None,
    });
    let speaks_ollama = told.is_some();
    let message = one_line(told.as_deref().unwrap_or(body), 200);
    let or = |fallback: &str| if message.is_empty() { fallback.to_owned() } else { message.clone() };
    match status {
        300..=399 => LlmError::Refused {
            status,
            message: format!("it redirects to {}; use that address", one_line(location.unwrap_or("nowhere"), 120)),
        },
        403 => LlmError::Refused { status, message: or("the server does not accept this host name (OLLAMA_ORIGINS)") },
        404 if speaks_ollama => LlmError::ModelMissing { model: model.to_owned() },
        404 => LlmError::Refused { status, message: "no Ollama at this address".to_owned() },
        408 | 425 | 429 | 499 | 500..=599 => LlmError::Busy { status, message: or("no reason given"), retry_after },
        _ => LlmError::Refused { status, message: or("no reason given") },
    }
}

/// `Retry-After`: seconds, or a date.
pub(crate) fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(secs) = value.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// Text from outside on one line, without control characters, at most `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let clean = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
    let mut out = String::new();
    for word in clean {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > limit * 4 {
            break;
        }
    }
    match out.char_indices().nth(limit) {
        Some((at, _)) => format!("{}...", &out[..at]),
        None => out,
    }
}
