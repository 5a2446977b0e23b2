//! Attribute values: `AnyValue` and lists of `KeyValue`. Lists, tables and bytes have no place among our attributes
//! and become texts of JSON.

use crate::json::Node;
use crate::{Attributes, OtlpError};
use aiobs_types::AttrValue;
use serde_json::{Value, json};

pub(crate) fn encode(value: &AttrValue) -> Value {
    match value {
        AttrValue::Text(s) => json!({ "stringValue": s }),
        AttrValue::Bool(b) => json!({ "boolValue": b }),
        AttrValue::Int(i) => json!({ "intValue": i.to_string() }),
        AttrValue::Float(f) if f.is_nan() => json!({ "doubleValue": "NaN" }),
        AttrValue::Float(f) if f.is_infinite() => {
            json!({ "doubleValue": if *f > 0.0 { "Infinity" } else { "-Infinity" } })
        }
        AttrValue::Float(f) => json!({ "doubleValue": f }),
    }
}

pub(crate) fn encode_all<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a AttrValue)>) -> Value {
    attributes.into_iter().map(|(key, value)| json!({ "key": key, "value": encode(value) })).collect()
}

pub(crate) fn decode(node: &Node<'_>) -> Result<AttrValue, OtlpError> {
    let field = |name| node.get(name).map(|n| (!n.value.is_null()).then_some(n));
    if let Some(v) = field("stringValue")? {
        return v.text().map(AttrValue::Text);
    }
    if let Some(v) = field("intValue")? {
        return v.int()?.map(AttrValue::Int).ok_or_else(|| v.wrong("a whole number of 64 bits"));
    }
    if let Some(v) = field("doubleValue")? {
        return v.float().map(AttrValue::Float);
    }
    if let Some(v) = field("boolValue")? {
        return match v.value {
            Value::Bool(b) => Ok(AttrValue::Bool(*b)),
            Value::String(s) if s == "true" || s == "false" => Ok(AttrValue::Bool(s == "true")),
            _ => Err(v.wrong("true or false")),
        };
    }
    for name in ["arrayValue", "kvlistValue", "bytesValue"] {
        if let Some(v) = field(name)? {
            return Ok(AttrValue::Text(v.value.to_string()));
        }
    }
    // An empty AnyValue is allowed and means "no value".
    Ok(AttrValue::Text(String::new()))
}

pub(crate) fn decode_all(node: &Node<'_>) -> Result<Attributes, OtlpError> {
    let pair = |item: Node<'_>| Ok((item.get("key")?.text()?, decode(&item.get("value")?)?));
    node.items()?.into_iter().map(pair).collect()
}
