//! Which shapes of a chunk may hold what is asked for, told from shapes and values alone, without putting texts
//! together. Used by scans through the decoder.
//!
//! A run of value bytes in a text lies wholly in a constant piece, in a value, or in a text stored whole; so does a run
//! of them that is asked for. Numbers and hexadecimal digits are not stored as they are read; what they might read is
//! never ruled out.

use super::split::is_value;
use super::streams::Source;
use super::text::WHOLE;
use aiobs_types::TextMatch;
use memchr::memmem::Finder;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use std::borrow::Cow;
use std::ops::Range;

/// A regular expression with more beginnings than this tells nothing.
const MOST: usize = 16;
/// Shorter ones are in every text.
const SHORTEST: usize = 3;

/// Literals of which a text holds at least one if it passes a test.
#[derive(Clone, Debug)]
pub(crate) struct Clue {
    any_of: Vec<Vec<u8>>,
    /// Case is ignored; the literals are in lower case.
    folded: bool,
}

impl Clue {
    /// What a test asks for; `None` when it tells nothing that could be looked for.
    pub(crate) fn of(test: &TextMatch) -> Option<Self> {
        let folded = !test.case_sensitive;
        // Beyond ASCII case is not so simple.
        if test.negate || test.pattern.is_empty() || folded && !test.pattern.is_ascii() {
            return None;
        }
        let mut any_of = if test.regex { beginnings(&test.pattern)? } else { vec![test.pattern.clone().into_bytes()] };
        if folded {
            for literal in &mut any_of {
                literal.make_ascii_lowercase();
            }
        }
        Some(Self { any_of, folded })
    }
}

/// Literals one of which any match of an expression begins or ends with.
fn beginnings(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = ParserBuilder::new().build().parse(pattern).ok()?;
    let telling = |kind| {
        let literals: Seq = Extractor::new().kind(kind).extract(&hir);
        let found: Vec<Vec<u8>> = literals.literals()?.iter().map(|l| l.as_bytes().to_vec()).collect();
        (!found.is_empty() && found.len() <= MOST && found.iter().all(|l| l.len() >= SHORTEST && l.is_ascii()))
            .then_some(found)
    };
    telling(ExtractKind::Prefix).or_else(|| telling(ExtractKind::Suffix))
}

/// The streams of a chunk that hold text.
pub(super) struct Haystack<'a> {
    constants: Cow<'a, [u8]>,
    whole: Cow<'a, [u8]>,
    words: Cow<'a, [u8]>,
    /// Where the constant text of each shape is; that of [`WHOLE`] is nowhere.
    shapes: Vec<Range<usize>>,
    ascii: bool,
}

impl<'a> Haystack<'a> {
    /// `None` when the bytes are damaged.
    pub(super) fn new(from: &Source<'a>) -> Option<Self> {
        let (constants, whole, words) = (from.constants.0, from.whole.0, from.words.0);
        let mut forms = from.forms;
        let mut shapes = vec![Range::default()];
        let mut at = 0;
        for _ in 0..forms.varint()? {
            let start = at;
            for _ in 0..=forms.varint()? {
                at = usize::try_from(forms.varint()?).ok()?.checked_add(at).filter(|end| *end <= constants.len())?;
            }
            shapes.push(start..at);
        }
        Some(Self {
            constants: constants.into(),
            whole: whole.into(),
            words: words.into(),
            shapes,
            ascii: constants.is_ascii() && whole.is_ascii() && words.is_ascii(),
        })
    }

    /// For each shape whether a text of it may have all of the clues.
    pub(super) fn may_hold(&mut self, clues: &[Clue]) -> Vec<bool> {
        let mut may = vec![true; self.shapes.len()];
        // Those that know case first: folding cannot be undone.
        let (exact, folded): (Vec<_>, Vec<_>) = clues.iter().partition(|clue| !clue.folded);
        for clue in exact {
            self.narrow(clue, &mut may);
        }
        if !folded.is_empty() && self.ascii && may.contains(&true) {
            for stream in [&mut self.constants, &mut self.whole, &mut self.words] {
                stream.to_mut().make_ascii_lowercase();
            }
            for clue in folded {
                self.narrow(clue, &mut may);
            }
        }
        may
    }

    fn narrow(&self, clue: &Clue, may: &mut [bool]) {
        let literals: Vec<Literal<'_>> = clue.any_of.iter().map(|literal| self.literal(literal)).collect();
        for (shape, (may, range)) in may.iter_mut().zip(&self.shapes).enumerate().filter(|(_, (may, _))| **may) {
            *may = if shape == WHOLE as usize {
                literals.iter().any(|l| l.all.find(&self.whole).is_some())
            } else {
                literals.iter().any(|l| l.may_be_in(&self.constants[range.clone()]))
            };
        }
    }

    fn literal<'n>(&self, needle: &'n [u8]) -> Literal<'n> {
        let words = || needle.split(|b| !is_value(*b)).filter(|w| !w.is_empty());
        let constant = words().filter(|w| !self.may_be_in_value(w));
        let words = words().count();
        let constant: Vec<Finder<'n>> = constant.map(Finder::new).collect();
        // What holds no word, such as `:`, may stand within a time.
        Literal { all: Finder::new(needle), crosses: constant.len() < words || words == 0, constant }
    }

    fn may_be_in_value(&self, word: &[u8]) -> bool {
        let contains = |part: &[u8]| memchr::memmem::find(&self.words, part).is_some();
        // Between hexadecimal digits others stand as they are.
        let mut others = word.split(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).filter(|w| !w.is_empty());
        // Between the digits of a time some others do.
        let in_time = |b: &u8| matches!(b, b':' | b'.' | b'-' | b'T' | b'Z' | b't' | b'z');
        word.iter().any(u8::is_ascii_digit) || word.iter().all(in_time) || contains(word) || others.all(contains)
    }
}

/// A literal that is looked for in shape after shape.
struct Literal<'n> {
    all: Finder<'n>,
    /// Some of its words may be in values: then it need not be in one piece.
    crosses: bool,
    /// The words that are in no value.
    constant: Vec<Finder<'n>>,
}

impl Literal<'_> {
    fn may_be_in(&self, constants: &[u8]) -> bool {
        self.crosses && self.constant.iter().all(|word| word.find(constants).is_some())
            || self.all.find(constants).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_tell_how_their_matches_begin_or_end() {
        let clue = |pattern: &str, case_sensitive| {
            let test = TextMatch { pattern: pattern.into(), regex: true, case_sensitive, negate: false };
            let texts = |c: Clue| c.any_of.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect::<Vec<_>>();
            Clue::of(&test).map(texts)
        };
        let some = |of: &[&str]| Some(of.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(clue(r"slow query \((8|9)\d+ ms\)", true), some(&["slow query (8", "slow query (9"]));
        assert_eq!(clue("Refused|Timeout", false), some(&["refused", "timeout"]));
        assert_eq!(clue(r"\d+ retries", true), some(&[" retries"]));
        assert_eq!(clue(r"\d+", true), None);
        assert_eq!(clue("größe.*", false), None);
    }
}
