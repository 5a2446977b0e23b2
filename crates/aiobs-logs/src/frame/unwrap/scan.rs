//! JSON gone through byte by byte, as far as brackets and strings. Used by the unwrapper, which may stop in the middle of
//! either; it does not know what the brackets hold.

use memchr::memchr2;

/// Whether a byte is in a string of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

/// Goes through JSON until the last open bracket is closed. Bytes taken, brackets still open, whether in a string.
pub(super) fn scan(bytes: &[u8], mut open: u32, mut text: Text) -> (usize, u32, Text) {
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        at += 1;
        match (text, b) {
            (Text::Escaped, _) => text = Text::Inside,
            (Text::Inside, b'"') => text = Text::Outside,
            (Text::Inside, b'\\') => text = Text::Escaped,
            (Text::Inside, _) => at += memchr2(b'"', b'\\', &bytes[at..]).unwrap_or(bytes.len() - at),
            (Text::Outside, b'"') => text = Text::Inside,
            (Text::Outside, b'{' | b'[') => open += 1,
            (Text::Outside, b'}' | b']') => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            (Text::Outside, _) => {}
        }
    }
    (at, open, text)
}

/// The first byte at or after `at` that is no blank.
pub(super) fn blank(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count()
}
