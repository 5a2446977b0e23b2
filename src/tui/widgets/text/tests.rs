//! Hostile and international text.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

#[test]
fn escape_sequences_lose_their_power_and_stay_readable() {
    assert_eq!(safe("\x1b[31mred\x1b[0m"), "␛[31mred␛[0m");
    assert_eq!(safe("\x1b]52;c;AAAA\x07"), "␛]52;c;AAAA␇");
    assert_eq!(safe("a\u{9b}31m"), "a\\u{9b}31m");
    assert_eq!(safe_for("\x1b[2J", true), "^[[2J");
}

#[test]
fn text_cannot_be_turned_around_or_hidden() {
    assert_eq!(safe("user\u{202e}nimda"), "user\\u{202e}nimda");
    assert_eq!(safe("pass\u{200b}word"), "pass\\u{200b}word");
}

#[test]
fn plain_text_is_not_copied() {
    assert!(matches!(safe("connection refused"), Cow::Borrowed(_)));
    assert!(matches!(safe("größe 日本"), Cow::Borrowed(_)));
}

#[test]
fn tabs_go_to_the_next_stop() {
    assert_eq!(safe("a\tb"), "a   b");
    assert_eq!(safe("\tb"), "    b");
}

#[test]
fn a_pile_of_combining_marks_is_cut() {
    let pile = format!("a{}b", "\u{301}".repeat(50));
    assert_eq!(safe(&pile).chars().count(), 6);
}

#[test]
fn wide_characters_are_never_cut_in_half() {
    assert_eq!(truncate("日本語", 4, "…"), "日…");
    assert_eq!(fit("日本語", 4, "…"), "日… ");
    assert_eq!(fit_right("7", 4, "…"), "   7");
    assert_eq!(truncate_start("/var/log/shop/orders.log", 11, "…"), "…orders.log");
}

#[test]
fn rows_break_at_spaces() {
    assert_eq!(wrap("the pool is exhausted", 10), ["the pool", "is", "exhausted"]);
    assert_eq!(wrap("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
    assert_eq!(wrap("", 5), [""]);
}

proptest! {
    #[test]
    fn nothing_unsafe_is_left(text in any::<String>(), ascii in any::<bool>()) {
        let out = safe_for(&text, ascii);
        prop_assert!(out.chars().all(|c| !c.is_control()));
        let hidden = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}'];
        prop_assert!(!out.contains(hidden));
        prop_assert!(!ascii || out.is_ascii());
    }

    #[test]
    fn fitted_text_has_the_asked_width(text in any::<String>(), cells in 0usize..40) {
        let s = safe(&text);
        prop_assert!(width(&truncate(&s, cells, "…")) <= cells);
        prop_assert!(width(&truncate_start(&s, cells, "…")) <= cells);
        prop_assert_eq!(width(&fit(&s, cells, "…")), cells);
    }

    #[test]
    fn wrapped_rows_fit_and_lose_nothing(text in "[a-z 日é]{0,80}", cells in 2usize..20) {
        let ranges = wrap_ranges(&text, cells);
        let joined: String = ranges.iter().map(|r| &text[r.clone()]).collect();
        prop_assert_eq!(&joined, &text);
        for r in ranges {
            prop_assert!(width(text[r].trim_end()) <= cells);
        }
    }
}
