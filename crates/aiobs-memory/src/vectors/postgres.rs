//! PostgreSQL with the extension pgvector: one table per model, `content uuid` and `vector vector(n)`. Small tables are
//! searched exactly; from [`INDEXED_FROM`] vectors on there is an HNSW index by cosine (Malkov and Yashunin, 2018), and the
//! search is approximate. Connects when it is first asked, and again when the connection is lost.

mod address;
mod fault;
mod session;
mod tls;

#[cfg(test)]
mod tests;

use super::{Page, Point, Result, VectorError, VectorStore, content_of, id_of, ids_of};
use address::Address;
use aiobs_types::ContentHash;
use fault::fault;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use session::{CANDIDATES, Session, connect};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;
use tokio_postgres::types::Type;

/// From how many vectors on an index is worth its memory and its misses.
const INDEXED_FROM: usize = 10_000;
/// Most numbers of a vector that pgvector's HNSW index takes.
const INDEXED_UP_TO: usize = 2_000;
/// Vectors in one statement.
const BATCH: usize = 500;
/// Longest name of a table; that of its index is five longer, and PostgreSQL cuts at 63.
const LONGEST: usize = 58;

/// See the module.
pub struct Postgres {
    address: Address,
    /// Name of the table, as it is.
    table: String,
    session: Mutex<Option<Arc<Session>>>,
    /// Nothing is to be done about an index any more.
    settled: AtomicBool,
    indexed_from: usize,
}

/// Whether this is an address of PostgreSQL that can be used; the error says in one line why not.
///
/// # Errors
/// What is wrong.
pub fn check_postgres_address(text: &str) -> std::result::Result<(), String> {
    Address::parse(text).map(drop)
}

impl Postgres {
    /// The table for `collection` in the database at `url`; `password` is its user's, when the server wants one. Nothing
    /// is opened yet.
    ///
    /// # Errors
    /// [`VectorError::Bad`] when the address makes no sense.
    pub fn new(url: &str, collection: &str, password: Option<&str>) -> Result<Self> {
        let mut address =
            Address::parse(url).map_err(|what| VectorError::Bad { place: "pgvector".to_owned(), what })?;
        if let Some(password) = password {
            address.config.password(password);
        }
        Ok(Self {
            address,
            table: table_name(collection),
            session: Mutex::new(None),
            settled: AtomicBool::new(false),
            indexed_from: INDEXED_FROM,
        })
    }

    fn quoted(&self) -> String {
        format!("\"{}\"", self.table)
    }

    /// The connection, opened or opened anew.
    async fn session(&self) -> Result<Arc<Session>> {
        let mut held = self.session.lock().await;
        if let Some(session) = held.as_ref().filter(|s| s.is_open()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::open(&self.address, &self.quoted()).await?);
        *held = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn create(&self, session: &Session, dimensions: usize) -> Result<()> {
        if session.ready.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {} (content uuid PRIMARY KEY, vector {}.vector({dimensions}) NOT NULL)",
            self.quoted(),
            session.types
        );
        let made = session.rows(&sql, &[]).await;
        session.look_at_table(&self.quoted()).await?;
        // Another instance that makes it in the same moment is no fault.
        if session.ready.load(Ordering::Relaxed) { Ok(()) } else { made.map(drop) }
    }

    async fn store(&self, session: &Session, points: &[Point]) -> Result<()> {
        // A row can't be replaced twice by one statement; the last one counts.
        let mut last: std::collections::BTreeMap<ContentHash, &[f32]> = std::collections::BTreeMap::new();
        last.extend(points.iter().map(|(content, vector)| (*content, vector.as_slice())));
        let (contents, vectors): (Vec<String>, Vec<String>) =
            last.into_iter().map(|(content, vector)| (id_of(content), written(vector))).unzip();
        let sql = format!(
            "INSERT INTO {} (content, vector) SELECT c, v::{}.vector FROM unnest($1::text[]::uuid[], $2::text[]) AS p(c, v) \
             ON CONFLICT (content) DO UPDATE SET vector = excluded.vector",
            self.quoted(),
            session.types
        );
        let values = [(&contents as _, Type::TEXT_ARRAY), (&vectors as _, Type::TEXT_ARRAY)];
        let gone = || VectorError::Protocol {
            place: self.address.place.clone(),
            what: format!("the table {} is gone", self.table),
        };
        session.rows(&sql, &values).await?.map(drop).ok_or_else(gone)
    }

