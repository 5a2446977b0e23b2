#![allow(clippy::unwrap_used)]

use super::{ResourceLogs, WireRecord, decode_logs, encode_logs};
use aiobs_types::{AttrValue, LogRecord, RecordId, Severity, SourceId, SpanId, TemplateId, Timestamp, TraceId};
use proptest::prelude::*;

fn record() -> impl Strategy<Value = WireRecord> {
    let numbers = (any::<u64>(), any::<u32>(), any::<u64>(), any::<u32>(), any::<u8>(), any::<(u32, u32)>());
    let texts = (any::<String>(), any::<String>(), proptest::option::of(any::<String>()));
    let wire = (1..=i64::MAX, 0..=i64::MAX, 0..=24_u8);
    let ids = (proptest::option::of(1..=u128::MAX), proptest::option::of(1..=u64::MAX));
    (numbers, texts, wire, ids).prop_map(|(n, (text, component, other), (time, observed, severity), ids)| {
        let record = LogRecord {
            id: RecordId(n.0),
            time: Timestamp(time),
            observed: Timestamp(observed),
            severity: Severity(severity),
            source: SourceId(n.1),
            offset: n.2,
            template: TemplateId(n.3),
            flags: n.4,
            component,
            text,
            message: n.5,
        };
        let attributes = other.map(|o| ("other".to_owned(), AttrValue::Text(o))).into_iter().collect();
        WireRecord { record, attributes, trace: ids.0.map(TraceId), span: ids.1.map(SpanId) }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(records in proptest::collection::vec(record(), 0..4)) {
        let groups = vec![ResourceLogs { resource: vec![("service.name".into(), "s".into())], records }];
        let read = decode_logs(encode_logs(&groups, ("aiobs", "1")).as_bytes()).unwrap();
        prop_assert_eq!(read.rejected, vec![]);
        prop_assert_eq!(read.groups, groups);
    }
}

fn read(fields: &str) -> Result<WireRecord, String> {
    let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{fields}}}]}}]}}]}}"#);
    let mut read = decode_logs(text.as_bytes()).unwrap();
    match read.rejected.pop() {
        Some(e) => Err(e.to_string()),
        None => Ok(read.groups.remove(0).records.remove(0)),
    }
}

#[test]
fn another_programs_record_is_understood() {
    let wire = read(
        r#""timeUnixNano":1544712660300000000,"observedTimeUnixNano":"1544712660300000001","severityText":"Warning",
        "traceId":"5B8EFFF798038103D269B633813FC60C","body":{"stringValue":"Example"},"droppedAttributesCount":1,
        "attributes":[{"key":"int.attribute","value":{"intValue":10}},{"key":"aiobs.record.flags","value":{"intValue":999}}]"#,
    )
    .unwrap();
    assert_eq!(wire.record.time, Timestamp(1_544_712_660_300_000_000));
    assert_eq!(wire.record.severity, Severity::WARN);
    assert_eq!(wire.record.message(), "Example");
    assert_eq!(wire.attributes.len(), 2, "what does not fit our fields is kept as it came");
    assert_eq!(wire.trace.unwrap().to_string(), "5b8efff798038103d269b633813fc60c");
}

#[test]
fn odd_bodies_times_and_severities() {
    let body = |b: &str| read(&format!(r#""body":{b}"#)).unwrap().record.text;
    assert_eq!(body(r#"{"intValue":"5"}"#), "5");
    assert_eq!(body(r#"{"kvlistValue":{"values":[]}}"#), r#"{"values":[]}"#);
    assert_eq!(body("null"), "");
    assert_eq!(read(r#""observedTimeUnixNano":"5""#).unwrap().record.time, Timestamp(5));
    let severity = |s: &str| read(&format!(r#""severityNumber":{s}"#)).map(|r| r.record.severity);
    assert_eq!(severity(r#""SEVERITY_NUMBER_ERROR2""#), Ok(Severity(18)));
    assert_eq!(severity(r#""SEVERITY_NUMBER_UNSPECIFIED""#), Ok(Severity::UNSET));
    assert_eq!(severity(r#""17""#), Ok(Severity::ERROR));
    let place = "resourceLogs[0].scopeLogs[0].logRecords[0].severityNumber";
    assert_eq!(severity("25").unwrap_err(), format!("{place}: expected a severity from 0 to 24, found 25"));
}
