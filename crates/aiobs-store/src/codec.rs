//! Records to compressed chunks and back. The writer encodes, readers decode; it does not know the database.
//!
//! The fixed parts of the records are columns, compressed alone, so that they can be read alone. Their texts are taken
//! apart into shapes and values (`text`, after CLP: Rodrigues et al., OSDI 2021), which are compressed in three frames:
//! what is text, what is small numbers, and bits that hardly compress. All frames carry checksums, so that damage is
//! noticed.

use self::bits::BitReader;
pub(crate) use self::needle::Clue;
use self::needle::Haystack;
use self::streams::{Source, Streams};
use self::text::Splitter;
use crate::bytes::{Bytes, put_varint};
use crate::columns::{self, MAX_ROWS, Rows, ShapeIds};
use crate::error::{Doing, Result, StoreError};
use crate::header::{ChunkHeader, IdSet, LEVELS, component_id};
use aiobs_types::{RecordBatch, RecordId, RecordMeta, Timestamp};
use std::ops::Range;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

/// No chunk holds more text than this, bytes; a longer declared length is damage.
pub(crate) const MAX_TEXT: usize = 64 << 20;
/// The layout written here, and the only one known.
const FORMAT: u8 = 1;
/// No stream is longer than this many bytes per byte of text and these; a longer declared length is damage.
const MOST_PER_BYTE: usize = 4;
const MOST_BESIDES: usize = 1 << 16;
const NONSENSE: &str = "text that makes no sense";
/// Sealed chunks: the quickest level that keeps varied logs under 15 %.
const SEALED_LEVEL: i32 = 1;
/// Blocks of the tail are soon replaced.
const TAIL_LEVEL: i32 = -3;

mod bits;
mod digits;
mod hex;
mod layout;
mod needle;
mod numbers;
mod shapes;
mod split;
mod stamp;
mod streams;
mod text;
mod values;

/// Some consecutive records of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) batch: &'a RecordBatch,
    pub(crate) rows: Range<usize>,
}

impl Part<'_> {
    fn text(&self) -> &str {
        let rows = &self.batch.rows()[self.rows.clone()];
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return "" };
        self.batch.text().get(first.start as usize..last.start as usize + last.len as usize).unwrap_or("")
    }
}

/// A chunk ready to be stored.
#[derive(Debug)]
pub(crate) struct Encoded<'a> {
    pub(crate) header: ChunkHeader,
    pub(crate) columns: &'a [u8],
    pub(crate) text: &'a [u8],
}

/// Encodes chunks, reusing its buffers.
pub(crate) struct Encoder {
    zstd: Compressor<'static>,
    gathered: Gathered,
    joined: String,
    raw: Vec<u8>,
    scratch: Vec<u8>,
    splitter: Splitter,
    streams: Streams,
    columns: Vec<u8>,
    text: Vec<u8>,
    ids: Vec<u32>,
}

impl Encoder {
    pub(crate) fn new() -> Result<Self> {
        const DOING: &str = "preparing compression";
        let mut zstd = Compressor::new(SEALED_LEVEL).doing(DOING)?;
        zstd.set_parameter(CParameter::ChecksumFlag(true)).doing(DOING)?;
        Ok(Self {
            zstd,
            gathered: Gathered::default(),
            joined: String::new(),
            raw: Vec::new(),
            scratch: Vec::new(),
            splitter: Splitter::new(),
            streams: Streams::default(),
            columns: Vec::new(),
            text: Vec::new(),
            ids: Vec::new(),
        })
    }

