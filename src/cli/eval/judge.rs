//! Holds what was answered to a case against what is known to be right. Pure: `aiobs eval diagnose` runs the cases.

use super::case::{Case, Kind};
use aiobs_types::{Author, Confidence, Diagnosis};

/// How an answer compares with the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Partly,
    Wrong,
    NoAnswer,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Partly => "partly",
            Self::Wrong => "wrong",
            Self::NoAnswer => "no_answer",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        if let Self::NoAnswer = self { "no answer" } else { self.name() }
    }
}

/// The answer to a question, with the lines and texts that it cites.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Markdown of the answer, then what it cites.
    pub(super) text: String,
    /// Citations.
    pub(super) cited: usize,
}

/// What came of a case: all diagnoses in the order of the report, and the answer if something was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome<'a> {
    pub(super) diagnoses: Vec<&'a Diagnosis>,
    pub(super) told: Option<Told>,
}

impl<'a> Outcome<'a> {
    /// The diagnoses that claim to know a cause.
    pub(super) fn explained(&self) -> Vec<&'a Diagnosis> {
        self.diagnoses.iter().copied().filter(|d| d.author != Author::Facts).collect()
    }

    /// How many of them are at least fairly sure.
    pub(super) fn confident(&self) -> usize {
        self.explained().iter().filter(|d| d.confidence >= Confidence::Medium).count()
    }
}

/// The verdict. Where nothing is wrong or nobody can know why, a confident explanation is a mistake.
pub(super) fn judge(case: &Case, outcome: &Outcome<'_>) -> Verdict {
    if case.kind != Kind::Fault && outcome.confident() > 0 {
        return Verdict::Wrong;
    }
    match &outcome.told {
        Some(told) => answered(case, told),
        None if case.kind == Kind::Fault => explained(case, &outcome.explained()),
        None => Verdict::Right,
    }
}

/// The first explanation of the report is the answer; the right one further down is half of it.
fn explained(case: &Case, explanations: &[&Diagnosis]) -> Verdict {
    let Some((first, others)) = explanations.split_first() else { return Verdict::NoAnswer };
    if fits(case, first) {
        Verdict::Right
    } else if named(first, &case.partly) || others.iter().any(|d| fits(case, d)) {
        Verdict::Partly
    } else {
        Verdict::Wrong
    }
}

/// A playbook is known by its name where one is asked for; whoever writes in their own words, by what they tell.
fn fits(case: &Case, d: &Diagnosis) -> bool {
    let own_words = matches!(d.author, Author::Model { .. }) || case.right.is_empty();
    let told = || found(case, &format!("{}\n{}", d.title, d.cause)) == case.expected.len();
    named(d, &case.right) || own_words && !case.expected.is_empty() && told()
}

fn named(d: &Diagnosis, names: &[String]) -> bool {
    names.iter().any(|name| match &d.author {
        Author::Playbook { id } => id == name || d.error_class == *name,
        Author::Model { .. } | Author::Facts => d.error_class == *name,
    })
}

/// All findings told is right, some of them half of it; without a citation nothing was answered.
fn answered(case: &Case, told: &Told) -> Verdict {
    match found(case, &told.text) {
        n if n == case.expected.len() => Verdict::Right,
        0 if told.cited == 0 => Verdict::NoAnswer,
        0 => Verdict::Wrong,
        _ => Verdict::Partly,
    }
}

