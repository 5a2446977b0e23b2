//! What was found damaged and left out, told once for each chunk and not with every question. Filled by the readers,
//! listened to by the program; knows nothing of who shows it.

use crate::header::ChunkHeader;
use aiobs_types::RecordId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type Listener = Box<dyn Fn(&str) + Send + Sync>;

/// The damage that all readers of a store have met so far.
#[derive(Clone, Default)]
pub(crate) struct Damage(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Number of records by the first of their chunk.
    chunks: Mutex<BTreeMap<RecordId, u32>>,
    listener: OnceLock<Listener>,
}

impl std::fmt::Debug for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chunks.fmt(f)
    }
}

impl Damage {
    /// A chunk's bytes make no sense, or what its row says of it does not.
    pub(crate) fn met(&self, header: &ChunkHeader, what: &str) {
        let (first, last) = (header.first, header.last());
        let mut chunks = self.0.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        if chunks.insert(first, header.count).is_some() {
            return;
        }
        let (records, places) = (chunks.values().map(|n| u64::from(*n)).sum::<u64>(), chunks.len());
        drop(chunks);
        tracing::warn!("records {first} to {last} are damaged and left out: {what}");
        if let Some(tell) = self.0.listener.get() {
            let where_ = if places == 1 { format!("{first} to {last}") } else { format!("{places} places") };
            tell(&format!("the archive is damaged: {records} records ({where_}) cannot be read and are left out"));
        }
    }

    /// Who is told, in one sentence, of all there is so far whenever more is met; the first one stays.
    pub(crate) fn listen(&self, tell: impl Fn(&str) + Send + Sync + 'static) {
        // A store has one program.
        let _ = self.0.listener.set(Box::new(tell));
    }
}
