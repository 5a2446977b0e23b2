//! The placeholders of one template, and what a message of it has there: for statistics on the values of a template. The
//! message is scanned as the miner scans it and laid beside the template word by word, so that words which became
//! variables only through their variants have values too.

use super::class::Placeholder;
use super::scan::{KIND, SPACE, Sink, first_line, scan};

/// One placeholder of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What kind of value stands there.
    pub kind: Placeholder,
    /// What it is called by: what stands before it in its word (`pool=`), else the word before, if that has no values;
    /// may be empty.
    pub name: String,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    words: Vec<Vec<Part>>,
    slots: Vec<Slot>,
}

/// A part of a word of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// A part of a word of a message: constant text, or a value. Byte range of the line.
#[derive(Clone, Copy, Debug)]
struct Piece {
    value: bool,
    start: usize,
    end: usize,
}

impl Slots {
    /// Of the text of a template.
    pub fn new(template: &str) -> Self {
        let mut words: Vec<Vec<Part>> = Vec::new();
        let mut slots = Vec::new();
        let mut before = "";
        for word in template.split_ascii_whitespace() {
            let parts = parts(word);
            let mut key = "";
            for part in &parts {
                match part {
                    Part::Text(text) => key = text,
                    Part::Value(kind) => slots.push(Slot { kind: *kind, name: name(key, before) }),
                }
            }
            let constant = !parts.iter().any(|p| matches!(p, Part::Value(_)));
            before = if constant { word } else { "" };
            words.push(parts);
        }
        Self { words, slots }
    }

    /// The placeholders, from left to right.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Hands the value at each placeholder to `on`, with its number from 0. False, and nothing was handed out, when the
    /// message is of another template.
    pub fn values<'m>(&self, message: &'m str, on: &mut dyn FnMut(usize, &'m str)) -> bool {
        let line = first_line(message);
        let from = line.as_ptr() as usize - message.as_ptr() as usize;
        let Some(text) = message.get(from..) else { return false };
        let mut sink = Pieces { line, words: Vec::new(), open: Vec::new(), end: 0 };
        scan(line, &mut sink);
        if sink.words.len() != self.words.len() {
            return false;
        }
        let mut found = Vec::with_capacity(self.slots.len());
        let fit = self.words.iter().zip(&sink.words).all(|(ours, theirs)| align(ours, theirs, text, &mut found));
        if fit && found.len() == self.slots.len() {
            found.into_iter().enumerate().for_each(|(i, value)| on(i, value));
            return true;
        }
        false
    }
}

/// What a placeholder is called by.
fn name(key: &str, before: &str) -> String {
    let word = |t: &str| t.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').to_owned();
    let own = word(key);
    if own.is_empty() { word(before) } else { own }
}

fn parts(word: &str) -> Vec<Part> {
    let mut out = Vec::new();
    let mut rest = word;
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        if let Some(kind) = Placeholder::at_start(rest) {
            if !text.is_empty() {
                out.push(Part::Text(std::mem::take(&mut text)));
            }
            out.push(Part::Value(kind));
            rest = &rest[kind.text().len()..];
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !text.is_empty() {
        out.push(Part::Text(text));
    }
    out
}

/// Lays a word of a message beside one of the template and adds its values to `found`. What stands before and after the
/// one placeholder that covers more than a value must be the same piece by piece.
fn align<'m>(ours: &[Part], theirs: &[Piece], text: &'m str, found: &mut Vec<&'m str>) -> bool {
    let get = |p: &Piece| text.get(p.start..p.end);
    let same = |part: &Part, piece: &Piece| match part {
        Part::Text(t) => !piece.value && get(piece) == Some(t),
        Part::Value(_) => piece.value,
    };
    if ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b)) {
        found.extend(ours.iter().zip(theirs).filter(|(a, _)| matches!(a, Part::Value(_))).filter_map(|(_, b)| get(b)));
        return true;
    }
    let (Some(start), Some(end)) = (theirs.first().map(|p| p.start), theirs.last().map(|p| p.end)) else {
        return false;
    };
    let Some(word) = text.get(start..end) else { return false };
    let Some(values) = covered(ours, word) else { return false };
    found.extend(values);
    true
}

/// The values of a word by its constant text alone: each placeholder reaches to where the next constant text stands.
fn covered<'m>(ours: &[Part], word: &'m str) -> Option<Vec<&'m str>> {
    let mut found = Vec::new();
    let mut rest = word;
    let mut open = false;
    for (i, part) in ours.iter().enumerate() {
        match part {
            // Two values side by side: the second takes all.
            Part::Value(_) if open => found.push(""),
            Part::Value(_) => open = true,
            Part::Text(t) if open => {
                // The last constant text is the end of the word, wherever else it stands.
                let last = i + 1 == ours.len();
                let at = if last { rest.strip_suffix(t.as_str()).map(str::len) } else { rest.find(t) }?;
                found.push(&rest[..at]);
                rest = &rest[at + t.len()..];
                open = false;
            }
            Part::Text(t) => rest = rest.strip_prefix(t.as_str())?,
        }
    }
    if open {
        found.push(rest);
    }
    (open || rest.is_empty()).then_some(found)
}

/// Collects where the words of a message and their pieces lie.
struct Pieces<'l> {
    line: &'l [u8],
    words: Vec<Vec<Piece>>,
    open: Vec<Piece>,
    /// End of the last piece.
    end: usize,
}

