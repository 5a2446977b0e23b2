//! Past incidents like one, why they are alike, and what helped then. Pure.

use crate::embed::local::{cosine, embed};
use crate::words::words;
use aiobs_types::{Diagnosis, Incident};
use std::fmt;

/// From this likeness on, naming a past incident helps.
pub const ENOUGH: f64 = 0.5;
/// What the words, a common component and the same class of error count.
const WORDS: f64 = 0.7;
const COMPONENT: f64 = 0.15;
const CLASS: f64 = 0.3;
/// Most words given as a reason.
const NAMED: usize = 4;

/// What an incident is compared by; made once for many comparisons.
#[derive(Clone, Debug)]
pub struct Profile {
    words: Vec<(String, String)>,
    vector: Vec<f32>,
    components: Vec<String>,
    class: String,
}

impl Profile {
    /// Of an incident, the text of its template (empty when unknown), and its diagnosis.
    pub fn of(incident: &Incident, template: &str, diagnosis: Option<&Diagnosis>) -> Self {
        let mut said: Vec<(String, String)> =
            words(&incident.title).into_iter().map(|w| (w.stem, w.folded)).filter(|(_, w)| w.len() > 2).collect();
        said.sort();
        said.dedup_by(|a, b| a.0 == b.0);
        Self {
            words: said,
            vector: embed(&format!("{}\n{template}", incident.title)),
            components: incident.components.clone(),
            class: diagnosis.map(|d| d.error_class.clone()).unwrap_or_default(),
        }
    }
}

impl Profile {
    /// With the class of error that its diagnosis gives it.
    #[must_use]
    pub fn with_class(self, class: &str) -> Self {
        Self { class: class.to_owned(), ..self }
    }
}

/// What the likeness can be at most, whatever the diagnoses say.
pub fn at_most(a: &Profile, b: &Profile) -> f64 {
    likeness(a, b).score + CLASS
}

/// How alike two incidents are, and in what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likeness {
    /// 0 to 1.
    pub score: f64,
    /// Words of both titles.
    pub words: Vec<String>,
    /// Components of both.
    pub components: Vec<String>,
    /// The class of error of both.
    pub class: Option<String>,
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons = Vec::new();
        if !self.words.is_empty() {
            reasons.push(format!("words {}", self.words.join(", ")));
        }
        if !self.components.is_empty() {
            reasons.push(format!("component {}", self.components.join(", ")));
        }
        if let Some(class) = &self.class {
            reasons.push(format!("class {class}"));
        }
        if reasons.is_empty() {
            return f.write_str("similar wording");
        }
        write!(f, "same {}", reasons.join("; "))
    }
}

/// Compares.
pub fn likeness(a: &Profile, b: &Profile) -> Likeness {
    let words: Vec<String> = a
        .words
        .iter()
        .filter(|(stem, _)| b.words.iter().any(|(s, _)| s == stem))
        .map(|(_, word)| word.clone())
        .take(NAMED)
        .collect();
    let components: Vec<String> = a.components.iter().filter(|c| b.components.contains(c)).cloned().collect();
    let class = (!a.class.is_empty() && a.class == b.class).then(|| a.class.clone());
    let score = WORDS * cosine(&a.vector, &b.vector).max(0.0)
        + if components.is_empty() { 0.0 } else { COMPONENT }
        + if class.is_some() { CLASS } else { 0.0 };
    Likeness { score: score.min(1.0), words, components, class }
}

/// What helped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The step that lasts, else the first one.
    pub text: String,
    /// Whether a person said that the diagnosis was right; else it is advice.
    pub confirmed: bool,
}

/// What helped in a past incident; nothing when a person said that its diagnosis was wrong.
pub fn remedy(diagnosis: Option<&Diagnosis>, verdict: Option<bool>) -> Option<Remedy> {
    let fix = &diagnosis.filter(|_| verdict != Some(false))?.fix;
    let text = fix.lasting.first().or_else(|| fix.now.first())?.clone();
    Some(Remedy { text, confirmed: verdict == Some(true) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(title: &str, component: &str) -> Profile {
        let incident = Incident { title: title.into(), components: vec![component.into()], ..Incident::default() };
        Profile::of(&incident, "", None)
    }

    #[test]
    fn the_same_fault_elsewhere_is_alike_and_another_one_is_not() {
        let now = profile("Database refuses connections", "orders");
        let same = likeness(&now, &profile("Database refused the connection (pool <num>)", "payments"));
        assert!(same.score >= ENOUGH, "{same:?}");
        assert_eq!(same.to_string(), "same words connections, database, refuses");
        let other = likeness(&now, &profile("TLS certificate expires soon", "orders"));
        assert!(other.score < ENOUGH, "{other:?}");
        assert_eq!(other.components, ["orders"]);
        let numbers = likeness(&profile("12 <num>", "a"), &profile("34 <num>", "b"));
        assert!(numbers.score < ENOUGH, "{numbers:?}");
    }
}
