//! The archive under load: storing, decoding and searching varied made-up records, with the size it takes.
//! Run with `cargo bench -p aiobs-store`. What is told per item is per record.
#![expect(clippy::unwrap_used, reason = "a bench that fails should stop")]

use aiobs_store::{Commit, DecodedChunk, LEVELS, Matcher, Reader, Store};
use aiobs_types::{
    LogQuery, NewRecord, Order, RecordBatch, RecordId, Severity, SourceId, TemplateId, TextMatch, Timestamp,
};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

/// Records made, about 65 MB of text.
const RECORDS: u64 = 500_000;
/// Records per batch and batches per commit of a bulk import.
const BATCH: u64 = 4096;
const PER_COMMIT: usize = 12;

static GO: AtomicBool = AtomicBool::new(false);
static MADE: LazyLock<Vec<Arc<RecordBatch>>> = LazyLock::new(make);
static STORED: LazyLock<(tempfile::TempDir, Store)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    store_all(&store);
    (dir, store)
});

fn main() {
    let info = reader().archive_info().unwrap();
    let mean = info.raw_bytes / info.records;
    let percent = 100.0 * info.stored_bytes as f64 / info.raw_bytes as f64;
    let file = 100.0 * info.file_bytes as f64 / info.raw_bytes as f64;
    println!(
        "{} records of {mean} bytes in {} chunks: {percent:.1} % of the text stored, {file:.1} % in the file",
        info.records, info.chunks
    );
    divan::main();
}

/// SplitMix64 (Steele, Lea and Flood, 2014): quick and always the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// One line in the manner of common servers: about a third of its bytes vary.
fn line(out: &mut String, n: u64, r: &mut Random) -> (Severity, &'static str, u32) {
    let secs = n / 400;
    let _ = write!(
        out,
        "2025-06-{:02}T{:02}:{:02}:{:02}.{:03}Z ",
        secs / 86_400 % 28 + 1,
        secs / 3600 % 24,
        secs / 60 % 60,
        secs % 60,
        n % 400 * 5 / 2
    );
    match r.below(12) {
        0..=3 => {
            let (path, ms) = (r.below(300), r.below(900));
            let status = [200, 200, 200, 204, 304, 404][r.below(6) as usize];
            let _ = write!(
                out,
                "INFO gateway - {}.{}.{}.{} GET /api/v1/orders/{} HTTP/1.1 {status} {} {ms}ms",
                10,
                r.below(4),
                r.below(256),
                r.below(256),
                r.below(1_000_000) * path % 1_000_000,
                r.below(20_000)
            );
            (Severity::INFO, "gateway", 1)
        }
        4..=6 => {
            let _ = write!(
                out,
                "INFO orders - request_id={:016x} user={} placed order {} with {} items total {}.{:02} EUR",
                r.next(),
                r.below(50_000),
                r.below(10_000_000),
                r.below(9) + 1,
                r.below(500),
                r.below(100)
            );
            (Severity::INFO, "orders", 2)
        }
        7 | 8 => {
            let _ = write!(
                out,
                "DEBUG scheduler - job {} on worker-{} finished in {} ms, queue depth {}",
                ["reindex", "mail", "cleanup", "export", "thumbnail"][r.below(5) as usize],
                r.below(16),
                r.below(60_000),
                r.below(40)
            );
            (Severity::DEBUG, "scheduler", 3)
        }
        9 => {
            let _ = write!(
                out,
                "WARN database - slow query ({} ms): SELECT * FROM orders WHERE customer_id = {} ORDER BY created_at DESC LIMIT 50",
                r.below(9000) + 500,
                r.below(100_000)
            );
            (Severity::WARN, "database", 4)
        }
        10 => {
            let _ = write!(
                out,
                "INFO cache - evicted {} keys from shard {} (hit ratio {}.{:02} %, {} MiB in use)",
                r.below(5000),
                r.below(64),
                r.below(30) + 70,
                r.below(100),
                r.below(4096)
            );
            (Severity::INFO, "cache", 5)
        }
        _ if r.below(10) == 0 => {
            let _ = write!(
                out,
                "ERROR payments - charge {:08x} failed: upstream 10.0.{}.{}:5432 connection refused (attempt {})",
                r.next() as u32,
                r.below(4),
                r.below(256),
                r.below(5)
            );
            (Severity::ERROR, "payments", 6)
        }
        _ => {
            let _ =
                write!(out, "INFO payments - charge {:08x} of customer {} settled", r.next() as u32, r.below(100_000));
            (Severity::INFO, "payments", 7)
        }
    }
}

fn make() -> Vec<Arc<RecordBatch>> {
    let mut random = Random(7);
    let (mut batches, mut text, mut offset, mut id) = (Vec::new(), String::new(), 0, 1);
    while id <= RECORDS {
        let mut batch = RecordBatch::with_capacity(RecordId(id), BATCH as usize, BATCH as usize * 150);
        for n in id..(id + BATCH).min(RECORDS + 1) {
            text.clear();
            let (severity, component, template) = line(&mut text, n, &mut random);
            let time = Timestamp(1_750_000_000_000_000_000 + n as i64 * 2_500_000 / 1_000_000 * 1_000_000);
            batch.push(NewRecord {
                time,
                observed: Timestamp(1_760_000_000_000_000_000 + (id / BATCH) as i64 * 4_123_456),
                offset,
                source: SourceId(1),
                template: TemplateId(template),
                severity,
                flags: 0,
                component,
                text: &text,
                message: (30, text.len() as u32),
            });
            offset += text.len() as u64 + 1;
        }
        id += batch.len() as u64;
        batches.push(Arc::new(batch));
    }
    batches
}

