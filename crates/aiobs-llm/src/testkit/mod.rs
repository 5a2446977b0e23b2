//! A stand-in for a model server that speaks the wire protocols exactly, well-behaved or broken in the ways real ones
//! break. For tests here and in dependents (feature `testkit`); it knows no provider.

mod dialect;

pub use dialect::{Dialect, Reply};

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    models: Vec<Value>,
    requests: Vec<(String, Value)>,
    headers: Vec<(String, String)>,
    pull: Vec<String>,
}

/// A running stand-in; stops when dropped.
pub struct StandIn {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _stop: DropGuard,
}

impl StandIn {
    /// Listens on a free loopback port. Must be called on a tokio runtime.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, Arc::clone(&state), stop.clone()));
        Ok(Self { address, state, _stop: stop.drop_guard() })
    }

    /// Its address, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Installs a model of so many bytes with these capabilities.
    pub fn install(&self, name: &str, bytes: u64, capabilities: &[&str]) {
        let details = json!({"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
            "parameter_size": "8.0B", "quantization_level": "Q4_K_M"});
        let model = json!({"name": name, "model": name, "modified_at": "2025-01-07T14:30:15.123456Z", "size": bytes,
            "digest": "0".repeat(64), "details": details, "capabilities": capabilities});
        self.state().models.push(model);
    }

    /// Queues an answer to a chat; the last one is given again and again.
    pub fn reply(&self, reply: Reply) {
        self.state().replies.push_back(reply);
    }

    /// Paths and bodies of all requests so far.
    pub fn requests(&self) -> Vec<(String, Value)> {
        self.state().requests.clone()
    }

    /// The value of a header in the last request that had it.
    pub fn header(&self, name: &str) -> Option<String> {
        self.state().headers.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone())
    }

    /// The lines that a pull is answered with; a connection that ends without `success` was cut.
    pub fn pulling(&self, lines: &[&str]) {
        self.state().pull = lines.iter().map(|l| format!("{l}\n")).collect();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { return };
                let (state, stop) = (Arc::clone(&state), stop.clone());
                tokio::spawn(async move {
                    tokio::select! { () = stop.cancelled() => {} _ = serve(socket, state) => {} }
                });
            }
        }
    }
}

async fn serve(socket: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    loop {
        let Some((method, path, headers, body)) = read_request(&mut socket).await? else { return Ok(()) };
        let reply = answer(&method, &path, &headers, &body, &state);
        let lines = path.starts_with("/api/");
        match reply {
            Reply::Status { code, headers, body } => {
                let extra = headers.iter().fold(String::new(), |all, (n, v)| all + n + ": " + v + "\r\n");
                let head = format!(
                    "HTTP/1.1 {code} Stand-In\r\nContent-Type: application/json; charset=utf-8\r\n{extra}Content-Length: {}\r\n\r\n",
                    body.len()
                );
                socket.write_all(head.as_bytes()).await?;
                socket.write_all(body.as_bytes()).await?;
            }
            Reply::Body { pieces, complete } => {
                let kind = if lines { "application/x-ndjson" } else { "text/event-stream" };
                let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
                socket.write_all(head.as_bytes()).await?;
                socket.flush().await?;
                for (pause, piece) in pieces {
                    tokio::time::sleep(pause).await;
                    if !piece.is_empty() {
                        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                        chunk.extend_from_slice(&piece);
                        chunk.extend_from_slice(b"\r\n");
                        socket.write_all(&chunk).await?;
                        socket.flush().await?;
                    }
                }
                if !complete {
                    return Ok(());
                }
                socket.write_all(b"0\r\n\r\n").await?;
            }
        }
        socket.flush().await?;
    }
}

type Request = (String, String, Vec<(String, String)>, Vec<u8>);

