//! Takes records out of a JSON document that is a list of them: `{"Records":[{...},{...}]}` as CloudTrail writes it,
//! `{"logEvents":[...]}`, `{"records":[...]}`, `[{...},{...}]`, on one line or many, one document or several in a file.
//!
//! The reading thread puts it before [`super::BlockJoiner`]: each element of the list comes as a [`Line`] of its own. A file
//! that is no such document is handed to a [`LineFramer`] as it is, which is decided at its beginning, once. It holds one
//! record at most. It knows no formats.

mod head;
mod scan;

use self::head::{Head, head};
use self::scan::{Text, blank, scan};
use super::lines::{Line, LineFramer, MAX_LINE, Span, emit};

/// Bytes at the beginning that are looked at before it is decided what they are.
const HEAD: usize = 64 * 1024;
/// Where in a document the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first; what was seen of it is held.
    Start,
    /// There is none: lines.
    Lines,
    /// Between two elements of the list.
    List,
    /// Inside of an element: so many objects and lists are open.
    Element { open: u32, text: Text },
    /// Behind the list.
    Behind,
    /// In the rest of the object around it.
    Rest { open: u32, text: Text },
}

/// The framer of a source that may be a document. One per file.
#[derive(Debug)]
pub struct Unwrapper {
    state: State,
    lines: LineFramer,
    /// Bytes of the beginning, or of an element.
    held: Vec<u8>,
    /// Bytes of the element that came after `held` was full.
    skipped: u64,
    /// Offset of the first byte held.
    start: u64,
    /// It begins within a file.
    within: Option<bool>,
    /// A document was found in it.
    found: bool,
    continued: bool,
    scratch: String,
}

impl Default for Unwrapper {
    fn default() -> Self {
        Self::new()
    }
}

impl Unwrapper {
    /// At the start of a source, or where reading goes on.
    pub fn new() -> Self {
        Self {
            state: State::Start,
            lines: LineFramer::new(),
            held: Vec::new(),
            skipped: 0,
            start: 0,
            within: None,
            found: false,
            continued: false,
            scratch: String::new(),
        }
    }

