//! Text from outside made safe and fitted to cells. Everything a log, a model or a file name says passes here
//! before it is drawn: control characters and escape sequences become visible symbols, bidirectional and
//! zero-width controls are shown as `\u{..}`, tabs become spaces, and widths are those of the terminal's cells.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const TAB: usize = 4;

/// What is drawn instead of a character, if it may not be drawn as it is.
fn replacement(c: char, ascii: bool) -> Option<Cow<'static, str>> {
    Some(match c {
        '\u{0}'..='\u{1f}' if ascii => format!("^{}", char::from(c as u8 + 64)).into(),
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32)?.to_string().into(),
        // Signs of our own texts, and what stands for angle brackets in those of models.
        '‹' if ascii => "<".into(),
        '›' if ascii => ">".into(),
        '→' if ascii => "->".into(),
        '…' if ascii => "~".into(),
        '–' | '—' if ascii => "-".into(),
        '×' if ascii => "x".into(),
        '«' | '»' | '“' | '”' if ascii => "\"".into(),
        '‘' | '’' if ascii => "'".into(),
        '\u{7f}' => if ascii { "^?" } else { "␡" }.into(),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => format!("\\u{{{:x}}}", c as u32).into(),
        _ => return None,
    })
}

/// One line of text that is safe to draw: no control character is left, tabs are spaces.
/// Borrows when nothing had to change, which is nearly always.
pub fn safe(text: &str) -> Cow<'_, str> {
    safe_for(text, false)
}

/// Like [`safe`]; with `ascii`, what is not ASCII becomes `?`.
pub fn safe_for(text: &str, ascii: bool) -> Cow<'_, str> {
    let clean = text.chars().all(|c| {
        if c.is_ascii() {
            !c.is_ascii_control()
        } else {
            !ascii && replacement(c, ascii).is_none() && !joins_too_long(c)
        }
    });
    if clean {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = 0;
    let mut joined = 0;
    for c in text.chars() {
        if c == '\t' {
            let n = TAB - column % TAB;
            out.extend(std::iter::repeat_n(' ', n));
            column += n;
            continue;
        }
        let from = out.len();
        match replacement(c, ascii) {
            Some(r) => out.push_str(&r),
            None if ascii && !c.is_ascii() => out.push('?'),
            None if joins_too_long(c) => {
                // A few marks are writing; a pile of them is an attack on the rows around.
                joined += 1;
                if joined <= 4 {
                    out.push(c);
                }
                continue;
            }
            None => out.push(c),
        }
        joined = 0;
        column += width(&out[from..]);
    }
    Cow::Owned(out)
}

/// Combining marks and joiners, which may pile up.
fn joins_too_long(c: char) -> bool {
    !c.is_ascii() && unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

/// Cells a safe text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(cell_width).sum() }
}

fn cell_width(grapheme: &str) -> usize {
    // The same measure as ratatui's buffer.
    grapheme.width()
}

/// Cuts a safe text to `cells`, ending in `ellipsis` when something was cut.
pub fn truncate<'a>(text: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let room = cells.saturating_sub(width(ellipsis));
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true) {
        let w = cell_width(g);
        if used + w > room {
            break;
        }
        out.push_str(g);
        used += w;
    }
    if cells >= width(ellipsis) {
        out.push_str(ellipsis);
    }
    Cow::Owned(out)
}

/// Angle brackets as people write them: in what models are sent they stand as `‹` and `›`, so that no text can end
/// its fence, and answers repeat them so.
pub fn unfenced(text: &str) -> Cow<'_, str> {
    if text.contains(['‹', '›']) {
        Cow::Owned(text.replace('‹', "<").replace('›', ">"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Cuts in the middle, for paths: the end says most.
pub fn truncate_start<'a>(text: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let room = cells.saturating_sub(width(ellipsis));
    let mut from = text.len();
    let mut used = 0;
    for (i, g) in text.grapheme_indices(true).rev() {
        let w = cell_width(g);
        if used + w > room {
            break;
        }
        used += w;
        from = i;
    }
    if cells < width(ellipsis) {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{ellipsis}{}", &text[from..]))
}

/// Cut and filled with spaces to exactly `cells`, to the left.
pub fn fit(text: &str, cells: usize, ellipsis: &str) -> String {
    let cut = truncate(text, cells, ellipsis);
    let pad = cells.saturating_sub(width(&cut));
    format!("{cut}{}", " ".repeat(pad))
}

/// Cut and filled with spaces to exactly `cells`, to the right, for numbers.
pub fn fit_right(text: &str, cells: usize, ellipsis: &str) -> String {
    let cut = truncate(text, cells, ellipsis);
    let pad = cells.saturating_sub(width(&cut));
    format!("{}{cut}", " ".repeat(pad))
}

/// Byte ranges of the rows a safe text takes at `cells` per row, broken at spaces where possible.
pub fn wrap_ranges(text: &str, cells: usize) -> Vec<std::ops::Range<usize>> {
    if cells == 0 || text.is_empty() {
        return std::iter::once(0..text.len()).collect();
    }
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    // Where the row may break: byte after the last space, and the cells used up to there.
    let mut gap: Option<(usize, usize)> = None;
    for (i, g) in text.grapheme_indices(true) {
        let w = cell_width(g);
        // A space at the end of a row hangs over; it is not seen.
        if used + w > cells && i > start && g != " " {
            let (at, before) = gap.filter(|(at, _)| *at > start).unwrap_or((i, used));
            rows.push(start..at);
            start = at;
            used -= before;
            gap = None;
            // What moved down with the break may itself be too long.
            if used + w > cells && i > start {
                rows.push(start..i);
                start = i;
                used = 0;
            }
        }
        used += w;
        if g == " " {
            gap = Some((i + g.len(), used));
        }
    }
    rows.push(start..text.len());
    rows
}

/// Rows of a safe text at `cells` per row, without the spaces at their ends.
pub fn wrap(text: &str, cells: usize) -> Vec<&str> {
    wrap_ranges(text, cells).into_iter().map(|r| text[r].trim_end()).collect()
}

/// A line from parts, cut to `cells` with `ellipsis`.
pub fn truncate_line(spans: Vec<Span<'static>>, cells: usize, ellipsis: &str) -> Line<'static> {
    let total: usize = spans.iter().map(|s| width(&s.content)).sum();
    if total <= cells {
        return Line::from(spans);
    }
    let mut left = cells;
    let mut out = Vec::new();
    for span in spans {
        let w = width(&span.content);
        // The last cell is kept for the ellipsis.
        if w < left {
            left -= w;
            out.push(span);
        } else {
            let cut = truncate(&span.content, left, ellipsis).into_owned();
            let cut = if w == left && !cut.ends_with(ellipsis) {
                truncate(&format!("{cut} "), left, ellipsis).into_owned()
            } else {
                cut
            };
            out.push(Span::styled(cut, span.style));
            break;
        }
    }
    Line::from(out)
}

/// `text` in `style`, with the byte ranges `marks` (sorted, apart) in `mark` style.
pub fn highlight(text: &str, marks: &[std::ops::Range<usize>], style: Style, mark: Style) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    let mut at = 0;
    for m in marks {
        if let (Some(before), Some(hit)) = (text.get(at..m.start), text.get(m.clone())) {
            if !before.is_empty() {
                out.push(Span::styled(before.to_owned(), style));
            }
            if !hit.is_empty() {
                out.push(Span::styled(hit.to_owned(), style.patch(mark)));
            }
            at = m.end;
        }
    }
    if let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
        out.push(Span::styled(rest.to_owned(), style));
    }
    out
}

#[cfg(test)]
mod tests;
