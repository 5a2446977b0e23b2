//! A person's word on a diagnosis: what retrieval, memory and evaluation learn from.

use crate::{IncidentId, Timestamp};
use serde::{Deserialize, Serialize};

/// How right a diagnosis was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The cause was what it said.
    Right,
    /// Something of it was.
    Partly,
    /// It was something else.
    Wrong,
}

impl Judgement {
    /// All, best first.
    pub const ALL: [Self; 3] = [Self::Right, Self::Partly, Self::Wrong];

    /// Lower-case word for people and for the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Partly => "partly",
            Self::Wrong => "wrong",
        }
    }

    /// The judgement of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|j| j.name() == name)
    }
}

/// A person's word on a diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The incident whose diagnosis was judged.
    pub incident: IncidentId,
    /// Number of the diagnosis, 0 when it is not known which one was on the screen.
    pub diagnosis: u64,
    /// How right it was.
    pub judgement: Judgement,
    /// Whether the fix was applied; `None` when nobody said.
    pub applied: Option<bool>,
    /// What it really was, or another word; may be empty.
    pub note: String,
    /// When it was said, wall time.
    pub time: Timestamp,
}

impl Verdict {
    /// A judgement alone.
    pub fn of(incident: IncidentId, judgement: Judgement, time: Timestamp) -> Self {
        Self { incident, diagnosis: 0, judgement, applied: None, note: String::new(), time }
    }

    /// Whether the diagnosis was right as a whole; `None` when only in part.
    pub fn is_right(&self) -> Option<bool> {
        match self.judgement {
            Judgement::Right => Some(true),
            Judgement::Partly => None,
            Judgement::Wrong => Some(false),
        }
    }

    /// In words, such as `partly right, fix applied: the pool was too small`.
    pub fn words(&self) -> String {
        let mut out = match self.judgement {
            Judgement::Partly => "partly right".to_owned(),
            other => other.name().to_owned(),
        };
        match self.applied {
            Some(true) => out.push_str(", fix applied"),
            Some(false) => out.push_str(", fix not applied"),
            None => {}
        }
        if !self.note.is_empty() {
            out.push_str(": ");
            out.push_str(&self.note);
        }
        out
    }
}
