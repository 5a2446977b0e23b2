//! Cost of mining and detecting, per record. `cargo bench -p aiobs-logs --bench miner`.

use aiobs_logs::detect::{DetectConfig, Detectors, RecordContext};
use aiobs_logs::incident::{BookOptions, IncidentBook};
use aiobs_logs::lineshape::LineShape;
use aiobs_logs::template::{Miner, MinerOptions};
use aiobs_types::{IncidentId, NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const LINES: usize = 10_000;

/// What a service writes: a dozen statements with values that differ each time.
fn known(i: usize) -> String {
    let (a, b, c) = (i * 7919 % 100_000, i * 31 % 251, i * 17 % 5000);
    match i % 12 {
        0 => format!("request {a} from 10.0.{b}.7:{c} handled in {c}ms"),
        1 => format!("GET /api/orders/{a} 200 {c} \"agent/1.0\" rt=0.{b:03}"),
        2 => format!("Received block blk_-{a}{c} of size {a} from /10.251.{b}.84"),
        3 => format!("session opened for client /10.0.0.{b}:{c} with timeout 10000"),
        4 => format!("cache hit for key=user:{a} ttl={c}s shard={b}"),
        5 => format!("order {a} placed by customer {c}, total {b}.50 EUR, 3 items"),
        6 => format!("Finished task {b}.0 in stage 1.0 (TID {a}). {c} bytes result sent to driver"),
        7 => format!("job 550e8400-e29b-41d4-a716-{a:012} finished with state=ok after {b}.{c} s"),
        8 => format!("garbage collection took {c} us, heap 512 MB of 1024 MB used, {a} objects freed"),
        9 => format!("payment {a} authorised by provider acme, reference 0x{c:08x}{a:08x}"),
        10 => format!("wrote snapshot to /var/lib/store/snap-{a}.db ({c} rows) at 2025-01-07T14:30:{:02}Z", b % 60),
        _ => "heartbeat sent to coordinator, waiting for the acknowledgement of all members".to_owned(),
    }
}

/// Words only, all different: no two lines have the same shape.
fn unseen(i: usize) -> String {
    let mut n = i as u64 * 0x9e37_79b9 + 12345;
    let mut line = String::new();
    for _ in 0..10 {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for k in 0..6 {
            line.push(char::from(b'a' + ((n >> (20 + 5 * k)) % 26) as u8));
        }
        line.push(' ');
    }
    line
}

#[divan::bench]
fn known_shapes(bencher: Bencher<'_, '_>) {
    let lines: Vec<String> = (0..LINES).map(known).collect();
    let mut miner = Miner::new(MinerOptions::default());
    for line in &lines {
        miner.observe(line, Timestamp(0), Severity::INFO, RecordId(1));
    }
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        for line in &lines {
            black_box(miner.observe(black_box(line), Timestamp(0), Severity::INFO, RecordId(1)));
        }
    });
}

#[divan::bench]
fn all_new_shapes(bencher: Bencher<'_, '_>) {
    let lines: Vec<String> = (0..LINES).map(unseen).collect();
    bencher.counter(ItemsCount::new(LINES)).with_inputs(|| Miner::new(MinerOptions::default())).bench_local_refs(
        |miner| {
            for line in &lines {
                black_box(miner.observe(black_box(line), Timestamp(0), Severity::INFO, RecordId(1)));
            }
        },
    );
}

fn batch(lines: &[String], severity: Severity) -> RecordBatch {
    let mut batch = RecordBatch::new(RecordId(1));
    for line in lines {
        batch.push(NewRecord {
            time: Timestamp(0),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(0),
            template: TemplateId(1),
            severity,
            flags: 0,
            component: "orders",
            text: line,
            message: (0, line.len() as u32),
        });
    }
    batch
}

fn detect(bencher: Bencher<'_, '_>, lines: Vec<String>, severity: Severity) {
    let batch = batch(&lines, severity);
    let mut detectors = Detectors::new(&DetectConfig::default()).unwrap_or_else(|e| panic!("{e}"));
    bencher.counter(ItemsCount::new(lines.len())).bench_local(|| {
        for view in batch.iter() {
            let ctx = RecordContext { view, source_name: "app.log", template_new: false, verdict: None };
            black_box(detectors.observe(&ctx, || "could not reach <host>".to_owned()));
        }
    });
}

#[divan::bench]
fn detectors_healthy_info(bencher: Bencher<'_, '_>) {
    detect(bencher, (0..LINES).map(known).collect(), Severity::INFO);
}

#[divan::bench]
fn detectors_healthy_without_level(bencher: Bencher<'_, '_>) {
    detect(bencher, (0..LINES).map(known).collect(), Severity::UNSET);
}

#[divan::bench]
fn detectors_storm(bencher: Bencher<'_, '_>) {
    let lines = (0..LINES).map(|i| format!("order {i}: connection to orders-db:5432 refused")).collect();
    detect(bencher, lines, Severity::ERROR);
}

#[divan::bench]
fn incidents_storm(bencher: Bencher<'_, '_>) {
    let batch = batch(&["connection to orders-db:5432 refused".to_owned()], Severity::ERROR);
    let mut detectors = Detectors::new(&DetectConfig::default()).unwrap_or_else(|e| panic!("{e}"));
    let ctx = RecordContext { view: batch.view(0), source_name: "app.log", template_new: false, verdict: None };
    let Some(mut anomaly) = detectors.observe(&ctx, String::new) else { panic!("nothing found") };
    let mut book = IncidentBook::new(BookOptions::default(), Vec::new(), IncidentId(1));
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        for _ in 0..LINES {
            anomaly.record.0 += 1;
            black_box(book.apply(black_box(&anomaly)));
        }
    });
}

/// Shapes of whole lines: what a record costs whose shape was met before, beside a look-up.
#[divan::bench]
fn shapes(bencher: Bencher<'_, '_>) {
    let lines: Vec<String> =
        (0..LINES).map(|i| format!("2025-01-07 14:30:15.{:03} [INFO] orders - {}", i % 1000, known(i))).collect();
    let mut shape = LineShape::default();
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        for line in &lines {
            black_box(shape.read(black_box(line)));
            black_box(shape.hash());
        }
    });
}
