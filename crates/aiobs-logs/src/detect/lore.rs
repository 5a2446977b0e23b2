//! Faults known by what is said of them: somebody's lore, such as playbooks, asked about the statements of records that
//! state no level or a bad one and that no error pattern knows. A statement is asked about once, and its records have
//! the answer. The report asks; who knows the faults is the program's business.

use super::config::Join;
use super::pattern::Pattern;
use aiobs_types::{Severity, TemplateId};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

/// Wordings of several lines that are remembered; then all are forgotten.
const SEVERAL: usize = 4_096;

/// A fault that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFault {
    /// Name in fingerprints, stable.
    pub id: String,
    /// Few plain words.
    pub title: String,
    /// Least severity of its records.
    pub severity: Severity,
    /// The user's own: whoever wrote it wants to see what it finds.
    pub own: bool,
}

/// Who knows faults.
pub trait Lore: Send {
    /// The fault that this message tells of. Must say the same of the same message.
    fn recognise(&self, message: &str, component: &str, source: &str) -> Option<KnownFault>;
}

/// What is known of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Memo {
    #[default]
    Unasked,
    /// No fault.
    Nothing,
    /// This one, whatever the values.
    Always(u16),
    /// This one, if the words of the message say so.
    Words(u16),
    /// This one, if its numbers say so: a disk at 97 %, but not at 41 %.
    Numbers(u16),
}

/// Asks, and remembers.
#[derive(Default)]
pub(super) struct Known {
    lore: Option<Box<dyn Lore>>,
    faults: Vec<Pattern>,
    /// By template.
    memos: Vec<Memo>,
    /// By the wording of records of several lines.
    several: HashMap<u64, Option<u16>, FixedState>,
    calm: String,
}

impl Known {
    pub(super) fn set(&mut self, lore: Box<dyn Lore>) {
        self.lore = Some(lore);
        self.memos.clear();
        self.several.clear();
    }

    /// Whether the records of a template are known to tell of nothing.
    #[inline]
    pub(super) fn is_calm(&self, template: TemplateId) -> bool {
        self.lore.is_none() || self.memos.get(template.0 as usize) == Some(&Memo::Nothing)
    }

    pub(super) fn at(&self, fault: u16) -> &Pattern {
        &self.faults[usize::from(fault)]
    }

    /// The fault that a record tells of. `text` is its template's, which speaks for its first line only.
    pub(super) fn find(&mut self, template: TemplateId, text: &str, message: &str, place: (&str, &str)) -> Option<u16> {
        let (component, source) = place;
        let lore = self.lore.as_ref()?;
        if message.contains('\n') {
            with_digit(message, '0', &mut self.calm);
            let wording = FixedState::default().hash_one((&self.calm, component, source));
            if let Some(known) = self.several.get(&wording) {
                return *known;
            }
            let fault = lore.recognise(&self.calm, component, source).and_then(|told| self.numbered(told));
            if self.several.len() >= SEVERAL {
                self.several.clear();
            }
            self.several.insert(wording, fault);
            return fault;
        }
        let at = template.0 as usize;
        if self.memos.len() <= at {
            self.memos.resize(at + 1, Memo::default());
        }
        let is = |message: &str, fault: u16| {
            let id = &self.faults[usize::from(fault)].id;
            lore.recognise(message, component, source).is_some_and(|t| t.id == *id).then_some(fault)
        };
        match self.memos[at] {
            Memo::Nothing => None,
            Memo::Always(fault) => Some(fault),
            Memo::Words(fault) => {
                with_digit(message, '0', &mut self.calm);
                is(&self.calm, fault)
            }
            Memo::Numbers(fault) => is(message, fault),
            Memo::Unasked => self.learn(at, text, message, place),
        }
    }

    /// Asks about a statement.
    fn learn(&mut self, at: usize, text: &str, message: &str, (component, source): (&str, &str)) -> Option<u16> {
        let lore = self.lore.as_ref()?;
        let mut ask = |digit| {
            with_digit(message, digit, &mut self.calm);
            lore.recognise(&self.calm, component, source)
        };
        let (told, by_words) = ask('0').map_or_else(|| (ask('9'), false), |told| (Some(told), true));
        let Some(told) = told else {
            self.memos[at] = Memo::Nothing;
            return None;
        };
        let same = |message: &str| lore.recognise(message, component, source).is_some_and(|t| t.id == told.id);
        let (always, said) = (by_words && same(text), by_words || same(message));
        let fault = self.numbered(told)?;
        self.memos[at] = match (always, by_words) {
            (true, _) => Memo::Always(fault),
            (_, true) => Memo::Words(fault),
            _ => Memo::Numbers(fault),
        };
        said.then_some(fault)
    }

