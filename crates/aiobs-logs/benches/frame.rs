//! Throughput of framing alone: bytes to lines, with varied text of a few megabytes in blocks of a reader's size.

use aiobs_logs::frame::LineFramer;
use divan::{Bencher, counter::BytesCount};

fn main() {
    divan::main();
}

const BLOCK: usize = 256 * 1024;

/// About 8 MiB of lines of 40 to 240 bytes; `odd` puts some that are not ASCII, or not UTF-8, among them.
fn input(odd: &[u8]) -> Vec<u8> {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut text = Vec::with_capacity(9 << 20);
    let words = ["connection", "refused", "user", "GET", "/api/orders", "timeout", "db-3", "checkout", "200", "ms"];
    while text.len() < 8 << 20 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        text.extend_from_slice(format!("2025-01-07 14:30:{:02} [INFO] shop - {seed}", seed % 60).as_bytes());
        for n in 0..seed % 20 {
            text.push(b' ');
            text.extend_from_slice(words[((seed >> n) % 10) as usize].as_bytes());
        }
        if seed.is_multiple_of(64) {
            text.extend_from_slice(odd);
        }
        text.push(b'\n');
    }
    text
}

fn run(bencher: Bencher<'_, '_>, odd: &[u8]) {
    let text = input(odd);
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        let mut framer = LineFramer::new();
        let (mut at, mut lines, mut length) = (0, 0u64, 0);
        for block in text.chunks(BLOCK) {
            framer.push(at, block, |line| {
                lines += 1;
                length += divan::black_box(line.text).len();
            });
            at += block.len() as u64;
        }
        (lines, length)
    });
}

#[divan::bench]
fn ascii(bencher: Bencher<'_, '_>) {
    run(bencher, b"");
}

#[divan::bench]
fn some_multibyte(bencher: Bencher<'_, '_>) {
    run(bencher, "größe 日本".as_bytes());
}

#[divan::bench]
fn some_invalid(bencher: Bencher<'_, '_>) {
    run(bencher, b"caf\xe9");
}
