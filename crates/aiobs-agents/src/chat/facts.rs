//! The facts of a question: counts, first and last occurrence, what changed, what was like it before. They are what an
//! answer without a model says, and what a model is told up front. Blocking; knows no model.

use super::expiry::{self, Expiry};
use super::intent::{Asked, Intent};
use super::measures::By;
use super::parties::Parties;
use super::phrase::ENTRIES;
use super::ranking::Ranking;
use crate::context::readable::readable;
use crate::context::{Exhibit, Why};
use crate::{Archive, ArchiveError, PastIncident, PatternChange, Tally};
use aiobs_types::{Incident, Level, LogQuery, Order, RecordId, TextMatch, Timestamp};
use std::collections::{HashMap, HashSet};

pub(crate) const MINUTE: i64 = 60_000_000_000;
/// The newest record is this old at most for a question to be about now; else about the end of the archive.
const FRESH: i64 = 60 * MINUTE;
/// Stretches that are compared when the question names none.
const STRETCH: i64 = 60 * MINUTE;
/// What is looked at for whether it goes on.
pub(crate) const RECENT: i64 = 5 * MINUTE;
/// Patterns handed on.
const PATTERNS: usize = 6;
/// Kinds of lines told by their counts.
const TOP: usize = 8;
/// Newest lines read for accounts and addresses, and for when something expires.
const READ: usize = 2_000;
/// Newest lines read for what ranks.
const RANKED: usize = 20_000;
/// Kinds of lines that say when something expires.
const EXPIRIES: usize = 5;
/// Lines about changes made by people.
const DEPLOYS: usize = 5;
/// Words of lines that tell of changes.
const CHANGES: &str = r"(?i)\b(deploy|rollout|rolled|releas|restart|reload|migrat|upgrad|config(uration)? chang|version:? v?[0-9]|scal(ed|ing))";

/// One look into the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The query, in the filter language.
    pub(crate) query: String,
    /// What matched.
    pub(crate) count: u64,
    /// Whether all of it was counted.
    pub(crate) complete: bool,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    pub(crate) asked: Asked,
    /// Event time of the last record, or the time of the question when that is about the same.
    pub(crate) now: Timestamp,
    /// Event time of the newest record.
    pub(crate) newest: Option<Timestamp>,
    /// Whether `now` is the end of an archive that is older than the question.
    pub(crate) old: bool,
    /// The stretch looked at, when there is one.
    pub(crate) range: Option<(Timestamp, Timestamp)>,
    /// What was counted, and the counts.
    pub(crate) subject: Option<(Look, Tally)>,
    /// Its first and last record: indices into the lines of the answer.
    pub(crate) ends: (Option<usize>, Option<usize>),
    /// The same in the stretch of equal length before.
    pub(crate) before: Option<Tally>,
    /// From when on what is compared with was counted.
    pub(crate) against: Option<Timestamp>,
    /// Event time of the oldest record.
    pub(crate) oldest: Option<Timestamp>,
    /// Components without any of what was counted, when the question asks for such.
    pub(crate) without: Option<Vec<String>>,
    /// Names and times by rank, when the question asks for such.
    pub(crate) ranking: Option<Ranking>,
    /// The slowest lines: indices.
    pub(crate) slowest: Vec<(i64, usize)>,
    /// What lines say of when something expires, with the index of the newest of each kind.
    pub(crate) expiries: Vec<(Expiry, usize)>,
    /// Of the last five minutes, and of the five before.
    pub(crate) recent: Option<(u64, u64)>,
    /// Templates that appeared or surged, with their example's index into the lines.
    pub(crate) patterns: Vec<(PatternChange, Option<usize>)>,
    /// Kinds of lines that come most often: how often, and the index of the newest.
    pub(crate) top: Vec<(u64, usize)>,
    /// Lines that tell of changes: indices.
    pub(crate) deploys: Vec<usize>,
    /// Accounts and addresses of the newest lines, when the question is after such.
    pub(crate) parties: Option<Parties>,
    /// Indices of the first records of components, in their order, when the question asks who was first.
    pub(crate) firsts: Vec<Option<usize>>,
    /// Whether what was counted is by words of the question.
    pub(crate) worded: bool,
    /// Earlier incidents like the one asked about.
    pub(crate) past: Vec<PastIncident>,
    /// Words of the question that no line holds.
    pub(crate) unknown: Vec<String>,
    /// Words that stand in lines, but in none together with those that were counted.
    pub(crate) dropped: Vec<String>,
    /// How many of the incidents found the question speaks of, from the first on.
    pub(crate) fitting: usize,
    /// Every look, in order.
    pub(crate) looks: Vec<Look>,
}

