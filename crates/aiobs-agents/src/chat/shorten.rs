//! Has the model shorten the first turns of a conversation, once they do not fit into its context any more. Without an answer
//! the rules of [`super::earlier`] shorten them.

use super::ChatOutput;
use super::answer::{ANSWER, PER_TOKEN};
use super::earlier::{SUMMARY, stretch, summarised};
use super::retrieve::Found;
use super::turn::{Said, Turn};
use crate::context::fence::shown;
use crate::spans::{At, SpanLog};
use aiobs_llm::{ChatEvent, ChatOptions, ChatRequest, LlmError, Provider};
use aiobs_types::{ChatMessage, TalkSummary, semconv};
use futures_util::StreamExt as _;
use std::sync::Arc;

/// Tokens of a summary at most.
const TOKENS: u32 = 600;

impl Turn {
    /// These turns, and what was shortened before them, in the model's words; `None` when it does not answer.
    pub(super) async fn shorten(
        &self,
        provider: &Arc<dyn Provider>,
        turns: &[ChatMessage],
        before: Option<&TalkSummary>,
        said: &mut Said,
        log: &mut SpanLog,
    ) -> Option<TalkSummary> {
        let p = self.deps.prompts.prompt("summary");
        let fits = self.deps.num_ctx.saturating_sub(ANSWER) as usize * PER_TOKEN;
        let room = fits.saturating_sub(p.system().content.len() + p.user(&[]).content.len());
        // The fences take some too.
        let ([before, told], sources) = stretch(turns, before, room.saturating_sub(400));
        let request = ChatRequest {
            model: self.deps.model.clone(),
            messages: vec![p.system(), p.user(&[("before", &before), ("turns", &told)])],
            options: ChatOptions {
                num_ctx: Some(self.deps.num_ctx),
                temperature: Some(0.0),
                num_predict: Some(TOKENS),
                seed: None,
            },
            stage: "chat",
            ..ChatRequest::default()
        };
        let span = log.begin(Some(At::RUN), "chat".into(), "chat");
        log.set(span, semconv::PROVIDER, provider.name());
        log.set(span, semconv::PROMPT, p.label());
        let (mut text, mut end) = (String::new(), Err(LlmError::Cut));
        let mut stream = provider.chat(request, self.cancel.child_token());
        while let Some(event) = stream.next().await {
            match event {
                Ok(ChatEvent::Text(delta)) if text.len() < 4 * SUMMARY => text.push_str(&shown(&delta)),
                Ok(ChatEvent::Retry { .. }) => text.clear(),
                Ok(ChatEvent::Attribute { name, value }) => log.set(span, name, value),
                Ok(ChatEvent::Done(done)) => end = Ok(done),
                Ok(_) => {}
                Err(e) => end = Err(e),
            }
        }
        let done = match end {
            Ok(done) => done,
            Err(e) => {
                log.end(span, Some((e.kind(), e.to_string())));
                self.tell(format!("earlier turns are cut short: a model was to summarise them ({e})"));
                return None;
            }
        };
        log.answered(span, &done);
        said.took(&done);
        let summary = summarised(&text, turns, &sources, &done.model)?;
        self.tell(format!("summarised {} earlier turns for the model", turns.len()));
        (self.out)(ChatOutput::Summary(Box::new(summary.clone())));
        Some(summary)
    }

    /// What a new summary cites goes along, so that it can be cited again.
    pub(super) async fn cite_again(&self, found: &mut Found, summary: &TalkSummary) {
        let (archive, citations) = (Arc::clone(&self.deps.archive), summary.citations.clone());
        let mut more = found.clone();
        let work = tokio::task::spawn_blocking(move || {
            let read = more.again(citations.iter(), archive.as_ref());
            (more, read)
        });
        match work.await {
            Ok((more, Ok(()))) => *found = more,
            Ok((_, Err(e))) => self.tell(format!("what was cited earlier can't be read: {e}")),
            Err(e) => self.tell(format!("what was cited earlier can't be read: {e}")),
        }
    }
}
