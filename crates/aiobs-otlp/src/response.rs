//! What a server says to a request it took: nothing, or that it took a part only.

use serde_json::{Value, json};

/// The part that was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialSuccess {
    /// Number of spans, records or points that were not taken; 0 with a message is a mere warning.
    pub rejected: u64,
    /// Why.
    pub message: String,
}

impl PartialSuccess {
    /// Reads a response of any signal; `None` when everything was taken, also when the server's words make no sense
    /// (the request itself was accepted).
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let root: Value = serde_json::from_slice(bytes).ok()?;
        let part = root.get("partialSuccess")?.as_object()?;
        let number = |v: &Value| v.as_u64().or_else(|| v.as_str()?.parse().ok());
        let names = ["rejectedSpans", "rejectedLogRecords", "rejectedDataPoints"];
        let rejected = names.iter().find_map(|n| number(part.get(*n)?)).unwrap_or(0);
        let message = part.get("errorMessage").and_then(Value::as_str).unwrap_or_default().to_owned();
        (rejected > 0 || !message.is_empty()).then_some(Self { rejected, message })
    }

    /// The response to a request of spans.
    pub fn encode_traces(&self) -> String {
        self.encode("rejectedSpans")
    }

    /// The response to a request of log records.
    pub fn encode_logs(&self) -> String {
        self.encode("rejectedLogRecords")
    }

    fn encode(&self, name: &str) -> String {
        if *self == Self::default() {
            return "{}".to_owned();
        }
        json!({ "partialSuccess": { name: self.rejected.to_string(), "errorMessage": self.message } }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::PartialSuccess;

    #[test]
    fn the_part_that_was_refused_is_read() {
        let part = PartialSuccess { rejected: 3, message: "too old".into() };
        assert_eq!(PartialSuccess::decode(part.encode_traces().as_bytes()), Some(part.clone()));
        assert_eq!(PartialSuccess::decode(part.encode_logs().as_bytes()), Some(part.clone()));
        let number = br#"{"partialSuccess":{"rejectedSpans":3,"errorMessage":"too old","x":1}}"#;
        assert_eq!(PartialSuccess::decode(number), Some(part));
    }

    #[test]
    fn whole_success_is_nothing_to_tell() {
        for all in ["{}", "", "null", "[]", "<html>", r#"{"partialSuccess":{}}"#, r#"{"partialSuccess":null}"#] {
            assert_eq!(PartialSuccess::decode(all.as_bytes()), None, "{all}");
        }
        assert_eq!(PartialSuccess::default().encode_traces(), "{}");
    }
}