/// What the facts are about.
pub(crate) struct About<'a> {
    pub(crate) asked: Asked,
    /// Scope and period as a query.
    pub(crate) base: LogQuery,
    /// Conditions of the words that were found in lines, most telling first.
    pub(crate) words: Vec<(String, Vec<LogQuery>)>,
    /// The incident asked about, else the worst in scope.
    pub(crate) incident: Option<&'a Incident>,
    /// Whether the question names that incident.
    pub(crate) named: bool,
    /// Words of the question that no line holds.
    pub(crate) unknown: Vec<String>,
    /// How many of the incidents in scope the question speaks of, from the first on.
    pub(crate) fitting: usize,
}

/// `now` for a question, and whether the archive ends before it.
pub(crate) fn reference(archive: &dyn Archive, now: Timestamp) -> Result<(Timestamp, bool), ArchiveError> {
    let last = archive.extent()?.map_or(now, |(_, last)| last.min(now));
    Ok(if now.since(last) > FRESH { (last, true) } else { (now, false) })
}

struct Gathering<'a> {
    archive: &'a dyn Archive,
    lines: &'a mut Vec<Exhibit>,
    facts: Facts,
}

impl Gathering<'_> {
    fn tally(&mut self, query: &LogQuery) -> Result<(Look, Tally), ArchiveError> {
        let tally = self.archive.tally(query)?;
        let look = Look { query: self.archive.describe(query), count: tally.count, complete: tally.complete };
        self.facts.looks.push(look.clone());
        Ok((look, tally))
    }

    /// Index of a record among the lines, put there when it is not.
    fn line(&mut self, id: RecordId) -> Result<Option<usize>, ArchiveError> {
        if let Some(at) = self.lines.iter().position(|e| e.record.id == id) {
            return Ok(Some(at));
        }
        let Some(record) = self.archive.records(&[id])?.pop() else { return Ok(None) };
        let source = self.archive.source_name(record.source).unwrap_or_default();
        self.lines.push(Exhibit { record, source, why: Why::Across });
        Ok(Some(self.lines.len() - 1))
    }

    /// Counts the subject: all words that are somewhere, fewer when no line has them all.
    fn subject(&mut self, about: &About<'_>) -> Result<LogQuery, ArchiveError> {
        let level = about.asked.level.map(Level::floor);
        let base = LogQuery { min_severity: level.or(about.base.min_severity), ..about.base.clone() };
        for most in (1..=about.words.len()).rev() {
            let any = about.words[..most].iter().map(|(_, any)| any.clone()).collect();
            let query = LogQuery { any, ..base.clone() };
            let found = self.tally(&query)?;
            if found.1.count > 0 {
                self.facts.subject = Some(found);
                self.facts.worded = true;
                self.facts.dropped = about.words[most..].iter().map(|(word, _)| word.clone()).collect();
                return Ok(query);
            }
        }
        let own = about.incident.filter(|i| about.named && i.template.0 > 0);
        let all = about.asked.by.is_some()
            || matches!(about.asked.intent, Intent::HowMany | Intent::Happened | Intent::Compare | Intent::Slowest);
        let mut tries = Vec::new();
        if let Some(incident) = own {
            tries.push(LogQuery { templates: vec![incident.template], ..about.base.clone() });
        }
        if about.asked.level.is_some() || all {
            tries.push(base.clone());
        } else {
            for level in [Level::Error, Level::Warn] {
                tries.push(LogQuery { min_severity: Some(level.floor()), ..base.clone() });
            }
        }
        let last = tries.len().saturating_sub(1);
        for (i, query) in tries.into_iter().enumerate() {
            let found = self.tally(&query)?;
            if found.1.count > 0 || i == last {
                self.facts.subject = Some(found);
                return Ok(query);
            }
        }
        Ok(base)
    }

    fn ends(&mut self) -> Result<(), ArchiveError> {
        let Some((_, tally)) = &self.facts.subject else { return Ok(()) };
        let (first, last) = (tally.first, tally.last);
        let first = first.map(|(_, id)| self.line(id)).transpose()?.flatten();
        let last = last.map(|(_, id)| self.line(id)).transpose()?.flatten();
        self.facts.ends = (first, last);
        Ok(())
    }

    fn top(&mut self, tally: &Tally) -> Result<(), ArchiveError> {
        for (count, id) in tally.by_template().into_iter().take(TOP) {
            let at = self.line(id)?;
            self.facts.top.extend(at.map(|at| (count, at)));
        }
        Ok(())
    }

    /// Who the newest of these lines name.
    fn parties(&mut self, subject: &LogQuery) -> Result<(), ArchiveError> {
        let query = LogQuery { order: Order::NewestFirst, limit: READ, ..subject.clone() };
        let mut parties = Parties::default();
        self.archive.search(&query)?.iter().for_each(|r| parties.read(r.message()));
        self.facts.parties = Some(parties);
        Ok(())
    }

    /// Names and times of the newest of these lines.
    fn ranking(&mut self, subject: &LogQuery) -> Result<(), ArchiveError> {
        let query = LogQuery { order: Order::NewestFirst, limit: RANKED, ..subject.clone() };
        let slow = self.facts.asked.intent == Intent::Slowest;
        let by = self.facts.asked.by.or(slow.then_some(By::Path));
        let ranking = Ranking::of(&self.archive.search(&query)?, by, slow);
        for (time, id) in &ranking.slowest {
            let at = self.line(*id)?;
            self.facts.slowest.extend(at.map(|at| (*time, at)));
        }
        self.facts.ranking = Some(ranking);
        Ok(())
    }

    /// Components that are in scope and not among those counted.
    fn without(&mut self, base: &LogQuery) -> Result<(), ArchiveError> {
        let (_, all) = self.tally(base)?;
        let counted = self.facts.subject.as_ref().map(|(_, t)| t.by_component()).unwrap_or_default();
        let among = |name: &str| name.is_empty() || counted.iter().any(|(c, _)| *c == name);
        let rest = all.by_component().into_iter().filter(|(name, _)| !among(name)).map(|(name, _)| name.to_owned());
        self.facts.without = Some(rest.collect());
        Ok(())
    }

    /// What the newest line of each kind says of when something expires.
    fn expiries(&mut self, subject: &LogQuery) -> Result<(), ArchiveError> {
        let query = LogQuery { order: Order::NewestFirst, limit: READ, ..subject.clone() };
        let mut kinds = HashSet::new();
        for record in self.archive.search(&query)? {
            let Some(found) = expiry::read(record.message(), record.time) else { continue };
            if kinds.len() >= EXPIRIES || !kinds.insert(record.template) {
                continue;
            }
            let at = self.line(record.id)?;
            self.facts.expiries.extend(at.map(|at| (found, at)));
        }
        Ok(())
    }

    /// The first records of components.
    fn firsts(&mut self, tally: &Tally) -> Result<(), ArchiveError> {
        for id in tally.first_records().into_iter().take(ENTRIES) {
            let at = self.line(id)?;
            self.facts.firsts.push(at);
        }
        Ok(())
    }

    /// The stretch that is compared with the one before it.
    fn stretch(&self, about: &About<'_>) -> (Timestamp, Timestamp) {
        if let Some(range) = self.facts.range {
            return range;
        }
        if let Some(i) = about.incident {
            let length = i.last_seen.since(i.first_seen).clamp(0, 10 * MINUTE) + MINUTE;
            let start = i.first_seen.plus(-MINUTE / 2);
            return (start, start.plus(length));
        }
        (self.facts.now.plus(-STRETCH), self.facts.now.plus(1))
    }

    fn patterns(&mut self, from: Timestamp, to: Timestamp) -> Result<(), ArchiveError> {
        // What begins with the archive is new to nobody.
        if self.archive.extent()?.is_none_or(|(first, _)| first >= from) {
            return Ok(());
        }
        let length = to.since(from).max(1);
        let during = self.archive.template_counts(from, to)?;
        let before: HashMap<_, _> = self
            .archive
            .template_counts(from.plus(-length), from)?
            .into_iter()
            .map(|t| (t.template, t.count))
            .collect();
        let mut changes: Vec<PatternChange> = during
            .into_iter()
            .map(|t| PatternChange {
                before: before.get(&t.template).copied().unwrap_or(0),
                new: t.first_seen >= from,
                template: t.template,
                text: t.text,
                during: t.count,
                example: t.example,
            })
            .filter(|p| (p.new || p.during >= 2 * p.before.max(2)) && readable(&p.text))
            .collect();
        let strength = |p: &PatternChange| (p.during as f64 + 1.0) / (p.before as f64 + 1.0);
        changes.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
        for change in changes.into_iter().take(PATTERNS) {
            let at = change.example.map(|id| self.line(id)).transpose()?.flatten();
            self.facts.patterns.push((change, at));
        }
        Ok(())
    }

    /// Changes that were noticed when their lines were read; without any, lines with words of changes.
    fn deploys(&mut self, from: Timestamp, to: Timestamp) -> Result<(), ArchiveError> {
        let before = from.plus(-to.since(from).max(10 * MINUTE));
        let noticed: Vec<RecordId> = self.archive.changes(before, to)?.into_iter().filter_map(|c| c.record).collect();
        for id in noticed.iter().rev().take(DEPLOYS).rev() {
            let at = self.line(*id)?;
            self.facts.deploys.extend(at);
        }
        if !self.facts.deploys.is_empty() {
            return Ok(());
        }
        let text = TextMatch { pattern: CHANGES.into(), regex: true, case_sensitive: true, negate: false };
        let query = LogQuery {
            text: vec![text],
            from: Some(before),
            to: Some(to),
            order: Order::NewestFirst,
            limit: DEPLOYS,
            ..LogQuery::default()
        };
        let found = self.archive.search(&query)?;
        let complete = found.len() < DEPLOYS;
        self.facts.looks.push(Look { query: self.archive.describe(&query), count: found.len() as u64, complete });
        for record in found.into_iter().rev() {
            let at = self.line(record.id)?;
            self.facts.deploys.extend(at);
        }
        Ok(())
    }
}

