//! Finds what a question may be about: lines that hold its telling words, incidents in its scope, what was said of
//! them before. Blocking; called on a blocking thread. It knows no model.

use super::facts::{self, About, Facts};
use super::intent::{self, Asked, Intent};
use super::phrase::explains;
use super::sought::{Sought, is_clock, of_word, sought};
use crate::context::fence::neutral;
use crate::context::sources::Sources;
use crate::context::{Exhibit, Why};
use crate::{Advice, Advisor, Archive, ArchiveError, Budget, Memories, NoSurroundings, Recalled, gather};
use aiobs_types::{
    Area, ChatMessage, ChatScope, ChatStep, Citation, CitedText, Confidence, Diagnosis, Document, DocumentKind,
    Incident, Level, LogQuery, LogRecord, Order, RecordId, Severity, Timestamp,
};
use std::collections::BTreeMap;

/// Most lines handed on.
const LINES: usize = 24;
/// Most incidents handed on.
const INCIDENTS: usize = 5;
/// Incidents found by meaning that are handed on beside those.
const MEANT: usize = 2;
/// Most texts found by meaning.
const TEXTS: usize = 4;
/// Most characters of why something was not found as configured.
const NOTE: usize = 240;
/// Lines and texts cited earlier that go to a model again, so that what was said about them keeps its marks.
const RECALLED: (usize, usize) = (12, 2);

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// Lines, in the order of arrival.
    pub(crate) lines: Vec<Exhibit>,
    /// Incidents with their diagnoses, worst first.
    pub(crate) incidents: Vec<(Incident, Option<Diagnosis>)>,
    /// What a playbook says about the incident asked about.
    pub(crate) advice: Option<Advice>,
    /// What was looked at.
    pub(crate) steps: Vec<ChatStep>,
    /// Lines that earlier answers cited.
    pub(crate) recalled: Vec<Exhibit>,
    /// What was written or found out before and has to do with the question, best first.
    pub(crate) texts: Vec<Recalled>,
    /// Counts and comparisons.
    pub(crate) facts: Facts,
}

/// Hears of each look when it is done.
pub(super) type Told = Box<dyn Fn(&ChatStep)>;

/// What is looked at, in order.
struct Steps {
    list: Vec<ChatStep>,
    told: Told,
}

impl Steps {
    fn push(&mut self, step: ChatStep) {
        (self.told)(&step);
        self.list.push(step);
    }
}

/// One look of the program's own.
pub(super) fn step(area: Area, text: String) -> ChatStep {
    ChatStep { area: Some(area), text, ..ChatStep::default() }
}

/// Records and texts of these citations, without doubles.
fn cited<'a>(citations: impl Iterator<Item = &'a Citation>) -> (Vec<RecordId>, Vec<&'a CitedText>) {
    let (mut ids, mut texts) = (Vec::new(), Vec::<&CitedText>::new());
    for citation in citations {
        match citation {
            Citation::Record(id) if ids.len() < RECALLED.0 && !ids.contains(id) => ids.push(*id),
            Citation::Text(t) if texts.len() < RECALLED.1 && !texts.contains(&t.as_ref()) => texts.push(t),
            _ => {}
        }
    }
    (ids, texts)
}

impl Found {
    /// Adds what was cited earlier and is not there, behind the rest.
    pub(crate) fn recall(&mut self, history: &[ChatMessage], archive: &dyn Archive) -> Result<(), ArchiveError> {
        self.again(history.iter().rev().flat_map(|m| &m.citations), archive)
    }

    /// Adds what these lead to and is not there, behind the rest.
    pub(crate) fn again<'a>(
        &mut self,
        citations: impl Iterator<Item = &'a Citation>,
        archive: &dyn Archive,
    ) -> Result<(), ArchiveError> {
        let (ids, texts) = cited(citations);
        let known = |id: &RecordId| self.lines.iter().chain(&self.recalled).any(|e| e.record.id == *id);
        let missing: Vec<RecordId> = ids.into_iter().filter(|id| !known(id)).collect();
        for record in archive.records(&missing)? {
            let source = archive.source_name(record.source).unwrap_or_default();
            self.recalled.push(Exhibit { record, source, why: Why::Around });
        }
        for text in texts {
            let known = |r: &Recalled| r.document.title == text.title && r.document.place == text.place;
            if !self.texts.iter().any(known) {
                self.texts.push(Recalled { document: again(text), by_words: false });
            }
        }
        Ok(())
    }

    /// All lines with numbers, those cited earlier last.
    pub(crate) fn numbered(&self) -> Vec<Exhibit> {
        self.lines.iter().chain(&self.recalled).cloned().collect()
    }

    /// The texts, which are numbered behind the lines.
    pub(crate) fn written(&self) -> Vec<Document> {
        self.texts.iter().map(|r| r.document.clone()).collect()
    }

    /// What the marks of an answer may lead to.
    pub(crate) fn sources(&self) -> Sources {
        Sources::new(&self.numbered(), &self.written())
    }
}

