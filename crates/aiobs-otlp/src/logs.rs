//! Log records as `ExportLogsServiceRequest`. What OpenTelemetry has no field for (our record number, the template,
//! the place in the file) travels in attributes under `aiobs.`; attributes of others are kept beside the record.

use crate::json::{Node, keep, parse};
use crate::trace::{attributes, nanos};
use crate::{Attributes, Decoded, OtlpError, value};
use aiobs_types::{AttrValue, Level, LogRecord, RecordId, Severity, SourceId, SpanId, TemplateId, Timestamp, TraceId};
use serde_json::{Map, Value, json};

const ID: &str = "aiobs.record.id";
const SOURCE: &str = "aiobs.source.id";
const OFFSET: &str = "aiobs.record.offset";
const TEMPLATE: &str = "aiobs.template.id";
const FLAGS: &str = "aiobs.record.flags";
const COMPONENT: &str = "aiobs.component";
const MESSAGE_START: &str = "aiobs.message.start";
const MESSAGE_END: &str = "aiobs.message.end";

/// Log records of one resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceLogs {
    /// Attributes of the resource, such as `service.name`.
    pub resource: Attributes,
    /// Its records.
    pub records: Vec<WireRecord>,
}

/// A record with what the wire says about it beyond our own fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WireRecord {
    /// The record. Read from another program's request, its numbers are 0 and its message is the whole text.
    pub record: LogRecord,
    /// The sender's attributes; ours (`aiobs.record.id` and the like) are in the record.
    pub attributes: Attributes,
    /// The run it was written in.
    pub trace: Option<TraceId>,
    /// The operation it was written in.
    pub span: Option<SpanId>,
}

/// The request as JSON text. `scope` is the name and version of what recorded. Times before 1970 are written as 0.
pub fn encode_logs(groups: &[ResourceLogs], scope: (&str, &str)) -> String {
    let group = |g: &ResourceLogs| {
        json!({
            "resource": { "attributes": attributes(&g.resource) },
            "scopeLogs": [{
                "scope": { "name": scope.0, "version": scope.1 },
                "logRecords": g.records.iter().map(encode).collect::<Vec<_>>(),
            }],
        })
    };
    json!({ "resourceLogs": groups.iter().map(group).collect::<Vec<_>>() }).to_string()
}

/// Reads a request.
///
/// # Errors
/// When it is not JSON, or not an object with a list of `resourceLogs`. A bad record is no error: see
/// [`Decoded::rejected`].
pub fn decode_logs(bytes: &[u8]) -> Result<Decoded<ResourceLogs>, OtlpError> {
    let root = parse(bytes)?;
    let mut decoded = Decoded { groups: Vec::new(), rejected: Vec::new() };
    for group in Node::root(&root).get("resourceLogs")?.items()? {
        let read = decode_group(&group, &mut decoded.rejected);
        decoded.groups.extend(keep(read, &mut decoded.rejected));
    }
    Ok(decoded)
}

fn decode_group(group: &Node<'_>, rejected: &mut Vec<OtlpError>) -> Result<ResourceLogs, OtlpError> {
    let resource = value::decode_all(&group.get("resource")?.get("attributes")?)?;
    let mut records = Vec::new();
    for scope in group.get("scopeLogs")?.items()? {
        for record in scope.get("logRecords")?.items()? {
            records.extend(keep(decode(&record), rejected));
        }
    }
    Ok(ResourceLogs { resource, records })
}

fn encode(wire: &WireRecord) -> Value {
    let r = &wire.record;
    let int = |n: u64| AttrValue::Int(n as i64);
    let own = [
        (ID, int(r.id.0)),
        (SOURCE, int(r.source.0.into())),
        (OFFSET, int(r.offset)),
        (TEMPLATE, int(r.template.0.into())),
        (FLAGS, int(r.flags.into())),
        (COMPONENT, AttrValue::Text(r.component.clone())),
        (MESSAGE_START, int(r.message.0.into())),
        (MESSAGE_END, int(r.message.1.into())),
    ];
    let own = own.iter().map(|(k, v)| (*k, v));
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
    put("timeUnixNano", nanos(r.time).into());
    put("observedTimeUnixNano", nanos(r.observed).into());
    if r.severity != Severity::UNSET {
        put("severityNumber", r.severity.0.into());
        put("severityText", r.severity.level().name().to_ascii_uppercase().into());
    }
    put("body", json!({ "stringValue": r.text }));
    put("attributes", value::encode_all(own.chain(wire.attributes.iter().map(|(k, v)| (k.as_str(), v)))));
    if let Some(trace) = wire.trace {
        put("traceId", trace.to_string().into());
    }
    if let Some(span) = wire.span {
        put("spanId", span.to_string().into());
    }
    Value::Object(out)
}

