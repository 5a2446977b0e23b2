//! Variable-length integers, bytes that may be damaged, and short runs of bytes without a call. Used by the codec and
//! the columns.

/// Appends seven bits per byte, lowest first.
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Small numbers of either sign as small numbers.
pub(crate) const fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// Undoes [`zigzag`].
pub(crate) const fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

/// Reads from bytes that may be damaged: `None` when they end too soon.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let (&first, mut rest) = self.0.split_first()?;
        if first < 0x80 {
            self.0 = rest;
            return Some(u64::from(first));
        }
        let mut v = u64::from(first & 0x7F);
        for shift in (7..64).step_by(7) {
            let (&b, tail) = rest.split_first()?;
            rest = tail;
            v |= u64::from(b & 0x7F) << shift;
            if b < 0x80 {
                self.0 = rest;
                return Some(v);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn take(&mut self, n: u64) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(usize::try_from(n).ok()?)?;
        self.0 = tail;
        Some(head)
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&b, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(b)
    }
}

/// Up to eight bytes at `at`, the first lowest, as far as they are below `at + len`. What lies behind is not part of it,
/// but being there makes reading quicker.
#[inline]
pub(crate) fn word(bytes: &[u8], at: usize, len: usize) -> u64 {
    if len == 0 {
        return 0;
    }
    let mask = u64::MAX >> (64 - 8 * len.min(8));
    match bytes.get(at..).and_then(|b| b.first_chunk::<8>()) {
        Some(word) => u64::from_le_bytes(*word) & mask,
        None => last_word(bytes.get(at..).unwrap_or(&[])) & mask,
    }
}

#[cold]
fn last_word(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |word, &b| word << 8 | u64::from(b))
}

/// Whether `a[at..at + len]` and `b[from..from + len]`, mostly short, are equal; quicker than a call.
#[inline]
pub(crate) fn equal(a: &[u8], mut at: usize, b: &[u8], mut from: usize, mut len: usize) -> bool {
    while len > 8 {
        if word(a, at, 8) != word(b, from, 8) {
            return false;
        }
        (at, from, len) = (at + 8, from + 8, len - 8);
    }
    word(a, at, len) == word(b, from, len)
}

/// Copies a mostly short run of bytes over `to[at..]` and returns where it ends; `None` when it does not fit.
#[inline]
pub(crate) fn put(to: &mut [u8], at: usize, bytes: &[u8]) -> Option<usize> {
    let end = at.checked_add(bytes.len())?;
    let to = to.get_mut(at..end)?;
    if bytes.len() > 32 {
        to.copy_from_slice(bytes);
    } else if let (Some(last), Some(to_last)) = (bytes.last_chunk::<8>(), to.last_chunk_mut::<8>()) {
        // Whole words, then the last one, which may overlap them.
        let last = *last;
        *to_last = last;
        for (x, y) in to.as_chunks_mut::<8>().0.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *x = *y;
        }
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        if let Some(x) = to.first_chunk_mut::<4>() {
            *x = *first;
        }
        if let Some(x) = to.last_chunk_mut::<4>() {
            *x = *last;
        }
    } else {
        for (x, y) in to.iter_mut().zip(bytes) {
            *x = *y;
        }
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::{equal, put};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_runs_are_compared_and_copied_as_others_are(
            a in proptest::collection::vec(0..3_u8, 0..50), b in proptest::collection::vec(0..3_u8, 0..50), at in 0..9_usize,
        ) {
            let (len, from) = (a.len().min(b.len()), at.min(a.len()).min(b.len()));
            prop_assert_eq!(equal(&a, from, &b, from, len - from), a[from..len] == b[from..len]);
            prop_assert!(equal(&a, 0, &[&a[..], &b].concat(), 0, a.len()));
            let mut to = vec![9; a.len() + at + 1];
            prop_assert_eq!(put(&mut to, at, &a), Some(at + a.len()));
            prop_assert_eq!(&to, &[&vec![9; at][..], &a, &[9]].concat());
            prop_assert_eq!(put(&mut to[..(at + a.len()).saturating_sub(1)], at, &a).is_none(), at + a.len() > 0);
        }
    }
}