    /// The fault by its place in the list of those met.
    fn numbered(&mut self, told: KnownFault) -> Option<u16> {
        let fault = self.faults.iter().position(|f| f.id == told.id).unwrap_or(self.faults.len());
        if fault == self.faults.len() {
            self.faults.push(pattern(told));
        }
        u16::try_from(fault).ok()
    }
}

fn pattern(told: KnownFault) -> Pattern {
    let KnownFault { id, title, severity, own } = told;
    Pattern { id, title, severity: severity.max(Severity::WARN), join: Join::Target, strong: true, own }
}

/// The message with another digit for each of a number, as a status or a size may be another one in the next record.
/// Digits that follow letters in one word (`E11000`) are a name's, and stay.
fn with_digit(message: &str, digit: char, out: &mut String) {
    out.clear();
    let mut named = false;
    for c in message.chars() {
        named = c.is_ascii_alphabetic() || (named && c.is_ascii_digit());
        out.push(if c.is_ascii_digit() && !named { digit } else { c });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Few(Arc<AtomicU32>);

    impl Lore for Few {
        fn recognise(&self, message: &str, _: &str, _: &str) -> Option<KnownFault> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let id =
                ["disk at", "E11000", "status 503", "inodes 99"].into_iter().find(|said| message.contains(said))?;
            Some(KnownFault { id: id.into(), title: id.into(), severity: Severity::INFO, own: false })
        }
    }

    fn known() -> (Known, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let mut known = Known::default();
        known.set(Box::new(Few(Arc::clone(&asked))));
        (known, asked)
    }

    #[test]
    fn a_statement_is_asked_about_once() {
        let (mut known, asked) = known();
        let mut find = |id, text: &str, message: &str| known.find(TemplateId(id), text, message, ("", ""));
        assert!(find(1, "disk at <num> %", "disk at 97 %").is_some());
        assert!(find(2, "all is well", "all is well").is_none());
        let before = asked.load(Ordering::Relaxed);
        assert!(find(1, "disk at <num> %", "disk at 98 %").is_some());
        assert!(find(2, "all is well", "all is well").is_none());
        assert_eq!(asked.load(Ordering::Relaxed), before);
        assert!(known.is_calm(TemplateId(2)) && !known.is_calm(TemplateId(1)) && !known.is_calm(TemplateId(3)));
        assert_eq!(known.at(0).severity, Severity::WARN, "an anomaly is a warning at least");
    }

    #[test]
    fn of_several_lines_each_record_is_asked() {
        let (mut known, _) = known();
        let mut find = |message: &str| known.find(TemplateId(4), "Events:", message, ("", "")).is_some();
        assert!(!find("Events:\n  all is well"));
        assert!(find("Events:\n  disk at 97 %"));
        assert!(!find("Events:"));
    }

    #[test]
    fn a_number_alone_is_no_fault_but_a_name_with_digits_is() {
        let (mut known, _) = known();
        let mut find = |id, text: &str, message: &str| known.find(TemplateId(id), text, message, ("", ""));
        assert!(find(1, "answered with status <num>", "answered with status 503").is_none());
        assert!(find(2, "E11000 duplicate", "E11000 duplicate").is_some());
    }

    #[test]
    fn a_number_that_is_high_is_one() {
        let (mut known, _) = known();
        let mut find = |message: &str| known.find(TemplateId(3), "inodes <num> %", message, ("", "")).is_some();
        assert!(!find("inodes 41 %"));
        assert!(find("inodes 99 %"));
        assert!(!find("inodes 42 %"));
    }

    #[test]
    fn where_the_values_say_it_each_record_is_asked() {
        let (mut known, _) = known();
        let mut find = |message: &str| known.find(TemplateId(7), "<str> <str>", message, ("", ""));
        assert!(find("disk at").is_some());
        assert!(find("disk in").is_none());
        assert!(find("disk at").is_some());
    }
}
