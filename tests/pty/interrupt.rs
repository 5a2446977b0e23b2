//! Ctrl-C at every stage: what runs is cancelled, or the program ends, with the terminal as it was.

use crate::logs;
use crate::term::{Setup, Term};
use aiobs_llm::testkit::{Reply, StandIn};
use rustix::process::Signal;
use std::time::Duration;

const CTRL_C: &str = "\x03";

/// A command that waits for more on the terminal it reads from, until it is interrupted.
fn interrupted(args: &[&str], begun: &str, code: u32, says: &[&str]) {
    let mut t = Setup::new(args).start();
    t.press("2025-01-07 14:30:15 [ERROR] db - connection refused by 10.0.0.7\n");
    t.shows(&[begun]);
    t.press(CTRL_C);
    assert_eq!(t.ends(), code, "{args:?}");
    t.shows(says);
    t.is_restored_plain();
}

#[test]
fn commands_end_and_say_what_they_did() {
    interrupted(&["watch", "-"], "incident_opened", 0, &["incident_opened"]);
    interrupted(&["import", "-"], "1 record ", 130, &["stopped; imported so far: 1 record from 1 source"]);
    interrupted(&["analyze", "-"], "1 record ", 130, &["connection refused", "stopped before the end"]);
}

#[test]
fn the_demo_leaves_nothing_when_it_is_interrupted_while_it_opens() {
    // Before, while and after its files are made; the terminal may or may not be its own by then.
    for wait in [0, 20, 60, 120, 250, 400] {
        let mut t = Setup::new(&["demo"]).start();
        std::thread::sleep(Duration::from_millis(wait));
        t.signal(Signal::INT);
        t.ends_somehow();
        t.is_restored_plain();
        t.left_nothing();
    }
}

#[test]
fn a_prompt_is_left() {
    let mut t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).start();
    t.shows(&["What is wrong now", "no space left"]);
    for (open, sign) in [("2/", "filter"), ("f", "find"), ("t", "go to"), (":", "Commands")] {
        t.press_shows(open, &[sign]);
        t.press("zz");
        t.shows(&["zz"]);
        t.press(CTRL_C);
        t.hides("zz");
    }
    // Both are diagnosed: there is nothing else to cancel.
    t.press_shows("3", &["Evidence", "Disk is full", "Database refuses connections"]);
    t.press_shows("/", &["/"]);
    t.press_shows("zz", &["No incident matches"]);
    t.press(CTRL_C);
    // The prompt is left: a key is a command again.
    t.press_shows("?", &["Keys in Incidents"]);
    t.press("\x1b");
    t.hides("Keys in Incidents");
    quits(&mut t);
}

fn quits(t: &mut Term) {
    // With nothing to cancel the first asks and the second quits.
    t.press(CTRL_C);
    t.press(CTRL_C);
    assert_eq!(t.ends(), 0);
    t.is_restored();
}

/// A model server that says a word, and then nothing for as long as any test runs.
fn dawdling(rt: &tokio::runtime::Runtime) -> StandIn {
    let model = rt.block_on(StandIn::start()).unwrap();
    model.install("llama3.1", 4_000_000_000, &["completion"]);
    model.reply(Reply::slow(&["Perhaps ", "not."], Duration::from_mins(10)));
    model
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn an_answer_that_streams_is_stopped_and_the_screen_goes_on() {
    let rt = tokio_runtime();
    let model = dawdling(&rt);
    let setup = Setup::on(&[("calm.log", b"2025-01-07 14:30:15 [INFO] shop - request 1 served\n")]);
    let mut t = setup.with_model(&model.url()).start();
    t.shows(&["llama3.1"]);
    t.press_shows("6", &["Ask about what is in the logs"]);
    t.press("iwhat happened?\r");
    t.wait("the question sent", |_| model.requests().iter().any(|(path, _)| path.ends_with("/api/chat")));
    t.press_shows(CTRL_C, &["broken off"]);
    // Nothing runs any more: the next one asks.
    quits(&mut t);
}

#[test]
fn a_diagnosis_that_streams_is_stopped_and_quitting_waits_for_none() {
    let rt = tokio_runtime();
    let model = dawdling(&rt);
    let asked = || model.requests().iter().filter(|(path, _)| path.ends_with("/api/chat")).count();
    let start = || {
        let t = Setup::on(&[("shop.log", logs::trouble().as_bytes())]).with_model(&model.url()).start();
        t.shows(&["What is wrong now", "no space left", "llama3.1"]);
        t
    };
    let mut t = start();
    t.press("3");
    t.wait("a diagnosis that waits for the model", |s| asked() == 1 && s.contents().contains('◐'));
    t.press(CTRL_C);
    t.wait("the next diagnosis, which had waited for this one", |_| asked() == 2);
    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();

    let mut t = start();
    t.wait("a diagnosis that waits for the model", |_| asked() > 2);
    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();
}
