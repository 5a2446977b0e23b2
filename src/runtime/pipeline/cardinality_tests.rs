//! A hundred thousand statements of ten thousand components, each a fault of its own now and then: every table that the
//! pipeline keeps stays within its bound. What is asserted are sizes, never how long it took.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::tests::{NOW, pipeline};
use super::*;
use aiobs_logs::template::MinerOptions;
use std::fmt::Write as _;

const STATEMENTS: u64 = 100_000;
const COMPONENTS: u64 = 10_000;

/// A word of letters, another one for each number.
fn word(n: u64) -> String {
    let mut left = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let mut word = String::new();
    for _ in 0..6 {
        word.push(char::from(b"bdfgklmnprstvz"[(left % 14) as usize]));
        word.push(char::from(b"aeiou"[(left / 14 % 5) as usize]));
        left /= 70;
    }
    word
}

/// Statements from `first` on; four of five tell of a fault, every seventh carries an identifier and a measure.
fn lines(first: u64, count: u64) -> String {
    let mut text = String::new();
    for n in first..first + count {
        let level = if n % 5 == 0 { "INFO" } else { "ERROR" };
        let second = n / 40;
        let (hour, minute, second) = (12 + second / 3600, second / 60 % 60, second % 60);
        let (a, b, c) = (word(n), word(n + 1_000_003), word(n + 2_000_003));
        write!(text, "2025-01-07 {hour:02}:{minute:02}:{second:02} [{level}] svc-{} - {a} {b} {c}", n % COMPONENTS)
            .unwrap();
        match n % 7 {
            0 => writeln!(text, " request={:08x} took {} ms", n * 7919, n % 90).unwrap(),
            _ => writeln!(text, " failed at svc-{}", n * 31 % COMPONENTS).unwrap(),
        }
    }
    text
}

#[test]
fn no_number_of_statements_components_and_faults_outgrows_its_tables() {
    let mut pipeline = pipeline();
    let source = SourceId(1);
    pipeline.open(source, "/var/log/hostile.log", FileIdentity::default(), 0).unwrap();
    let (mut offset, mut records, mut forgotten) = (0, 0, 0);
    for first in (0..STATEMENTS).step_by(2_000) {
        let text = lines(first, 2_000);
        let mut count = |o: &Output| {
            records += o.batch.len() as u64;
            forgotten += o.forgotten.len();
        };
        pipeline.data(source, offset, text.as_bytes(), FileIdentity::default(), NOW, |o| count(&o));
        offset += text.len() as u64;
        pipeline.caught_up(source, NOW);
        count(&pipeline.take(NOW));
    }
    assert_eq!(records, STATEMENTS, "nothing is lost");
    let mut sizes = vec![
        ("templates", pipeline.core.miner.len(), MinerOptions::default().max_templates + 1),
        ("incidents", pipeline.core.book.len(), BookOptions::default().max_incidents),
        ("shapes", pipeline.core.recall.len(), recall::MAX_SHAPES),
    ];
    sizes.extend(pipeline.core.trends.sizes());
    let over: Vec<_> = sizes.iter().filter(|(_, held, most)| held > most).collect();
    assert!(over.is_empty(), "{over:?}");
    assert!(forgotten > 0, "there were more incidents than fit: {sizes:?}");
    // Its own incidents end there, but none is lost from the archive for it: they were all handed out.
    assert!(pipeline.incidents().iter().all(|i| i.causes.len() <= Incident::MOST_CAUSED));
}
