//! The providers against the stand-in: what a user is told, and what arrives, when servers behave and when they do not.
//! What all three have in common is asked of all three.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::testkit::{Dialect, Reply, StandIn};
use crate::{
    Anthropic, ChatEvent, ChatOptions, ChatRequest, Connection, EmbedRequest, FinishReason, Health, KeySource,
    LlmError, Message, Ollama, OpenAi, Provider, Pulled, Tool, ToolCall,
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const ALL: [Dialect; 3] = [Dialect::Ollama, Dialect::OpenAi, Dialect::Anthropic];

fn at(url: &str) -> Connection {
    Connection { url: url.to_owned(), ..Connection::default() }
}

fn provider(dialect: Dialect, how: Connection) -> Arc<dyn Provider> {
    match dialect {
        Dialect::Ollama => Arc::new(Ollama::new(how, Some("m:1b".into())).unwrap()),
        Dialect::OpenAi => Arc::new(OpenAi::new(how, Some("m:1b".into())).unwrap()),
        Dialect::Anthropic => Arc::new(Anthropic::new(how, "m:1b").unwrap()),
    }
}

async fn server(dialect: Dialect, replies: impl IntoIterator<Item = Reply>) -> (StandIn, Arc<dyn Provider>) {
    let server = StandIn::start().await.unwrap();
    server.install("m:1b", 5 << 30, &["completion", "tools"]);
    for reply in replies {
        server.reply(reply);
    }
    let provider = provider(dialect, at(&server.url()));
    (server, provider)
}

fn request() -> ChatRequest {
    ChatRequest { messages: vec![Message::user("why?")], ..ChatRequest::default() }
}

async fn ask(provider: &Arc<dyn Provider>, request: ChatRequest) -> Vec<Result<ChatEvent, LlmError>> {
    provider.chat(request, CancellationToken::new()).collect().await
}

fn text(events: &[Result<ChatEvent, LlmError>]) -> String {
    events.iter().filter_map(|e| if let Ok(ChatEvent::Text(t)) = e { Some(t.as_str()) } else { None }).collect()
}

async fn failure(dialect: Dialect, reply: Reply) -> LlmError {
    let (_server, provider) = server(dialect, [reply]).await;
    ask(&provider, request()).await.pop().unwrap().unwrap_err()
}

fn last_body(server: &StandIn) -> Value {
    server.requests().pop().unwrap().1
}

#[tokio::test]
async fn a_good_answer_arrives_whole_with_its_counts() {
    for d in ALL {
        let (server, provider) = server(d, [d.text(&["Die ", "Größe"])]).await;
        let got = ask(&provider, request()).await;
        assert_eq!(text(&got), "Die Größe", "{d:?}");
        let Some(Ok(ChatEvent::Done(done))) = got.last() else { panic!("{got:?}") };
        assert_eq!((done.usage.input_tokens, done.usage.output_tokens), (Some(26), Some(298)), "{d:?}");
        assert!(!done.usage.estimated && done.finish == FinishReason::Stop && done.model == "m:1b", "{d:?}");
        assert!(done.usage.first_token.is_some());
        assert_eq!(last_body(&server)["model"], "m:1b");
    }
}

fn full() -> ChatRequest {
    let options = ChatOptions { temperature: Some(0.5), num_ctx: Some(8192), num_predict: Some(10), seed: Some(7) };
    let format = Some(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let tool = Tool { name: "find".into(), description: "Finds.".into(), parameters: json!({"type": "object"}) };
    let messages = vec![Message::system("rules"), Message::user("why?")];
    ChatRequest { format, options, tools: vec![tool], messages, think: Some(false), ..request() }
}

#[tokio::test]
async fn what_is_asked_goes_out_as_each_wire_wants_it() {
    for d in ALL {
        let (server, provider) = server(d, [d.text(&["{}"])]).await;
        let shown = provider.outgoing(&full()).unwrap();
        ask(&provider, full()).await;
        let (path, body) = server.requests().pop().unwrap();
        assert_eq!(shown.body, body, "what is shown is what is sent");
        assert!(shown.url.ends_with(&path), "{} {path}", shown.url);
        assert_eq!(body["stream"], true);
        match d {
            Dialect::Ollama => {
                let options = json!({"temperature": 0.5, "num_ctx": 8192, "num_predict": 10, "seed": 7});
                assert_eq!((path.as_str(), &body["options"]), ("/api/chat", &options));
                assert_eq!(body["format"]["type"], "object");
                assert_eq!(body["think"], false);
                assert_eq!(body["messages"][1], json!({"role": "user", "content": "why?"}));
                assert_eq!(body["tools"][0]["function"]["name"], "find");
            }
            Dialect::OpenAi => {
                assert_eq!(path, "/v1/chat/completions");
                let numbers = [&body["temperature"], &body["max_tokens"], &body["seed"]];
                assert_eq!(numbers, [&json!(0.5), &json!(10), &json!(7)]);
                assert_eq!(body["response_format"]["json_schema"]["schema"]["additionalProperties"], false);
                assert_eq!(body["stream_options"]["include_usage"], true);
                assert_eq!(body["tools"][0]["function"]["name"], "find");
            }
            Dialect::Anthropic => {
                assert_eq!((path.as_str(), &body["system"]), ("/v1/messages", &json!("rules")));
                assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(0.5), &json!(10)));
                assert_eq!(body["tools"][0]["name"], "find");
                assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "answer"}));
                assert_eq!(server.header("anthropic-version").as_deref(), Some("2023-06-01"));
            }
        }
    }
}