    /// Whether a document has begun and not ended.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::List | State::Element { .. } | State::Rest { .. })
    }

    /// Whether lines are held because it is not decided what they are.
    pub fn holds_lines(&self) -> bool {
        self.state == State::Start && self.held.contains(&b'\n')
    }

    /// Lines that are held were waited for long enough: they are lines.
    pub fn let_lines_go(&mut self, mut sink: impl FnMut(Line<'_>)) {
        if self.holds_lines() {
            self.give_up(&mut sink);
        }
    }

    /// Takes the bytes at `offset` and hands out every record or line that ends in them.
    pub fn push(&mut self, offset: u64, bytes: &[u8], mut sink: impl FnMut(Line<'_>)) {
        if self.state == State::Lines {
            self.lines.push(offset, bytes, sink);
        } else {
            self.take(offset, bytes, &mut sink);
        }
    }

    fn take(&mut self, offset: u64, bytes: &[u8], sink: &mut dyn FnMut(Line<'_>)) {
        let within = *self.within.get_or_insert(offset > 0);
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Start && self.found && self.held.is_empty() {
                // Between documents only what follows counts.
                at = blank(bytes, at);
            }
            let rest = &bytes[at..];
            let here = offset + at as u64;
            match self.state {
                State::Lines => return self.lines.push(here, rest, sink),
                State::Start => {
                    if self.held.is_empty() {
                        self.start = here;
                    }
                    self.held.extend_from_slice(&rest[..rest.len().min(HEAD)]);
                    match head(&self.held, within && !self.found) {
                        Head::Open if self.held.len() < HEAD => {}
                        Head::Open | Head::Lines => self.give_up(sink),
                        Head::List(first) => {
                            let head = std::mem::take(&mut self.held);
                            self.state = State::List;
                            self.found = true;
                            self.take(self.start + first as u64, &head[first..], sink);
                        }
                    }
                    at += rest.len().min(HEAD);
                }
                State::List => at += self.between(here, rest),
                State::Element { open, text } => at += self.element(open, text, rest, sink),
                State::Behind => match rest.iter().position(|b| !b.is_ascii_whitespace()) {
                    None => return,
                    Some(n) => {
                        (self.state, at) = match rest[n] {
                            b'}' => (State::Start, at + n + 1),
                            b',' => (State::Rest { open: 1, text: Text::Outside }, at + n + 1),
                            _ => (State::Start, at + n),
                        };
                    }
                },
                State::Rest { open, text } => {
                    let (end, open, text) = scan(rest, open, text);
                    at += end;
                    self.state = if open == 0 { State::Start } else { State::Rest { open, text } };
                }
            }
        }
    }

    /// No more comes for now: what is held is handed out, of a record its beginning, marked as cut.
    pub fn finish(&mut self, mut sink: impl FnMut(Line<'_>)) {
        match self.state {
            State::Start if !self.held.is_empty() => self.give_up(&mut sink),
            State::Element { .. } if !self.held.is_empty() => {
                self.hand_out(true, &mut sink);
                self.continued = true;
            }
            _ => {}
        }
        self.lines.finish(sink);
    }

    /// It was no document: what is held are lines.
    fn give_up(&mut self, sink: &mut dyn FnMut(Line<'_>)) {
        self.state = State::Lines;
        self.lines.push(self.start, &std::mem::take(&mut self.held), sink);
    }

    /// Goes on to the next element, or behind the list; what is no element ends the document. Bytes taken.
    fn between(&mut self, here: u64, rest: &[u8]) -> usize {
        let Some(n) = rest.iter().position(|b| !b.is_ascii_whitespace() && *b != b',') else { return rest.len() };
        match rest[n] {
            b'{' => {
                self.start = here + n as u64;
                self.continued = false;
                self.state = State::Element { open: 0, text: Text::Outside };
                n
            }
            b']' => {
                self.state = State::Behind;
                n + 1
            }
            _ => {
                self.state = State::Lines;
                n
            }
        }
    }

    /// Takes bytes of an element up to its end. How many.
    fn element(&mut self, open: u32, text: Text, rest: &[u8], sink: &mut dyn FnMut(Line<'_>)) -> usize {
        let (end, open, text) = scan(rest, open, text);
        let room = (MAX_LINE + 1).saturating_sub(self.held.len()).min(end);
        self.held.extend_from_slice(&rest[..room]);
        self.skipped += (end - room) as u64;
        if open == 0 {
            self.hand_out(false, sink);
            self.continued = false;
            self.state = State::List;
        } else {
            self.state = State::Element { open, text };
        }
        end
    }

    fn hand_out(&mut self, torn: bool, sink: &mut dyn FnMut(Line<'_>)) {
        let next_offset = self.start + self.held.len() as u64 + self.skipped;
        let span = Span { offset: self.start, next_offset, long: self.skipped > 0, continued: self.continued };
        emit(&self.held, span, &mut self.scratch, &mut |line| sink(Line { cut: line.cut || torn, ..line }));
        self.start = next_offset;
        self.skipped = 0;
        self.held.clear();
        if self.held.capacity() > 64 * 1024 {
            self.held = Vec::new();
            self.scratch = String::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts with their offsets and whether they are cut, however the bytes are split.
    fn read(text: &[u8], from: usize, step: usize) -> (Vec<(String, u64, u64, bool)>, bool) {
        let mut framer = Unwrapper::new();
        let mut found = Vec::new();
        let mut take = |l: Line<'_>| found.push((l.text.to_owned(), l.offset, l.next_offset, l.cut));
        let mut at = from;
        for piece in text[from..].chunks(step) {
            framer.push(at as u64, piece, &mut take);
            at += piece.len();
        }
        framer.finish(&mut take);
        let open = framer.is_open();
        (found, open)
    }

    fn texts(text: &str) -> Vec<String> {
        let whole = read(text.as_bytes(), 0, usize::MAX);
        for step in [1, 2, 7] {
            assert_eq!(read(text.as_bytes(), 0, step), whole, "in pieces of {step}: {text}");
        }
        whole.0.into_iter().map(|l| l.0).collect()
    }

    const TWO: [&str; 2] = [r#"{"eventTime":"1","s":"a \" ]} {"}"#, r#"{"b":[{"x":[1,2]},{}]}"#];

    #[test]
    fn the_elements_of_a_list_are_records() {
        let [a, b] = TWO;
        for document in [
            format!("{{\"Records\":[{a},{b}]}}"),
            format!("\u{feff}{{ \"Records\" : [\n  {a} ,\r\n  {b}\n]\n}}\n"),
            format!("[{a},{b}]"),
            format!("[\n{a},\n{b}\n]\n"),
            format!("{{\"events\":[{a},{b}],\"nextToken\":\"x]}}\",\"more\":{{}}}}\n"),
            format!("{{\"messageType\":\"DATA_MESSAGE\",\"n\":1,\"logEvents\":[{a},{b}]}}"),
            format!("{{\"records\":[{a}]}}{{\"records\":[{{\"time\":1}}]}}\n")
                .replace("{\"time\":1}", &format!("{{\"time\":1}},{b}")),
        ] {
            let found = texts(&document);
            let expected: Vec<&str> =
                if document.contains("{\"time\":1}") { vec![a, "{\"time\":1}", b] } else { vec![a, b] };
            assert_eq!(found, expected, "{document}");
            assert!(!read(document.as_bytes(), 0, 64).1, "closed: {document}");
        }
    }

    #[test]
    fn what_only_looks_alike_stays_lines() {
        for text in [
            "{\"time\":\"1\",\"Records\":3}\n{\"a\":1}\n",
            "{\"items\":[{\"sku\":1}],\"level\":\"info\"}\n",
            "{\"level\":\"info\",\"events\":[{\"time\":1}]}\n",
            "[INFO] starting\n[{pid,1}] x\n",
            "[1,2]\n[]\n",
            "{\"Records\":[]}\n",
            "{\n  \"time\": 1,\n  \"a\": {}\n}\n",
            ", {\"a\":1}\n]\n",
            "{\"",
        ] {
            assert_eq!(texts(text), text.lines().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn reading_goes_on_behind_any_element() {
        let [a, b] = TWO;
        let document = format!("{{\"Records\":[\n{a},\n{b} , {a}\n]\n}}\n");
        let (all, _) = read(document.as_bytes(), 0, 5);
        assert_eq!(all.len(), 3);
        for (n, line) in all.iter().enumerate() {
            assert_eq!(&document[line.1 as usize..line.2 as usize], line.0);
            for step in [1, 4, 1_000] {
                let (rest, open) = read(document.as_bytes(), line.2 as usize, step);
                assert_eq!((rest.as_slice(), open), (&all[n + 1..], false), "behind {n} in steps of {step}");
            }
        }
    }

    #[test]
    fn a_torn_end_is_told_and_what_comes_later_is_not_lost() {
        let [a, b] = TWO;
        let whole = format!("[{a},{b}]");
        let torn = &whole[..whole.len() - 6];
        let mut framer = Unwrapper::new();
        let mut found = Vec::new();
        let mut take = |l: Line<'_>| found.push((l.text.to_owned(), l.cut, l.continued));
        framer.push(0, torn.as_bytes(), &mut take);
        framer.finish(&mut take);
        assert!(framer.is_open());
        framer.push(torn.len() as u64, &whole.as_bytes()[torn.len()..], &mut take);
        let torn_off = &b[..b.len() - 5];
        let expected = [(a, false, false), (torn_off, true, false), (&b[b.len() - 5..], false, true)];
        assert_eq!(found, expected.map(|(t, cut, on)| (t.to_owned(), cut, on)));
        assert!(!framer.is_open());
    }

    #[test]
    fn memory_is_that_of_one_record() {
        let element = format!("{{\"time\":1,\"x\":\"{}\"}}", "y".repeat(3 * MAX_LINE));
        let mut framer = Unwrapper::new();
        let mut found = Vec::new();
        let document = format!("{{\"records\":[{{\"time\":0}},{element},{{\"time\":2}}]}}");
        for (n, piece) in document.as_bytes().chunks(65_536).enumerate() {
            framer.push(n as u64 * 65_536, piece, |l| found.push((l.text.len(), l.cut)));
            assert!(framer.held.capacity() <= 2 * MAX_LINE + 2);
        }
        assert_eq!(found, [(10, false), (MAX_LINE, true), (10, false)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_the_same_in_any_pieces(text in "[\\[\\]{}\",: \\n\\\\aRt]{0,60}", step in 1..9_usize) {
            for front in ["", "[{\"", "{\"Records\":[{\"a\":1},"] {
                let text = format!("{front}{text}");
                prop_assert_eq!(read(text.as_bytes(), 0, step), read(text.as_bytes(), 0, usize::MAX));
            }
        }
    }
}
