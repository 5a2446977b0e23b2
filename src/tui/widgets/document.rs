//! A scrollable text of styled rows with links in it: what a diagnosis, an answer or a prompt is drawn as. Callers
//! build it for a width, move the active link with [`step`], and draw a window of it. Text must be safe already.

use super::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// How links look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkStyles {
    /// A link.
    pub link: Style,
    /// The link that Enter follows.
    pub active: Style,
}

/// A part of a paragraph.
#[derive(Clone, Debug)]
pub enum Piece<T> {
    /// Plain text.
    Text(String, Style),
    /// Something Enter follows.
    Link(String, T),
}

/// What a mark in a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `[n]`: what is cited, from 1.
    Cited(usize),
    /// `#n`: an incident.
    Incident(u64),
}

impl Mark {
    /// The number of what is cited.
    pub const fn cited(self) -> Option<usize> {
        match self {
            Self::Cited(n) => Some(n),
            Self::Incident(_) => None,
        }
    }
}

/// The mark that a text begins with, and its length.
fn mark(text: &str) -> Option<(Mark, usize)> {
    if let Some(inner) = text.strip_prefix('[') {
        let end = inner.find(']')?;
        return Some((Mark::Cited(inner[..end].parse().ok()?), end + 2));
    }
    let digits = text.strip_prefix('#')?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let ends = digits[end..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    Some((Mark::Incident(digits[..end].parse().ok().filter(|_| ends)?), end + 1))
}

/// Plain text whose marks become links where `target` knows them.
pub fn marked<T>(text: &str, style: Style, target: impl Fn(Mark) -> Option<T>) -> Vec<Piece<T>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(next) = text[at..].find(['[', '#']).map(|i| at + i) {
        // `a#1` is a name, `a[1]` may well be a citation.
        let inside = text[next..].starts_with('#') && text[..next].ends_with(|c: char| c.is_alphanumeric());
        let found = mark(&text[next..]).filter(|_| !inside);
        at = next + 1;
        if let Some((target, length)) = found.and_then(|(m, length)| Some((target(m)?, length))) {
            pieces.push(Piece::Text(text[from..next].to_owned(), style));
            pieces.push(Piece::Link(text[next..next + length].to_owned(), target));
            at = next + length;
            from = at;
        }
    }
    pieces.push(Piece::Text(text[from..].to_owned(), style));
    pieces
}

/// Rows of text with links.
#[derive(Debug)]
pub struct Document<T> {
    width: usize,
    ellipsis: &'static str,
    styles: LinkStyles,
    active: Option<usize>,
    rows: Vec<Line<'static>>,
    links: Vec<(usize, T)>,
}

impl<T: Clone> Document<T> {
    /// An empty one, `width` cells wide, whose link number `active` (in the order they are added) is lit.
    pub fn new(width: usize, ellipsis: &'static str, styles: LinkStyles, active: Option<usize>) -> Self {
        Self { width, ellipsis, styles, active, rows: Vec::new(), links: Vec::new() }
    }

    /// Cells of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Row and target of every link, in order.
    pub fn links(&self) -> &[(usize, T)] {
        &self.links
    }

    /// An empty row, unless the last one is empty or there is none.
    pub fn gap(&mut self) {
        if self.rows.last().is_some_and(|r| r.width() > 0) {
            self.rows.push(Line::default());
        }
    }

    /// One row, cut to the width.
    pub fn row(&mut self, spans: Vec<Span<'static>>) {
        self.rows.push(text::truncate_line(spans, self.width, self.ellipsis));
    }

    /// One row with `right` at its end; `left` is cut first.
    pub fn row_ends(&mut self, left: Vec<Span<'static>>, right: Vec<Span<'static>>) {
        let taken: usize = right.iter().map(|s| text::width(&s.content)).sum();
        let room = self.width.saturating_sub(taken + 1);
        let mut line = text::truncate_line(left, room, self.ellipsis);
        if taken < self.width {
            let used: usize = line.spans.iter().map(|s| text::width(&s.content)).sum();
            line.push_span(" ".repeat(self.width.saturating_sub(used + taken)));
            line.spans.extend(right);
        }
        self.rows.push(line);
    }

