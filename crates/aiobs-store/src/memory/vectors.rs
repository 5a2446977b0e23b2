//! Vectors of texts: 32-bit floats of length 1, stored little endian, by model and content. The search compares all.

use super::{DOING, Found, blob, filter, hash};
use crate::error::{Doing, Result};
use crate::reader::Reader;
use aiobs_types::{ContentHash, DocumentFilter};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

/// The vector of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVector {
    /// Model that made it, with its version.
    pub model: String,
    /// Of which text.
    pub content: ContentHash,
    /// As it came; it is stored with length 1.
    pub vector: Vec<f32>,
}

/// The vector with length 1; one without a direction stays as it is, as does one that has been here already, to the bit.
pub fn normalized(mut vector: Vec<f32>) -> Vec<f32> {
    /// What is left between the length of a vector that was divided by it and 1.
    const ROUNDED: f32 = 1e-6;
    let length = dot(&vector, &vector).sqrt();
    if length.is_finite() && length > 0.0 && (length - 1.0).abs() > ROUNDED {
        for x in &mut vector {
            *x /= length;
        }
    }
    vector
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums side by side: the compiler makes vector instructions of them.
    let mut sums = [0.0f32; 8];
    let (wide_a, wide_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = wide_a.remainder().iter().zip(wide_b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in wide_a.zip(wide_b) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn decode(bytes: &[u8], into: &mut Vec<f32>) {
    into.clear();
    into.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
}

pub(super) fn put(conn: &Connection, v: &StoredVector) -> rusqlite::Result<()> {
    let vector = bytes(&normalized(v.vector.clone()));
    conn.prepare_cached("INSERT OR REPLACE INTO vector(model, content, vector) VALUES(?, ?, ?)")?.execute(params![
        v.model,
        blob(v.content),
        vector
    ])?;
    Ok(())
}

/// Drops the vectors of other models, and those of texts that no document has.
pub(super) fn prune(conn: &Connection, models: &[String]) -> rusqlite::Result<()> {
    let marks: Vec<&str> = models.iter().map(|_| "?").collect();
    let sql = format!("DELETE FROM vector WHERE model NOT IN ({})", marks.join(", "));
    conn.execute(&sql, params_from_iter(models))?;
    conn.execute(
        "DELETE FROM vector WHERE NOT EXISTS (SELECT 1 FROM document d WHERE d.content = vector.content)",
        [],
    )?;
    Ok(())
}

impl Reader {
    /// The documents whose vectors of this model lie nearest to `query` (cosine), nearest first. Vectors of another
    /// length are passed over.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn find_near(&self, model: &str, query: &[f32], filter: &DocumentFilter, limit: usize) -> Result<Vec<Found>> {
        if limit == 0 || !self.remembers()? {
            return Ok(Vec::new());
        }
        let query = normalized(query.to_vec());
        let mut values = vec![Value::from(model.to_owned())];
        let holds = filter::sql(filter, &mut values);
        let sql = format!(
            "SELECT d.id, v.vector FROM document d JOIN vector v ON v.model = ?1 AND v.content = d.content \
             WHERE 1{holds}"
        );
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let mut rows = statement.query(params_from_iter(values)).doing(DOING)?;
        let mut found = Vec::new();
        let mut vector = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let Ok(stored) = row.get_ref(1).doing(DOING)?.as_blob() else { continue };
            if stored.len() != query.len() * 4 {
                continue;
            }
            decode(stored, &mut vector);
            found.push(Found { id: row.get(0).doing(DOING)?, score: f64::from(dot(&query, &vector)) });
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        found.truncate(limit);
        Ok(found)
    }

    /// Texts of documents without a vector of this model: at most `limit`, in the order the documents came.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn without_vector(&self, model: &str, limit: usize) -> Result<Vec<(ContentHash, String)>> {
        if !self.remembers()? {
            return Ok(Vec::new());
        }
        let sql = "SELECT d.content, d.title, d.body FROM document d WHERE NOT EXISTS \
                   (SELECT 1 FROM vector v WHERE v.model = ?1 AND v.content = d.content) \
                   GROUP BY d.content ORDER BY min(d.kind = 'template'), min(d.id) LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let mut rows = statement.query(params![model, limit as i64]).doing(DOING)?;
        let mut texts = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let content = row.get_ref(0).doing(DOING)?.as_blob().map(hash).unwrap_or_default();
            let (title, body): (String, String) = (row.get(1).doing(DOING)?, row.get(2).doing(DOING)?);
            texts.push((content, if body.is_empty() { title } else { format!("{title}\n{body}") }));
        }
        Ok(texts)
    }

    /// Different texts there are, and how many of them have a vector of this model.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn vector_counts(&self, model: &str) -> Result<(u64, u64)> {
        if !self.remembers()? {
            return Ok((0, 0));
        }
        let sql = "SELECT count(*), total(EXISTS (SELECT 1 FROM vector v WHERE v.model = ? AND v.content = t.content)) \
                   FROM (SELECT DISTINCT content FROM document) t";
        self.conn
            .prepare_cached(sql)
            .doing(DOING)?
            .query_row([model], |r| Ok((r.get::<_, i64>(0)? as u64, r.get::<_, f64>(1)? as u64)))
            .doing(DOING)
    }

    /// Vectors of this model whose contents come after `after`, in the order of the contents; at most `limit`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn vectors(&self, model: &str, after: Option<ContentHash>, limit: usize) -> Result<Vec<StoredVector>> {
        if !self.remembers()? {
            return Ok(Vec::new());
        }
        let sql = "SELECT content, vector FROM vector WHERE model = ?1 AND content > ?2 ORDER BY content LIMIT ?3";
        let after: Vec<u8> = after.map(|h| blob(h).to_vec()).unwrap_or_default();
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let mut rows = statement.query(params![model, after, limit as i64]).doing(DOING)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let content = row.get_ref(0).doing(DOING)?.as_blob().map(hash).unwrap_or_default();
            let mut vector = Vec::new();
            if let Ok(stored) = row.get_ref(1).doing(DOING)?.as_blob() {
                decode(stored, &mut vector);
            }
            found.push(StoredVector { model: model.to_owned(), content, vector });
        }
        Ok(found)
    }

    /// Those of `contents` that have a vector of this model, in their order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn with_vector(&self, model: &str, contents: &[ContentHash]) -> Result<Vec<ContentHash>> {
        if !self.remembers()? {
            return Ok(Vec::new());
        }
        let sql = "SELECT 1 FROM vector WHERE model = ?1 AND content = ?2";
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let mut found = Vec::new();
        for content in contents {
            if statement.exists(params![model, blob(*content)]).doing(DOING)? {
                found.push(*content);
            }
        }
        Ok(found)
    }

    /// How many vectors of this model there are.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn vector_count(&self, model: &str) -> Result<u64> {
        if !self.remembers()? {
            return Ok(0);
        }
        let sql = "SELECT count(*) FROM vector WHERE model = ?";
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        statement.query_row([model], |r| r.get::<_, i64>(0)).map(|n| n as u64).doing(DOING)
    }

    /// Contents and numbers of the documents that fit.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn contents(&self, filter: &DocumentFilter) -> Result<Vec<(ContentHash, i64)>> {
        if !self.remembers()? {
            return Ok(Vec::new());
        }
        let mut values = Vec::new();
        let holds = filter::sql(filter, &mut values);
        let sql = format!("SELECT d.content, d.id FROM document d WHERE 1{holds} ORDER BY d.id");
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let mut rows = statement.query(params_from_iter(values)).doing(DOING)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let content = row.get_ref(0).doing(DOING)?.as_blob().map(hash).unwrap_or_default();
            found.push((content, row.get(1).doing(DOING)?));
        }
        Ok(found)
    }
}
