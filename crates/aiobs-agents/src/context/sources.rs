//! What the marks `[n]` of an answer may lead to: lines and texts in the order in which a model was shown them. Used by the
//! chat and its tools; it knows no model.

use super::evidence::Exhibit;
use aiobs_types::{Citation, CitedText, Document};

/// Characters of a text that are kept with the answer that cites it.
const KEPT: usize = 4_000;

/// See the module. Numbers count from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sources(Vec<Citation>);

impl Sources {
    /// Lines, then texts.
    pub(crate) fn new(lines: &[Exhibit], texts: &[Document]) -> Self {
        let mut sources = Self(lines.iter().map(|e| Citation::Record(e.record.id)).collect());
        sources.0.extend(texts.iter().map(cited));
        sources
    }

    /// The number of a line, a new one when it has none.
    pub(crate) fn line(&mut self, exhibit: &Exhibit) -> usize {
        self.of(Citation::Record(exhibit.record.id))
    }

    /// The number of a text, a new one when it has none.
    pub(crate) fn text(&mut self, document: &Document) -> usize {
        self.of(cited(document))
    }

    /// The number of a citation, a new one when it has none.
    pub(crate) fn of(&mut self, citation: Citation) -> usize {
        if let Some(n) = self.number(&citation) {
            return n;
        }
        self.0.push(citation);
        self.0.len()
    }

    /// The number of something.
    pub(crate) fn number(&self, citation: &Citation) -> Option<usize> {
        self.0.iter().position(|c| c == citation).map(|i| i + 1)
    }

    /// All, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Citation> {
        self.0.iter()
    }

    /// What a number leads to.
    pub(crate) fn get(&self, number: usize) -> Option<&Citation> {
        self.0.get(number.checked_sub(1)?)
    }
}

/// A text as an answer cites it.
fn cited(d: &Document) -> Citation {
    let mut text: String = d.body.chars().take(KEPT).collect();
    if text.len() < d.body.len() {
        text.push_str(" ...");
    }
    Citation::Text(Box::new(CitedText {
        kind: d.kind.name().to_owned(),
        title: d.title.clone(),
        place: d.place.clone(),
        text,
        incident: d.incident,
    }))
}