    /// Encodes the records of `parts`, which follow each other without a gap.
    pub(crate) fn encode(&mut self, parts: &[Part<'_>], sealed: bool) -> Result<Encoded<'_>> {
        const DOING: &str = "compressing log records";
        let first = parts.first().map_or(RecordId(0), |p| RecordId(p.batch.first.0 + p.rows.start as u64));
        // A batch that is written whole lies there as it is needed.
        let whole = match parts {
            [only] if only.rows.len() == only.batch.len() => Some(only.batch),
            _ => None,
        };
        let (rows, components) = if let Some(batch) = whole {
            (batch.rows(), batch.components())
        } else {
            self.gathered.gather(parts);
            (&*self.gathered.rows, &*self.gathered.components)
        };
        let text_bytes = parts.iter().map(|p| p.text().len()).sum::<usize>();
        if rows.is_empty() || rows.len() > MAX_ROWS || text_bytes > MAX_TEXT {
            return Err(StoreError::Other {
                doing: DOING,
                what: format!("{} records with {text_bytes} bytes do not fit a chunk", rows.len()),
            });
        }
        let text = if let [only] = parts {
            only.text()
        } else {
            self.joined.clear();
            for part in parts {
                self.joined.push_str(part.text());
            }
            &self.joined
        };
        if sealed {
            self.splitter.split(rows, text, &mut self.streams);
        } else {
            self.splitter.leave_whole(rows, text, &mut self.streams);
        }
        let shapes = ShapeIds { ids: &self.splitter.ids, count: self.splitter.shape_count() };
        self.raw.clear();
        columns::encode(rows, components, shapes, &mut self.raw, &mut self.scratch);
        self.zstd.set_compression_level(if sealed { SEALED_LEVEL } else { TAIL_LEVEL }).doing(DOING)?;
        self.columns.clear();
        compress(&mut self.zstd, &self.raw, &mut self.columns).doing(DOING)?;
        let ids = &mut self.ids;
        let mut header = header(first, sealed, text_bytes as u32, rows, components, ids);
        self.pack_text().doing(DOING)?;
        header.column_bytes = self.raw.len() as u32;
        header.stored_bytes = (self.columns.len() + self.text.len()) as u32;
        Ok(Encoded { header, columns: &self.columns, text: &self.text })
    }

    /// Compresses the streams: per frame the length of what is in it and its own, then the frames.
    fn pack_text(&mut self) -> std::io::Result<()> {
        let s = &mut self.streams;
        self.text.clear();
        self.scratch.clear();
        for part in [&s.constants, &s.whole, &s.words] {
            self.scratch.extend_from_slice(part);
        }
        pack(&mut self.zstd, &self.scratch, &mut self.text)?;
        self.scratch.clear();
        for n in [s.constants.len(), s.whole.len(), s.forms.len()] {
            put_varint(&mut self.scratch, n as u64);
        }
        for part in [&s.forms, &s.classes] {
            self.scratch.extend_from_slice(part);
        }
        pack(&mut self.zstd, &self.scratch, &mut self.text)?;
        pack(&mut self.zstd, s.bits.finish(), &mut self.text)
    }
}

/// Rows of several parts, and the names that their components point into.
#[derive(Default)]
struct Gathered {
    rows: Vec<RecordMeta>,
    components: Vec<String>,
    remap: Vec<u32>,
}

impl Gathered {
    /// Collects the rows, with component numbers that fit one common list of names.
    fn gather(&mut self, parts: &[Part<'_>]) {
        self.rows.clear();
        self.components.clear();
        for part in parts {
            self.remap.clear();
            for name in part.batch.components() {
                let at = self.components.iter().position(|c| c == name).unwrap_or_else(|| {
                    self.components.push(name.clone());
                    self.components.len() - 1
                });
                self.remap.push(at as u32);
            }
            let remap = &self.remap;
            self.rows.extend(
                part.batch.rows()[part.rows.clone()]
                    .iter()
                    .map(|r| RecordMeta { component: remap[r.component as usize], ..*r }),
            );
        }
        self.drop_unused_components();
    }

    /// A part of a batch may use few of the batch's names.
    fn drop_unused_components(&mut self) {
        self.remap.clear();
        self.remap.resize(self.components.len(), u32::MAX);
        let mut used = 0;
        for row in &mut self.rows {
            let to = &mut self.remap[row.component as usize];
            if *to == u32::MAX {
                *to = used;
                used += 1;
            }
            row.component = *to;
        }
        let mut names = vec![String::new(); used as usize];
        for (name, &to) in self.components.drain(..).zip(&self.remap) {
            if to != u32::MAX {
                names[to as usize] = name;
            }
        }
        self.components = names;
    }
}

/// The header of a chunk, but for how long it became.
fn header(
    first: RecordId,
    sealed: bool,
    text_bytes: u32,
    rows: &[RecordMeta],
    components: &[String],
    ids: &mut Vec<u32>,
) -> ChunkHeader {
    let (mut min, mut max, mut seen) = (i64::MAX, i64::MIN, i64::MIN);
    let mut levels = [0; LEVELS];
    for r in rows {
        min = min.min(r.time.0);
        max = max.max(r.time.0);
        seen = seen.max(r.observed.0);
        levels[r.severity.level() as usize] += 1;
    }
    let mut set = |values: &mut dyn Iterator<Item = u32>| {
        ids.extend(values);
        IdSet::from_ids(ids)
    };
    ChunkHeader {
        first,
        count: rows.len() as u32,
        sealed,
        min_time: Timestamp(min),
        max_time: Timestamp(max),
        max_observed: Timestamp(seen),
        text_bytes,
        column_bytes: 0,
        stored_bytes: 0,
        levels,
        templates: set(&mut rows.iter().map(|r| r.template.0)),
        sources: set(&mut rows.iter().map(|r| r.source.0)),
        components: set(&mut components.iter().map(|c| component_id(c))),
        format: FORMAT,
    }
}

/// Appends `data`, compressed.
fn compress(zstd: &mut Compressor<'static>, data: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    let (start, room) = (out.len(), zstd::zstd_safe::compress_bound(data.len()));
    out.resize(start + room, 0);
    let n = zstd.compress_to_buffer(data, &mut out[start..])?;
    out.truncate(start + n);
    Ok(())
}

/// Appends `data`, compressed, with its length before and after.
fn pack(zstd: &mut Compressor<'static>, data: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    let start = out.len();
    compress(zstd, data, out)?;
    let packed = (out.len() - start) as u64;
    let mut lens = Vec::with_capacity(16);
    put_varint(&mut lens, data.len() as u64);
    put_varint(&mut lens, packed);
    out.splice(start..start, lens);
    Ok(())
}

/// A chunk as stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) header: ChunkHeader,
    pub(crate) columns: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

/// Decodes chunks; one per thread.
pub(crate) struct Decoder(Decompressor<'static>);

impl Decoder {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Decompressor::new().doing("preparing decompression")?))
    }

    fn decompress(&mut self, data: &[u8], size: u64, most: usize) -> std::result::Result<Vec<u8>, String> {
        if size > most as u64 {
            return Err(format!("declared size of {size} bytes"));
        }
        let size = size as usize;
        let raw = self.0.decompress(data, size).map_err(|e| e.to_string())?;
        if raw.len() == size { Ok(raw) } else { Err(format!("{} bytes instead of {size}", raw.len())) }
    }

    /// The texts of all records, one after the other; `rows` are the fixed parts.
    pub(crate) fn text(&mut self, stored: &Stored, rows: &Rows) -> Result<String> {
        self.frames(stored)?.text(rows, None)
    }

    /// What the texts are made of, decompressed: the three frames of [`Encoder::pack_text`].
    pub(crate) fn frames(&mut self, stored: &Stored) -> Result<Frames> {
        let bytes = stored.header.text_bytes as usize;
        let mut unpack = || {
            if stored.header.format != FORMAT || bytes > MAX_TEXT {
                return Err(NONSENSE.to_owned());
            }
            let most = bytes * MOST_PER_BYTE + MOST_BESIDES;
            let mut packed = Bytes(&stored.text);
            Ok([self.unpack(&mut packed, most)?, self.unpack(&mut packed, most)?, self.unpack(&mut packed, most)?])
        };
        let parts = unpack().map_err(|what| damaged(stored.header.first, &what))?;
        Ok(Frames { first: stored.header.first, bytes, parts })
    }

    /// Reads what [`pack`] wrote.
    fn unpack(&mut self, packed: &mut Bytes<'_>, most: usize) -> std::result::Result<Vec<u8>, String> {
        let mut frame = || Some((packed.varint()?, packed.varint().and_then(|n| packed.take(n))?));
        let (size, frame) = frame().ok_or(NONSENSE)?;
        self.decompress(frame, size, most)
    }

    /// The fixed parts.
    pub(crate) fn rows(&mut self, stored: &Stored) -> Result<Rows> {
        let header = &stored.header;
        if header.format != FORMAT {
            return Err(damaged(header.first, &format!("layout {}, which is not known here", header.format)));
        }
        let raw = self
            .decompress(&stored.columns, u64::from(header.column_bytes), MAX_TEXT)
            .map_err(|what| damaged(header.first, &what))?;
        columns::decode(&raw, header.count as usize)
            .filter(|r| r.text_bytes == header.text_bytes)
            .ok_or_else(|| damaged(header.first, "columns that make no sense"))
    }
}

/// What the texts of a chunk are made of.
pub(crate) struct Frames {
    first: RecordId,
    /// Length of all texts.
    bytes: usize,
    parts: [Vec<u8>; 3],
}

impl Frames {
    /// The texts of all records, one after the other; `rows` are the fixed parts. With `wanted`, only those of records
    /// with these shapes are put together, and the others' bytes are zero.
    pub(crate) fn text(&self, rows: &Rows, wanted: Option<&[bool]>) -> Result<String> {
        self.join(rows, wanted).map_err(|what| damaged(self.first, &what))
    }

