//! What the Diagnosis stage would send for an incident, exactly, and who would get it. Used by the screen and the command
//! line, so that people can look before anything leaves the machine; it sends nothing.

use super::machine::Findings;
use super::prompting::messages;
use super::replies::schema;
use super::service::ChainOptions;
use crate::{Evidence, Prompts, Stage};
use aiobs_llm::{ChatOptions, ChatRequest, Message, Provider};
use aiobs_types::Incident;
use serde_json::Value;
use std::fmt::Write as _;

/// What would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Prompts and their versions.
    pub prompts: String,
    /// Whether nothing would leave this machine.
    pub local: bool,
    /// Where it would go; `None` when no model answers.
    pub url: Option<String>,
    /// The body of the request; `None` when no model answers.
    pub body: Option<Value>,
    /// The conversation as it would be sent.
    pub messages: Vec<Message>,
    /// What is hidden in it, by kind.
    pub redacted: Vec<(&'static str, u32)>,
    /// Places on other machines that texts of this program may go to, each with what for; filled in by whoever knows them.
    pub elsewhere: Vec<String>,
}

/// The request of a stage.
pub(crate) fn request(o: &ChainOptions, stage: Stage, messages: Vec<Message>) -> ChatRequest {
    ChatRequest {
        model: o.model.clone(),
        messages,
        format: schema(stage),
        options: ChatOptions {
            temperature: Some(o.temperature),
            num_ctx: Some(o.num_ctx),
            num_predict: Some(o.num_predict),
            seed: None,
        },
        think: o.think,
        stage: stage.agent(),
        ..ChatRequest::default()
    }
}

/// See [`Preview`].
pub(crate) fn preview(
    provider: Option<&dyn Provider>,
    prompts: &Prompts,
    incident: &Incident,
    evidence: &Evidence,
    o: &ChainOptions,
) -> Preview {
    let (messages, prompts) = messages(prompts, Stage::Diagnosis, incident, evidence, &Findings::default(), None);
    let request = request(o, Stage::Diagnosis, messages);
    let sent = provider.map_or_else(|| request.clone(), |p| p.hidden(&request));
    let outgoing = provider.and_then(|p| p.outgoing(&request));
    Preview {
        prompts,
        local: provider.is_none_or(Provider::is_local),
        url: outgoing.as_ref().map(|o| o.url.clone()),
        body: outgoing.map(|o| o.body),
        messages: sent.messages,
        redacted: sent.redacted,
        elsewhere: Vec::new(),
    }
}

impl Preview {
    /// As text for people.
    pub fn text(&self) -> String {
        let mut out = format!("prompt {}\n", self.prompts);
        let place = if self.local { "stays on this machine" } else { "LEAVES THIS MACHINE" };
        let bytes = self.body.as_ref().map_or(0, |b| b.to_string().len());
        let _ = match &self.url {
            Some(url) => writeln!(out, "to     {url} ({place}), {bytes} bytes"),
            None => writeln!(out, "to     nobody: no model answers now"),
        };
        if !self.redacted.is_empty() {
            let kinds: Vec<String> = self.redacted.iter().map(|(kind, n)| format!("{n} × {kind}")).collect();
            let _ = writeln!(out, "hidden {}", kinds.join(", "));
        }
        for (i, place) in self.elsewhere.iter().enumerate() {
            let what = if i == 0 { "REMOTE texts may go to" } else { "                      " };
            let _ = writeln!(out, "{what} {place}");
        }
        for m in &self.messages {
            let _ = write!(out, "\n--- {} ---\n{}\n", m.role.name(), m.content);
        }
        out
    }
}
