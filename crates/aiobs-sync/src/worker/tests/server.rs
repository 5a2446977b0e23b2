//! A small HTTP server on this machine that answers as told and remembers what it took.

use aiobs_otlp::decode_traces;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// What the server saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Names of the spans of accepted requests, in the order of arrival.
    pub(super) names: Vec<String>,
    /// Request lines.
    pub(super) lines: Vec<String>,
    /// Values of the `authorization` header.
    pub(super) tokens: Vec<String>,
    /// Answers still to give; when there are none, 200.
    pub(super) script: VecDeque<&'static str>,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port where nobody listens, and that nobody else gets as long as this is held.
pub(super) struct Quiet {
    socket: TcpSocket,
    pub(super) address: SocketAddr,
}

impl Quiet {
    pub(super) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    /// From here on a server listens.
    pub(super) fn listen(self, script: &[&'static str]) -> Server {
        Server::on(self.socket.listen(64).unwrap(), script)
    }
}

impl Server {
    pub(super) fn start(script: &[&'static str]) -> Self {
        Quiet::new().listen(script)
    }

    fn on(listener: TcpListener, script: &[&'static str]) -> Self {
        let seen = Arc::new(Mutex::new(Seen { script: script.iter().copied().collect(), ..Seen::default() }));
        let (address, shared) = (listener.local_addr().unwrap(), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, seen, task }
    }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = request(&mut stream).await {
        let answer = {
            let mut seen = seen.lock().unwrap();
            seen.lines.push(head[0].clone());
            let token = head.iter().find_map(|l| l.strip_prefix("authorization: "));
            seen.tokens.extend(token.map(str::to_owned));
            let answer = seen.script.pop_front().unwrap_or("200 OK\r\ncontent-length: 2\r\n\r\n{}");
            if answer.starts_with("200") {
                let read = decode_traces(&body).unwrap();
                assert_eq!(read.rejected, []);
                seen.names.extend(read.groups.into_iter().flat_map(|g| g.spans).map(|s| s.name));
            }
            answer
        };
        if stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}
