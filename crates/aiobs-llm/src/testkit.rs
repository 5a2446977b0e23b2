//! A stand-in for a model server that speaks Ollama's wire protocol exactly, well-behaved or broken in the ways
//! real ones break. For tests here and in dependents (feature `testkit`); it knows no provider.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How one chat call is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A streamed body: pieces, each after a pause, one network write each. `complete` ends it properly; otherwise
    /// the connection is cut.
    Body {
        /// The pieces.
        pieces: Vec<(Duration, Vec<u8>)>,
        /// Whether the transfer ends properly.
        complete: bool,
    },
    /// A status with headers and a body.
    Status {
        /// HTTP status.
        code: u16,
        /// Extra headers.
        headers: Vec<(String, String)>,
        /// Body.
        body: String,
    },
}

fn line(model: &str, content: &str) -> String {
    let message = json!({"role": "assistant", "content": content});
    let at = "2025-01-07T14:30:15.123456Z";
    format!("{}\n", json!({"model": model, "created_at": at, "message": message, "done": false}))
}

fn last_line(model: &str, counts: Option<(u64, u64)>) -> String {
    let at = "2025-01-07T14:30:16.5Z";
    let message = json!({"role": "assistant", "content": ""});
    let mut end = json!({"model": model, "created_at": at, "message": message, "done": true, "done_reason": "stop",
        "total_duration": 1_500_000_000_u64, "load_duration": 200_000_000_u64});
    if let Some((input, output)) = counts {
        end["prompt_eval_count"] = input.into();
        end["eval_count"] = output.into();
    }
    format!("{end}\n")
}

impl Reply {
    /// A body in pieces without pauses.
    pub fn body(pieces: Vec<Vec<u8>>, complete: bool) -> Self {
        Self::Body { pieces: pieces.into_iter().map(|p| (Duration::ZERO, p)).collect(), complete }
    }

    /// A well-behaved answer, a line per delta, with counts.
    pub fn text(deltas: &[&str]) -> Self {
        Self::slow(deltas, Duration::ZERO)
    }

    /// The same with a pause before each line.
    pub fn slow(deltas: &[&str], pause: Duration) -> Self {
        let mut pieces: Vec<_> = deltas.iter().map(|d| (pause, line("m:1b", d).into_bytes())).collect();
        pieces.push((pause, last_line("m:1b", Some((26, 298))).into_bytes()));
        Self::Body { pieces, complete: true }
    }

    /// An answer whose network writes cut lines and characters: `size` bytes each.
    pub fn shredded(deltas: &[&str], size: usize) -> Self {
        let all: String = deltas.iter().map(|d| line("m:1b", d)).chain([last_line("m:1b", Some((26, 298)))]).collect();
        Self::body(all.as_bytes().chunks(size.max(1)).map(<[u8]>::to_vec).collect(), true)
    }

    /// One line, then the connection breaks in the middle of a character.
    pub fn cut_in_character() -> Self {
        let second = line("m:1b", "ü");
        let at = second.find('ü').map_or(0, |i| i + 1);
        Self::body(vec![line("m:1b", "first ").into_bytes(), second.as_bytes()[..at].to_vec()], false)
    }

    /// The body ends properly but no line says `done`.
    pub fn no_end() -> Self {
        Self::body(vec![line("m:1b", "first ").into_bytes()], true)
    }

    /// An error line after the first line.
    pub fn error_after_first(message: &str) -> Self {
        let error = format!("{}\n", json!({"error": message}));
        Self::body(vec![line("m:1b", "first ").into_bytes(), error.into_bytes()], true)
    }

    /// A good answer without counts.
    pub fn absent_counts(deltas: &[&str]) -> Self {
        let lines = deltas.iter().map(|d| line("m:1b", d)).chain([last_line("m:1b", None)]);
        Self::body(lines.map(String::into_bytes).collect(), true)
    }

    /// Something that is not the protocol, with status 200.
    pub fn wrong_json() -> Self {
        Self::body(vec![b"<html>It works!</html>\n".to_vec()], true)
    }

    /// A status with an Ollama error body.
    pub fn error(code: u16, message: &str) -> Self {
        Self::Status { code, headers: Vec::new(), body: json!({"error": message}).to_string() }
    }

    /// 404, as for a model that is not installed.
    pub fn model_missing(model: &str) -> Self {
        Self::error(404, &format!("model '{model}' not found"))
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(seconds: u64) -> Self {
        let headers = vec![("Retry-After".to_owned(), seconds.to_string())];
        Self::Status { code: 429, headers, body: json!({"error": "too many requests"}).to_string() }
    }

    /// 403 with an empty body, as for a host name the server does not accept.
    pub fn forbidden() -> Self {
        Self::Status { code: 403, headers: Vec::new(), body: String::new() }
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        let headers = vec![("Location".to_owned(), to.to_owned())];
        Self::Status { code: 307, headers, body: String::new() }
    }
}

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    models: Vec<Value>,
    requests: Vec<(String, Value)>,
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
        let Some((method, path, body)) = read_request(&mut socket).await? else { return Ok(()) };
        let reply = answer(&method, &path, &body, &state);
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
                let head =
                    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
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

async fn read_request(socket: &mut BufReader<TcpStream>) -> io::Result<Option<(String, String, Vec<u8>)>> {
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
        } else if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    Ok(Some((method, path, body)))
}

fn answer(method: &str, path: &str, body: &[u8], state: &Mutex<State>) -> Reply {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    state.requests.push((path.to_owned(), body.clone()));
    let ok = |body: Value| Reply::Status { code: 200, headers: Vec::new(), body: body.to_string() };
    let wanted = body.get("model").or(body.get("name")).and_then(Value::as_str).unwrap_or_default();
    let installed = |m: &Value| m["name"] == wanted || m["name"] == format!("{wanted}:latest");
    match (method, path) {
        ("GET", "/") => Reply::Status { code: 200, headers: Vec::new(), body: "Ollama is running".into() },
        ("GET", "/api/tags") => ok(json!({"models": state.models})),
        ("GET", "/api/version") => ok(json!({"version": "0.33.0"})),
        ("POST", "/api/show") => match state.models.iter().find(|m| installed(m)) {
            Some(m) => ok(json!({"modelfile": "", "template": "", "details": m["details"], "model_info": {},
                "capabilities": m["capabilities"], "modified_at": m["modified_at"]})),
            None => Reply::model_missing(wanted),
        },
        ("POST", "/api/chat") if wanted.is_empty() => Reply::error(400, "model is required"),
        ("POST", "/api/chat") if !state.models.iter().any(installed) => Reply::model_missing(wanted),
        ("POST", "/api/chat") if state.replies.len() > 1 => state.replies.pop_front().unwrap_or_else(Reply::forbidden),
        ("POST", "/api/chat") => state.replies.front().cloned().unwrap_or_else(|| Reply::text(&["ok"])),
        (_, "/" | "/api/tags" | "/api/version" | "/api/show" | "/api/chat") => Reply::error(405, "method not allowed"),
        _ => Reply::Status { code: 404, headers: Vec::new(), body: "404 page not found".into() },
    }
}
