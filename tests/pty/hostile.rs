//! Log lines that try to steer the terminal.

use crate::logs;
use crate::term::Setup;

const HOSTILE: [&str; 10] = [
    "clear \x1b[2J\x1b[H the screen",
    "title \x1b]0;pwned\x07 set",
    "clipboard \x1b]52;c;cHduZWQ=\x07 set",
    "cursor \x1b[10A\x1b[999C moves",
    "colour \x1b[41;5m red",
    "eight bit \u{9b}31m csi",
    "bidi \u{202e}gpj.exe\u{202c} mark",
    "scroll \x1b[1;3r region \x1bM\x1bc reset",
    "alternate \x1b[?1049l screen, paste \x1b[?2004h, device \x1bP1$r\x1b\\",
    "bell \x07 backspace \x08\x08\x08 return \r tab \t null \0 delete \x7f end",
];

#[test]
fn hostile_lines_are_shown_and_never_obeyed() {
    let mut text = logs::healthy(5);
    for (n, line) in HOSTILE.iter().enumerate() {
        text += &logs::line(10 + n, "ERROR", line);
    }
    text += &logs::line(30, "ERROR", &format!("huge {}", "\x1b[31mx".repeat(170_000)));
    text += &logs::line(31, "INFO", "the last line");
    let mut t = Setup::on(&[("shop.log", text.as_bytes())]).start();
    t.press_shows("2", &["the last line", "the screen", "pwned", "csi", "mark", "request 4 served"]);
    t.wait("the frame is whole", |s| {
        let all = s.contents();
        all.lines().next().is_some_and(|l| l.contains("1 Overview")) && all.lines().count() == 45
    });
    // Through the details of the lines, the incidents and the rest.
    t.press("\r");
    for _ in 0..12 {
        t.press("k");
    }
    t.shows(&["1 Overview"]);
    t.press("3");
    t.shows(&["Evidence"]);
    for _ in 0..12 {
        t.press("j");
    }
    t.press_shows("1", &["What is wrong now", "Top error patterns"]);
    t.press_shows("6", &["Ask about"]);
    t.press_shows("2", &["1 Overview"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();
    let bytes = t.bytes();
    let forbidden: [&[u8]; 12] = [
        b"\x1b]0;",
        b"\x1b]52",
        b"\x1b[10A",
        b"\x1b[999C",
        b"\x1b[41;5m",
        b"\x1b[1;3r",
        b"\x1bM",
        b"\x1bc",
        b"\x1bP",
        b"\x07",
        "\u{9b}".as_bytes(),
        "\u{202e}".as_bytes(),
    ];
    for what in forbidden {
        assert!(
            !bytes.windows(what.len()).any(|w| w == what),
            "{:?} reached the terminal",
            String::from_utf8_lossy(what)
        );
    }
    assert!(!bytes.contains(&0) && !bytes.contains(&8), "raw control characters reached the terminal");
    let leaves = bytes.windows(8).filter(|w| w == b"\x1b[?1049l").count();
    assert_eq!(leaves, 1, "the alternate screen is left once, by us");
}
