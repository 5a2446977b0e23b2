//! Whatever goes in comes out; whatever else is read is refused without harm.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::bits::BitReader;
use super::streams::{Source, Streams};
use super::text::{self, Splitter};
use super::{Clue, Decoder, Encoder, Part, Stored};
use crate::bytes::{Bytes, put_varint};
use crate::chunk::DecodedChunk;
use crate::columns;
use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, TextMatch, Timestamp};
use proptest::prelude::*;

type Raw = ((i64, i64, u64), (u32, u32, u8, u8), (u8, String, (u32, u32)));

fn batch(first: u64, raw: &[Raw]) -> RecordBatch {
    let mut batch = RecordBatch::new(RecordId(first));
    for ((time, observed, offset), (source, template, severity, flags), (component, text, message)) in raw {
        batch.push(NewRecord {
            time: Timestamp(*time),
            observed: Timestamp(*observed),
            offset: *offset,
            source: SourceId(*source),
            template: TemplateId(*template),
            severity: Severity(*severity),
            flags: *flags,
            component: ["", "a", "payments", "größe"][*component as usize % 4],
            text,
            message: *message,
        });
    }
    batch
}

fn raw() -> impl Strategy<Value = Vec<Raw>> {
    let times = prop_oneof![any::<i64>(), (0..100_i64).prop_map(|s| s * 1_000_000_000)];
    let ids = (0..4_u32, any::<u32>(), 0..25_u8, any::<u8>());
    let text = prop_oneof!["[a-z ]{0,30}", any::<String>()];
    let one = ((times, any::<i64>(), any::<u64>()), ids, (any::<u8>(), text, any::<(u32, u32)>()));
    proptest::collection::vec(one, 1..60)
}

