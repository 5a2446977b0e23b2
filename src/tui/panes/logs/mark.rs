//! What is highlighted in the text: what was searched for, and what the filter asks for.

use aiobs_types::{FieldMatch, FieldOp, LogQuery, TextMatch};
use regex::{Regex, RegexBuilder};
use std::ops::Range;

/// Compiled highlights.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    find: Option<Regex>,
    filter: Vec<Regex>,
}

impl Marks {
    /// For a search and a filter. What does not compile marks nothing; the engine says why.
    pub(super) fn new(find: Option<&TextMatch>, query: &LogQuery) -> Self {
        Self { find: find.and_then(compile), filter: wanted(query).iter().filter_map(compile).collect() }
    }

    /// Byte ranges of the search in `text`, sorted and apart.
    pub(super) fn found(&self, text: &str) -> Vec<Range<usize>> {
        self.find.iter().flat_map(|r| r.find_iter(text)).map(|m| m.range()).filter(|r| !r.is_empty()).collect()
    }

    /// Byte ranges of the filter's words in `text`, sorted and apart.
    pub(super) fn filtered(&self, text: &str) -> Vec<Range<usize>> {
        let mut all: Vec<Range<usize>> =
            self.filter.iter().flat_map(|r| r.find_iter(text)).map(|m| m.range()).filter(|r| !r.is_empty()).collect();
        all.sort_by_key(|r| (r.start, r.end));
        let mut out: Vec<Range<usize>> = Vec::with_capacity(all.len());
        for r in all {
            match out.last_mut() {
                Some(last) if r.start <= last.end => last.end = last.end.max(r.end),
                _ => out.push(r),
            }
        }
        out
    }
}

/// The texts that a filter looks for, on all of its sides, and the values of fields as they may stand in the text.
fn wanted(query: &LogQuery) -> Vec<TextMatch> {
    let mut all: Vec<TextMatch> = query.text.iter().filter(|t| !t.negate).cloned().collect();
    let value = |f: &&FieldMatch| !f.negate && matches!(f.op, FieldOp::Is | FieldOp::Contains);
    all.extend(query.fields.iter().filter(value).filter_map(|f| literal(&f.value)));
    all.extend(query.any.iter().flatten().flat_map(wanted));
    all
}

fn literal(text: &str) -> Option<TextMatch> {
    let case_sensitive = text.chars().any(char::is_uppercase);
    (!text.is_empty()).then(|| TextMatch { pattern: text.to_owned(), regex: false, case_sensitive, negate: false })
}

/// The expression that finds it, when it is one.
pub(super) fn compile(t: &TextMatch) -> Option<Regex> {
    let pattern = if t.regex { t.pattern.clone() } else { regex::escape(&t.pattern) };
    if pattern.is_empty() {
        return None;
    }
    RegexBuilder::new(&pattern).case_insensitive(!t.case_sensitive).size_limit(1 << 20).build().ok()
}

/// What was typed to search for: `/…/` is a regular expression, a capital letter minds the case.
pub(super) fn parse_find(typed: &str) -> Option<TextMatch> {
    let typed = typed.trim();
    let inner = typed.strip_prefix('/').and_then(|t| t.strip_suffix('/')).filter(|t| !t.is_empty());
    let (pattern, regex) = inner.map_or((typed, false), |t| (t, true));
    let case_sensitive = pattern.chars().any(char::is_uppercase);
    (!pattern.is_empty()).then(|| TextMatch { pattern: pattern.to_owned(), regex, case_sensitive, negate: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_merge_and_mind_the_case_only_when_asked() {
        let query =
            LogQuery { text: ["pool", "ool ex"].iter().filter_map(|t| parse_find(t)).collect(), ..LogQuery::default() };
        let marks = Marks::new(parse_find("/ex\\w+/").as_ref(), &query);
        assert_eq!(marks.filtered("Pool exhausted, pool"), [0..7, 16..20]);
        assert_eq!(marks.found("pool exhausted").first(), Some(&(5..14)));
        let field = FieldMatch { key: "trace".into(), op: FieldOp::Is, value: "ab1".into(), negate: false };
        let side = LogQuery { fields: vec![field], ..LogQuery::default() };
        let either = LogQuery { any: vec![vec![side, query]], ..LogQuery::default() };
        assert_eq!(Marks::new(None, &either).filtered("pool trace=AB1"), [0..4, 11..14]);
        assert!(Marks::new(parse_find("Pool").as_ref(), &LogQuery::default()).found("pool").is_empty());
    }
}
