//! The encoding of chunks alone, on the corpus of the whole program's benches: what it takes to encode and to decode
//! records, and the size they have then. Run with `cargo bench -p aiobs-store --bench codec`; names of log files behind
//! `--` are measured too, a record per line.
#![expect(clippy::unwrap_used, reason = "a bench that fails should stop")]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unfulfilled_lint_expectations,
    reason = "parts of the crate and of the corpus taken out of their surroundings, with tests that do not run here"
)]

#[path = "../../../benches/corpus/mod.rs"]
mod corpus;
/// The codec is no one's business outside of the crate, so its sources are taken in here.
#[path = "../src"]
mod sources {
    pub(crate) mod bytes;
    pub(crate) mod chunk;
    pub(crate) mod codec;
    pub(crate) mod columns;
    pub(crate) mod error;
    pub(crate) mod header;
}

use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
use chunk::DecodedChunk;
use codec::{Decoder, Encoder, Part, Stored};
use corpus::{Lines, Style};
use sources::{bytes, chunk, codec, columns, error, header};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

/// Bytes of text per log and per chunk.
const BYTES: usize = 24 << 20;
const CHUNK: usize = 1 << 20;
const ROUNDS: usize = 7;
const MILLIS: i64 = 1_000_000;

/// Cuts lines into batches of a chunk's size, with the fixed parts that the pipeline would give them, about.
#[derive(Default)]
struct Chunks {
    done: Vec<RecordBatch>,
    batch: RecordBatch,
    templates: HashMap<String, u32>,
    millis: i64,
    offset: u64,
}

impl Chunks {
    fn push(&mut self, text: &str) {
        if let Some(millis) = millis(text) {
            self.millis = millis;
        }
        let level = [("ERROR", Severity::ERROR), ("WARN", Severity::WARN), ("DEBUG", Severity::DEBUG)];
        let severity = level.iter().find(|(word, _)| text.contains(word)).map_or(Severity::INFO, |l| l.1);
        let words = text.split_ascii_whitespace().filter(|w| !w.bytes().any(|b| b.is_ascii_digit()));
        let words: Vec<&str> = words.take(6).collect();
        let next = self.templates.len() as u32;
        let template = *self.templates.entry(words.join(" ")).or_insert(next);
        self.batch.push(NewRecord {
            time: Timestamp(self.millis * MILLIS),
            observed: Timestamp(1),
            offset: self.offset,
            source: SourceId(1),
            template: TemplateId(template),
            severity,
            flags: 0,
            component: words.get(1).copied().unwrap_or(""),
            text,
            message: (0, text.len() as u32),
        });
        self.offset += text.len() as u64 + 1;
        if self.batch.text_bytes() >= CHUNK || self.batch.len() >= 8192 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let next = RecordId(self.batch.first.0 + self.batch.len() as u64);
        if !self.batch.is_empty() {
            self.done.push(std::mem::replace(&mut self.batch, RecordBatch::new(next)));
        }
    }
}

/// The first time of day in a line, in milliseconds.
fn millis(text: &str) -> Option<i64> {
    let at = text.find(':')?.checked_sub(2)?;
    let number = |from: usize, to: usize| text.get(at + from..at + to)?.parse::<i64>().ok();
    let seconds = number(0, 2)? * 3600 + number(3, 5)? * 60 + number(6, 8)?;
    Some(seconds * 1000 + number(9, 12).unwrap_or(0))
}

fn made(style: Style) -> Vec<RecordBatch> {
    let (mut lines, mut chunks, mut text, mut bytes) = (Lines::new(style, 7), Chunks::default(), String::new(), 0);
    while bytes < BYTES {
        text.clear();
        lines.next(&mut text);
        bytes += text.len();
        chunks.push(text.trim_end());
    }
    chunks.cut();
    chunks.done
}

fn read(path: &str) -> Vec<RecordBatch> {
    let bytes = std::fs::read(path).unwrap();
    let mut chunks = Chunks::default();
    String::from_utf8_lossy(&bytes).lines().for_each(|line| chunks.push(line));
    chunks.cut();
    chunks.done
}

fn encode(encoder: &mut Encoder, batches: &[RecordBatch]) -> Vec<Stored> {
    let one = |batch| {
        let parts = [Part { batch, rows: 0..batch.len() }];
        let encoded = encoder.encode(&parts, true).unwrap();
        Stored { header: encoded.header, columns: encoded.columns.to_vec(), text: encoded.text.to_vec() }
    };
    batches.iter().map(one).collect()
}

/// The least seconds of some rounds.
fn least<T>(mut work: impl FnMut() -> T) -> f64 {
    let round = |_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

fn measure(name: &str, batches: &[RecordBatch]) {
    let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
    let stored = encode(&mut encoder, batches);
    for (stored, batch) in stored.iter().zip(batches) {
        assert!(DecodedChunk::decode(&mut decoder, stored).unwrap().to_batch() == *batch, "not what went in");
    }
    let (records, bytes) = batches.iter().fold((0, 0), |(r, b), x| (r + x.len(), b + x.text_bytes()));
    let (columns, texts) = stored.iter().fold((0, 0), |(c, t), s| (c + s.columns.len(), t + s.text.len()));
    let write = least(|| encode(&mut encoder, batches));
    let read = least(|| stored.iter().map(|s| DecodedChunk::decode(&mut decoder, s).unwrap().len()).sum::<usize>());
    let percent = |n: usize| 100.0 * n as f64 / bytes as f64;
    println!(
        "{name:<24} {:>5} bytes/record   {:>5.2} % ({:.2} columns, {:.2} texts)   encode {:>4.0} ns/record   decode {:>5.0} MiB/s",
        bytes / records,
        percent(columns + texts),
        percent(columns),
        percent(texts),
        write * 1e9 / records as f64,
        bytes as f64 / read / f64::from(1 << 20),
    );
}

fn main() {
    measure("plain", &made(Style::Plain));
    measure("json", &made(Style::Json));
    for path in std::env::args().skip(1).filter(|a| !a.starts_with('-')) {
        measure(path.rsplit('/').next().unwrap_or(&path), &read(&path));
    }
}
