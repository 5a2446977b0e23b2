//! The outermost layer around the models: hides what may not leave this machine, and puts it back into the answer. When
//! every model that could be asked is local, nothing is changed.

use super::{Redaction, Restorer};
use crate::layer::pass_on;
use crate::{ChatEvent, ChatRequest, ChatStream, EmbedRequest, Embeddings, LlmError, Outgoing, Provider};
use aiobs_types::semconv;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Who may be asked, and the kinds it may be sent as they are.
type Asked = (Arc<dyn Provider>, Vec<String>);

/// A provider that is sent only what may be sent.
#[derive(Clone)]
pub(crate) struct Redacting {
    inner: Arc<dyn Provider>,
    asked: Arc<[Asked]>,
}

impl Redacting {
    /// Around everything that may be asked.
    pub(crate) fn new(inner: Arc<dyn Provider>, asked: Vec<Asked>) -> Self {
        Self { inner, asked: asked.into() }
    }

    /// Kinds that may go out as they are. One set of placeholders serves the whole call, so these are what every model
    /// elsewhere allows; whether one is elsewhere may turn out only when its server was asked.
    fn allowed(&self) -> Vec<String> {
        let mut remote = self.asked.iter().filter(|(provider, _)| !provider.is_local()).map(|(_, allow)| allow);
        let Some(first) = remote.next() else { return Vec::new() };
        let rest: Vec<_> = remote.collect();
        first.iter().filter(|kind| rest.iter().all(|allow| allow.contains(kind))).cloned().collect()
    }

    fn hide(&self, request: &ChatRequest) -> (ChatRequest, Redaction) {
        let mut redaction = Redaction::new(&self.allowed());
        (redaction.hide_request(request), redaction)
    }
}

struct Restoring {
    inner: ChatStream,
    text: Restorer,
    thinking: Restorer,
    arguments: Redaction,
    ready: VecDeque<Result<ChatEvent, LlmError>>,
}

impl Restoring {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((event, self));
            }
            let event = self.inner.next().await?;
            self.take(event);
        }
    }

    fn take(&mut self, event: Result<ChatEvent, LlmError>) {
        let mut say = |text: String, make: fn(String) -> ChatEvent| {
            if !text.is_empty() {
                self.ready.push_back(Ok(make(text)));
            }
        };
        match event {
            Ok(ChatEvent::Text(piece)) => say(self.text.push(&piece), ChatEvent::Text),
            Ok(ChatEvent::Thinking(piece)) => say(self.thinking.push(&piece), ChatEvent::Thinking),
            Ok(ChatEvent::ToolCall(mut call)) => {
                let text = self.arguments.restorer(true).push(&call.arguments.to_string());
                call.arguments = serde_json::from_str(&text).unwrap_or(call.arguments);
                self.ready.push_back(Ok(ChatEvent::ToolCall(call)));
            }
            Ok(ChatEvent::Retry { .. }) => {
                drop((self.text.finish(), self.thinking.finish()));
                self.ready.push_back(event);
            }
            Ok(ChatEvent::Attribute { .. }) => self.ready.push_back(event),
            Ok(ChatEvent::Done(_)) | Err(_) => {
                say(self.thinking.finish(), ChatEvent::Thinking);
                say(self.text.finish(), ChatEvent::Text);
                self.ready.push_back(event);
            }
        }
    }
}

impl Provider for Redacting {
    pass_on!(inner: name endpoint is_local models health pull);

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        if self.inner.is_local() {
            return self.inner.chat(request, cancel);
        }
        let (sent, redaction) = self.hide(&request);
        let kinds: Vec<String> = redaction.counts().iter().map(|(kind, n)| format!("{kind}:{n}")).collect();
        let told = ChatEvent::Attribute { name: semconv::REDACTED, value: kinds.join(" ").into() };
        let restoring = Restoring {
            inner: self.inner.chat(sent, cancel),
            text: redaction.restorer(request.format.is_some()),
            thinking: redaction.restorer(false),
            arguments: redaction,
            ready: VecDeque::from([Ok(told)]),
        };
        stream::unfold(restoring, Restoring::next).boxed()
    }
    fn outgoing(&self, request: &ChatRequest) -> Option<Outgoing> {
        if self.inner.is_local() {
            return self.inner.outgoing(request);
        }
        self.inner.outgoing(&self.hide(request).0)
    }
    fn hidden(&self, request: &ChatRequest) -> ChatRequest {
        if self.inner.is_local() { request.clone() } else { self.hide(request).0 }
    }
    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        if self.inner.is_local() {
            return self.inner.embed(request);
        }
        let (allowed, mut counts) = (self.allowed(), BTreeMap::new());
        let hide = |text: &String| {
            // Each by itself: a text has the same vector whatever stands beside it in a batch.
            let mut redaction = Redaction::new(&allowed);
            let hidden = redaction.hide(text);
            for (kind, n) in redaction.counts() {
                *counts.entry(*kind).or_insert(0) += n;
            }
            hidden
        };
        let texts = request.texts.iter().map(hide).collect();
        self.inner.embed(EmbedRequest { texts, redacted: counts.into_iter().collect(), ..request })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Message;
    use crate::scripted::{Scripted, Step};

    #[tokio::test]
    async fn a_model_elsewhere_sees_placeholders_and_its_reader_the_values() {
        for remote in [false, true] {
            let script =
                vec![Step::Text("ask [ema".into()), Step::Text("il-1] and [email-7".into()), Step::Text("]".into())];
            let model = Scripted::new("m").script("chat", script);
            let model = if remote { model.remote() } else { model };
            let redacting = Redacting::new(Arc::new(model.clone()), Vec::new());
            let request = ChatRequest {
                messages: vec![Message::user("mail to jane@shop.example bounced")],
                stage: "chat",
                ..ChatRequest::default()
            };
            let events: Vec<_> = redacting.chat(request, CancellationToken::new()).collect().await;
            let text: String = events
                .iter()
                .filter_map(|e| if let Ok(ChatEvent::Text(t)) = e { Some(t.as_str()) } else { None })
                .collect();
            let sent = &model.requests()[0];
            if remote {
                assert_eq!(sent.messages[0].content, "mail to [email-1] bounced");
                assert_eq!(text, "ask jane@shop.example and [email-7]");
                assert_eq!(sent.redacted, [("email", 1)]);
                let told = ChatEvent::Attribute { name: semconv::REDACTED, value: "email:1".into() };
                assert_eq!(events[0], Ok(told));
            } else {
                assert_eq!(sent.messages[0].content, "mail to jane@shop.example bounced");
                assert_eq!(text, "ask [email-1] and [email-7]");
            }
        }
    }

    #[test]
    fn only_what_every_model_elsewhere_allows_goes_out_as_it_is() {
        let of =
            |s: Scripted, allow: &[&str]| -> Asked { (Arc::new(s), allow.iter().map(|a| (*a).to_owned()).collect()) };
        let inner = || Arc::new(Scripted::new("m").remote());
        let (near, far) = (|| Scripted::new("near"), || Scripted::new("far").remote());
        let all = vec![of(near(), &[]), of(far(), &["ip", "email"]), of(far(), &["ip"])];
        assert_eq!(Redacting::new(inner(), all).allowed(), ["ip"]);
        assert_eq!(Redacting::new(inner(), vec![of(far(), &["ip"]), of(far(), &[])]).allowed(), [""; 0]);
    }
}