/// A text that was cited before, as a document.
fn again(t: &CitedText) -> Document {
    Document {
        kind: DocumentKind::parse(&t.kind).unwrap_or(DocumentKind::Note),
        key: String::new(),
        title: t.title.clone(),
        body: t.text.clone(),
        place: t.place.clone(),
        components: Vec::new(),
        severity: Severity(0),
        state: String::new(),
        class: String::new(),
        time: Timestamp(0),
        incident: t.incident,
    }
}

/// Reads the filter of a scope.
fn of_scope(archive: &dyn Archive, text: &str) -> Result<LogQuery, ArchiveError> {
    archive.filter(text).map_err(|e| ArchiveError(format!("the filter of the scope: {}", e.0)))
}

fn scoped(scope: &ChatScope, incident: Option<&Incident>, archive: &dyn Archive) -> Result<LogQuery, ArchiveError> {
    const MINUTE: i64 = 60_000_000_000;
    Ok(match (scope, incident) {
        (&ChatScope::Range { from, to }, _) => LogQuery { from: Some(from), to: Some(to), ..LogQuery::default() },
        (ChatScope::Filter { text }, _) => of_scope(archive, text)?,
        (ChatScope::Selection { filter, ids, times }, _) => {
            let query = if filter.trim().is_empty() { LogQuery::default() } else { of_scope(archive, filter)? };
            LogQuery {
                first: query.first.max(ids.map(|i| i.0)),
                last: ids.map(|i| i.1),
                from: query.from.max(times.map(|t| t.0)),
                to: times.map(|t| query.to.map_or(t.1, |to| to.min(t.1))).or(query.to),
                ..query
            }
        }
        (_, Some(i)) => LogQuery {
            from: Some(i.first_seen.plus(-10 * MINUTE)),
            to: Some(i.last_seen.plus(10 * MINUTE)),
            ..LogQuery::default()
        },
        _ => LogQuery::default(),
    })
}

struct Search<'a> {
    archive: &'a dyn Archive,
    found: BTreeMap<RecordId, (Why, u32, LogRecord)>,
    steps: &'a mut Steps,
}

impl Search<'_> {
    fn run(&mut self, what: &str, why: Why, query: &LogQuery) -> Result<usize, ArchiveError> {
        let hits = self.archive.search(query)?;
        let count = hits.len();
        let more = if query.limit > 0 && count >= query.limit { " or more" } else { "" };
        self.steps.push(step(Area::Logs, format!("searched logs: {} → {count}{more}", neutral(what, 80))));
        for record in hits {
            let entry = self.found.entry(record.id).or_insert((why, 0, record));
            entry.1 += 1;
        }
        Ok(count)
    }

    /// The lines most words found, then the worst, then the newest; in the order of arrival.
    fn best(self, already: Vec<Exhibit>) -> Vec<Exhibit> {
        let mut lines = already;
        lines.truncate(LINES);
        let mut rest: Vec<_> =
            self.found.into_values().filter(|(_, _, r)| !lines.iter().any(|e| e.record.id == r.id)).collect();
        rest.sort_by_key(|(_, hits, r)| std::cmp::Reverse((*hits, r.severity.level(), r.id)));
        for (why, _, record) in rest.into_iter().take(LINES - lines.len()) {
            let source = self.archive.source_name(record.source).unwrap_or_default();
            lines.push(Exhibit { record, source, why });
        }
        lines.sort_by_key(|e| e.record.id);
        lines
    }
}

/// The incident that the question or its scope names.
fn named(scope: &ChatScope, asked: &Asked, archive: &dyn Archive) -> Result<Option<Incident>, ArchiveError> {
    let id = match scope {
        ChatScope::Incident { id } => Some(*id),
        _ => asked.incident,
    };
    id.map_or(Ok(None), |id| archive.incident(id))
}

/// Conditions of words, most telling first, and the words that no line holds.
type Words = (Vec<(String, Vec<LogQuery>)>, Vec<String>);

