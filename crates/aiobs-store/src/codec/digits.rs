//! Decimal digits to numbers and back. Used by the value columns.

/// Most digits that fit 64 bits whatever they are.
pub(super) const MAX_DIGITS: usize = 19;

/// Length of the run of digits at the start.
#[inline]
pub(super) fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// The number at `text[at..end]` and how many digits it has; `None` for no digit or too many. What lies behind `end` is
/// not part of it, but being there makes reading quicker.
#[inline]
pub(super) fn parse(text: &[u8], at: usize, end: usize) -> Option<(u64, usize)> {
    let most = end.checked_sub(at)?;
    if let Some(word) = text.get(at..)?.first_chunk::<8>() {
        let x = u64::from_le_bytes(*word) ^ (EVERY * 0x30);
        let others = (((x & (EVERY * 0x7F)) + EVERY * 0x76) | x) & (EVERY * 0x80);
        let n = (others.trailing_zeros() as usize / 8).min(most);
        match n {
            0 => return None,
            1..=7 => return Some((eight_digits(x << (64 - 8 * n)), n)),
            _ => {}
        }
    }
    let rest = text.get(at..end)?;
    let n = digits(rest);
    let value = |v: u64, b: &u8| v * 10 + u64::from(b - b'0');
    (n > 0 && n <= MAX_DIGITS).then(|| (rest[..n].iter().fold(0, value), n))
}

const EVERY: u64 = 0x0101_0101_0101_0101;

/// Eight values of digits, the first in the lowest byte, as one number: pairs, then fours, then all at once.
#[inline]
const fn eight_digits(x: u64) -> u64 {
    let pairs = (x * 10 + (x >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    (fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// Writes the last digits of `v` over the whole of `to`.
#[inline]
pub(super) fn write_digits(mut v: u64, to: &mut [u8]) {
    let mut end = to.len();
    while end >= 2 {
        to[end - 2..end].copy_from_slice(&PAIRS[(v % 100) as usize]);
        v /= 100;
        end -= 2;
    }
    if end == 1 {
        to[0] = b'0' + (v % 10) as u8;
    }
}

/// Number of decimal digits of `v`.
#[inline]
pub(super) const fn width(v: u64) -> usize {
    match v.checked_ilog10() {
        Some(n) => n as usize + 1,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, width, write_digits};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_and_written(v in any::<u64>(), shift in 0..64_u32, zeros in 0..4_usize, behind in "[ -~]{0,9}") {
            let v = (v >> shift).min(9_999_999_999_999_999_999);
            let mut text = "0".repeat(zeros) + &v.to_string();
            let n = text.len();
            prop_assert_eq!(width(v), n - zeros);
            let mut written = vec![b'x'; n];
            write_digits(v, &mut written);
            prop_assert_eq!(&written, text.as_bytes());
            text.insert(0, '-');
            text.push_str(&behind);
            prop_assert_eq!(parse(text.as_bytes(), 1, 1 + n), (n <= 19).then_some((v, n)));
            prop_assert_eq!(parse(text.as_bytes(), 0, 1 + n), None);
            prop_assert_eq!(parse(text.as_bytes(), 1, 1), None);
        }
    }
}
