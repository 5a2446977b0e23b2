//! Documents that can be found by their words (FTS5, BM25) and by the vectors of their texts (exact search: every
//! vector is compared, none is missed). Who fills it decides what the words are and makes the vectors; this file knows
//! neither languages nor models. Everything in it can be made again from what it was made from.

mod filter;
#[cfg(test)]
mod tests;
mod vectors;

pub use vectors::{StoredVector, normalized};

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::writer::Writer;
use aiobs_types::{ContentHash, Document, DocumentFilter, DocumentKind, IncidentId, Severity, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

const DOING: &str = "searching the memory";
const STORING: &str = "storing the memory";
/// What a hit in the title counts beside one in the body.
const TITLE: f64 = 2.0;

/// A stored document as the next filling compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentMark {
    /// Its number.
    pub id: i64,
    /// What it tells of.
    pub kind: DocumentKind,
    /// Which one.
    pub key: String,
    /// Names its text.
    pub content: ContentHash,
    /// Names the rest.
    pub facts: u64,
}

/// What changes together.
#[derive(Clone, Debug, Default)]
pub struct MemoryChange {
    /// New or changed documents, each with the words of its title and of its body, separated by blanks.
    pub put: Vec<(Document, [String; 2])>,
    /// Documents that are gone, by number.
    pub remove: Vec<i64>,
    /// New vectors.
    pub vectors: Vec<StoredVector>,
    /// Vectors that go, by model and content.
    pub forget: Vec<(String, ContentHash)>,
    /// Drops the vectors of every model but these, and those of texts that no document has any more.
    pub keep_models: Option<Vec<String>>,
}

impl MemoryChange {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.put.is_empty()
            && self.remove.is_empty()
            && self.vectors.is_empty()
            && self.forget.is_empty()
            && self.keep_models.is_none()
    }
}

/// A document and how well it fits, more is better; the scale is that of the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Its number.
    pub id: i64,
    /// How well.
    pub score: f64,
}

pub(crate) fn blob(hash: ContentHash) -> [u8; 16] {
    hash.0.to_be_bytes()
}

pub(crate) fn hash(bytes: &[u8]) -> ContentHash {
    let mut whole = [0; 16];
    let n = bytes.len().min(16);
    whole[..n].copy_from_slice(&bytes[..n]);
    ContentHash(u128::from_be_bytes(whole))
}

/// Components one per line, with line breaks around each, so that one can be looked for as a whole.
fn joined(components: &[String]) -> String {
    let mut out = String::from("\n");
    for c in components {
        out.extend(c.chars().map(|c| if c == '\n' { ' ' } else { c }));
        out.push('\n');
    }
    out
}

impl Writer {
    /// Stores everything or nothing.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_memory(&mut self, change: &MemoryChange) -> Result<()> {
        let tx = self.conn.transaction().doing(STORING)?;
        for id in &change.remove {
            tx.prepare_cached("DELETE FROM document_text WHERE rowid = ?")
                .doing(STORING)?
                .execute([id])
                .doing(STORING)?;
            tx.prepare_cached("DELETE FROM document WHERE id = ?").doing(STORING)?.execute([id]).doing(STORING)?;
        }
        for (document, words) in &change.put {
            put(&tx, document, words).doing(STORING)?;
        }
        for v in &change.vectors {
            vectors::put(&tx, v).doing(STORING)?;
        }
        for (model, content) in &change.forget {
            tx.prepare_cached("DELETE FROM vector WHERE model = ? AND content = ?")
                .doing(STORING)?
                .execute(params![model, blob(*content)])
                .doing(STORING)?;
        }
        if let Some(models) = &change.keep_models {
            vectors::prune(&tx, models).doing(STORING)?;
        }
        tx.commit().doing(STORING)
    }
}

fn put(conn: &Connection, d: &Document, words: &[String; 2]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO document(kind, key, title, body, place, components, severity, state, class, time, incident, \
               content, facts) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
               ON CONFLICT(kind, key) DO UPDATE SET title = ?3, body = ?4, place = ?5, components = ?6, severity = ?7, \
               state = ?8, class = ?9, time = ?10, incident = ?11, content = ?12, facts = ?13 RETURNING id";
    let id: i64 = conn.prepare_cached(sql)?.query_row(
        params![
            d.kind.name(),
            d.key,
            d.title,
            d.body,
            d.place,
            joined(&d.components),
            d.severity.0,
            d.state,
            d.class,
            d.time.0,
            d.incident.map(|i| i.0 as i64),
            blob(d.content()),
            d.facts() as i64,
        ],
        |r| r.get(0),
    )?;
    conn.prepare_cached("DELETE FROM document_text WHERE rowid = ?")?.execute([id])?;
    conn.prepare_cached("INSERT INTO document_text(rowid, title, body) VALUES(?, ?, ?)")?
        .execute(params![id, words[0], words[1]])?;
    Ok(())
}

const COLUMNS: &str = "id, kind, key, title, body, place, components, severity, state, class, time, incident";

