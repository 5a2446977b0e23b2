//! What the classifier says before it is taught, and after.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::Severity;
use std::path::Path;

fn say(template: &str, severity: Severity) -> f64 {
    Classifier::default().judge(&Statement { template, severity, component: "" }).probability()
}

fn lesson(template: &str, useful: bool) -> Lesson {
    let (severity, component, at) = (Severity::ERROR, "orders".to_owned(), Timestamp(0));
    Lesson { template: template.to_owned(), severity, component, useful, at }
}

fn of(classifier: &Classifier, template: &str) -> f64 {
    classifier.judge(&Statement { template, severity: Severity::ERROR, component: "orders" }).probability()
}

/// The whole corpus, its files in order of name.
fn corpus() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/classifier/corpus");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect()
}

#[test]
fn the_asset_is_what_the_corpus_makes() {
    let asset = include_str!("../../../../../assets/classifier/prior.tsv");
    let made = train(&corpus()).unwrap();
    assert!(asset == made, "stale: run `cargo run -p xtask -- prior`");
    assert!(asset.len() < 160 << 10, "{} bytes", asset.len());
    assert_eq!(prior::weights().len(), asset.lines().count() - 1, "a line that is no weight, or two of one hash");
}

#[test]
fn faults_and_healthy_lines_are_told_apart_without_teaching() {
    for (template, severity) in [
        ("connection to <ip>:<num> refused", Severity::ERROR),
        ("disk array lost two drives, data is gone", Severity::FATAL),
        ("something nobody has words for", Severity::ERROR),
        ("uncorrectable memory error on dimm <num>", Severity::UNSET),
    ] {
        assert!(say(template, severity) > 0.6, "{template}: {}", say(template, severity));
    }
    for (template, severity) in [
        ("request <num> served in <num> ms", Severity::INFO),
        ("<num> memory errors corrected", Severity::INFO),
        ("stack pointer: <hex>", Severity::FATAL),
        ("session opened for user <user>", Severity::UNSET),
    ] {
        assert!(say(template, severity) < 0.4, "{template}: {}", say(template, severity));
    }
}

#[test]
fn a_verdict_is_understood_at_once_and_does_not_spread_over_everything() {
    let mut classifier = Classifier::default();
    let (noisy, other) = ("tariff <num> has a hole in its table", "connection to <ip>:<num> refused");
    let before = of(&classifier, other);
    assert!(of(&classifier, noisy) > 0.5);
    classifier.learn(lesson(noisy, false));
    assert!(of(&classifier, noisy) < 0.25, "{}", of(&classifier, noisy));
    assert!(of(&classifier, "tariff <num> has a hole") < 0.5, "what is said alike is judged alike");
    assert!((of(&classifier, other) - before).abs() < 0.1, "{before} became {}", of(&classifier, other));
    classifier.learn(lesson(other, false));
    assert!(of(&classifier, other) < 0.05, "surer ones too: {}", of(&classifier, other));
    classifier.learn(lesson(noisy, true));
    assert!(of(&classifier, noisy) > 0.75, "the later word counts");
    assert_eq!(classifier.lessons().len(), 2);
    classifier.reset();
    assert_eq!(of(&classifier, noisy), of(&Classifier::default(), noisy));
}

#[test]
fn what_was_learnt_comes_back_from_the_verdicts() {
    let mut one = Classifier::default();
    one.learn(lesson("tariff <num> has a hole in its table", false));
    one.learn(lesson("bank answered slowly", true));
    let stored: Vec<Lesson> = serde_json::from_str(&serde_json::to_string(one.lessons()).unwrap()).unwrap();
    let mut two = Classifier::default();
    two.restore(stored);
    for text in ["tariff <num> has a hole in its table", "bank answered slowly", "bank <num>"] {
        assert_eq!(of(&one, text), of(&two, text));
    }
}

#[test]
fn the_strongest_words_explain() {
    let statement = Statement { template: "kernel panic in task <num>", severity: Severity::FATAL, component: "" };
    let why = Classifier::default().why(&statement, 3);
    assert!(why.len() == 3 && why.windows(2).all(|w| w[0].weight.abs() >= w[1].weight.abs()));
    assert!(why.iter().any(|r| r.feature.contains("panic") || r.feature.contains("fatal")), "{why:?}");
}

#[test]
fn a_template_is_judged_once_until_its_text_changes() {
    let mut classifier = Classifier::default();
    let ask = |c: &mut Classifier, template: &str, around| {
        let statement = Statement { template, severity: Severity::ERROR, component: "" };
        c.judge_template(TemplateId(3), &statement, around)
    };
    let plain = ask(&mut classifier, "pool is empty", Circumstances::default());
    let known: Vec<_> = (0..5).map(|_| classifier.known(TemplateId(3), Level::Error)).collect();
    assert_eq!(known, [None, None, Some(plain), None, Some(plain)], "asked for its text again ever more seldom");
    assert_eq!(classifier.known(TemplateId(3), Level::Info), None);
    let around = Circumstances { new: true, burst: true };
    assert!(ask(&mut classifier, "pool is empty", around).score > plain.score);
    let other = ask(&mut classifier, "pool <num> corrected", Circumstances::default());
    assert!(other.score < plain.score);
}

#[test]
fn mistakes_in_a_corpus_are_told_with_their_line() {
    assert_eq!(read_corpus("! error | x\n\nerror | y").unwrap_err(), "line 3: it begins with neither `!` nor `.`");
    assert_eq!(read_corpus("! eror | x").unwrap_err(), "line 1: there is no level `eror`");
    assert_eq!(read_corpus("! error x").unwrap_err(), "line 1: there is no `|`");
}
