//! Error patterns: one automaton pass per record; most records match nothing and end there.

use super::config::{DETECTORS, DetectConfig, DetectError, Join, PatternConfig, Strength, built_in};
use super::needs::Needs;
use super::prefilter::Prefilter;
use aiobs_types::{Level, Severity};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Bytes of a message that are looked at.
const MAX_BYTES: usize = 8192;
/// Messages with more values are judged one by one.
const MOST_VALUES: usize = 16;
/// Room for the automaton's states, bytes.
const DFA_BYTES: usize = 16 << 20;

/// A compiled pattern, without its expression.
pub(super) struct Pattern {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) join: Join,
    /// Fires at any level.
    pub(super) strong: bool,
    /// The user's: whoever wrote it wants to see what it finds.
    pub(super) own: bool,
}

/// What matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Index of the most telling pattern.
    best: usize,
    /// Number of others, mere words aside, that match too.
    others: usize,
}

/// What the patterns say of a message.
#[derive(Clone, Copy, Debug)]
pub struct Verdict(pub(super) Option<Hit>);

/// All patterns, from the most telling to the least.
pub(super) struct Patterns {
    list: Vec<Pattern>,
    all: RegexSet,
    strong: RegexSet,
    /// What rules out a match of `all` or `strong` at a glance, if anything does.
    quick_all: Option<Prefilter>,
    quick_strong: Option<Prefilter>,
    /// These two look on values for the texts of exclusions too.
    needs_all: Needs,
    needs_strong: Needs,
    needs_exclude: Needs,
    strong_count: usize,
    exclude: Option<Regex>,
    exclude_line: RegexSet,
    /// Both of them: most messages match neither.
    exclude_any: RegexSet,
    blanked: Vec<u8>,
}

impl Patterns {
    pub(super) fn new(config: &DetectConfig) -> Result<Self, DetectError> {
        let file = built_in()?;
        let mut chosen = merged(file.pattern, config)?;
        // Strong ones first, so that one index serves both automata; the order in the file breaks ties.
        chosen.sort_by_key(|p| std::cmp::Reverse(p.strength));
        let mut expressions = Vec::with_capacity(chosen.len());
        for pattern in &chosen {
            expressions.push(expression(pattern)?);
        }
        let strong_count = chosen.iter().filter(|p| p.strength == Strength::Strong).count();
        let exclude: Vec<String> = file.exclude.into_iter().chain(config.exclude.iter().cloned()).collect();
        let exclude_line: Vec<String> =
            file.exclude_line.into_iter().chain(config.exclude_line.iter().cloned()).collect();
        for (what, list) in [("exclude", &exclude), ("exclude_line", &exclude_line)] {
            for one in list {
                check(&format!("`{what}` expression `{one}`"), one)?;
            }
        }
        let quick_strong = Prefilter::new(&expressions[..strong_count]);
        let both: Vec<String> = exclude.iter().chain(&exclude_line).cloned().collect();
        let joined = exclude.iter().map(|e| format!("(?:{e})")).collect::<Vec<_>>().join("|");
        let needs_exclude = Needs::new(&both);
        let (mut needs_all, mut needs_strong) = (Needs::new(&expressions), Needs::new(&expressions[..strong_count]));
        for needs in [&mut needs_all, &mut needs_strong] {
            needs.touch_for(&needs_exclude);
        }
        Ok(Self {
            all: set(&expressions)?,
            strong: set(&expressions[..strong_count])?,
            quick_all: quick_strong.clone().and_then(|q| q.with(&expressions[strong_count..])),
            quick_strong,
            needs_all,
            needs_strong,
            needs_exclude,
            strong_count,
            exclude: if exclude.is_empty() { None } else { Some(build("`exclude`", &joined)?) },
            exclude_line: set(&exclude_line)?,
            exclude_any: set(&both)?,
            list: chosen.into_iter().map(|p| Pattern::new(p, config)).collect(),
            blanked: Vec::new(),
        })
    }

    /// The most telling pattern in a message of this severity.
    pub(super) fn find(&mut self, message: &str, severity: Severity) -> Option<Hit> {
        self.find_in(message, weak_too(severity))
    }

    /// What [`Self::find`] says of all messages of this severity that differ from this one in `values` (byte ranges,
    /// rising) only, as long as [`Self::stirs`] says no to those of them that hold letters. `None` when they differ.
    pub(super) fn verdict(&mut self, message: &str, severity: Severity, values: &[(usize, usize)]) -> Option<Verdict> {
        let bytes = message.as_bytes();
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let needs = self.needs(severity);
        if !needs.may_match_but_for(bytes, values) {
            return Some(Verdict(None));
        }
        let by_number = needs.may_depend_on(bytes, values) || self.needs_exclude.may_depend_on(bytes, values);
        let hit = self.find(message, severity);
        (!by_number || self.stands(message, severity, values, hit)).then_some(Verdict(hit))
    }

    /// Whether the same is said of the message with other numbers in it: each value in turn is one of those that make a
    /// difference to some pattern.
    fn stands(&mut self, message: &str, severity: Severity, values: &[(usize, usize)], hit: Option<Hit>) -> bool {
        if values.len() > MOST_VALUES {
            return false;
        }
        let numbers: Vec<Vec<u8>> =
            self.needs(severity).numbers().iter().chain(self.needs_exclude.numbers()).cloned().collect();
        let other = |(start, end): (usize, usize), number: &[u8]| {
            format!("{}{}{}", &message[..start], String::from_utf8_lossy(number), &message[end..])
        };
        values.iter().all(|v| numbers.iter().all(|n| self.find(&other(*v, n), severity) == hit))
    }

