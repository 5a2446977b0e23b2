//! What the program remembers beside records, as texts that can be searched: one [`Document`] per incident, diagnosis,
//! fix, verdict, template, note, and section of a runbook.

use crate::{IncidentId, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// What a document tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// An incident: title, reason, components.
    Incident,
    /// The cause that was found, and what it rests on.
    Diagnosis,
    /// What to do about it.
    Fix,
    /// A person's word on a diagnosis.
    Verdict,
    /// The constant text of log messages.
    Template,
    /// A section of a runbook, post-mortem, decision record or README.
    Runbook,
    /// What a person wrote on a record or an incident.
    Note,
}

impl DocumentKind {
    /// All, in the order of the type.
    pub const ALL: [Self; 7] =
        [Self::Incident, Self::Diagnosis, Self::Fix, Self::Verdict, Self::Template, Self::Runbook, Self::Note];

    /// Lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Diagnosis => "diagnosis",
            Self::Fix => "fix",
            Self::Verdict => "verdict",
            Self::Template => "template",
            Self::Runbook => "runbook",
            Self::Note => "note",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == word)
    }
}

/// Names a text: the same text has the same one everywhere, so that nothing is embedded twice. FNV-1a, 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub u128);

impl ContentHash {
    /// Of these parts, each told apart from the next.
    pub fn of(parts: &[&str]) -> Self {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let mut hash = OFFSET;
        for part in parts {
            // No byte of UTF-8 is 0xff.
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
            }
        }
        Self(hash)
    }
}

/// One text that can be found, and what it is filtered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it tells of.
    pub kind: DocumentKind,
    /// Which one, unique within its kind: a number, or `path#3` for the third section of a file.
    pub key: String,
    /// One line.
    pub title: String,
    /// The rest, plain text or Markdown.
    pub body: String,
    /// Where to read it: `path:line`, a record such as `R12`, or empty.
    pub place: String,
    /// Components it is about.
    pub components: Vec<String>,
    /// Severity, [`Severity`] 0 when it has none.
    pub severity: Severity,
    /// State of its incident, or empty.
    pub state: String,
    /// Class of the error, or empty.
    pub class: String,
    /// When it happened or was written last.
    pub time: Timestamp,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
}

impl Document {
    /// What is embedded: title and body.
    pub fn text(&self) -> String {
        if self.body.is_empty() { self.title.clone() } else { format!("{}\n{}", self.title, self.body) }
    }

    /// Names [`Document::text`].
    pub fn content(&self) -> ContentHash {
        ContentHash::of(&[&self.title, &self.body])
    }

    /// Names everything that is not text: when it differs and the content does not, nothing is embedded again.
    pub fn facts(&self) -> u64 {
        let incident = self.incident.map_or_else(String::new, |i| i.to_string());
        let (severity, time) = (self.severity.0.to_string(), self.time.0.to_string());
        let mut parts = vec![&*self.place, &self.state, &self.class, &severity, &time, &incident];
        parts.extend(self.components.iter().map(String::as_str));
        let ContentHash(hash) = ContentHash::of(&parts);
        (hash >> 64) as u64 ^ hash as u64
    }
}

/// Which documents are asked for. Every part that is set must hold; a document that has no such value does not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentFilter {
    /// One of these kinds; empty is any.
    pub kinds: Vec<DocumentKind>,
    /// About one of these components (upper and lower case do not differ); empty is any.
    pub components: Vec<String>,
    /// At least this severity.
    pub min_severity: Option<Severity>,
    /// At most this severity.
    pub max_severity: Option<Severity>,
    /// Its incident is in one of these states; empty is any.
    pub states: Vec<String>,
    /// Time at or after this.
    pub from: Option<Timestamp>,
    /// Time before this.
    pub to: Option<Timestamp>,
}

impl DocumentFilter {
    /// Whether it asks for every document.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_hash_tells_parts_apart_and_stays_the_same() {
        assert_ne!(ContentHash::of(&["ab", "c"]), ContentHash::of(&["a", "bc"]));
        // Stored in databases: it must never change.
        assert_eq!(ContentHash::of(&["disk full"]).0, ContentHash::of(&["disk full"]).0);
        assert_eq!(ContentHash::of(&[]).0, 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    }

    #[test]
    fn kinds_have_names() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(DocumentKind::parse("incidents"), None);
    }
}
