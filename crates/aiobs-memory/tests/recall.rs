//! Does the search find what people mean? A labelled set of documents and questions written for this purpose, of
//! recall within the first five and the mean reciprocal rank (MRR) by words, by vectors and by both.
//! `cargo test -p aiobs-memory --test recall -- --nocapture` prints the numbers and what was missed.
#![allow(clippy::unwrap_used)]

use aiobs_memory::{LOCAL_MODEL, Mode, Question, embed_question, local, search, stems};
use aiobs_store::{MemoryChange, Reader, Store, StoredVector};
use aiobs_types::{Document, DocumentKind, Severity, Timestamp};

const DOCUMENTS: &str = include_str!("recall/documents.txt");
const QUERIES: &str = include_str!("recall/queries.txt");
/// Questions that nothing was adjusted to.
const HELD_OUT: &str = include_str!("recall/heldout.txt");
/// Questions with numbers and names in them.
const NUMBERS: &str = include_str!("recall/numbers.txt");

fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines.map(|l| l.split('|').map(str::trim).collect()).collect()
}

fn documents() -> Vec<Document> {
    let document = |row: Vec<&str>| {
        let [name, kind, component, title, body] = row[..] else { panic!("{row:?}") };
        Document {
            kind: DocumentKind::parse(kind).unwrap(),
            key: name.into(),
            title: title.into(),
            body: body.into(),
            place: String::new(),
            components: vec![component.into()],
            severity: Severity::ERROR,
            state: String::new(),
            class: String::new(),
            time: Timestamp(0),
            incident: None,
        }
    };
    rows(DOCUMENTS).into_iter().map(document).collect()
}

fn queries(text: &str) -> Vec<(String, Vec<String>)> {
    let query = |row: Vec<&str>| {
        let [text, right] = row[..] else { panic!("{row:?}") };
        (text.to_owned(), right.split(", ").map(str::to_owned).collect())
    };
    rows(text).into_iter().map(query).collect()
}

fn filled(dir: &std::path::Path) -> Reader {
    let (store, _) = Store::open(dir).unwrap();
    let documents = documents();
    let vector = |d: &Document| StoredVector {
        model: LOCAL_MODEL.into(),
        content: d.content(),
        vector: local::embed(&d.text()),
    };
    let change = MemoryChange {
        vectors: documents.iter().map(vector).collect(),
        put: documents.into_iter().map(|d| (d.clone(), [stems(&d.title), stems(&d.body)])).collect(),
        ..MemoryChange::default()
    };
    store.writer().unwrap().put_memory(&change).unwrap();
    store.reader().unwrap()
}

#[derive(Debug, Default)]
struct Quality {
    recall: f64,
    mrr: f64,
    missed: Vec<String>,
}

fn quality(reader: &Reader, questions: &str, mode: Mode) -> Quality {
    let queries = queries(questions);
    let mut q = Quality::default();
    for (text, right) in &queries {
        let question = Question { text: text.clone(), mode, limit: 50, ..Question::default() };
        let near = reader.find_near(LOCAL_MODEL, &embed_question(reader, text).unwrap(), &question.filter, 50).unwrap();
        let hits = search(reader, &question, &near).unwrap();
        let keys: Vec<&String> = hits.iter().map(|h| &h.document.key).collect();
        let within = right.iter().filter(|r| keys.iter().take(5).any(|k| k == r)).count();
        q.recall += within as f64 / right.len() as f64;
        let rank = keys.iter().position(|k| right.contains(k));
        q.mrr += rank.map_or(0.0, |r| 1.0 / (r + 1) as f64);
        if rank.is_none_or(|r| r >= 5) {
            q.missed.push(format!("{text} -> {right:?}, found {:?}", keys.iter().take(3).collect::<Vec<_>>()));
        }
    }
    q.recall /= queries.len() as f64;
    q.mrr /= queries.len() as f64;
    q
}

/// Quality by words, by vectors and by both, printed.
fn measured(reader: &Reader, what: &str, questions: &str) -> [Quality; 3] {
    let all = [Mode::Words, Mode::Vectors, Mode::Hybrid].map(|m| quality(reader, questions, m));
    println!("{what}: {} documents, {} questions", documents().len(), queries(questions).len());
    for (name, q) in ["words", "vectors", "hybrid"].iter().zip(&all) {
        println!("  {name:<8} recall@5 {:.3}  MRR {:.3}", q.recall, q.mrr);
    }
    all[2].missed.iter().for_each(|m| println!("  missed: {m}"));
    all
}

#[test]
fn both_lists_together_find_at_least_what_either_finds() {
    let dir = tempfile::tempdir().unwrap();
    let reader = filled(dir.path());
    let [words, vectors, hybrid] = measured(&reader, "set", QUERIES);
    assert!(hybrid.recall >= words.recall.max(vectors.recall), "recall");
    assert!(hybrid.mrr >= words.mrr.max(vectors.mrr), "MRR");
    assert!(words.recall >= 0.6 && vectors.recall >= 0.8 && hybrid.recall >= 0.85, "recall");
    assert!(words.mrr >= 0.5 && vectors.mrr >= 0.65 && hybrid.mrr >= 0.7, "MRR");
    let [_, _, hybrid] = measured(&reader, "held out", HELD_OUT);
    assert!(hybrid.recall >= 0.8 && hybrid.mrr >= 0.65, "held out: {} {}", hybrid.recall, hybrid.mrr);
}

#[test]
fn numbers_and_names_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let reader = filled(dir.path());
    let [words, vectors, hybrid] = measured(&reader, "numbers", NUMBERS);
    assert!(hybrid.recall >= words.recall.max(vectors.recall).max(0.95), "recall");
    assert!(hybrid.mrr >= words.mrr.max(vectors.mrr).max(0.9), "MRR");
}

#[test]
fn the_set_is_whole() {
    let names: Vec<String> = documents().into_iter().map(|d| d.key).collect();
    let queries: Vec<_> = [QUERIES, HELD_OUT, NUMBERS].into_iter().flat_map(queries).collect();
    assert!(names.len() >= 150 && queries.len() >= 100);
    for (text, right) in &queries {
        assert!(right.iter().all(|r| names.contains(r)), "{text}: {right:?}");
    }
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len(), "names are unique");
}