    /// One row that is a link as a whole.
    pub fn link_row(&mut self, spans: Vec<Span<'static>>, target: T) {
        let lit = self.active == Some(self.links.len());
        self.links.push((self.rows.len(), target));
        let mut line = text::truncate_line(spans, self.width, self.ellipsis);
        if lit {
            let active = self.styles.active;
            for span in &mut line.spans {
                span.style = active;
            }
            let used: usize = line.spans.iter().map(|s| text::width(&s.content)).sum();
            line.push_span(Span::styled(" ".repeat(self.width.saturating_sub(used)), active));
        }
        self.rows.push(line);
    }

    /// A paragraph broken at spaces: `first` stands before its first row, as many blank cells before the others.
    pub fn paragraph(&mut self, first: Vec<Span<'static>>, pieces: Vec<Piece<T>>) {
        let indent: usize = first.iter().map(|s| text::width(&s.content)).sum();
        let room = self.width.saturating_sub(indent).max(1);
        let mut whole = String::new();
        let mut parts: Vec<(std::ops::Range<usize>, Style, Option<T>)> = Vec::new();
        for piece in pieces {
            let from = whole.len();
            let (content, style, target) = match piece {
                Piece::Text(t, s) => (t, s, None),
                Piece::Link(t, target) => (t, self.styles.link, Some(target)),
            };
            whole.push_str(&content);
            parts.push((from..whole.len(), style, target));
        }
        let top = self.rows.len();
        let mut ranges = text::wrap_ranges(&whole, room);
        for range in &mut ranges {
            range.end = range.start + whole[range.clone()].trim_end().len();
        }
        for (range, style, target) in &mut parts {
            if let Some(target) = target.take() {
                if self.active == Some(self.links.len()) {
                    *style = self.styles.active;
                }
                let row = ranges.iter().rposition(|r| r.start <= range.start).unwrap_or(0);
                self.links.push((top + row, target));
            }
        }
        let mut lead = first;
        for range in ranges {
            let mut spans = std::mem::replace(&mut lead, vec![Span::raw(" ".repeat(indent))]);
            for (part, style, _) in &parts {
                let (from, to) = (part.start.max(range.start), part.end.min(range.end));
                if let Some(cut) = whole.get(from..to).filter(|c| !c.is_empty()) {
                    spans.push(Span::styled(cut.to_owned(), *style));
                }
            }
            self.rows.push(text::truncate_line(spans, self.width, self.ellipsis));
        }
    }

    /// Draws the rows from `scroll` on.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, scroll: usize) {
        for (i, row) in self.rows.iter().skip(scroll).take(area.height as usize).enumerate() {
            row.render(Rect { y: area.y + i as u16, height: 1, ..area }, buffer);
        }
    }
}

/// Where a reader is in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First row shown.
    pub scroll: usize,
    /// The link that is lit.
    pub link: Option<usize>,
}

impl Place {
    /// One row up or down, as in a text browser: to the next link when it is in sight, else the text moves.
    /// `links` are rows of links, `rows` the length of the text, `height` what is seen of it.
    pub fn step(&mut self, down: bool, links: &[usize], rows: usize, height: usize) {
        let seen = self.scroll..self.scroll + height;
        let lit = self.link.filter(|l| links.get(*l).is_some_and(|r| seen.contains(r)));
        let next = match (lit, down) {
            (Some(l), true) => Some(l + 1).filter(|l| *l < links.len()),
            (Some(l), false) => l.checked_sub(1),
            (None, true) => links.iter().position(|r| seen.contains(r)),
            (None, false) => links.iter().rposition(|r| seen.contains(r)),
        };
        match next.filter(|l| seen.contains(&links[*l])) {
            Some(l) => self.link = Some(l),
            None => self.scroll_by(if down { 1 } else { -1 }, rows, height),
        }
    }

    /// To the next or previous link, wherever it is, around the ends.
    pub fn jump(&mut self, down: bool, links: &[usize], rows: usize, height: usize) {
        if links.is_empty() {
            return;
        }
        let last = links.len() - 1;
        let to = match (self.link, down) {
            (None, true) => 0,
            (None, false) => last,
            (Some(l), true) => {
                if l >= last {
                    0
                } else {
                    l + 1
                }
            }
            (Some(l), false) => l.checked_sub(1).unwrap_or(last),
        };
        self.link = Some(to);
        let row = links[to];
        if row < self.scroll || row >= self.scroll + height {
            self.scroll = row.saturating_sub(height / 2).min(rows.saturating_sub(height));
        }
    }

