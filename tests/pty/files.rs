//! Files that grow while they are on screen, a little or a lot; and the rest when nothing happens.

use crate::logs;
use crate::term::Setup;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn append(path: &std::path::Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_file_is_followed_through_growth_and_rotation() {
    let mut t = Setup::on(&[("shop.log", logs::healthy(50).as_bytes())]).start();
    t.press_shows("2", &["request 49 served"]);
    let path = t.path("shop.log");
    append(&path, &logs::line(60, "INFO", "appended one"));
    t.shows(&["appended one"]);
    // Renamed away and made anew, as logrotate does.
    std::fs::rename(&path, t.path("shop.log.1")).unwrap();
    append(&t.path("shop.log.1"), &logs::line(61, "INFO", "last words of the old file"));
    append(&path, &logs::line(62, "INFO", "first words of the new file"));
    t.shows(&["last words of the old file", "first words of the new file"]);
    // Copied and truncated.
    File::create(&path).unwrap();
    append(&path, &logs::line(63, "ERROR", "connection to db-1:5432 refused (pool 20/20)"));
    t.shows(&["pool 20/20"]);
    t.press_shows("3", &["connection refused", "by playbook database-connection-refused"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn when_nothing_happens_nothing_is_drawn() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.shows(&["no space left"]);
    assert!(t.falls_silent(Duration::from_secs(3)), "the overview keeps drawing");
    t.press_shows("2", &["request 299 served"]);
    assert!(t.falls_silent(Duration::from_secs(3)), "the logs keep drawing");
    t.press_shows("3", &["by playbook"]);
    assert!(t.falls_silent(Duration::from_secs(3)), "the incidents keep drawing");
}

#[test]
fn a_flood_delays_no_key() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.press_shows("2", &["request 299 served"]);
    let path = t.path("shop.log");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // 50,000 lines a second, in twenty steps, for four seconds or until the keys are through.
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            let begin = Instant::now();
            for step in 0..80 {
                let block: String = (0..2_500).map(|n| logs::line(n, "INFO", &format!("flood {step} {n}"))).collect();
                file.write_all(block.as_bytes()).unwrap();
                std::thread::sleep((Duration::from_millis(50) * (step + 1)).saturating_sub(begin.elapsed()));
            }
            over.store(true, Ordering::SeqCst);
        });
        t.shows(&["flood"]);
        let mut presses = 0;
        while !over.load(Ordering::SeqCst) {
            t.press_shows("?", &["Go to the next pane"]);
            t.press("q");
            t.hides("Go to the next pane");
            for (key, sign) in [
                ("1", "What is wrong now"),
                ("3", "Evidence"),
                ("4", "Drift of the template mix"),
                ("5", "who called whom"),
                ("6", "Ask about what is in the logs"),
                ("2", "flood"),
            ] {
                t.press_shows(key, &[sign]);
                presses += 1;
            }
        }
        assert!(presses >= 8);
    });
    // All of it arrives.
    t.shows(&["200,300"]);
    t.press("q");
    assert_eq!(t.ends(), 0);
}

#[test]
fn ages_go_on_while_nothing_happens() {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(60);
    let line = format!("{} [ERROR] orders - connection to db-1:5432 refused\n", then.strftime("%Y-%m-%dT%H:%M:%SZ"));
    let mut t = Setup::on(&[("shop.log", line.as_bytes())]).start();
    t.shows(&["What is wrong now"]);
    let age = |text: &str| {
        let row = text.lines().find(|l| l.contains("refuse") && l.contains(" s "))?;
        row.split_whitespace().rev().skip_while(|w| *w != "s").nth(1)?.parse::<u64>().ok()
    };
    for key in ["1", "3"] {
        t.press_shows(key, &["refuse"]);
        let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let short = |text: &str| {
            let row = text.lines().find(|l| l.contains("refuse"))?;
            row.split_whitespace().filter_map(|w| w.strip_suffix('s')).find_map(|w| w.parse::<u64>().ok())
        };
        t.wait("an age that goes on by itself", |screen| {
            let text = screen.contents();
            seen.borrow_mut().extend(age(&text).or_else(|| short(&text)));
            seen.borrow().len() >= 4
        });
    }
}
