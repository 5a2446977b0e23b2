//! Vector stores behind one trait: where the vectors of texts are kept and compared, when that is not the archive's own
//! database. A vector is named by the content of its text; the texts themselves never leave the archive.

mod pinecone;
mod qdrant;
mod rest;
#[cfg(test)]
mod tests;

pub use pinecone::Pinecone;
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
        /// HTTP status.
        status: u16,
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

/// Copies every vector from one store to another, in pages; what is there already is not sent again. Returns how many
/// were copied and how many were there. `heard` is told after every page.
///
/// # Errors
/// The first fault of either; calling it again goes on.
pub async fn migrate(
    from: &dyn VectorStore,
    to: &dyn VectorStore,
    heard: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(u64, u64)> {
    const PAGE: usize = 100;
    let (mut copied, mut there) = (0, 0);
    let mut after = None;
    loop {
        let page = from.page(after, PAGE).await?;
        let known = to.known(page.points.iter().map(|(c, _)| *c).collect()).await?;
        there += known.len() as u64;
        let new: Vec<Point> = page.points.into_iter().filter(|(c, _)| !known.contains(c)).collect();
        copied += new.len() as u64;
        if !new.is_empty() {
            to.put(new).await?;
        }
        after = page.next;
        if !heard(copied, there) || after.is_none() {
            return Ok((copied, there));
        }
    }
}

/// A content as the stores name it: a UUID's form, which all of them take.
pub(crate) fn id_of(content: ContentHash) -> String {
    let hex = format!("{:032x}", content.0);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
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
