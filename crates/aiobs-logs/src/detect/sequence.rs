//! Steps that did not come: after a statement about a request, session or job usually comes another one about the same
//! (`order 7 created`, then `order 7 paid`), and for several of them it does not. What usually comes next is learnt as a
//! workflow of templates by identifier, in the manner of Lou et al. ("Mining Invariants from Console Logs for System
//! Problem Detection", USENIX ATC 2010) with the next step only. The pipeline shows it finished batches; statements that
//! carry no identifier cost one look into a table. All tables are bounded.

mod keep;
mod steps;
#[cfg(test)]
mod tests;

use super::gist;
use super::keep::Dues;
use super::report::{fnv, hash_words, short_name, titled};
use crate::idents::{each_ident, value_of};
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, RecordBatch, RecordId, RecordView, Severity, SourceId, TemplateId, Timestamp,
};
use memchr::memmem::Finder;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use steps::{Missing, Steps};

const SECOND: i64 = 1_000_000_000;
/// Records of a template that are looked at before it is decided whether it carries an identifier.
const TRIED: u8 = 16;
/// Of them, so many must carry one under the same name.
const CARRY: u8 = 14;
/// Steps of a template after which it is judged whether its identifiers come again.
const JUDGED: u32 = 2_048;
/// Of them, one in so many must be of an identifier that other statements have too.
const AGAIN: u32 = 64;
/// Identifiers followed at the same time; beyond it new ones are not.
const OPEN: usize = 16_384;
/// Statements whose next step is learnt.
const STATEMENTS: usize = 4_096;
/// Template numbers beyond this carry nothing: the miner hands out fewer.
const MOST_IDS: usize = 1 << 20;
/// Time of a source in which nobody recorded anything is no time to miss something in.
const GAP: i64 = 60 * SECOND;

/// What is known of a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Carries {
    #[default]
    Unasked,
    /// So many records seen, of which so many carried an identifier of this key.
    Asked(u8, u8, u64),
    /// An identifier of this key.
    Yes(u64),
    No,
}

/// Where an identifier stands.
#[derive(Clone, Copy, Debug)]
struct Open {
    template: TemplateId,
    time: Timestamp,
    record: RecordId,
    /// Its next step is missed from here on.
    due: Timestamp,
}

/// A statement with what comes after it.
#[derive(Debug)]
struct Statement {
    steps: Steps,
    /// When an identifier came to it last, event time.
    last: Timestamp,
    dues: Dues,
}

/// One source: its time, and its identifiers by when they are to be looked at.
#[derive(Debug, Default)]
struct Line {
    now: Timestamp,
    waiting: BinaryHeap<Reverse<(Timestamp, u64)>>,
}

/// A step that usually comes and did not.
#[derive(Debug)]
pub struct Skipped {
    /// The statement after which it usually comes.
    pub after: TemplateId,
    /// The one that usually comes.
    pub next: TemplateId,
    /// Where.
    pub source: SourceId,
    component: String,
    missing: Missing,
}

/// See the module. One owner.
#[derive(Debug, Default)]
pub struct Sequences {
    carries: Vec<Carries>,
    /// By template: steps, and those of them that led from or to another statement.
    tally: Vec<(u32, u32)>,
    /// The names of identifiers, by their hash.
    names: HashMap<u64, Finder<'static>, foldhash::fast::FixedState>,
    open: HashMap<u64, Open, foldhash::fast::FixedState>,
    lines: HashMap<SourceId, Line>,
    steps: HashMap<(SourceId, TemplateId), Statement>,
    /// Names of blobs to be forgotten.
    gone: Vec<String>,
}

