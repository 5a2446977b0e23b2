//! Values of one length made of hexadecimal digits and constant bytes, such as identifiers of traces and sessions:
//! four bits per digit, which nothing could compress further. Used by the value columns.

use super::bits::BitReader;
use super::split::Span;
use super::streams::{Source, Streams};

/// Longest value told apart.
const MAX_LEN: usize = 64;
/// Values looked at to tell which bytes are constant.
const SAMPLE: usize = 8;
const DIGITS: &[u8; 16] = b"0123456789abcdef";
const NO_DIGIT: u8 = 0xFF;

const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut i = 0;
    while i < 16 {
        values[DIGITS[i] as usize] = i as u8;
        i += 1;
    }
    values
};

/// Appends a column if all its values are of this kind; `false` (and nothing appended) if not.
pub(super) fn encode(form: u8, text: &[u8], cells: &[Span], out: &mut Streams) -> bool {
    let Some(first) = cells.first().map(|c| c.of(text)) else { return false };
    if first.len() > MAX_LEN || cells.iter().any(|c| c.len as usize != first.len()) {
        return false;
    }
    let sample = &cells[..cells.len().min(SAMPLE)];
    let constant = |i: usize| sample.iter().all(|c| c.of(text).get(i) == first.get(i));
    let mask = (0..first.len()).filter(|&i| constant(i)).fold(0_u64, |mask, i| mask | 1 << i);
    if !cells.iter().all(|c| is_such(c.of(text), first, mask)) {
        return false;
    }
    out.forms.extend_from_slice(&[form, first.len() as u8]);
    out.forms.extend_from_slice(&mask.to_le_bytes());
    out.words.extend(first.iter().enumerate().filter(|(i, _)| mask >> i & 1 != 0).map(|(_, b)| *b));
    for cell in cells {
        let (mut held, mut n) = (0_u64, 0);
        for (i, &b) in cell.of(text).iter().enumerate() {
            if mask >> i & 1 == 0 {
                held |= u64::from(VALUES[b as usize]) << n;
                n += 4;
                if n == 32 {
                    out.bits.put(held, n);
                    (held, n) = (0, 0);
                }
            }
        }
        out.bits.put(held, n);
    }
    true
}

fn is_such(value: &[u8], first: &[u8], mask: u64) -> bool {
    value.iter().zip(first).enumerate().all(
        |(i, (b, f))| {
            if mask >> i & 1 != 0 { b == f } else { VALUES[*b as usize] != NO_DIGIT }
        },
    )
}

/// A column of such values while it is read, value by value.
#[derive(Clone, Copy)]
pub(super) struct Hex<'a> {
    /// The constant bytes in their places.
    value: [u8; MAX_LEN],
    len: usize,
    mask: u64,
    bits: BitReader<'a>,
}

impl<'a> Hex<'a> {
    /// Reads what [`encode`] wrote behind the form.
    pub(super) fn decode(rows: usize, from: &mut Source<'a>) -> Option<Self> {
        let len = usize::from(from.forms.byte()?);
        if len > MAX_LEN {
            return None;
        }
        let mask = u64::from_le_bytes(*from.forms.take(8)?.first_chunk()?);
        let mut value = [0; MAX_LEN];
        let mut digits = 0;
        for (i, b) in value[..len].iter_mut().enumerate() {
            if mask >> i & 1 != 0 {
                *b = from.words.byte()?;
            } else {
                digits += 1;
            }
        }
        let bits = from.bits;
        from.bits.skip(rows * digits * 4);
        Some(Self { value, len, mask, bits })
    }

    /// Writes the next value and returns where it ends.
    pub(super) fn write(&mut self, out: &mut [u8], at: usize) -> Option<usize> {
        let to = out.get_mut(at..at + self.len)?;
        let (mut held, mut n) = (0, 0);
        let mut left = (self.len as u32) - (self.mask & mask_of(self.len)).count_ones();
        for (i, (b, constant)) in to.iter_mut().zip(&self.value).enumerate() {
            if self.mask >> i & 1 != 0 {
                *b = *constant;
                continue;
            }
            if n == 0 {
                n = left.min(8);
                held = self.bits.take(n * 4);
                left -= n;
            }
            *b = DIGITS[(held & 15) as usize];
            held >>= 4;
            n -= 1;
        }
        Some(at + self.len)
    }
}

const fn mask_of(len: usize) -> u64 {
    if len >= 64 { u64::MAX } else { (1 << len) - 1 }
}
