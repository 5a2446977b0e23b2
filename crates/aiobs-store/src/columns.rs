//! The fixed parts of a chunk's records as columns of variable-length integers. Used by the codec only; it knows
//! neither compression nor the database.
//!
//! Layout: number of records, component names, number of shapes, scale of the times, then per column its length in bytes
//! and its values. A column whose values are all equal holds that value once. What a record's shape mostly tells (its
//! template, severity, component, ...) is stored as a value per shape and each record's distance from that.

use crate::bytes::{Bytes, put_varint, unzigzag, zigzag};
use aiobs_types::{RecordMeta, Severity, SourceId, TemplateId, Timestamp};
use std::collections::HashMap;

/// No chunk holds more records than this; more in stored bytes is damage.
pub(crate) const MAX_ROWS: usize = 1 << 20;
const MANY: u8 = 0;
const SAME: u8 = 1;

const SECOND: i64 = 1_000_000_000;
const MILLI: i64 = 1_000_000;
const MICRO: i64 = 1_000;

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
    let all = |whole: fn(i64) -> bool| rows.iter().all(|r| whole(r.time.0));
    match () {
        () if all(|t| t % SECOND == 0) => SECOND,
        () if all(|t| t % MILLI == 0) => MILLI,
        () if all(|t| t % MICRO == 0) => MICRO,
        () => 1,
    }
}

/// `time / scale`; a division by a known number is several times quicker.
#[inline]
const fn scaled(time: i64, scale: i64) -> i64 {
    match scale {
        SECOND => time / SECOND,
        MILLI => time / MILLI,
        MICRO => time / MICRO,
        other => time / other,
    }
}

/// Shape of each record, below `count`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShapeIds<'a> {
    pub(crate) ids: &'a [u32],
    pub(crate) count: usize,
}

/// Appends columns.
struct Writer<'a> {
    rows: &'a [RecordMeta],
    shapes: ShapeIds<'a>,
    out: &'a mut Vec<u8>,
    scratch: &'a mut Vec<u8>,
    bases: Vec<Option<i64>>,
    distances: Vec<u64>,
}

impl Writer<'_> {
    fn put(&mut self, value: impl FnMut(&RecordMeta) -> u64) {
        put_column(self.out, self.scratch, self.rows.iter().map(value));
    }

    /// A column that shapes tell: the value of each shape's first record, and how far each record is from that.
    fn put_by_shape(&mut self, value: impl Fn(&RecordMeta) -> i64) {
        self.bases.clear();
        self.bases.resize(self.shapes.count, None);
        let bases = &mut self.bases;
        let mut other = 0;
        self.distances.clear();
        self.distances.extend(self.rows.iter().zip(self.shapes.ids).map(|(row, &shape)| {
            let v = value(row);
            let distance = zigzag(v - *bases[shape as usize].get_or_insert(v));
            other |= distance;
            distance
        }));
        put_column(self.out, self.scratch, self.bases.iter().map(|b| zigzag(b.unwrap_or(0))));
        if other == 0 {
            put_column(self.out, self.scratch, std::iter::once(0));
        } else {
            put_column(self.out, self.scratch, self.distances.iter().copied());
        }
    }
}

/// Appends the columns of `rows`. [`RecordMeta::start`] is not stored: texts lie one after the other.
pub(crate) fn encode(
    rows: &[RecordMeta],
    components: &[String],
    shapes: ShapeIds<'_>,
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
) {
    put_varint(out, rows.len() as u64);
    put_varint(out, components.len() as u64);
    for name in components {
        put_varint(out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
    }
    put_varint(out, shapes.count as u64);
    let scale = scale(rows);
    put_varint(out, scale as u64);
    put_column(out, scratch, shapes.ids.iter().map(|&s| u64::from(s)));
    let mut w = Writer { rows, shapes, out, scratch, bases: Vec::new(), distances: Vec::new() };
    let mut delta = deltas();
    w.put(|r| delta(scaled(r.time.0, scale)));
    let mut delta = deltas();
    w.put(|r| delta(r.observed.0));
    let mut expected = Expected::default();
    w.put(|r| {
        let d = r.offset.wrapping_sub(expected.offset(r.source)) as i64;
        expected.saw(r.offset, r.len);
        zigzag(d)
    });
    w.put_by_shape(|r| i64::from(r.len));
    w.put_by_shape(|r| i64::from(r.message.0));
    w.put_by_shape(|r| i64::from(r.len) - i64::from(r.message.1));
    w.put_by_shape(|r| i64::from(r.component));
    w.put_by_shape(|r| i64::from(r.source.0));
    w.put_by_shape(|r| i64::from(r.template.0));
    w.put_by_shape(|r| i64::from(r.severity.0));
    w.put_by_shape(|r| i64::from(r.flags));
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
}

/// A column that shapes tell, while it is read.
struct ByShape<'a> {
    bases: Vec<i64>,
    distances: Column<'a>,
}

