//! The archive as a vector store, for moving vectors into and out of it.

use aiobs_memory::{Page, Point, VectorError, VectorStore, cosine};
use aiobs_store::{MemoryChange, Reader, Store, StoreError, StoredVector, Writer};
use aiobs_types::ContentHash;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

type Result<T> = std::result::Result<T, VectorError>;

/// See the module. Holds the archive open for writing.
pub struct Archived {
    inner: Mutex<(Reader, Writer)>,
    /// Its lock.
    _store: Store,
    model: String,
    place: String,
}

impl Archived {
    /// The vectors of one model in this data directory.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(dir: &Path, model: &str) -> std::result::Result<Self, StoreError> {
        let (store, _) = Store::open(dir)?;
        let inner = Mutex::new((store.reader()?, store.writer()?));
        let place = format!("the archive in {}", dir.display());
        Ok(Self { inner, _store: store, model: model.to_owned(), place })
    }

    fn with<T>(&self, work: impl FnOnce(&Reader, &mut Writer) -> std::result::Result<T, StoreError>) -> Result<T> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (reader, writer) = &mut *inner;
        work(reader, writer).map_err(|e| VectorError::Bad { place: self.place.clone(), what: e.to_string() })
    }

    fn all(&self) -> Result<Vec<StoredVector>> {
        self.with(|reader, _| reader.vectors(&self.model, None, usize::MAX >> 1))
    }
}

impl VectorStore for Archived {
    fn place(&self) -> &str {
        &self.place
    }

    fn is_local(&self) -> bool {
        true
    }

    fn count(&self) -> BoxFuture<'_, Result<u64>> {
        async move { self.with(|reader, _| reader.vector_count(&self.model)) }.boxed()
    }

    fn known(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<Vec<ContentHash>>> {
        async move { self.with(|reader, _| reader.with_vector(&self.model, &contents)) }.boxed()
    }

    fn put(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>> {
        async move {
            let stored = |(content, vector): Point| StoredVector { model: self.model.clone(), content, vector };
            let vectors = points.into_iter().map(stored).collect();
            self.with(|_, writer| writer.put_memory(&MemoryChange { vectors, ..MemoryChange::default() }))
        }
        .boxed()
    }

    fn remove(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<()>> {
        async move {
            let gone = contents.into_iter().map(|c| (self.model.clone(), c)).collect();
            self.with(|_, writer| writer.put_memory(&MemoryChange { forget: gone, ..MemoryChange::default() }))
        }
        .boxed()
    }

    fn near(
        &self,
        query: Vec<f32>,
        among: Option<Vec<ContentHash>>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(ContentHash, f64)>>> {
        async move {
            let query = aiobs_store::normalized(query);
            let mut found: Vec<(ContentHash, f64)> = self
                .all()?
                .into_iter()
                .filter(|v| v.vector.len() == query.len() && among.as_ref().is_none_or(|a| a.contains(&v.content)))
                .map(|v| (v.content, cosine(&query, &v.vector)))
                .collect();
            found.sort_by(|a, b| b.1.total_cmp(&a.1));
            found.truncate(limit);
            Ok(found)
        }
        .boxed()
    }

    fn page(&self, after: Option<String>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        async move {
            let after = after.and_then(|a| a.parse().ok()).map(ContentHash);
            let page = self.with(|reader, _| reader.vectors(&self.model, after, limit))?;
            let next = page.last().filter(|_| page.len() == limit).map(|v| v.content.0.to_string());
            Ok(Page { points: page.into_iter().map(|v| (v.content, v.vector)).collect(), next })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::runtime::memory::wait;

    #[test]
    fn vectors_go_in_come_out_in_pages_and_go_away() {
        let dir = tempfile::tempdir().unwrap();
        let store = Archived::open(dir.path(), "m").unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|t| ContentHash::of(&[t]));
        wait(async {
            store.put(vec![(a, vec![1.0, 0.0]), (b, vec![0.6, 0.8]), (c, vec![0.0, 2.0])]).await.unwrap();
            let known = store.known(vec![b, ContentHash(5), a]).await.unwrap();
            assert_eq!(known, [b, a]);
            assert_eq!(store.count().await.unwrap(), 3);
            let near = store.near(vec![1.0, 0.1], None, 2).await.unwrap();
            assert_eq!(near.iter().map(|n| n.0).collect::<Vec<_>>(), [a, b]);
            let near = store.near(vec![1.0, 0.1], Some(vec![c]), 2).await.unwrap();
            assert_eq!(near.len(), 1);
            let first = store.page(None, 2).await.unwrap();
            let second = store.page(first.next.clone(), 2).await.unwrap();
            assert_eq!((first.points.len(), second.points.len(), second.next), (2, 1, None));
            store.remove(vec![a]).await.unwrap();
            assert_eq!(store.known(vec![a, b]).await.unwrap(), [b]);
        })
        .unwrap();
        assert!(matches!(Archived::open(dir.path(), "m"), Err(StoreError::InUse { .. })), "it holds the lock");
    }
}