fn decode(node: &Node<'_>) -> Result<WireRecord, OtlpError> {
    let time = |name| Ok(node.get(name)?.int()?.map(Timestamp).unwrap_or_default());
    let text = match value::decode(&node.get("body")?)? {
        AttrValue::Text(text) => text,
        AttrValue::Int(n) => n.to_string(),
        AttrValue::Float(n) => n.to_string(),
        AttrValue::Bool(b) => b.to_string(),
    };
    let (event, observed): (Timestamp, Timestamp) = (time("timeUnixNano")?, time("observedTimeUnixNano")?);
    let mut record = LogRecord {
        // The specification: without a time of its own, the observed time is the record's.
        time: if event == Timestamp::default() { observed } else { event },
        observed,
        severity: severity(node)?,
        message: (0, text.len() as u32),
        text,
        ..LogRecord::default()
    };
    let mut others = value::decode_all(&node.get("attributes")?)?;
    others.retain(|(name, value)| !take_own(&mut record, name, value));
    let trace = node.get("traceId")?.hex(32)?.map(TraceId);
    let span = node.get("spanId")?.hex(16)?.map(|id| SpanId(id as u64));
    Ok(WireRecord { record, attributes: others, trace, span })
}

/// Puts one of our attributes where it belongs; false when it is not ours or does not fit.
fn take_own(r: &mut LogRecord, name: &str, value: &AttrValue) -> bool {
    fn fit<T: TryFrom<i64>>(n: i64, into: &mut T) -> bool {
        T::try_from(n).map(|v| *into = v).is_ok()
    }
    match (name, value) {
        (COMPONENT, AttrValue::Text(text)) => {
            r.component.clone_from(text);
            true
        }
        (ID, AttrValue::Int(n)) => {
            r.id = RecordId(*n as u64);
            true
        }
        (OFFSET, AttrValue::Int(n)) => {
            r.offset = *n as u64;
            true
        }
        (SOURCE, AttrValue::Int(n)) => u32::try_from(*n).map(|n| r.source = SourceId(n)).is_ok(),
        (TEMPLATE, AttrValue::Int(n)) => u32::try_from(*n).map(|n| r.template = TemplateId(n)).is_ok(),
        (FLAGS, AttrValue::Int(n)) => fit(*n, &mut r.flags),
        (MESSAGE_START, AttrValue::Int(n)) => fit(*n, &mut r.message.0),
        (MESSAGE_END, AttrValue::Int(n)) => fit(*n, &mut r.message.1),
        _ => false,
    }
}

fn severity(node: &Node<'_>) -> Result<Severity, OtlpError> {
    let number = node.get("severityNumber")?;
    let by_name = number.value.as_str().and_then(|s| s.strip_prefix("SEVERITY_NUMBER_"));
    let n = match by_name {
        Some(name) => {
            let digit = |c: char| c.is_ascii_digit();
            let step = name.find(digit).and_then(|i| name[i..].parse::<u8>().ok()).unwrap_or(1);
            let level = Level::parse(name.trim_end_matches(digit)).or(Level::parse("unset"));
            level.map(|l| i64::from(l.floor().0 + step.clamp(1, 4) - 1)).filter(|_| name != "UNSPECIFIED")
        }
        None => number.int()?,
    };
    match n {
        Some(n @ 1..=24) => Ok(Severity(n as u8)),
        None | Some(0) => Ok(Level::parse(&node.get("severityText")?.text()?).map_or(Severity::UNSET, Level::floor)),
        Some(_) => Err(number.wrong("a severity from 0 to 24")),
    }
}

#[cfg(test)]
mod tests;