/// Gathers the facts; records they rest on are added to `lines`.
pub(crate) fn gather(
    about: &About<'_>,
    archive: &dyn Archive,
    now: (Timestamp, bool),
    lines: &mut Vec<Exhibit>,
) -> Result<Facts, ArchiveError> {
    let intent = about.asked.intent;
    let range = about.base.from.zip(about.base.to).filter(|_| !about.named);
    let unknown = about.unknown.clone();
    let extent = archive.extent()?;
    let facts = Facts {
        asked: about.asked.clone(),
        now: now.0,
        newest: extent.map(|(_, last)| last),
        oldest: extent.map(|(first, _)| first),
        old: now.1,
        range,
        unknown,
        fitting: about.fitting,
        ..Facts::default()
    };
    let mut g = Gathering { archive, lines, facts };
    let subject = g.subject(about)?;
    g.ends()?;
    let (from, to) = g.stretch(about);
    if matches!(intent, Intent::Compare) {
        let length = about.asked.period.and_then(super::period::Period::back).unwrap_or(to.since(from).max(1));
        let during = LogQuery { from: Some(from), to: Some(to), ..subject.clone() };
        let before = LogQuery { from: Some(from.plus(-length)), to: Some(to.plus(-length)), ..subject.clone() };
        g.facts.against = before.from;
        g.facts.range = Some((from, to));
        g.facts.subject = Some(g.tally(&during)?);
        g.facts.before = Some(g.tally(&before)?.1);
    }
    if intent == Intent::Top
        && g.facts.ranking.is_none()
        && let Some((_, tally)) = g.facts.subject.clone()
    {
        g.top(&tally)?;
    }
    if intent == Intent::Slowest || about.asked.by.is_some() && matches!(intent, Intent::Top | Intent::HowMany) {
        g.ranking(&subject)?;
    }
    if about.asked.not {
        g.without(&about.base)?;
    }
    if intent == Intent::Expiry {
        g.expiries(&subject)?;
    }
    if about.asked.people.is_some() {
        g.parties(&subject)?;
    }
    if intent == Intent::First
        && let Some((_, tally)) = g.facts.subject.clone()
    {
        g.firsts(&tally)?;
    }
    if matches!(intent, Intent::Ongoing) {
        let part = |from: i64, to: i64| LogQuery {
            from: Some(now.0.plus(-from)),
            to: Some(now.0.plus(1 - to)),
            ..subject.clone()
        };
        let (newer, older) = (g.tally(&part(RECENT, 0))?.1.count, g.tally(&part(2 * RECENT, RECENT))?.1.count);
        g.facts.recent = Some((newer, older));
    }
    if matches!(intent, Intent::Changed | Intent::Why | Intent::Happened | Intent::Compare) {
        g.patterns(from, to)?;
    }
    if intent == Intent::Happened && g.facts.patterns.is_empty() {
        let bad = subject.min_severity.max(Some(Level::Warn.floor()));
        let (_, tally) = g.tally(&LogQuery { min_severity: bad, ..subject.clone() })?;
        g.top(&tally)?;
    }
    if matches!(intent, Intent::Changed | Intent::Why) {
        g.deploys(from, to)?;
    }
    if let Some(incident) = about.incident.filter(|_| intent == Intent::Before) {
        g.facts.past = archive.similar(incident, 3)?;
    }
    Ok(g.facts)
}
