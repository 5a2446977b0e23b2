//! Rows of the full screen in a terminal: how long until something is seen, and what it costs when nothing happens.

use crate::corpus::{Lines, Style};
use crate::measure::{bytes_read, cpu_of, quantile, resident};
use crate::pty::Terminal;
use crate::{Bench, table};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Appends measured per row.
const APPENDS: usize = 120;
/// Keys measured at least, for a 99th percentile to mean anything, and at most.
const ENOUGH_KEYS: usize = 200;
const KEYS: usize = 400;

/// Prints the rows.
pub(crate) fn rows(bench: &Bench) -> anyhow::Result<()> {
    table::head("screen, 120x40", &["what", "n", "median ms", "p95 ms", "p99 ms", "beside"]);
    open(bench)?;
    keys(bench)?;
    append(bench, false)?;
    append(bench, true)?;
    idle(bench)
}

fn times(what: &str, mut ms: Vec<f64>, beside: String) {
    let [median, p95, p99] = [0.5, 0.95, 0.99].map(|q| format!("{:.1}", quantile(&mut ms, q)));
    table::row(&[what.to_owned(), ms.len().to_string(), median, p95, p99, beside]);
}

fn start(bench: &Bench, data: &Path, logs: &[&Path]) -> anyhow::Result<(Terminal, Instant)> {
    let mut command = bench.command(data, &["--set", "ui.start_pane=logs"]);
    command.args(logs);
    let began = Instant::now();
    Ok((Terminal::start(&command)?, began))
}

fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

/// From the start of the program to records on the screen.
fn open(bench: &Bench) -> anyhow::Result<()> {
    let log = bench.log(Style::Plain)?;
    let mut ms = Vec::new();
    for _ in 0..bench.rounds.max(5) {
        let data = bench.fresh()?;
        let (terminal, began) = start(bench, data.path(), &[&log])?;
        ms.push(millis(terminal.wait(began, |text| text.contains("gateway"))?));
    }
    times(&format!("open a log of {} MiB", bench.mib), ms, String::new());
    Ok(())
}

/// From a key to what it opens or closes, from the first frame on until a big log is read; again with a fresh archive
/// until there are enough keys.
fn keys(bench: &Bench) -> anyhow::Result<()> {
    let log = bench.log(Style::Plain)?;
    let size = log.metadata()?.len();
    let (mut ms, mut backfills, mut peak) = (Vec::new(), 0, 0.0f64);
    while ms.len() < ENOUGH_KEYS && backfills < 100 {
        let data = bench.fresh()?;
        let (mut terminal, began) = start(bench, data.path(), &[&log])?;
        terminal.wait(began, |text| text.contains("aiobs"))?;
        let mut open = false;
        while ms.len() < KEYS && bytes_read(terminal.pid()) < size {
            open = !open;
            let pressed = Instant::now();
            terminal.keys(if open { "?" } else { "q" })?;
            ms.push(millis(terminal.wait(pressed, |text| text.contains("Keys in") == open)?));
            std::thread::sleep(Duration::from_millis(3 + ms.len() as u64 % 7));
        }
        backfills += 1;
        peak = peak.max(resident(terminal.pid()));
    }
    times("key to frame during a backfill", ms, format!("{backfills} backfills, peak {peak:.0} MiB"));
    Ok(())
}

