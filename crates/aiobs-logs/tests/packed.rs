//! Compressed logs and old generations on real files: read once, in the order of time, and told when they are damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test file uses its part")]
mod sources_support;

use aiobs_logs::source::{SourceOptions, SourceSpec};
use aiobs_types::SourceState;
use sources_support::{Reader, append, dir, once, reader};
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut out = zstd::Encoder::new(Vec::new(), 3).unwrap();
    out.include_checksum(true).unwrap();
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(6)).unwrap();
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

/// Lines that do not compress to nothing.
fn lines(from: u64, to: u64) -> String {
    let noise = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n << 7);
    (from..to).fold(String::new(), |mut text, n| {
        writeln!(text, "2025-01-07T14:30:15Z INFO line {n} {:016x}", noise(n)).unwrap();
        text
    })
}

/// Writes a file that nobody has touched for a while.
fn old(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    let then = SystemTime::now() - Duration::from_secs(100);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

fn compress(from: &Path, to: &Path) {
    let modified = fs::metadata(from).unwrap().modified().unwrap();
    fs::write(to, gzip(&fs::read(from).unwrap())).unwrap();
    fs::File::options().write(true).open(to).unwrap().set_modified(modified).unwrap();
    fs::remove_file(from).unwrap();
}

fn spec(path: &Path) -> Vec<SourceSpec> {
    vec![SourceSpec::Path(path.to_path_buf())]
}

fn all(r: &Reader) -> String {
    r.texts.values().cloned().collect()
}

#[test]
fn every_compression_is_told_by_its_first_bytes_and_read_to_the_end() {
    let dir = dir();
    let text = lines(0, 20_000);
    for (name, pack) in [("a.gz", gzip as fn(&[u8]) -> Vec<u8>), ("b", zstd), ("c.log", bzip2), ("d.xz", xz)] {
        let path = dir.path().join(name);
        // Two of them one after another are one log, as `cat a.gz b.gz` makes them.
        let (first, second) = text.split_at(text.len() / 2);
        old(&path, &[pack(first.as_bytes()), pack(second.as_bytes())].concat());
        let mut r = once(&spec(&path)).unwrap();
        while r.step(100) {}
        assert!(r.text(&path) == text, "{name}: {} bytes of {}", r.text(&path).len(), text.len());
        assert_eq!(r.state(&path), SourceState::Ended, "{name}");
        let info = r.set.sources().next().unwrap();
        assert_eq!((info.read, info.size), (text.len() as u64, text.len() as u64), "{name}");
    }
}

#[test]
fn reading_goes_on_within_the_text_of_a_compressed_file() {
    let dir = dir();
    let text = lines(0, 20_000);
    for (name, pack) in [("a.gz", gzip as fn(&[u8]) -> Vec<u8>), ("b.zst", zstd), ("c.bz2", bzip2), ("d.xz", xz)] {
        let path = dir.path().join(name);
        old(&path, &pack(text.as_bytes()));
        let mut r = reader(&path);
        r.until_text(&path, &text);
        let mut known = r.checkpoints();
        let whole = known[0].offset;
        known[0].offset = 900_001;
        let mut r = Reader::open(&spec(&path), SourceOptions::default(), &known);
        r.until(|r| r.state(&path) == SourceState::Ended);
        assert!(r.text(&path) == &text[900_001..] && r.resumed, "{name}");
        known[0].offset = whole;
        let mut r = Reader::open(&spec(&path), SourceOptions::default(), &known);
        r.run(100);
        assert_eq!(r.text(&path), "", "{name}");
    }
}

#[test]
fn what_is_readable_of_a_damaged_file_is_read_and_the_damage_told() {
    let dir = dir();
    let text = lines(0, 40_000);
    for (name, pack) in [("a.gz", gzip as fn(&[u8]) -> Vec<u8>), ("b.zst", zstd), ("c.bz2", bzip2), ("d.xz", xz)] {
        let whole = pack(text.as_bytes());
        let mut broken = whole.clone();
        let middle = broken.len() / 2;
        broken[middle..middle + 64].fill(0x55);
        for (what, bytes) in [("ends in the middle", &whole[..middle]), ("is damaged", &broken[..])] {
            let path = dir.path().join(name);
            old(&path, bytes);
            let mut r = once(&spec(&path)).unwrap();
            while r.step(100) {}
            let got = r.text(&path);
            assert!(text.starts_with(got) || what == "is damaged", "{name}");
            assert!(got.len() > text.len() / 5, "{name} {what}: {} of {} bytes", got.len(), text.len());
            let SourceState::Failed(why) = r.state(&path) else { panic!("{name} {what}: {:?}", r.state(&path)) };
            let read = r.set.sources().next().unwrap().read;
            assert!(why.contains(what) && why.contains(&format!("{read} bytes")), "{name}: {why}");
            // The same while following.
            let mut r = Reader::open(&spec(&path), SourceOptions::default(), &[]);
            r.until(|r| matches!(r.state(&path), SourceState::Failed(_)));
            assert!(!r.text(&path).is_empty(), "{name}");
        }
    }
}

#[test]
fn a_file_that_is_still_being_compressed_is_read_once_it_is_whole() {
    let dir = dir();
    let path = dir.path().join("app.log.gz");
    let whole = gzip(lines(0, 20_000).as_bytes());
    fs::write(&path, &whole[..10]).unwrap();
    let mut r = reader(&path);
    r.run(50);
    append_bytes(&path, &whole[10..whole.len() / 2]);
    r.run(1_500);
    append_bytes(&path, &whole[whole.len() / 2..]);
    r.until_text(&path, &lines(0, 20_000));
    r.until(|r| r.state(&path) == SourceState::Ended);
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_log_that_is_rotated_and_compressed_is_never_read_twice() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    let rotate = || {
        if name("app.log.2.gz").exists() {
            fs::rename(name("app.log.2.gz"), name("app.log.3.gz")).unwrap();
        }
        if name("app.log.1").exists() {
            compress(&name("app.log.1"), &name("app.log.2.gz"));
        }
        fs::rename(name("app.log"), name("app.log.1")).unwrap();
    };
    append(&name("app.log.1"), &lines(0, 50));
    append(&name("app.log"), &lines(50, 100));
    let mut r = reader(dir.path());
    r.until(|r| all(r).len() == lines(0, 100).len());
    for round in 2..5 {
        append(&name("app.log"), &lines(round * 50, round * 50 + 25));
        rotate();
        append(&name("app.log"), &lines(round * 50 + 25, round * 50 + 50));
        r.until(|r| all(r).len() >= lines(0, round * 50 + 50).len());
        r.run(50);
        assert_eq!(all(&r).len(), lines(0, round * 50 + 50).len());
    }
    // It is away for two rotations; what it had not read of the log is compressed meanwhile.
    let known = r.checkpoints();
    drop(r);
    append(&name("app.log"), &lines(250, 260));
    rotate();
    append(&name("app.log"), &lines(260, 270));
    rotate();
    append(&name("app.log"), &lines(270, 280));
    let mut r = Reader::open(&spec(dir.path()), SourceOptions::default(), &known);
    r.until(|r| all(r).len() >= lines(250, 280).len());
    r.run(100);
    assert_eq!(r.text(&name("app.log")), lines(250, 280));
    assert_eq!(all(&r), lines(250, 280));
    // The same for files that are named one by one.
    let mut known = r.checkpoints();
    drop(r);
    rotate();
    append(&name("app.log"), &lines(280, 290));
    let named: Vec<SourceSpec> = ["app.log", "app.log.1", "app.log.2.gz", "app.log.3.gz"]
        .iter()
        .map(|n| SourceSpec::Path(name(n)))
        .filter(|s| matches!(s, SourceSpec::Path(p) if p.exists()))
        .collect();
    for round in 0..2 {
        let mut r = Reader::open(&named, SourceOptions { follow: false, ..SourceOptions::default() }, &known);
        while r.step(100) {}
        assert_eq!(all(&r), if round == 0 { lines(280, 290) } else { String::new() });
        known = r.checkpoints();
    }
}

#[test]
fn an_interrupted_old_generation_goes_on_where_it_was_compressed_to() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log.1"), &lines(0, 30_000));
    append(&name("app.log"), "present\n");
    let mut r = reader(dir.path());
    r.until_text(&name("app.log"), "present\n");
    let mut known = r.checkpoints();
    let old = known.iter_mut().find(|c| c.name.ends_with(".1")).unwrap();
    let first = lines(0, 30_000)[..100_000].to_owned();
    old.offset = 100_000;
    drop(r);
    compress(&name("app.log.1"), &name("app.log.2.gz"));
    fs::rename(name("app.log"), name("app.log.1")).unwrap();
    append(&name("app.log"), "newer\n");
    let mut r = Reader::open(&spec(dir.path()), SourceOptions::default(), &known);
    r.until(|r| r.text(&name("app.log")).ends_with("newer\n"));
    r.run(100);
    assert_eq!(first + r.text(&name("app.log.1")), lines(0, 30_000));
    assert_eq!(r.text(&name("app.log")), "newer\n");
    assert_eq!(r.texts.len(), 2);
}

