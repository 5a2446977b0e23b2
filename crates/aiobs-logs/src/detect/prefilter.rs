//! A quick "certainly not" before an automaton of many expressions: every match of an expression holds one of a few
//! pieces of literal text, so a message that holds none of them can't match. Used by the patterns only; it errs on
//! the side of "maybe".
//!
//! Looks at windows of four bytes, as Wu and Manber do ("A fast algorithm for multi-pattern searching", 1994): a byte that
//! stands in no window leads past it (Horspool, 1980), bits of two hashes say whether a piece may be here (Bloom, 1970),
//! and only then the piece is compared.

use foldhash::fast::FixedState;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};
use std::collections::HashMap;
use std::ops::Range;

const WINDOW: usize = 4;
/// A shorter piece would be met everywhere.
pub(super) const SHORTEST: usize = 3;
/// Two to this many bits per hash: 16 KiB stay in the nearest cache.
const BITS: u32 = 16;
/// Letters from the most frequent in messages to rarer ones.
const FREQUENT: &[u8] = b" etaoinsrcdlumpgfbhwvyk0123456789-_:./=";

/// See the module.
#[derive(Clone)]
pub(super) struct Prefilter {
    bits: Vec<u64>,
    /// By the third byte of a window: how many bytes further the next one begins that may be known.
    skips: Vec<u8>,
    /// Pieces by one of their windows, with its place in them.
    pieces: HashMap<u32, Vec<(Vec<u8>, usize)>, FixedState>,
    /// Bytes that follow each other in a piece.
    threes: Threes,
    longest: usize,
}

/// A set of three bytes in a row each; errs on the side of having them (one hash of Bloom, 1970).
#[derive(Clone)]
struct Threes(Vec<u64>);

impl Threes {
    fn place(three: [u8; 3]) -> usize {
        let [a, b, c] = three.map(|b| u32::from(fold(b)));
        ((a | b << 8 | c << 16).wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
    }

    fn add(&mut self, three: [u8; 3]) {
        let place = Self::place(three);
        self.0[place / 64] |= 1 << (place % 64);
    }

    /// Whether three bytes from `at` on are there and known.
    #[inline]
    fn has(&self, text: &[u8], at: usize) -> bool {
        text.get(at..).and_then(|t| t.first_chunk()).is_some_and(|three| {
            let place = Self::place(*three);
            self.0[place / 64] & (1 << (place % 64)) != 0
        })
    }
}

/// Upper and lower case are the same; a few other bytes fall together too, which does no harm.
pub(super) const fn fold(b: u8) -> u8 {
    b | 0x20
}

/// Numbers of the two bits of a window.
const fn bits_of(window: u32) -> [usize; 2] {
    let first = window.wrapping_mul(0x9E37_79B1) >> (32 - BITS);
    let second = window.wrapping_mul(0x85EB_CA77) >> (32 - BITS);
    [first as usize, second as usize + (1 << BITS)]
}

fn window(bytes: &[u8]) -> u32 {
    let mut w = [b' '; WINDOW];
    for (to, from) in w.iter_mut().zip(bytes) {
        *to = fold(*from);
    }
    u32::from_le_bytes(w)
}

impl Prefilter {
    /// For expressions without Unicode and regardless of case. `None` when one of them need not hold any text that
    /// would tell.
    pub(super) fn new(expressions: &[String]) -> Option<Self> {
        Self::empty().with(expressions)
    }

    /// The same for more expressions.
    pub(super) fn with(mut self, expressions: &[String]) -> Option<Self> {
        for expression in expressions {
            let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(expression).ok()?;
            for piece in required(&hir)? {
                self.add(piece.iter().copied().map(fold).collect())?;
            }
        }
        Some(self)
    }

    fn empty() -> Self {
        let bits = vec![0; 2 << (BITS - 6)];
        let skips = vec![SHORTEST as u8; 256];
        Self { bits, skips, pieces: HashMap::default(), threes: Threes(vec![0; 1 << (BITS - 6)]), longest: 0 }
    }

    /// For these pieces, written in lower case. Those that are too short are left out.
    pub(super) fn of(pieces: &[Vec<u8>]) -> Self {
        let mut filter = Self::empty();
        for piece in pieces {
            // `None` is for pieces that are too short.
            let _ = filter.add(piece.clone());
        }
        filter
    }

    /// Takes in the pieces of another one.
    pub(super) fn join(&mut self, other: &Self) {
        for (piece, _) in other.pieces.values().flatten() {
            // `None` is for pieces that are too short, and those were left out before.
            let _ = self.add(piece.clone());
        }
    }

