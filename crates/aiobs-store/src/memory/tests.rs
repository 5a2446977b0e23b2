#![allow(clippy::unwrap_used)]
use super::*;
use crate::Store;

fn doc(kind: DocumentKind, key: &str, title: &str, body: &str) -> Document {
    Document {
        kind,
        key: key.into(),
        title: title.into(),
        body: body.into(),
        place: String::new(),
        components: vec!["Orders".into(), "db-1".into()],
        severity: Severity::ERROR,
        state: "open".into(),
        class: String::new(),
        time: Timestamp(100),
        incident: Some(IncidentId(7)),
    }
}

fn change(documents: &[Document]) -> MemoryChange {
    let words = |d: &Document| [d.title.clone(), d.body.clone()];
    MemoryChange { put: documents.iter().map(|d| (d.clone(), words(d))).collect(), ..MemoryChange::default() }
}

fn ids(found: &[Found]) -> Vec<i64> {
    found.iter().map(|f| f.id).collect()
}

#[test]
fn documents_are_found_by_words_changed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    let a = doc(DocumentKind::Incident, "1", "disk full", "no space left on device");
    let b = doc(DocumentKind::Runbook, "f#1", "clean the disk", "remove old files");
    writer.put_memory(&change(&[a.clone(), b.clone()])).unwrap();
    let all = DocumentFilter::default();
    let words = |w: &[&str]| w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let hits = reader.find_words(&words(&["space", "disk"]), &all, 10).unwrap();
    assert_eq!(hits.len(), 2);
    let (_, best) = reader.documents(&ids(&hits)).unwrap().swap_remove(0);
    assert_eq!(best, a, "both words, and everything comes back as it went in");
    let only = DocumentFilter { kinds: vec![DocumentKind::Runbook], ..all.clone() };
    assert_eq!(reader.find_words(&words(&["space", "disk"]), &only, 10).unwrap().len(), 1);
    // Quotes and operators of the search language are text.
    assert!(reader.find_words(&words(&["\" OR *", "NEAR("]), &all, 10).unwrap().is_empty());

    let changed = doc(DocumentKind::Incident, "1", "memory exhausted", "");
    writer.put_memory(&change(&[changed])).unwrap();
    assert_eq!(reader.document_marks().unwrap().len(), 2, "the same key is the same document");
    assert!(reader.find_words(&words(&["space"]), &all, 10).unwrap().is_empty(), "its old words are gone");
    let gone = ids(&reader.find_words(&words(&["memory"]), &all, 10).unwrap());
    writer.put_memory(&MemoryChange { remove: gone, ..MemoryChange::default() }).unwrap();
    assert!(reader.find_words(&words(&["memory"]), &all, 10).unwrap().is_empty());
    assert_eq!(reader.document_marks().unwrap().len(), 1);
    drop((writer, reader, store));
    Store::open(dir.path()).unwrap().0.reader().unwrap();
}

#[test]
fn filters_hold_for_words_and_vectors_alike() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    let d = doc(DocumentKind::Incident, "1", "disk", "");
    let vector = StoredVector { model: "m".into(), content: d.content(), vector: vec![3.0, 4.0] };
    writer.put_memory(&MemoryChange { vectors: vec![vector], ..change(&[d]) }).unwrap();
    let all = DocumentFilter::default();
    let some = |f: &DocumentFilter| {
        let near = reader.find_near("m", &[1.0, 0.0], f, 5).unwrap();
        let words = reader.find_words(&["disk".to_owned()], f, 5).unwrap();
        assert_eq!(near.len(), words.len(), "{f:?}");
        assert_eq!(reader.contents(f).unwrap().len(), near.len());
        !near.is_empty()
    };
    assert!(some(&all));
    assert!(some(&DocumentFilter { components: vec!["x".into(), "ORDERS".into()], ..all.clone() }));
    assert!(!some(&DocumentFilter { components: vec!["order".into()], ..all.clone() }), "whole names only");
    assert!(some(&DocumentFilter { min_severity: Some(Severity::ERROR), ..all.clone() }));
    assert!(!some(&DocumentFilter { max_severity: Some(Severity::WARN), ..all.clone() }));
    assert!(!some(&DocumentFilter { states: vec!["resolved".into()], ..all.clone() }));
    assert!(some(&DocumentFilter { from: Some(Timestamp(100)), to: Some(Timestamp(101)), ..all.clone() }));
    assert!(!some(&DocumentFilter { to: Some(Timestamp(100)), ..all.clone() }));
    assert!(reader.find_near("other", &[1.0, 0.0], &all, 5).unwrap().is_empty());
    assert!(reader.find_near("m", &[1.0, 0.0, 0.0], &all, 5).unwrap().is_empty(), "another length");
    let near = reader.find_near("m", &[10.0, 0.0], &all, 5).unwrap();
    assert!((near[0].score - 0.6).abs() < 1e-6, "the cosine: {near:?}");
}

#[test]
fn equal_texts_share_a_vector_and_other_models_are_dropped_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    let (a, b) = (doc(DocumentKind::Incident, "1", "disk", "full"), doc(DocumentKind::Incident, "2", "disk", "full"));
    let c = doc(DocumentKind::Template, "1", "memory", "");
    writer.put_memory(&change(&[c.clone(), a.clone(), b])).unwrap();
    assert_eq!(reader.vector_counts("m").unwrap(), (2, 0));
    let todo = reader.without_vector("m", 10).unwrap();
    assert_eq!(todo.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["disk\nfull", "memory"], "templates last");
    let vectors = ["m", "old"].map(|m| StoredVector { model: m.into(), content: a.content(), vector: vec![1.0] });
    writer.put_memory(&MemoryChange { vectors: vectors.to_vec(), ..MemoryChange::default() }).unwrap();
    assert_eq!(reader.vector_counts("m").unwrap(), (2, 1));
    assert_eq!(reader.find_near("m", &[1.0], &DocumentFilter::default(), 9).unwrap().len(), 2);
    let keep = MemoryChange { keep_models: Some(vec!["m".into()]), ..MemoryChange::default() };
    writer.put_memory(&keep).unwrap();
    assert_eq!((reader.vector_counts("m").unwrap(), reader.vector_counts("old").unwrap()), ((2, 1), (2, 0)));
    assert_eq!(reader.vectors("m", None, 9).unwrap().len(), 1);
    assert!(reader.vectors("m", Some(a.content()), 9).unwrap().is_empty());
    // Once no document has the text, its vector goes.
    let gone = reader.document_marks().unwrap().into_iter().filter(|m| m.kind == DocumentKind::Incident);
    writer.put_memory(&MemoryChange { remove: gone.map(|m| m.id).collect(), ..keep }).unwrap();
    assert!(reader.vectors("m", None, 9).unwrap().is_empty());
}
