//! Terminals with fewer colours or characters.

use crate::logs;
use crate::term::{Setup, Term};

/// Goes through all panes and overlays and out.
fn tour(setup: Setup) -> Term {
    let mut t = setup.start();
    t.shows(&["What is wrong now", "no space left"]);
    for (key, sign) in [
        ("2", "request 299 served"),
        ("\r", "shop.log"),
        ("3", "Evidence"),
        ("\r", "Evidence"),
        ("4", "Drift of the template mix"),
        ("5", "who called whom"),
        ("6", "Ask about what is in the logs"),
        ("1", "What is wrong now"),
        ("?", "General"),
    ] {
        t.press_shows(key, &[sign]);
    }
    t.press("q");
    t.hides("Go to the next pane");
    t.press_shows(":", &["Commands"]);
    t.press("\x1b");
    t.hides("Commands");
    t.press("q");
    assert_eq!(t.ends(), 0);
    t
}

fn shop() -> Setup {
    Setup::on(&[("shop.log", logs::trouble().as_bytes())])
}

/// Parameters of every SGR sequence written.
fn sgr(bytes: &[u8]) -> Vec<Vec<u16>> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.split("\x1b[")
        .skip(1)
        .filter_map(|s| {
            let end = s.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
            s[end..].starts_with('m').then(|| s[..end].split([';', ':']).map(|n| n.parse().unwrap_or(0)).collect())
        })
        .collect()
}

#[test]
fn no_color_means_no_colour_at_all() {
    let t = tour(shop().env("NO_COLOR", "1"));
    for parameters in sgr(&t.bytes()) {
        assert!(parameters.iter().all(|n| matches!(n, 0..=9 | 21..=29 | 39 | 49 | 59)), "{parameters:?} is a colour");
    }
}

#[test]
fn a_plain_terminal_gets_sixteen_colours() {
    let t = tour(shop().env("TERM", "xterm").env("COLORTERM", ""));
    let all = sgr(&t.bytes());
    let wide = |p: &[u16]| {
        p.windows(2)
            .any(|w| matches!(w, [38 | 48 | 58, 2]) || matches!(w, [38 | 48 | 58, 5]) && p.iter().any(|n| *n > 58))
    };
    assert!(!all.iter().any(|p| wide(p)), "{:?}", all.iter().find(|p| wide(p)));
    assert!(
        all.iter().flatten().any(|n| (30..=37).contains(n) || (90..=97).contains(n) || *n == 38),
        "no colour at all"
    );
}

#[test]
fn ascii_is_ascii() {
    let t = tour(shop().arg("--ascii"));
    let bytes = t.bytes();
    if let Some(at) = bytes.iter().position(|b| !b.is_ascii()) {
        let near = String::from_utf8_lossy(&bytes[at.saturating_sub(60)..(at + 20).min(bytes.len())]).into_owned();
        panic!("not ASCII: {near:?}");
    }
}
