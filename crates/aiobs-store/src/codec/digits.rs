//! Decimal digits to numbers and back. Used by the value columns.

/// Most digits that fit 64 bits whatever they are.
pub(super) const MAX_DIGITS: usize = 19;

/// Length of the run of digits at the start.
#[inline]
pub(super) fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// The number at the start and how many digits it has; `None` for no digit or too many.
#[inline]
pub(super) fn parse(bytes: &[u8]) -> Option<(u64, usize)> {
    let (mut v, mut n) = (0_u64, 0);
    for &b in bytes {
        let d = b.wrapping_sub(b'0');
        if d > 9 {
            break;
        }
        v = v.wrapping_mul(10).wrapping_add(u64::from(d));
        n += 1;
    }
    (n > 0 && n <= MAX_DIGITS).then_some((v, n))
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
