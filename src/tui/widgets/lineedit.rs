//! One line of text being typed, with a cursor, word steps, and a history.

use super::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_segmentation::UnicodeSegmentation;

/// One line of text being typed.
#[derive(Clone, Debug, Default)]
pub struct LineEdit {
    text: String,
    /// Byte offset, at a boundary of graphemes.
    cursor: usize,
    history: Vec<String>,
    /// Where in the history the user is, and what was typed before going there.
    recalled: Option<(usize, String)>,
}

impl LineEdit {
    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text; the cursor goes to the end.
    pub fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
        self.recalled = None;
    }

    /// Byte offset of the cursor.
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// Becomes `text` with the bytes `at` replaced by `what`; the cursor goes behind it. Nothing changes when `at`
    /// does not lie in the text.
    pub fn replace(&mut self, text: &str, at: std::ops::Range<usize>, what: &str) {
        let (Some(before), Some(after)) = (text.get(..at.start), text.get(at.end..)) else { return };
        self.text = format!("{before}{what}{after}");
        self.cursor = at.start + what.len();
        self.recalled = None;
    }

    /// Adds the text to the history and keeps it.
    pub fn remember(&mut self) {
        if !self.text.trim().is_empty() && self.history.last() != Some(&self.text) {
            self.history.push(self.text.clone());
            if self.history.len() > 100 {
                self.history.remove(0);
            }
        }
        self.recalled = None;
    }

    /// An older (or newer) text of the history.
    pub fn recall(&mut self, older: bool) {
        let (at, draft) = match self.recalled.take() {
            Some(r) => r,
            None => (self.history.len(), self.text.clone()),
        };
        let at = if older { at.saturating_sub(1) } else { (at + 1).min(self.history.len()) };
        let text = self.history.get(at).cloned().unwrap_or_else(|| draft.clone());
        self.cursor = text.len();
        self.text = text;
        self.recalled = (at < self.history.len()).then_some((at, draft));
    }

    /// Inserts at the cursor; line breaks become spaces, other control characters are left out.
    pub fn insert(&mut self, what: &str) {
        let clean: String =
            what.chars().map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c }).filter(|c| !c.is_control()).collect();
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
    }

    fn left(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(i, _)| i)
    }

    fn right(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |g| self.cursor + g.len())
    }

    fn word_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.rfind(char::is_whitespace).map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8))
    }

    fn word_right(&self) -> usize {
        let after = &self.text[self.cursor..];
        let word = after.len() - after.trim_start().len();
        after[word..].find(char::is_whitespace).map_or(self.text.len(), |i| self.cursor + word + i)
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    /// A key that no action took. Whether the text changed.
    pub fn on_key(&mut self, key: KeyEvent) -> bool {
        let before = self.text.len();
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('a') if ctrl => self.cursor = 0,
            KeyCode::Char('e') if ctrl => self.cursor = self.text.len(),
            KeyCode::Char('b') if ctrl => self.cursor = self.left(),
            KeyCode::Char('f') if ctrl => self.cursor = self.right(),
            KeyCode::Char('w') if ctrl => self.delete(self.word_left(), self.cursor),
            KeyCode::Backspace if alt || ctrl => self.delete(self.word_left(), self.cursor),
            KeyCode::Char('k') if ctrl => self.delete(self.cursor, self.text.len()),
            KeyCode::Char('d') if ctrl => self.delete(self.cursor, self.right()),
            KeyCode::Char('b') if alt => self.cursor = self.word_left(),
            KeyCode::Char('f') if alt => self.cursor = self.word_right(),
            KeyCode::Left if ctrl || alt => self.cursor = self.word_left(),
            KeyCode::Right if ctrl || alt => self.cursor = self.word_right(),
            KeyCode::Char(c) if !ctrl && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.delete(self.left(), self.cursor),
            KeyCode::Delete => self.delete(self.cursor, self.right()),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        self.text.len() != before
    }

    /// What is seen in `cells`, and the cell of the cursor from the left.
    pub fn view(&self, cells: usize, style: Style, ellipsis: &str) -> (Span<'static>, u16) {
        let before = text::safe(&self.text[..self.cursor]).into_owned();
        let after = text::safe(&self.text[self.cursor..]).into_owned();
        let room = cells.saturating_sub(1);
        let before = text::truncate_start(&before, room, ellipsis).into_owned();
        let at = text::width(&before);
        let after = text::truncate(&after, cells.saturating_sub(at), ellipsis).into_owned();
        (Span::styled(before + &after, style), at as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn typing_moving_and_deleting_words() {
        let mut e = LineEdit::default();
        e.insert("level>=warn größe 日本");
        e.on_key(key(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(e.text(), "level>=warn größe ");
        e.on_key(key(KeyCode::Home, KeyModifiers::NONE));
        e.on_key(key(KeyCode::Right, KeyModifiers::CONTROL));
        e.on_key(key(KeyCode::Char('!'), KeyModifiers::NONE));
        assert_eq!(e.text(), "level>=warn! größe ");
        e.on_key(key(KeyCode::Char('k'), KeyModifiers::CONTROL));
        assert_eq!(e.text(), "level>=warn!");
    }

    #[test]
    fn history_comes_back_and_leaves_the_draft_alone() {
        let mut e = LineEdit::default();
        for t in ["one", "two"] {
            e.set(t);
            e.remember();
        }
        e.set("dra");
        e.recall(true);
        e.recall(true);
        assert_eq!(e.text(), "one");
        e.recall(false);
        e.recall(false);
        assert_eq!(e.text(), "dra");
    }

    #[test]
    fn pasted_control_characters_do_no_harm() {
        let mut e = LineEdit::default();
        e.insert("a\nb\x1b[31m\tc");
        assert_eq!(e.text(), "a b[31m c");
    }

    #[test]
    fn a_long_text_shows_the_part_around_the_cursor() {
        let mut e = LineEdit::default();
        e.set("abcdefghij");
        let (span, at) = e.view(5, Style::new(), "…");
        assert_eq!((span.content.as_ref(), at), ("…hij", 4));
    }
}
