//! What the classifier knows of a statement: named yes-or-no features of its template, its severity and its component.
//! Made once per template, not per record. Knows nothing of models.

use super::words::{CLASSES, JOINING, Piece, pieces, stem};
use aiobs_types::Severity;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Pieces of a template that are looked at.
const PIECES: usize = 80;

/// A kind of record: what the classifier judges.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Text of the template, with placeholders such as `<num>`.
    pub template: &'a str,
    /// Severity of the record.
    pub severity: Severity,
    /// Component of the record, may be empty.
    pub component: &'a str,
}

/// The class of each stem that has one.
static CLASS_OF: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let words = CLASSES.iter().flat_map(|(class, words)| words.iter().map(move |w| (stem(w), *class)));
    words.collect()
});

/// The names of all features of a statement, each once, in order of name.
pub(super) fn features(statement: &Statement<'_>) -> BTreeSet<String> {
    let pieces = pieces(statement.template, PIECES);
    let level = statement.severity.level().name();
    let mut out = BTreeSet::from([format!("level {level}")]);
    let mut classes = BTreeSet::new();
    let mut before: Option<&str> = None;
    for piece in &pieces {
        match piece {
            Piece::Word(word) => {
                if let Some(class) = CLASS_OF.get(word) {
                    classes.insert(*class);
                }
                if let Some(before) = before {
                    out.insert(format!("{before} {word}"));
                }
                if !JOINING.contains(&word.as_str()) {
                    out.insert(word.clone());
                }
                before = Some(word);
            }
            Piece::Value(kind) => {
                if let Some(before) = before {
                    out.insert(format!("{before} <{kind}>"));
                }
                before = None;
            }
            Piece::Mark => {}
        }
    }
    for class in &classes {
        out.insert(format!("any {class}"));
        out.insert(format!("any {class} at {level}"));
        out.extend(classes.iter().filter(|o| *o > class).map(|other| format!("any {class} and {other}")));
    }
    out.extend(shape(statement.template, &pieces).map(|shape| format!("{shape} at {level}")));
    if classes.is_empty() {
        out.insert(format!("no telling word at {level}"));
    }
    if !statement.component.is_empty() {
        let name = statement.component.split(|c: char| !c.is_alphabetic()).find(|w| w.len() > 1);
        out.extend(name.map(|name| format!("from {}", stem(name))));
    }
    out
}

/// A feature with the words as they stand in the template instead of their stems.
pub(super) fn spoken(feature: &str, template: &str) -> String {
    let words = || template.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|w| !w.is_empty());
    let said = |part: &str| words().find(|w| stem(w) == part).map_or_else(|| part.to_owned(), str::to_lowercase);
    feature.split(' ').map(said).collect::<Vec<_>>().join(" ")
}

/// What kind of sentence it is, if it is hardly one.
fn shape(template: &str, pieces: &[Piece]) -> Option<&'static str> {
    let words = pieces.iter().filter(|p| matches!(p, Piece::Word(_))).count();
    let values = pieces.iter().filter(|p| matches!(p, Piece::Value(_))).count();
    let ends_in_value = matches!(pieces.iter().rev().find(|p| **p != Piece::Mark), Some(Piece::Value(_)));
    let assigns = template.contains([':', '=']) || template.contains("..");
    let names_it = words <= 6 && template.contains("...")
        || assigns && words > 0 && (words <= 5 && values == 1 || values >= words);
    if values == 0 && template.trim_end().ends_with(':') && words <= 6 {
        Some("a heading")
    } else if ends_in_value && names_it {
        Some("a named value")
    } else if values > words {
        Some("mostly values")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str, severity: Severity) -> BTreeSet<String> {
        features(&Statement { template, severity, component: "orders-7" })
    }

    #[test]
    fn stems_are_shown_as_the_words_they_stand_for() {
        assert_eq!(spoken("connect refus", "Connection to <ip> was refused"), "connection refused");
        assert_eq!(spoken("level error", "it failed"), "level error");
    }

    #[test]
    fn words_pairs_classes_and_shape() {
        let got = of("parity errors <num> corrected", Severity::INFO);
        for name in
            ["parity", "error", "parity error", "error <num>", "any fault and healed", "level info", "from order"]
        {
            assert!(got.contains(name), "{name}: {got:?}");
        }
        assert!(!got.contains("error correct"), "a value stands between");
        let dump = of("program counter: <hex>", Severity::FATAL);
        assert!(dump.contains("a named value at fatal"), "{dump:?}");
        assert!(of("wait state enable......<num>", Severity::FATAL).contains("a named value at fatal"));
        assert!(!of("cannot open database: error <num>", Severity::FATAL).contains("a heading at fatal"));
    }
}
