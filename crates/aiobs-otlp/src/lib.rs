//! OpenTelemetry's JSON wire forms of our nouns, and back: `ExportTraceServiceRequest` and `ExportLogsServiceRequest`
//! as the OTLP specification 1.x has them. Used by the remote that sends spans; a listener reads with it too. It knows
//! no transport and no database.
//!
//! What is written follows the specification to the letter: ids in lower-case hex, 64-bit numbers as decimal texts,
//! enumerations as numbers. What is read may also have unknown fields, numbers where texts belong and the other way
//! round, and names of enumerations. An entry that can't be read is told with its place and left out; the rest stands.

mod error;
mod json;
mod logs;
mod response;
mod trace;
mod value;

pub use error::OtlpError;
pub use logs::{ResourceLogs, WireRecord, decode_logs, encode_logs};
pub use response::PartialSuccess;
pub use trace::{ResourceSpans, decode_traces, encode_traces};

use aiobs_types::AttrValue;

/// Attributes in the order they stand.
pub type Attributes = Vec<(String, AttrValue)>;

/// What a request held.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<T> {
    /// By resource, in the order of the request; scopes are joined.
    pub groups: Vec<T>,
    /// What was left out, and why.
    pub rejected: Vec<OtlpError>,
}
