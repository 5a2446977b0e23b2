//! What stands below an answer without a model: what was written about it, and what it rests on. Pure.

use super::compose::Answer;
use super::phrase::lines;
use super::sentences::Say;
use crate::context::fence::neutral;
use crate::context::suspect::withheld;

impl Answer<'_> {
    /// What people wrote that shares words with the question: where to read on.
    pub(super) fn written(&mut self) {
        let first = self.found.lines.len() + self.found.recalled.len() + 1;
        let texts = self.found.texts.iter().enumerate().filter(|(_, t)| t.by_words);
        let rows: Vec<String> = texts.map(|(i, t)| read_on(&t.document, first + i)).collect();
        if !rows.is_empty() {
            self.say(Say::Written, &[]);
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
        self.say(Say::RestsOn, &[]);
        for look in &self.facts.looks {
            let all =
                if look.query.is_empty() { self.text(Say::AllRecords, &[]) } else { look.query.replace('`', "'") };
            let less = if look.complete { String::new() } else { self.text(Say::NotAllCounted, &[]) };
            let text = format!("- `` {all} `` : {}{less}", look.count);
            self.line(&text);
        }
        self.line("");
        let seen = lines(self.lang, self.found.lines.len());
        self.say(Say::SeenInFull, &[&seen]);
    }
}

/// A text as an item with its mark.
fn read_on(d: &aiobs_types::Document, number: usize) -> String {
    let first = d.body.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let plain = |text: &str, most| neutral(&withheld(&text.replace(['[', ']'], "|")), most);
    format!("- {}: {} [{number}]", plain(&d.title, 100), plain(first.trim(), 120))
}