fn stored(encoder: &mut Encoder, parts: &[Part<'_>], sealed: bool) -> Stored {
    let e = encoder.encode(parts, sealed).unwrap();
    Stored { header: e.header, columns: e.columns.to_vec(), text: e.text.to_vec() }
}

proptest! {
    #[test]
    fn any_records_come_back_as_they_went_in(raw in raw(), cut in any::<prop::sample::Index>(), sealed in any::<bool>()) {
        let whole = batch(7, &raw);
        let cut = cut.index(raw.len());
        let mut encoder = Encoder::new().unwrap();
        let (a, b) = (batch(7, &raw[..cut]), batch(7 + cut as u64, &raw[cut..]));
        let two = [Part { batch: &a, rows: 0..a.len() }, Part { batch: &b, rows: 0..b.len() }];
        let halves = [Part { batch: &whole, rows: 0..cut }, Part { batch: &whole, rows: cut..raw.len() }];
        for parts in [&two[..], &halves[..], &[Part { batch: &whole, rows: 0..raw.len() }]] {
            let stored = stored(&mut encoder, parts, sealed);
            let chunk = DecodedChunk::decode(&mut Decoder::new().unwrap(), &stored).unwrap();
            let (got, want): (Vec<_>, Vec<_>) =
                (chunk.iter().map(|v| v.to_record()).collect(), whole.iter().map(|v| v.to_record()).collect());
            prop_assert_eq!(got, want);
            prop_assert_eq!(&chunk.to_batch(), &whole);
            for v in whole.iter() {
                prop_assert!(stored.header.templates.may_contain(v.meta.template.0));
                prop_assert!(v.meta.time >= stored.header.min_time && v.meta.time <= stored.header.max_time);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400), count in 0..5000_usize) {
        let _ = columns::decode(&bytes, count);
        let mut claimed = Vec::new();
        put_varint(&mut claimed, count as u64);
        claimed.extend_from_slice(&bytes);
        let _ = columns::decode(&claimed, count);
    }

    #[test]
    fn a_changed_byte_is_noticed(raw in raw(), at in any::<prop::sample::Index>(), bit in 0..8_u32, in_text in any::<bool>()) {
        let whole = batch(1, &raw);
        let parts = [Part { batch: &whole, rows: 0..raw.len() }];
        let mut stored = stored(&mut Encoder::new().unwrap(), &parts, true);
        let bytes = if in_text { &mut stored.text } else { &mut stored.columns };
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // A bit that means nothing to zstd may change unnoticed; what is read is never something else.
        if let Ok(chunk) = DecodedChunk::decode(&mut Decoder::new().unwrap(), &stored) {
            prop_assert_eq!(chunk.to_batch(), whole);
        }
    }

    #[test]
    fn declared_sizes_are_not_believed(raw in raw(), text in any::<u32>(), columns in any::<u32>(), count in any::<u32>()) {
        let whole = batch(1, &raw);
        let parts = [Part { batch: &whole, rows: 0..raw.len() }];
        let mut stored = stored(&mut Encoder::new().unwrap(), &parts, true);
        let h = &mut stored.header;
        prop_assume!((h.text_bytes, h.column_bytes, h.count) != (text, columns, count));
        (h.text_bytes, h.column_bytes, h.count) = (text, columns, count);
        prop_assert!(DecodedChunk::decode(&mut Decoder::new().unwrap(), &stored).is_err());
    }
}

/// Records as services write them: few statements, many values of all kinds, now and then something else.
fn logs() -> impl Strategy<Value = Vec<Raw>> {
    let value = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        (0..300_u32).prop_map(|n| n.to_string()),
        (0..1000_u32).prop_map(|n| format!("{n:03}")),
        any::<u64>().prop_map(|n| format!("{n:016x}")),
        any::<u128>().prop_map(|n| format!("{n:032x}")),
        (any::<u8>(), any::<u8>()).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        (any::<u16>(), 0..100_u8).prop_map(|(a, b)| format!("{a}.{b:02}")),
        Just("v2".to_owned()),
        "[a-f0-9]{4}",
        "[0-9]{0,25}",
        "[a-z]{1,3}[0-9]{0,2}",
        "[ß0-9]{0,3}",
    ];
    let one = (0..6_usize, 0..400_000_i64, proptest::collection::vec(value, 4), any::<u32>());
    proptest::collection::vec(one, 1..120).prop_map(|all| all.into_iter().map(log).collect())
}

fn log((statement, millis, v, noise): (usize, i64, Vec<String>, u32)) -> Raw {
    let (s, ms) = (millis / 1000, millis % 1000);
    let clock = format!("{:02}:{:02}:{:02}", 12 + s / 3600, s / 60 % 60, s % 60);
    let text = match statement {
        0 => {
            format!("2025-06-15 {clock}.{ms:03} [INFO] gateway - {} GET /orders/{} {} in {} ms", v[0], v[1], v[2], v[3])
        }
        1 => format!("{{\"time\":\"2025-06-15T{clock},{ms:03}Z\",\"id\":\"{}\",\"n\":{}}}", v[0], v[1]),
        2 => format!("Jun 15 {clock} host-{} sshd[{}]: größe {}\n\tat x({})", v[0], v[1], v[2], v[3]),
        3 => "nothing that varies".to_owned(),
        4 => v[0].clone(),
        _ => format!("{}{} {noise}", v[0], v[1]),
    };
    // Sometimes the event's time is not the one in the text.
    let nanos = (43_200_000 + millis) * 1_000_000 + i64::from(noise % 50 == 0);
    let len = text.len() as u32;
    let ids = (1, statement as u32 / 2, 9, u8::from(noise % 40 == 0));
    ((nanos, nanos, u64::from(noise)), ids, (statement as u8, text, (3.min(len), len)))
}

fn literal(pattern: &str, case_sensitive: bool) -> TextMatch {
    TextMatch { pattern: pattern.to_owned(), regex: false, case_sensitive, negate: false }
}

fn rules_out(decoder: &mut Decoder, stored: &Stored, test: &TextMatch) -> bool {
    let clues: Vec<Clue> = Clue::of(test).into_iter().collect();
    !decoder.frames(stored).unwrap().may_hold(&clues).unwrap().contains(&true)
}

#[test]
fn what_stands_within_a_time_is_found() {
    for form in 0..3 {
        let raw: Vec<Raw> = (0..40_i64)
            .map(|i| {
                let millis = i * 61_361;
                let clock = format!("12:{:02}:{:02}", millis / 60_000, millis / 1_000 % 60);
                let text = match form {
                    0 => format!("2025-06-15 {clock}.{:03} [INFO] gateway", millis % 1_000),
                    1 => format!("2025-06-15T{clock},{:03}Z gateway", millis % 1_000),
                    _ => format!("Jun 15 {clock} gateway"),
                };
                let nanos = (43_200_000 + millis) * 1_000_000;
                let len = text.len() as u32;
                ((nanos, nanos, 1), (1, 0, 9, 0), (0, text, (0, len)))
            })
            .collect();
        let whole = batch(1, &raw);
        let stored = stored(&mut Encoder::new().unwrap(), &[Part { batch: &whole, rows: 0..raw.len() }], true);
        let mut decoder = Decoder::new().unwrap();
        let line = &raw[0].2.1;
        for pattern in
            [":", "-", ".", ",", "T", "Z", "J", " ", "5T", ":0", "-0"].into_iter().filter(|p| line.contains(p))
        {
            assert!(!rules_out(&mut decoder, &stored, &literal(pattern, true)), "{pattern:?} in {line}");
        }
    }
}

/// What damage may do: give an error or the same records, nothing else.
fn is_safe(stored: &Stored, whole: &RecordBatch) -> bool {
    DecodedChunk::decode(&mut Decoder::new().unwrap(), stored).map_or(true, |chunk| chunk.to_batch() == *whole)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn logs_come_back_as_they_went_in(raw in logs(), again in 1..4_usize) {
        let raw: Vec<Raw> = (0..again).flat_map(|_| raw.clone()).collect();
        let whole = batch(7, &raw);
        let mut encoder = Encoder::new().unwrap();
        for sealed in [true, false, true] {
            let stored = stored(&mut encoder, &[Part { batch: &whole, rows: 0..raw.len() }], sealed);
            let mut decoder = Decoder::new().unwrap();
            prop_assert_eq!(&DecodedChunk::decode(&mut decoder, &stored).unwrap().to_batch(), &whole);
        }
    }

    #[test]
    fn what_is_there_is_never_ruled_out(
        raw in logs(), row in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), len in 1..12_usize,
        other in "[ -~]{1,6}", case_sensitive in any::<bool>(), upper in any::<bool>(),
    ) {
        let whole = batch(1, &raw);
        let stored = stored(&mut Encoder::new().unwrap(), &[Part { batch: &whole, rows: 0..raw.len() }], true);
        let text: Vec<char> = raw[row.index(raw.len())].2.1.chars().collect();
        prop_assume!(!text.is_empty());
        let part: String = text[from.index(text.len())..].iter().take(len).collect();
        let part = if upper && !case_sensitive { part.to_ascii_uppercase() } else { part };
        let mut decoder = Decoder::new().unwrap();
        for pattern in [part, other] {
            let test = literal(&pattern, case_sensitive);
            let fold = |s: &str| if case_sensitive { s.to_owned() } else { s.to_lowercase() };
            let found = |r: &Raw| fold(&r.2.1).contains(&fold(&pattern));
            let (rows, frames) = (decoder.rows(&stored).unwrap(), decoder.frames(&stored).unwrap());
            let may = frames.may_hold(&[Clue::of(&test).unwrap_or_else(|| Clue::of(&literal("1", true)).unwrap())]).unwrap();
            for (r, &shape) in raw.iter().zip(&rows.shapes) {
                prop_assert!(!found(r) || Clue::of(&test).is_none() || may[shape as usize], "{} in {}", pattern, r.2.1);
            }
            // What is wanted is put together as ever, whatever is left out.
            let (all, some) = (frames.text(&rows, None).unwrap(), frames.text(&rows, Some(&may)).unwrap());
            for (row, &shape) in rows.metas.iter().zip(&rows.shapes) {
                let at = row.start as usize..(row.start + row.len) as usize;
                let text = if may[shape as usize] { all[at.clone()].to_owned() } else { "\0".repeat(at.len()) };
                prop_assert_eq!(&some[at], text);
            }
        }
    }

    #[test]
    fn logs_with_damage_are_told(
        raw in logs(), in_text in any::<bool>(), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(), shorter in any::<bool>(),
    ) {
        let whole = batch(1, &raw);
        let parts = [Part { batch: &whole, rows: 0..raw.len() }];
        let mut stored = stored(&mut Encoder::new().unwrap(), &parts, true);
        let bytes = if in_text { &mut stored.text } else { &mut stored.columns };
        if shorter {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, to) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = to;
            }
        }
        prop_assert!(is_safe(&stored, &whole));
    }

    /// As if the checksums were right: what is read may be wrong then, but nothing breaks.
    #[test]
    fn streams_that_lie_are_read_without_harm(
        raw in logs(), which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), bits in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let whole = batch(1, &raw);
        let (mut splitter, mut streams) = (Splitter::new(), Streams::default());
        splitter.split(whole.rows(), whole.text(), &mut streams);
        let mut all = [
            streams.constants, streams.whole, streams.words, streams.forms, streams.classes,
            streams.bits.finish().to_vec(),
        ];
        for (at, to) in changes {
            if !all[which].is_empty() {
                let at = at.index(all[which].len());
                all[which][at] = to;
            }
        }
        if which == 5 {
            all[5] = bits;
        }
        let [constants, whole_texts, words, forms, classes, bits] = &all;
        let source = Source {
            constants: Bytes(constants), whole: Bytes(whole_texts), words: Bytes(words), forms: Bytes(forms),
            classes: Bytes(classes), bits: BitReader::new(bits),
        };
        let _ = text::join(whole.rows(), &splitter.ids, None, whole.text().len(), source);
    }
}

