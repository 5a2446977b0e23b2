//! SIGKILL at random moments while files grow and rotate: every record is stored exactly once, whole, and in order.
//!
//! Ten rounds (kills) in the ordinary form; `AIOBS_KILL_ROUNDS=100` for the nightly one. `AIOBS_KILL_SEED` repeats a run
//! as far as chance is ours; the scheduler's part is not.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "kill/writer.rs"]
mod writer;

use rustix::process::Signal;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use support::{Home, Watch, until};
use writer::{Dice, LogFile};

/// Kills on one data directory before its archive is compared with what was written.
const KILLS_PER_ARCHIVE: usize = 5;
/// The ordinary form begins with this one: a cold start on a directory, then a warm one on named files.
const SEED: u64 = 90_032;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap())
}

#[derive(Default)]
struct Totals {
    kills: usize,
    records: usize,
    rotations: usize,
}

#[test]
fn killed_at_any_moment_nothing_is_lost_doubled_or_torn() {
    let rounds = number("AIOBS_KILL_ROUNDS").unwrap_or(10) as usize;
    let seed = number("AIOBS_KILL_SEED").unwrap_or(SEED);
    let mut totals = Totals::default();
    let (mut left, mut nth) = (rounds, 0);
    while left > 0 {
        let kills = left.min(KILLS_PER_ARCHIVE);
        one_archive(seed.wrapping_add(nth), kills, &mut totals);
        left -= kills;
        nth += 1;
    }
    println!(
        "kill -9: {} rounds, {} records, {} rotations: every record once, whole, in order (seed {seed})",
        totals.kills, totals.records, totals.rotations
    );
}

fn one_archive(seed: u64, kills: usize, totals: &mut Totals) {
    let home = Home::new();
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut files = LogFile::all(&home.path("logs"));
    let named: Vec<_> = files.iter().map(|f| f.path.clone()).collect();
    let whole_directory = seed.is_multiple_of(2);
    // Cold: killed and rotated before anything was stored. A log that is named itself begins with what is there then.
    let warm = !seed.is_multiple_of(4);
    let watch = || {
        let mut command = home.command(["watch"]);
        if whole_directory {
            command.arg(home.path("logs"))
        } else {
            command.args(&named)
        };
        Watch::start(&mut command)
    };
    if warm {
        for file in &mut files {
            file.begin(&mut dice);
        }
        let first = watch();
        until("the first records", || home.records().len() == files.len());
        drop(first);
    }
    let (done, rotations) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writing = {
        let (done, rotations) = (Arc::clone(&done), Arc::clone(&rotations));
        let mut dice = Dice(dice.next());
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let file = dice.below(files.len());
                rotations.fetch_add(usize::from(files[file].act(&mut dice)), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(dice.below(12) as u64));
            }
            files.into_iter().map(LogFile::finish).collect::<Vec<_>>()
        })
    };
    for _ in 0..kills {
        let running = watch();
        std::thread::sleep(Duration::from_millis(20 + dice.below(700) as u64));
        drop(running);
        // Down for a while, often long enough for several rotations.
        std::thread::sleep(Duration::from_millis([0, 0, 30, 200, 600][dice.below(5)]));
    }
    done.store(true, Ordering::Relaxed);
    let written = writing.join().unwrap();
    let expected: usize = written.iter().map(|(_, records)| records.len()).sum();

    let calm = watch();
    let (mut result, mut before, mut still) = (Ok(()), 0, 0);
    until("the archive to come to rest", || {
        let now = home.records().len();
        still = if now == before { still + 1 } else { 0 };
        before = now;
        result = compare(&home, &written, warm);
        result.is_ok() || still > 5
    });
    let (code, _, talk) = calm.stop(Signal::TERM);
    if let Err(wrong) = result.and_then(|()| compare(&home, &written, warm)) {
        if let Some(keep) = std::env::var_os("AIOBS_KILL_KEEP") {
            let _ = std::process::Command::new("cp").arg("-a").arg(home.path(".")).arg(keep).status();
        }
        panic!("seed {seed}, {}:\n{wrong}\n{talk}", if whole_directory { "directory" } else { "named files" });
    }
    assert_eq!((code, talk.as_str()), (Some(0), ""), "seed {seed}");
    totals.kills += kills;
    totals.records += expected;
    totals.rotations += rotations.load(Ordering::Relaxed);
}

/// With `warm`, everything must have been read under the log's own name: rotation must not show.
fn compare(home: &Home, written: &[(PathBuf, Vec<String>)], warm: bool) -> Result<(), String> {
    let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut ids = Vec::new();
    for record in home.records() {
        let text = |key: &str| record[key].as_str().unwrap().to_owned();
        stored.entry(text("source")).or_default().push(text("text"));
        ids.push(record["id"].as_u64().unwrap());
    }
    let mut wrong = Vec::new();
    if !ids.is_sorted_by(|a, b| a < b) {
        wrong.push("record numbers do not rise".to_owned());
    }
    for (path, records) in written {
        let name = path.to_str().unwrap();
        let place: HashMap<&str, usize> = records.iter().enumerate().map(|(i, r)| (r.as_str(), i)).collect();
        let mut got = Vec::new();
        for (source, texts) in stored.iter_mut().filter(|(source, _)| source.starts_with(name)) {
            if warm && source != name {
                wrong.push(format!("{source}: read as a log of its own"));
            }
            if !texts.iter().map(|t| place.get(t.as_str())).is_sorted() {
                wrong.push(format!("{source}: out of order"));
            }
            got.append(texts);
        }
        if let Some(difference) = difference(records, &got) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    stored.retain(|_, texts| !texts.is_empty());
    if !stored.is_empty() {
        wrong.push(format!("records of logs that no one wrote: {:?}", stored.keys()));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// What is wrong, in words, with the places.
fn difference(written: &[String], stored: &[String]) -> Option<String> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for text in stored {
        *counts.entry(text).or_default() += 1;
    }
    let all = 0..written.len();
    let lost: Vec<_> = all.clone().filter(|i| !counts.contains_key(written[*i].as_str())).collect();
    let doubled: Vec<_> = all.filter(|i| counts.get(written[*i].as_str()) > Some(&1)).collect();
    for text in written {
        counts.remove(text.as_str());
    }
    let torn: Vec<_> = counts.keys().take(3).collect();
    (!lost.is_empty() || !doubled.is_empty() || !torn.is_empty()).then(|| {
        let span = |of: &[usize]| of.first().copied().zip(of.last().copied());
        format!(
            "{} written, {} stored; {} lost {:?}, {} doubled {:?}, {} torn {torn:?}",
            written.len(),
            stored.len(),
            lost.len(),
            span(&lost),
            doubled.len(),
            span(&doubled),
            counts.len(),
        )
    })
}