impl<'a> ByShape<'a> {
    fn open(bytes: &mut Bytes<'a>, shapes: usize) -> Option<Self> {
        let mut bases = Column::open(bytes)?;
        let bases = (0..shapes).map(|_| bases.next().map(unzigzag)).collect::<Option<_>>()?;
        Some(Self { bases, distances: Column::open(bytes)? })
    }

    /// The next value, of a record with this shape.
    #[inline]
    fn next(&mut self, shape: u32) -> Option<i64> {
        self.bases.get(shape as usize)?.checked_add(unzigzag(self.distances.next()?))
    }

    #[inline]
    fn next_as<T: TryFrom<i64>>(&mut self, shape: u32) -> Option<T> {
        T::try_from(self.next(shape)?).ok()
    }
}

/// What [`decode`] gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) metas: Vec<RecordMeta>,
    pub(crate) components: Vec<String>,
    /// Shape of each record.
    pub(crate) shapes: Vec<u32>,
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
    let shapes = usize::try_from(bytes.varint()?).ok().filter(|n| *n <= count + 1)?;
    let scale = i64::try_from(bytes.varint()?).ok()?;
    decode_rows(bytes, Rows { components, ..Rows::default() }, count, shapes, scale)
}

fn decode_rows(mut bytes: Bytes<'_>, mut to: Rows, count: usize, shapes: usize, scale: i64) -> Option<Rows> {
    let mut plain = || Column::open(&mut bytes);
    let (mut ids, mut times, mut seen, mut offsets) = (plain()?, plain()?, plain()?, plain()?);
    let mut by_shape = || ByShape::open(&mut bytes, shapes);
    let (mut lens, mut begins, mut ends, mut components) = (by_shape()?, by_shape()?, by_shape()?, by_shape()?);
    let (mut sources, mut templates, mut severities, mut flags) = (by_shape()?, by_shape()?, by_shape()?, by_shape()?);
    to.metas.reserve_exact(count);
    to.shapes.reserve_exact(count);
    let mut expected = Expected::default();
    let (mut time, mut observed, mut start) = (0_i64, 0_i64, 0_u32);
    for _ in 0..count {
        let shape = ids.next_u32()?;
        time = time.wrapping_add(unzigzag(times.next()?));
        observed = observed.wrapping_add(unzigzag(seen.next()?));
        let len: u32 = lens.next_as(shape)?;
        let source = SourceId(sources.next_as(shape)?);
        let offset = expected.offset(source).wrapping_add(unzigzag(offsets.next()?) as u64);
        expected.saw(offset, len);
        let component: u32 = components.next_as(shape)?;
        if component as usize >= to.components.len() {
            return None;
        }
        let end = i64::from(len).checked_sub(ends.next(shape)?)?;
        to.shapes.push(shape);
        to.metas.push(RecordMeta {
            time: Timestamp(time.wrapping_mul(scale)),
            observed: Timestamp(observed),
            offset,
            start,
            len,
            message: (begins.next_as(shape)?, u32::try_from(end).ok()?),
            component,
            source,
            template: TemplateId(templates.next_as(shape)?),
            severity: Severity(severities.next_as(shape)?),
            flags: flags.next_as(shape)?,
            shape: 0,
        });
        start = start.checked_add(len)?;
    }
    to.text_bytes = start;
    Some(to)
}