#[test]
fn extremes_come_back() {
    let long = "7".repeat(300_000);
    let many = (0..400).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let texts = ["", "1", &long, &many, "\n\n", "ä1ä", "1.2.3.4.5.6.7.8.9.10", "00", "18446744073709551616", "+5"];
    let mut raw: Vec<Raw> = Vec::new();
    for n in 0..8 {
        let one = |text: String| ((n, n, 0), (1, 1, 9, 0), (0, text, (0, 0)));
        raw.extend(texts.iter().map(|t| one((*t).to_owned())));
        raw.extend(texts.iter().map(|t| one(format!("{t} {n}"))));
        raw.push(one(format!("at 23:59:5{n}.999999999Z and 24:00:0{n} and 1:2:{n}")));
        // More shapes than a chunk has.
        let word = |i: u32| i.to_string().bytes().map(|b| char::from(b + 49)).collect::<String>();
        raw.extend((0..3000).map(|i| one(format!("{} {n}", word(i)))));
    }
    let whole = batch(1, &raw);
    let stored = stored(&mut Encoder::new().unwrap(), &[Part { batch: &whole, rows: 0..raw.len() }], true);
    assert!(DecodedChunk::decode(&mut Decoder::new().unwrap(), &stored).unwrap().to_batch() == whole);
}

