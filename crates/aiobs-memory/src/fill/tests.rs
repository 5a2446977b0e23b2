#![allow(clippy::needless_for_each, clippy::unwrap_used)]
use super::*;
use crate::ServedEmbedder;
use crate::testing::{Server, block};
use aiobs_store::Store;
use aiobs_types::{Severity, Timestamp};
use serde_json::json;
use std::time::Duration;

fn doc(key: &str, title: &str) -> Document {
    Document {
        kind: DocumentKind::Runbook,
        key: key.into(),
        title: title.into(),
        body: String::new(),
        place: String::new(),
        components: Vec::new(),
        severity: Severity(0),
        state: String::new(),
        class: String::new(),
        time: Timestamp(0),
        incident: None,
    }
}

/// Answers with a vector per text, as the real server does; says no from the `fails`-th batch on.
fn ollama(fails: usize) -> Server {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |line, body| {
        assert_eq!(line, "POST /api/embed");
        if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == fails {
            return (500, json!({"error": "llama runner process has terminated"}));
        }
        if body["model"] != "nomic-embed-text" {
            return (404, json!({"error": format!("model '{}' not found", body["model"].as_str().unwrap())}));
        }
        let texts = body["input"].as_array().unwrap();
        let vectors: Vec<Vec<f32>> = texts.iter().map(|t| vec![1.0, t.as_str().unwrap().len() as f32]).collect();
        (200, json!({"model": body["model"], "embeddings": vectors, "total_duration": 1, "load_duration": 1}))
    })
}

fn served(url: &str, name: &str, connect_timeout: Duration) -> ServedEmbedder {
    let (key, headers) = (aiobs_llm::KeySource::None, Vec::new());
    let how = aiobs_llm::Connection { url: url.to_owned(), key, headers, connect_timeout };
    ServedEmbedder::new(Arc::new(aiobs_llm::Ollama::new(how, None).unwrap()), name)
}

fn engine(server: &Server, name: &str) -> Engine {
    Engine::new(Some(Arc::new(served(&server.url, name, Duration::from_secs(3)))), None)
}

#[test]
fn only_what_changed_is_stored_and_only_new_texts_are_embedded() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    let mut fill = |wanted: Vec<Document>, engine: &Engine| {
        let changes = plan(wanted, &reader.document_marks().unwrap(), &|_| false);
        let changed: usize = changes.iter().map(|c| c.put.len() + c.remove.len()).sum();
        changes.iter().for_each(|c| writer.put_memory(c).unwrap());
        let mut put = |c: MemoryChange| writer.put_memory(&c);
        let done = block(embed(&reader, engine, &mut put, &mut |_| ControlFlow::Continue(())));
        (changed, done.map_err(|e| e.to_string()))
    };
    let server = ollama(usize::MAX);
    let engine_ = engine(&server, "nomic-embed-text");
    let all: Vec<Document> = (0..70).map(|n| doc(&n.to_string(), &format!("text {n}"))).collect();
    assert_eq!(fill(all.clone(), &engine_), (70, Ok(true)));
    let sent = |server: &Server| server.requests.lock().unwrap().len();
    assert_eq!(sent(&server), 3, "in batches of 32");
    assert_eq!(fill(all.clone(), &engine_), (0, Ok(true)));
    assert_eq!(sent(&server), 3, "nothing is embedded twice");
    // One goes, one moves (same text under another name), one is new.
    let mut fewer = all[1..].to_vec();
    fewer[0].key = "moved".into();
    fewer.push(doc("new", "quite new"));
    assert_eq!(fill(fewer, &engine_), (4, Ok(true)));
    assert_eq!(sent(&server), 4);
    let last = server.requests.lock().unwrap().last().unwrap().body["input"].clone();
    assert_eq!(last, json!(["quite new"]));
    assert_eq!(reader.vector_counts("ollama/nomic-embed-text").unwrap(), (70, 70));

    // Another model: made anew, the old one's are dropped at the end. It fails on the way and goes on where it was.
    let other = Server::start(move |_, body| {
        let n = body["input"].as_array().unwrap().len();
        (200, json!({"model": "m", "embeddings": vec![vec![1.0, 2.0, 3.0]; n]}))
    });
    let broken = ollama(2);
    let all: Vec<Document> = (0..70).map(|n| doc(&n.to_string(), &format!("text {n}"))).collect();
    let (_, failed) = fill(all.clone(), &engine(&other, "m"));
    assert_eq!(failed, Ok(true));
    assert_eq!(reader.vector_counts("ollama/nomic-embed-text").unwrap(), (70, 0));
    let (_, failed) = fill(all.clone(), &engine(&broken, "nomic-embed-text"));
    assert!(failed.unwrap_err().contains("llama runner process has terminated"));
    assert_eq!(reader.vector_counts("ollama/nomic-embed-text").unwrap(), (70, 32), "what was done stays");
    assert_eq!(reader.vector_counts("ollama/m").unwrap().1, 70, "and the other model still answers");
    assert_eq!(fill(all.clone(), &engine(&broken, "nomic-embed-text")).1, Ok(true));
    let (_, missing) = fill(all, &engine(&broken, "gone"));
    let missing = missing.unwrap_err();
    assert!(missing.contains("run `ollama pull gone`"), "{missing}");
}

