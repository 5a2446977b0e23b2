//! Pictures of the screen at 80x24 and 160x45, in colour and without, kept as text: what a user sees, and which
//! role's style each part has.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/screen.rs"]
mod screen;

use aiobs::runtime::events::{Event, Toast};
use aiobs::tui::event::Input;
use aiobs::tui::theme::Library;
use aiobs::tui::{Depth, keymap};
use aiobs_types::{Level, Skipped};
use ratatui::style::{Modifier, Style};
use screen::Screen;
use std::fmt::Write as _;

/// The style of every run of cells, row by row.
fn styles(screen: &mut Screen) -> String {
    let buffer = screen.draw();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut last: Option<Style> = None;
        let _ = write!(out, "{y:>2}");
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            if last != Some(style) {
                let _ = write!(out, " {x}:{}", short(style));
                last = Some(style);
            }
        }
        out.push('\n');
    }
    out
}

fn short(style: Style) -> String {
    let mut out = style.fg.map(|c| c.to_string()).unwrap_or_default();
    if let Some(bg) = style.bg {
        let _ = write!(out, "/{bg}");
    }
    let marks = [(Modifier::BOLD, 'b'), (Modifier::DIM, 'd'), (Modifier::UNDERLINED, 'u'), (Modifier::REVERSED, 'r')];
    out.extend(marks.iter().filter(|(m, _)| style.add_modifier.contains(*m)).map(|(_, c)| *c));
    out
}

fn picture(name: &str, keys: &str) {
    for (width, height) in [(80, 24), (160, 45)] {
        for (depth, word) in [(Depth::Ansi16, "ansi16"), (Depth::None, "no_color")] {
            let mut screen = Screen::new(width, height, depth, false, "default");
            screen.press(keys);
            let seen = format!("{}--- styles\n{}", screen.text(), styles(&mut screen));
            insta::assert_snapshot!(format!("{name}_{width}x{height}_{word}"), seen);
        }
    }
}

#[test]
fn overview() {
    picture("overview", "");
}

#[test]
fn logs() {
    picture("logs", "2 E");
}

#[test]
fn logs_narrowed_down_with_a_record_open() {
    picture("logs_detail", "2 / \"level>=warn\" enter f \"exhausted\" enter enter");
}

#[test]
fn bookmarks_and_notes_in_the_list_and_the_detail() {
    picture("logs_noted", "2 E c \"deploy went out here\" enter k k b j j enter enter j");
}

#[test]
fn a_word_that_always_stands_out() {
    picture("logs_highlight", "2 M \"warn: exhausted\" enter M \"request\" enter g g");
}

#[test]
fn the_columns_are_chosen_from_a_list() {
    picture("logs_columns", "2 C down down enter");
}

#[test]
fn the_list_of_bookmarks() {
    picture("logs_bookmarks", "2 E c \"deploy went out here\" enter k k b B");
}

#[test]
fn logs_with_the_histogram_and_a_range_marked() {
    picture("logs_histogram", "2 t \"14:20\" enter H + v l l l");
}

/// The end of a large file while the rest is read: above its first line, and once a part was left out.
#[test]
fn the_end_of_a_large_file_before_the_rest() {
    for (width, height) in [(80, 24), (160, 45)] {
        for (depth, word) in [(Depth::Ansi16, "ansi16"), (Depth::None, "no_color")] {
            let mut screen = Screen::previewing(width, height, depth);
            screen.press("2 pageup pageup j j j j j");
            let seen = format!("{}--- styles\n{}", screen.text(), styles(&mut screen));
            insta::assert_snapshot!(format!("logs_older_{width}x{height}_{word}"), seen);
            screen.all_stored(Some(Skipped { from: 0, to: 960 * 60 }));
            let seen = format!("{}--- styles\n{}", screen.text(), styles(&mut screen));
            insta::assert_snapshot!(format!("logs_left_out_{width}x{height}_{word}"), seen);
        }
    }
}

