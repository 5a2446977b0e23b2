//! Keys, and the size of the window.

use crate::logs;
use crate::term::{Setup, Term, within_patience};
use std::time::Duration;

fn shop() -> Term {
    let t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.shows(&["What is wrong now", "no space left"]);
    t
}

/// What is in the row of the cursor in Logs.
fn cursor_row(screen: &vt100::Screen) -> String {
    let (rows, cols) = screen.size();
    let plain = screen.cell(rows.get() - 2, cols.get() - 4).map(vt100::Cell::bgcolor);
    let at = (2..rows.get() - 1).find(|r| screen.cell(*r, cols.get() - 4).map(vt100::Cell::bgcolor) != plain);
    at.and_then(|r| screen.rows(0, cols.get()).nth(r.into())).unwrap_or_default()
}

#[test]
fn every_pane_and_overlay_is_a_key_away() {
    let mut t = shop();
    let panes = [
        ("2", "request 299 served"),
        ("3", "Evidence"),
        ("4", "Drift of the template mix"),
        ("5", "who called whom"),
        ("6", "Ask about what is in the logs"),
        ("1", "What is wrong now"),
    ];
    for (key, sign) in panes {
        t.press_shows(key, &[sign]);
    }
    for (_, sign) in &panes[..5] {
        t.press_shows("\t", &[sign]);
    }
    t.press_shows("\t", &["Ask the archive in SQL"]);
    t.press_shows("\t", &["patterns in 300 records"]);
    t.press_shows("\t", &["What is wrong now"]);
    t.press_shows("\x1b[Z", &["patterns in 300 records"]);
    t.press_shows("1", &["What is wrong now"]);
    t.press_shows("?", &["General", "Go to the next pane"]);
    t.press("\x1b");
    t.hides("Go to the next pane");
    t.press_shows(":", &["Commands"]);
    t.press_shows("topo", &["show_topology"]);
    t.press_shows("\r", &["who called whom"]);
    t.press_shows("g", &["Go to Overview", "To the first row"]);
    t.press_shows("l", &["request 299 served"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();
}

#[test]
fn the_archive_is_asked_in_sql() {
    let mut t = shop();
    t.press_shows(":", &["Commands"]);
    t.press("sql\r");
    t.press("SELECT level, count(*) AS records FROM logs GROUP BY level\r");
    t.shows(&["3 rows", "297", "error"]);
    t.press_shows("i", &["accept"]);
    t.press("\x15SELECT levle FROM logs\r");
    t.shows(&["there is no column `levle`; did you mean `level`?"]);
    t.press("\x15SELECT count(*) FROM logs a, logs b, logs c WHERE a.text > b.text || c.text\r");
    t.shows(&["running"]);
    t.press("\x03");
    t.shows(&["stopped"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn a_filter_completes_and_compares_fields() {
    let line = |n: usize| {
        let fields = format!(r#""service":"api","msg":"request {n} done","latency":"{n}ms""#);
        format!("{{\"time\":\"2025-01-07T14:00:{n:02}Z\",\"level\":\"info\",{fields}}}\n")
    };
    let lines = (0..60).map(line).collect::<Vec<_>>().concat();
    let mut t = Setup::on(&[("api.log", lines.as_bytes())]).start();
    t.press_shows("2", &["request 59 done"]);
    t.press("/");
    t.press_shows("lat", &["latency=", "a field, such as"]);
    t.press("\t");
    t.press("\x7f>57ms\r");
    t.shows(&["2 of 60", "request 58 done"]);
    t.hides("request 57 done");
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn logs_are_filtered_searched_and_walked() {
    let mut t = shop();
    t.press_shows("2", &["request 299 served"]);
    t.press_shows("/", &["filter"]);
    t.press("level>=warn\r");
    t.shows(&["pool 20/20", "slow answer", "no space left"]);
    t.hides("served");
    t.press("\x7f");
    t.shows(&["request 299 served"]);

    // From the newest line back over the errors, and forward again.
    t.press("E");
    t.wait("the cursor on the second error", |s| cursor_row(s).contains("no space left"));
    t.press("E");
    t.wait("the cursor on the first error", |s| cursor_row(s).contains("pool 20/20"));
    t.press("e");
    t.wait("the cursor on the second error", |s| cursor_row(s).contains("no space left"));

    t.press("f");
    t.press("request 25\r");
    t.shows(&["find request 25"]);
    t.press("gg");
    t.wait("the first line", |s| cursor_row(s).contains("request 0 served"));
    for (key, want) in [("n", "request 25 "), ("n", "request 250"), ("N", "request 25 ")] {
        t.press(key);
        t.wait(want, |s| cursor_row(s).contains(want));
    }
    t.press("G");
    t.shows(&["request 299 served"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn any_size_of_window_is_drawn_right() {
    let mut t = shop();
    t.press_shows("2", &["request 299 served", "6 Chat"]);
    t.resize(80, 24);
    t.wait("80x24", |s| {
        let all = s.contents();
        all.contains("request 299 served")
            && all.lines().next().is_some_and(|l| l.contains("1 Overview"))
            && all.lines().count() == 24
    });
    t.resize(10, 3);
    t.wait("a notice at 10x3", |s| s.contents().replace('\n', "").contains("10x3"));
    // Keys are taken even now.
    t.press("3");
    t.resize(59, 15);
    t.wait("a notice at 59x15", |s| s.contents().replace('\n', " ").contains("59x15 is too small"));
    t.resize(160, 45);
    // Both diagnosed, so that nothing changes any more.
    t.shows(&["Evidence", "Cause", "by playbook", "Disk is full", "Database refuses connections"]);
    assert!(t.falls_silent(Duration::from_millis(500)));
    let big = t.text();
    let before = t.bytes().len();
    t.press("\x0c");
    assert!(within_patience(|| t.bytes().len() > before + 2_000), "not drawn anew");
    assert!(t.falls_silent(Duration::from_millis(500)));
    assert_eq!(t.text(), big, "drawn anew it looks the same: nothing was left over from another size");
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn the_mouse_is_taken_when_asked_for_and_always_given_back() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.shows(&["What is wrong now", "no space left"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
    assert!(!t.wrote(b"\x1b[?1000h"), "the mouse is off unless asked for");

    for ends_by_signal in [false, true] {
        let setup = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).arg("--set").arg("ui.mouse=true");
        let mut t = setup.start();
        t.shows(&["What is wrong now", "no space left"]);
        assert!(t.wrote(b"\x1b[?1000h\x1b[?1006h"));
        // The third name in the header, pressed and let go, then the wheel over Logs.
        let column = t.look(|s| s.rows(0, 160).next().unwrap().find("2 Logs").unwrap()) + 2;
        t.press(&format!("\x1b[<0;{column};1M\x1b[<0;{column};1m"));
        t.shows(&["request 299 served"]);
        t.press(&"\x1b[<64;20;20M".repeat(4));
        t.hides("request 299 served");
        if ends_by_signal {
            t.signal(rustix::process::Signal::TERM);
        } else {
            t.press("q");
        }
        assert_eq!(t.ends(), 0);
        t.is_restored();
        assert!(t.wrote(b"\x1b[?1006l\x1b[?1000l"), "the mouse was not given back");
    }
}
