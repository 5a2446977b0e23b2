//! The texts of a scenario: constant words and values in braces, compiled once, filled from a seeded generator.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A small seeded generator (splitmix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to just under 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From `low` to `high`, both inclusive.
    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}

/// Named counters that go through the whole scenario.
pub(super) type Counters = BTreeMap<String, u64>;

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Int(u64, u64),
    /// Like `Int`, mostly near the lower end, as durations are.
    Dur(u64, u64),
    Amount,
    Ip,
    User,
    Port,
    Agent,
    Hex(u64),
    Seq(String),
    Near(String),
    One(Vec<String>),
}

/// A compiled text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Template(Vec<Piece>);

const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "okhttp/4.12.0",
    "shop-app/7.3.1",
];

impl Template {
    /// Compiles a text; the error says which value is wrong and why.
    pub(super) fn parse(text: &str, counters: &Counters) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once('{') {
            if !head.is_empty() {
                pieces.push(Piece::Text(head.to_owned()));
            }
            let (value, after) = tail.split_once('}').ok_or("a `{` without its `}`")?;
            pieces.push(parse_value(value, counters)?);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Appends the text with fresh values.
    pub(super) fn fill(&self, out: &mut String, rng: &mut Rng, counters: &mut Counters) {
        for piece in &self.0 {
            // Writing to a string cannot fail.
            let _ = match piece {
                Piece::Text(t) => {
                    out.push_str(t);
                    Ok(())
                }
                Piece::Int(low, high) => write!(out, "{}", rng.range(*low, *high)),
                Piece::Dur(low, high) => {
                    let skewed = rng.unit().powi(3) * (high - low) as f64;
                    write!(out, "{}", low + skewed.round() as u64)
                }
                Piece::Amount => {
                    let euros = 4 + (rng.unit().powi(3) * 240.0) as u64;
                    write!(out, "{euros}.{:02}", rng.range(0, 19) * 5)
                }
                Piece::Ip => write!(out, "203.0.113.{}", rng.range(1, 254)),
                Piece::User => write!(out, "{}", 1000 + (rng.unit().powi(2) * 8000.0) as u64),
                Piece::Port => write!(out, "{}", rng.range(32_768, 60_999)),
                Piece::Agent => write!(out, "{}", AGENTS[rng.range(0, 4) as usize]),
                Piece::Hex(digits) => (0..*digits).try_for_each(|_| write!(out, "{:x}", rng.range(0, 15))),
                Piece::Seq(name) => {
                    let n = counters.entry(name.clone()).or_default();
                    *n += 1;
                    write!(out, "{n}")
                }
                Piece::Near(name) => {
                    let back = rng.range(0, 12);
                    write!(out, "{}", counters.get(name).copied().unwrap_or_default().saturating_sub(back))
                }
                Piece::One(words) => {
                    out.push_str(&words[rng.range(0, words.len() as u64 - 1) as usize]);
                    Ok(())
                }
            };
        }
    }
}

fn parse_value(value: &str, counters: &Counters) -> Result<Piece, String> {
    let (name, argument) = value.split_once(':').unwrap_or((value, ""));
    let range = || {
        let bounds = argument.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        bounds
            .filter(|(a, b): &(u64, u64)| a <= b)
            .ok_or(format!("`{{{value}}}` needs a range such as {{{name}:1..9}}"))
    };
    let counter = || {
        let known = counters.contains_key(argument);
        known.then(|| argument.to_owned()).ok_or(format!("`{{{value}}}`: no counter `{argument}` in [counters]"))
    };
    Ok(match name {
        "int" => range().map(|(a, b)| Piece::Int(a, b))?,
        "dur" => range().map(|(a, b)| Piece::Dur(a, b))?,
        "amount" => Piece::Amount,
        "ip" => Piece::Ip,
        "user" => Piece::User,
        "port" => Piece::Port,
        "agent" => Piece::Agent,
        "hex" => Piece::Hex(argument.parse().map_err(|_| format!("`{{{value}}}` needs a number of digits"))?),
        "seq" => Piece::Seq(counter()?),
        "near" => Piece::Near(counter()?),
        "one" if !argument.is_empty() => Piece::One(argument.split('|').map(str::to_owned).collect()),
        _ => return Err(format!("unknown value `{{{value}}}`")),
    })
}