    fn join(&self, rows: &Rows, wanted: Option<&[bool]>) -> std::result::Result<String, String> {
        if rows.text_bytes as usize != self.bytes {
            return Err(format!("declared size of {} bytes", self.bytes));
        }
        let source = source(&self.parts).ok_or(NONSENSE)?;
        let text = text::join(&rows.metas, &rows.shapes, wanted, self.bytes, source).ok_or(NONSENSE)?;
        String::from_utf8(text).map_err(|e| e.to_string())
    }

    /// For each shape whether a text of it may have all of the clues. Quick: no text is put together.
    pub(crate) fn may_hold(&self, clues: &[Clue]) -> Result<Vec<bool>> {
        let haystack = source(&self.parts).and_then(|source| Haystack::new(&source));
        let mut haystack = haystack.ok_or_else(|| damaged(self.first, NONSENSE))?;
        Ok(haystack.may_hold(clues))
    }
}

#[cfg(feature = "fuzzing")]
impl Decoder {
    /// The parts of a chunk as they were before compression.
    pub(crate) fn raw(&mut self, stored: &Stored) -> std::result::Result<(Vec<u8>, [Vec<u8>; 3]), String> {
        let columns = self.decompress(&stored.columns, u64::from(stored.header.column_bytes), MAX_TEXT)?;
        Ok((columns, self.frames(stored).map_err(|e| e.to_string())?.parts))
    }
}

/// The streams within what [`Encoder::pack_text`] compressed.
fn source(frames: &[Vec<u8>; 3]) -> Option<Source<'_>> {
    let [texts, small, bits] = frames;
    let (mut texts, mut small) = (Bytes(texts), Bytes(small));
    let (constants, whole, forms) = (small.varint()?, small.varint()?, small.varint()?);
    Some(Source {
        constants: Bytes(texts.take(constants)?),
        whole: Bytes(texts.take(whole)?),
        words: texts,
        forms: Bytes(small.take(forms)?),
        classes: small,
        bits: BitReader::new(bits),
    })
}

/// Records and their texts from their parts as they are before compression; `None` when they are damaged.
#[cfg(feature = "fuzzing")]
pub(crate) fn decode_raw(count: usize, text_bytes: u32, columns: &[u8], frames: [&[u8]; 3]) -> Option<(Rows, String)> {
    let rows = columns::decode(columns, count).filter(|r| r.text_bytes == text_bytes)?;
    let frames = Frames { first: RecordId(1), bytes: text_bytes as usize, parts: frames.map(<[u8]>::to_vec) };
    let test = aiobs_types::TextMatch { pattern: "a1".into(), regex: false, case_sensitive: false, negate: false };
    let clues: Vec<Clue> = Clue::of(&test).into_iter().collect();
    let may = frames.may_hold(&clues).ok()?;
    drop(frames.text(&rows, Some(&may)));
    let text = frames.text(&rows, None).ok()?;
    Some((rows, text))
}

pub(crate) fn damaged(first: RecordId, what: &str) -> StoreError {
    StoreError::corrupt("reading the archive", format!("chunk at {first}: {what}"))
}

#[cfg(test)]
mod tests;
