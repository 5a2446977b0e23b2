//! JSON documents with a list of records, read by the real binary: CloudTrail's files and their kin.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "others need more of it")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use support::Home;

/// An event as CloudTrail writes it.
fn event(n: usize) -> String {
    let error = if n.is_multiple_of(5) { r#","errorCode":"AccessDenied","errorMessage":"no""# } else { "" };
    format!(
        r#"{{"eventVersion":"1.09","userIdentity":{{"type":"IAMUser","userName":"anna"}},"eventTime":"2025-01-07T14:30:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject{n}","awsRegion":"eu-central-1","requestParameters":{{"keys":["a","]}}"]}}{error}}}"#,
        n % 60
    )
}

fn events(count: usize) -> String {
    (1..=count).map(event).collect::<Vec<_>>().join(",")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[test]
fn each_event_of_a_document_is_a_record() {
    let home = Home::new();
    let whole = format!("{{\"Records\":[{}]}}", events(20));
    let pretty =
        whole.replace(",\"eventTime\"", ",\n    \"eventTime\"").replace("},{\"eventV", "},\n  {\"eventV") + "\n";
    for (name, bytes) in
        [("a.json", whole.clone().into_bytes()), ("b.json", pretty.into_bytes()), ("c.json.gz", gzip(&whole))]
    {
        fs::write(home.path("logs").join(name), bytes).unwrap();
        let ran = home.run(["import", &format!("logs/{name}")]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(!ran.err.contains("middle"), "{}", ran.err);
    }
    let records = home.records();
    assert_eq!(records.len(), 60);
    for (n, r) in records.iter().enumerate() {
        let n = n % 20 + 1;
        let (level, message) =
            if n.is_multiple_of(5) { ("warn", "no".to_owned()) } else { ("info", format!("GetObject{n}")) };
        assert_eq!((r["level"].as_str(), r["message"].as_str()), (Some(level), Some(message.as_str())), "{r}");
        assert_eq!(r["component"], "s3.amazonaws.com");
        assert!(r["time"].as_str().unwrap().starts_with(&format!("2025-01-07T14:30:{n:02}")), "{r}");
    }
    assert_eq!(home.run(["search", "--count", "userName=anna"]).out.trim(), "60");
    let formats = home.run(["formats", "logs/a.json"]).out;
    assert!(formats.contains("cloudtrail") && formats.contains("GetObject1"), "{formats}");
    // Nothing is read twice.
    assert_eq!(home.run(["import", "logs/a.json"]).code, Some(0));
    assert_eq!(home.records().len(), 60);
}

#[test]
fn a_document_of_many_mebibytes_is_read_and_its_missing_end_is_told() {
    let home = Home::new();
    let mut torn = format!("{{\"Records\":[{}", events(40_000));
    assert!(torn.len() > 8 << 20);
    torn.truncate(torn.len() - 40);
    fs::write(home.path("logs/big.json"), &torn).unwrap();
    let ran = home.run(["import", "logs/big.json"]);
    assert!(ran.err.contains("big.json ends in the middle of its list of records"), "{}", ran.err);
    assert_eq!(home.run(["search", "--count", ""]).out.trim(), "40000");
    let last = home.run(["search", "--newest", "--limit", "1", "--output", "json", ""]).out;
    assert!(last.contains("\"cut\":true") && last.contains("GetObject40000"), "{last}");
}

#[test]
fn lists_without_a_wrapper_and_lines_of_wrappers_are_read() {
    let home = Home::new();
    let mut list = String::from("[\n");
    for n in 0..3 {
        let _ = write!(list, r#"  {{"time":"2025-01-07T14:30:0{n}Z","level":"error","msg":"step {n}"}},"#);
    }
    let list = list.trim_end_matches(',').to_owned() + "\n]\n";
    let azure = r#"{"time":"2025-01-07T14:30:09Z","resourceId":"/S/1","category":"AuditEvent","operationName":"SecretGet","level":"Error"}"#;
    fs::write(home.path("logs/list.json"), list).unwrap();
    fs::write(home.path("logs/hub.json"), format!("{{\"records\":[{azure},{azure}]}}\n").repeat(2)).unwrap();
    assert_eq!(home.run(["import", "logs/list.json", "logs/hub.json"]).code, Some(0));
    let of = |query: &str| home.run(["search", "--count", query]).out.trim().to_owned();
    assert_eq!(
        (of("source=list.json level=error"), of("source=hub.json component=AuditEvent")),
        ("3".into(), "4".into())
    );
    assert_eq!(of(""), "7");
}