/// What is handed out, in order, over all sources.
fn sequence(r: &Reader) -> Vec<u64> {
    r.heard.concat().lines().map(|l| l.split(' ').nth(3).unwrap().parse().unwrap()).collect()
}

#[test]
fn generations_are_read_oldest_first() {
    type Name = fn(u32) -> &'static str;
    let numbered: Name = |n| ["app.log.10.gz", "app.log.9.xz", "app.log.2.zst", "app.log.1", "app.log"][n as usize];
    let dated: Name = |n| {
        ["app-2024-12-31.log.gz", "app-2025-01-06.log.gz", "app-2025-01-07.log.bz2", "app-2025-01-08.log", "app.log"]
            [n as usize]
    };
    let appended: Name = |n| {
        ["app.log-20241231.gz", "app.log-20250106.gz", "app.log-20250107.gz", "app.log-20250108", "app.log-20250109"]
            [n as usize]
    };
    for name in [numbered, dated, appended] {
        for pattern in [false, true] {
            let dir = dir();
            for n in 0..5 {
                let text = lines(u64::from(n) * 2_000, u64::from(n) * 2_000 + 2_000);
                let path = dir.path().join(name(n));
                let pack = match path.extension().unwrap().to_str().unwrap() {
                    "gz" => gzip,
                    "xz" => xz,
                    "zst" => zstd,
                    "bz2" => bzip2,
                    _ => |text: &[u8]| text.to_vec(),
                };
                fs::write(path, pack(text.as_bytes())).unwrap();
            }
            let specs = if pattern {
                vec![SourceSpec::parse(dir.path().join("app*").to_str().unwrap()).unwrap()]
            } else {
                spec(dir.path())
            };
            let mut r = once(&specs).unwrap();
            while r.step(100) {}
            let got = sequence(&r);
            assert_eq!(got.len(), 10_000);
            assert!(got.is_sorted(), "{} {pattern}", name(0));
        }
    }
}