/// From a line written to a file to that line on the screen.
fn append(bench: &Bench, busy: bool) -> anyhow::Result<()> {
    let (data, logs) = (bench.fresh()?, bench.fresh()?);
    let (quiet, flood) = (logs.path().join("quiet.log"), logs.path().join("flood.log"));
    let mut file = OpenOptions::new().create(true).append(true).open(&quiet)?;
    writeln!(file, "2025-01-07 00:00:00.000 [INFO] probe - first of all")?;
    let mut flood_file = File::create(&flood)?;
    let mut lines = Lines::new(Style::Plain, 3);
    let mut text = String::new();
    lines.next(&mut text);
    flood_file.write_all(text.as_bytes())?;
    let (mut terminal, began) = start(bench, data.path(), &[&quiet, &flood])?;
    terminal.wait(began, |text| text.contains("first of all"))?;
    terminal.keys("/component:probe\r")?;
    std::thread::sleep(Duration::from_millis(500));
    let stop = Arc::new(AtomicBool::new(false));
    let writer = busy.then(|| {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || pour(&mut flood_file, &mut lines, &stop))
    });
    std::thread::sleep(Duration::from_millis(500));
    let (before, since) = (cpu_of(terminal.pid())?, Instant::now());
    let mut ms = Vec::new();
    for i in 0..APPENDS {
        let mark = format!("mark-{i:06}");
        let line = format!("2025-01-07 00:00:01.000 [INFO] probe - {mark}\n");
        let written = Instant::now();
        file.write_all(line.as_bytes())?;
        ms.push(millis(terminal.wait(written, |text| text.contains(&mark))?));
        std::thread::sleep(Duration::from_millis(20 + i as u64 * 37 % 60));
    }
    let cpu = 100.0 * (cpu_of(terminal.pid())? - before) / since.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let poured = writer.and_then(|w| w.join().ok()).unwrap_or(0.0);
    let what = if busy { "append to screen, another file growing" } else { "append to screen" };
    let beside = format!("{poured:.0} lines/s beside, {cpu:.0} % of a core, {:.0} MiB", resident(terminal.pid()));
    times(what, ms, beside);
    Ok(())
}

/// Writes 50,000 lines a second, each a little apart; returns how many there were per second.
fn pour(file: &mut File, lines: &mut Lines, stop: &AtomicBool) -> f64 {
    let (began, mut written, mut text) = (Instant::now(), 0u64, String::new());
    while !stop.load(Ordering::Relaxed) {
        let due = (began.elapsed().as_secs_f64() * 50_000.0) as u64;
        text.clear();
        for _ in written..due {
            lines.next(&mut text);
        }
        written = due;
        if file.write_all(text.as_bytes()).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    written as f64 / began.elapsed().as_secs_f64()
}

/// What is drawn and taken while nothing happens. Before it, what was read is diagnosed and the messages of that leave
/// the footer: idle begins when nothing was drawn for a while.
fn idle(bench: &Bench) -> anyhow::Result<()> {
    const STILL: Duration = Duration::from_secs(6);
    const SECONDS: u64 = 20;
    let (data, logs) = (bench.fresh()?, bench.fresh()?);
    let log = logs.path().join("still.log");
    let (mut lines, mut text) = (Lines::new(Style::Plain, 5), String::new());
    (0..2000).for_each(|_| lines.next(&mut text));
    std::fs::write(&log, text)?;
    let (terminal, began) = start(bench, data.path(), &[&log])?;
    terminal.wait(began, |text| text.contains("gateway"))?;
    let (mut drawn, mut since) = (terminal.drawn(), Instant::now());
    while since.elapsed() < STILL {
        anyhow::ensure!(began.elapsed() < Duration::from_mins(2), "it goes on drawing although nothing happens");
        std::thread::sleep(Duration::from_millis(100));
        if terminal.drawn() != drawn {
            (drawn, since) = (terminal.drawn(), Instant::now());
        }
    }
    let settled = (since - began).as_secs_f64();
    let cpu = cpu_of(terminal.pid())?;
    std::thread::sleep(Duration::from_secs(SECONDS));
    let (cpu, drawn) = (cpu_of(terminal.pid())? - cpu, terminal.drawn() - drawn);
    let percent = 100.0 * cpu / SECONDS as f64;
    println!(
        "\nidle for {SECONDS} s: {percent:.2} % of a core, {drawn} bytes drawn, {:.0} MiB at most (the last change came \
         {settled:.0} s after the start)",
        resident(terminal.pid())
    );
    Ok(())
}
