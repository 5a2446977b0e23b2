//! Markdown as rows of a [`Document`]: what a model answers. Text is made safe here; links show where they lead and
//! are never followed; HTML is shown as text; marks `[n]` and `#n` become links.

use super::code::{self, Carry, Kind, Language};
use super::document::{Document, Mark, Piece, marked};
use super::text;
use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use ratatui::style::Style;
use ratatui::text::Span;

/// How the parts look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Look {
    /// Running text.
    pub text: Style,
    /// Headings.
    pub heading: Style,
    /// Strong text.
    pub strong: Style,
    /// Emphasis and quotes.
    pub quote: Style,
    /// Code.
    pub code: Style,
    /// What code is made of.
    pub parts: CodeStyles,
    /// Whether the language of code is not named, since it was where the code began.
    pub unnamed: bool,
    /// Bullets, rules, addresses.
    pub dim: Style,
    /// Bullet of a list.
    pub bullet: &'static str,
    /// Line beside a quote.
    pub bar: &'static str,
    /// Line across.
    pub rule: &'static str,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
}

/// How the parts of code look; the rest has [`Look::code`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CodeStyles {
    /// Words of the language, commands.
    pub keyword: Style,
    /// Text in quotes.
    pub text: Style,
    /// Numbers and constants.
    pub number: Style,
    /// Keys, flags, variables.
    pub name: Style,
    /// Comments.
    pub comment: Style,
    /// Lines that a diff adds.
    pub added: Style,
    /// Lines that a diff takes away.
    pub removed: Style,
}

/// Deeper lists are not moved further to the right.
const MOST_INDENT: usize = 6;

/// Text of one style; marks in code are no citations.
struct Run {
    text: String,
    style: Style,
    code: bool,
}

struct Renderer<'d, T, C> {
    doc: &'d mut Document<T>,
    look: Look,
    cite: C,
    /// Text of the paragraph so far, in its styles.
    runs: Vec<Run>,
    strong: usize,
    emphasis: usize,
    heading: bool,
    quotes: usize,
    /// Next number of each open list, `None` for bullets.
    lists: Vec<Option<u64>>,
    /// What stands before the next paragraph of a list item.
    item: Option<String>,
    code: Option<String>,
    language: Language,
    links: Vec<String>,
    /// Rows of cells of the table that is being read.
    table: Vec<Vec<Vec<Run>>>,
    /// How its columns are aligned.
    alignment: Vec<Alignment>,
}

/// Adds `markdown` to `doc`; `cite` gives what a mark leads to.
pub fn render<T: Clone>(doc: &mut Document<T>, markdown: &str, look: Look, cite: impl Fn(Mark) -> Option<T>) {
    let mut renderer = Renderer {
        doc,
        look,
        cite,
        runs: Vec::new(),
        strong: 0,
        emphasis: 0,
        heading: false,
        quotes: 0,
        lists: Vec::new(),
        item: None,
        code: None,
        language: Language::None,
        links: Vec::new(),
        table: Vec::new(),
        alignment: Vec::new(),
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES) {
        renderer.event(event);
    }
    renderer.flush();
}

/// The code blocks of `markdown`, in order.
pub fn code_blocks(markdown: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => open = Some(String::new()),
            Event::Text(t) => {
                if let Some(block) = &mut open {
                    block.push_str(&t);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take().map(|b| b.trim_end().to_owned())),
            _ => {}
        }
    }
    blocks
}