#[test]
fn an_archive_of_files_is_no_log() {
    let dir = dir();
    let path = dir.path().join("logs.tar.gz");
    let mut tape = vec![0u8; 512];
    tape[..7].copy_from_slice(b"app.log");
    tape[257..262].copy_from_slice(b"ustar");
    tape.extend_from_slice(lines(0, 100).as_bytes());
    old(&path, &gzip(&tape));
    let mut r = once(&spec(&path)).unwrap();
    while r.step(100) {}
    assert_eq!((r.state(&path), r.text(&path)), (SourceState::Binary, ""));
}

#[test]
fn more_files_than_may_be_open_are_followed_all() {
    let dir = dir();
    let name = |n: usize| -> PathBuf { dir.path().join(format!("host{n:03}.log")) };
    for n in 0..60 {
        append(&name(n), "first\n");
    }
    let options = SourceOptions { max_open: Some(8), sweep_interval: Duration::from_millis(100), ..Default::default() };
    let mut r = Reader::open(&spec(dir.path()), options, &[]);
    r.until(|r| r.texts.len() == 60);
    for round in ["second\n", "third\n"] {
        for n in 0..60 {
            append(&name(n), round);
        }
        r.until(|r| (0..60).all(|n| r.text(&name(n)).ends_with(round)));
    }
    let open = fs::read_dir("/proc/self/fd").map_or(0, |fds| {
        fds.flatten().filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.starts_with(dir.path()))).count()
    });
    assert!(open <= 8, "{open} open");
    // Rotated while it is closed.
    fs::rename(name(0), dir.path().join("host000.log.1")).unwrap();
    append(&dir.path().join("host000.log.1"), "late\n");
    append(&name(0), "new\n");
    r.until_text(&name(0), "first\nsecond\nthird\nlate\nnew\n");
}