#[test]
fn logs_take_little_room() {
    let line = |n: i64| {
        let ms = n * 37;
        let trace = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        log((
            0,
            ms,
            vec![format!("10.0.0.{}", n % 250), (n * n).to_string(), "200".into(), (trace >> 50).to_string()],
            1,
        ))
    };
    let raw: Vec<Raw> = (0..4000).map(line).collect();
    let whole = batch(1, &raw);
    let stored = stored(&mut Encoder::new().unwrap(), &[Part { batch: &whole, rows: 0..raw.len() }], true);
    let percent = stored.header.stored_bytes as usize * 100 / whole.text().len();
    assert!(percent < 10, "{percent} % of the text");
}

#[test]
fn what_no_shape_and_no_value_holds_is_ruled_out() {
    let line = |n: i64| {
        log((n as usize % 3, n, vec![format!("db-{n}"), n.to_string(), format!("{:08x}", n * 77777), "x9".into()], 1))
    };
    let raw: Vec<Raw> = (0..300).map(line).collect();
    let whole = batch(1, &raw);
    let stored = stored(&mut Encoder::new().unwrap(), &[Part { batch: &whole, rows: 0..raw.len() }], true);
    let mut decoder = Decoder::new().unwrap();
    let mut out = |pattern: &str, case_sensitive| {
        let test = literal(pattern, case_sensitive);
        rules_out(&mut decoder, &stored, &test)
    };
    for absent in ["timeout", "connection refused", "GET gateway", "[WARN]", "db-1 - upstream"] {
        assert!(out(absent, true), "{absent}");
    }
    for there in ["gateway - db-1 GET", "größe", "INFO", "db-17", "GET /orders/7", "T12:00"] {
        assert!(!out(there, true), "{there}");
    }
    assert!(out("info", true) && !out("größe", false));
}
