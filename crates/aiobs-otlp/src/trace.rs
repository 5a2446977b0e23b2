//! Spans as `ExportTraceServiceRequest`.

use crate::value::{attribute, attributes, from_time, time, whole};
use crate::{OtlpError, Service, leaves, parse, text};
use aiobs_types::{Span, SpanId, SpanStatus, Timestamp, TraceId};
use serde_json::{Value, json};

const PATH: [&str; 3] = ["resourceSpans", "scopeSpans", "spans"];
/// `SPAN_KIND_INTERNAL`.
const INTERNAL: i64 = 1;

/// The body of a POST to `/v1/traces`.
pub fn encode_spans(spans: &[Span], by: Service<'_>) -> Vec<u8> {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{"resource": by.resource(), "scopeSpans": [{"scope": by.scope(), "spans": spans}]}]})
        .to_string()
        .into_bytes()
}

fn span(s: &Span) -> Value {
    let mut out = json!({
        "traceId": s.trace.to_string(),
        "spanId": s.id.to_string(),
        "name": s.name,
        "kind": INTERNAL,
        "startTimeUnixNano": time(s.start),
        "endTimeUnixNano": time(s.end.unwrap_or_default()),
        "attributes": s.attributes.iter().map(|(k, v)| attribute(k, v)).collect::<Vec<_>>(),
        "status": match &s.status {
            SpanStatus::Unset => json!({}),
            SpanStatus::Ok => json!({"code": 1}),
            SpanStatus::Error(why) => json!({"code": 2, "message": why}),
        },
    });
    if let Some(parent) = s.parent {
        out["parentSpanId"] = Value::String(parent.to_string());
    }
    out
}

/// All spans of an `ExportTraceServiceRequest`; what resource and scope say is left out.
///
/// # Errors
/// It is no JSON, or a field has another form than the protocol says.
pub fn decode_spans(json: &[u8]) -> Result<Vec<Span>, OtlpError> {
    let message = parse(json)?;
    leaves(&message, PATH)?.map(from_span).collect()
}

fn from_span(v: &Value) -> Result<Span, OtlpError> {
    let trace = u128::from_str_radix(hex(v, "traceId", 32)?, 16);
    let trace = trace.map_err(|_| OtlpError::Field { field: "traceId", expected: "32 hexadecimal digits" })?;
    let parent = if text(v, "parentSpanId")?.is_empty() { None } else { Some(span_id(v, "parentSpanId")?) };
    let status = v.get("status").unwrap_or(&Value::Null);
    Ok(Span {
        trace: TraceId(trace),
        id: span_id(v, "spanId")?,
        parent,
        name: text(v, "name")?.to_owned(),
        start: from_time(v, "startTimeUnixNano")?.unwrap_or(Timestamp(0)),
        end: from_time(v, "endTimeUnixNano")?,
        status: match status.get("code").and_then(whole).unwrap_or(0) {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error(text(status, "message")?.to_owned()),
            _ => SpanStatus::Unset,
        },
        attributes: attributes(v)?,
    })
}

fn span_id(v: &Value, field: &'static str) -> Result<SpanId, OtlpError> {
    let id = u64::from_str_radix(hex(v, field, 16)?, 16);
    id.map(SpanId).map_err(|_| OtlpError::Field { field, expected: "16 hexadecimal digits" })
}

fn hex<'a>(v: &'a Value, field: &'static str, digits: usize) -> Result<&'a str, OtlpError> {
    let id = text(v, field)?;
    let fits = id.len() == digits && id.bytes().all(|b| b.is_ascii_hexdigit());
    if fits { Ok(id) } else { Err(OtlpError::Field { field, expected: "an id in hexadecimal digits" }) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails should stop")]
    use super::*;
    use aiobs_types::AttrValue;
    use proptest::prelude::*;

    const US: Service<'_> = Service { name: "aiobs", version: "1" };

    fn value() -> impl Strategy<Value = AttrValue> {
        prop_oneof![
            any::<i64>().prop_map(AttrValue::Int),
            any::<bool>().prop_map(AttrValue::Bool),
            ".*".prop_map(AttrValue::Text),
            any::<i32>().prop_map(|n| AttrValue::Float(f64::from(n) / 8.0)),
            Just(AttrValue::Float(f64::INFINITY)),
        ]
    }

    prop_compose! {
        fn spans()(
            ids in any::<(u128, u64)>(), parent in any::<Option<u64>>(), name in ".*", start in 0..i64::MAX,
            end in proptest::option::of(1..i64::MAX), failed in any::<Option<bool>>(), why in ".*",
            attributes in proptest::collection::vec((".{1,9}", value()), 0..5),
        ) -> Span {
            Span {
                trace: TraceId(ids.0), id: SpanId(ids.1), parent: parent.map(SpanId), name,
                start: Timestamp(start), end: end.map(Timestamp),
                status: match failed {
                    None => SpanStatus::Unset, Some(false) => SpanStatus::Ok, Some(true) => SpanStatus::Error(why),
                },
                attributes,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(all in proptest::collection::vec(spans(), 0..4)) {
            prop_assert_eq!(decode_spans(&encode_spans(&all, US)).unwrap(), all);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_spans(&bytes);
        }
    }

    #[test]
    fn the_wire_form_is_the_protocols() {
        let json = br#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C",
            "spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
            "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,"kind":2,
            "attributes":[{"key":"n","value":{"intValue":"7"}},{"key":"l","value":{"arrayValue":{"values":[]}}}]}]}]}]}"#;
        let spans = decode_spans(json).unwrap();
        assert_eq!(spans[0].trace.to_string(), "5b8efff798038103d269b633813fc60c");
        assert_eq!(spans[0].parent, Some(SpanId(0xEEE1_9B7E_C3C1_B173)));
        assert_eq!(spans[0].end, Some(Timestamp(1_544_712_661_000_000_000)));
        assert_eq!(spans[0].attr_int("n"), Some(7));
        let text = String::from_utf8(encode_spans(&spans, US)).unwrap();
        assert!(text.contains(r#""startTimeUnixNano":"1544712660000000000""#), "{text}");
    }

    #[test]
    fn a_wrong_id_is_named() {
        let json = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}"#;
        assert!(decode_spans(json).unwrap_err().to_string().contains("traceId"));
    }
}
