//! Whatever goes in comes out; whatever else is read is refused without harm.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::{Decoder, Encoder, Part, Stored};
use crate::bytes::put_varint;
use crate::chunk::DecodedChunk;
use crate::columns;
use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
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