#[tokio::test]
async fn characters_cut_between_packets_survive() {
    for d in ALL {
        for size in [1, 2, 3, 7] {
            let (_server, provider) = server(d, [d.shredded(&["日本", "🤔 ü"], size)]).await;
            assert_eq!(text(&ask(&provider, request()).await), "日本🤔 ü", "{d:?}, {size} bytes a packet");
        }
    }
}

#[tokio::test]
async fn a_broken_connection_is_a_failure_after_what_came() {
    for d in ALL {
        for reply in [d.cut_in_character(), d.no_end()] {
            let (_server, provider) = server(d, [reply]).await;
            let got = ask(&provider, request()).await;
            assert_eq!(text(&got), "first ", "{d:?}");
            assert_eq!(got.last(), Some(&Err(LlmError::Cut)), "{d:?}");
        }
    }
}

#[tokio::test]
async fn an_error_after_the_first_piece_is_told() {
    for d in ALL {
        let error = failure(d, d.error_after_first("model runner\nhas\u{1b}[31m crashed")).await;
        assert_eq!(error, LlmError::MidStream { message: "model runner has [31m crashed".into() }, "{d:?}");
    }
}

#[tokio::test]
async fn absent_counts_are_estimated_and_marked() {
    for d in ALL {
        let (_server, provider) = server(d, [d.absent_counts(&["12345678"])]).await;
        let Some(Ok(ChatEvent::Done(done))) = ask(&provider, request()).await.pop() else { panic!("no end") };
        assert_eq!((done.usage.input_tokens, done.usage.output_tokens), (Some(1), Some(2)), "{d:?}");
        assert!(done.usage.estimated);
    }
}

#[tokio::test]
async fn statuses_become_the_right_failure() {
    for d in ALL {
        let missing = failure(d, d.model_missing("m:1b")).await;
        assert_eq!(missing.kind(), "model_missing");
        assert!(missing.to_string().contains("m:1b") && !missing.retryable(), "{missing}");
        let limited = failure(d, d.rate_limited(7)).await;
        assert_eq!(limited.retry_after(), Some(Duration::from_secs(7)), "{d:?}");
        for code in [499, 500, 503, 529] {
            let error = failure(d, d.error(code, "server busy")).await;
            assert!(error.retryable() && error.to_string().contains("server busy"), "{d:?} {code}: {error}");
        }
        let refused = failure(d, d.error(400, "\"m\" does not support chat")).await;
        assert!(!refused.retryable() && refused.to_string().contains("does not support chat"));
        let unknown = failure(d, d.error(401, "invalid x-api-key")).await;
        assert!(!unknown.retryable() && unknown.to_string().contains("does not take the key"), "{unknown}");
        let moved = failure(d, Reply::redirect("http://elsewhere:1/")).await;
        assert!(!moved.retryable() && moved.to_string().contains("http://elsewhere:1/"));
        assert_eq!(failure(d, Reply::wrong_json()).await.kind(), "protocol", "{d:?}");
    }
    assert!(failure(Dialect::Ollama, Reply::forbidden()).await.to_string().contains("host name"));
}

#[tokio::test]
async fn cancelling_ends_a_slow_answer_at_once() {
    for d in ALL {
        let (_server, provider) = server(d, [d.slow(&["never"], Duration::from_hours(1))]).await;
        let cancel = CancellationToken::new();
        cancel.cancel();
        let got: Vec<_> = provider.chat(request(), cancel).collect().await;
        assert_eq!(got, [Err(LlmError::Cancelled)], "{d:?}");
    }
}

