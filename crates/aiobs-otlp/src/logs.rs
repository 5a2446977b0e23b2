//! Log records as `ExportLogsServiceRequest`. The body is the message; what OTLP has no field for goes into
//! attributes, so that our own records come back as they were.

use crate::value::{attribute, attributes, from_any, from_time, time, whole};
use crate::{OtlpError, Service, leaves, parse};
use aiobs_types::{AttrValue, LogRecord, RecordId, Severity, SourceId, TemplateId, Timestamp};
use serde_json::{Value, json};

const PATH: [&str; 3] = ["resourceLogs", "scopeLogs", "logRecords"];
/// The whole line, by OpenTelemetry's name for it.
const ORIGINAL: &str = "log.record.original";
const COMPONENT: &str = "aiobs.component";
const ID: &str = "aiobs.record";
const SOURCE: &str = "aiobs.source";
const OFFSET: &str = "aiobs.offset";
const TEMPLATE: &str = "aiobs.template";
const FLAGS: &str = "aiobs.flags";
const BEGIN: &str = "aiobs.message.begin";
const END: &str = "aiobs.message.end";

/// The body of a POST to `/v1/logs`.
pub fn encode_logs(records: &[LogRecord], by: Service<'_>) -> Vec<u8> {
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({"resourceLogs": [{"resource": by.resource(), "scopeLogs": [{"scope": by.scope(), "logRecords": records}]}]})
        .to_string()
        .into_bytes()
}

fn record(r: &LogRecord) -> Value {
    let numbers = [
        (ID, r.id.0 as i64),
        (SOURCE, i64::from(r.source.0)),
        (OFFSET, r.offset as i64),
        (TEMPLATE, i64::from(r.template.0)),
        (FLAGS, i64::from(r.flags)),
        (BEGIN, i64::from(r.message.0)),
        (END, i64::from(r.message.1)),
    ];
    let texts = [(ORIGINAL, &r.text), (COMPONENT, &r.component)];
    let numbers = numbers.iter().map(|(k, v)| attribute(k, &AttrValue::Int(*v)));
    let texts = texts.into_iter().map(|(k, v)| attribute(k, &AttrValue::Text(v.clone())));
    json!({
        "timeUnixNano": time(r.time),
        "observedTimeUnixNano": time(r.observed),
        "severityNumber": r.severity.0,
        "severityText": if r.severity == Severity::UNSET { String::new() } else { r.severity.to_string() },
        "body": {"stringValue": r.message()},
        "attributes": texts.chain(numbers).collect::<Vec<_>>(),
    })
}

/// All records of an `ExportLogsServiceRequest`. A record of someone else has its body as text, no source and id 0.
///
/// # Errors
/// It is no JSON, or a field has another form than the protocol says.
pub fn decode_logs(json: &[u8]) -> Result<Vec<LogRecord>, OtlpError> {
    let message = parse(json)?;
    leaves(&message, PATH)?.map(from_record).collect()
}

fn from_record(v: &Value) -> Result<LogRecord, OtlpError> {
    let body = match v.get("body").map(from_any).transpose()? {
        Some(AttrValue::Text(text)) => text,
        Some(AttrValue::Int(v)) => v.to_string(),
        Some(AttrValue::Float(v)) => v.to_string(),
        Some(AttrValue::Bool(v)) => v.to_string(),
        None => String::new(),
    };
    let observed = from_time(v, "observedTimeUnixNano")?.unwrap_or(Timestamp(0));
    let severity = v.get("severityNumber").and_then(whole).unwrap_or(0);
    let mut r = LogRecord {
        time: from_time(v, "timeUnixNano")?.unwrap_or(observed),
        observed,
        severity: Severity(u8::try_from(severity).unwrap_or(0)),
        message: (0, u32::try_from(body.len()).unwrap_or(u32::MAX)),
        text: body,
        ..LogRecord::default()
    };
    for (key, value) in attributes(v)? {
        match (key.as_str(), value) {
            (ORIGINAL, AttrValue::Text(text)) => r.text = text,
            (COMPONENT, AttrValue::Text(text)) => r.component = text,
            (ID, AttrValue::Int(n)) => r.id = RecordId(n as u64),
            (OFFSET, AttrValue::Int(n)) => r.offset = n as u64,
            (SOURCE, AttrValue::Int(n)) => r.source = SourceId(n as u32),
            (TEMPLATE, AttrValue::Int(n)) => r.template = TemplateId(n as u32),
            (FLAGS, AttrValue::Int(n)) => r.flags = n as u8,
            (BEGIN, AttrValue::Int(n)) => r.message.0 = n as u32,
            (END, AttrValue::Int(n)) => r.message.1 = n as u32,
            _ => {}
        }
    }
    Ok(r)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails should stop")]
    use super::*;
    use proptest::prelude::*;

    const US: Service<'_> = Service { name: "aiobs", version: "1" };

    prop_compose! {
        fn records()(
            numbers in any::<(u64, u64, u32, u32, u8)>(), times in (1..i64::MAX, 1..i64::MAX), severity in 0_u8..25,
            component in ".{0,9}", text in ".*", message in any::<(u32, u32)>(),
        ) -> LogRecord {
            let (id, offset, source, template, flags) = numbers;
            LogRecord {
                id: RecordId(id), offset, source: SourceId(source), template: TemplateId(template), flags,
                time: Timestamp(times.0), observed: Timestamp(times.1), severity: Severity(severity),
                component, text, message,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(all in proptest::collection::vec(records(), 0..4)) {
            prop_assert_eq!(decode_logs(&encode_logs(&all, US)).unwrap(), all);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_logs(&bytes);
        }
    }

    #[test]
    fn a_record_of_someone_else_has_its_body_as_text() {
        let json = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"observedTimeUnixNano":"5","severityNumber":17,
            "body":{"stringValue":"disk full"}}]}]}]}"#;
        let r = &decode_logs(json).unwrap()[0];
        assert_eq!((r.time, r.severity, r.message()), (Timestamp(5), Severity::ERROR, "disk full"));
    }
}
