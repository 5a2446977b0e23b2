//! Conversations with the assistant: the turns of each, in order, and what each is called. Written by the writer thread,
//! read by whoever shows them; it knows no model.

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::writer::Writer;
use aiobs_types::{ChatMessage, Conversation, TalkChoice, TalkSummary, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

const DOING: &str = "reading the conversations";
const STORING: &str = "storing the conversation";
/// Longest name, characters.
const NAME: usize = 80;

/// What a conversation's row says; `c` is the row.
const COLUMNS: &str = "c.id, c.title, c.created, c.updated, \
    (SELECT count(*) FROM chat t WHERE t.conversation = c.id), \
    (SELECT coalesce(sum(t.body ->> '$.usage.input_tokens'), 0) FROM chat t WHERE t.conversation = c.id), \
    (SELECT coalesce(sum(t.body ->> '$.usage.output_tokens'), 0) FROM chat t WHERE t.conversation = c.id), \
    (SELECT sum(t.body ->> '$.usage.cost_micro_usd') FROM chat t WHERE t.conversation = c.id), c.choice, c.summary";

fn conversation(r: &Row<'_>) -> rusqlite::Result<Conversation> {
    let count = |i: usize| r.get::<_, i64>(i).map(i64::unsigned_abs);
    Ok(Conversation {
        id: count(0)?,
        title: r.get(1)?,
        created: Timestamp(r.get(2)?),
        updated: Timestamp(r.get(3)?),
        turns: count(4)?,
        input_tokens: count(5)?,
        output_tokens: count(6)?,
        cost_micro_usd: r.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
        // What another version wrote and this one can't read counts as not there.
        choice: r.get::<_, Option<String>>(8)?.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default(),
        summary: r.get::<_, Option<String>>(9)?.and_then(|kept| serde_json::from_str(&kept).ok()),
    })
}

/// The first line of a question, as a name.
fn name_of(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("Conversation");
    let mut name: String = line.chars().take(NAME).collect();
    if name.len() < line.len() {
        name.push_str("...");
    }
    name
}

impl Reader {
    /// Conversations whose name or turns hold this text (in any case; empty for all), the latest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn conversations(&self, search: &str, limit: usize) -> Result<Vec<Conversation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM conversation c WHERE ?1 = '' OR instr(lower(c.title), ?1) > 0 OR EXISTS \
             (SELECT 1 FROM chat t WHERE t.conversation = c.id AND instr(lower(t.body ->> '$.text'), ?1) > 0) \
             ORDER BY c.updated DESC, c.id DESC LIMIT ?2"
        );
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let wanted = search.trim().to_lowercase();
        let rows = statement.query_map(params![wanted, limit as i64], conversation).doing(DOING)?;
        rows.collect::<rusqlite::Result<Vec<_>>>().doing(DOING)
    }

    /// One conversation.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn conversation(&self, id: u64) -> Result<Option<Conversation>> {
        let sql = format!("SELECT {COLUMNS} FROM conversation c WHERE c.id = ?");
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        statement.query_row([id as i64], conversation).optional().doing(DOING)
    }

    /// The last `limit` turns of a conversation, oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn turns(&self, conversation: u64, limit: usize) -> Result<Vec<ChatMessage>> {
        let sql = "SELECT id, body FROM chat WHERE conversation = ? ORDER BY id DESC LIMIT ?";
        let mut turns: Vec<(i64, ChatMessage)> = self.bodies(sql, params![conversation as i64, limit as i64])?;
        turns.reverse();
        Ok(turns.into_iter().map(|(id, m)| ChatMessage { id: id as u64, ..m }).collect())
    }
}

