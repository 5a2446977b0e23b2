//! What was learnt, found again: documents made from incidents, diagnoses, fixes, verdicts, templates, notes and
//! knowledge folders, their embeddings, and search by words and vectors together. Used by the program's runtime and
//! commands; it knows the store, and neither the pipeline nor the screen.

mod chunk;
mod collect;
mod embed;
mod fill;
mod folders;
mod fuse;
mod lexicon;
mod names;
mod search;
mod similar;
mod stem;
#[cfg(test)]
mod testing;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
mod vectors;
mod words;

pub use chunk::{Chunk, chunks};
pub use collect::{collect, of_incident};
pub use embed::{BATCH, EmbedError, Embedder, LOCAL_DIMENSIONS, LOCAL_MODEL, ServedEmbedder, cosine, local};
pub use fill::{Engine, FillError, Heard, Progress, Put, embed, plan};
pub use folders::{Folders, Scan};
pub use fuse::{Fused, fuse};
pub use names::{stems, terms};
pub use search::{Hit, Mode, Near, Question, embed_question, near, search};
pub use similar::{ENOUGH, Likeness, Profile, Remedy, at_most, likeness, remedy};
pub use vectors::{
    Moved, Page, Pinecone, Point, Postgres, Qdrant, VectorError, VectorStore, check_postgres_address, collection_name,
    migrate,
};
pub use words::{Word, words};
