//! The worker on a real database and a real connection.
#![allow(clippy::unwrap_used)]

mod server;

use crate::{Exporter, Item, Otlp, OtlpOptions, Outbox, Pace, SyncState};
use aiobs_store::{Commit, OutboxEntry, OutboxRow, OutboxState, Reader, Store, Writer};
use aiobs_types::{Span, SpanId, SpanStatus, Timestamp, TraceId};
use server::{Quiet, Server};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longest wait for what must come.
const LIMIT: Duration = Duration::from_secs(30);

struct Db {
    inner: Mutex<(Writer, Reader)>,
    _store: Store,
    _dir: tempfile::TempDir,
}

impl Outbox for Db {
    fn take(&self, remote: &str, limit: u32) -> Result<Vec<OutboxRow>, String> {
        self.inner.lock().unwrap().1.outbox(remote, limit).map_err(|e| e.to_string())
    }
    fn ack(&self, remote: &str, through: u64) -> Result<(), String> {
        self.inner.lock().unwrap().0.ack_outbox(remote, through).map_err(|e| e.to_string())
    }
    fn state(&self, remote: &str) -> Result<OutboxState, String> {
        self.inner.lock().unwrap().1.outbox_state(remote).map_err(|e| e.to_string())
    }
}

impl Db {
    fn new(limit: u32) -> Arc<Self> {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let mut writer = store.writer().unwrap();
        writer.limit_outbox(limit);
        let inner = Mutex::new((writer, store.reader().unwrap()));
        Arc::new(Self { inner, _store: store, _dir: dir })
    }

    fn put(&self, numbers: std::ops::Range<u64>) {
        let entry = |n: u64| {
            let span = Span {
                trace: TraceId(1),
                id: SpanId(n + 1),
                parent: None,
                name: n.to_string(),
                start: Timestamp(5),
                end: Some(Timestamp(9)),
                status: SpanStatus::Ok,
                attributes: Vec::new(),
            };
            OutboxEntry { remote: "otlp".into(), body: Item::from_span(&span).unwrap().to_body().unwrap() }
        };
        let outbox = numbers.map(entry).collect();
        self.inner.lock().unwrap().0.commit(&Commit { outbox, ..Commit::default() }).unwrap();
    }
}

fn pace() -> Pace {
    let (first, most) = (Duration::from_millis(5), Duration::from_millis(20));
    Pace { batch: 4, first, most, look: Duration::from_mins(10), full_jitter: false }
}

fn start(db: &Arc<Db>, address: SocketAddr) -> Exporter {
    let endpoint = format!("http://{address}");
    let remote = Otlp::new(OtlpOptions { endpoint: &endpoint, token: Some("hidden"), version: "1" }).unwrap();
    let rt = tokio::runtime::Handle::current();
    Exporter::spawn(&rt, remote, Arc::clone(db) as Arc<dyn Outbox>, pace(), |_| {})
}

async fn until(exporter: &Exporter, what: impl Fn(&SyncState) -> bool) -> SyncState {
    let reached = async {
        while !what(&exporter.state()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let reached = tokio::time::timeout(LIMIT, reached).await;
    assert!(reached.is_ok(), "never came: {:?}", exporter.state());
    exporter.state()
}

fn names(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| n.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_once_and_in_order_after_the_remote_was_down() {
    let (db, quiet) = (Db::new(1000), Quiet::new());
    let address = quiet.address;
    db.put(0..10);
    let exporter = start(&db, address);
    let down = until(&exporter, |s| s.last_error.is_some() && s.waiting == 10).await;
    assert_eq!(down.sent, 0);
    let error = down.last_error.unwrap();
    assert!(error.starts_with(&format!("{address} can't be reached: ")), "{error}");

    db.put(10..25);
    let busy = "503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
    let server = quiet.listen(&[busy, "429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"]);
    until(&exporter, |s| s.sent == 25).await;
    db.put(25..30);
    exporter.waker().notify_one();
    let up = until(&exporter, |s| s.sent == 30 && s.waiting == 0).await;
    assert_eq!((up.refused, up.dropped, up.last_error), (0, 0, None));
    exporter.stop(LIMIT).await;
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.names, names(0..30));
    assert!(seen.lines.iter().all(|l| l == "POST /v1/traces HTTP/1.1"), "{:?}", seen.lines);
    assert!(!seen.tokens.is_empty() && seen.tokens.iter().all(|t| t == "Bearer hidden"), "{:?}", seen.tokens);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_refused_is_dropped_and_counted() {
    let db = Db::new(1000);
    db.put(0..6);
    let bad = "400 Bad Request\r\ncontent-length: 27\r\n\r\n{\"message\":\"hidden is bad\"}";
    let server = Server::start(&[bad]);
    let exporter = start(&db, server.address);
    let state = until(&exporter, |s| s.waiting == 0 && s.sent + s.refused == 6).await;
    assert_eq!((state.sent, state.refused), (2, 4));
    assert_eq!(server.seen.lock().unwrap().names, names(4..6), "not sent again");

    server.seen.lock().unwrap().script.push_back(bad);
    db.put(6..7);
    exporter.waker().notify_one();
    let state = until(&exporter, |s| s.refused == 5).await;
    let told = format!("{} answered 400 Bad Request: [token] is bad", server.address);
    assert_eq!(state.last_error, Some(told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_refused_is_counted_and_told() {
    let db = Db::new(1000);
    db.put(0..4);
    let part = "200 OK\r\ncontent-length: 65\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"too old\"}}";
    let server = Server::start(&[part]);
    let exporter = start(&db, server.address);
    let state = until(&exporter, |s| s.refused == 3 && s.waiting == 0).await;
    assert_eq!((state.sent, state.last_error.as_deref()), (1, Some("too old")));
    assert_eq!(server.seen.lock().unwrap().lines.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_that_stays_down_fills_the_outbox_only_to_its_bound() {
    let (db, quiet) = (Db::new(8), Quiet::new());
    let exporter = start(&db, quiet.address);
    for n in 0..5 {
        db.put(n * 4..n * 4 + 4);
        exporter.waker().notify_one();
    }
    let state = until(&exporter, |s| s.dropped == 12 && s.last_error.is_some()).await;
    assert_eq!(state.waiting, 8);
    let server = quiet.listen(&[]);
    until(&exporter, |s| s.sent == 8 && s.waiting == 0).await;
    assert_eq!(server.seen.lock().unwrap().names, names(12..20), "the newest are kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_sends_what_waits_and_leaves_the_rest_for_the_next_start() {
    let db = Db::new(1000);
    let server = Server::start(&[]);
    let exporter = start(&db, server.address);
    db.put(0..9);
    exporter.stop(LIMIT).await;
    assert_eq!(server.seen.lock().unwrap().names, names(0..9));

    let quiet = Quiet::new();
    let nowhere = start(&db, quiet.address);
    db.put(9..12);
    nowhere.waker().notify_one();
    until(&nowhere, |s| s.last_error.is_some()).await;
    nowhere.stop(LIMIT).await;
    drop(quiet);
    let again = start(&db, server.address);
    until(&again, |s| s.sent == 3).await;
    assert_eq!(server.seen.lock().unwrap().names, names(0..12));
}

/// Whatever moment the stop comes in, what was put there before it is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_put_before_the_stop_waits_for_the_next_start() {
    let db = Db::new(1000);
    let server = Server::start(&[]);
    for round in 0..40 {
        let exporter = start(&db, server.address);
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        db.put(round..round + 1);
        exporter.stop(LIMIT).await;
        assert_eq!(server.seen.lock().unwrap().names.len() as u64, round + 1);
    }
}
