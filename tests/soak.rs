//! A day of logs through the real `watch`, as fast as it takes them: several files that rotate, new statements all the time,
//! incidents that open and close. Nothing is lost, and memory does not grow with what was read.
//!
//! The ordinary form is an hour of log time; `AIOBS_SOAK_HOURS=24` is the long one, and shows memory hour by hour.
//! What is asserted are counts and bytes, never how long it took.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use rustix::process::Signal;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use support::{Home, Watch, until};

/// 2025-01-07 00:00:00 UTC, where the log's time begins.
const BEGIN: i64 = 1_736_208_000;
/// Services, each with a file of its own.
const SERVICES: [&str; 5] = ["gateway", "orders", "payments", "cart", "search"];
/// Minutes of log time between two faults; each ends after the quiet that resolves it.
const FAULT_EVERY: u64 = 20;
/// Anonymous memory may grow by this share, and these bytes, from the second quarter of a long run to the last.
const SLACK: (u64, u64) = (10, 4 << 20);
/// No run of any length takes more anonymous memory, bytes.
const MOST: u64 = 160 << 20;

/// A word that no message had before: statements that differ in words are different ones.
fn word(mut n: u64) -> String {
    let mut word = String::new();
    for _ in 0..5 {
        word.push(char::from(b'a' + (n % 23) as u8));
        word.push(char::from(b"aeiou"[(n / 23 % 5) as usize]));
        n /= 7;
    }
    word
}

/// What a service writes in one minute.
fn minute(service: usize, minute: u64) -> String {
    let mut text = String::new();
    let fault = minute / FAULT_EVERY;
    for second in 0..60_u64 {
        let at = jiff::Timestamp::from_second(BEGIN + (minute * 60 + second) as i64).unwrap();
        let name = SERVICES[service];
        for i in 0..2_u64 {
            let n = (minute * 60 + second) * 2 + i;
            writeln!(text, "{at} [INFO] {name} - request {n} from 10.0.{}.{} took {} ms", n % 7, n % 251, n * 31 % 900)
                .unwrap();
        }
        if second == 30 {
            let new = word(minute * SERVICES.len() as u64 + service as u64);
            writeln!(text, "{at} [INFO] {name} - {new} was reloaded after {second} s").unwrap();
        }
        if minute % FAULT_EVERY == 3 && service as u64 == fault % SERVICES.len() as u64 && second < 20 {
            let target = word(fault % 40);
            writeln!(
                text,
                "{at} [ERROR] {name} - connection to {target}:5432 refused\n    at Pool.get(Pool.java:{second})"
            )
            .unwrap();
        }
    }
    text
}

/// Records in a text: lines that do not go on.
fn records(text: &str) -> usize {
    text.lines().filter(|l| !l.starts_with(' ')).count()
}

/// Anonymous memory of a process, bytes: what it holds itself and is no file's.
fn anonymous(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

fn stored(home: &Home) -> usize {
    let count = home.run(["search", "--count", ""]);
    count.out.trim().parse().unwrap_or(0)
}

#[test]
fn a_day_of_logs_is_read_in_flat_memory() {
    let hours: u64 = std::env::var("AIOBS_SOAK_HOURS").map_or(1, |h| h.parse().unwrap());
    let home = Home::new();
    let log = |service: usize| home.path(format!("logs/{}.log", SERVICES[service]));
    for service in 0..SERVICES.len() {
        fs::write(log(service), "").unwrap();
    }
    let watch = Watch::start(home.command(["watch", "--set", "sources.time_zone=utc"]).arg(home.path("logs")));
    let mut written = 0;
    let mut memory = Vec::new();
    for hour in 0..hours {
        for m in hour * 60..(hour + 1) * 60 {
            for service in 0..SERVICES.len() {
                let text = minute(service, m);
                written += records(&text);
                OpenOptions::new().append(true).open(log(service)).unwrap().write_all(text.as_bytes()).unwrap();
            }
        }
        until(&format!("hour {hour} to be stored"), || stored(&home) >= written);
        memory.push(anonymous(watch.pid()));
        println!("hour {:>3}: {written:>9} records, {:>4} MiB", hour + 1, memory[memory.len() - 1] >> 20);
        for service in 0..SERVICES.len() {
            fs::rename(log(service), log(service).with_extension("log.1")).unwrap();
            fs::write(log(service), "").unwrap();
        }
    }
    let events = watch.events();
    let (code, _, talk) = watch.stop(Signal::TERM);
    assert_eq!((code, stored(&home)), (Some(0), written), "{talk}");
    let opened = events.iter().filter(|e| e["event"] == "incident_opened").count() as u64;
    let faults = hours * 60 / FAULT_EVERY;
    assert!(opened >= faults, "{opened} incidents for {faults} faults");
    let resolved =
        events.iter().filter(|e| e["event"] == "incident_changed" && e["state"] == "resolved").count() as u64;
    assert!(resolved + 1 >= faults, "{resolved} of {faults} incidents were resolved");
    let most = *memory.iter().max().unwrap();
    assert!(most < MOST, "{} MiB are held: {memory:?}", most >> 20);
    if let [_, second, _, last] = memory.chunks(memory.len().div_ceil(4)).collect::<Vec<_>>()[..]
        && hours >= 8
    {
        let mean = |part: &[u64]| part.iter().sum::<u64>() / part.len() as u64;
        let (before, after) = (mean(second), mean(last));
        let allowed = before + before * SLACK.0 / 100 + SLACK.1;
        assert!(after <= allowed, "memory grows: {} MiB, then {} MiB: {memory:?}", before >> 20, after >> 20);
    }
}