#[test]
fn what_is_shown_before_it_is_stored_stays_where_it_is_when_it_is_stored() {
    for keys in ["2", "2 k k k", "2 pageup k"] {
        let mut screen = Screen::previewing(80, 24, Depth::None);
        screen.press(keys);
        // The line down at the left and what is said of the reading go, the lines stay.
        let lines = |screen: &mut Screen| -> Vec<String> {
            let said = |l: &&str| l.contains("request") || l.contains("pool") || l.contains("charge");
            screen.text().lines().filter(said).map(|l| l.replacen('│', " ", 1)).collect()
        };
        let before = lines(&mut screen);
        assert!(screen.text().contains("older lines 62 %, 3 s"), "{}", screen.text());
        screen.all_stored(None);
        // A line may come in over them, where it was said what is missing.
        let after = lines(&mut screen);
        assert!(after.ends_with(&before) && after.len() <= before.len() + 1, "{keys}\n{}", screen.text());
        assert!(!screen.text().contains("older lines"));
    }
}

#[test]
fn what_a_line_cannot_do_before_it_is_stored_is_said() {
    let mut screen = Screen::previewing(80, 24, Depth::None);
    screen.press("2");
    for keys in ["b", "c", "v", "=", "minus", "o"] {
        screen.press(keys);
        assert!(screen.text().contains("This line is not stored yet"), "{keys}\n{}", screen.text());
        screen.press("?  esc");
    }
    screen.press("enter");
    assert!(screen.text().contains("not stored yet   2025-01-07 14:"), "{}", screen.text());
    screen.press("esc X R");
    assert_eq!(screen.done, ["Send(LeaveOutOlder)", "Send(ReadLeftOut)"]);
    screen.press("/ \"level>=error\" enter");
    assert!(screen.text().contains("10 of 960"), "{}", screen.text());
}

#[test]
fn patterns() {
    picture("patterns", "8");
}

#[test]
fn one_pattern_by_its_last_lines() {
    picture("patterns_detail", "8 enter ]");
}

#[test]
fn heat_map() {
    picture("heat", "H h h");
}

#[test]
fn help() {
    picture("help", "2 ?");
}

#[test]
fn palette() {
    picture("palette", ": \"next\"");
}

#[test]
fn start_page() {
    let mut screen = Screen::empty(80, 24);
    insta::assert_snapshot!("start_80x24", screen.text());
}

#[test]
fn in_ascii_every_cell_is_ascii() {
    for keys in ["", "2 E", "2 H", "2 / \"evil\" enter enter", "3", "H", "8", "8 enter", "?", "g"] {
        let mut screen = Screen::new(120, 40, Depth::None, true, "default");
        screen.press(keys);
        let text = screen.text();
        assert!(text.is_ascii(), "{keys}\n{text}");
    }
    let mut screen = Screen::new(80, 24, Depth::None, true, "default");
    insta::assert_snapshot!("overview_80x24_ascii", screen.text());
}

#[test]
fn without_colour_no_cell_has_a_colour() {
    for keys in ["", "2", "2 H", "2 enter", "3", "4", "H", "5", "6", "8", "8 enter ]", "?", ": \"a\""] {
        let mut screen = Screen::new(120, 40, Depth::None, false, "default");
        screen.press(keys);
        let text = styles(&mut screen);
        for name in ["Red", "Blue", "Green", "Yellow", "Cyan", "Magenta", "White", "Gray", "#"] {
            assert!(!text.contains(name), "{name} after {keys:?}\n{text}");
        }
    }
}

#[test]
fn every_size_draws_and_no_key_breaks_it() {
    for (width, height) in [(1, 1), (10, 3), (59, 15), (60, 14), (60, 15), (61, 16), (99, 20), (200, 60), (300, 100)] {
        let mut screen = Screen::new(width, height, Depth::True, false, "default");
        for keys in [
            "",
            "j ] j ] j enter esc",
            "2 g g pagedown enter k s ctrl-u",
            "3 j enter",
            "4 j",
            "5 j",
            "6",
            "8 j enter ] esc s / esc",
            "4 H j l + minus n esc esc",
            "esc ?",
            "esc : esc",
        ] {
            screen.press(keys);
            screen.draw();
        }
        screen.input(Input::Resize(width + 7, height + 3));
        screen.draw();
    }
}

