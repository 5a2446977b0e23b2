//! What the agents need from the archive, as a trait: the program implements it over the store, tests over a
//! vector. Calls may block (they are made on a blocking thread). This file knows neither SQL nor agents.

use crate::output::KeptStage;
use crate::tally::Tally;
use aiobs_types::{
    Diagnosis, Document, DocumentKind, Fingerprint, Incident, IncidentId, LogQuery, LogRecord, Order, RecordId,
    Severity, SourceId, SqlValue, TemplateId, Timestamp, Verdict,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Reading the archive failed; the text says why, one line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the archive cannot be read: {0}")]
pub struct ArchiveError(pub String);

/// How often a template occurred in a stretch of event time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateCount {
    /// Which.
    pub template: TemplateId,
    /// Its text.
    pub text: String,
    /// Records of it in the stretch.
    pub count: u64,
    /// Event time of its first record ever.
    pub first_seen: Timestamp,
    /// A record of it in the stretch when known, else its first one.
    pub example: Option<RecordId>,
}

/// An incident of the past, and what was found about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastIncident {
    /// The incident.
    pub incident: Incident,
    /// Its latest diagnosis.
    pub diagnosis: Option<Diagnosis>,
    /// A person's word on that diagnosis.
    pub verdict: Option<Verdict>,
}

/// A change that the logs tell of: a deployment, a restart, a new configuration or version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Event time.
    pub time: Timestamp,
    /// What kind, such as `deploy`.
    pub kind: String,
    /// Few words.
    pub text: String,
    /// Who tells of it; may be empty.
    pub component: String,
    /// The record that tells of it.
    pub record: Option<RecordId>,
}

/// A text that was found by meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// It.
    pub document: Document,
    /// Whether it shares words with what was asked; else it is only near by vector.
    pub by_words: bool,
}

/// Texts that were found by meaning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memories {
    /// Best first.
    pub texts: Vec<Recalled>,
    /// Why they were not found as configured (a vector store or an embedding model does not answer), one line.
    pub note: Option<String>,
}

/// What a statement of SQL gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlRows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with one value per column.
    pub rows: Vec<Vec<SqlValue>>,
    /// Whether there are more.
    pub cut: bool,
}

/// The archive as the agents see it.
pub trait Archive: Send + Sync {
    /// Records by id, in the order asked for; missing ones are left out.
    fn records(&self, ids: &[RecordId]) -> Result<Vec<LogRecord>, ArchiveError>;
    /// Up to `before` records before and `after` records after this one on the same source, oldest first, without it.
    fn around(&self, id: RecordId, before: usize, after: usize) -> Result<Vec<LogRecord>, ArchiveError>;
    /// Records that match, in the query's order, at most its limit.
    fn search(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ArchiveError>;
    /// Templates that occurred in `from..to` (event time) with their counts there, most frequent first.
    fn template_counts(&self, from: Timestamp, to: Timestamp) -> Result<Vec<TemplateCount>, ArchiveError>;
    /// Text of a template.
    fn template_text(&self, id: TemplateId) -> Result<Option<String>, ArchiveError>;
    /// Name of a source, such as its path.
    fn source_name(&self, id: SourceId) -> Option<String>;
    /// Latest diagnosis for a fault, whichever of its incidents it was made for.
    fn diagnosis(&self, fingerprint: Fingerprint) -> Result<Option<Diagnosis>, ArchiveError>;
    /// The latest diagnosis of an incident: of its own fault or, when that has none, of one that became part of it.
    fn diagnosis_of(&self, incident: &Incident) -> Result<Option<Diagnosis>, ArchiveError> {
        for fingerprint in incident.fingerprints() {
            if let Some(found) = self.diagnosis(fingerprint)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
    /// The latest diagnosis of a fault that a person called right, when no later one was called otherwise.
    fn confirmed(&self, _fingerprint: Fingerprint) -> Result<Option<Diagnosis>, ArchiveError> {
        Ok(None)
    }
    /// The latest word of a person on the diagnosis of an incident.
    fn verdict(&self, _id: IncidentId) -> Result<Option<Verdict>, ArchiveError> {
        Ok(None)
    }
    /// What the stages of a run that was cut off brought before the program ended, in their order; nothing when none was.
    fn kept_stages(&self, _id: IncidentId) -> Result<Vec<KeptStage>, ArchiveError> {
        Ok(Vec::new())
    }
    /// Changes in `from..to` (event time), oldest first.
    fn changes(&self, _from: Timestamp, _to: Timestamp) -> Result<Vec<Change>, ArchiveError> {
        Ok(Vec::new())
    }
    /// One incident.
    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, ArchiveError>;
    /// How bad these incidents are by now, as far as that is in memory; waits for no disk.
    fn standing(&self, _ids: &[IncidentId]) -> Vec<(IncidentId, Severity, Option<u8>)> {
        Vec::new()
    }
    /// Incidents of which some strike lies in `from..to` (event time), worst first, at most `limit`.
    fn incidents(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<Vec<Incident>, ArchiveError>;
    /// Other incidents like this one (same fingerprint first, then same template or title), newest first.
    fn similar(&self, incident: &Incident, limit: usize) -> Result<Vec<PastIncident>, ArchiveError>;

    /// Counts of all records that match; the query's limit plays no part. An implementation may stop after some time,
    /// and says so in [`Tally::complete`].
    fn tally(&self, query: &LogQuery) -> Result<Tally, ArchiveError> {
        let mut tally = Tally::default();
        for r in self.search(&LogQuery { limit: 0, ..query.clone() })? {
            tally.add(r.id, r.time, r.severity.level(), &r.component, r.template);
        }
        Ok(tally)
    }
    /// Event times of the first and of the newest record; `None` when there are none.
    fn extent(&self) -> Result<Option<(Timestamp, Timestamp)>, ArchiveError> {
        let one = |order| self.search(&LogQuery { order, limit: 1, ..LogQuery::default() });
        let (first, last) = (one(Order::OldestFirst)?.pop(), one(Order::NewestFirst)?.pop());
        Ok(first.zip(last).map(|(a, b)| (a.time, b.time.max(a.time))))
    }
    /// What was written or found out before that has to do with a text, best first: by words and by vectors together.
    /// Nothing where nothing is indexed.
    fn recall(&self, _text: &str, _kinds: &[DocumentKind], _limit: usize) -> Result<Memories, ArchiveError> {
        Ok(Memories::default())
    }
    /// Runs one statement of SQL that only reads, within some time, at most so many rows. The error says what is wrong
    /// with the statement.
    fn sql(&self, _statement: &str, _rows: u64) -> Result<SqlRows, ArchiveError> {
        Err(ArchiveError("SQL is not available here".to_owned()))
    }
    /// The tables that SQL knows, one per line with its columns; empty where there is no SQL.
    fn sql_tables(&self) -> String {
        String::new()
    }
    /// A query from the text of a filter.
    fn filter(&self, text: &str) -> Result<LogQuery, ArchiveError> {
        let text = aiobs_types::TextMatch { pattern: text.into(), regex: false, case_sensitive: false, negate: false };
        Ok(LogQuery { text: vec![text], ..LogQuery::default() })
    }
    /// The query as a person would write it.
    fn describe(&self, query: &LogQuery) -> String {
        let texts = query.text.iter().map(|t| format!("{:?}", t.pattern));
        let level = query.min_severity.map(|s| format!("level>={}", s.level()));
        level.into_iter().chain(texts).collect::<Vec<_>>().join(" ")
    }
}
