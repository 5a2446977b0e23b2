//! Attribute values, times and whole numbers on the wire. Used by traces and logs.

use crate::{OtlpError, list, text};
use aiobs_types::{AttrValue, Timestamp};
use serde_json::{Value, json};

pub(crate) fn attribute(key: &str, value: &AttrValue) -> Value {
    json!({"key": key, "value": any(value)})
}

/// `AnyValue`. 64-bit numbers are strings; numbers that JSON has not are written by name.
pub(crate) fn any(value: &AttrValue) -> Value {
    match value {
        AttrValue::Int(v) => json!({"intValue": v.to_string()}),
        AttrValue::Bool(v) => json!({"boolValue": v}),
        AttrValue::Text(v) => json!({"stringValue": v}),
        AttrValue::Float(v) if v.is_finite() => json!({"doubleValue": v}),
        AttrValue::Float(v) if v.is_nan() => json!({"doubleValue": "NaN"}),
        AttrValue::Float(v) => json!({"doubleValue": if *v > 0.0 { "Infinity" } else { "-Infinity" }}),
    }
}

/// Lists, maps and bytes, which our attributes have not, become their JSON text. A real number of 17 digits may come
/// back with another last bit.
pub(crate) fn from_any(value: &Value) -> Result<AttrValue, OtlpError> {
    if let Some(v) = value.get("stringValue") {
        let v = v.as_str().ok_or(OtlpError::Field { field: "stringValue", expected: "a text" })?;
        return Ok(AttrValue::Text(v.to_owned()));
    }
    if let Some(v) = value.get("boolValue") {
        return v
            .as_bool()
            .map(AttrValue::Bool)
            .ok_or(OtlpError::Field { field: "boolValue", expected: "true or false" });
    }
    if let Some(v) = value.get("intValue") {
        return whole(v).map(AttrValue::Int).ok_or(OtlpError::Field { field: "intValue", expected: "a whole number" });
    }
    if let Some(v) = value.get("doubleValue") {
        let v = v.as_f64().or_else(|| v.as_str()?.parse().ok());
        return v.map(AttrValue::Float).ok_or(OtlpError::Field { field: "doubleValue", expected: "a number" });
    }
    let inner = ["arrayValue", "kvlistValue", "bytesValue"].into_iter().find_map(|k| value.get(k));
    Ok(AttrValue::Text(inner.map(Value::to_string).unwrap_or_default()))
}

pub(crate) fn attributes(of: &Value) -> Result<Vec<(String, AttrValue)>, OtlpError> {
    list(of, "attributes")?
        .iter()
        .map(|a| Ok((text(a, "key")?.to_owned(), from_any(a.get("value").unwrap_or(&Value::Null))?)))
        .collect()
}

/// A whole number, as a number or as a string.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Nanoseconds as the string that OTLP wants; it has no times before 1970, they become 0.
pub(crate) fn time(t: Timestamp) -> Value {
    Value::String(t.0.max(0).to_string())
}

/// A time that may be left out; 0 is "unknown".
pub(crate) fn from_time(of: &Value, field: &'static str) -> Result<Option<Timestamp>, OtlpError> {
    match of.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(v) => {
            let ns = whole(v).ok_or(OtlpError::Field { field, expected: "nanoseconds since 1970" })?;
            Ok((ns != 0).then_some(Timestamp(ns)))
        }
    }
}
