//! SQLite storage: the log archive (compressed chunks with headers that let a query skip them), checkpoints, and
//! the tables of templates, incidents, diagnoses, spans, metrics and chat, the outbox of what remotes are sent, and the documents that can be found by meaning. The pipeline writes through one
//! [`Writer`]; the screen, the chain and the commands read through as many [`Reader`]s as they like. It knows
//! neither the screen nor any model.

mod answers;
mod bytes;
mod chunk;
mod codec;
mod columns;
mod damage;
mod departures;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod grids;
mod header;
mod histogram;
mod judged;
mod kept;
mod lock;
mod lookup;
mod marked;
mod matcher;
mod memory;
mod outbox;
mod reader;
mod retain;
mod rows;
mod scan;
mod schema;
mod sql;
mod store;
mod talk;
mod timeorder;
mod timescan;
mod writer;

pub use answers::AnswerStats;
pub use chunk::DecodedChunk;
pub use departures::Ledger;
pub use error::{Result, StoreError};
pub use grids::{Columns, Heat, HeatCell, TemplateTrend};
pub use header::{ChunkHeader, LEVELS};
pub use histogram::{Axis, Detail, Parts};
pub use judged::{PendingRun, PendingStage};
pub use lookup::ArchiveInfo;
pub use matcher::Matcher;
pub use memory::{DocumentMark, Found, MemoryChange, StoredVector, normalized};
pub use outbox::{OutboxEntry, OutboxRow, OutboxState};
pub use reader::Reader;
pub use retain::{RetainReport, Retention};
pub use scan::{ChunkHits, QueryStats};
pub use sql::{
    ReadFilter, SQL_FUNCTIONS, SQL_TABLES, Sql, SqlColumn, SqlControl, SqlDone, SqlError, SqlLimits, SqlSink, SqlTable,
};
pub use store::{OpenReport, Store};
pub use timeorder::{Keys, Load, Stretch, TimeKey, nth, rank, walk};
pub use timescan::TimeStep;
pub use writer::{Commit, CommitReport, Writer};

/// One borrowed record in a query's callback.
pub type RecordRef<'a> = aiobs_types::RecordView<'a>;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