#[tokio::test]
async fn the_key_goes_into_its_header_and_nowhere_else() {
    let dir = std::env::temp_dir().join(format!("aiobs-wire-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("key");
    std::fs::write(&file, "sk-0123456789\n").unwrap();
    for d in ALL {
        let (server, _) = server(d, [d.error(401, "Incorrect API key provided: sk-0123456789.")]).await;
        let headers = vec![("X-Title".to_owned(), "ops".to_owned())];
        let how = Connection { key: KeySource::File(file.clone()), headers, ..at(&server.url()) };
        let provider = provider(d, how);
        let error = ask(&provider, request()).await.pop().unwrap().unwrap_err();
        assert!(error.to_string().contains("provided: [key]."), "{error}");
        let (name, value) = match d {
            Dialect::Anthropic => ("x-api-key", "sk-0123456789"),
            _ => ("authorization", "Bearer sk-0123456789"),
        };
        assert_eq!(server.header(name).as_deref(), Some(value));
        assert_eq!(server.header("x-title").as_deref(), Some("ops"));
        assert!(!format!("{:?}", provider.outgoing(&request())).contains("0123456789"));
        assert!(!server.requests().iter().any(|(path, body)| format!("{path}{body}").contains("0123456789")));
    }
    std::fs::remove_dir_all(&dir).unwrap();
    let (server, _) = server(Dialect::OpenAi, []).await;
    let how = Connection { key: KeySource::File(file), ..at(&server.url()) };
    let error = ask(&provider(Dialect::OpenAi, how), request()).await.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), "no_key");
    assert!(server.requests().is_empty(), "without the key nothing is sent");
}

#[tokio::test]
async fn tools_are_asked_for_and_their_results_go_back() {
    let call = ToolCall { id: Some("call_a".into()), name: "find".into(), arguments: json!({"q": "日本"}) };
    let mut asked = Message::assistant("");
    asked.tool_calls = vec![call.clone()];
    let messages = vec![Message::user("why?"), asked, Message::tool(call.clone(), "three lines")];
    let ollama = Reply::body(
        vec![
            concat!(
                r#"{"model":"m:1b","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_a","#,
                r#""function":{"index":0,"name":"find","arguments":{"q":"日本"}}}]},"done":false}"#,
                "\n",
                r#"{"model":"m:1b","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
                "\n"
            )
            .into(),
        ],
        true,
    );
    let openai = Reply::body(
        vec![
            concat!(
                r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_a","function":{"name":"find","arguments":"{\"q\":\"日本\"}"}}]}}]}"#,
                "\n\n",
                r#"data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
                "\n\ndata: [DONE]\n\n"
            )
            .into(),
        ],
        true,
    );
    let anthropic = Reply::body(
        vec![
            concat!(
                r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"call_a","name":"find","input":{}}}"#,
                "\n\n",
                r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"q\":\"日本\"}"}}"#,
                "\n\n",
                r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
                "\n\ndata: {\"type\":\"message_stop\"}\n\n"
            )
            .into(),
        ],
        true,
    );
    for (d, reply) in ALL.into_iter().zip([ollama, openai, anthropic]) {
        let (server, provider) = server(d, [reply]).await;
        let got = ask(&provider, ChatRequest { messages: messages.clone(), ..full() }).await;
        assert_eq!(got[0], Ok(ChatEvent::ToolCall(call.clone())), "{d:?}");
        assert!(matches!(got[1], Ok(ChatEvent::Done(_))), "{d:?}");
        let sent = last_body(&server)["messages"].clone();
        match d {
            Dialect::Ollama => assert_eq!(sent[2]["tool_name"], "find"),
            Dialect::OpenAi => {
                assert_eq!(sent[1]["tool_calls"][0]["function"]["arguments"], "{\"q\":\"日本\"}");
                assert_eq!(sent[2]["tool_call_id"], "call_a");
            }
            Dialect::Anthropic => assert_eq!(sent[2]["content"][0]["tool_use_id"], "call_a"),
        }
    }
}

