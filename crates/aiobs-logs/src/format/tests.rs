#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use aiobs_types::{Severity, Timestamp};
use std::sync::Arc;

const NOW: &str = "2025-03-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    let t: jiff::Timestamp = text.parse().unwrap();
    Timestamp(t.as_nanosecond() as i64)
}

fn utc(forced: Option<&str>) -> SourceParser {
    SourceParser::new(FormatSet::builtin(), ZoneRule::Utc, forced, None).unwrap()
}

fn slice(line: &str, (start, end): (u32, u32)) -> &str {
    line.get(start as usize..end as usize).expect("a range inside the line on character boundaries")
}

#[test]
fn every_format_file_is_embedded_and_compiles() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/formats");
    let mut files: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let table: Vec<_> = embedded::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, table);
    for format in set::shipped() {
        let format = format.unwrap_or_else(|e| panic!("{e}"));
        assert!(!format.doc().is_empty(), "{} says what writes it", format.name());
    }
}

/// Each sample is read as stated, both when its format is forced and when it must be found.
#[test]
fn samples_of_every_format() {
    let mut wrong = Vec::new();
    for (file, text) in embedded::FILES {
        let def = FormatDef::from_toml(file, text).unwrap();
        assert_eq!(format!("{}.toml", def.name), *file);
        assert!(!def.samples.is_empty(), "{file} has samples");
        for sample in &def.samples {
            for forced in [Some(def.name.as_str()), None] {
                let mut parser = utc(forced);
                let p = parser.parse(&sample.line, at(NOW));
                let want = (
                    (!sample.time.is_empty()).then(|| at(&sample.time)),
                    level::by_name(&sample.severity).unwrap(),
                    sample.component.as_str(),
                    sample.message.as_str(),
                    sample.partial,
                );
                let got =
                    (p.time, p.severity, slice(&sample.line, p.component), slice(&sample.line, p.message), p.partial);
                if got != want {
                    wrong.push(format!(
                        "{file}, {forced:?} as {}: {}\n  got  {got:?}\n  want {want:?}",
                        parser.format_name(),
                        sample.line
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_severity_is_unset() {
    assert_eq!(utc(None).parse("hello", at(NOW)).severity, Severity::UNSET);
    let _ = Arc::new(());
}
