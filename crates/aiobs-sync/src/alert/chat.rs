//! Chats that take a message at a secret address: Slack's incoming webhooks, Mattermost's, and workflows of Teams.

use super::http::{Http, HttpOptions};
use super::{Alert, ChannelError, Templates};
use crate::SendError;
use serde_json::{Value, json};

/// Which chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// Slack: `{"text": ...}` in its own markup.
    Slack,
    /// Mattermost: `{"text": ...}` in Markdown.
    Mattermost,
    /// Teams: an adaptive card with Markdown.
    Teams,
}

/// See the module.
pub struct Chat {
    kind: ChatKind,
    pub(super) http: Http,
}

impl Chat {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(kind: ChatKind, http: HttpOptions<'_>) -> Result<Self, ChannelError> {
        Ok(Self { kind, http: Http::new(http, &[])? })
    }

    pub(super) async fn send(&self, alerts: &[Alert], templates: &Templates) -> Result<(), SendError> {
        self.http.post(self.body(alerts, templates)?.to_string(), &[]).await
    }

    fn body(&self, alerts: &[Alert], templates: &Templates) -> Result<Value, SendError> {
        let text = |name| templates.render(name, alerts).map_err(|e| SendError::Refused { reason: e.0 });
        Ok(match self.kind {
            ChatKind::Slack => json!({ "text": text("slack.txt")?.trim() }),
            ChatKind::Mattermost => json!({ "username": "aiobs", "text": text("chat.md")?.trim() }),
            ChatKind::Teams => json!({
                "type": "message",
                "attachments": [{
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": null,
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": "1.4",
                        "body": [{ "type": "TextBlock", "wrap": true, "text": text("chat.md")?.trim() }],
                    },
                }],
            }),
        })
    }
}