#[tokio::test]
async fn tools_that_are_over_stay_listed_where_the_wire_wants_them() {
    let call = ToolCall { id: Some("call_a".into()), name: "find".into(), arguments: json!({"q": "x"}) };
    let mut asked = Message::assistant("");
    asked.tool_calls = vec![call.clone()];
    let messages = vec![Message::user("why?"), asked, Message::tool(call, "found")];
    for d in ALL {
        let over = ChatRequest { messages: messages.clone(), tools_over: true, ..full() };
        let (server, provider) = server(d, [d.text(&["{}"]), d.text(&["{}"])]).await;
        ask(&provider, ChatRequest { format: None, ..over.clone() }).await;
        let plain = last_body(&server);
        ask(&provider, over).await;
        let formed = last_body(&server);
        let names = |body: &Value, at: &str| -> Vec<Value> {
            body["tools"].as_array().into_iter().flatten().filter_map(|t| t.pointer(at).cloned()).collect()
        };
        match d {
            Dialect::Ollama => assert!(plain.get("tools").is_none() && formed.get("tools").is_none()),
            Dialect::OpenAi => {
                assert_eq!(names(&plain, "/function/name"), ["find"]);
                assert_eq!(plain["tool_choice"], "none");
                assert!(formed.get("tools").is_none() && formed.get("tool_choice").is_none());
            }
            Dialect::Anthropic => {
                assert_eq!(names(&plain, "/name"), ["find"]);
                assert_eq!(plain["tool_choice"], json!({"type": "none"}));
                assert_eq!(names(&formed, "/name"), ["find", "answer"]);
                assert_eq!(formed["tool_choice"], json!({"type": "tool", "name": "answer"}));
            }
        }
    }
    let (_server, anthropic) = server(Dialect::Anthropic, []).await;
    let unlisted = ChatRequest { messages, tools: Vec::new(), ..full_without_schema() };
    let refused = ask(&anthropic, unlisted).await.pop().unwrap().unwrap_err();
    assert!(matches!(refused, LlmError::Refused { status: 400, .. }), "{refused}");
    // Where the conversation speaks of none, there is nothing to list.
    let (server, provider) = server(Dialect::OpenAi, [Dialect::OpenAi.text(&["yes"])]).await;
    ask(&provider, ChatRequest { tools_over: true, ..full_without_schema() }).await;
    assert!(last_body(&server).get("tools").is_none());
}

#[tokio::test]
async fn a_server_that_knows_less_is_asked_more_simply_and_remembered() {
    let d = Dialect::OpenAi;
    let refusals = [
        d.error(400, "'response_format.type' must be 'text' or 'json_object'"),
        d.error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        d.error(400, "Unsupported value: 'temperature' does not support 0.5 with this model."),
        d.text(&["{}"]),
    ];
    let (server, provider) = server(d, refusals).await;
    assert_eq!(text(&ask(&provider, full()).await), "{}");
    let body = last_body(&server);
    assert_eq!((&body["response_format"]["type"], &body["max_completion_tokens"]), (&json!("json_object"), &json!(10)));
    assert!(body.get("temperature").is_none() && body.get("max_tokens").is_none());
    let calls = server.requests().len();
    ask(&provider, full()).await;
    assert_eq!(server.requests().len(), calls + 1, "what was learnt is remembered");

    let d = Dialect::Anthropic;
    let replies = [d.error(400, "`temperature` is not supported by this model"), d.text(&["yes"])];
    let (_server, provider) = server_of(d, replies).await;
    assert_eq!(text(&ask(&provider, full_without_schema()).await), "yes");
}

async fn server_of(d: Dialect, replies: impl IntoIterator<Item = Reply>) -> (StandIn, Arc<dyn Provider>) {
    server(d, replies).await
}

fn full_without_schema() -> ChatRequest {
    ChatRequest { format: None, ..full() }
}

#[tokio::test]
async fn vectors_come_in_the_order_of_their_texts() {
    for d in [Dialect::Ollama, Dialect::OpenAi] {
        let (_server, provider) = server(d, []).await;
        let got = provider.embed(texts(&["a", "bcd"])).await.unwrap();
        assert_eq!(got.vectors, [[1.0, 1.0], [3.0, 1.0]], "{d:?}");
        assert_eq!((got.model.as_str(), got.input_tokens), ("m:1b", Some(5)));
    }
    let (_server, provider) = server(Dialect::Anthropic, []).await;
    assert!(provider.embed(texts(&["a"])).await.unwrap_err().to_string().contains("no embeddings"));
}

