//! One connection to PostgreSQL that was looked over: pgvector is there, and the table, if there is one, is ours. Asks and
//! answers with texts and numbers only, so that it works wherever the extension's types are. Used by the store.

use super::address::Address;
use super::fault::fault;
use super::tls::Tls;
use crate::vectors::{Result, VectorError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row};

/// The server itself gives a statement up after `STATEMENT`; we wait a little longer.
const PATIENCE: Duration = Duration::from_secs(35);
const STATEMENT: &str = "30s";
/// Candidates that an approximate search looks at; it finds no more than these.
pub(super) const CANDIDATES: usize = 200;

/// A value with its type.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// See the module.
pub(super) struct Session {
    client: Client,
    place: String,
    /// The schema of the extension's types, quoted.
    pub(super) types: String,
    /// Whether the extension knows HNSW indexes (0.5 and newer).
    pub(super) hnsw: bool,
    /// Whether the table is there.
    pub(super) ready: AtomicBool,
    /// The connection broke; the client may not have heard of it yet.
    lost: AtomicBool,
}

impl Session {
    /// Connects and looks whether everything is as it must be for `table` (quoted).
    pub(super) async fn open(address: &Address, table: &str) -> Result<Self> {
        let client = connect(address).await?;
        let set = format!("SET statement_timeout = '{STATEMENT}'; SET hnsw.ef_search = {CANDIDATES}");
        client.batch_execute(&set).await.map_err(|e| fault(&address.place, &e))?;
        let mut session = Self {
            client,
            place: address.place.clone(),
            types: String::new(),
            hnsw: false,
            ready: AtomicBool::new(false),
            lost: AtomicBool::new(false),
        };
        session.look_for_extension().await?;
        session.look_at_table(table).await?;
        Ok(session)
    }

    /// Whether it can still be asked.
    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed() && !self.lost.load(Ordering::Relaxed)
    }

    /// The rows of one statement; `None` when its table is not there.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Vec<Row>>> {
        match tokio::time::timeout(PATIENCE, self.client.query_typed(sql, values)).await {
            Ok(Ok(rows)) => Ok(Some(rows)),
            Ok(Err(e)) if e.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                self.ready.store(false, Ordering::Relaxed);
                Ok(None)
            }
            Ok(Err(e)) => {
                // What is no answer, or the last word of a server that ends.
                if e.code().is_none_or(|c| c.code().starts_with("57P")) {
                    self.lost.store(true, Ordering::Relaxed);
                }
                Err(fault(&self.place, &e))
            }
            Err(_) => {
                self.lost.store(true, Ordering::Relaxed);
                let reason = format!("no answer within {} s", PATIENCE.as_secs());
                Err(VectorError::Unreachable { place: self.place.clone(), reason })
            }
        }
    }

    /// As [`Session::rows`], with something that is no table's.
    async fn catalog(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        Ok(self.rows(sql, values).await?.unwrap_or_default())
    }

    /// A column of a row.
    pub(super) fn get<'r, T: tokio_postgres::types::FromSql<'r>>(&self, row: &'r Row, column: usize) -> Result<T> {
        row.try_get(column)
            .map_err(|e| VectorError::Protocol { place: self.place.clone(), what: format!("column {column}: {e}") })
    }

    fn bad(&self, what: String) -> VectorError {
        VectorError::Bad { place: self.place.clone(), what }
    }

    async fn look_for_extension(&mut self) -> Result<()> {
        let sql = "SELECT quote_ident(n.nspname), EXISTS (SELECT 1 FROM pg_am WHERE amname = 'hnsw') \
                   FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'";
        let found = self.catalog(sql, &[]).await?;
        let Some(row) = found.first() else { return Err(self.without_extension().await?) };
        (self.types, self.hnsw) = (self.get(row, 0)?, self.get(row, 1)?);
        Ok(())
    }

    /// What is missing, and who can mend it.
    async fn without_extension(&self) -> Result<VectorError> {
        let sql = "SELECT current_database()::text, current_setting('server_version_num')::int / 10000, \
                   (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()), \
                   (SELECT bool_or(trusted) FROM pg_available_extension_versions WHERE name = 'vector')";
        let found = self.catalog(sql, &[]).await?;
        let Some(row) = found.first() else { return Ok(self.bad("pgvector is missing".to_owned())) };
        let (database, version, owner): (String, i32, Option<String>) =
            (self.get(row, 0)?, self.get(row, 1)?, self.get(row, 2)?);
        // NULL: the files of the extension are not on the server.
        let trusted: Option<bool> = self.get(row, 3)?;
        let who = match (trusted, owner) {
            (Some(true), Some(owner)) => format!("as {owner}, its owner, or as a superuser"),
            _ => "as a superuser".to_owned(),
        };
        let install = match trusted {
            Some(_) => String::new(),
            None => format!(
                "the server does not have pgvector: install it there (package postgresql-{version}-pgvector on Debian and Ubuntu); "
            ),
        };
        let enable = format!("run `CREATE EXTENSION vector` in the database {database}, {who}");
        Ok(self.bad(format!(
            "{install}{}{enable}",
            if install.is_empty() { "pgvector is not enabled: " } else { "then " }
        )))
    }

    /// Whether the table is there and ours; sets `ready`.
    pub(super) async fn look_at_table(&self, table: &str) -> Result<()> {
        let sql = "SELECT a.attname::text, t.typname::text, EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid \
                   AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) \
                   FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
                   WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
        let found = self.catalog(sql, &[(&table, Type::TEXT)]).await?;
        let mut columns = Vec::with_capacity(found.len());
        for row in &found {
            columns.push((self.get::<String>(row, 0)?, self.get::<String>(row, 1)?, self.get::<bool>(row, 2)?));
        }
        let has = |name: &str, kind: &str, unique: bool| {
            columns.iter().any(|(n, k, u)| n == name && k == kind && (*u || !unique))
        };
        let ours = has("content", "uuid", true) && has("vector", "vector", false);
        if !ours && !columns.is_empty() {
            let found: Vec<String> = columns.iter().map(|(name, kind, _)| format!("{name} {kind}")).collect();
            return Err(self.bad(format!(
                "there is a table {table} that is not for vectors of aiobs: it has {}, not a unique `content uuid` and \
                 `vector vector`; name another in knowledge.collection",
                found.join(", ")
            )));
        }
        self.ready.store(!columns.is_empty(), Ordering::Relaxed);
        Ok(())
    }
}

/// A connection that answers; it is served until the client is dropped.
pub(super) async fn connect(address: &Address) -> Result<Client> {
    let told = |e: tokio_postgres::Error| fault(&address.place, &e);
    let opening = async {
        if address.encrypted {
            let bad = |what| VectorError::Bad { place: address.place.clone(), what };
            let tls = Tls::new(address.authorities.as_deref()).map_err(bad)?;
            let (client, connection) = address.config.connect(tls).await.map_err(told)?;
            serve(connection);
            Ok(client)
        } else {
            let (client, connection) = address.config.connect(NoTls).await.map_err(told)?;
            serve(connection);
            Ok(client)
        }
    };
    tokio::time::timeout(PATIENCE, opening).await.unwrap_or_else(|_| {
        let reason = format!("no answer within {} s", PATIENCE.as_secs());
        Err(VectorError::Unreachable { place: address.place.clone(), reason })
    })
}

fn serve(connection: impl Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        // What ends it is told to whoever asks next.
        if let Err(e) = connection.await {
            tracing::debug!("a connection to PostgreSQL ended: {e}");
        }
    });
}
