//! The Ollama provider against the stand-in: what a user is told, and what arrives, when servers behave and when
//! they do not.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::testkit::{Reply, StandIn};
use crate::{ChatEvent, ChatOptions, ChatRequest, FinishReason, Health, LlmError, Message, Ollama, Provider as _};
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

async fn server(reply: Reply) -> (StandIn, Ollama) {
    let server = StandIn::start().await.unwrap();
    server.install("m:1b", 5 << 30, &["completion", "tools"]);
    server.reply(reply);
    let ollama = Ollama::new(&server.url(), None).unwrap();
    (server, ollama)
}

fn request() -> ChatRequest {
    ChatRequest { messages: vec![Message::user("why?")], ..ChatRequest::default() }
}

async fn events(ollama: &Ollama) -> Vec<Result<ChatEvent, LlmError>> {
    ollama.chat(request(), CancellationToken::new()).collect().await
}

fn text(events: &[Result<ChatEvent, LlmError>]) -> String {
    events.iter().filter_map(|e| if let Ok(ChatEvent::Text(t)) = e { Some(t.as_str()) } else { None }).collect()
}

async fn failure(reply: Reply) -> LlmError {
    let (_server, ollama) = server(reply).await;
    events(&ollama).await.pop().unwrap().unwrap_err()
}

#[tokio::test]
async fn a_good_answer_arrives_whole_with_its_counts() {
    let (server, ollama) = server(Reply::text(&["Die ", "Größe"])).await;
    let got = events(&ollama).await;
    assert_eq!(text(&got), "Die Größe");
    let Some(Ok(ChatEvent::Done(done))) = got.last() else { panic!("{got:?}") };
    assert_eq!((done.usage.input_tokens, done.usage.output_tokens), (Some(26), Some(298)));
    assert!(!done.usage.estimated && done.finish == FinishReason::Stop);
    assert!(done.usage.first_token.is_some());
    let (_, body) = server.requests().pop().unwrap();
    assert_eq!(body["model"], "m:1b", "the installed model was chosen");
}

#[tokio::test]
async fn what_is_asked_goes_out_as_the_wire_wants_it() {
    let (server, ollama) = server(Reply::text(&["{}"])).await;
    let options = ChatOptions { temperature: Some(0.5), num_ctx: Some(8192), num_predict: Some(10), seed: Some(7) };
    let format = Some(serde_json::json!({"type": "object"}));
    let ask = ChatRequest { model: Some("m:1b".into()), format, options, think: Some(false), ..request() };
    let _: Vec<_> = ollama.chat(ask, CancellationToken::new()).collect().await;
    let (path, body) = server.requests().pop().unwrap();
    assert_eq!(path, "/api/chat");
    let options = serde_json::json!({"temperature": 0.5, "num_ctx": 8192, "num_predict": 10, "seed": 7});
    assert_eq!(body["options"], options);
    assert_eq!(body["format"]["type"], "object");
    assert_eq!((&body["think"], &body["stream"]), (&false.into(), &true.into()));
    assert_eq!(body["messages"][0], serde_json::json!({"role": "user", "content": "why?"}));
}

#[tokio::test]
async fn characters_cut_between_packets_survive() {
    for size in [1, 2, 3, 7] {
        let (_server, ollama) = server(Reply::shredded(&["日本", "🤔 ü"], size)).await;
        assert_eq!(text(&events(&ollama).await), "日本🤔 ü", "{size} bytes a packet");
    }
}

#[tokio::test]
async fn a_broken_connection_is_a_failure_after_what_came() {
    for reply in [Reply::cut_in_character(), Reply::no_end()] {
        let (_server, ollama) = server(reply).await;
        let got = events(&ollama).await;
        assert_eq!(text(&got), "first ");
        assert_eq!(got.last(), Some(&Err(LlmError::Cut)));
    }
}

#[tokio::test]
async fn an_error_after_the_first_line_is_told() {
    let error = failure(Reply::error_after_first("model runner\nhas\u{1b}[31m crashed")).await;
    assert_eq!(error, LlmError::MidStream { message: "model runner has [31m crashed".into() });
}

