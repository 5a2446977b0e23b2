//! What the classifier knows of a statement: named yes-or-no features of its template, its severity and its component.
//! Made once per template, not per record. Knows nothing of models.

use super::classes::{class_of, denies, is_bad, is_good};
use super::words::{JOINING, Piece, pieces, spelled, stem};
use aiobs_types::Severity;
use std::collections::BTreeSet;

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

/// How many words after a denial are denied.
const DENIED: u8 = 2;

/// The names of all features of a statement, each once, in order of name.
pub(super) fn features(statement: &Statement<'_>) -> BTreeSet<String> {
    let pieces = pieces(statement.template, PIECES);
    let level = statement.severity.level().name();
    let mut out = BTreeSet::from([format!("level {level}")]);
    words(&pieces, &mut out);
    let classes = classes(&pieces);
    for class in &classes {
        out.insert(format!("any {class}"));
        out.insert(format!("any {class} at {level}"));
        out.extend(classes.iter().filter(|o| *o > class).map(|other| format!("any {class} and {other}")));
    }
    out.extend(edges(&pieces));
    out.extend(forms(&spelled(statement.template, PIECES)));
    out.extend(stated(statement.template).map(str::to_owned));
    if statement.template.contains('!') {
        out.insert("any exclamation mark".to_owned());
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

/// Words, pairs of words, and words before a value.
fn words(pieces: &[Piece], out: &mut BTreeSet<String>) {
    let mut before: Option<&str> = None;
    for piece in pieces {
        match piece {
            Piece::Word(word) => {
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
}

/// The classes of its words. What is bad and denied (`no errors`) is `spared`, what is good and denied (`not started`)
/// is `lacking`.
fn classes(pieces: &[Piece]) -> BTreeSet<&'static str> {
    let mut classes = BTreeSet::new();
    let mut denied = 0;
    for piece in pieces {
        let Piece::Word(word) = piece else {
            denied = if *piece == Piece::Mark { 0 } else { denied };
            continue;
        };
        let class = class_of(word);
        classes.extend(class.map(|class| match class {
            class if denied > 0 && is_bad(class) => "spared",
            class if denied > 0 && is_good(class) => "lacking",
            class => class,
        }));
        denied = if denies(word) { DENIED } else { u8::saturating_sub(denied, 1) };
    }
    classes
}

/// The classes of the first and of the last word: a sentence begins with what happens and ends with what came of it.
fn edges(pieces: &[Piece]) -> impl Iterator<Item = String> {
    let class = |piece: Option<&Piece>| match piece {
        Some(Piece::Word(word)) => class_of(word),
        _ => None,
    };
    let mut words = pieces.iter().filter(|p| matches!(p, Piece::Word(_)));
    let first = class(words.next()).map(|class| format!("any {class} first"));
    let last = class(words.next_back()).map(|class| format!("any {class} last"));
    first.into_iter().chain(last)
}

/// What a network device says of its own message, by the number in the message's name: `%LINK-3-UPDOWN`.
fn stated(template: &str) -> Option<&'static str> {
    let mut parts = template.split_once('%')?.1.splitn(3, '-');
    let named = |part: &str| part.len() > 1 && part.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
    let (facility, severity, name) = (parts.next()?, parts.next()?, parts.next()?);
    match severity {
        "0" | "1" | "2" if named(facility) && named(name) => Some("any message named critical"),
        "3" | "4" if named(facility) && named(name) => Some("any message named error"),
        "5" | "6" | "7" if named(facility) && named(name) => Some("any message named notice"),
        _ => None,
    }
}

/// How words are built, which tells something of those never met: endings, beginnings such as `un`, and what is written
/// in capitals among words that are not.
fn forms(words: &[&str]) -> BTreeSet<String> {
    const BEGINNINGS: [&str; 7] = ["un", "over", "mis", "dis", "mal", "non", "under"];
    let mut out = BTreeSet::new();
    let mixed = words.iter().any(|w| w.bytes().any(|b| b.is_ascii_lowercase()));
    for word in words.iter().filter(|w| w.len() > 3 && w.bytes().all(|b| b.is_ascii_alphabetic())) {
        let lower = word.to_ascii_lowercase();
        if lower.len() >= 6 {
            out.insert(format!("any word in -{}", &lower[lower.len() - 3..]));
        }
        let begins = BEGINNINGS.iter().filter(|b| lower.len() >= b.len() + 4 && lower.starts_with(**b));
        out.extend(begins.map(|b| format!("any word with {b}-")));
        if mixed && word.bytes().all(|b| b.is_ascii_uppercase()) {
            out.insert("any capitals".to_owned());
            out.extend(class_of(&stem(&lower)).map(|class| format!("any {class} in capitals")));
        }
    }
    out
}

/// A feature with the words as they stand in the template instead of their stems and classes.
pub(super) fn spoken(feature: &str, template: &str) -> String {
    let words = || template.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|w| !w.is_empty());
    let said = |part: &str| {
        let word = words().find(|w| stem(w) == part).or_else(|| words().find(|w| class_of(&stem(w)) == Some(part)));
        word.map_or_else(|| part.to_owned(), str::to_lowercase)
    };
    feature.strip_prefix("any ").unwrap_or(feature).split(' ').map(said).collect::<Vec<_>>().join(" ")
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
        assert_eq!(spoken("any death and machine", "Kernel panic"), "panic and kernel");
    }

    #[test]
    fn what_is_denied_is_the_other_way_round() {
        let got = of("no dead nodes, link not ready", Severity::UNSET);
        assert!(got.contains("any spared") && got.contains("any lacking"), "{got:?}");
        assert!(!got.contains("any death"), "{got:?}");
        let got = of("no spare: link lost", Severity::UNSET);
        assert!(got.contains("any gone"), "a mark ends what is denied: {got:?}");
    }

    #[test]
    fn words_are_known_by_how_they_are_built() {
        let got = of("Volume <str> is UNREACHABLE, unmountable!", Severity::UNSET);
        for name in ["any word in -ble", "any word with un-", "any gone in capitals", "any exclamation mark"] {
            assert!(got.contains(name), "{name}: {got:?}");
        }
        assert!(
            of("started, then failed", Severity::UNSET)
                .is_superset(&BTreeSet::from(["any course first".to_owned(), "any fault last".to_owned()]))
        );
    }

    #[test]
    fn network_devices_state_a_severity_in_the_name_of_a_message() {
        assert_eq!(stated("%ENVMON-2-SUPPLY: gone"), Some("any message named critical"));
        assert_eq!(stated("<num>: %LINK-3-UPDOWN: Interface <str>"), Some("any message named error"));
        assert_eq!(stated("%SYS-6-LOGOUT: bye"), Some("any message named notice"));
        for other in ["97 % full", "%d-3-x", "% 5-3-2", "100%-2-", "no percent"] {
            assert_eq!(stated(other), None, "{other}");
        }
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
