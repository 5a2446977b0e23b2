//! A line without the escape sequences of terminals, with the way back to the places in the line as it came. Used
//! for programs that colour their output even into files.

/// The byte that begins an escape sequence.
pub(crate) const ESCAPE: u8 = 0x1b;

/// A stripped line. Kept and filled anew for each line that needs it.
#[derive(Debug, Default)]
pub(crate) struct Bare {
    pub(crate) text: String,
    /// For each byte of `text` its place in the line.
    places: Vec<u32>,
    whole: u32,
}

impl Bare {
    /// Takes the control sequences (`ESC [ ... letter`) and lone escapes out of a line.
    pub(crate) fn strip(&mut self, line: &str) {
        self.text.clear();
        self.places.clear();
        self.whole = line.len() as u32;
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != char::from(ESCAPE) {
                self.text.push(c);
                self.places.extend((at..at + c.len_utf8()).map(|p| p as u32));
                continue;
            }
            if chars.next_if(|(_, c)| *c == '[').is_some() {
                while chars.next_if(|(_, c)| matches!(c, ' '..='?')).is_some() {}
                chars.next_if(|(_, c)| matches!(c, '@'..='~'));
            }
        }
    }

    /// A range of `text` as a range of the line.
    pub(crate) fn place(&self, (start, end): (u32, u32)) -> (u32, u32) {
        let at = |i: u32| self.places.get(i as usize).copied();
        if start >= end {
            let place = at(start).unwrap_or(self.whole);
            return (place, place);
        }
        let first = at(start).unwrap_or(self.whole);
        (first, at(end - 1).map_or(self.whole, |last| last + 1))
    }
}
