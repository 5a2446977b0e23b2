//! What stands below an answer without a model: what was written about it, and what it rests on. Pure.

use super::compose::Answer;
use crate::context::fence::neutral;
use crate::context::suspect::withheld;

impl Answer<'_> {
    /// What people wrote that shares words with the question: where to read on.
    pub(super) fn written(&mut self) {
        let first = self.found.lines.len() + self.found.recalled.len() + 1;
        let texts = self.found.texts.iter().enumerate().filter(|(_, t)| t.by_words);
        let rows: Vec<String> = texts.map(|(i, t)| read_on(&t.document, first + i)).collect();
        if !rows.is_empty() {
            self.line("\nWritten about it:");
            for row in rows {
                self.line(&row);
            }
        }
    }

    /// What was asked of the archive, and what was not looked at.
    pub(super) fn looks(&mut self) {
        if self.facts.looks.is_empty() {
            return;
        }
        self.line("\nThe answer rests on:");
        for look in &self.facts.looks {
            let all = if look.query.is_empty() { "(all records)" } else { &look.query };
            let less = if look.complete { "" } else { " or more, not all was counted" };
            let text = format!("- `` {} `` : {}{less}", all.replace('`', "'"), look.count);
            self.line(&text);
        }
        let left = self.found.lines.len();
        self.line("");
        let text = format!(
            "Seen in full: {}. Other lines were counted, not read.",
            if left == 1 { "1 line".into() } else { format!("{left} lines") }
        );
        self.line(&text);
    }
}

/// A text as an item with its mark.
fn read_on(d: &aiobs_types::Document, number: usize) -> String {
    let first = d.body.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let plain = |text: &str, most| neutral(&withheld(&text.replace(['[', ']'], "|")), most);
    format!("- {}: {} [{number}]", plain(&d.title, 100), plain(first.trim(), 120))
}
