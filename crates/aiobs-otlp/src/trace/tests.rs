#![allow(clippy::unwrap_used)]

use super::{ResourceSpans, decode_traces, encode_traces};
use aiobs_types::{AttrValue, Span, SpanId, SpanStatus, Timestamp, TraceId};
use proptest::prelude::*;

const SCOPE: (&str, &str) = ("aiobs", "1");

fn attribute() -> impl Strategy<Value = (String, AttrValue)> {
    let value = prop_oneof![
        any::<i64>().prop_map(AttrValue::Int),
        // Exact in few digits: the JSON reader may be off in the seventeenth.
        any::<i32>().prop_map(|n| AttrValue::Float(f64::from(n) / 8.0)),
        Just(AttrValue::Float(f64::INFINITY)),
        Just(AttrValue::Float(f64::NEG_INFINITY)),
        any::<bool>().prop_map(AttrValue::Bool),
        any::<String>().prop_map(AttrValue::Text),
    ];
    (any::<String>(), value)
}

fn span() -> impl Strategy<Value = Span> {
    let status =
        prop_oneof![Just(SpanStatus::Unset), Just(SpanStatus::Ok), any::<String>().prop_map(SpanStatus::Error)];
    let ids = (1..=u128::MAX, 1..=u64::MAX, proptest::option::of(1..=u64::MAX));
    let times = (0..=i64::MAX, proptest::option::of(1..=i64::MAX));
    (ids, times, any::<String>(), status, proptest::collection::vec(attribute(), 0..4)).prop_map(
        |((trace, id, parent), (start, end), name, status, attributes)| Span {
            trace: TraceId(trace),
            id: SpanId(id),
            parent: parent.map(SpanId),
            name,
            start: Timestamp(start),
            end: end.map(Timestamp),
            status,
            attributes,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        spans in proptest::collection::vec(span(), 0..4),
        resource in proptest::collection::vec(attribute(), 0..3),
    ) {
        let groups = vec![ResourceSpans { resource, spans }];
        let read = decode_traces(encode_traces(&groups, SCOPE).as_bytes()).unwrap();
        prop_assert_eq!(read.rejected, vec![]);
        prop_assert_eq!(read.groups, groups);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_traces(&bytes);
    }

    #[test]
    fn no_json_makes_it_panic(span in "[\\[\\]{}\":,a-z0-9]{0,60}") {
        let _ = decode_traces(format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{span}]}}]}}]}}").as_bytes());
    }
}

#[test]
fn the_wire_form_is_that_of_the_specification() {
    let span = Span {
        trace: TraceId(0x5b8e_fff7_9803_8103_d269_b633_813f_c60c),
        id: SpanId(0xeee1_9b7e_c3c1_b174),
        parent: None,
        name: "chat llama3.1".into(),
        start: Timestamp(1_544_712_660_000_000_000),
        end: Some(Timestamp(1_544_712_661_000_000_000)),
        status: SpanStatus::Error("no".into()),
        attributes: vec![
            ("gen_ai.operation.name".into(), "chat".into()),
            ("n".into(), 7_i64.into()),
            ("x".into(), 0.5.into()),
            ("b".into(), true.into()),
        ],
    };
    let group = ResourceSpans { resource: vec![("service.name".into(), "aiobs".into())], spans: vec![span] };
    let expected = concat!(
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"aiobs"}}]},"#,
        r#""scopeSpans":[{"scope":{"name":"aiobs","version":"1"},"spans":[{"#,
        r#""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat llama3.1","kind":3,"#,
        r#""startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","attributes":["#,
        r#"{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"n","value":{"intValue":"7"}},"#,
        r#"{"key":"x","value":{"doubleValue":0.5}},{"key":"b","value":{"boolValue":true}}],"#,
        r#""status":{"code":2,"message":"no"}}]}]}]}"#,
    );
    assert_eq!(encode_traces(&[group], SCOPE), expected);
}

/// One span with these fields beside its ids, read from a request.
fn read(fields: &str) -> Result<Span, String> {
    let ids = r#""traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174""#;
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids}{fields}}}]}}]}}]}}"#);
    let mut read = decode_traces(text.as_bytes()).unwrap();
    match read.rejected.pop() {
        Some(e) => Err(e.to_string()),
        None => Ok(read.groups.remove(0).spans.remove(0)),
    }
}

#[test]
fn numbers_for_texts_and_unknown_fields_are_taken() {
    let span = read(
        r#","parentSpanId":"0000000000000000","startTimeUnixNano":1544712660000000000,"endTimeUnixNano":"0","flags":257,
        "kind":"SPAN_KIND_SERVER","events":[{"name":"e"}],"status":{"code":"STATUS_CODE_ERROR","deprecated":1},
        "attributes":[{"key":"i","value":{"intValue":10}},{"key":"d","value":{"doubleValue":"1.5"}},
        {"key":"l","value":{"arrayValue":{"values":[{"stringValue":"a"}]}}},{"key":"e","value":{}}]"#,
    )
    .unwrap();
    assert_eq!((span.parent, span.end), (None, None));
    assert_eq!(span.trace.to_string(), "5b8efff798038103d269b633813fc60c");
    assert_eq!(span.start, Timestamp(1_544_712_660_000_000_000));
    assert_eq!(span.status, SpanStatus::Error(String::new()));
    assert_eq!(span.attr_int("i"), Some(10));
    assert_eq!(span.attr("d"), Some(&AttrValue::Float(1.5)));
    assert_eq!(span.attr_text("l"), Some(r#"{"values":[{"stringValue":"a"}]}"#));
    assert_eq!(span.attr_text("e"), Some(""));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let at = "resourceSpans[0].scopeSpans[0].spans[0]";
    let told = [
        (r#","traceId":"12""#, r#".traceId: expected 32 hex digits, not all 0, found "12""#),
        (r#","spanId":"0000000000000000""#, r#".spanId: expected 16 hex digits, not all 0, found "0000000000000000""#),
        (r#","spanId":null"#, ".spanId: expected 16 hex digits, not all 0, found null"),
        (r#","startTimeUnixNano":"soon""#, r#".startTimeUnixNano: expected a whole number of 64 bits, found "soon""#),
        (r#","status":{"code":9}"#, ".status.code: expected a status code from 0 to 2, found 9"),
        (r#","attributes":[{"key":"k","value":3}]"#, ".attributes[0].value: expected an object, found 3"),
    ];
    for (fields, message) in told {
        assert_eq!(read(fields).unwrap_err(), format!("{at}{message}"));
    }
    assert!(decode_traces(b"{").unwrap_err().to_string().starts_with("not JSON: "));
    assert_eq!(decode_traces(b"[]").unwrap_err().to_string(), "request: expected an object, found []");
}

#[test]
fn a_bad_span_does_not_spoil_the_others() {
    let good = r#"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"good"}"#;
    let text =
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":7}},{good}]}}]}},{{"resource":3}}]}}"#);
    let read = decode_traces(text.as_bytes()).unwrap();
    assert_eq!(read.groups.iter().flat_map(|g| &g.spans).map(|s| s.name.as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(read.rejected.len(), 2, "{:?}", read.rejected);
}