#[test]
fn documents_of_a_folder_that_cannot_be_read_stay() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    let wanted = vec![doc("/a/x.md#1", "one"), doc("/b/y.md#1", "two")];
    plan(wanted, &[], &|_| false).iter().for_each(|c| writer.put_memory(c).unwrap());
    let marks = reader.document_marks().unwrap();
    let changes = plan(Vec::new(), &marks, &|m| m.key.starts_with("/a/"));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].remove, [marks.iter().find(|m| m.key.starts_with("/b/")).unwrap().id]);
}

#[test]
fn it_stops_when_told_and_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    plan(vec![doc("1", "one")], &[], &|_| false).iter().for_each(|c| writer.put_memory(c).unwrap());
    let mut put = |c: MemoryChange| writer.put_memory(&c);
    let engine = Engine::default();
    assert!(!block(embed(&reader, &engine, &mut put, &mut |_| ControlFlow::Break(()))).unwrap());
    let nobody = served("http://127.0.0.1:9", "m", Duration::from_secs(1));
    let engine = Engine::new(Some(Arc::new(nobody)), None);
    let failed = block(embed(&reader, &engine, &mut put, &mut |_| ControlFlow::Continue(()))).unwrap_err();
    assert!(failed.to_string().starts_with("no embedding model at http://127.0.0.1:9 ("), "{failed}");
}

#[test]
fn nobody_waits_again_for_an_engine_that_was_late() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    plan(vec![doc("1", "disk full")], &[], &|_| false).iter().for_each(|c| writer.put_memory(c).unwrap());
    let server = ollama(usize::MAX);
    let engine = engine(&server, "nomic-embed-text");
    let mut put = |c: MemoryChange| writer.put_memory(&c);
    block(embed(&reader, &engine, &mut put, &mut |_| ControlFlow::Continue(()))).unwrap();
    let question = crate::Question { text: "disk full".into(), ..crate::Question::default() };
    let found = block(crate::near(&reader, &engine, &question)).unwrap();
    assert_eq!((found.model.as_str(), found.note), ("ollama/nomic-embed-text", None));
    engine.note_late(true);
    let found = block(crate::near(&reader, &engine, &question)).unwrap();
    assert_eq!((found.model.as_str(), found.found.len()), (LOCAL_MODEL, 1), "words answer");
    assert!(found.note.unwrap().contains("was too slow a moment ago"), "and it is said");
    engine.note_late(false);
    assert_eq!(block(crate::near(&reader, &engine, &question)).unwrap().note, None);
}