fn document(row: &Row<'_>) -> rusqlite::Result<Option<(i64, Document)>> {
    let Some(kind) = DocumentKind::parse(&row.get::<_, String>(1)?) else { return Ok(None) };
    let components: String = row.get(6)?;
    let document = Document {
        kind,
        key: row.get(2)?,
        title: row.get(3)?,
        body: row.get(4)?,
        place: row.get(5)?,
        components: components.split('\n').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
        severity: Severity(row.get(7)?),
        state: row.get(8)?,
        class: row.get(9)?,
        time: Timestamp(row.get(10)?),
        incident: row.get::<_, Option<i64>>(11)?.map(|i| IncidentId(i as u64)),
    };
    Ok(Some((row.get(0)?, document)))
}

impl Reader {
    /// Whether a program that remembers has written this archive.
    pub(crate) fn remembers(&self) -> Result<bool> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'document_text'";
        self.conn.query_row(there, [], |r| r.get::<_, i64>(0)).map(|n| n > 0).doing(DOING)
    }

    /// All documents, without their texts.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn document_marks(&self) -> Result<Vec<DocumentMark>> {
        if !self.remembers()? {
            return Ok(Vec::new());
        }
        let mut statement =
            self.conn.prepare_cached("SELECT id, kind, key, content, facts FROM document ORDER BY id").doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut marks = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let kind = row.get_ref(1).doing(DOING)?.as_str().ok().and_then(DocumentKind::parse);
            let content = row.get_ref(3).doing(DOING)?.as_blob().map(hash).unwrap_or_default();
            let Some(kind) = kind else { continue };
            marks.push(DocumentMark {
                id: row.get(0).doing(DOING)?,
                kind,
                key: row.get(2).doing(DOING)?,
                content,
                facts: row.get::<_, i64>(4).doing(DOING)? as u64,
            });
        }
        Ok(marks)
    }

    /// These documents, in the order asked for; those that are gone are left out.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn documents(&self, ids: &[i64]) -> Result<Vec<(i64, Document)>> {
        let sql = format!("SELECT {COLUMNS} FROM document WHERE id = ?");
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let mut rows = statement.query([id]).doing(DOING)?;
            if let Some(row) = rows.next().doing(DOING)? {
                found.extend(document(row).doing(DOING)?);
            }
        }
        Ok(found)
    }

    /// Documents of one kind, by key; at most `limit`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn documents_of(&self, kind: DocumentKind, limit: usize) -> Result<Vec<(i64, Document)>> {
        if !self.remembers()? {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT {COLUMNS} FROM document WHERE kind = ? ORDER BY place, id LIMIT ?");
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let rows = statement.query_map(params![kind.name(), limit as i64], document).doing(DOING)?;
        let rows = rows.collect::<rusqlite::Result<Vec<_>>>().doing(DOING)?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// The documents that hold most of these words, by BM25 (a hit in the title counts double), best first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn find_words(&self, words: &[String], filter: &DocumentFilter, limit: usize) -> Result<Vec<Found>> {
        if words.is_empty() || !self.remembers()? {
            return Ok(Vec::new());
        }
        let quoted: Vec<String> = words.iter().map(|w| format!("\"{}\"", w.replace('"', "\"\""))).collect();
        let mut values = vec![Value::from(quoted.join(" OR "))];
        let holds = filter::sql(filter, &mut values);
        values.push(Value::from(limit as i64));
        let sql = format!(
            "SELECT d.id, -bm25(document_text, {TITLE}, 1.0) AS score FROM document_text \
             JOIN document d ON d.id = document_text.rowid WHERE document_text MATCH ?1{holds} \
             ORDER BY score DESC, d.id LIMIT ?{}",
            values.len()
        );
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let rows = statement
            .query_map(params_from_iter(values), |r| Ok(Found { id: r.get(0)?, score: r.get(1)? }))
            .doing(DOING)?;
        rows.collect::<rusqlite::Result<_>>().doing(DOING)
    }

    /// How many documents there are, and in how many each of these words is.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn word_counts(&self, words: &[String]) -> Result<(u64, Vec<u64>)> {
        if !self.remembers()? {
            return Ok((0, vec![0; words.len()]));
        }
        let count = |r: &Row<'_>| r.get::<_, i64>(0).map(|n| n as u64);
        let all = self.conn.query_row("SELECT count(*) FROM document", [], count).doing(DOING)?;
        let sql = "SELECT count(*) FROM document_text WHERE document_text MATCH ?";
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let mut counts = Vec::with_capacity(words.len());
        for word in words {
            let quoted = format!("\"{}\"", word.replace('"', "\"\""));
            counts.push(statement.query_row([quoted], count).doing(DOING)?);
        }
        Ok((all, counts))
    }

    /// Changes when another connection has changed the database.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn data_version(&self) -> Result<i64> {
        self.conn.query_row("PRAGMA data_version", [], |r| r.get(0)).doing(DOING)
    }
}
