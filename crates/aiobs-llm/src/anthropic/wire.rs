//! The JSON of Anthropic's messages interface. Used by the Anthropic provider only.

use crate::net::quirks::Quirks;
use crate::{ChatRequest, Message, Role, ToolCall};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Name of the tool through which an answer is held to a schema: the interface has no other way on all its models.
pub(crate) const ANSWER_TOOL: &str = "answer";
/// Tokens to write when nobody says how many; the interface wants a number.
const MAX_TOKENS: u32 = 4096;

/// One event of a streamed answer; which fields there are depends on its type.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    pub(crate) message: Option<Started>,
    #[serde(default)]
    pub(crate) index: usize,
    pub(crate) content_block: Option<Block>,
    pub(crate) delta: Option<Delta>,
    pub(crate) usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Started {
    #[serde(default)]
    pub(crate) model: String,
    pub(crate) usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Block {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Delta {
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) thinking: String,
    #[serde(default)]
    pub(crate) partial_json: String,
    pub(crate) stop_reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(crate) struct WireUsage {
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cache_creation_input_tokens: Option<u64>,
    pub(crate) cache_read_input_tokens: Option<u64>,
}

impl WireUsage {
    /// Tokens read, those of the server's own cache included.
    pub(crate) fn input(&self) -> Option<u64> {
        let cached = self.cache_creation_input_tokens.unwrap_or(0) + self.cache_read_input_tokens.unwrap_or(0);
        self.input_tokens.map(|n| n + cached)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) data: Vec<ListedModel>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListedModel {
    pub(crate) id: String,
}

/// The body of a chat request.
pub(crate) fn request_body(request: &ChatRequest, model: &str, quirks: Quirks) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("max_tokens".into(), request.options.num_predict.unwrap_or(MAX_TOKENS).into());
    let system: Vec<&str> =
        request.messages.iter().filter(|m| m.role == Role::System).map(|m| m.content.as_str()).collect();
    if !system.is_empty() {
        body.insert("system".into(), system.join("\n\n").into());
    }
    body.insert("messages".into(), messages(&request.messages));
    body.insert("stream".into(), true.into());
    if let Some(v) = request.options.temperature.filter(|_| !quirks.no_temperature) {
        body.insert("temperature".into(), json!((f64::from(v) * 1e6).round() / 1e6));
    }
    let tool = |t: &crate::Tool| json!({"name": t.name, "description": t.description, "input_schema": t.parameters});
    let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
    if let Some(schema) = &request.format {
        tools.push(json!({"name": ANSWER_TOOL, "description": "Gives the answer.", "input_schema": schema}));
        body.insert("tool_choice".into(), json!({"type": "tool", "name": ANSWER_TOOL}));
    } else if request.tools_over && !tools.is_empty() {
        // Calls and results in the messages want the list, also when there are to be no more of them.
        body.insert("tool_choice".into(), json!({"type": "none"}));
    }
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    body.into()
}

/// User and assistant take turns on this wire: neighbours of the same side become one message of several blocks.
fn messages(all: &[Message]) -> Value {
    let mut out: Vec<(&str, Vec<Value>)> = Vec::new();
    for m in all.iter().filter(|m| m.role != Role::System) {
        let role = if m.role == Role::Assistant { "assistant" } else { "user" };
        let blocks = blocks(m);
        match out.last_mut() {
            Some((last, list)) if *last == role => list.extend(blocks),
            _ => out.push((role, blocks)),
        }
    }
    out.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
}

fn id(call: &ToolCall) -> &str {
    call.id.as_deref().unwrap_or(&call.name)
}

fn blocks(m: &Message) -> Vec<Value> {
    if let Some(call) = &m.answers {
        return vec![json!({"type": "tool_result", "tool_use_id": id(call), "content": m.content})];
    }
    let mut out = Vec::new();
    if !m.content.trim().is_empty() || m.tool_calls.is_empty() {
        // An empty block is refused.
        let text = if m.content.trim().is_empty() { "(nothing)" } else { &m.content };
        out.push(json!({"type": "text", "text": text}));
    }
    let call = |c: &ToolCall| json!({"type": "tool_use", "id": id(c), "name": c.name, "input": c.arguments});
    out.extend(m.tool_calls.iter().map(call));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_take_turns_and_tools_keep_their_ids() {
        let call = ToolCall { id: Some("t1".into()), name: "search".into(), arguments: json!({"q": "x"}) };
        let mut asked = Message::assistant("");
        asked.tool_calls = vec![call.clone()];
        let all = [
            Message::system("rules"),
            Message::user("a"),
            Message::user("b"),
            asked,
            Message::tool(call, "found"),
            Message::user("and?"),
        ];
        let want = json!([
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "search", "input": {"q": "x"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "found"},
                {"type": "text", "text": "and?"}]},
        ]);
        assert_eq!(messages(&all), want);
    }
}
