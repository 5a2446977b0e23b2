//! Text that comes from logs or models, made fit for a file: control characters become visible symbols.

use std::borrow::Cow;

/// Text in which nothing is left that would steer a terminal or turn the order of letters around; line breaks and tabs
/// stay.
pub fn neutral(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| symbol(c).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| symbol(c).unwrap_or(c)).collect())
}

/// What stands for a character that must not be written as it is.
fn symbol(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => None,
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// Text for HTML, also within quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in neutral(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text for Markdown: one line, nothing that would be markup.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let flat = text.split(['\n', '\r']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
    for c in neutral(&flat).chars() {
        if matches!(c, '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Angle brackets as people write them: answers of models have them as `‹` and `›`.
pub(super) fn unfenced(text: &str) -> Cow<'_, str> {
    if text.contains(['‹', '›']) {
        Cow::Owned(text.replace('‹', "<").replace('›', ">"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, inline, neutral};

    #[test]
    fn nothing_steers_a_terminal_or_a_page() {
        assert_eq!(neutral("a\u{1b}[2J\u{9b}\u{202e}b\tc\n"), "a\u{241b}[2J\u{fffd}\u{fffd}b\tc\n");
        assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
        assert_eq!(inline("[a](b)\n\n *c*"), "\\[a\\](b) \\*c\\*");
    }
}