    /// Makes the index once there are many. Without one everything is found all the same, only slower: what prevents it is
    /// logged, not an error.
    async fn index(&self, session: &Session, dimensions: usize) -> Result<()> {
        if !session.hnsw || dimensions > INDEXED_UP_TO || self.settled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) t", self.quoted(), self.indexed_from);
        if self.counted(session, &sql).await? < self.indexed_from as u64 {
            return Ok(());
        }
        self.settled.store(true, Ordering::Relaxed);
        let sql = format!(
            "CREATE INDEX IF NOT EXISTS \"{}_hnsw\" ON {} USING hnsw (vector {}.vector_cosine_ops)",
            self.table,
            self.quoted(),
            session.types
        );
        // On a connection of its own: it takes its time, and searches go on meanwhile.
        let made = match connect(&self.address).await {
            Ok(client) => client.batch_execute(&sql).await.map_err(|e| fault(&self.address.place, &e)),
            Err(e) => Err(e),
        };
        if let Err(e) = made {
            tracing::warn!("no index for {}: {e}", self.table);
        }
        Ok(())
    }

    async fn counted(&self, session: &Session, sql: &str) -> Result<u64> {
        let Some(rows) = session.rows(sql, &[]).await? else { return Ok(0) };
        let Some(row) = rows.first() else { return Ok(0) };
        Ok(session.get::<i64>(row, 0)?.max(0) as u64)
    }

    /// The statement that searches: with `among`, and beyond what the index would look at, by comparing all.
    fn searching(&self, types: &str, among: bool, limit: usize) -> String {
        let table = self.quoted();
        let distance = format!("vector OPERATOR({types}.<=>) $1::text::{types}.vector");
        let (first, from) = if among || limit > CANDIDATES {
            let holds = if among { "WHERE content = ANY($3::text[]::uuid[])" } else { "" };
            (
                format!("WITH candidates AS MATERIALIZED (SELECT content, vector FROM {table} {holds}) "),
                "candidates".to_owned(),
            )
        } else {
            (String::new(), table)
        };
        format!("{first}SELECT content::text, 1 - ({distance}) FROM {from} ORDER BY {distance} LIMIT $2")
    }
}

/// The name of the table for a collection: small letters, digits and `_`, of a length that PostgreSQL keeps.
fn table_name(collection: &str) -> String {
    let name = collection.replace('-', "_");
    if name.len() <= LONGEST {
        return name;
    }
    let hash = format!("{:032x}", ContentHash::of(&[collection]).0);
    let kept: String = name.chars().take(LONGEST - 17).collect();
    format!("{kept}_{}", &hash[..16])
}

/// A vector as pgvector reads it.
fn written(vector: &[f32]) -> String {
    let mut text = String::with_capacity(2 + vector.len() * 12);
    for (n, x) in vector.iter().enumerate() {
        let _ = write!(text, "{}{x:e}", if n == 0 { '[' } else { ',' });
    }
    if vector.is_empty() {
        text.push('[');
    }
    text.push(']');
    text
}

impl VectorStore for Postgres {
    fn place(&self) -> &str {
        &self.address.place
    }

    fn is_local(&self) -> bool {
        self.address.local
    }

    fn count(&self) -> BoxFuture<'_, Result<u64>> {
        async move {
            let session = self.session().await?;
            self.counted(&session, &format!("SELECT count(*) FROM {}", self.quoted())).await
        }
        .boxed()
    }

    fn known(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<Vec<ContentHash>>> {
        async move {
            let session = self.session().await?;
            let names = ids_of(&contents);
            let sql = format!("SELECT content::text FROM {} WHERE content = ANY($1::text[]::uuid[])", self.quoted());
            let rows = session.rows(&sql, &[(&names, Type::TEXT_ARRAY)]).await?.unwrap_or_default();
            let mut found = Vec::with_capacity(rows.len());
            for row in &rows {
                found.extend(content_of(session.get(row, 0)?));
            }
            Ok(found)
        }
        .boxed()
    }

    fn put(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>> {
        async move {
            let Some((_, first)) = points.first() else { return Ok(()) };
            let session = self.session().await?;
            self.create(&session, first.len()).await?;
            for some in points.chunks(BATCH) {
                self.store(&session, some).await?;
            }
            self.index(&session, first.len()).await
        }
        .boxed()
    }

    fn remove(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<()>> {
        async move {
            let session = self.session().await?;
            let names = ids_of(&contents);
            let sql = format!("DELETE FROM {} WHERE content = ANY($1::text[]::uuid[])", self.quoted());
            session.rows(&sql, &[(&names, Type::TEXT_ARRAY)]).await.map(drop)
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
            let session = self.session().await?;
            let sql = self.searching(&session.types, among.is_some(), limit);
            let (query, limit) = (written(&query), limit as i64);
            let among = among.map(|a| ids_of(&a));
            let mut values: Vec<session::Value<'_>> = vec![(&query, Type::TEXT), (&limit, Type::INT8)];
            if let Some(among) = &among {
                values.push((among, Type::TEXT_ARRAY));
            }
            let rows = session.rows(&sql, &values).await?.unwrap_or_default();
            let mut found = Vec::with_capacity(rows.len());
            for row in &rows {
                // A vector without a direction is like nothing.
                let score: f64 = session.get(row, 1)?;
                found.extend(content_of(session.get(row, 0)?).filter(|_| score.is_finite()).map(|c| (c, score)));
            }
            Ok(found)
        }
        .boxed()
    }

    fn page(&self, after: Option<String>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        async move {
            let session = self.session().await?;
            let sql = format!(
                "SELECT content::text, vector::real[] FROM {} WHERE $1::text IS NULL OR content > $1::text::uuid \
                 ORDER BY content LIMIT $2",
                self.quoted()
            );
            let most = limit as i64;
            let rows = session.rows(&sql, &[(&after, Type::TEXT), (&most, Type::INT8)]).await?.unwrap_or_default();
            let mut page = Page::default();
            for row in &rows {
                page.points.extend(content_of(session.get(row, 0)?).zip(Some(session.get(row, 1)?)));
            }
            page.next = page.points.last().filter(|_| rows.len() == limit).map(|(content, _)| id_of(*content));
            Ok(page)
        }
        .boxed()
    }
}