fn store_all(store: &Store) {
    let mut writer = store.writer().unwrap();
    for batches in MADE.chunks(PER_COMMIT) {
        writer.commit(&Commit { batches: batches.to_vec(), ..Commit::default() }).unwrap();
    }
    writer.checkpoint_wal().unwrap();
}

fn reader() -> Reader {
    STORED.1.reader().unwrap()
}

fn raw_bytes() -> usize {
    MADE.iter().map(|b| b.text_bytes()).sum()
}

/// Everything the writer thread does for a bulk import, to the end of the last transaction.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn commit_bulk(bencher: Bencher<'_, '_>) {
    LazyLock::force(&MADE);
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap().0;
            (dir, store)
        })
        .bench_local_refs(|(_, store)| store_all(store));
}

/// Following a log: commits of 200 records.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn commit_following(bencher: Bencher<'_, '_>) {
    let small: Vec<Commit> = MADE
        .iter()
        .take(12)
        .flat_map(|b| {
            let rows: Vec<_> = b.iter().collect();
            rows.chunks(200).map(|c| Commit { batches: vec![rebatch(c)], ..Commit::default() }).collect::<Vec<_>>()
        })
        .collect();
    bencher
        .counter(ItemsCount::new(12 * BATCH))
        .with_inputs(|| {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap().0;
            let writer = store.writer().unwrap();
            (dir, store, writer)
        })
        .bench_local_refs(|(_, _, writer)| {
            for commit in &small {
                writer.commit(commit).unwrap();
            }
        });
}

fn rebatch(views: &[aiobs_types::RecordView<'_>]) -> Arc<RecordBatch> {
    let mut batch = RecordBatch::new(views[0].id);
    for v in views {
        let m = v.meta;
        batch.push(NewRecord {
            time: m.time,
            observed: m.observed,
            offset: m.offset,
            source: m.source,
            template: m.template,
            severity: m.severity,
            flags: m.flags,
            component: v.component,
            text: v.text,
            message: m.message,
        });
    }
    Arc::new(batch)
}

/// Every chunk read, decompressed and decoded, on one thread.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn decode(bencher: Bencher<'_, '_>) {
    let heads = reader().chunk_headers(RecordId(1)).unwrap();
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        let reader = reader();
        heads.iter().map(|h| reader.chunk(h.first).unwrap().map_or(0, |c: Arc<DecodedChunk>| c.len())).sum::<usize>()
    });
}

fn text(pattern: &str, regex: bool, case_sensitive: bool) -> LogQuery {
    LogQuery {
        text: vec![TextMatch { pattern: pattern.into(), regex, case_sensitive, negate: false }],
        ..LogQuery::default()
    }
}

fn search(bencher: Bencher<'_, '_>, query: &LogQuery) {
    let reader = reader();
    bencher.counter(BytesCount::new(raw_bytes())).bench_local(|| {
        let mut bytes = 0;
        reader
            .query(black_box(query), &GO, &mut |r| {
                bytes += r.text.len();
                ControlFlow::Continue(())
            })
            .unwrap();
        bytes
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search_absent_literal(bencher: Bencher<'_, '_>) {
    search(bencher, &text("no such text anywhere", false, true));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search_rare_literal(bencher: Bencher<'_, '_>) {
    search(bencher, &text("connection refused", false, true));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search_rare_literal_any_case(bencher: Bencher<'_, '_>) {
    search(bencher, &text("Connection Refused", false, false));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search_frequent_literal(bencher: Bencher<'_, '_>) {
    search(bencher, &text("INFO", false, true));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search_regex(bencher: Bencher<'_, '_>) {
    search(bencher, &text(r"slow query \((8|9)\d{3} ms\)", true, true));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search_severity(bencher: Bencher<'_, '_>) {
    search(bencher, &LogQuery { min_severity: Some(Severity::ERROR), ..LogQuery::default() });
}

/// Until the first match is handed over.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn first_match(bencher: Bencher<'_, '_>) {
    let reader = reader();
    let query = LogQuery { order: Order::NewestFirst, limit: 1, ..text("connection refused", false, true) };
    bencher.bench_local(|| reader.query(&query, &GO, &mut |_| ControlFlow::Continue(())).unwrap());
}

/// What the log view does: lists of matching rows per chunk.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn scan_lists(bencher: Bencher<'_, '_>) {
    let reader = reader();
    let matcher = Matcher::new(&text("payments", false, false)).unwrap();
    bencher.counter(BytesCount::new(raw_bytes())).bench_local(|| {
        let mut hits = 0;
        reader
            .scan(&matcher, Order::OldestFirst, &GO, &mut |h| {
                hits += h.rows.len();
                ControlFlow::Continue(())
            })
            .unwrap();
        hits
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn histogram(bencher: Bencher<'_, '_>) {
    let reader = reader();
    let (from, to) = reader.archive_info().unwrap().times.unwrap();
    bencher
        .bench_local(|| -> Vec<[u64; LEVELS]> { reader.histogram(&LogQuery::default(), from, to, 120, &GO).unwrap() });
}