impl Pieces<'_> {
    fn add(&mut self, bytes: &[u8], value: bool) {
        if bytes.is_empty() {
            return;
        }
        // The scanner hands out parts of the line, but for some delimiters: those follow the piece before them.
        let start = (bytes.as_ptr() as usize).wrapping_sub(self.line.as_ptr() as usize);
        let start = if start < self.line.len() { start } else { self.next() };
        let end = start + bytes.len();
        self.end = end;
        match self.open.last_mut() {
            // Constant text comes in several parts.
            Some(last) if !value && !last.value && last.end == start => last.end = end,
            _ => self.open.push(Piece { value, start, end }),
        }
    }

    /// Where the next piece begins: behind the last one, and in a new word behind the space.
    fn next(&self) -> usize {
        let space = |b: &&u8| KIND[usize::from(**b)] & SPACE != 0;
        let skipped = self.line.get(self.end..).unwrap_or_default().iter().take_while(space).count();
        self.end + skipped
    }
}

impl Sink for Pieces<'_> {
    fn text(&mut self, bytes: &[u8]) {
        self.add(bytes, false);
    }
    fn mask(&mut self, _: Placeholder, value: &[u8]) {
        self.add(value, true);
    }
    fn end_word(&mut self) {
        self.words.push(std::mem::take(&mut self.open));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Miner, MinerOptions};
    use aiobs_types::{RecordId, Severity, Timestamp};

    fn values<'m>(template: &str, message: &'m str) -> Option<Vec<&'m str>> {
        let mut out = Vec::new();
        Slots::new(template).values(message, &mut |_, v| out.push(v)).then_some(out)
    }

    #[test]
    fn each_placeholder_has_its_value_and_a_name() {
        let template = "connection to <host>:<num> refused (pool <num>/<num>) user=<str>";
        let got = values(template, "connection to db-1.shop.lan:5432 refused (pool 20/20) user=anna");
        assert_eq!(got, Some(vec!["db-1.shop.lan", "5432", "20", "20", "anna"]));
        let slots = Slots::new(template);
        let names: Vec<&str> = slots.slots().iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["to", "to", "(pool", "(pool", "user"].map(|n| n.trim_start_matches('(')));
        assert_eq!(slots.slots()[4].kind, Placeholder::Str);
        let slots = Slots::new("\"GET <path> HTTP/<num>\" <num> <num>");
        let names: Vec<&str> = slots.slots().iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["GET", "HTTP", "", ""]);
    }

    #[test]
    fn a_message_of_another_template_has_none() {
        assert_eq!(values("job <num> done", "job 7 failed"), None);
        assert_eq!(values("job <num> done", "job 7 done again"), None);
        assert_eq!(values("job <num> done", ""), None);
        assert_eq!(values("", ""), Some(Vec::new()));
        assert_eq!(values("at :<num> a@<num> :", "at :7 a@12 :"), Some(vec!["7", "12"]));
    }

    #[test]
    fn what_the_miner_made_of_messages_gives_their_values_back() {
        let users = ["anna", "ben", "carl", "dora", "emil", "frida", "gert", "hugo", "ida", "jens", "karl", "lena"];
        let messages: Vec<String> =
            users.iter().enumerate().map(|(i, u)| format!("login of {u} from 10.0.0.{i}:{} ok", 4000 + i)).collect();
        let mut miner = Miner::new(MinerOptions::default());
        let time = Timestamp::from_secs(1);
        let last =
            messages.iter().zip(1..).map(|(m, id)| miner.observe(m, time, Severity::INFO, RecordId(id)).id).last();
        let template = miner.text(last.unwrap_or_default()).to_owned();
        for (i, message) in messages.iter().enumerate() {
            let (ip, port) = (format!("10.0.0.{i}"), (4000 + i).to_string());
            assert_eq!(values(&template, message), Some(vec![users[i], ip.as_str(), port.as_str()]), "{template}");
        }
    }

    #[test]
    fn what_the_miner_says_of_a_message_has_a_value_for_each_placeholder() {
        for message in [
            "request 7 of anna took 10 ms",
            "pool exhausted (20/20), waiting 1.2 s",
            "\"GET /orders/17?x=1 HTTP/1.1\" 502 1043 bytes in 3.2ms",
            "user=anna id=0x7f3a at 2025-01-07 14:30:00.123 from [::1]:5432",
            "order 5 failed: timeout after 30 s, retry 3 of 5",
            "a@b.example.org wrote C:\\tmp\\x.txt and /var/log/x.log: 17%",
        ] {
            let mut miner = Miner::new(MinerOptions::default());
            let id = miner.observe(message, Timestamp::from_secs(1), Severity::INFO, RecordId(1)).id;
            let template = miner.text(id);
            let got = values(template, message);
            assert!(got.is_some(), "{template}");
            // Put back where they were taken from, they make the message again.
            let mut again = String::new();
            let mut left = got.iter().flatten();
            let mut rest = template;
            while let Some(c) = rest.chars().next() {
                if let Some(p) = Placeholder::at_start(rest) {
                    again.push_str(left.next().unwrap_or(&"(none)"));
                    rest = &rest[p.text().len()..];
                } else {
                    again.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
            assert_eq!(again, message, "{template}");
        }
    }

    #[test]
    fn nothing_panics_on_odd_bytes() {
        for message in ["ü=1 <num> ", "\u{0}\u{7f} 12:é:3", "<*>", "a<num>b 7", "  \n x 1"] {
            for template in ["<num> <str>", "<*>", "a<num>b <num>", "ü=<num> <num>", "<str>é<num>"] {
                let _ = values(template, message);
            }
        }
    }
}
