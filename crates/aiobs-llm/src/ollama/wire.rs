//! The JSON of Ollama's chat interface, as far as it is used here. Fields a server leaves out take their zero.
//! Used by the Ollama provider only.

use crate::{ChatRequest, Message, ToolCall};
use serde::Deserialize;
use serde_json::{Map, Value, json};

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
    if !request.tools.is_empty() && !request.tools_over {
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

/// One row of the list of models.
#[derive(Debug, Deserialize)]
pub(crate) struct ListedModel {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) size: u64,
    /// Set when the server only passes requests on.
    pub(crate) remote_host: Option<String>,
    #[serde(default)]
    pub(crate) capabilities: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    #[serde(default)]
    pub(crate) models: Vec<ListedModel>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Embedded {
    #[serde(default)]
    pub(crate) model: String,
    #[serde(default)]
    pub(crate) embeddings: Vec<Vec<f32>>,
    pub(crate) prompt_eval_count: Option<u64>,
}
