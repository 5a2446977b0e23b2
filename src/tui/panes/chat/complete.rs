//! What may stand next in a line that begins with a slash: commands, models, incidents, parts of a filter, names of SQL,
//! conversations. Pure but for the editor's text that Tab changes.

use super::choose::named;
use super::command::COMMANDS;
use super::state::State;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::suggest::Suggestion;
use crate::tui::widgets::text;

impl State {
    /// What may stand where the cursor is.
    fn suggestions(&self, cx: &PaneCx<'_>) -> Vec<Suggestion> {
        let [line] = self.editor.lines() else { return Vec::new() };
        let Some(rest) = line.strip_prefix('/') else { return Vec::new() };
        let Some((name, argument)) = rest.split_once(' ') else {
            let fits = COMMANDS.iter().filter(|c| c.0.starts_with(rest));
            return fits
                .map(|(name, takes, about)| Suggestion {
                    at: 0..line.len(),
                    text: format!("/{name}{}", if takes.is_empty() { "" } else { " " }),
                    about: (*about).to_owned(),
                })
                .collect();
        };
        let from = line.len() - argument.len();
        let whole = |text: String, about: String| Suggestion { at: from..line.len(), text, about };
        match name {
            "incident" => {
                let typed = argument.trim_start_matches('#');
                let fits = cx.snapshot.incidents.iter().filter(|i| i.id.0.to_string().starts_with(typed));
                fits.take(MOST).map(|i| whole(i.id.0.to_string(), text::safe(&i.title).into_owned())).collect()
            }
            "model" => {
                let fits = self.models.iter().filter(|m| named(m).starts_with(argument));
                fits.take(MOST).map(|m| whole(named(m), m.place.clone())).collect()
            }
            "scope" => {
                let cursor = argument.len();
                let found = (cx.suggest_filter)(argument, cursor, cx.snapshot, &[]);
                found.into_iter().map(|s| Suggestion { at: s.at.start + from..s.at.end + from, ..s }).collect()
            }
            "sql" => {
                let word = argument.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + 1);
                let typed = argument[word..].to_lowercase();
                let fits =
                    cx.sql_words.iter().filter(|(w, _)| !typed.is_empty() && w.to_lowercase().starts_with(&typed));
                fits.take(MOST)
                    .map(|(w, about)| Suggestion { at: from + word..line.len(), text: w.clone(), about: about.clone() })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Offers what may stand in the line as it is typed now.
    pub(super) fn offer(&mut self, cx: &PaneCx<'_>) {
        let line = self.editor.lines().first().cloned().unwrap_or_default();
        let list = if line.starts_with('/') { self.suggestions(cx) } else { Vec::new() };
        self.suggest.offer(&line, list);
    }

    /// Puts the next suggestion into the line. Whether there was one.
    pub(super) fn complete(&mut self, cx: &PaneCx<'_>) -> bool {
        if self.suggest.is_empty() {
            self.offer(cx);
        }
        let Some(line) = self.suggest.next_text() else { return false };
        self.editor = super::state::editor();
        self.editor.insert_str(line);
        // One that is all there is is taken; what may follow it is offered.
        if self.suggest.settled() {
            self.offer(cx);
        }
        true
    }
}

/// Suggestions at most.
const MOST: usize = 40;
