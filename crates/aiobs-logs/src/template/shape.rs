//! The two readings of a scan: a hash of the skeleton for the hot path, and the words of it for the slow one.

use super::class::Placeholder;
use super::grow::names_a_state;
use super::scan::Sink;

const K0: u64 = 0x9e37_79b9_7f4a_7c15;
const K1: u64 = 0xd1b5_4a32_d192_ed03;

/// Multiplies to 128 bits and folds: a quick mixer in the manner of wyhash (Wang Yi, 2019).
#[inline]
pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ K0) as u128 * (b ^ K1) as u128;
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
pub(crate) fn mix_bytes(mut h: u64, bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>()
        && !behind.is_empty()
    {
        h = mix(h, u64::from_le_bytes(*chunk));
        rest = behind;
    }
    mix(h ^ bytes.len() as u64, tail(bytes, rest))
}

/// The last one to eight bytes as a number; overlapping reads spare a loop.
#[inline]
fn tail(bytes: &[u8], rest: &[u8]) -> u64 {
    if let Some(eight) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    match rest {
        [] => 0,
        [a] => u64::from(*a),
        [a, b] => u64::from(*a) << 8 | u64::from(*b),
        [a, b, c, ..] => u64::from(*a) << 16 | u64::from(*b) << 8 | u64::from(*c),
    }
}

/// Hash of a skeleton: constant text and the kinds of its placeholders.
pub(super) struct SkeletonHash(pub(super) u64);

impl Sink for SkeletonHash {
    #[inline]
    fn text(&mut self, bytes: &[u8]) {
        self.0 = mix_bytes(self.0, bytes);
    }
    #[inline]
    fn mask(&mut self, kind: Placeholder, _: &[u8]) {
        self.0 = mix(self.0, (kind as u64 + 1) << 56);
    }
    #[inline]
    fn end_word(&mut self) {
        self.0 = self.0.rotate_left(17) ^ K0;
    }
}

/// One word of a skeleton or a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Constant text and placeholders.
    pub(super) text: Box<str>,
    /// Hash of the text with all kinds of placeholders taken as one.
    pub(super) hash: u64,
    /// Hash of the text without its digits and placeholders.
    pub(super) letters: u64,
    /// Holds a placeholder.
    pub(super) masked: bool,
    /// Its constant text holds digits or stands behind a key, so that it may be a value.
    pub(super) soft: bool,
    /// Holds a placeholder that came from variants, `<str>` or `<*>`.
    pub(super) free: bool,
}

impl Word {
    /// From text in which placeholders stand as in a template.
    pub(super) fn new(text: &str) -> Self {
        let (mut hash, mut letters) = (K1, K0);
        let (mut masked, mut soft, mut free) = (false, false, false);
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(p) = Placeholder::at_start(rest) {
                masked = true;
                free |= matches!(p, Placeholder::Str | Placeholder::Any);
                hash = mix(hash, K0);
                rest = &rest[p.text().len()..];
                continue;
            }
            let len = memchr::memchr(b'<', &rest.as_bytes()[1..]).map_or(rest.len(), |at| at + 1);
            hash = mix_bytes(hash, &rest.as_bytes()[..len]);
            for b in &rest.as_bytes()[..len] {
                if b.is_ascii_digit() {
                    soft = true;
                } else {
                    letters = mix(letters, u64::from(*b));
                }
            }
            rest = &rest[len..];
        }
        let keyed = named_key(text);
        if let Some(key) = keyed {
            letters = mix_bytes(K0, key.as_bytes());
        }
        Self { text: text.into(), hash, letters, masked, soft: soft || keyed.is_some(), free }
    }

    /// Whether the word is one placeholder and nothing else.
    pub(super) fn is_placeholder(&self) -> bool {
        Placeholder::at_start(&self.text).is_some_and(|p| p.text().len() == self.text.len())
    }

    /// May be, or hold, a value by its looks.
    pub(super) fn value_like(&self) -> bool {
        self.masked || self.soft
    }

    /// The word that stands for both: what is common at both ends, up to delimiters, and a placeholder between.
    pub(super) fn join(&self, other: &Self) -> Self {
        if self.text == other.text {
            return self.clone();
        }
        if self.hash == other.hash {
            return Self::new(&join_kinds(&self.text, &other.text));
        }
        let (a, b) = (&*self.text, &*other.text);
        let head = common_head(a, b);
        let tail = common_tail(&a[head..], &b[head..]);
        Self::new(&format!("{}{}{}", &a[..head], middle(a, b, head, tail).text(), &a[a.len() - tail..]))
    }
}

/// The key of `key=value`, unless its values tell events apart rather than name things.
fn named_key(text: &str) -> Option<&str> {
    let (key, _) = text.split_once('=')?;
    let name = key.trim_start_matches(['(', '[', '{', ',', '"', '<']);
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && plain && !names_a_state(name)).then_some(key)
}

fn middle(a: &str, b: &str, head: usize, tail: usize) -> Placeholder {
    let whole = |s: &str| {
        let inner = &s[head..s.len() - tail];
        Placeholder::at_start(inner).filter(|p| p.text().len() == inner.len())
    };
    match (whole(a), whole(b)) {
        (Some(x), Some(y)) => x.join(y),
        (Some(x), None) | (None, Some(x)) => x.join(Placeholder::Str),
        (None, None) => Placeholder::Str,
    }
}

/// Same skeleton, other kinds of placeholders: joins them pairwise.
fn join_kinds(a: &str, b: &str) -> String {
    let mut out = String::with_capacity(a.len());
    let (mut x, mut y) = (a, b);
    while let Some(c) = x.chars().next() {
        if let (Some(p), Some(q)) = (Placeholder::at_start(x), Placeholder::at_start(y)) {
            out.push_str(p.join(q).text());
            x = &x[p.text().len()..];
            y = &y[q.text().len()..];
        } else {
            out.push(c);
            x = &x[c.len_utf8()..];
            y = y.get(c.len_utf8()..).unwrap_or("");
        }
    }
    out
}

const fn cuts(b: u8) -> bool {
    matches!(b, b'=' | b':' | b',' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'|' | b'@' | b'#')
}

/// Length of the common beginning that ends behind a delimiter.
fn common_head(a: &str, b: &str) -> usize {
    let mut head = 0;
    for (i, (x, y)) in a.bytes().zip(b.bytes()).enumerate() {
        if x != y {
            break;
        }
        if cuts(x) {
            head = i + 1;
        }
    }
    head
}

/// Length of the common end that begins with a delimiter or a final dot.
fn common_tail(a: &str, b: &str) -> usize {
    let mut tail = 0;
    for (i, (x, y)) in a.bytes().rev().zip(b.bytes().rev()).enumerate() {
        if x != y {
            break;
        }
        if cuts(x) || x == b'.' && i == tail {
            tail = i + 1;
        }
    }
    tail
}

/// Collects the words of a skeleton.
#[derive(Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    text: String,
}

impl Sink for Words {
    fn text(&mut self, bytes: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(bytes));
    }
    fn mask(&mut self, kind: Placeholder, _: &[u8]) {
        self.text.push_str(kind.text());
    }
    fn end_word(&mut self) {
        self.words.push(Word::new(&self.text));
        self.text.clear();
    }
}

/// Words of a stored template.
pub(super) fn words_of_text(text: &str) -> Vec<Word> {
    text.split_ascii_whitespace().map(Word::new).collect()
}

/// Hash of words by position, from which one position can be taken out again.
pub(super) fn positional(i: usize, hash: u64) -> u64 {
    mix(hash, i as u64 + 1)
}
