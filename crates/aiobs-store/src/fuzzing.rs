//! Doors for fuzzing: what reads stored bytes, without the database and without the checksums that would stop damaged
//! bytes at the door. Used by the fuzz targets only.

use crate::bytes::{Bytes, put_varint};
use crate::chunk::DecodedChunk;
use crate::codec::{Clue, Decoder, Encoder, Part, Stored, decode_raw};
use aiobs_types::{RecordBatch, RecordId, TextMatch};

/// Reads a chunk's bytes as they are before compression: number of records, length of each part, then the parts.
/// Anything is allowed; a chunk that can be read holds together.
pub fn raw_chunk(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut parts = || {
        let (count, text) = (bytes.varint()?, bytes.varint()?);
        let lens = [bytes.varint()?, bytes.varint()?, bytes.varint()?];
        let [columns, texts, small] = lens.map(|len| bytes.take(len));
        Some((usize::try_from(count).ok()?, u32::try_from(text).ok()?, columns?, [texts?, small?, bytes.0]))
    };
    let Some((count, text, columns, frames)) = parts() else { return };
    if count > 1 << 14 || text > 1 << 20 {
        return;
    }
    let read = decode_raw(count, text, columns, frames);
    if let Some(Ok(chunk)) = read.map(|(rows, text)| DecodedChunk::join(RecordId(1), rows, text, &[])) {
        check(&chunk);
    }
}

/// A chunk as it is stored.
#[derive(Debug)]
pub struct Sound(Stored);

/// Encodes records.
pub fn stored_chunk(batch: &RecordBatch) -> Option<Sound> {
    encode(batch).map(Sound)
}

/// Flips, cuts and swaps bytes of an encoded chunk as `data` says, then reads it. Damage is told or does not matter.
pub fn damaged_chunk(sound: &Sound, data: &[u8]) {
    let mut stored = sound.0.clone();
    for change in data.chunks_exact(4) {
        let [what, at, more, value] = [0, 1, 2, 3].map(|i| change[i]);
        let blob = if what & 1 == 0 { &mut stored.columns } else { &mut stored.text };
        let at = (usize::from(at) << 8 | usize::from(more)) % blob.len().max(1);
        match (what >> 1) % 4 {
            0 => blob.iter_mut().skip(at).take(1).for_each(|b| *b ^= value.max(1)),
            1 => blob.truncate(at),
            2 => blob.insert(at.min(blob.len()), value),
            _ => stored.header.count = stored.header.count.wrapping_add(u32::from(value)),
        }
    }
    let Ok(mut decoder) = Decoder::new() else { return };
    let literal = TextMatch { pattern: "request 1".into(), regex: false, case_sensitive: true, negate: false };
    let clues: Vec<Clue> = Clue::of(&literal).into_iter().collect();
    drop(decoder.frames(&stored).and_then(|frames| frames.may_hold(&clues)));
    if let Ok(chunk) = DecodedChunk::decode(&mut decoder, &stored) {
        check(&chunk);
    }
}

/// What [`raw_chunk`] reads, made from records: a good beginning for a fuzzer.
pub fn seed(batch: &RecordBatch) -> Vec<u8> {
    let read = || {
        let stored = encode(batch)?;
        let (columns, frames) = Decoder::new().ok()?.raw(&stored).ok()?;
        let mut out = Vec::new();
        put_varint(&mut out, u64::from(stored.header.count));
        put_varint(&mut out, u64::from(stored.header.text_bytes));
        for len in [columns.len(), frames[0].len(), frames[1].len()] {
            put_varint(&mut out, len as u64);
        }
        out.extend([&columns].into_iter().chain(&frames).flatten());
        Some(out)
    };
    read().unwrap_or_default()
}

fn encode(batch: &RecordBatch) -> Option<Stored> {
    let mut encoder = Encoder::new().ok()?;
    let encoded = encoder.encode(&[Part { batch, rows: 0..batch.len() }], true).ok()?;
    Some(Stored { header: encoded.header.clone(), columns: encoded.columns.to_vec(), text: encoded.text.to_vec() })
}

fn check(chunk: &DecodedChunk) {
    // Reading every record must not go wrong, whatever the chunk says of itself.
    let seen = chunk.iter().map(|v| v.text.len() + v.component.len() + v.message().len()).sum::<usize>();
    assert!(chunk.is_empty() || seen >= chunk.text().len(), "records do not hold the text");
    drop(chunk.to_batch());
}
