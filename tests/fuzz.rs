//! A short, repeatable pass over every fuzz target, with inputs made from good ones: what cannot run a fuzzer still runs
//! this. `AIOBS_FUZZ_ROUNDS=100000` makes it a long one, `AIOBS_FUZZ_SEED` another one, `AIOBS_FUZZ_TARGET` only one of
//! them. Whatever was found once is kept in `tests/fuzz/found/TARGET/` and tried first.
//! The fuzzer proper is in `fuzz/`.
#![allow(clippy::unwrap_used)]

#[path = "fuzz/seeds.rs"]
mod seeds;
#[path = "fuzz/targets.rs"]
mod targets;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use targets::{TARGETS, Target};

/// Inputs per target in the ordinary form.
const ROUNDS: u64 = 300;
/// No input is longer, bytes.
const LONGEST: usize = 4096;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Chance that can be repeated (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Bytes that are special somewhere.
const SPECIAL: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"=",
    b"~",
    b":",
    b"-",
    b"/",
    b"'",
    b"<",
    b">",
    b"%",
    b"#",
    b"\x1b[31m",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xc2\x85",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x94\xa5",
    b"9999999999999999999",
    b"-1",
    b"1e999",
    b"0x",
    b"NaN",
    b"2025-02-30T25:61:61",
    b"1970-01-01",
    b" or ",
    b"null",
    b"\xe4\xb8\xad",
    "\u{301}".as_bytes(),
    "\u{130}".as_bytes(),
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
];

/// Changes an input a little, several times.
fn mutate(input: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let end = (at + dice.below(16)).min(input.len());
        match dice.below(8) {
            0 => input.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << dice.below(8)),
            1 => input.iter_mut().skip(at).take(1).for_each(|b| *b = dice.next() as u8),
            2 => drop(input.drain(at..end)),
            3 => drop(input.splice(at..end, SPECIAL[dice.below(SPECIAL.len())].iter().copied())),
            4 => drop(input.splice(at..at, input[at..end].to_vec())),
            5 => input.truncate(at),
            6 => {
                let other = &others[dice.below(others.len())];
                let from = dice.below(other.len());
                let to = (from + dice.below(64)).min(other.len());
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            _ => input.insert(at, dice.next() as u8),
        }
    }
    input.truncate(LONGEST);
}

/// Runs one input; the failure says which it was, and keeps it.
fn run((name, target): Target, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let file = std::env::temp_dir().join(format!("aiobs-fuzz-{name}"));
        std::fs::write(&file, input).unwrap();
        panic!("target {name} failed on {:?}\nkept in {}", input.escape_ascii().to_string(), file.display());
    }
}

fn found(name: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(root().join("tests/fuzz/found").join(name));
    let mut paths: Vec<PathBuf> = files.into_iter().flatten().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read(p).unwrap()).collect()
}

fn pass(name: &str) {
    if std::env::var("AIOBS_FUZZ_TARGET").is_ok_and(|only| only != name) {
        return;
    }
    let target = *TARGETS.iter().find(|t| t.0 == name).unwrap();
    let seeds = seeds::of(name);
    for input in found(name).iter().chain(&seeds) {
        run(target, input);
    }
    let mut dice = Dice(number("AIOBS_FUZZ_SEED").unwrap_or(2025));
    for _ in 0..number("AIOBS_FUZZ_ROUNDS").unwrap_or(ROUNDS) {
        let mut input = seeds[dice.below(seeds.len())].clone();
        mutate(&mut input, &seeds, &mut dice);
        run(target, &input);
    }
}

macro_rules! passes {
    ($($name:ident)*) => {
        $(#[test] fn $name() { pass(stringify!($name)); })*

        #[test]
        fn every_target_has_a_pass_and_a_fuzzer() {
            let passes = [$(stringify!($name)),*];
            assert_eq!(TARGETS.iter().map(|t| t.0).collect::<Vec<_>>(), passes);
            for name in passes {
                let file = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                assert!(text.contains(&format!("targets::{name}(")), "{} does not drive {name}", file.display());
                let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
                assert!(manifest.contains(&format!("name = \"{name}\"\n")), "fuzz/Cargo.toml does not name {name}");
            }
        }
    };
}

passes!(framing formats timestamps pipeline query chunk chunk_raw checkpoint otlp reply chords theme keymap config own_format);

/// Writes the good inputs where the fuzzer begins: `cargo test --test fuzz writes -- --ignored`.
#[test]
#[ignore = "writes files for the fuzzer"]
fn writes_seeds_for_the_fuzzer() {
    let mut told = String::new();
    for (name, _) in TARGETS {
        let dir = root().join("fuzz/corpus").join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let seeds = seeds::of(name);
        for (i, seed) in seeds.iter().chain(&found(name)).enumerate() {
            std::fs::write(Path::new(&dir).join(format!("seed-{i}")), seed).unwrap();
        }
        writeln!(told, "{name}: {} seeds", seeds.len()).unwrap();
    }
    println!("{told}");
}