impl Sequences {
    /// Follows the identifiers in the records of a batch, and returns what is missed.
    pub fn observe(&mut self, batch: &RecordBatch) -> Vec<Skipped> {
        let mut found = Vec::new();
        let (mut source, mut now, mut due) = (SourceId::default(), Timestamp(i64::MIN), Timestamp(i64::MAX));
        for (i, row) in batch.rows().iter().enumerate() {
            if row.source != source || i == 0 {
                self.reach(source, now, &mut found);
                source = row.source;
                now = self.lines.get(&source).map_or(row.time, |l| l.now);
                due = self.next_due(source);
            }
            if row.time.since(now) > GAP {
                self.forget(source);
            }
            now = now.max(row.time);
            if now >= due {
                self.reach(source, now, &mut found);
                due = self.next_due(source);
            }
            let at = row.template.0 as usize;
            let carries = self.carries.get(at).copied().unwrap_or_default();
            if carries == Carries::No || row.template == TemplateId::default() {
                continue;
            }
            let view = batch.view(i);
            if let Some(id) = self.ident(&view, carries, at) {
                self.step(&view, id);
                due = self.next_due(source);
            }
        }
        self.reach(source, now, &mut found);
        found
    }

    fn next_due(&self, source: SourceId) -> Timestamp {
        self.lines.get(&source).and_then(|l| l.waiting.peek()).map_or(Timestamp(i64::MAX), |Reverse((t, _))| *t)
    }

    /// Nobody knows what came in between.
    fn forget(&mut self, source: SourceId) {
        if let Some(line) = self.lines.get_mut(&source) {
            for Reverse((_, id)) in line.waiting.drain() {
                self.open.remove(&id);
            }
        }
    }

    /// The identifier of a record, as a hash, when its template carries one.
    fn ident(&mut self, view: &RecordView<'_>, carries: Carries, at: usize) -> Option<u64> {
        if let Carries::Yes(key) = carries {
            let value = value_of(view.text, self.names.get(&key)?)?;
            return Some(identity(key, view.meta.source, value));
        }
        let mut first = None;
        let wanted = if let Carries::Asked(_, _, key) = carries { Some(key) } else { None };
        each_ident(view.text, &mut |ident| {
            let key = fnv(6, ident.key.as_bytes());
            let fits = wanted.is_none_or(|w| w == key);
            if fits {
                first = Some((key, ident.key));
            }
            !fits
        });
        if at >= self.carries.len() {
            if at >= MOST_IDS {
                return None;
            }
            self.grow(at);
        }
        if let Some((key, name)) = first {
            self.names.entry(key).or_insert_with(|| Finder::new(name).into_owned());
        }
        self.carries[at] = match (carries, first) {
            (Carries::Unasked, Some((key, _))) => Carries::Asked(1, 1, key),
            (Carries::Asked(seen, had, key), found) if seen < TRIED => {
                Carries::Asked(seen + 1, had + u8::from(found.is_some()), key)
            }
            (Carries::Asked(_, had, key), _) if had >= CARRY => Carries::Yes(key),
            _ => Carries::No,
        };
        None
    }

    fn grow(&mut self, at: usize) {
        self.carries.resize((at + 1).next_power_of_two(), Carries::Unasked);
        self.tally.resize(self.carries.len(), (0, 0));
    }

    /// Counts a step. A template whose identifiers no other statement has is followed no longer: nothing is learnt of it.
    fn count(&mut self, template: TemplateId, before: Option<TemplateId>) {
        let led = before.filter(|b| *b != template);
        if let Some((_, again)) = led.and_then(|b| self.tally.get_mut(b.0 as usize)) {
            *again += 1;
        }
        let at = template.0 as usize;
        let Some((steps, again)) = self.tally.get_mut(at) else { return };
        *steps += 1;
        *again += u32::from(led.is_some());
        if *steps == JUDGED {
            if *again * AGAIN < *steps {
                self.carries[at] = Carries::No;
            }
            (*steps, *again) = (0, 0);
        }
    }