#[tokio::test]
async fn absent_counts_are_estimated_and_marked() {
    let (_server, ollama) = server(Reply::absent_counts(&["12345678"])).await;
    let Some(Ok(ChatEvent::Done(done))) = events(&ollama).await.pop() else { panic!("no end") };
    assert_eq!((done.usage.input_tokens, done.usage.output_tokens), (Some(1), Some(2)));
    assert!(done.usage.estimated);
}

#[tokio::test]
async fn statuses_become_the_right_failure() {
    assert_eq!(failure(Reply::model_missing("m:1b")).await.kind(), "model_missing");
    let limited = failure(Reply::rate_limited(7)).await;
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(7)));
    for code in [499, 500, 503] {
        let error = failure(Reply::error(code, "server busy")).await;
        assert!(error.retryable(), "{code}");
        assert!(error.to_string().contains("server busy"));
    }
    let refused = failure(Reply::error(400, "\"m\" does not support chat")).await;
    assert!(!refused.retryable());
    assert!(failure(Reply::forbidden()).await.to_string().contains("host name"));
    let moved = failure(Reply::redirect("http://elsewhere:1/")).await;
    assert!(!moved.retryable() && moved.to_string().contains("http://elsewhere:1/"));
    assert_eq!(failure(Reply::wrong_json()).await.kind(), "protocol");
}

#[tokio::test]
async fn cancelling_ends_a_slow_answer_at_once() {
    let (_server, ollama) = server(Reply::slow(&["never"], Duration::from_hours(1))).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let got: Vec<_> = ollama.chat(request(), cancel).collect().await;
    assert_eq!(got, [Err(LlmError::Cancelled)]);
}

#[tokio::test]
async fn health_says_what_to_do() {
    let empty = StandIn::start().await.unwrap();
    let reason = |h: Health| match h {
        Health::Unavailable { reason } => reason,
        Health::Ready { model, .. } => panic!("ready with {model}"),
    };
    let ollama = |model: Option<&str>| Ollama::new(&empty.url(), model.map(str::to_owned)).unwrap();
    assert!(reason(ollama(None).health().await).contains("ollama pull llama3.1"));
    empty.install("nomic-embed-text:latest", 1 << 28, &["embedding"]);
    empty.install("odd-vectors:latest", 1 << 30, &["embedding"]);
    assert!(reason(ollama(None).health().await).contains("ollama pull llama3.1"), "embedding models cannot chat");
    empty.install("llama3.1:8b", 5 << 30, &["completion", "tools"]);
    let Health::Ready { model, note } = ollama(None).health().await else { panic!("not ready") };
    assert_eq!(model, "llama3.1:8b");
    assert!(note.unwrap().contains("llama3.1:8b"));
    assert_eq!(ollama(Some("llama3.1")).health().await, Health::Ready { model: "llama3.1:8b".into(), note: None });
    assert!(reason(ollama(Some("qwen3:4b")).health().await).contains("ollama pull qwen3:4b"));
}

#[tokio::test]
async fn a_configured_name_without_its_tag_is_asked_for_by_its_installed_name() {
    let server = StandIn::start().await.unwrap();
    server.install("llama3.1:8b", 5 << 30, &["completion"]);
    server.reply(Reply::text(&["yes"]));
    let ollama = Ollama::new(&server.url(), Some("llama3.1".into())).unwrap();
    let ask = ChatRequest { model: Some("llama3.1".into()), ..request() };
    let got: Vec<_> = ollama.chat(ask, CancellationToken::new()).collect().await;
    assert_eq!(text(&got), "yes");
    assert_eq!(server.requests().pop().unwrap().1["model"], "llama3.1:8b");
}

#[tokio::test]
async fn nobody_there_is_told_with_what_to_do() {
    let address = StandIn::start().await.unwrap().url();
    tokio::task::yield_now().await;
    let ollama = Ollama::new("http://127.0.0.1:1", None).unwrap();
    let Health::Unavailable { reason } = ollama.health().await else { panic!("{address} answers") };
    assert!(reason.contains("ollama serve") && reason.contains("127.0.0.1:1"), "{reason}");
}
