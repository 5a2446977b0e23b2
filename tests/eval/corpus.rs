//! Labelled log files made of the statements in `tests/corpora`: the same seed gives the same files.

mod styles;

use aiobs_logs::detect::classify::{Labelled, read_corpus};
use std::fmt::Write as _;
pub(crate) use styles::{Style, access};

/// Simple and repeatable: a 64-bit linear congruential generator.
pub(crate) struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A file of so many lines, each with its label in front. Faults come in spells: one line in ten, some of them repeated.
pub(crate) fn file(statements: &str, style: Style, lines: usize, seed: u64) -> String {
    let all = read_corpus(statements).unwrap();
    let (faulty, healthy): (Vec<_>, Vec<_>) = all.into_iter().partition(|s| s.alarm);
    let mut random = Random(seed);
    let mut out = String::new();
    let mut second = 0;
    let mut spell: Option<(Labelled, usize)> = None;
    for _ in 0..lines {
        second += random.below(3) as u64;
        if spell.is_none() && random.below(20) == 0 {
            spell = Some((random.pick(&faulty).clone(), 1 + random.below(4)));
        }
        let statement = match &mut spell {
            Some((fault, left)) => {
                *left -= 1;
                let fault = fault.clone();
                spell = spell.take().filter(|s| s.1 > 0);
                fault
            }
            None => random.pick(&healthy).clone(),
        };
        let text = fill(&statement.text, &mut random);
        let label = if statement.alarm { "FAULT" } else { "-" };
        for line in styles::record(&statement, &text, style, second, &mut random) {
            let _ = writeln!(out, "{label} {line}");
        }
    }
    out
}

/// A file with every statement so many times, in no order, each line with its label in front.
pub(crate) fn each(statements: &str, style: Style, times: usize, seed: u64) -> String {
    let all = read_corpus(statements).unwrap();
    let mut order: Vec<&Labelled> = all.iter().cycle().take(all.len() * times).collect();
    let mut random = Random(seed);
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    let mut out = String::new();
    let mut second = 0;
    for statement in order {
        second += random.below(25) as u64;
        let text = fill(&statement.text, &mut random);
        let label = if statement.alarm { "FAULT" } else { "-" };
        for line in styles::record(statement, &text, style, second, &mut random) {
            let _ = writeln!(out, "{label} {line}");
        }
    }
    out
}

/// Values in the place of the placeholders.
fn fill(text: &str, random: &mut Random) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((kind, after)) = after.split_once('>') else { break };
        let n = random.below(9_000) + 100;
        match kind {
            "num" => write!(out, "{n}"),
            "hex" => write!(out, "0x{:08x}", n * 65_537),
            "ip" => write!(out, "10.0.{}.{}", n % 250, n % 200),
            "path" => write!(out, "/srv/{}/{n}", random.pick(&["data", "app", "home"])),
            "host" => write!(out, "{}-{}.internal", random.pick(&["cache", "db", "edge"]), n % 9),
            "duration" => write!(out, "{}.{}s", n % 90, n % 10),
            _ => write!(out, "{}", random.pick(&["alpha", "beta", "gamma", "delta", "omega"])),
        }
        .unwrap();
        rest = after;
    }
    out.push_str(rest);
    out
}
