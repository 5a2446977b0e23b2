//! A stand-in for servers that speak JSON over HTTP, for this crate's tests: answers come from a closure, requests are
//! kept.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Value,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets `METHOD /path?query` and the body; gives status and body.
    pub(crate) fn start(answer: impl Fn(&str, &Value) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut lines = Vec::new();
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
                        break;
                    }
                    lines.push(line.trim().to_owned());
                }
                if lines.is_empty() {
                    continue;
                }
                let length =
                    lines.iter().find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                let mut body = vec![0; length.map_or(0, |l| l.parse().unwrap())];
                reader.read_exact(&mut body).unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let line = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
                let (status, said) = answer(&line, &body);
                kept.lock().unwrap().push(Request { line, headers: lines[1..].to_vec(), body });
                let said = said.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    said.len()
                );
                stream.write_all((head + &said).as_bytes()).unwrap();
            }
        });
        Self { url, requests }
    }
}

/// Runs a future to its end.
pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
