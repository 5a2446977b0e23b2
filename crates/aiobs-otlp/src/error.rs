//! What can be wrong with a request.

/// A mistake in what was received.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtlpError {
    /// Not JSON at all; nothing was read.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// JSON, but not of the form.
    #[error("{place}: expected {expected}, found {found}")]
    Form {
        /// Where, such as `resourceSpans[0].scopeSpans[0].spans[3].traceId`.
        place: String,
        /// What belongs there.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
}
