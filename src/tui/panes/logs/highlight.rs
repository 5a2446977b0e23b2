//! Words that always stand out in the lines: rules from the configuration, and those added with a key, which are kept.
//! A rule is a word or `/expression/`, with a role before it if it likes: `warn: retry`.

use super::mark;
use super::state::State;
use crate::runtime::events::{HIGHLIGHTS, Keep, Request};
use crate::tui::effect::Effect;
use crate::tui::theme::Role;
use regex::Regex;
use std::ops::Range;

/// Roles a rule may name.
const ROLES: [(&str, Role); 6] = [
    ("error", Role::Error),
    ("warn", Role::Warn),
    ("ok", Role::Ok),
    ("match", Role::Match),
    ("strong", Role::Strong),
    ("accent", Role::Accent),
];

/// One rule.
#[derive(Debug)]
struct Rule {
    text: String,
    regex: Regex,
    role: Role,
    /// Added with the key, not by the configuration.
    kept: bool,
}

/// All rules, those of the configuration first.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

/// Whether a rule can be understood.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<(), String> {
    Rule::parse(text, false).map(|_| ())
}

impl Rule {
    fn parse(text: &str, kept: bool) -> Result<Self, String> {
        let named = text.split_once(':').and_then(|(name, rest)| {
            ROLES.iter().find(|(n, _)| *n == name.trim()).map(|(_, role)| (*role, rest.trim()))
        });
        let (role, pattern) = named.unwrap_or((Role::Accent, text.trim()));
        let wanted = mark::parse_find(pattern).ok_or_else(|| format!("{text:?} names nothing to highlight"))?;
        let regex = mark::compile(&wanted).ok_or_else(|| format!("{pattern} is no regular expression"))?;
        Ok(Self { text: text.trim().to_owned(), regex, role, kept })
    }
}

impl Rules {
    /// Takes the rules of one origin in place of those before.
    pub(super) fn set(&mut self, texts: &[String], kept: bool) {
        self.0.retain(|r| r.kept != kept);
        self.0.extend(texts.iter().filter_map(|t| Rule::parse(t, kept).ok()));
        self.0.sort_by_key(|r| r.kept);
    }

    /// Byte ranges in `text` with their roles, rule by rule.
    pub(super) fn found(&self, text: &str) -> Vec<(Range<usize>, Role)> {
        let hits = |r: &Rule| -> Vec<_> { r.regex.find_iter(text).map(|m| (m.range(), r.role)).collect() };
        self.0.iter().flat_map(hits).filter(|(r, _)| !r.is_empty()).collect()
    }

    fn kept(&self) -> Vec<&str> {
        self.0.iter().filter(|r| r.kept).map(|r| r.text.as_str()).collect()
    }
}

impl State {
    /// Adds a rule, or takes it away when it is there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn highlight(&mut self, text: &str) -> Result<Vec<Effect>, String> {
        let rules = &mut self.rules.0;
        let said = if rules.iter().any(|r| r.kept && r.text == text) {
            rules.retain(|r| !r.kept || r.text != text);
            format!("{text} is highlighted no more")
        } else {
            rules.push(Rule::parse(text, true)?);
            format!("{text} is highlighted; typed again, no more")
        };
        let kept = serde_json::to_vec(&self.rules.kept()).unwrap_or_default();
        Ok(vec![Effect::Send(Request::Keep(Keep::State(HIGHLIGHTS, kept))), Effect::info(said)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_word_or_an_expression_with_a_role_before_it_if_it_likes() {
        let mut rules = Rules::default();
        rules.set(&["warn: retry".into(), "/dead\\w+/".into(), "http://x".into()], false);
        let found = rules.found("deadlock, retry http://x");
        assert_eq!(found, [(10..15, Role::Warn), (0..8, Role::Accent), (16..24, Role::Accent)]);
        assert!(check("error: /(/").is_err_and(|e| e.contains("no regular expression")));
        assert!(check("warn:").is_err());
    }
}