async fn read_request(socket: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut headers = Vec::new();
    let mut head = String::new();
    let mut length = 0;
    let mut first = String::new();
    loop {
        head.clear();
        if socket.read_line(&mut head).await? == 0 {
            return Ok(None);
        }
        let text = head.trim_end();
        if first.is_empty() {
            text.clone_into(&mut first);
        } else if text.is_empty() {
            break;
        } else if let Some((name, value)) = text.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    // To a proxy the whole address is written.
    let inside = target.strip_prefix("http://").and_then(|t| t.find('/').map(|at| &t[at..]));
    let path = inside.unwrap_or(target).to_owned();
    Ok(Some((method, path, headers, body)))
}

fn ok(body: Value) -> Reply {
    Reply::Status { code: 200, headers: Vec::new(), body: body.to_string() }
}

fn answer(method: &str, path: &str, headers: &[(String, String)], body: &[u8], state: &Mutex<State>) -> Reply {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    state.requests.push((path.to_owned(), body.clone()));
    state.headers.extend_from_slice(headers);
    let wanted = body.get("model").or(body.get("name")).and_then(Value::as_str).unwrap_or_default();
    let route = path.split('?').next().unwrap_or_default();
    if let Some(dialect) = Dialect::of_chat(method, route) {
        return chat(dialect, wanted, &body, &mut state);
    }
    let ids = || state.models.iter().map(|m| json!({"id": m["name"], "object": "model"})).collect::<Value>();
    match (method, route) {
        ("GET", "/") => Reply::Status { code: 200, headers: Vec::new(), body: "Ollama is running".into() },
        ("GET", "/api/tags") => ok(json!({"models": state.models})),
        ("GET", "/api/version") => ok(json!({"version": "0.33.0"})),
        ("GET", "/v1/models") => ok(json!({"object": "list", "data": ids()})),
        ("POST", "/api/show") => match state.models.iter().find(|m| is_called(m, wanted)) {
            Some(m) => ok(json!({"modelfile": "", "template": "", "details": m["details"], "model_info": {},
                "capabilities": m["capabilities"], "modified_at": m["modified_at"]})),
            None => Reply::model_missing(wanted),
        },
        ("POST", "/api/pull") => {
            let pieces = state.pull.iter().map(|l| l.clone().into_bytes()).collect();
            Reply::body(pieces, true)
        }
        ("POST", "/api/embed" | "/v1/embeddings") => embedded(route, wanted, &body),
        (_, "/" | "/api/tags" | "/api/version" | "/api/show" | "/api/chat") => Reply::error(405, "method not allowed"),
        _ => Reply::Status { code: 404, headers: Vec::new(), body: "404 page not found".into() },
    }
}

fn is_called(model: &Value, wanted: &str) -> bool {
    model["name"] == wanted || model["name"] == format!("{wanted}:latest")
}

/// Whether a message of Anthropic's interface holds a call or a result.
fn speaks_of_tools(message: &Value) -> bool {
    let kinds = message["content"].as_array().into_iter().flatten().filter_map(|block| block["type"].as_str());
    kinds.into_iter().any(|kind| kind == "tool_use" || kind == "tool_result")
}

fn chat(dialect: Dialect, wanted: &str, body: &Value, state: &mut State) -> Reply {
    if wanted.is_empty() {
        return dialect.error(400, "model is required");
    }
    let unlisted = body.get("tools").is_none()
        && body["messages"].as_array().is_some_and(|messages| messages.iter().any(speaks_of_tools));
    if dialect == Dialect::Anthropic && unlisted {
        return dialect.error(400, "requests with tool_use or tool_result blocks must define tools");
    }
    if !state.models.iter().any(|m| is_called(m, wanted)) {
        return dialect.model_missing(wanted);
    }
    if state.replies.len() > 1 {
        return state.replies.pop_front().unwrap_or_else(Reply::forbidden);
    }
    state.replies.front().cloned().unwrap_or_else(|| dialect.text(&["ok"]))
}

/// One vector per text: its length, and one.
fn embedded(route: &str, model: &str, body: &Value) -> Reply {
    let texts = body["input"].as_array().cloned().unwrap_or_default();
    let vector = |t: &Value| json!([t.as_str().map_or(0, str::len), 1.0]);
    if route == "/api/embed" {
        let vectors: Value = texts.iter().map(vector).collect();
        return ok(json!({"model": model, "embeddings": vectors, "prompt_eval_count": 5}));
    }
    // The order on this wire is told, not given.
    let rows: Value =
        texts.iter().enumerate().rev().map(|(i, t)| json!({"index": i, "embedding": vector(t)})).collect();
    ok(json!({"object": "list", "model": model, "data": rows, "usage": {"prompt_tokens": 5, "total_tokens": 5}}))
}
