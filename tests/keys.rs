//! Keystrokes, and the mouse, to what the user sees: the tables in `tests/keys/*.toml`, played on the real model.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/screen.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod screen;

use aiobs::tui::Depth;
use aiobs::tui::event::{Did, Input, Mouse};
use ratatui::layout::Position;
use screen::Screen;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the user learns from it.
    name: String,
    /// What is typed.
    keys: String,
    /// The preset of keys.
    #[serde(default = "default_keymap")]
    keymap: String,
    /// Columns and rows.
    #[serde(default = "default_size")]
    size: (u16, u16),
    /// The pane on screen afterwards.
    pane: Option<String>,
    /// Texts that are on screen afterwards.
    #[serde(default)]
    sees: Vec<String>,
    /// Texts that are not.
    #[serde(default)]
    sees_not: Vec<String>,
    /// What was done to the world.
    #[serde(default)]
    does: Vec<String>,
}

fn default_keymap() -> String {
    "default".into()
}

const fn default_size() -> (u16, u16) {
    (100, 30)
}

#[test]
fn keys_do_what_the_tables_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let table: Table = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for case in table.case {
            let mut screen = Screen::new(case.size.0, case.size.1, Depth::True, false, &case.keymap);
            screen.press(&case.keys);
            let text = screen.text();
            let pane = screen.model.shell.pane.title();
            let mut say = |what: String| wrong.push(format!("{}: {}: {what}\n{text}", file.display(), case.name));
            if case.pane.as_deref().is_some_and(|p| p != pane) {
                say(format!("the pane is {pane}"));
            }
            for s in case.sees.iter().filter(|s| !text.contains(s.as_str())) {
                say(format!("does not see {s:?}"));
            }
            for s in case.sees_not.iter().filter(|s| text.contains(s.as_str())) {
                say(format!("sees {s:?}"));
            }
            if !case.does.is_empty() && case.does != screen.done {
                say(format!("did {:?}", screen.done));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn with_nothing_to_read_the_start_page_says_what_to_type() {
    let mut screen = Screen::empty(80, 24);
    let text = screen.text();
    assert!(text.contains("Nothing is being watched yet.") && text.contains("aiobs demo"), "{text}");
    screen.press("2");
    assert!(screen.text().contains("No records yet."));
}

/// Clicks the first cell of a text that is on screen.
fn click(screen: &mut Screen, text: &str) {
    let at = place(screen, text);
    screen.input(Input::Mouse(Mouse { at, did: Did::Click }));
}

/// The cell a text on screen begins in.
fn place(screen: &mut Screen, text: &str) -> Position {
    let all = screen.text();
    let found = all.lines().enumerate().find_map(|(y, row)| Some((row.find(text)?, y, row)));
    let (at, y, row) = found.unwrap_or_else(|| panic!("{text:?} is not on screen\n{all}"));
    Position::new(unicode_width::UnicodeWidthStr::width(&row[..at]) as u16, y as u16)
}

fn turn(screen: &mut Screen, over: &str, did: Did) {
    let at = place(screen, over);
    screen.input(Input::Mouse(Mouse { at, did }));
}

fn screen(width: u16, height: u16) -> Screen {
    Screen::new(width, height, Depth::True, false, "default")
}

#[test]
fn a_click_on_a_name_in_the_header_opens_the_pane() {
    for (width, height) in [(80, 24), (160, 45)] {
        let mut screen = screen(width, height);
        for (name, pane) in [("2", "Logs"), ("4", "Charts"), ("6", "Chat"), ("1", "Overview")] {
            let at = Position::new(place(&mut screen, name).x, 0);
            screen.input(Input::Mouse(Mouse { at, did: Did::Click }));
            assert_eq!(screen.model.shell.pane.title(), pane, "{width}x{height}\n{}", screen.text());
        }
        screen.input(Input::Mouse(Mouse { at: Position::new(width - 1, 0), did: Did::Click }));
        assert_eq!(screen.model.shell.pane.title(), "Overview");
    }
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut screen = screen(160, 45);
    click(&mut screen, "TLS certificate of tunnel expires");
    assert_eq!(screen.model.shell.pane.title(), "Overview");
    click(&mut screen, "TLS certificate of tunnel expires");
    assert_eq!(screen.model.shell.pane.title(), "Incidents");
    assert!(screen.text().contains("#8"), "{}", screen.text());
    click(&mut screen, "database refuses connections");
    assert!(screen.text().contains("#7"), "{}", screen.text());

    screen.press("1");
    click(&mut screen, "payments     ");
    click(&mut screen, "payments     ");
    assert_eq!(screen.model.shell.pane.title(), "Logs");
    assert!(screen.text().contains("service=payments"), "{}", screen.text());

    screen.press("esc 2");
    click(&mut screen, "request 990 done");
    assert!(!screen.text().contains("template #"), "{}", screen.text());
    click(&mut screen, "request 990 done");
    assert!(screen.text().contains("record 990"), "{}", screen.text());
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer() {
    let mut screen = screen(100, 30);
    screen.press("2");
    assert!(screen.text().contains("request 999 done") && screen.text().contains("LIVE"));
    for _ in 0..5 {
        turn(&mut screen, "request 98", Did::WheelUp);
    }
    let text = screen.text();
    assert!(!text.contains("request 999 done") && text.contains("request 984 done"), "{text}");
    assert!(text.contains("PAUSED"), "{text}");
    for _ in 0..5 {
        turn(&mut screen, "request 98", Did::WheelDown);
    }
    assert!(screen.text().contains("request 999 done"), "{}", screen.text());

    screen.press("?");
    let top = screen.text();
    turn(&mut screen, "Keys in Logs", Did::WheelDown);
    assert_ne!(screen.text(), top);
    click(&mut screen, "Keys in Logs");
    assert!(!screen.text().contains("Keys in Logs"));
}

#[test]
fn a_command_is_run_by_a_click() {
    let mut screen = screen(100, 30);
    screen.press(": \"show topo\"");
    click(&mut screen, "show_topology");
    assert_eq!(screen.model.shell.pane.title(), "Topology");
    screen.press(":");
    screen.input(Input::Mouse(Mouse { at: Position::new(0, 29), did: Did::Click }));
    assert!(!screen.text().contains("Commands"), "{}", screen.text());
}

#[test]
fn the_mouse_is_harmless_anywhere() {
    for (width, height) in [(10, 3), (60, 15), (100, 30), (160, 45)] {
        for mut screen in [screen(width, height), Screen::empty(width, height)] {
            for pane in ["1", "2", "3", "4", "5", "6", "2 enter z", "3 enter", "3 /", ":"] {
                screen.press(pane);
                for (x, y) in (0..width).step_by(7).flat_map(|x| (0..height).map(move |y| (x, y))) {
                    for did in [Did::WheelDown, Did::WheelUp, Did::Click] {
                        screen.input(Input::Mouse(Mouse { at: Position::new(x, y), did }));
                    }
                }
                screen.draw();
                screen.press("esc esc");
            }
        }
    }
}