impl Writer {
    /// Stores a turn of a conversation; 0 begins one, named by what it asks. Returns the conversation with its new
    /// sums, and the turn's number; the id in `m` is ignored.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_turn(&mut self, of: u64, m: &ChatMessage) -> Result<(Conversation, u64)> {
        let body =
            serde_json::to_string(m).map_err(|e| crate::StoreError::Other { doing: STORING, what: e.to_string() })?;
        let tx = self.conn.transaction().doing(STORING)?;
        let known = "UPDATE conversation SET updated = max(updated, ?2) WHERE id = ?1";
        let mut of = of as i64;
        if tx.execute(known, params![of, m.time.0]).doing(STORING)? == 0 {
            let begin = "INSERT INTO conversation(title, created, updated) VALUES(?, ?, ?)";
            tx.execute(begin, params![name_of(&m.text), m.time.0, m.time.0]).doing(STORING)?;
            of = tx.last_insert_rowid();
        }
        let put = "INSERT INTO chat(time, body, conversation) VALUES(?, ?, ?)";
        tx.execute(put, params![m.time.0, body, of]).doing(STORING)?;
        let id = tx.last_insert_rowid();
        let sql = format!("SELECT {COLUMNS} FROM conversation c WHERE c.id = ?");
        let now = tx.query_row(&sql, [of], conversation).doing(STORING)?;
        tx.commit().doing(STORING)?;
        Ok((now, id.unsigned_abs()))
    }

    /// Gives a conversation another name; an empty one changes nothing.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn rename_conversation(&mut self, id: u64, title: &str) -> Result<()> {
        if !title.trim().is_empty() {
            let rename = "UPDATE conversation SET title = ? WHERE id = ?";
            self.conn.execute(rename, params![name_of(title), id as i64]).doing(STORING)?;
        }
        Ok(())
    }

    /// Keeps what was chosen for the next question of a conversation; nothing when there is no such conversation.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn choose_for_conversation(&mut self, id: u64, choice: &TalkChoice) -> Result<()> {
        let kept = serde_json::to_string(choice)
            .map_err(|e| crate::StoreError::Other { doing: STORING, what: e.to_string() })?;
        let choose = "UPDATE conversation SET choice = ? WHERE id = ?";
        self.conn.execute(choose, params![kept, id as i64]).doing(STORING)?;
        Ok(())
    }

    /// Keeps what the first turns of a conversation said, in place of what was kept before.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_summary(&mut self, id: u64, summary: &TalkSummary) -> Result<()> {
        let kept = serde_json::to_string(summary)
            .map_err(|e| crate::StoreError::Other { doing: STORING, what: e.to_string() })?;
        let put = "UPDATE conversation SET summary = ? WHERE id = ?";
        self.conn.execute(put, params![kept, id as i64]).doing(STORING)?;
        Ok(())
    }

    /// Deletes a conversation with its turns.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn delete_conversation(&mut self, id: u64) -> Result<()> {
        let tx = self.conn.transaction().doing(STORING)?;
        tx.execute("DELETE FROM chat WHERE conversation = ?", [id as i64]).doing(STORING)?;
        tx.execute("DELETE FROM conversation WHERE id = ?", [id as i64]).doing(STORING)?;
        tx.commit().doing(STORING)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::Store;
    use aiobs_types::{
        ChatMessage, ChatRole, ChatScope, ChatUsage, ChosenModel, Citation, RecordId, TalkChoice, TalkSummary,
        Timestamp,
    };

    fn asked(at: i64, text: &str) -> ChatMessage {
        ChatMessage::question(Timestamp(at), ChatScope::All, text.into())
    }

    fn answered(at: i64, text: &str) -> ChatMessage {
        let usage = ChatUsage { input_tokens: 10, output_tokens: 5, cost_micro_usd: Some(7), ..ChatUsage::default() };
        ChatMessage { role: ChatRole::Assistant, usage: Some(usage), ..asked(at, text) }
    }

    #[test]
    fn conversations_are_named_found_renamed_and_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let mut writer = store.writer().unwrap();
        let mut put = |of, m: ChatMessage| writer.put_turn(of, &m).map(|(c, id)| (c.id, id)).unwrap();
        let (first, _) = put(0, asked(1, "\n Why do orders fail?\nSince when?"));
        let (same, id) = put(first, answered(2, "Because of the Pool."));
        let (second, _) = put(0, asked(3, &"long ".repeat(40)));
        assert!((first, id) == (same, 2) && second != first);
        drop((writer, store));
        let (store, _) = Store::open(dir.path()).unwrap();
        let (reader, mut writer) = (store.reader().unwrap(), store.writer().unwrap());
        let titles = |search: &str| -> Vec<String> {
            reader.conversations(search, 9).unwrap().into_iter().map(|c| c.title).collect()
        };
        assert_eq!(titles("").len(), 2);
        assert!(titles("")[0].ends_with("..."), "{:?}", titles(""));
        assert_eq!(titles(" pool "), ["Why do orders fail?"], "also in its turns, in any case");
        assert_eq!(titles("unicorn"), Vec::<String>::new());
        let c = reader.conversation(first).unwrap().unwrap();
        assert_eq!((c.turns, c.input_tokens, c.output_tokens, c.cost_micro_usd), (2, 10, 5, Some(7)));
        assert_eq!((c.created, c.updated), (Timestamp(1), Timestamp(2)));
        assert_eq!(c.choice, TalkChoice::default());
        let scope = ChatScope::Filter { text: "level>=warn".into() };
        let model = Some(ChosenModel { server: "gpu".into(), model: "qwen3:8b".into() });
        let choice = TalkChoice { scope, model };
        writer.choose_for_conversation(first, &choice).unwrap();
        let (kept, _) = writer.put_turn(first, &asked(4, "And now?")).unwrap();
        assert_eq!((&kept.choice, &kept.summary), (&choice, &None));
        let citations = vec![Citation::Record(RecordId(9))];
        let summary = TalkSummary { through: 2, text: "The pool [1].".into(), citations, author: "m".into() };
        writer.put_summary(first, &summary).unwrap();
        assert_eq!(reader.conversation(first).unwrap().unwrap().summary, Some(summary));
        assert_eq!(reader.conversation(second).unwrap().unwrap().choice, TalkChoice::default());
        writer.conn.execute("UPDATE conversation SET choice = '{' WHERE id = ?", [second as i64]).unwrap();
        assert_eq!(reader.conversation(second).unwrap().unwrap().choice, TalkChoice::default());
        writer.rename_conversation(first, "Orders").unwrap();
        writer.rename_conversation(first, "  ").unwrap();
        assert_eq!(reader.conversation(first).unwrap().unwrap().title, "Orders");
        assert_eq!(reader.turns(first, 2).unwrap()[0].text, "Because of the Pool.");
        writer.delete_conversation(first).unwrap();
        assert!(reader.turns(first, 9).unwrap().is_empty() && reader.conversation(first).unwrap().is_none());
        assert_eq!(reader.turns(second, 9).unwrap().len(), 1);
        // An answer to what was deleted meanwhile is not lost.
        let (of, _) = writer.put_turn(first, &answered(9, "Late.")).unwrap();
        assert_eq!(reader.turns(of.id, 9).unwrap()[0].text, "Late.");
    }
}
