//! Cost of reading one line, per shape, once the format is found. Throughput is in lines.

use aiobs_logs::format::{FormatSet, SourceParser, ZoneRule};
use aiobs_types::Timestamp;
use divan::{Bencher, counter::ItemsCount};

const NOW: Timestamp = Timestamp(1_750_000_000_000_000_000);
const LINES: usize = 1000;

fn main() {
    divan::main();
}

fn run(bencher: Bencher<'_, '_>, make: impl Fn(usize) -> String) {
    let lines: Vec<String> = (0..LINES).map(make).collect();
    let mut parser = SourceParser::new(FormatSet::builtin(), ZoneRule::Local, None, None).expect("no format is forced");
    for line in &lines {
        parser.parse(line, NOW);
    }
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        for line in &lines {
            divan::black_box(parser.parse(divan::black_box(line), NOW));
        }
    });
}

#[divan::bench]
fn bracketed(b: Bencher<'_, '_>) {
    run(b, |i| {
        format!(
            "2025-01-07 14:{:02}:{:02} [ERROR] payment-service - Connection refused: db-{i}:5432 after {i} ms",
            i / 60 % 60,
            i % 60
        )
    });
}

#[divan::bench]
fn leveled(b: Bencher<'_, '_>) {
    run(b, |i| {
        format!(
            "2025-01-07 14:{:02}:{:02},{:03} INFO orders.api: order {i} accepted for customer {i}",
            i / 60 % 60,
            i % 60,
            i
        )
    });
}

#[divan::bench]
fn syslog(b: Bencher<'_, '_>) {
    run(b, |i| {
        format!(
            "Jan  7 14:{:02}:{:02} web-1 sshd[{i}]: Failed password for root from 10.0.0.{} port {i}",
            i / 60 % 60,
            i % 60,
            i % 250
        )
    });
}

#[divan::bench]
fn access(b: Bencher<'_, '_>) {
    run(b, |i| {
        format!(
            "10.0.0.{} - - [07/Jan/2025:14:{:02}:{:02} +0000] \"GET /api/orders/{i} HTTP/1.1\" 200 {i} \"-\" \"curl/8.5\"",
            i % 250,
            i / 60 % 60,
            i % 60
        )
    });
}

#[divan::bench]
fn json(b: Bencher<'_, '_>) {
    run(b, |i| {
        format!(
            "{{\"time\":\"2025-01-07T14:{:02}:{:02}.123Z\",\"level\":\"info\",\"logger\":\"orders.api\",\"msg\":\"order accepted\",\"order\":{i},\"customer\":{{\"id\":{i},\"tier\":\"gold\"}},\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e{:04}\"}}",
            i / 60 % 60,
            i % 60,
            i
        )
    });
}

#[divan::bench]
fn logfmt(b: Bencher<'_, '_>) {
    run(b, |i| {
        format!(
            "ts=2025-01-07T14:{:02}:{:02}.123Z level=info component=queue msg=\"job done\" id={i} took={i}ms",
            i / 60 % 60,
            i % 60
        )
    });
}

#[divan::bench]
fn cri(b: Bencher<'_, '_>) {
    run(b, |i| format!("2025-01-07T14:{:02}:{:02}.123456789Z stdout F order {i} accepted", i / 60 % 60, i % 60));
}

#[divan::bench]
fn plain_without_anything(b: Bencher<'_, '_>) {
    run(b, |i| format!("    at com.example.orders.Service.call(Service.java:{i})"));
}

/// What it costs to find the format of a new source: all its first lines, shown to every format.
fn find(bencher: Bencher<'_, '_>, make: impl Fn(usize) -> String) {
    let lines: Vec<String> = (0..100).map(make).collect();
    FormatSet::builtin();
    bencher.counter(ItemsCount::new(lines.len())).bench_local(|| {
        let mut parser =
            SourceParser::new(FormatSet::builtin(), ZoneRule::Local, None, None).expect("no format is forced");
        for line in &lines {
            divan::black_box(parser.parse(divan::black_box(line), NOW));
        }
    });
}

#[divan::bench]
fn find_bracketed(b: Bencher<'_, '_>) {
    find(b, |i| format!("2025-01-07 14:30:{:02} [ERROR] payment-service - Connection refused: db-{i}:5432", i % 60));
}

#[divan::bench]
fn find_syslog(b: Bencher<'_, '_>) {
    find(b, |i| format!("Jan  7 14:30:{:02} web-1 sshd[{i}]: Failed password for root from 10.0.0.9 port {i}", i % 60));
}

#[divan::bench]
fn find_json(b: Bencher<'_, '_>) {
    find(b, |i| {
        format!(
            "{{\"time\":\"2025-01-07T14:30:{:02}.123Z\",\"level\":\"info\",\"logger\":\"orders.api\",\"msg\":\"order accepted\",\"order\":{i},\"customer\":{{\"id\":{i},\"tier\":\"gold\"}}}}",
            i % 60
        )
    });
}

#[divan::bench]
fn find_plain(b: Bencher<'_, '_>) {
    find(b, |i| format!("    at com.example.orders.Service.call(Service.java:{i})"));
}

/// The formats that ship, read and compiled.
#[divan::bench]
fn compile_all(b: Bencher<'_, '_>) {
    b.bench_local(|| FormatSet::with_user(Vec::new()));
}
