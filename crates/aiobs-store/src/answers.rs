//! What is kept of models: answers that need not be asked for again, bounded in size. The model service keeps and reads
//! them here.

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::writer::Writer;
use aiobs_types::{KeptAnswer, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

const DOING: &str = "keeping what models answered";

/// How the kept answers stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AnswerStats {
    /// Answers kept.
    pub kept: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Questions answered from them, since the archive began.
    pub hits: u64,
    /// Tokens that were not needed.
    pub saved_tokens: u64,
    /// US dollars that were not needed.
    pub saved_usd: f64,
}

fn bump(conn: &Connection, name: &str, by: u64) -> Result<()> {
    let sql = "INSERT INTO counter(name, value) VALUES(?, ?) \
               ON CONFLICT(name) DO UPDATE SET value = value + excluded.value";
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    conn.prepare_cached(sql).doing(DOING)?.execute(params![name, by]).doing(DOING)?;
    Ok(())
}

impl Writer {
    /// Keeps an answer under a key; those used least recently go when all together are more than `limit` bytes.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_answer(&mut self, key: &str, answer: &KeptAnswer, limit: u64) -> Result<()> {
        let body = serde_json::to_string(answer).doing(DOING)?;
        let tx = self.conn.transaction().doing(DOING)?;
        let sql = "INSERT OR REPLACE INTO answer(key, time, used, bytes, body) VALUES(?, ?, ?, ?, ?)";
        let bytes = (key.len() + body.len()) as i64;
        tx.execute(sql, params![key, answer.time.0, answer.time.0, bytes, body]).doing(DOING)?;
        let drop = "DELETE FROM answer WHERE used <= (SELECT max(used) FROM (SELECT used, sum(bytes) \
                    OVER (ORDER BY used DESC, key) AS held FROM answer) WHERE held > ?)";
        tx.execute(drop, [i64::try_from(limit).unwrap_or(i64::MAX)]).doing(DOING)?;
        tx.commit().doing(DOING)
    }

    /// Counts that a kept answer was used, and what that saved.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn used_answer(&mut self, key: &str, answer: &KeptAnswer, now: Timestamp) -> Result<()> {
        let tx = self.conn.transaction().doing(DOING)?;
        tx.execute("UPDATE answer SET used = ? WHERE key = ?", params![now.0, key]).doing(DOING)?;
        bump(&tx, "answer_hits", 1)?;
        bump(&tx, "answer_saved_tokens", answer.input_tokens + answer.output_tokens)?;
        bump(&tx, "answer_saved_micro_usd", (answer.cost_usd.max(0.0) * 1e6) as u64)?;
        tx.commit().doing(DOING)
    }
}

impl Reader {
    /// An archive that no program with models wrote yet lacks the tables.
    pub(crate) fn has(&self, table: &str) -> Result<bool> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = ?";
        Ok(self.conn.query_row(there, [table], |r| r.get::<_, i64>(0)).doing(DOING)? > 0)
    }

    /// The answer kept under a key.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn answer(&self, key: &str) -> Result<Option<KeptAnswer>> {
        let sql = "SELECT body FROM answer WHERE key = ?";
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let body: Option<String> = statement.query_row([key], |r| r.get(0)).optional().doing(DOING)?;
        // One that cannot be read is one that is not there.
        Ok(body.and_then(|b| serde_json::from_str(&b).ok()))
    }

    /// How the kept answers stand.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn answer_stats(&self) -> Result<AnswerStats> {
        if !self.has("answer")? {
            return Ok(AnswerStats::default());
        }
        let counter = |name: &str| -> Result<u64> {
            let sql = "SELECT value FROM counter WHERE name = ?";
            let value: Option<i64> = self.conn.query_row(sql, [name], |r| r.get(0)).optional().doing(DOING)?;
            Ok(value.unwrap_or(0) as u64)
        };
        let sql = "SELECT count(*), coalesce(sum(bytes), 0) FROM answer";
        let row = |r: &rusqlite::Row<'_>| Ok((r.get::<_, i64>(0)? as u64, r.get::<_, i64>(1)? as u64));
        let (kept, bytes) = self.conn.query_row(sql, [], row).doing(DOING)?;
        Ok(AnswerStats {
            kept,
            bytes,
            hits: counter("answer_hits")?,
            saved_tokens: counter("answer_saved_tokens")?,
            saved_usd: counter("answer_saved_micro_usd")? as f64 / 1e6,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Store;

    fn answer(text: &str, at: i64) -> KeptAnswer {
        let cost_usd = 0.25;
        KeptAnswer {
            time: Timestamp(at),
            text: text.into(),
            input_tokens: 100,
            output_tokens: 20,
            cost_usd,
            ..KeptAnswer::default()
        }
    }

    #[test]
    fn answers_are_kept_bounded_and_their_use_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
        let one = serde_json::to_string(&answer("xxxx", 1)).unwrap().len() as u64 + 1;
        for (key, at) in [("a", 1), ("b", 2)] {
            writer.put_answer(key, &answer("xxxx", at), one * 2).unwrap();
        }
        writer.used_answer("a", &answer("xxxx", 1), Timestamp(9)).unwrap();
        writer.put_answer("c", &answer("zzzz", 3), one * 2).unwrap();
        assert_eq!(reader.answer("b").unwrap(), None, "used least recently");
        assert_eq!(reader.answer("a").unwrap(), Some(answer("xxxx", 1)));
        assert_eq!(reader.answer("c").unwrap().unwrap().text, "zzzz");
        let want = AnswerStats { kept: 2, bytes: one * 2, hits: 1, saved_tokens: 120, saved_usd: 0.25 };
        assert_eq!(reader.answer_stats().unwrap(), want);
    }
}
