#![allow(clippy::needless_for_each, clippy::unwrap_used)]
use super::*;
use crate::testing::{Server, block};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

type Kept = Mutex<BTreeMap<String, Vec<f64>>>;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|x| x.as_str().unwrap().to_owned()).collect()
}

/// The nearest of `kept`, as (name, cosine).
fn nearest(kept: &BTreeMap<String, Vec<f64>>, query: &[f64], among: Option<Vec<String>>) -> Vec<(String, f64)> {
    let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let cosine = |v: &[f64]| v.iter().zip(query).map(|(a, b)| a * b).sum::<f64>() / length(v) / length(query);
    let mut all: Vec<(String, f64)> = kept
        .iter()
        .filter(|(id, _)| among.as_ref().is_none_or(|a| a.contains(id)))
        .map(|(id, v)| (id.clone(), cosine(v)))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// What Qdrant 1.18's interface takes at these addresses: needed fields, and others.
const QDRANT: [(&str, &[&str], &[&str]); 7] = [
    ("PUT ", &["vectors"], &["hnsw_config", "on_disk_payload", "optimizers_config", "quantization_config", "metadata"]),
    ("PUT /points", &["points"], &["shard_key", "update_filter"]),
    ("POST /points", &["ids"], &["shard_key", "with_payload", "with_vector"]),
    ("POST /points/count", &[], &["shard_key", "filter", "exact"]),
    ("POST /points/delete", &["points"], &["shard_key"]),
    (
        "POST /points/query",
        &[],
        &["query", "filter", "params", "score_threshold", "limit", "with_vector", "with_payload"],
    ),
    ("POST /points/scroll", &[], &["offset", "limit", "filter", "with_payload", "with_vector", "order_by"]),
];

/// Whether Qdrant would take this body: it passes over fields that it does not know, which would change the meaning.
fn taken_by_qdrant(line: &str, body: &Value) {
    let address = line.replace("/collections/c", "").replace("?wait=true", "");
    let Some((_, needed, others)) = QDRANT.iter().find(|(a, _, _)| *a == address) else {
        return assert_eq!(address, "GET /exists");
    };
    let fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(needed.iter().all(|f| fields.contains(f)), "{address}: {fields:?}");
    assert!(fields.iter().all(|f| needed.contains(f) || others.contains(f)), "{address}: {fields:?}");
}

/// Qdrant 1.18's answers to what is asked here.
fn qdrant() -> Server {
    let kept = Kept::default();
    let made = Mutex::new(false);
    Server::start(move |line, body| {
        let mut kept = kept.lock().unwrap();
        let mut made = made.lock().unwrap();
        taken_by_qdrant(line, body);
        let ok = |result: Value| (200, json!({"result": result, "status": "ok", "time": 0.001}));
        if line == "GET /collections/c/exists" {
            return ok(json!({"exists": *made}));
        }
        if line == "PUT /collections/c" {
            assert_eq!(*body, json!({"vectors": {"size": 2, "distance": "Cosine"}}));
            *made = true;
            return ok(json!(true));
        }
        if !*made {
            let text = "Not found: Collection `c` doesn't exist!";
            return (404, json!({"status": {"error": text}, "time": 0.0}));
        }
        match line {
            "PUT /collections/c/points?wait=true" => {
                for p in body["points"].as_array().unwrap() {
                    if numbers(&p["vector"]).len() != 2 {
                        let text = "Wrong input: Vector dimension error: expected dim: 2, got 3";
                        return (400, json!({"status": {"error": text}, "time": 0.0}));
                    }
                    kept.insert(p["id"].as_str().unwrap().to_owned(), numbers(&p["vector"]));
                }
                ok(json!({"operation_id": 1, "status": "completed"}))
            }
            "POST /collections/c/points/count" => ok(json!({"count": kept.len()})),
            "POST /collections/c/points" => {
                let found = texts(&body["ids"]).into_iter().filter(|id| kept.contains_key(id));
                ok(found.map(|id| json!({"id": id})).collect())
            }
            "POST /collections/c/points/delete?wait=true" => {
                texts(&body["points"]).iter().for_each(|id| drop(kept.remove(id)));
                ok(json!({"operation_id": 2, "status": "completed"}))
            }
            "POST /collections/c/points/query" => {
                let among = body.pointer("/filter/must/0/has_id").map(texts);
                let found = nearest(&kept, &numbers(&body["query"]), among).into_iter();
                let limit = body["limit"].as_u64().unwrap() as usize;
                let points: Value =
                    found.take(limit).map(|(id, score)| json!({"id": id, "version": 1, "score": score})).collect();
                ok(json!({"points": points}))
            }
            "POST /collections/c/points/scroll" => {
                let limit = body["limit"].as_u64().unwrap() as usize;
                let from = body["offset"].as_str().unwrap_or_default().to_owned();
                let mut rest = kept.iter().filter(|(id, _)| **id >= from);
                let points: Value = rest.by_ref().take(limit).map(|(id, v)| json!({"id": id, "vector": v})).collect();
                ok(json!({"points": points, "next_page_offset": rest.next().map(|(id, _)| id)}))
            }
            other => panic!("{other}"),
        }
    })
}

/// Pinecone's data plane.
fn pinecone() -> Server {
    let kept = Kept::default();
    Server::start(move |line, body| {
        let mut kept = kept.lock().unwrap();
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        let asked = |name: &str| -> Vec<String> {
            let pairs = query.split('&').filter_map(|p| p.split_once('='));
            pairs.filter(|(n, _)| *n == name).map(|(_, v)| v.to_owned()).collect()
        };
        if !["GET /vectors/fetch", "GET /vectors/list", "POST /describe_index_stats"].contains(&path) {
            assert_eq!(body["namespace"], "c");
        }
        match path {
            "POST /vectors/upsert" => {
                for v in body["vectors"].as_array().unwrap() {
                    if numbers(&v["values"]).len() != 2 {
                        let text = "Vector dimension 3 does not match the dimension of the index 2";
                        return (400, json!({"code": 3, "message": text, "details": []}));
                    }
                    assert_eq!(v["id"], v["metadata"]["content"]);
                    kept.insert(v["id"].as_str().unwrap().to_owned(), numbers(&v["values"]));
                }
                (200, json!({"upsertedCount": body["vectors"].as_array().unwrap().len()}))
            }
            "GET /vectors/fetch" => {
                let found = asked("ids")
                    .into_iter()
                    .filter_map(|id| Some((id.clone(), json!({"id": id, "values": kept.get(&id)?}))));
                (200, json!({"vectors": found.collect::<serde_json::Map<_, _>>(), "namespace": "c"}))
            }
            "POST /describe_index_stats" => {
                let ours = json!({"c": {"vectorCount": kept.len()}, "other": {"vectorCount": 7}});
                (200, json!({"namespaces": if kept.is_empty() { json!({}) } else { ours }, "dimension": 2}))
            }
            "POST /vectors/delete" => {
                texts(&body["ids"]).iter().for_each(|id| drop(kept.remove(id)));
                (200, json!({}))
            }
            "POST /query" => {
                let among = body.pointer("/filter/content/$in").map(texts);
                let found = nearest(&kept, &numbers(&body["vector"]), among).into_iter();
                let most = body["topK"].as_u64().unwrap() as usize;
                let matches: Value = found.take(most).map(|(id, score)| json!({"id": id, "score": score})).collect();
                (200, json!({"matches": matches, "namespace": "c"}))
            }
            "GET /vectors/list" => {
                let limit: usize = asked("limit")[0].parse().unwrap();
                let from = asked("paginationToken").pop().unwrap_or_default();
                let mut rest = kept.keys().filter(|id| **id >= from);
                let vectors: Value = rest.by_ref().take(limit).map(|id| json!({"id": id})).collect();
                let mut answer = json!({"vectors": vectors, "namespace": "c"});
                if let Some(next) = rest.next() {
                    answer["pagination"] = json!({"next": next});
                }
                (200, answer)
            }
            other => panic!("{other}"),
        }
    })
}

/// What every store must do.
pub(crate) fn contract(store: &dyn VectorStore) {
    let [a, b, c] = ["a", "b", "c"].map(|t| ContentHash::of(&[t]));
    block(async {
        assert!(store.known(vec![a, b]).await.unwrap().is_empty(), "before anything was put");
        assert!(store.near(vec![1.0, 0.0], None, 5).await.unwrap().is_empty());
        assert_eq!(store.page(None, 5).await.unwrap(), Page::default());
        assert_eq!(store.count().await.unwrap(), 0);
        store.remove(vec![a]).await.unwrap();
        store.put(vec![(a, vec![1.0, 0.0]), (b, vec![0.6, 0.8])]).await.unwrap();
        store.put(vec![(b, vec![0.6, 0.8]), (c, vec![0.0, 1.0])]).await.unwrap();
        store.put(Vec::new()).await.unwrap();
        assert_eq!(store.count().await.unwrap(), 3, "one that is put again replaces the earlier");
        let mut known = store.known(vec![a, c, ContentHash(5)]).await.unwrap();
        known.sort();
        let mut both = vec![a, c];
        both.sort();
        assert_eq!(known, both);
        let near = store.near(vec![1.0, 0.1], None, 2).await.unwrap();
        assert_eq!(near.iter().map(|n| n.0).collect::<Vec<_>>(), [a, b], "nearest first, no more than asked for");
        assert!((near[0].1 - 0.995).abs() < 0.01, "the cosine: {near:?}");
        let near = store.near(vec![1.0, 0.1], Some(vec![c, b]), 5).await.unwrap();
        assert_eq!(near.iter().map(|n| n.0).collect::<Vec<_>>(), [b, c], "only of those");
        let first = store.page(None, 2).await.unwrap();
        assert_eq!(first.points.len(), 2);
        let second = store.page(first.next.clone(), 2).await.unwrap();
        let mut all: Vec<Point> = first.points.into_iter().chain(second.points).collect();
        all.sort_by_key(|p| p.0);
        assert_eq!(all.len(), 3);
        assert!(all.iter().any(|(content, v)| *content == b && (v[1] - 0.8).abs() < 1e-6));
        assert_eq!(second.next, None);
        store.remove(vec![a, ContentHash(5)]).await.unwrap();
        assert_eq!(store.known(vec![a, b]).await.unwrap(), [b]);
        let wrong = store.put(vec![(a, vec![1.0, 2.0, 3.0])]).await.unwrap_err();
        assert!(matches!(wrong, VectorError::Refused { .. }), "another dimension: {wrong}");
        assert!(wrong.to_string().contains("dimension"), "{wrong}");
    });
}

#[test]
fn qdrant_keeps_the_contract() {
    let server = qdrant();
    contract(&Qdrant::new(&server.url, "c", Some("s3cret")).unwrap());
    let requests = server.requests.lock().unwrap();
    assert!(requests.iter().all(|r| r.headers.iter().any(|h| h.eq_ignore_ascii_case("api-key: s3cret"))));
}

#[test]
fn pinecone_keeps_the_contract() {
    let server = pinecone();
    contract(&Pinecone::new(&server.url, "c", Some("s3cret")).unwrap());
    let requests = server.requests.lock().unwrap();
    assert!(requests.iter().all(|r| r.headers.iter().any(|h| h.eq_ignore_ascii_case("api-key: s3cret"))));
    assert!(requests.iter().all(|r| r.headers.iter().any(|h| h.starts_with("x-pinecone-api-version: "))));
    assert!(requests[0].line.starts_with("GET /vectors/fetch?ids=") && requests[0].line.ends_with("&namespace=c"));
}

#[test]
fn vectors_move_from_one_store_to_another_once() {
    let (old, new) = (qdrant(), pinecone());
    let from = Qdrant::new(&old.url, "c", None).unwrap();
    let to = Pinecone::new(&new.url, "c", None).unwrap();
    let points: Vec<Point> = (0..250).map(|n| (ContentHash::of(&[&n.to_string()]), vec![1.0, n as f32])).collect();
    block(async {
        from.put(points.clone()).await.unwrap();
        let mut heard = Vec::new();
        let mut twice = |moved: Moved| {
            heard.push(moved.copied);
            moved.copied < 200
        };
        let stopped = migrate(&from, &to, &mut twice).await.unwrap();
        assert_eq!(stopped, Moved { copied: 200, there: 0, all: 250 }, "it can be stopped");
        assert_eq!(heard, [0, 100, 200]);
        let done = migrate(&from, &to, &mut |_| true).await.unwrap();
        assert_eq!(done, Moved { copied: 50, there: 200, all: 250 }, "and goes on");
        assert_eq!(to.known(points.iter().map(|p| p.0).collect()).await.unwrap().len(), 250);
    });
}

#[test]
fn faults_are_told_with_the_place() {
    let nobody = Qdrant::new("http://127.0.0.1:9", "c", None).unwrap();
    let e = block(nobody.known(vec![ContentHash(1)])).unwrap_err().to_string();
    assert!(e.starts_with("no vector store at qdrant http://127.0.0.1:9 ("), "{e}");
    let busy = Server::start(|_, _| (503, json!({"status": {"error": "shard is\nnot ready"}})));
    let e = block(Qdrant::new(&busy.url, "c", None).unwrap().known(vec![ContentHash(1)])).unwrap_err().to_string();
    assert!(e.ends_with("refused (503): shard is not ready"), "{e}");
    assert!(Qdrant::new("no address", "c", None).is_err());
    assert!(Pinecone::new("http://x", "c", Some("a\nb")).is_err());
    assert_eq!(collection_name("aiobs", "ollama/nomic-embed-text:v1.5"), "aiobs-ollama-nomic-embed-text-v1-5");
    let content = ContentHash::of(&["x"]);
    assert_eq!(content_of(&id_of(content)), Some(content));
    assert_eq!(content_of("12"), None);
}