    /// Whether one of the pieces lies in part on `start..end`.
    #[inline]
    pub(super) fn touches(&self, message: &[u8], start: usize, end: usize) -> bool {
        // A piece that reaches over an end of the value holds the two bytes that meet there, and one beside them.
        let over =
            |at: usize| at > 0 && (at > 1 && self.threes.has(message, at - 2) || self.threes.has(message, at - 1));
        let from = if over(start) { start.saturating_sub(self.longest) } else { start };
        let to = if over(end) { end + self.longest } else { end };
        self.windows(message, from, to).any(|(at, key)| {
            self.is_known(key) && self.found(message, at, key).any(|piece| piece.start < end && piece.end > start)
        })
    }

    /// The windows that begin in `from..to` and may be known, with their places.
    #[inline]
    fn windows<'a>(&'a self, message: &'a [u8], from: usize, to: usize) -> impl Iterator<Item = (usize, u32)> + 'a {
        let mut next = from;
        std::iter::from_fn(move || {
            loop {
                let at = next;
                let third = *message.get(at + SHORTEST - 1).filter(|_| at < to)?;
                let skip = self.skips[third as usize];
                next += usize::from(skip.max(1));
                if skip == 0 {
                    // The window that sticks out at the end is for the shortest pieces.
                    let key = match message.get(at..at + WINDOW) {
                        Some(w) => u32::from_le_bytes([w[0], w[1], w[2], w[3]]) | 0x2020_2020,
                        None => window(&message[at..]),
                    };
                    return Some((at, key));
                }
            }
        })
    }

    #[inline]
    fn is_known(&self, key: u32) -> bool {
        let [first, second] = bits_of(key);
        self.bits[first / 64] & (1 << (first % 64)) != 0 && self.bits[second / 64] & (1 << (second % 64)) != 0
    }

    fn add(&mut self, piece: Vec<u8>) -> Option<()> {
        self.longest = self.longest.max(piece.len());
        for three in piece.array_windows() {
            self.threes.add(*three);
        }
        match piece.len() {
            ..SHORTEST => return None,
            SHORTEST => {
                for last in 0..=255 {
                    let key = window(&[piece[0], piece[1], piece[2], last]);
                    self.put(key, &piece, 0);
                }
            }
            _ => {
                let at = (0..=piece.len() - WINDOW).min_by_key(|i| commonness(&piece[*i..*i + WINDOW]))?;
                self.put(window(&piece[at..]), &piece, at);
            }
        }
        Some(())
    }

    fn put(&mut self, key: u32, piece: &[u8], at: usize) {
        for bit in bits_of(key) {
            self.bits[bit / 64] |= 1 << (bit % 64);
        }
        for (b, skip) in key.to_le_bytes().into_iter().take(SHORTEST).zip((0..SHORTEST as u8).rev()) {
            // Either case: the window's bytes are folded, those of messages are not.
            for b in [b, b & !0x20] {
                let known = &mut self.skips[b as usize];
                *known = skip.min(*known);
            }
        }
        let same = self.pieces.entry(key).or_default();
        if !same.iter().any(|(p, _)| p == piece) {
            same.push((piece.to_vec(), at));
        }
    }

    /// False when none of the expressions can match.
    pub(super) fn may_match(&self, message: &[u8]) -> bool {
        message.len() < SHORTEST
            || self
                .windows(message, 0, message.len())
                .any(|(at, key)| self.is_known(key) && self.compare(message, at, key))
    }

    #[cold]
    fn compare(&self, message: &[u8], at: usize, key: u32) -> bool {
        self.found(message, at, key).next().is_some()
    }

    /// Where the pieces with this window lie that are there.
    fn found(&self, message: &[u8], at: usize, key: u32) -> impl Iterator<Item = Range<usize>> {
        self.pieces.get(&key).into_iter().flatten().filter_map(move |(piece, before)| {
            let start = at.checked_sub(*before)?;
            let there = message.get(start..start + piece.len())?;
            let same = there.iter().zip(piece).all(|(a, b)| fold(*a) == *b);
            same.then(|| start..start + piece.len())
        })
    }
}

/// How often a text is met by chance: the sum of what its letters weigh.
fn commonness(piece: &[u8]) -> usize {
    let weigh = |b: &u8| FREQUENT.iter().position(|f| f == b).map_or(0, |i| FREQUENT.len() - i);
    piece.iter().map(weigh).sum()
}

/// How often the likeliest of these pieces is met; pieces that are too short are met always.
fn likeliest(pieces: &[Vec<u8>]) -> usize {
    let rarest = |p: &Vec<u8>| {
        if p.len() < WINDOW {
            return usize::MAX - p.len();
        }
        p.windows(WINDOW).map(|w| commonness(&w.iter().copied().map(fold).collect::<Vec<_>>())).min().unwrap_or(0)
    };
    pieces.iter().map(rarest).max().unwrap_or(usize::MAX)
}

/// Pieces of which every match holds at least one; `None` when there are no such.
fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let whole = [ExtractKind::Prefix, ExtractKind::Suffix].map(|kind| ends(hir, kind));
    let parts = match hir.kind() {
        HirKind::Capture(capture) => vec![required(&capture.sub)],
        HirKind::Repetition(r) if r.min > 0 => vec![required(&r.sub)],
        HirKind::Concat(parts) => parts.iter().map(required).collect(),
        HirKind::Alternation(ways) => {
            let all: Option<Vec<_>> = ways.iter().map(required).collect();
            vec![all.map(|a| a.concat())]
        }
        _ => Vec::new(),
    };
    // Of equals the first stays: parts before the whole, whose pieces are cut short when there are many.
    parts.into_iter().chain(whole).flatten().filter(|p| !p.is_empty()).min_by_key(|p| likeliest(p))
}