/// Searches for every word by itself; `timed` when times in the question were read as such already.
fn words(search: &mut Search<'_>, question: &str, timed: bool, base: &LogQuery) -> Result<Words, ArchiveError> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for sought in sought(question).into_iter().filter(|s| !(timed && is_clock(&s.word))) {
        let mut found = None;
        for any in [Some(of_word(&sought)), sought.alone().as_ref().map(of_word)].into_iter().flatten() {
            let query = LogQuery { any: vec![any.clone()], order: Order::NewestFirst, limit: 40, ..base.clone() };
            if search.run(&sought.word, Why::Across, &query)? > 0 {
                found = Some(any);
                break;
            }
        }
        match found {
            Some(any) => known.push((sought.word, any)),
            None => unknown.push(sought.word),
        }
    }
    Ok((known, unknown))
}

/// Finds what a question may be about. `now` is the time of the question; `told` hears what is looked at.
pub(crate) fn retrieve(
    question: &str,
    scope: &ChatScope,
    now: Timestamp,
    archive: &dyn Archive,
    advisor: &dyn Advisor,
    told: Told,
) -> Result<Found, ArchiveError> {
    let mut asked = intent::read(question);
    let now = facts::reference(archive, now)?;
    let mut found = Found::default();
    let mut steps = Steps { list: Vec::new(), told };
    let mut already = Vec::new();
    let named = named(scope, &asked, archive)?;
    if let Some(incident) = &named {
        found.advice = read_incident(incident, archive, advisor, &mut steps, &mut already);
        found.incidents.push((incident.clone(), archive.diagnosis_of(incident)?));
    }
    let mut base = scoped(scope, named.as_ref(), archive)?;
    if let Some((from, to)) = asked.period.map(|p| p.range(now.0)) {
        base.from = Some(base.from.map_or(from, |t| t.max(from)));
        base.to = Some(base.to.map_or(to, |t| t.min(to)));
    }
    let mut search = Search { archive, found: BTreeMap::new(), steps: &mut steps };
    let (mut words, unknown) = words(&mut search, question, asked.period.is_some(), &base)?;
    if asked.intent == Intent::Find && words.is_empty() && unknown.is_empty() {
        // Nothing to look for by words: what there is.
        asked.intent = Intent::Happened;
    }
    if asked.intent == Intent::First {
        // Its words are those of failing; which errors came first is what is asked.
        words.clear();
    }
    if search.found.is_empty() && already.is_empty() {
        let level = asked.level.unwrap_or(Level::Warn);
        let query =
            LogQuery { min_severity: Some(level.floor()), order: Order::NewestFirst, limit: 20, ..base.clone() };
        search.run(&format!("level>={level}, newest"), Why::Across, &query)?;
    }
    if named.is_none() {
        let (from, to) = (base.from.unwrap_or(Timestamp(i64::MIN)), base.to.unwrap_or(Timestamp(i64::MAX)));
        let incidents = archive.incidents(from, to, INCIDENTS)?;
        search.steps.push(step(Area::Incidents, format!("looked at incidents → {}", incidents.len())));
        for incident in incidents {
            let diagnosis = archive.diagnosis_of(&incident)?;
            found.incidents.push((incident, diagnosis));
        }
        // What the question names most, then what stands for itself and what somebody explains; the worst first.
        let sure = |d: &Option<Diagnosis>| d.as_ref().is_some_and(|d| explains(d) && d.confidence > Confidence::Low);
        found
            .incidents
            .sort_by_cached_key(|(i, d)| (std::cmp::Reverse(named_in(i, question)), i.caused_by.is_some(), !sure(d)));
    }
    by_meaning(question, named.as_ref(), archive, (&mut found, search.steps))?;
    let all = named.is_some() || words.is_empty();
    let fitting = found.incidents.iter().take_while(|(i, _)| all || speaks_of(i, question)).count();
    let fitting = if named.is_none() { with_cause(&mut found.incidents, fitting, archive)? } else { fitting };
    // Nobody explained the one asked about: what a playbook says of it is better than nothing.
    if named.is_none()
        && matches!(asked.intent, Intent::Why | Intent::Fix | Intent::Happened)
        && let Some((incident, d)) = found.incidents.first()
        && !d.as_ref().is_some_and(explains)
    {
        found.advice = read_incident(incident, archive, advisor, search.steps, &mut Vec::new());
    }
    found.lines = search.best(already);
    let incident = found.incidents.first().map(|(i, _)| i).filter(|_| fitting > 0);
    let about = About { asked, base, words, incident, named: named.is_some(), unknown, fitting };
    let facts = facts::gather(&about, archive, now, &mut found.lines)?;
    for look in &facts.looks {
        let query = if look.query.is_empty() { "all records".to_owned() } else { neutral(&look.query, 80) };
        steps.push(step(Area::Rates, format!("counted {query} → {}", look.count)));
    }
    if matches!(facts.asked.intent, Intent::Changed | Intent::Why | Intent::Happened | Intent::Compare) {
        let text = format!("compared kinds of lines with those before → {} new or more often", facts.patterns.len());
        steps.push(step(Area::Templates, text));
    }
    if matches!(facts.asked.intent, Intent::Changed | Intent::Why) {
        let text = format!("looked for lines that tell of changes → {}", facts.deploys.len());
        steps.push(step(Area::Changes, text));
    }
    found.steps = steps.list;
    found.facts = facts;
    Ok(found)
}

