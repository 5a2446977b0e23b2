//! The JSON of the chat-completions interface, as OpenAI defines it and many servers speak it. Fields that a server
//! leaves out or sends as null take their zero. Used by the OpenAI-compatible provider only.

use crate::net::quirks::{Quirks, SchemaForm};
use crate::{ChatRequest, Message, Tool, ToolCall};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// One piece of a streamed answer, or a whole answer when the server does not stream.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) model: String,
    pub(crate) choices: Option<Vec<Choice>>,
    pub(crate) usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    #[serde(alias = "message")]
    pub(crate) delta: Option<Delta>,
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Delta {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) content: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) refusal: String,
    /// Two servers, two names.
    #[serde(default, alias = "reasoning", deserialize_with = "or_default")]
    pub(crate) reasoning_content: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) tool_calls: Vec<CallPart>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CallPart {
    pub(crate) index: Option<usize>,
    pub(crate) id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) function: FunctionPart,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct FunctionPart {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) arguments: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireUsage {
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) completion_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) data: Vec<ListedModel>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListedModel {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Embedded {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) model: String,
    pub(crate) data: Vec<EmbeddedRow>,
    pub(crate) usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EmbeddedRow {
    #[serde(default)]
    pub(crate) index: usize,
    pub(crate) embedding: Vec<f32>,
}

/// An explicit null is as good as nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// The body of a chat request.
pub(crate) fn request_body(request: &ChatRequest, model: &str, quirks: Quirks) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), request.messages.iter().map(message).collect());
    body.insert("stream".into(), true.into());
    if !quirks.no_stream_options {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    let o = &request.options;
    if let Some(v) = o.temperature.filter(|_| !quirks.no_temperature) {
        body.insert("temperature".into(), json!(round(v)));
    }
    if let Some(v) = o.num_predict {
        let name = if quirks.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body.insert(name.into(), v.into());
    }
    if let Some(v) = o.seed.filter(|_| !quirks.no_seed) {
        body.insert("seed".into(), v.into());
    }
    if let Some(format) = request.format.as_ref().and_then(|schema| response_format(schema, quirks.schema)) {
        body.insert("response_format".into(), format);
    }
    let spoken_of = || request.messages.iter().any(|m| !m.tool_calls.is_empty());
    // A form and tools at once are too much for some servers; one that passes the call on may want the list.
    if !request.tools.is_empty() && (!request.tools_over || request.format.is_none() && spoken_of()) {
        body.insert("tools".into(), request.tools.iter().map(tool).collect());
        if request.tools_over {
            body.insert("tool_choice".into(), "none".into());
        }
    }
    body.into()
}

/// `0.1`, not `0.10000000149011612`.
fn round(v: f32) -> f64 {
    (f64::from(v) * 1e6).round() / 1e6
}

fn tool(t: &Tool) -> Value {
    json!({"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}})
}

/// Servers want an id with each call; one that gave none is told the tool's name.
fn id(call: &ToolCall) -> &str {
    call.id.as_deref().unwrap_or(&call.name)
}

fn message(m: &Message) -> Value {
    let mut out = json!({"role": m.role.name(), "content": m.content});
    if !m.tool_calls.is_empty() {
        let call = |c: &ToolCall| {
            json!({"id": id(c), "type": "function",
                "function": {"name": c.name, "arguments": c.arguments.to_string()}})
        };
        out["tool_calls"] = m.tool_calls.iter().map(call).collect();
    }
    if let Some(call) = &m.answers {
        out["tool_call_id"] = id(call).into();
    }
    out
}

fn response_format(schema: &Value, form: SchemaForm) -> Option<Value> {
    match form {
        SchemaForm::Strict => {
            let schema = json!({"name": "answer", "strict": true, "schema": strict(schema)});
            Some(json!({"type": "json_schema", "json_schema": schema}))
        }
        SchemaForm::ObjectWithSchema => Some(json!({"type": "json_object", "schema": strict(schema)})),
        SchemaForm::Object => Some(json!({"type": "json_object"})),
        SchemaForm::Prompt => None,
    }
}

/// The strict form of a schema: every object is closed, all its properties are required, and there are no keywords that
/// strict servers do not know.
pub(crate) fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let dropped = ["$schema", "title", "default", "format", "examples"];
            let is_schema = map.contains_key("type") || map.contains_key("properties") || map.contains_key("$ref");
            let mut out: Map<String, Value> = map
                .iter()
                .filter(|(name, value)| !(is_schema && dropped.contains(&name.as_str()) && !value.is_object()))
                .map(|(name, value)| (name.clone(), strict(value)))
                .collect();
            if let Some(Value::Object(properties)) = map.get("properties") {
                out.insert("required".into(), properties.keys().cloned().collect());
                out.insert("additionalProperties".into(), false.into());
            }
            out.into()
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strict_form_closes_objects_at_every_depth() {
        let schema = json!({"$schema": "x", "title": "T", "type": "object", "required": ["a"], "properties": {
            "a": {"type": "integer", "format": "uint8", "minimum": 0},
            "title": {"type": "string"},
            "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "string", "default": ""}}}}}});
        let want = json!({"type": "object", "required": ["a", "title", "b"], "properties": {
            "a": {"type": "integer", "minimum": 0},
            "title": {"type": "string"},
            "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "string"}},
                "required": ["c"], "additionalProperties": false}}},
            "additionalProperties": false});
        assert_eq!(strict(&schema), want);
    }
}