    /// An identifier comes to a statement.
    fn step(&mut self, view: &RecordView<'_>, id: u64) {
        let meta = &view.meta;
        let key = (meta.source, meta.template);
        let before = self.open.get(&id).copied();
        self.count(meta.template, before.map(|b| b.template));
        if let Some(before) = before {
            // The same again is no step: it goes on.
            if before.template == meta.template {
                return;
            }
            if let Some(from) = self.steps.get_mut(&(meta.source, before.template)) {
                from.steps.came(meta.template, before.time, meta.time);
            }
        } else if self.open.len() >= OPEN {
            return;
        }
        if !self.steps.contains_key(&key) {
            if self.steps.len() >= STATEMENTS {
                return;
            }
            let steps = Steps::new(view.component, meta.time);
            self.steps.insert(key, Statement { steps, last: meta.time, dues: Dues::default() });
        }
        let Some(statement) = self.steps.get_mut(&key) else { return };
        statement.last = statement.last.max(meta.time);
        statement.dues.meet();
        let due = meta.time.plus(statement.steps.patience(meta.time));
        self.open.insert(id, Open { template: meta.template, time: meta.time, record: view.id, due });
        if before.is_none() {
            let line = self.lines.entry(meta.source).or_default();
            line.waiting.push(Reverse((due, id)));
        }
    }

    /// Time in a source has come so far: who has waited long enough.
    fn reach(&mut self, source: SourceId, now: Timestamp, found: &mut Vec<Skipped>) {
        let Some(line) = self.lines.get_mut(&source) else { return };
        line.now = line.now.max(now);
        while let Some(Reverse((at, id))) = line.waiting.peek().copied() {
            if at > line.now {
                break;
            }
            line.waiting.pop();
            let Some(open) = self.open.get(&id).copied() else { continue };
            if open.due > line.now {
                line.waiting.push(Reverse((open.due, id)));
                continue;
            }
            self.open.remove(&id);
            let Some(Statement { steps, .. }) = self.steps.get_mut(&(source, open.template)) else { continue };
            if let Some((next, missing)) = steps.missed(open.record, open.time, open.due) {
                let component = steps.component().to_owned();
                found.push(Skipped { after: open.template, next, source, component, missing });
            }
        }
    }

    /// Templates asked about, identifiers followed and statements known.
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.carries.len(), self.open.len(), self.steps.len())
    }
}

/// An identifier as a number: the same value under the same name in one source.
fn identity(key: u64, source: SourceId, value: &str) -> u64 {
    fnv(key ^ u64::from(source.0), value.as_bytes())
}

impl Skipped {
    /// One sentence without its full stop. `after` and `next` are the texts of the templates.
    pub fn sentence(&self, after: &str, next: &str, source_name: &str) -> String {
        let who = if self.component.is_empty() { short_name(source_name) } else { &self.component };
        let m = &self.missing;
        let waited = if m.waited < 120 { format!("{} s", m.waited.max(1)) } else { format!("{} min", m.waited / 60) };
        format!(
            "{} logged \"{}\" {} times within {} min without \"{}\" following within {waited}; it did after {} of {} before",
            gist::plain(who, 80),
            gist::quote(after),
            m.lately,
            (m.within / 60).max(1),
            gist::quote(next),
            m.completed,
            m.total
        )
    }

    /// As an anomaly.
    pub fn anomaly(&self, after: &str, next: &str, source_name: &str) -> Anomaly {
        let who = if self.component.is_empty() { short_name(source_name) } else { &self.component };
        let (Fingerprint(a), Fingerprint(b)) = (hash_words("after", after), hash_words("next", next));
        Anomaly {
            detector: DetectorKind::Sequence,
            fingerprint: Fingerprint(fnv(a.rotate_left(9) ^ b, b"sequence")),
            kin: None,
            title: gist::title_of(&format!("Does not follow any more: {}", titled(next, next))),
            reason: self.sentence(after, next, source_name) + ".",
            severity: Severity::WARN,
            record: self.missing.record,
            time: self.missing.time,
            source: self.source,
            template: self.after,
            component: gist::plain(who, 120),
            likelihood: None,
            alarm: true,
        }
    }
}
