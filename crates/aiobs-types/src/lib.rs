//! The nouns of aiobs, shared by every other crate: records, templates, anomalies, incidents, diagnoses,
//! spans, metrics, chat, queries. Plain data with construction and display only; it knows no sibling crate,
//! no database, no screen and no model.

mod anomaly;
mod batch;
mod chat;
mod checkpoint;
mod departure;
mod diagnosis;
mod ids;
mod incident;
mod marker;
mod memory;
mod metric;
mod model_call;
mod quantity;
mod query;
mod record;
pub mod semconv;
mod severity;
mod source;
mod span;
mod sql;
mod template;
mod time;
mod verdict;

pub use anomaly::{Anomaly, DetectorKind, Fingerprint, Kin};
pub use batch::{NewRecord, RecordBatch, RecordMeta, RecordView};
pub use chat::{
    Area, ChatMessage, ChatRole, ChatScope, ChatStep, ChatUsage, ChosenModel, Citation, CitedText, Conversation,
    TalkChoice, TalkSummary,
};
pub use checkpoint::{Checkpoint, FileIdentity};
pub use departure::{Departure, SentAlert};
pub use diagnosis::{Author, Claim, Confidence, Diagnosis, Fix, Grounds, Patch, Remembered, StageState};
pub use ids::{RecordId, TemplateId};
pub use incident::{Incident, IncidentId, IncidentState, TimelineEntry, TimelineKind};
pub use marker::{Marker, MarkerKind};
pub use memory::{ContentHash, Document, DocumentFilter, DocumentKind};
pub use metric::MetricPoint;
pub use model_call::{CallEnd, KeptAnswer, RemoteCall};
pub use quantity::{Quantity, Unit};
pub use query::{FieldKey, FieldMatch, FieldOp, FieldReader, LogQuery, Order, TextMatch};
pub use record::{Field, LogRecord, flags};
pub use severity::{Level, Severity};
pub use source::{Retry, Skipped, SourceId, SourceInfo, SourceState};
pub use span::{AttrValue, Span, SpanId, SpanStatus, TraceId};
pub use sql::SqlValue;
pub use template::{Template, TemplateMark};
pub use time::Timestamp;
pub use verdict::{Judgement, Verdict};
