//! The fixed parts of a chunk's records as columns of variable-length integers. Used by the codec only; it knows
//! neither compression nor the database.
//!
//! Layout: number of records, component names, scale of the times, then per column its length in bytes and its values. A column
//! whose values are all equal holds that value once.

use aiobs_types::{RecordMeta, Severity, SourceId, TemplateId, Timestamp};
use std::collections::HashMap;

/// No chunk holds more records than this; more in stored bytes is damage.
pub(crate) const MAX_ROWS: usize = 1 << 20;
const COLUMNS: usize = 11;
const MANY: u8 = 0;
const SAME: u8 = 1;

pub(crate) fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

const fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

const fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

/// Reads from bytes that may be damaged: `None` when they end too soon.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[inline]
    fn varint(&mut self) -> Option<u64> {
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

    fn take(&mut self, n: u64) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(usize::try_from(n).ok()?)?;
        self.0 = tail;
        Some(head)
    }
}

fn put_column(out: &mut Vec<u8>, scratch: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
    scratch.clear();
    let mut values = values.peekable();
    let first = values.peek().copied().unwrap_or(0);
    let mut same = true;
    for v in values {
        same &= v == first;
        put_varint(scratch, v);
    }
    if same {
        scratch.clear();
        put_varint(scratch, first);
    }
    out.push(if same { SAME } else { MANY });
    put_varint(out, scratch.len() as u64);
    out.extend_from_slice(scratch);
}

/// Where the next record of each source is expected to begin: after the line break of the one before.
#[derive(Default)]
struct Expected {
    last: SourceId,
    next: u64,
    others: HashMap<SourceId, u64, foldhash::fast::FixedState>,
}

impl Expected {
    #[inline]
    fn offset(&mut self, source: SourceId) -> u64 {
        if source != self.last {
            self.others.insert(self.last, self.next);
            self.last = source;
            self.next = self.others.get(&source).copied().unwrap_or(0);
        }
        self.next
    }

    #[inline]
    const fn saw(&mut self, offset: u64, len: u32) {
        self.next = offset.wrapping_add(len as u64 + 1);
    }
}

/// The coarsest unit, in nanoseconds, that all times are multiples of.
fn scale(rows: &[RecordMeta]) -> i64 {
    [1_000_000_000, 1_000_000, 1_000].into_iter().find(|s| rows.iter().all(|r| r.time.0 % s == 0)).unwrap_or(1)
}

/// Appends the columns of `rows`. [`RecordMeta::start`] is not stored: texts lie one after the other.
pub(crate) fn encode(rows: &[RecordMeta], components: &[String], out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
    put_varint(out, rows.len() as u64);
    put_varint(out, components.len() as u64);
    for name in components {
        put_varint(out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
    }
    let scale = scale(rows);
    put_varint(out, scale as u64);
    let mut delta = deltas();
    put_column(out, scratch, rows.iter().map(|r| delta(r.time.0 / scale)));
    let mut delta = deltas();
    put_column(out, scratch, rows.iter().map(|r| delta(r.observed.0)));
    let mut expected = Expected::default();
    put_column(
        out,
        scratch,
        rows.iter().map(|r| {
            let d = r.offset.wrapping_sub(expected.offset(r.source)) as i64;
            expected.saw(r.offset, r.len);
            zigzag(d)
        }),
    );
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.len)));
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.message.0)));
    put_column(out, scratch, rows.iter().map(|r| zigzag(i64::from(r.len) - i64::from(r.message.1))));
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.component)));
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.source.0)));
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.template.0)));
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.severity.0)));
    put_column(out, scratch, rows.iter().map(|r| u64::from(r.flags)));
}

fn deltas() -> impl FnMut(i64) -> u64 {
    let mut before = 0_i64;
    move |v| zigzag(v.wrapping_sub(std::mem::replace(&mut before, v)))
}

/// One column while it is read.
enum Column<'a> {
    Same(u64),
    Many(Bytes<'a>),
}

impl<'a> Column<'a> {
    fn open(bytes: &mut Bytes<'a>) -> Option<Self> {
        let mode = *bytes.take(1)?.first()?;
        let len = bytes.varint()?;
        let mut values = Bytes(bytes.take(len)?);
        match mode {
            MANY => Some(Self::Many(values)),
            SAME => Some(Self::Same(values.varint()?)),
            _ => None,
        }
    }

    #[inline]
    fn next(&mut self) -> Option<u64> {
        match self {
            Self::Same(v) => Some(*v),
            Self::Many(b) => b.varint(),
        }
    }

    #[inline]
    fn next_u32(&mut self) -> Option<u32> {
        u32::try_from(self.next()?).ok()
    }

    #[inline]
    fn next_u8(&mut self) -> Option<u8> {
        u8::try_from(self.next()?).ok()
    }
}

/// What [`decode`] gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) metas: Vec<RecordMeta>,
    pub(crate) components: Vec<String>,
    /// Sum of the lengths of the texts.
    pub(crate) text_bytes: u32,
}

/// Reads what [`encode`] wrote; `None` when the bytes are damaged. Allocates in proportion to `count`, which the
/// caller bounds, whatever the bytes say.
pub(crate) fn decode(bytes: &[u8], count: usize) -> Option<Rows> {
    let mut bytes = Bytes(bytes);
    if count > MAX_ROWS || bytes.varint()? != count as u64 {
        return None;
    }
    let names = bytes.varint()?;
    if names > count as u64 {
        return None;
    }
    let mut components = Vec::with_capacity(names as usize);
    for _ in 0..names {
        let len = bytes.varint()?;
        components.push(std::str::from_utf8(bytes.take(len)?).ok()?.to_owned());
    }
    let scale = i64::try_from(bytes.varint()?).ok()?;
    let mut columns: [Column<'_>; COLUMNS] = std::array::from_fn(|_| Column::Same(0));
    for column in &mut columns {
        *column = Column::open(&mut bytes)?;
    }
    let (metas, text_bytes) = decode_rows(columns, count, scale, components.len())?;
    Some(Rows { metas, components, text_bytes })
}

fn decode_rows(
    columns: [Column<'_>; COLUMNS],
    count: usize,
    scale: i64,
    names: usize,
) -> Option<(Vec<RecordMeta>, u32)> {
    let [
        mut times,
        mut seen,
        mut offs,
        mut lens,
        mut begins,
        mut ends,
        mut comps,
        mut srcs,
        mut tpls,
        mut sevs,
        mut flags,
    ] = columns;
    let mut rows = Vec::with_capacity(count);
    let mut expected = Expected::default();
    let (mut time, mut observed, mut start) = (0_i64, 0_i64, 0_u32);
    for _ in 0..count {
        time = time.wrapping_add(unzigzag(times.next()?));
        observed = observed.wrapping_add(unzigzag(seen.next()?));
        let len = lens.next_u32()?;
        let source = SourceId(srcs.next_u32()?);
        let offset = expected.offset(source).wrapping_add(unzigzag(offs.next()?) as u64);
        expected.saw(offset, len);
        let component = comps.next_u32()?;
        if component as usize >= names {
            return None;
        }
        let end = i64::from(len).checked_sub(unzigzag(ends.next()?))?;
        rows.push(RecordMeta {
            time: Timestamp(time.wrapping_mul(scale)),
            observed: Timestamp(observed),
            offset,
            start,
            len,
            message: (begins.next_u32()?, u32::try_from(end).ok()?),
            component,
            source,
            template: TemplateId(tpls.next_u32()?),
            severity: Severity(sevs.next_u8()?),
            flags: flags.next_u8()?,
        });
        start = start.checked_add(len)?;
    }
    Some((rows, start))
}
