//! Vector stores behind one trait: where the vectors of texts are kept and compared, when that is not the archive's own
//! database. A vector is named by the content of its text; the texts themselves never leave the archive.

mod pinecone;
mod postgres;
mod qdrant;
mod rest;
#[cfg(test)]
mod tests;

pub use pinecone::Pinecone;
pub use postgres::{Postgres, check_postgres_address};
pub use qdrant::Qdrant;

use aiobs_types::ContentHash;
use futures_util::future::BoxFuture;
use thiserror::Error;

/// Why a vector store does not do what it is asked, one line, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VectorError {
    /// The address or the configuration makes no sense.
    #[error("vector store {place}: {what}")]
    Bad {
        /// Where.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// Nobody answers.
    #[error("no vector store at {place} ({reason}); vectors by words answer until it is there")]
    Unreachable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// It said no.
    #[error("the vector store at {place} refused ({status}): {message}")]
    Refused {
        /// Where.
        place: String,
        /// HTTP status, or SQLSTATE.
        status: String,
        /// What it said.
        message: String,
    },
    /// Something that is no answer.
    #[error("the vector store at {place} sent something unexpected: {what}")]
    Protocol {
        /// Where.
        place: String,
        /// What.
        what: String,
    },
}

/// Most characters of a server's words that are told.
const TOLD: usize = 240;

/// Result of everything here.
pub(crate) type Result<T> = std::result::Result<T, VectorError>;
/// The vector of a text.
pub type Point = (ContentHash, Vec<f32>);

/// Some vectors in a fixed order, and where the next ones begin; `None` at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Vectors.
    pub points: Vec<Point>,
    /// To be handed to the next call.
    pub next: Option<String>,
}

/// Keeps vectors of one model.
pub trait VectorStore: Send + Sync {
    /// Where, for people, without secrets.
    fn place(&self) -> &str;
    /// Whether it runs on this machine.
    fn is_local(&self) -> bool;
    /// How many vectors it has of this model.
    fn count(&self) -> BoxFuture<'_, Result<u64>>;
    /// Which of these it has.
    fn known(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<Vec<ContentHash>>>;
    /// Stores vectors; one of the same content replaces the earlier. Makes what it needs the first time.
    fn put(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>>;
    /// Forgets vectors; those it does not have are no error.
    fn remove(&self, contents: Vec<ContentHash>) -> BoxFuture<'_, Result<()>>;
    /// The nearest by cosine, nearest first; with `among`, only of those.
    fn near(
        &self,
        query: Vec<f32>,
        among: Option<Vec<ContentHash>>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(ContentHash, f64)>>>;
    /// All vectors, page by page.
    fn page(&self, after: Option<String>, limit: usize) -> BoxFuture<'_, Result<Page>>;
}

/// How far moving vectors is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Vectors copied.
    pub copied: u64,
    /// Vectors that were there already.
    pub there: u64,
    /// All that are to be there in the end, as counted in the beginning.
    pub all: u64,
}

/// Copies every vector from one store to another, in pages; what is there already is not sent again. `heard` is told in
/// the beginning and after every page, and says whether to go on. What it was told last is returned.
///
/// # Errors
/// The first fault of either; what was copied stays, and calling it again goes on.
pub async fn migrate(
    from: &dyn VectorStore,
    to: &dyn VectorStore,
    heard: &mut (dyn FnMut(Moved) -> bool + Send),
) -> Result<Moved> {
    const PAGE: usize = 100;
    let mut moved = Moved { all: from.count().await?, ..Moved::default() };
    let mut after = None;
    while heard(moved) {
        let page = from.page(after, PAGE).await?;
        let known = to.known(page.points.iter().map(|(c, _)| *c).collect()).await?;
        let new: Vec<Point> = page.points.into_iter().filter(|(c, _)| !known.contains(c)).collect();
        let copied = new.len() as u64;
        if !new.is_empty() {
            to.put(new).await?;
        }
        moved.there += known.len() as u64;
        moved.copied += copied;
        after = page.next;
        if after.is_none() {
            heard(moved);
            break;
        }
    }
    Ok(moved)
}

/// A server's words on one line, without what would steer a terminal.
pub(crate) fn told(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let flat: String = flat.chars().filter(|c| !c.is_control()).take(TOLD).collect();
    if flat.is_empty() { "no reason given".to_owned() } else { flat }
}

/// A content as the stores name it: a UUID's form, which all of them take.
pub(crate) fn id_of(content: ContentHash) -> String {
    let hex = format!("{:032x}", content.0);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Contents as the stores name them: to store, to remove, and what a search is narrowed to.
pub(crate) fn ids_of(contents: &[ContentHash]) -> Vec<String> {
    contents.iter().map(|c| id_of(*c)).collect()
}

/// The content of such a name; `None` for a vector that somebody else put there.
pub(crate) fn content_of(id: &str) -> Option<ContentHash> {
    let hex: String = id.chars().filter(|c| *c != '-').collect();
    (hex.len() == 32).then(|| u128::from_str_radix(&hex, 16).ok().map(ContentHash))?
}

/// A name that every store takes: `base` and the model, small letters, digits and dashes.
pub fn collection_name(base: &str, model: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("{base}-{model}").chars().map(plain).collect()
}