#[test]
fn a_message_replaces_the_footer_for_some_seconds() {
    let mut screen = Screen::new(100, 30, Depth::True, false, "default");
    let toast = Toast { level: Level::Warn, text: "disk is \u{1b}[31malmost full".into() };
    screen.input(Input::Engine(Event::Toast(toast)));
    assert!(screen.text().contains("▲ disk is ␛[31malmost full"));
    screen.model.world.clock.now = screen.model.world.clock.now.plus(6_000_000_000);
    screen.input(Input::Tick);
    assert!(!screen.text().contains("almost full"));
    let next = screen.model.deadline();
    assert_eq!(next.map(|t| t.0 % 60_000_000_000), Some(0), "only the ages of the incidents are left to wake up for");
}

#[test]
fn pasted_text_goes_where_text_is_typed_and_nowhere_else() {
    let mut screen = Screen::new(100, 30, Depth::True, false, "default");
    screen.press("2");
    screen.input(Input::Paste("qqq".into()));
    assert!(screen.done.is_empty(), "pasted letters are no commands");
    screen.press("/");
    screen.input(Input::Paste("timeout\n".into()));
    screen.press("enter");
    assert!(screen.text().contains("10 of 1,000"));
}

#[test]
fn every_theme_loads_at_every_depth() {
    let library = Library::new(None);
    for name in library.names() {
        for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::None] {
            library.load(&name, depth).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn a_theme_that_inherits_changes_every_role_by_its_palette() {
    use aiobs::tui::theme::Role;
    let library = Library::new(None);
    let dark = library.load("dark", Depth::True).unwrap();
    let light = library.load("light", Depth::True).unwrap();
    for role in [Role::Text, Role::Header, Role::Selection, Role::Error, Role::Spark] {
        assert_ne!(dark.style(role), light.style(role), "{}", role.name());
    }
}

#[test]
fn a_wrong_theme_says_where_and_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "mine.toml",
        "inherits = \"dark\"\n[palette]\nred = \"#ff00zz\"\n[roles]\nerorr = \"red\"\nwarn = \"yelow\"\nmatch = { fgg = \"red\" }\n",
    );
    write("one.toml", "inherits = \"two\"\n");
    write("two.toml", "inherits = \"one\"\n");
    write("dark.toml", "inherits = \"dark\"\n[roles]\nerror = \"#ff0000\"\n");
    write("child.toml", "inherits = \"drak\"\n");
    let library = Library::new(Some(folder.path().to_owned()));
    let error = library.load("mine", Depth::True).unwrap_err();
    let lines: Vec<usize> = error.0.iter().map(|f| f.line).collect();
    assert_eq!(lines, [3, 5, 6, 7], "{error}");
    let said = error.to_string();
    for part in
        ["\"#ff00zz\" is not a colour", "did you mean \"error\"", "did you mean \"yellow\"", "did you mean \"fg\""]
    {
        assert!(said.contains(part), "{said}");
    }
    assert!(library.load("one", Depth::True).unwrap_err().to_string().contains("circle"));
    assert!(library.load("child", Depth::True).unwrap_err().to_string().contains("did you mean \"dark\""));
    assert!(library.load("dark", Depth::True).is_ok(), "a user's dark may build on the one that ships");
}

#[test]
fn every_keymap_loads_and_a_wrong_one_says_where() {
    for name in keymap::names() {
        keymap::load(name, None).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keymap.toml");
    std::fs::write(
        &file,
        "global = [\n  { on = \"crtl-a\", run = \"down\" },\n  { on = \"J\", run = \"dwon\" },\n  { on = \"K\", run = \"resolve\" },\n  { on = \"g g\", run = \"top\" },\n  { on = \"g\", run = \"top\" },\n]\nlgos = []\n",
    )
    .unwrap();
    let error = keymap::load("default", Some(&file)).unwrap_err();
    let said = error.to_string();
    for part in [
        ":2: ",
        "did you mean \"ctrl\"",
        ":3: ",
        "did you mean \"down\"",
        ":4: ",
        "it works in: incidents",
        ":6: ",
        "begin alike",
        ":8: ",
        "did you mean \"logs\"",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn a_user_keymap_changes_only_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keymap.toml");
    std::fs::write(&file, "global = [{ on = \"U\", run = \"quit\" }, { on = \"q\", run = \"none\" }]\n").unwrap();
    let mut screen = Screen::new(100, 30, Depth::True, false, "default");
    screen.model.world.keymap = keymap::load("default", Some(&file)).unwrap();
    screen.press("q j 2");
    assert!(screen.done.is_empty());
    screen.press("U");
    assert_eq!(screen.done, ["Quit"]);
}