fn ends(hir: &Hir, kind: ExtractKind) -> Option<Vec<Vec<u8>>> {
    let found = Extractor::new().kind(kind).extract(hir);
    Some(found.literals()?.iter().map(|l| l.as_bytes().to_vec()).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails should stop")]
    use super::Prefilter;
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    const EXPRESSIONS: [&str; 7] = [
        r"connection (was |has been )?refused|\beconnrefused\b",
        r"(pool|poolexhausted\w*)\b.{0,30}\bexhausted",
        r"\w*timeout(exception|error)\b",
        r"\beio\b",
        r"(?-i:\b(EMERG|CRIT)\b)",
        r"http/\d(\.\d)? 5\d\d",
        r"(relation|table) \S+ (does not|doesn\x27t) exist",
    ];

    fn agree(message: &str) {
        for e in EXPRESSIONS {
            let filter = Prefilter::new(&[e.to_owned()]).unwrap();
            let regex = RegexBuilder::new(e).case_insensitive(true).unicode(false).build().unwrap();
            assert!(!regex.is_match(message.as_bytes()) || filter.may_match(message.as_bytes()), "{e} in {message}");
        }
    }

    #[test]
    fn rules_out_only_what_cannot_match() {
        for message in [
            "ECONNREFUSED",
            "upstream: Connection Refused",
            "Pool main is Exhausted",
            "SocketTimeoutError",
            "read: EIO",
            "EIO on sda",
            "CRIT disk",
            "\"GET / HTTP/1.1 502",
            "table x does not exist",
        ] {
            agree(message);
            let filter = Prefilter::new(&EXPRESSIONS.map(str::to_owned)).unwrap();
            assert!(filter.may_match(message.as_bytes()), "{message}");
        }
    }

    #[test]
    fn rules_out_ordinary_messages() {
        let filter = Prefilter::new(&EXPRESSIONS.map(str::to_owned)).unwrap();
        for message in ["order 17 placed by customer 5112: 4 items", "connection 9 borrowed from pool main", "10 ms"] {
            assert!(!filter.may_match(message.as_bytes()), "{message}");
        }
    }

    #[test]
    fn an_expression_without_text_rules_out_nothing() {
        assert!(Prefilter::new(&[r"\d+".to_owned()]).is_none());
        assert!(Prefilter::new(&["ab|refused".to_owned()]).is_none());
    }

    proptest! {
        #[test]
        fn never_loses_a_match(parts in proptest::collection::vec(prop_oneof![
            Just("connection "), Just("refused"), Just("TIMEOUT"), Just("error"), Just("eio"), Just(" "), Just("pool"),
            Just("exhausted"), Just("crit"), Just("CRIT"), Just("http/1.1 "), Just("503"), Just("é"), Just("table x "),
            Just("does not exist")], 0..9)) {
            agree(&parts.concat());
        }

        /// A piece on a value is told as one, whether it lies within or reaches over an end, and nothing else is.
        #[test]
        fn touches_what_a_piece_lies_on(
            parts in proptest::collection::vec(prop_oneof![Just("refused"), Just("Eio"), Just(" "), Just("re"),
                Just("fused"), Just("7"), Just("timeout"), Just("io"), Just("é"), Just("time"), Just("out")], 0..9),
            ends in (0_usize..40, 0_usize..40),
        ) {
            let pieces: [&[u8]; 3] = [b"refused", b"eio", b"timeout"];
            let filter = Prefilter::of(&pieces.map(<[u8]>::to_vec));
            let message = parts.concat();
            let end = ends.1.min(message.len());
            let start = ends.0.min(end);
            let lower = message.to_ascii_lowercase();
            let on = |p: &&[u8]| {
                let at = |(i, w): (usize, &[u8])| w == *p && i < end && i + w.len() > start;
                start < end && lower.as_bytes().windows(p.len()).enumerate().any(at)
            };
            let there = pieces.iter().any(on);
            prop_assert_eq!(start < end && filter.touches(message.as_bytes(), start, end), there, "{} {:?}", message, ends);
        }
    }
}