/// How many of the expected findings a text tells.
pub(super) fn found(case: &Case, text: &str) -> usize {
    let text = text.to_lowercase();
    let told = |finding: &&String| finding.split('|').any(|phrase| text.contains(&phrase.trim().to_lowercase()));
    case.expected.iter().filter(told).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{Fingerprint, Fix, Grounds, IncidentId, Timestamp};

    fn diagnosis(id: &str, class: &str, confidence: Confidence) -> Diagnosis {
        Diagnosis {
            prompts: Vec::new(),
            grounds: Grounds::default(),
            id: 0,
            incident: IncidentId(1),
            fingerprint: Fingerprint(1),
            created: Timestamp::default(),
            author: if id.is_empty() {
                Author::Model { provider: "ollama".into(), model: "m".into() }
            } else {
                Author::Playbook { id: id.into() }
            },
            title: "Disk".into(),
            cause: "The volume /data has no room left.".into(),
            error_class: class.into(),
            criticality: 5,
            confidence,
            claims: Vec::new(),
            alternatives: Vec::new(),
            fix: Fix::default(),
            summary: String::new(),
            references: Vec::new(),
            notes: Vec::new(),
            trace: None,
        }
    }

    fn case(kind: Kind) -> Case {
        Case {
            name: "c".into(),
            title: "t".into(),
            kind,
            right: vec!["disk-full".into()],
            partly: vec!["http-503-unavailable".into()],
            question: None,
            expected: vec!["volume|partition".into(), "no room | no space".into()],
            logs: Vec::new(),
        }
    }

    fn verdict(case: &Case, list: &[&Diagnosis], told: Option<&str>) -> Verdict {
        let told = told.map(|text| Told { text: text.into(), cited: text.matches('[').count() });
        judge(case, &Outcome { diagnoses: list.to_vec(), told })
    }

    #[test]
    fn the_first_explanation_decides_and_a_later_one_is_half() {
        let right = diagnosis("disk-full", "storage.disk_full", Confidence::High);
        let half = diagnosis("http-503-unavailable", "http.service_unavailable", Confidence::High);
        let other = diagnosis("clock-skew", "time.clock_skew", Confidence::Medium);
        let model = diagnosis("", "unknown", Confidence::Medium);
        let judge = |list: &[&Diagnosis]| verdict(&case(Kind::Fault), list, None);
        assert_eq!(judge(&[&right, &other]), Verdict::Right);
        assert_eq!(judge(&[&other, &right]), Verdict::Partly);
        assert_eq!(judge(&[&half]), Verdict::Partly);
        assert_eq!(judge(&[&other]), Verdict::Wrong);
        assert_eq!(judge(&[&model]), Verdict::Right);
        assert_eq!(judge(&[]), Verdict::NoAnswer);
    }

    #[test]
    fn where_no_playbook_is_named_any_author_is_held_to_the_findings() {
        let by_words = Case { right: Vec::new(), ..case(Kind::Fault) };
        let told = diagnosis("inodes-exhausted", "storage.inodes", Confidence::High);
        assert_eq!(verdict(&by_words, &[&told], None), Verdict::Right);
        let facts = Diagnosis { author: Author::Facts, ..told.clone() };
        assert_eq!(verdict(&by_words, &[&facts], None), Verdict::NoAnswer);
        let vague = Diagnosis { cause: "The volume is slow.".into(), ..told };
        assert_eq!(verdict(&by_words, &[&vague], None), Verdict::Wrong);
    }

    #[test]
    fn an_answer_to_a_question_tells_all_or_some_of_the_findings() {
        let asked = Case { question: Some("why?".into()), ..case(Kind::Fault) };
        let judge = |text: &str| verdict(&asked, &[], Some(text));
        assert_eq!(judge("The Volume has no space [1]"), Verdict::Right);
        assert_eq!(judge("The volume [1]"), Verdict::Partly);
        assert_eq!(judge("It rained [1]"), Verdict::Wrong);
        assert_eq!(judge("Nothing matches."), Verdict::NoAnswer);
    }

    #[test]
    fn where_nothing_is_known_to_be_wrong_confidence_is_a_mistake() {
        let sure = diagnosis("clock-skew", "time.clock_skew", Confidence::Medium);
        let guess = diagnosis("clock-skew", "time.clock_skew", Confidence::Low);
        for kind in [Kind::Healthy, Kind::Unclear] {
            let quiet = Case { right: Vec::new(), expected: Vec::new(), ..case(kind) };
            assert_eq!(verdict(&quiet, &[&sure], None), Verdict::Wrong);
            assert_eq!(verdict(&quiet, &[&guess], None), Verdict::Right);
            let asked = Case { question: Some("is it well?".into()), ..case(kind) };
            assert_eq!(verdict(&asked, &[&sure], Some("volume no room [1]")), Verdict::Wrong);
            assert_eq!(verdict(&asked, &[], Some("volume no room [1]")), Verdict::Right);
        }
    }
}
