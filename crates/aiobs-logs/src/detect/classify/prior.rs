//! What the classifier knows before anybody tells it anything: weights learnt from statements that were written and
//! labelled for this purpose (`assets/classifier/corpus`). `cargo run -p xtask -- prior` makes the asset anew.

use super::features::{Statement, features};
use super::model::{Model, Rate, hash};
use super::{BURST, NEW};
use aiobs_types::{Level, Severity};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

/// Passes over the corpus.
const PASSES: u64 = 24;
const RATE: Rate = Rate { alpha: 0.12, beta: 1.0, l1: 0.35, l2: 0.6 };
/// Weights smaller than it are not kept.
const LEAST: f64 = 0.04;

/// One labelled statement of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Whether it tells of a fault that somebody should look at.
    pub alarm: bool,
    /// Its severity.
    pub severity: Severity,
    /// Who says it, may be empty.
    pub component: String,
    /// Text, with placeholders such as `<num>`.
    pub text: String,
}

/// Reads a corpus. A line is `!` (tells of a fault) or `.` (does not), the levels it may come at, `|`, the statement;
/// `!error,unset kernel| ...` names the component too. Lines that begin with `#` and empty ones are skipped.
///
/// # Errors
/// The number of the first line that is none of this, and what is wrong with it.
pub fn read_corpus(text: &str) -> Result<Vec<Labelled>, String> {
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| format!("line {}: {what}", i + 1);
        let (head, statement) = line.split_once('|').ok_or_else(|| wrong("there is no `|`"))?;
        let (alarm, head) = match (head.strip_prefix('!'), head.strip_prefix('.')) {
            (Some(head), _) => (true, head),
            (_, Some(head)) => (false, head),
            _ => return Err(wrong("it begins with neither `!` nor `.`")),
        };
        let (levels, component) = head.trim().split_once(' ').unwrap_or((head.trim(), ""));
        for word in levels.split(',') {
            let level = Level::parse(word).or_else(|| (word == "unset").then_some(Level::Unset));
            let severity = level.ok_or_else(|| wrong(&format!("there is no level `{word}`")))?.floor();
            let (component, text) = (component.trim().to_owned(), statement.trim().to_owned());
            out.push(Labelled { alarm, severity, component, text });
        }
    }
    Ok(out)
}

/// Learns weights from a corpus; the text of the asset: one line per weight, `weight<TAB>feature`.
///
/// # Errors
/// As [`read_corpus`].
pub fn train(corpus: &str) -> Result<String, String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut examples: Vec<(Vec<u64>, bool)> = Vec::new();
    for labelled in read_corpus(corpus)? {
        let statement = Statement { template: &labelled.text, severity: labelled.severity, component: "" };
        let of = features(&statement);
        let hashes: Vec<u64> = of.iter().map(|f| hash(f)).collect();
        names.extend(of);
        // Faults are seldom met before, and they repeat themselves; what is healthy does both now and then.
        let contexts: &[&[&str]] =
            if labelled.alarm { &[&[], &[NEW], &[BURST], &[]] } else { &[&[], &[], &[], &[NEW], &[], &[BURST]] };
        for context in contexts {
            let more = context.iter().map(|c| hash(c));
            examples.push((hashes.iter().copied().chain(more).collect(), labelled.alarm));
        }
    }
    names.extend([NEW.to_owned(), BURST.to_owned()]);
    let mut model = Model::new(RATE, HashMap::new());
    for pass in 0..PASSES {
        shuffle(&mut examples, pass);
        for (features, alarm) in &examples {
            model.learn(features, *alarm, 0.0);
        }
    }
    let mut out = String::from("# Made by `cargo run -p xtask -- prior` from assets/classifier/corpus. Do not edit.\n");
    for name in names {
        let weight = model.weight(hash(&name));
        if weight.abs() >= LEAST {
            let _ = writeln!(out, "{weight:.2}\t{name}");
        }
    }
    Ok(out)
}

/// Fisher and Yates, with a linear congruential generator: the same order on every machine.
fn shuffle<T>(list: &mut [T], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for i in (1..list.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.swap(i, (state >> 33) as usize % (i + 1));
    }
}

/// The weights of the asset; a line that is none is skipped, and a test says that there is none.
pub(super) fn weights() -> HashMap<u64, f64> {
    let text = include_str!("../../../../../assets/classifier/prior.tsv");
    text.lines().filter_map(weight).map(|(name, weight)| (hash(name), weight)).collect()
}

fn weight(line: &str) -> Option<(&str, f64)> {
    let (weight, name) = line.split_once('\t')?;
    Some((name, weight.parse().ok()?))
}