    /// As [`Place::jump`], but to a link in sight when the one that is lit is not: a reader goes on from where they read.
    pub fn jump_near(&mut self, down: bool, links: &[usize], rows: usize, height: usize) {
        let seen = self.scroll..self.scroll + height;
        if self.link.and_then(|l| links.get(l)).is_none_or(|r| !seen.contains(r)) {
            self.link = if down {
                links.iter().position(|r| *r >= seen.start).and_then(|l| l.checked_sub(1))
            } else {
                links.iter().rposition(|r| *r < seen.end).map(|l| l + 1).filter(|l| *l < links.len())
            };
        }
        self.jump(down, links, rows, height);
    }

    /// Moves the text and stays within it.
    pub fn scroll_by(&mut self, by: isize, rows: usize, height: usize) {
        self.scroll = self.scroll.saturating_add_signed(by).min(rows.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, LinkStyles, Piece, Place};
    use ratatui::style::Style;

    #[test]
    fn links_know_the_row_they_are_wrapped_to() {
        let mut doc = Document::new(10, "…", LinkStyles::default(), None);
        let plain = |t: &str| Piece::Text(t.to_owned(), Style::new());
        doc.paragraph(vec!["* ".into()], vec![plain("the pool is full "), Piece::Link("[1]".into(), 7)]);
        doc.link_row(vec!["evidence".into()], 8);
        assert_eq!(doc.links(), [(2, 7), (3, 8)]);
        let rows: Vec<String> = doc.rows.iter().map(ToString::to_string).collect();
        assert_eq!(
            rows,
            ["* the pool ", "  is full ", "  [1]", "evidence"].map(|r| r.trim_end().to_owned()).map(|r| r)
        );
    }

    #[test]
    fn down_lights_links_in_sight_and_scrolls_to_the_others() {
        let links = [2, 9];
        let mut place = Place::default();
        place.step(true, &links, 12, 4);
        assert_eq!(place, Place { scroll: 0, link: Some(0) });
        for _ in 0..6 {
            place.step(true, &links, 12, 4);
        }
        assert_eq!(place.scroll, 6);
        place.step(true, &links, 12, 4);
        assert_eq!(place.link, Some(1));
        place.step(true, &links, 12, 4);
        place.step(true, &links, 12, 4);
        place.step(true, &links, 12, 4);
        assert_eq!(place.scroll, 8);
    }

    #[test]
    fn marks_of_citations_and_incidents_become_links() {
        let pieces = super::marked("see [2], #7 and #71, not a#7, #7b, [x] or #9", Style::new(), |m| match m {
            super::Mark::Cited(n) => Some(n as u64),
            super::Mark::Incident(n) => (n != 9).then_some(n),
        });
        let links: Vec<_> = pieces
            .iter()
            .filter_map(|p| if let Piece::Link(text, n) = p { Some((text.as_str(), *n)) } else { None })
            .collect();
        assert_eq!(links, [("[2]", 2), ("#7", 7), ("#71", 71)]);
    }

    #[test]
    fn jumping_near_goes_on_from_what_is_read() {
        let links = [0, 20, 25, 50];
        let mut place = Place { scroll: 18, link: None };
        place.jump_near(true, &links, 60, 10);
        assert_eq!(place, Place { scroll: 18, link: Some(1) });
        place.jump_near(true, &links, 60, 10);
        assert_eq!(place.link, Some(2));
        let mut place = Place { scroll: 18, link: Some(0) };
        place.jump_near(false, &links, 60, 10);
        assert_eq!(place.link, Some(2), "the last one in sight");
        let mut place = Place { scroll: 50, link: None };
        place.jump_near(false, &links, 60, 10);
        assert_eq!(place.link, Some(3));
    }

    #[test]
    fn jumping_goes_around_and_brings_the_link_in_sight() {
        let mut place = Place::default();
        place.jump(false, &[0, 50], 60, 10);
        assert_eq!(place, Place { scroll: 45, link: Some(1) });
        place.jump(true, &[0, 50], 60, 10);
        assert_eq!(place, Place { scroll: 0, link: Some(0) });
        place.jump(true, &[], 60, 10);
        assert_eq!(place.link, Some(0));
    }
}
