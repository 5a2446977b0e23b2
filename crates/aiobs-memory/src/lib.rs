//! What was learnt, found again: documents made from incidents, diagnoses, fixes, verdicts, templates, notes and
//! knowledge folders, their embeddings, and search by words and vectors together. Used by the program's runtime and
//! commands; it knows the store, and neither the pipeline nor the screen.

mod chunk;
mod embed;
mod fuse;
mod lexicon;
mod search;
mod stem;
mod words;

pub use chunk::{Chunk, chunks};
pub use embed::{BATCH, EmbedError, Embedder, LOCAL_DIMENSIONS, LOCAL_MODEL, OllamaEmbedder, cosine, local};
pub use fuse::{Fused, fuse};
pub use search::{Hit, Mode, Question, embed_question, search};
pub use words::{Word, stems, words};