impl<T: Clone, C: Fn(Mark) -> Option<T>> Renderer<'_, T, C> {
    fn style(&self) -> Style {
        if self.heading {
            self.look.heading
        } else if self.strong > 0 {
            self.look.strong
        } else if self.emphasis > 0 || self.quotes > 0 {
            self.look.quote
        } else {
            self.look.text
        }
    }

    fn push(&mut self, content: &str, style: Style) {
        let safe = text::safe_for(content, self.look.ascii);
        match self.runs.last_mut().filter(|r| r.style == style && !r.code) {
            Some(run) => run.text.push_str(&safe),
            None => self.runs.push(Run { text: safe.into_owned(), style, code: false }),
        }
    }

    /// What stands before the rows of this place: quote bars, indentation, a list's mark.
    fn lead(&mut self) -> Vec<Span<'static>> {
        let mut lead =
            vec![Span::styled(format!("{} ", self.look.bar).repeat(self.quotes.min(MOST_INDENT)), self.look.dim)];
        let depth = self.lists.len().min(MOST_INDENT);
        match self.item.take() {
            Some(mark) => {
                lead.push(Span::styled(format!("{}{mark} ", "  ".repeat(depth.saturating_sub(1))), self.look.dim));
            }
            None => lead.push(Span::raw("  ".repeat(depth))),
        }
        lead
    }

    fn flush(&mut self) {
        if self.runs.is_empty() {
            return;
        }
        let runs = std::mem::take(&mut self.runs);
        self.row(runs);
    }

    /// A table: columns side by side where they fit, else one cell after the other.
    fn rows(&mut self) {
        let rows = std::mem::take(&mut self.table);
        let width = |cell: &[Run]| cell.iter().map(|r| text::width(&r.text)).sum::<usize>();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |c: usize| rows.iter().filter_map(|row| row.get(c)).map(|cell| width(cell)).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        let whole = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
        let fits = whole <= self.doc.width();
        for (i, cells) in rows.into_iter().enumerate() {
            let mut runs = Vec::new();
            let last = cells.len().saturating_sub(1);
            for (c, cell) in cells.into_iter().enumerate() {
                let pad = if fits { widths[c].saturating_sub(width(&cell)) } else { 0 };
                let before = match self.alignment.get(c) {
                    Some(Alignment::Right) => pad,
                    Some(Alignment::Center) => pad / 2,
                    _ => 0,
                };
                let blank = |text: String| Run { text, style: self.look.dim, code: true };
                runs.extend((before > 0).then(|| blank(" ".repeat(before))));
                runs.extend(cell);
                let gap = if fits { " ".repeat(pad - before + 2) } else { format!(" {} ", self.look.bar) };
                runs.extend((c < last).then(|| blank(gap)));
            }
            self.row(runs);
            if i == 0 && fits {
                self.doc.row(vec![Span::styled(self.look.rule.repeat(whole), self.look.dim)]);
            }
        }
    }

    fn row(&mut self, runs: Vec<Run>) {
        let lead = self.lead();
        let mut pieces: Vec<Piece<T>> = Vec::new();
        for run in runs {
            if run.code {
                pieces.push(Piece::Text(run.text, run.style));
            } else {
                pieces.extend(marked(&run.text, run.style, &self.cite));
            }
        }
        self.doc.paragraph(lead, pieces);
    }

    fn code_block(&mut self, code: &str) {
        let mut carry = Carry::default();
        for line in code.trim_end().lines() {
            let mut lead = self.lead();
            lead.push(Span::raw("  "));
            let cut = code::pieces(self.language, line, &mut carry);
            let piece = |(range, kind): (std::ops::Range<usize>, Kind)| {
                Piece::Text(text::safe_for(&line[range], self.look.ascii).into_owned(), self.of_kind(kind))
            };
            let pieces = cut.into_iter().map(piece).collect();
            self.doc.paragraph(lead, pieces);
        }
    }

    fn of_kind(&self, kind: Kind) -> Style {
        let parts = &self.look.parts;
        let own = match kind {
            Kind::Plain => return self.look.code,
            Kind::Keyword => parts.keyword,
            Kind::Text => parts.text,
            Kind::Number => parts.number,
            Kind::Name => parts.name,
            Kind::Comment => parts.comment,
            Kind::Added => parts.added,
            Kind::Removed => parts.removed,
        };
        self.look.code.patch(own)
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(t) | Event::Html(t) | Event::InlineHtml(t) => {
                if let Some(code) = &mut self.code {
                    code.push_str(&t);
                } else {
                    let style = self.style();
                    self.push(t.trim_end_matches('\n'), style);
                }
            }
            Event::Code(t) => {
                let text = text::safe_for(&t, self.look.ascii).into_owned();
                self.runs.push(Run { text, style: self.look.code, code: true });
            }
            Event::SoftBreak => {
                let style = self.style();
                self.push(" ", style);
            }
            Event::HardBreak => self.flush(),
            Event::Rule => {
                let rule = self.look.rule.repeat(self.doc.width());
                self.doc.row(vec![Span::styled(rule, self.look.dim)]);
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.item.is_none() && self.lists.is_empty() => self.doc.gap(),
            Tag::Heading { level, .. } => {
                self.doc.gap();
                self.heading = level <= HeadingLevel::H6;
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.doc.gap();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.doc.gap();
                self.language = Language::None;
                if let CodeBlockKind::Fenced(language) = &kind {
                    self.language = Language::of(language.split_whitespace().next().unwrap_or_default());
                }
                if let CodeBlockKind::Fenced(language) = kind
                    && !language.is_empty()
                    && !self.look.unnamed
                {
                    let safe = text::safe_for(&language, self.look.ascii).into_owned();
                    self.doc.row(vec![Span::styled(format!("  {safe}"), self.look.dim)]);
                }
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                if self.lists.is_empty() {
                    self.doc.gap();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                self.item = Some(match self.lists.last_mut() {
                    Some(Some(n)) => {
                        *n += 1;
                        format!("{}.", *n - 1)
                    }
                    _ => self.look.bullet.to_owned(),
                });
            }
            Tag::Table(alignment) => {
                self.alignment = alignment;
                self.flush();
                self.doc.gap();
            }
            Tag::TableHead => {
                self.table.push(Vec::new());
                self.strong += 1;
            }
            Tag::TableRow => self.table.push(Vec::new()),
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.links.push(dest_url.to_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            TagEnd::Heading(_) => {
                self.flush();
                self.heading = false;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.code_block(&code);
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.runs);
                if let Some(row) = self.table.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::TableHead => self.strong = self.strong.saturating_sub(1),
            TagEnd::Table => self.rows(),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => {
                if let Some(url) = self.links.pop().filter(|u| !u.is_empty()) {
                    self.push(&format!(" ({url})"), self.look.dim);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, Look, code_blocks, render};
    use crate::tui::widgets::document::LinkStyles;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn rows(markdown: &str, width: u16) -> (Vec<String>, Vec<(usize, usize)>) {
        let look = Look { bullet: "*", bar: "|", rule: "-", ..Look::default() };
        let mut doc = Document::new(width as usize, "~", LinkStyles::default(), None);
        render(&mut doc, markdown, look, |m| m.cited().filter(|n| *n <= 2));
        let area = Rect::new(0, 0, width, doc.len() as u16);
        let mut buffer = Buffer::empty(area);
        doc.draw(area, &mut buffer, 0);
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        ((0..area.height).map(row).collect(), doc.links().to_vec())
    }

    #[test]
    fn an_answer_reads_like_a_document() {
        let (rows, links) = rows(
            "# Why\nThe **pool** is full [1],\nsee [2] and [7].\n\n1. scale\n2. wait\n   - really\n\n```sh\nkubectl get pods\n```\n> quoted\n",
            30,
        );
        assert_eq!(
            rows,
            [
                "Why",
                "",
                "The pool is full [1], see [2]",
                "and [7].",
                "",
                "1. scale",
                "2. wait",
                "  * really",
                "",
                "  sh",
                "  kubectl get pods",
                "",
                "| quoted"
            ]
        );
        assert_eq!(links, [(2, 1), (2, 2)]);
    }

    #[test]
    fn links_show_where_they_lead_and_html_stays_text() {
        let (rows, _) = rows("[safe](http://evil.example) <b>x</b> \u{1b}[31m", 60);
        assert_eq!(rows, ["safe (http://evil.example) <b>x</b> ␛[31m"]);
    }

    #[test]
    fn code_is_found_for_copying() {
        assert_eq!(code_blocks("a\n```\none\ntwo\n```\nb\n\n    three\n"), ["one\ntwo", "three"]);
    }

    proptest! {
        #[test]
        fn any_text_renders(markdown in "[\\[\\]()*_`#>\\- 1-9a-c\n<!&\u{1b}日]{0,120}", width in 1u16..40) {
            rows(&markdown, width);
        }
    }

    #[test]
    fn tables_stand_in_columns_where_they_fit() {
        let table = "| who | times |\n|---|--:|\n| orders | 1,142 [1] |\n| `db-1` | 7 |\n\nafter";
        let (wide, links) = rows(table, 40);
        let want = ["who         times", "-----------------", "orders  1,142 [1]", "db-1            7", "", "after"];
        assert_eq!(wide, want);
        assert_eq!(links, [(2, 1)], "marks in cells lead on");
        let (narrow, _) = rows("| who | what |\n|---|---|\n| orders | connection refused by the database |", 20);
        assert!(narrow[0] == "who | what" && narrow[1].starts_with("orders | connection"), "{narrow:?}");
    }
}
