//! OpenTelemetry wire forms to our types and back: OTLP/JSON as in opentelemetry-proto 1.x, where ids are
//! hexadecimal, 64-bit numbers are strings and keys are in lowerCamelCase. Used by remotes and by whatever receives
//! OTLP; it knows neither transport nor database.

mod logs;
mod trace;
mod value;

pub use logs::{decode_logs, encode_logs};
pub use trace::{decode_spans, encode_spans};

use serde_json::Value;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtlpError {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Json(String),
    /// A field has another form than the protocol says.
    #[error("`{field}`: expected {expected}")]
    Field {
        /// Name on the wire.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

/// Who speaks: `service.name` and version, as resource and scope of what is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service<'a> {
    /// `service.name`.
    pub name: &'a str,
    /// `service.version`.
    pub version: &'a str,
}

impl Service<'_> {
    fn resource(&self) -> Value {
        let attributes = [("service.name", self.name), ("service.version", self.version)]
            .map(|(k, v)| serde_json::json!({"key": k, "value": {"stringValue": v}}));
        serde_json::json!({ "attributes": attributes })
    }

    fn scope(&self) -> Value {
        serde_json::json!({"name": self.name, "version": self.version})
    }
}

/// The elements of a list that may be left out.
fn list<'a>(of: &'a Value, field: &'static str) -> Result<&'a [Value], OtlpError> {
    match of.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(OtlpError::Field { field, expected: "a list" }),
    }
}

/// A text that may be left out.
fn text<'a>(of: &'a Value, field: &'static str) -> Result<&'a str, OtlpError> {
    match of.get(field) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(s)) => Ok(s),
        Some(_) => Err(OtlpError::Field { field, expected: "a text" }),
    }
}

/// The leaves of `outer` / `inner` / `leaf`, each list of which may be left out.
fn leaves<'a>(
    message: &'a Value,
    [outer, inner, leaf]: [&'static str; 3],
) -> Result<impl Iterator<Item = &'a Value>, OtlpError> {
    let mut all = Vec::new();
    for resource in list(message, outer)? {
        for scope in list(resource, inner)? {
            all.extend(list(scope, leaf)?);
        }
    }
    Ok(all.into_iter())
}

fn parse(json: &[u8]) -> Result<Value, OtlpError> {
    serde_json::from_slice(json).map_err(|e| OtlpError::Json(e.to_string()))
}
