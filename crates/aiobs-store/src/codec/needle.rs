//! Whether a chunk may hold a literal, told from its shapes and values alone, without putting its texts together. Used
//! by scans through the decoder.
//!
//! A run of value bytes in a text lies wholly in a constant piece, in a value, or in a text stored whole; so does a run
//! of them that is asked for. Numbers and hexadecimal digits are not stored as they are read; what they might read is
//! never ruled out.

use super::split::is_value;
use super::streams::Source;
use aiobs_types::TextMatch;
use memchr::memmem;

/// The streams of a chunk that hold text.
pub(super) struct Haystack {
    constants: Vec<u8>,
    whole: Vec<u8>,
    words: Vec<u8>,
    /// In lower case.
    folded: bool,
    ascii: bool,
}

impl Haystack {
    pub(super) fn new(from: &Source<'_>) -> Self {
        let (constants, whole, words) = (from.constants.0.to_vec(), from.whole.0.to_vec(), from.words.0.to_vec());
        let ascii = constants.is_ascii() && whole.is_ascii() && words.is_ascii();
        Self { constants, whole, words, folded: false, ascii }
    }

    fn fold(&mut self) {
        for stream in [&mut self.constants, &mut self.whole, &mut self.words] {
            stream.make_ascii_lowercase();
        }
        self.folded = true;
    }

    /// Whether no text of the chunk passes the test; `false` when that would take reading them.
    pub(super) fn rules_out(&mut self, test: &TextMatch) -> bool {
        if !asks(test) {
            return false;
        }
        if test.case_sensitive {
            return !self.folded && !self.may_hold(test.pattern.as_bytes());
        }
        // Beyond ASCII case is not so simple.
        if !self.ascii || !test.pattern.is_ascii() {
            return false;
        }
        self.fold();
        !self.may_hold(test.pattern.to_ascii_lowercase().as_bytes())
    }

    fn may_hold(&self, needle: &[u8]) -> bool {
        if contains(&self.whole, needle) || contains(&self.constants, needle) {
            return true;
        }
        // Otherwise a part of it lies in a value, and every word of it somewhere.
        let words = || needle.split(|b| !is_value(*b)).filter(|w| !w.is_empty());
        words().any(|w| self.may_be_in_value(w))
            && words().all(|w| self.may_be_in_value(w) || contains(&self.constants, w))
    }

    fn may_be_in_value(&self, word: &[u8]) -> bool {
        // Between hexadecimal digits others stand as they are.
        let mut others = word.split(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).filter(|w| !w.is_empty());
        word.iter().any(u8::is_ascii_digit) || contains(&self.words, word) || others.all(|w| contains(&self.words, w))
    }
}

/// Whether a test can rule out chunks at all.
pub(super) fn asks(test: &TextMatch) -> bool {
    !test.negate && !test.regex && !test.pattern.is_empty()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memmem::find(haystack, needle).is_some()
}