#[tokio::test]
async fn a_pull_tells_how_far_it_is_and_how_it_failed() {
    let (server, provider) = server(Dialect::Ollama, []).await;
    let pull = || provider.pull("qwen3:4b".into()).collect::<Vec<_>>();
    server.pulling(&[
        r#"{"status":"pulling manifest"}"#,
        r#"{"status":"pulling 8eeb52dfb3bb","digest":"sha256:8e","total":100,"completed":40}"#,
        r#"{"status":"success"}"#,
    ]);
    let got = pull().await;
    let part = Pulled { status: "pulling 8eeb52dfb3bb".into(), done: 40, total: 100, complete: false };
    assert_eq!(got[1], Ok(part));
    assert!(got.len() == 3 && got[2].as_ref().unwrap().complete);
    assert_eq!(last_body(&server)["name"], "qwen3:4b");
    server.pulling(&[r#"{"status":"pulling manifest"}"#, r#"{"error":"file does not exist"}"#]);
    let got = pull().await;
    assert!(got.len() == 2 && got[1].as_ref().unwrap_err().to_string().contains("file does not exist"), "{got:?}");
    server.pulling(&[r#"{"status":"pulling manifest"}"#]);
    assert_eq!(pull().await.last(), Some(&Err(LlmError::Cut)));
}

#[tokio::test]
async fn health_says_what_to_do() {
    let empty = StandIn::start().await.unwrap();
    let reason = |h: Health| match h {
        Health::Unavailable { reason } => reason,
        Health::Ready { model, .. } => panic!("ready with {model}"),
    };
    let ollama = |model: Option<&str>| Ollama::new(at(&empty.url()), model.map(str::to_owned)).unwrap();
    assert!(reason(ollama(None).health().await).contains("ollama pull llama3.1"));
    empty.install("nomic-embed-text:latest", 1 << 28, &["embedding"]);
    empty.install("odd-vectors:latest", 1 << 30, &["embedding"]);
    assert!(reason(ollama(None).health().await).contains("ollama pull llama3.1"), "embedding models cannot chat");
    empty.install("llama3.1:8b", 5 << 30, &["completion", "tools"]);
    empty.install("qwen3:480b-cloud", 400, &["completion", "tools"]);
    let Health::Ready { model, note } = ollama(None).health().await else { panic!("not ready") };
    assert_eq!(model, "llama3.1:8b", "a model that runs elsewhere is not chosen by itself");
    assert!(note.unwrap().contains("llama3.1:8b"));
    assert_eq!(ollama(Some("llama3.1")).health().await, Health::Ready { model: "llama3.1:8b".into(), note: None });
    assert!(reason(ollama(Some("qwen3:4b")).health().await).contains("ollama pull qwen3:4b"));
    let cloud = ollama(Some("qwen3:480b-cloud"));
    assert!(!cloud.is_local(), "known by its name");
    assert!(matches!(cloud.health().await, Health::Ready { .. }) && !cloud.is_local());

    let openai = |model: Option<&str>| OpenAi::new(at(&empty.url()), model.map(str::to_owned)).unwrap();
    let Health::Ready { model, .. } = openai(None).health().await else { panic!("not ready") };
    assert_eq!(model, "odd-vectors:latest", "the first that does not look like something else");
    let Health::Ready { note, .. } = openai(Some("gpt-x")).health().await else { panic!("not ready") };
    assert!(note.unwrap().contains("not in the server's list"));
    let Health::Ready { note, .. } = Anthropic::new(at(&empty.url()), "llama3.1:8b").unwrap().health().await else {
        panic!("not ready")
    };
    assert_eq!(note, None);
}

#[tokio::test]
async fn a_configured_name_without_its_tag_is_asked_for_by_its_installed_name() {
    let server = StandIn::start().await.unwrap();
    server.install("llama3.1:8b", 5 << 30, &["completion"]);
    server.reply(Reply::text(&["yes"]));
    let ollama = Ollama::new(at(&server.url()), Some("llama3.1".into())).unwrap();
    let ask = ChatRequest { model: Some("llama3.1".into()), ..request() };
    let got: Vec<_> = ollama.chat(ask, CancellationToken::new()).collect().await;
    assert_eq!(text(&got), "yes");
    assert_eq!(last_body(&server)["model"], "llama3.1:8b");
}

#[tokio::test]
async fn nobody_there_is_told_with_what_to_do() {
    let ollama = Ollama::new(at("http://127.0.0.1:1"), None).unwrap();
    let Health::Unavailable { reason } = ollama.health().await else { panic!("somebody answers") };
    assert!(reason.contains("ollama serve") && reason.contains("127.0.0.1:1"), "{reason}");
    for d in [Dialect::OpenAi, Dialect::Anthropic] {
        let provider = provider(d, at("http://127.0.0.1:1"));
        let Health::Unavailable { reason } = provider.health().await else { panic!("somebody answers") };
        assert!(reason.contains("cannot reach http://127.0.0.1:1"), "{reason}");
        assert_eq!(ask(&provider, request()).await.pop().unwrap().unwrap_err().kind(), "unreachable");
    }
}

fn texts(texts: &[&str]) -> EmbedRequest {
    EmbedRequest { texts: texts.iter().map(|t| (*t).to_owned()).collect(), ..EmbedRequest::default() }
}
