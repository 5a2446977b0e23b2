//! What questions are about, in words: a filter that names a kind of lines by its number is shown by what the lines say.
//! Used by the conversation and the chip; the texts are asked of the engine once.

use super::state::State;
use crate::runtime::events::Request;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::text;
use aiobs_types::{ChatScope, TemplateId};
use std::collections::BTreeMap;

/// Longest text of a pattern, cells.
const WIDTH: usize = 48;

/// What the templates that scopes name by number say; `None` until it is known.
#[derive(Debug, Default)]
pub(super) struct Patterns(BTreeMap<TemplateId, Option<String>>);

/// The templates that a word of a filter names, and whether it leaves them out.
fn named(word: &str) -> Option<(Vec<TemplateId>, bool)> {
    let (word, out) = word.strip_prefix('-').map_or((word, false), |rest| (rest, true));
    let ids = word.strip_prefix("template=").or_else(|| word.strip_prefix("template:"))?;
    let ids: Option<Vec<TemplateId>> = ids.split(',').map(|id| id.parse().ok().map(TemplateId)).collect();
    ids.map(|ids| (ids, out))
}

/// The filter of a scope.
const fn filter(scope: &ChatScope) -> &str {
    match scope {
        ChatScope::Filter { text } => text.as_str(),
        ChatScope::Selection { filter, .. } => filter.as_str(),
        _ => "",
    }
}

impl Patterns {
    /// The words of a filter, patterns by what they say.
    fn words(&self, filter: &str, cx: &PaneCx<'_>) -> String {
        let word = |word: &str| -> String {
            let Some((ids, out)) = named(word) else { return word.to_owned() };
            let Some(said) = ids.first().and_then(|id| self.0.get(id)?.as_deref()) else { return word.to_owned() };
            // Its own quotes would end the ones around it.
            let said = text::safe(said).replace('"', "");
            let said = text::truncate(said.trim(), WIDTH, cx.glyphs.ellipsis);
            format!("{}pattern \"{said}\"", if out { "not " } else { "" })
        };
        let words: Vec<String> = filter.split(' ').map(word).collect();
        let only = matches!(filter.split(' ').collect::<Vec<_>>()[..], [one] if words[0] != one);
        let text = if only { words.join(" ") } else { format!("filter {}", words.join(" ")) };
        text::safe_for(&text, cx.glyphs.ascii).into_owned()
    }

    /// What a question is about.
    pub(super) fn scope(&self, scope: &ChatScope, cx: &PaneCx<'_>) -> String {
        let range = |from, to| {
            let near = |t| cx.clock.hms_near(t, cx.clock.now);
            format!("{}{}{}", near(from), cx.glyphs.dash, near(to))
        };
        match scope {
            ChatScope::All => "whole archive".into(),
            ChatScope::Incident { id } => format!("incident {id}"),
            ChatScope::Range { from, to } => range(*from, *to),
            ChatScope::Filter { text } => self.words(text, cx),
            ChatScope::Selection { ids: Some((first, last)), .. } => {
                format!("lines {}{}{}", first.0, cx.glyphs.dash, last.0)
            }
            ChatScope::Selection { times, .. } => {
                let (from, to) = times.unwrap_or_default();
                format!("lines of {}", range(from, to))
            }
        }
    }

    /// What was asked of the engine.
    pub(super) fn told(&mut self, texts: &[(TemplateId, String)]) {
        self.0.extend(texts.iter().map(|(id, text)| (*id, Some(text.clone()))));
    }
}

impl State {
    /// Asks what the patterns say that scopes name, each once.
    pub(super) fn ask_patterns(&mut self) -> Option<Effect> {
        let scopes = self.history.iter().map(|m| &m.scope).chain([&self.scope]);
        let ids =
            scopes.flat_map(|s| filter(s).split(' ')).filter_map(named).filter_map(|(ids, _)| ids.first().copied());
        let mut new: Vec<TemplateId> = ids.filter(|id| !self.patterns.0.contains_key(id)).collect();
        new.sort_unstable();
        new.dedup();
        self.patterns.0.extend(new.iter().map(|id| (*id, None)));
        if new.is_empty() { None } else { Some(Effect::Send(Request::TemplateTexts(new))) }
    }
}
