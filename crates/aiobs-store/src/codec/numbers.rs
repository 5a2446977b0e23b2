//! Columns of numbers: what is known of all is said once, what is left is a class and open bits per number. Used by
//! the value columns.

use super::bits::{cost, put_number, take_number};
use super::streams::{Source, Streams};
use crate::bytes::{put_varint, unzigzag, zigzag};

/// All are equal.
const SAME: u8 = 0;
/// Each as its distance from the least.
const OFFSET: u8 = 1;
/// Each as its distance from the one before.
const DELTA: u8 = 2;

/// Numbers looked at to choose, about.
const SAMPLE: usize = 128;

/// Appends the numbers of one column.
pub(super) fn encode(values: &[u64], out: &mut Streams) {
    let first = values.first().copied().unwrap_or(0);
    let (mut min, mut max) = (first, first);
    for &v in values {
        min = min.min(v);
        max = max.max(v);
    }
    if min == max {
        out.forms.push(SAME);
        put_varint(&mut out.forms, first);
        return;
    }
    let deltas = || values.windows(2).map(|w| zigzag(w[1].wrapping_sub(w[0]) as i64));
    let offsets = || values.iter().map(|v| v - min);
    let step = (values.len() / SAMPLE).max(1);
    let by_delta = deltas().step_by(step).map(cost).sum::<u32>();
    let by_offset = offsets().skip(1).step_by(step).map(cost).sum::<u32>();
    if by_delta < by_offset {
        out.forms.push(DELTA);
        put_varint(&mut out.forms, first);
        deltas().for_each(|v| put_number(v, &mut out.classes, &mut out.bits));
    } else {
        out.forms.push(OFFSET);
        put_varint(&mut out.forms, min);
        offsets().for_each(|v| put_number(v, &mut out.classes, &mut out.bits));
    }
}

/// Appends the `count` numbers of one column to `to`; `None` when the bytes are damaged.
pub(super) fn decode(count: usize, from: &mut Source<'_>, to: &mut Vec<u64>) -> Option<()> {
    let form = from.forms.byte()?;
    let base = from.forms.varint()?;
    match form {
        SAME => to.resize(to.len() + count, base),
        OFFSET => {
            for &class in from.classes.take(count as u64)? {
                to.push(base.wrapping_add(take_number(class, &mut from.bits)?));
            }
        }
        DELTA => {
            let mut v = base;
            to.push(v);
            for &class in from.classes.take(count.checked_sub(1)? as u64)? {
                v = v.wrapping_add(unzigzag(take_number(class, &mut from.bits)?) as u64);
                to.push(v);
            }
        }
        _ => return None,
    }
    Some(())
}