    /// Whether another pattern may match a message because of the value at `start..end`.
    pub(super) fn stirs(&self, message: &str, severity: Severity, (start, end): (usize, usize)) -> bool {
        self.needs(severity).touch(message.as_bytes(), start, end)
    }

    fn needs(&self, severity: Severity) -> &Needs {
        if weak_too(severity) { &self.needs_all } else { &self.needs_strong }
    }

    fn find_in(&mut self, message: &str, weak_too: bool) -> Option<Hit> {
        let bytes = &message.as_bytes()[..message.len().min(MAX_BYTES)];
        let (set, quick) = if weak_too { (&self.all, &self.quick_all) } else { (&self.strong, &self.quick_strong) };
        if quick.as_ref().is_some_and(|q| !q.may_match(bytes)) {
            return None;
        }
        let mut matches = set.matches(bytes);
        if !matches.matched_any() {
            return None;
        }
        if self.exclude_any.is_match(bytes) {
            if self.exclude_line.is_match(bytes) {
                return None;
            }
            if let Some(exclude) = &self.exclude {
                blank(exclude, bytes, &mut self.blanked);
                matches = set.matches(&self.blanked);
            }
        }
        let mut hits = matches.iter();
        let best = hits.next()?;
        let others = hits.filter(|i| self.list[*i].join != Join::Template).count();
        Some(Hit { best, others })
    }

    /// The most telling strong pattern in all of a structured line; words that say little by themselves do not count,
    /// since keys are made of them.
    pub(super) fn find_cause(&mut self, line: &str) -> Option<Hit> {
        self.find_in(line, false).filter(|hit| self.list[hit.best].join != Join::Template)
    }

    /// Whether a message holds what exclusions take away from it.
    pub(super) fn excludes(&self, message: &str) -> bool {
        self.exclude_any.is_match(&message.as_bytes()[..message.len().min(MAX_BYTES)])
    }

    pub(super) fn at(&self, hit: Hit) -> (&Pattern, usize) {
        (&self.list[hit.best], hit.others)
    }

    /// An error with the nearest id when there is no pattern of that id.
    pub(super) fn check_known(id: &str, config: &DetectConfig) -> Result<(), DetectError> {
        let file = built_in()?;
        let ids = || file.pattern.iter().chain(&config.patterns).map(|p| p.id.as_str());
        if ids().any(|known| known == id) {
            return Ok(());
        }
        let nearest = ids().chain(DETECTORS.iter().copied()).min_by_key(|known| distance(known, id));
        let hint = nearest
            .filter(|known| distance(known, id) <= 3)
            .map_or_else(String::new, |known| format!(" (did you mean `{known}`?)"));
        Err(DetectError::Unknown { name: id.to_owned(), hint })
    }

    pub(super) fn count(&self) -> (usize, usize) {
        (self.strong_count, self.list.len())
    }
}

/// Whether patterns that say little by themselves count at this severity.
pub(super) fn weak_too(severity: Severity) -> bool {
    let level = severity.level();
    level == Level::Unset || level >= Level::Warn
}

impl Pattern {
    fn new(p: PatternConfig, config: &DetectConfig) -> Self {
        let severity = p.severity.floor().max(Severity::WARN);
        let own = config.patterns.iter().any(|o| o.id == p.id);
        Self { id: p.id, title: p.title, severity, join: p.join, strong: p.strength == Strength::Strong, own }
    }
}

/// The user's patterns first, then the built-in ones that are not replaced; without the disabled ones.
fn merged(built_in: Vec<PatternConfig>, config: &DetectConfig) -> Result<Vec<PatternConfig>, DetectError> {
    let mut all = config.patterns.clone();
    for (i, p) in all.iter().enumerate() {
        if all[..i].iter().any(|q| q.id == p.id) {
            return Err(DetectError::Twice(p.id.clone()));
        }
    }
    all.extend(built_in.into_iter().filter(|b| config.patterns.iter().all(|p| p.id != b.id)));
    all.retain(|p| !config.disabled.contains(&p.id));
    Ok(all)
}

fn expression(pattern: &PatternConfig) -> Result<String, DetectError> {
    if pattern.regex.is_empty() == pattern.words.is_empty() {
        return Err(DetectError::Shape(pattern.id.clone()));
    }
    let expression = if pattern.words.is_empty() {
        pattern.regex.clone()
    } else {
        let words: Vec<String> = pattern.words.iter().map(|w| regex::escape(w)).collect();
        format!(r"\b(?:{})\b", words.join("|"))
    };
    check(&format!("pattern `{}`", pattern.id), &expression)?;
    Ok(expression)
}

/// Parses only: the automata are built once, for all expressions together.
fn check(place: &str, expression: &str) -> Result<(), DetectError> {
    let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(expression);
    parsed.map(drop).map_err(|e| DetectError::Expression { place: place.to_owned(), message: e.to_string() })
}

fn build(place: &str, expression: &str) -> Result<Regex, DetectError> {
    RegexBuilder::new(expression)
        .case_insensitive(true)
        .unicode(false)
        .dfa_size_limit(DFA_BYTES)
        .build()
        .map_err(|e| DetectError::Expression { place: place.to_owned(), message: e.to_string() })
}

fn set(expressions: &[String]) -> Result<RegexSet, DetectError> {
    RegexSetBuilder::new(expressions)
        .case_insensitive(true)
        .unicode(false)
        .dfa_size_limit(DFA_BYTES)
        .build()
        .map_err(|e| DetectError::Expression { place: "patterns".to_owned(), message: e.to_string() })
}

/// Copies `bytes` with all matches overwritten by a byte that no pattern looks for.
fn blank(exclude: &Regex, bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(bytes);
    for found in exclude.find_iter(bytes) {
        out[found.range()].fill(0);
    }
}

/// Edit distance by Levenshtein, bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
