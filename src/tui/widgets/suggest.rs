//! Suggestions for a line being typed: which there are, which one Tab chose, and the list of them. Knows no pane.

use super::lineedit::LineEdit;
use super::text;
use crate::tui::theme::Glyphs;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use std::ops::Range;

/// Rows of the list at most.
const ROWS: usize = 8;

/// A text that may stand in the place of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestion {
    /// Which bytes of the line it replaces.
    pub at: Range<usize>,
    /// What it puts there.
    pub text: String,
    /// A few words on it; may be empty.
    pub about: String,
}

/// Suggestions for what is typed.
#[derive(Clone, Debug, Default)]
pub struct Suggest {
    list: Vec<Suggestion>,
    /// The line as it was typed, before one was chosen.
    typed: String,
    chosen: Option<usize>,
}

/// How the list looks.
#[derive(Clone, Copy, Debug)]
pub struct SuggestStyle {
    /// Background and suggestions.
    pub body: Style,
    /// The chosen one.
    pub chosen: Style,
    /// The words on them.
    pub about: Style,
}

impl Suggest {
    /// What may stand in the line as it is typed now.
    pub fn offer(&mut self, typed: &str, list: Vec<Suggestion>) {
        *self = Self { list, typed: typed.to_owned(), chosen: None };
    }

    /// Nothing to suggest.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Puts the next suggestion into the line, from the first again after the last. Whether there is any.
    pub fn next(&mut self, edit: &mut LineEdit) -> bool {
        let n = self.list.len();
        if n == 0 {
            return false;
        }
        let i = self.chosen.map_or(0, |i| (i + 1) % n);
        let one = &self.list[i];
        edit.replace(&self.typed, one.at.clone(), &one.text);
        self.chosen = Some(i);
        true
    }

    /// The line with the next suggestion in it, from the first again after the last; for editors of more than a line.
    pub fn next_text(&mut self) -> Option<String> {
        let i = self.chosen.map_or(0, |i| (i + 1) % self.list.len().max(1));
        let one = self.list.get(i)?;
        let mut line = self.typed.clone();
        line.get(one.at.clone())?;
        line.replace_range(one.at.clone(), &one.text);
        self.chosen = Some(i);
        Some(line)
    }

    /// Whether there is nothing to suggest.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the list shows that only one is left, which is in the line.
    pub fn settled(&self) -> bool {
        self.list.len() == 1 && self.chosen.is_some()
    }

    /// As [`Suggest::draw`], ending above row `below` of the screen.
    pub fn draw_above(&self, frame: &mut Frame<'_>, area: Rect, below: u16, style: SuggestStyle, glyphs: &Glyphs) {
        let rows = (self.list.len().min(ROWS) as u16).min(area.height).min(below.saturating_sub(area.y));
        self.draw(frame, Rect { y: below - rows, height: rows, ..area }, 2, style, glyphs);
    }

    /// Draws the list into the rows of `area` from the top, as many as it needs; `column` is where the word begins.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, column: u16, style: SuggestStyle, glyphs: &Glyphs) {
        if self.list.is_empty() || area.width < 20 {
            return;
        }
        let rows = self.list.len().min(ROWS).min(usize::from(area.height));
        let first = self.chosen.map_or(0, |i| (i + 1).saturating_sub(rows));
        let shown = || self.list.iter().enumerate().skip(first).take(rows);
        let clean = |t: &str| text::safe_for(t, glyphs.ascii).into_owned();
        let words = shown().map(|(_, s)| text::width(&clean(&s.text))).max().unwrap_or(0).min(40);
        let about = shown().map(|(_, s)| text::width(&clean(&s.about))).max().unwrap_or(0);
        let width = (words + 2 + if about > 0 { about + 2 } else { 0 }).min(usize::from(area.width));
        let x = area.x + column.min(area.width - width as u16);
        for (y, (i, s)) in (area.top()..area.bottom()).zip(shown()) {
            let at = Rect { x, y, width: width as u16, height: 1 };
            frame.render_widget(Clear, at);
            let row = if self.chosen == Some(i) { style.chosen } else { style.body };
            frame.buffer_mut().set_style(at, row);
            let mut spans =
                vec![Span::styled(format!(" {} ", text::fit(&clean(&s.text), words, glyphs.ellipsis)), row)];
            if about > 0 {
                let shade = if self.chosen == Some(i) { row } else { style.about };
                spans.push(Span::styled(format!(" {} ", clean(&s.about)), shade));
            }
            let line: Line<'_> = text::truncate_line(spans, width, glyphs.ellipsis);
            frame.render_widget(line, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_goes_round_and_typing_begins_anew() {
        let one = |text: &str| Suggestion { at: 2..4, text: text.into(), about: String::new() };
        let (mut edit, mut suggest) = (LineEdit::default(), Suggest::default());
        edit.set("x le y");
        suggest.offer("x le y", vec![one("level>="), one("length=")]);
        let mut seen = Vec::new();
        for _ in 0..3 {
            assert!(suggest.next(&mut edit));
            seen.push(edit.text().to_owned());
        }
        assert_eq!(seen, ["x level>= y", "x length= y", "x level>= y"]);
        assert_eq!(edit.cursor(), 9);
        suggest.clear();
        assert!(!suggest.next(&mut edit));
    }
}
