//! What is known of a chunk without decompressing it: enough to leave most chunks out of most queries.

use aiobs_types::{Level, RecordId, Timestamp};

/// Number of severity levels; counts are in the order of [`Level::ALL`].
pub const LEVELS: usize = Level::ALL.len();

/// More distinct values than this are summarised by a bloom filter.
const EXACT_MAX: usize = 192;
/// Bytes of a bloom filter: 4,096 bits.
const BLOOM_BYTES: usize = 512;
const EXACT: u8 = 0;
const BLOOM: u8 = 1;

/// A set of numbers that may answer "perhaps" for one that is not in it, never "no" for one that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdSet(Vec<u8>);

impl IdSet {
    /// Sorts and empties `ids`.
    pub(crate) fn from_ids(ids: &mut Vec<u32>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let bytes = if ids.len() <= EXACT_MAX {
            let mut bytes = vec![EXACT];
            bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
            bytes
        } else {
            let mut bytes = vec![0; 1 + BLOOM_BYTES];
            bytes[0] = BLOOM;
            for bit in ids.iter().flat_map(|&id| bloom_bits(id)) {
                bytes[1 + bit / 8] |= 1 << (bit % 8);
            }
            bytes
        };
        ids.clear();
        Self(bytes)
    }

    pub(crate) const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `id` may be in the set. Bytes that make no sense answer yes.
    pub(crate) fn may_contain(&self, id: u32) -> bool {
        match self.0.split_first() {
            Some((&EXACT, ids)) => ids.chunks_exact(4).any(|c| c == id.to_le_bytes()),
            Some((&BLOOM, bits)) if bits.len() == BLOOM_BYTES => {
                bloom_bits(id).iter().all(|&bit| bits[bit / 8] & (1 << (bit % 8)) != 0)
            }
            _ => true,
        }
    }
}

/// Two bits per number, from the halves of a multiplicative hash (Kirsch and Mitzenmacher, "Less hashing, same
/// performance", 2006).
fn bloom_bits(id: u32) -> [usize; 2] {
    let h = (u64::from(id) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    [(h >> 52) as usize, (h >> 40) as usize & 0xFFF]
}

/// Number that stands for a component's name in an [`IdSet`], the same for all ways to write it in upper and lower
/// case. FNV-1a, because it is stored and must never change.
pub(crate) fn component_id(name: &str) -> u32 {
    let fold = |h: u32, b: u8| (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
    name.chars().flat_map(char::to_lowercase).fold(0x811C_9DC5, |h, c| {
        let mut utf8 = [0; 4];
        c.encode_utf8(&mut utf8).bytes().fold(h, fold)
    })
}

/// Header of one chunk of consecutive records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    /// Id of the first record; the others follow without a gap.
    pub first: RecordId,
    /// Number of records, at least 1.
    pub count: u32,
    /// False for a block of the tail, which a later commit replaces by a sealed chunk with the same records.
    pub sealed: bool,
    /// Earliest event time.
    pub min_time: Timestamp,
    /// Latest event time.
    pub max_time: Timestamp,
    /// Latest observed time.
    pub max_observed: Timestamp,
    /// Bytes of text.
    pub text_bytes: u32,
    /// Bytes of the columns before compression.
    pub(crate) column_bytes: u32,
    /// Bytes stored.
    pub stored_bytes: u32,
    /// Records per level, in the order of [`Level::ALL`].
    pub levels: [u32; LEVELS],
    pub(crate) templates: IdSet,
    pub(crate) sources: IdSet,
    pub(crate) components: IdSet,
    /// How the blobs are laid out.
    pub(crate) format: u8,
}

impl ChunkHeader {
    /// Id of the last record.
    pub const fn last(&self) -> RecordId {
        RecordId(self.first.0.saturating_add(self.count as u64).saturating_sub(1))
    }

    /// Whether the record is in this chunk.
    pub const fn holds(&self, id: RecordId) -> bool {
        self.first.0 <= id.0 && id.0 <= self.last().0
    }
}