/// Puts what caused the first incident before it. How many fit then, of those that fitted before.
fn with_cause(
    incidents: &mut Vec<(Incident, Option<Diagnosis>)>,
    fitting: usize,
    archive: &dyn Archive,
) -> Result<usize, ArchiveError> {
    let cause = incidents.first().filter(|_| fitting > 0).and_then(|(i, _)| i.caused_by);
    let Some(cause) = cause else { return Ok(fitting) };
    if let Some(at) = incidents.iter().position(|(i, _)| i.id == cause) {
        incidents[..=at].rotate_right(1);
        return Ok(if at < fitting { fitting } else { fitting + 1 });
    }
    let Some(incident) = archive.incident(cause)? else { return Ok(fitting) };
    let diagnosis = archive.diagnosis_of(&incident)?;
    incidents.insert(0, (incident, diagnosis));
    Ok(fitting + 1)
}

/// What was written about it, and incidents that are about the same in other words. Those stand behind the others: no
/// word of the question names them.
fn by_meaning(
    question: &str,
    named: Option<&Incident>,
    archive: &dyn Archive,
    (found, steps): (&mut Found, &mut Steps),
) -> Result<(), ArchiveError> {
    // What was written may be in the words of logs where the question is not.
    let said: Vec<String> = sought(question).into_iter().filter(|s| s.said.len() > 1).flat_map(|s| s.said).collect();
    let question = format!("{question} {}", said.join(" "));
    let about = named.map_or_else(|| question.trim_end().to_owned(), |i| format!("{question} {}", i.title));
    let Memories { texts, note } = archive.recall(&about, &[DocumentKind::Runbook, DocumentKind::Note], TEXTS)?;
    found.texts = texts;
    let kinds = [DocumentKind::Incident, DocumentKind::Diagnosis, DocumentKind::Fix];
    let incidents = archive.recall(&about, &kinds, 2 * INCIDENTS)?;
    if let Some(text) = note.or(incidents.note) {
        steps.push(ChatStep { text: neutral(&text, NOTE), failed: true, ..ChatStep::default() });
    }
    let ids = incidents.texts.into_iter().filter_map(|r| r.document.incident);
    let mut more = 0;
    for id in ids {
        if more < MEANT
            && found.incidents.iter().all(|(i, _)| i.id != id)
            && let Some(incident) = archive.incident(id)?
        {
            let diagnosis = archive.diagnosis_of(&incident)?;
            found.incidents.push((incident, diagnosis));
            more += 1;
        }
    }
    let more = if more > 0 { format!(" and {more} more incidents") } else { String::new() };
    steps.push(step(Area::Knowledge, format!("searched knowledge → {} texts{more}", found.texts.len())));
    Ok(())
}

/// Whether the question names a component of the incident, or a word of its title.
fn speaks_of(incident: &Incident, question: &str) -> bool {
    named_in(incident, question) > 0
}

/// How many words of the question stand in the incident's title or among its components.
fn named_in(incident: &Incident, question: &str) -> usize {
    let title = incident.title.to_lowercase();
    let components: Vec<String> = incident.components.iter().map(|c| c.to_lowercase()).collect();
    let named = |w: &&Sought| {
        let word = w.word.to_lowercase();
        w.said.iter().any(|s| title.contains(s.as_str()) || components.contains(s)) || components.contains(&word)
    };
    sought(question).iter().filter(named).count()
}

fn read_incident(
    incident: &Incident,
    archive: &dyn Archive,
    advisor: &dyn Advisor,
    steps: &mut Steps,
    lines: &mut Vec<Exhibit>,
) -> Option<Advice> {
    let budget = Budget { chars: 5_000, ..Budget::default() };
    let evidence = gather(incident, archive, advisor, &NoSurroundings, budget);
    let text = format!("read incident {} → {} lines", incident.id, evidence.records.len());
    steps.push(step(Area::Incidents, text));
    *lines = evidence.records;
    evidence.advice
}
