//! Runs a command to its end and says what it took. Linux only, as are the figures.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a command took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// CPU seconds, user and system, of all its threads.
    pub(crate) cpu: f64,
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Most memory resident, MiB.
    pub(crate) peak: f64,
    /// Seconds to its first output, if there was any.
    pub(crate) first: Option<f64>,
    /// Bytes written to standard output.
    pub(crate) output: u64,
}

/// Ticks per second of the times in `/proc`, fixed by Linux's ABI.
const TICKS: f64 = 100.0;

/// Runs `command` once.
///
/// # Errors
/// It can't be started, or says that it failed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<Used> {
    let before = children()?;
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut used = Used::default();
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let (mut buf, mut first, mut bytes) = (vec![0; 1 << 16], None, 0);
        if let Some(mut stdout) = stdout {
            while let Ok(n @ 1..) = stdout.read(&mut buf) {
                first = first.or_else(|| Some(start.elapsed().as_secs_f64()));
                bytes += n as u64;
            }
        }
        (first, bytes)
    });
    let status = loop {
        used.peak = used.peak.max(resident(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    used.wall = start.elapsed().as_secs_f64();
    (used.first, used.output) = reader.join().unwrap_or_default();
    used.cpu = children()? - before;
    anyhow::ensure!(status.success(), "{command:?} failed: {status}");
    Ok(used)
}

/// CPU seconds of all children waited for.
fn children() -> anyhow::Result<f64> {
    times("/proc/self/stat", 13)
}

/// CPU seconds a running process has taken so far.
pub(crate) fn cpu_of(pid: u32) -> anyhow::Result<f64> {
    times(&format!("/proc/{pid}/stat"), 11)
}

/// Sums two fields of a `stat` file, counted after the name in parentheses.
fn times(path: &str, field: usize) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(path)?;
    let rest = text.rsplit_once(')').map_or("", |(_, r)| r);
    let ticks: f64 = rest.split_whitespace().skip(field).take(2).filter_map(|f| f.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS)
}

/// Most memory a running process has held, MiB; 0 once it has ended.
pub(crate) fn resident(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Bytes a running process has read so far.
pub(crate) fn bytes_read(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    text.lines().find_map(|l| l.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(u64::MAX)
}

/// The value in the middle, or at another quantile `q`; 0 of nothing.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 - 1.0).max(0.0) * q).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

/// The median of one number of several runs.
pub(crate) fn median(runs: &[Used], number: impl Fn(&Used) -> f64) -> f64 {
    quantile(&mut runs.iter().map(number).collect::<Vec<_>>(), 0.5)
}
