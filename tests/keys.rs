//! Keystrokes to what the user sees: the tables in `tests/keys/*.toml`, played on the real model.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/screen.rs"]
mod screen;

use aiobs::tui::Depth;
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
