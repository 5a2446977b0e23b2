//! What a service does to its logs: lines in several formats, stack traces, lines written in two goes, and rotation as
//! logrotate does it, by renaming and by copying.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A small generator of numbers (xorshift64*): runs must be repeatable.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 33) as usize) % n
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Traces,
    Json,
    Logfmt,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rotation {
    /// `app.log` becomes `app.log.1`, that one `app.log.2`, ...
    Numbers,
    /// `app.log` becomes `app.log-20250107-000001`.
    Dates,
    /// `app.log` is copied to `app.log.1` and cut to nothing.
    Copy,
}

/// One log with everything that was written to it.
pub(crate) struct LogFile {
    pub(crate) path: PathBuf,
    style: Style,
    rotation: Rotation,
    open: File,
    records: Vec<String>,
    generations: usize,
}

impl LogFile {
    /// One of each kind.
    pub(crate) fn all(dir: &Path) -> Vec<Self> {
        [
            ("plain.log", Style::Plain, Rotation::Numbers),
            ("traces.log", Style::Traces, Rotation::Dates),
            ("events.jsonl", Style::Json, Rotation::Copy),
            ("access.log", Style::Logfmt, Rotation::Numbers),
        ]
        .map(|(name, style, rotation)| {
            let path = dir.join(name);
            Self { open: append(&path), path, style, rotation, records: Vec::new(), generations: 0 }
        })
        .into()
    }

    /// Does something to the log; tells whether that was a rotation.
    pub(crate) fn act(&mut self, dice: &mut Dice) -> bool {
        match dice.below(40) {
            0..=3 => {
                self.rotate(dice);
                return true;
            }
            4 => self.lines(dice, 1500),
            5..=8 => self.in_two_goes(dice),
            _ => {
                let n = 1 + dice.below(30);
                self.lines(dice, n);
            }
        }
        false
    }

    /// Writes a first record.
    pub(crate) fn begin(&mut self, dice: &mut Dice) {
        self.lines(dice, 1);
    }

    /// Its path and its records, in order.
    pub(crate) fn finish(self) -> (PathBuf, Vec<String>) {
        (self.path, self.records)
    }

    fn record(&mut self, dice: &mut Dice) -> String {
        let n = self.records.len();
        let (s, ms) = (n / 1000, n % 1000);
        let time = format!("2025-01-07T{:02}:{:02}:{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60);
        let word = ["cart", "order", "payment", "stock"][dice.below(4)];
        let text = match self.style {
            Style::Plain => format!("{time} INFO shop.{word} - handled request {n} in {} ms", dice.below(900)),
            Style::Logfmt => format!("ts={time} level=info component={word} msg=\"request {n} done\" bytes={}", n * 7),
            Style::Json => {
                format!(r#"{{"time":"{time}","level":"info","logger":"{word}","message":"event {n} ünïcode","n":{n}}}"#)
            }
            Style::Traces if n.is_multiple_of(5) => format!(
                "{time} ERROR shop.{word} - request {n} failed\njava.lang.IllegalStateException: no {word} {n}\n\
                 \tat shop.{word}.Service.handle(Service.java:{})\n\tat shop.Main.main(Main.java:7)\n\
                 Caused by: java.io.IOException: closed {n}\n\tat shop.Net.read(Net.java:9)\n\t... 2 more",
                n % 300 + 1
            ),
            Style::Traces => format!("{time} INFO shop.{word} - fine {n}"),
        };
        self.records.push(text.clone());
        text
    }

    fn lines(&mut self, dice: &mut Dice, n: usize) {
        if self.style == Style::Traces {
            // Each record in one write of its own, as loggers do it.
            for _ in 0..n.min(100) {
                let text = self.record(dice) + "\n";
                self.open.write_all(text.as_bytes()).unwrap();
            }
            return;
        }
        let block: String = (0..n).map(|_| self.record(dice) + "\n").collect();
        self.open.write_all(block.as_bytes()).unwrap();
    }

    fn in_two_goes(&mut self, dice: &mut Dice) {
        if self.style == Style::Traces {
            return self.lines(dice, 1);
        }
        let text = self.record(dice) + "\n";
        // In the middle of a character, too.
        let (a, b) = text.as_bytes().split_at(1 + dice.below(text.len() - 1));
        self.open.write_all(a).unwrap();
        std::thread::sleep(Duration::from_millis([0, 5, 60, 400][dice.below(4)]));
        self.open.write_all(b).unwrap();
    }

    fn sibling(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.path.display()))
    }

    fn rotate(&mut self, dice: &mut Dice) {
        self.generations += 1;
        let newest = match self.rotation {
            Rotation::Dates => self.sibling(&format!("-20250107-{:06}", self.generations)),
            Rotation::Numbers | Rotation::Copy => {
                for n in (1..self.generations).rev() {
                    fs::rename(self.sibling(&format!(".{n}")), self.sibling(&format!(".{}", n + 1))).unwrap();
                }
                self.sibling(".1")
            }
        };
        if self.rotation == Rotation::Copy {
            fs::copy(&self.path, newest).unwrap();
            self.open.set_len(0).unwrap();
            return;
        }
        fs::rename(&self.path, newest).unwrap();
        // The service goes on with the old file until it is told to open the new one.
        for _ in 0..dice.below(3) {
            self.lines(dice, 2);
            std::thread::sleep(Duration::from_millis(dice.below(30) as u64));
        }
        self.open = append(&self.path);
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}
