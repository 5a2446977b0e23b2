//! The tables, as migrations counted by `PRAGMA user_version`. A migration that was released is never edited.

use crate::error::{Doing, Result};
use rusqlite::Connection;

/// Each brings the schema from its index to the next version.
const MIGRATIONS: &[&str] = &[V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15];

/// The oldest version whose data can still be read: before it, texts were stored otherwise.
pub(crate) const OLDEST: i64 = 2;

/// The version this program writes.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

const V1: &str = "
CREATE TABLE chunk(
  first INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  min_time INTEGER NOT NULL,
  max_time INTEGER NOT NULL,
  max_observed INTEGER NOT NULL,
  text_bytes INTEGER NOT NULL,
  column_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  unset INTEGER NOT NULL, trace INTEGER NOT NULL, debug INTEGER NOT NULL, info INTEGER NOT NULL,
  warn INTEGER NOT NULL, error INTEGER NOT NULL, fatal INTEGER NOT NULL,
  templates BLOB NOT NULL,
  sources BLOB NOT NULL,
  components BLOB NOT NULL
);
-- Apart from the headers, so that reading all headers touches few pages.
CREATE TABLE chunk_data(first INTEGER PRIMARY KEY, columns BLOB NOT NULL, text BLOB NOT NULL);
CREATE TRIGGER chunk_gone AFTER DELETE ON chunk BEGIN DELETE FROM chunk_data WHERE first = old.first; END;
CREATE INDEX chunk_tail ON chunk(first) WHERE sealed = 0;
CREATE TABLE checkpoint(source INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE template(
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, count INTEGER NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, severity INTEGER NOT NULL, example INTEGER NOT NULL
);
CREATE TABLE incident(
  id INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, state TEXT NOT NULL, last_seen INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX incident_fingerprint ON incident(fingerprint);
CREATE TABLE diagnosis(
  id INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER NOT NULL, fingerprint INTEGER NOT NULL,
  created INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX diagnosis_fingerprint ON diagnosis(fingerprint, id);
CREATE TABLE verdict(incident INTEGER NOT NULL, correct INTEGER NOT NULL, time INTEGER NOT NULL);
CREATE INDEX verdict_incident ON verdict(incident, time);
CREATE TABLE span(
  trace BLOB NOT NULL, id INTEGER NOT NULL, parent INTEGER, start INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(trace, id)
) WITHOUT ROWID;
CREATE INDEX span_start ON span(start);
CREATE INDEX span_root ON span(start) WHERE parent IS NULL;
CREATE TABLE chat(id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE metric(name TEXT NOT NULL, time INTEGER NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL);
CREATE INDEX metric_name ON metric(name, time);
CREATE TABLE state(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
-- AUTOINCREMENT: a number that was sent never comes again.
CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, remote TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX outbox_remote ON outbox(remote, id);
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

/// Each chunk says how its blobs are laid out.
const V2: &str = "ALTER TABLE chunk ADD COLUMN format INTEGER NOT NULL DEFAULT 0";

/// What a person keeps: bookmarks with notes, and filters by name.
const V3: &str = "
CREATE TABLE bookmark(record INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE saved_filter(name TEXT PRIMARY KEY, filter TEXT NOT NULL) WITHOUT ROWID;
";

/// Changes that the logs tell of, and where templates stand in their life.
const V4: &str = "
CREATE TABLE marker(
  record INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, component TEXT NOT NULL,
  source INTEGER NOT NULL
);
CREATE INDEX marker_time ON marker(time);
ALTER TABLE template ADD COLUMN life TEXT NOT NULL DEFAULT '';
";

/// Answers of models that are kept, and calls that left this machine.
const V5: &str = "
CREATE TABLE answer(
  key TEXT PRIMARY KEY, time INTEGER NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX answer_used ON answer(used);
CREATE TABLE model_call(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, cost REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX model_call_time ON model_call(time);
";

/// What can be found by meaning (see `memory`): documents, their words (`document_text`, rowid is `document.id`; the text
/// given to it is stems already), and vectors by content, so that equal texts are embedded once.
const V6: &str = "
CREATE TABLE document(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
  place TEXT NOT NULL, components TEXT NOT NULL, severity INTEGER NOT NULL, state TEXT NOT NULL, class TEXT NOT NULL,
  time INTEGER NOT NULL, incident INTEGER, content BLOB NOT NULL, facts INTEGER NOT NULL, UNIQUE(kind, key)
);
CREATE INDEX document_content ON document(content);
CREATE VIRTUAL TABLE document_text USING fts5(
  title, body, content = '', contentless_delete = 1, tokenize = \"unicode61 remove_diacritics 0\"
);
CREATE TABLE vector(id INTEGER PRIMARY KEY, model TEXT NOT NULL, content BLOB NOT NULL, vector BLOB NOT NULL);
CREATE UNIQUE INDEX vector_content ON vector(model, content);
";

/// What a person said of diagnoses, in full, and incidents that wait for one.
const V7: &str = "
ALTER TABLE verdict ADD COLUMN diagnosis INTEGER NOT NULL DEFAULT 0;
ALTER TABLE verdict ADD COLUMN judgement TEXT NOT NULL DEFAULT '';
ALTER TABLE verdict ADD COLUMN applied INTEGER;
ALTER TABLE verdict ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE TABLE pending_run(
  incident INTEGER PRIMARY KEY, asked INTEGER NOT NULL, started INTEGER NOT NULL, time INTEGER NOT NULL
);
";

/// What a person said of templates.
const V8: &str = "
CREATE TABLE template_mark(
  template INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT NOT NULL, muted INTEGER NOT NULL, time INTEGER NOT NULL
);
";

/// What left this machine, in one place: calls of models and alerts.
const V9: &str = "
CREATE TABLE departure(
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, incident INTEGER, cost REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX departure_time ON departure(time);
CREATE INDEX departure_incident ON departure(incident) WHERE incident IS NOT NULL;
INSERT INTO departure(id, time, kind, cost, body) SELECT id, time, 'model', cost, body FROM model_call;
DROP TABLE model_call;
";

/// Conversations by number and name; turns of before are one.
const V10: &str = "
CREATE TABLE conversation(
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL
);
ALTER TABLE chat ADD COLUMN conversation INTEGER NOT NULL DEFAULT 0;
CREATE INDEX chat_conversation ON chat(conversation, id);
INSERT INTO conversation(id, title, created, updated)
  SELECT 1, substr((SELECT body ->> '$.text' FROM chat ORDER BY id LIMIT 1), 1, 80), min(time), max(time) FROM chat
  HAVING count(*) > 0;
UPDATE chat SET conversation = 1;
";

/// Which incident caused which.
const V11: &str = "
ALTER TABLE incident ADD COLUMN caused_by INTEGER AS (body ->> '$.caused_by');
CREATE INDEX incident_caused_by ON incident(caused_by) WHERE caused_by IS NOT NULL;
";

/// What a conversation is about and who answers in it, as it was chosen last.
const V12: &str = "
ALTER TABLE conversation ADD COLUMN choice TEXT;
";

/// What the first turns of a conversation said, shortened by a model.
const V13: &str = "
ALTER TABLE conversation ADD COLUMN summary TEXT;
";

/// Names with a number became words of their own: documents are made again from what they tell of.
const V14: &str = "
DELETE FROM document_text;
DELETE FROM document;
";

/// What the stages of a run brought that has not ended yet.
const V15: &str = "
CREATE TABLE pending_stage(
  incident INTEGER NOT NULL, stage INTEGER NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(incident, stage)
);
";

/// Version of an open database, 0 when it is empty.
pub(crate) fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |r| r.get(0))
}

/// Brings the schema up to [`VERSION`], in one transaction: who reads meanwhile never sees one in between.
pub(crate) fn migrate(conn: &mut Connection) -> Result<()> {
    const DOING: &str = "preparing the database";
    let from = version(conn).doing(DOING)?;
    if from >= VERSION {
        return Ok(());
    }
    let tx = conn.transaction().doing(DOING)?;
    for sql in MIGRATIONS.iter().skip(from.max(0) as usize) {
        tx.execute_batch(sql).doing(DOING)?;
    }
    tx.pragma_update(None, "user_version", VERSION).doing(DOING)?;
    tx.commit().doing(DOING)
}
