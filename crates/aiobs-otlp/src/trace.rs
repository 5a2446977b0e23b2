//! Spans as `ExportTraceServiceRequest`. The wire's kind is written from the operation (a call to a model leaves the
//! program, all else happens within); on reading, kind, events and links are passed over, since our spans have none.

use crate::json::{Node, keep, parse};
use crate::{Attributes, Decoded, OtlpError, value};
use aiobs_types::{AttrValue, Span, SpanId, SpanStatus, Timestamp, TraceId, semconv};
use serde_json::{Map, Value, json};

const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
const STATUS_OK: i64 = 1;
const STATUS_ERROR: i64 = 2;

/// Spans of one resource (a service on a host).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSpans {
    /// Attributes of the resource, such as `service.name`.
    pub resource: Attributes,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// The request as JSON text. `scope` is the name and version of what recorded the spans. Times before 1970 are
/// written as 0, as the wire has no negative ones.
pub fn encode_traces(groups: &[ResourceSpans], scope: (&str, &str)) -> String {
    let group = |g: &ResourceSpans| {
        json!({
            "resource": { "attributes": attributes(&g.resource) },
            "scopeSpans": [{
                "scope": { "name": scope.0, "version": scope.1 },
                "spans": g.spans.iter().map(encode).collect::<Vec<_>>(),
            }],
        })
    };
    json!({ "resourceSpans": groups.iter().map(group).collect::<Vec<_>>() }).to_string()
}

/// Reads a request.
///
/// # Errors
/// When it is not JSON, or not an object with a list of `resourceSpans`. A bad span is no error: see
/// [`Decoded::rejected`].
pub fn decode_traces(bytes: &[u8]) -> Result<Decoded<ResourceSpans>, OtlpError> {
    let root = parse(bytes)?;
    let mut decoded = Decoded { groups: Vec::new(), rejected: Vec::new() };
    for group in Node::root(&root).get("resourceSpans")?.items()? {
        let read = decode_group(&group, &mut decoded.rejected);
        decoded.groups.extend(keep(read, &mut decoded.rejected));
    }
    Ok(decoded)
}

fn decode_group(group: &Node<'_>, rejected: &mut Vec<OtlpError>) -> Result<ResourceSpans, OtlpError> {
    let resource = value::decode_all(&group.get("resource")?.get("attributes")?)?;
    let mut spans = Vec::new();
    for scope in group.get("scopeSpans")?.items()? {
        for span in scope.get("spans")?.items()? {
            spans.extend(keep(decode(&span), rejected));
        }
    }
    Ok(ResourceSpans { resource, spans })
}

pub(crate) fn attributes(all: &Attributes) -> Value {
    value::encode_all(all.iter().map(|(k, v)| (k.as_str(), v)))
}

pub(crate) fn nanos(time: Timestamp) -> String {
    time.0.max(0).to_string()
}

fn kind(span: &Span) -> u8 {
    match span.attr(semconv::OPERATION) {
        Some(AttrValue::Text(op)) if matches!(op.as_str(), "chat" | "embeddings" | "generate_content") => CLIENT,
        _ => INTERNAL,
    }
}

fn encode(span: &Span) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
    put("traceId", span.trace.to_string().into());
    put("spanId", span.id.to_string().into());
    if let Some(parent) = span.parent {
        put("parentSpanId", parent.to_string().into());
    }
    put("name", span.name.as_str().into());
    put("kind", kind(span).into());
    put("startTimeUnixNano", nanos(span.start).into());
    if let Some(end) = span.end {
        put("endTimeUnixNano", nanos(end).into());
    }
    put("attributes", attributes(&span.attributes));
    match &span.status {
        SpanStatus::Unset => {}
        SpanStatus::Ok => put("status", json!({ "code": STATUS_OK })),
        SpanStatus::Error(why) if why.is_empty() => put("status", json!({ "code": STATUS_ERROR })),
        SpanStatus::Error(why) => put("status", json!({ "code": STATUS_ERROR, "message": why })),
    }
    Value::Object(out)
}

fn decode(node: &Node<'_>) -> Result<Span, OtlpError> {
    let id = node.get("spanId")?;
    let trace = node.get("traceId")?;
    let time = |name| node.get(name)?.int().map(|t| t.filter(|t| *t != 0).map(Timestamp));
    Ok(Span {
        trace: TraceId(trace.hex(32)?.ok_or_else(|| trace.wrong("32 hex digits, not all 0"))?),
        id: SpanId(id.hex(16)?.ok_or_else(|| id.wrong("16 hex digits, not all 0"))? as u64),
        parent: parent(&node.get("parentSpanId")?)?,
        name: node.get("name")?.text()?,
        start: time("startTimeUnixNano")?.unwrap_or_default(),
        end: time("endTimeUnixNano")?,
        status: status(&node.get("status")?)?,
        attributes: value::decode_all(&node.get("attributes")?)?,
    })
}

/// Some senders write "no parent" as sixteen zeros.
fn parent(node: &Node<'_>) -> Result<Option<SpanId>, OtlpError> {
    match node.value {
        Value::String(s) if s == "0000000000000000" => Ok(None),
        _ => Ok(node.hex(16)?.map(|id| SpanId(id as u64))),
    }
}

fn status(node: &Node<'_>) -> Result<SpanStatus, OtlpError> {
    let code = node.get("code")?;
    let number = match code.value.as_str() {
        Some("STATUS_CODE_UNSET") => Some(0),
        Some("STATUS_CODE_OK") => Some(STATUS_OK),
        Some("STATUS_CODE_ERROR") => Some(STATUS_ERROR),
        _ => code.int()?,
    };
    match number {
        None | Some(0) => Ok(SpanStatus::Unset),
        Some(STATUS_OK) => Ok(SpanStatus::Ok),
        Some(STATUS_ERROR) => Ok(SpanStatus::Error(node.get("message")?.text()?)),
        Some(_) => Err(code.wrong("a status code from 0 to 2")),
    }
}

#[cfg(test)]
mod tests;
