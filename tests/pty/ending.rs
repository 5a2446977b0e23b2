//! However the program ends or pauses, the terminal is as it was.

use crate::logs;
use crate::term::{Setup, Term};
use rustix::process::Signal;

fn demo() -> Term {
    let t = Setup::new(&["demo"]).start();
    t.shows(&["Overview", "LIVE"]);
    assert!(t.look(|s| s.alternate_screen() && s.hide_cursor()), "the screen is ours while running");
    assert!(!t.is_cooked(), "raw mode is on while running");
    t
}

#[test]
fn q_quits() {
    let mut t = demo();
    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();
    t.left_nothing();
}

#[test]
fn ctrl_c_asks_and_a_second_one_quits() {
    let mut t = demo();
    t.press_shows("\x03", &["Ctrl-C again quits"]);
    t.press("\x03");
    assert_eq!(t.ends(), 0);
    t.is_restored();
    t.left_nothing();
}

#[test]
fn sigterm_and_sighup_restore_the_terminal() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut t = demo();
        t.signal(signal);
        t.ends();
        t.is_restored();
        t.left_nothing();
    }
}

#[test]
fn closing_the_window_ends_the_program() {
    let mut t = demo();
    t.close();
    t.ends();
    t.left_nothing();
}

#[test]
fn suspended_it_gives_the_terminal_back_and_resumed_it_draws_again() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.press_shows("2", &["request 299 served"]);
    for by_key in [true, false] {
        if by_key {
            t.press("\x1a");
        } else {
            t.signal(Signal::TSTP);
        }
        assert!(t.waits_until_stopped(), "not suspended");
        t.is_restored();
        t.signal(Signal::CONT);
        t.wait("the screen again", |s| s.alternate_screen() && s.contents().contains("request 299 served"));
        assert!(!t.is_cooked(), "raw mode is on again");
        t.press_shows("?", &["General"]);
        t.press("\x1b");
        t.hides("General");
    }
    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();
}
