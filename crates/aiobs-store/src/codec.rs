//! Records to compressed chunks and back. The writer encodes, readers decode; it does not know the database.
//!
//! Columns and text are two zstd frames with checksums, so that damage is noticed and either can be read alone.

use crate::columns::{self, MAX_ROWS, Rows};
use crate::error::{Doing, Result, StoreError};
use crate::header::{ChunkHeader, IdSet, LEVELS, component_id};
use aiobs_types::{RecordBatch, RecordId, RecordMeta, Timestamp};
use std::ops::Range;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

/// No chunk holds more text than this, bytes; a longer declared length is damage.
pub(crate) const MAX_TEXT: usize = 64 << 20;
/// Sealed chunks: the quickest level that keeps varied logs under 15 %.
const SEALED_LEVEL: i32 = 1;
/// Blocks of the tail are soon replaced.
const TAIL_LEVEL: i32 = -3;

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
    rows: Vec<RecordMeta>,
    components: Vec<String>,
    remap: Vec<u32>,
    joined: String,
    raw: Vec<u8>,
    scratch: Vec<u8>,
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
            rows: Vec::new(),
            components: Vec::new(),
            remap: Vec::new(),
            joined: String::new(),
            raw: Vec::new(),
            scratch: Vec::new(),
            columns: Vec::new(),
            text: Vec::new(),
            ids: Vec::new(),
        })
    }

    /// Encodes the records of `parts`, which follow each other without a gap.
    pub(crate) fn encode(&mut self, parts: &[Part<'_>], sealed: bool) -> Result<Encoded<'_>> {
        const DOING: &str = "compressing log records";
        let first = parts.first().map_or(RecordId(0), |p| RecordId(p.batch.first.0 + p.rows.start as u64));
        self.gather(parts);
        let text_bytes = parts.iter().map(|p| p.text().len()).sum::<usize>();
        if self.rows.is_empty() || self.rows.len() > MAX_ROWS || text_bytes > MAX_TEXT {
            return Err(StoreError::Other {
                doing: DOING,
                what: format!("{} records with {text_bytes} bytes do not fit a chunk", self.rows.len()),
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
        self.raw.clear();
        columns::encode(&self.rows, &self.components, &mut self.raw, &mut self.scratch);
        self.zstd.set_compression_level(if sealed { SEALED_LEVEL } else { TAIL_LEVEL }).doing(DOING)?;
        compress(&mut self.zstd, &self.raw, &mut self.columns).doing(DOING)?;
        compress(&mut self.zstd, text.as_bytes(), &mut self.text).doing(DOING)?;
        let header = self.header(first, sealed, text_bytes as u32);
        Ok(Encoded { header, columns: &self.columns, text: &self.text })
    }

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

    fn header(&mut self, first: RecordId, sealed: bool, text_bytes: u32) -> ChunkHeader {
        let (mut min, mut max, mut seen) = (i64::MAX, i64::MIN, i64::MIN);
        let mut levels = [0; LEVELS];
        for r in &self.rows {
            min = min.min(r.time.0);
            max = max.max(r.time.0);
            seen = seen.max(r.observed.0);
            levels[r.severity.level() as usize] += 1;
        }
        let ids = &mut self.ids;
        let mut set = |values: &mut dyn Iterator<Item = u32>| {
            ids.extend(values);
            IdSet::from_ids(ids)
        };
        ChunkHeader {
            first,
            count: self.rows.len() as u32,
            sealed,
            min_time: Timestamp(min),
            max_time: Timestamp(max),
            max_observed: Timestamp(seen),
            text_bytes,
            column_bytes: self.raw.len() as u32,
            stored_bytes: (self.columns.len() + self.text.len()) as u32,
            levels,
            templates: set(&mut self.rows.iter().map(|r| r.template.0)),
            sources: set(&mut self.rows.iter().map(|r| r.source.0)),
            components: set(&mut self.components.iter().map(|c| component_id(c))),
        }
    }
}

fn compress(zstd: &mut Compressor<'static>, data: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    out.clear();
    out.reserve(zstd::zstd_safe::compress_bound(data.len()));
    zstd.compress_to_buffer(data, out)?;
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

    fn decompress(&mut self, data: &[u8], size: u32, most: usize) -> std::result::Result<Vec<u8>, String> {
        let size = size as usize;
        if size > most {
            return Err(format!("declared size of {size} bytes"));
        }
        let raw = self.0.decompress(data, size).map_err(|e| e.to_string())?;
        if raw.len() == size { Ok(raw) } else { Err(format!("{} bytes instead of {size}", raw.len())) }
    }

    /// The texts of all records, one after the other.
    pub(crate) fn text(&mut self, stored: &Stored) -> Result<String> {
        let raw = self.decompress(&stored.text, stored.header.text_bytes, MAX_TEXT);
        let text = raw.and_then(|r| String::from_utf8(r).map_err(|e| e.to_string()));
        text.map_err(|what| damaged(stored.header.first, &what))
    }

    /// The fixed parts.
    pub(crate) fn rows(&mut self, stored: &Stored) -> Result<Rows> {
        let header = &stored.header;
        let raw = self
            .decompress(&stored.columns, header.column_bytes, MAX_TEXT)
            .map_err(|what| damaged(header.first, &what))?;
        columns::decode(&raw, header.count as usize)
            .filter(|r| r.text_bytes == header.text_bytes)
            .ok_or_else(|| damaged(header.first, "columns that make no sense"))
    }
}

pub(crate) fn damaged(first: RecordId, what: &str) -> StoreError {
    StoreError::corrupt("reading the archive", format!("chunk at {first}: {what}"))
}

#[cfg(test)]
mod tests;
