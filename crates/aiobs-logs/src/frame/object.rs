//! Follows a JSON object over its lines: how deep it is, and whether what comes can be a part of it. Used by
//! [`super::blocks`]; it reads no values.

/// Objects and lists inside of each other at most.
const DEEPEST: u32 = 64;

/// An object that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    depth: u32,
    /// For each depth whether it is a list.
    lists: u64,
    /// The last line ended behind a key: any value may follow.
    value: bool,
}

/// The object that a line opens and does not close.
pub(super) fn opens_object(line: &str) -> Option<Object> {
    // A whole object on its line, by far the most common, ends with its brace. One torn off ends with anything.
    if !line.trim_ascii_end().ends_with(['{', '[', ',']) {
        return None;
    }
    let mut object = Object { depth: 0, lists: 0, value: true };
    (object.take(line) == Some(false) && object.depth > 0).then_some(object)
}

impl Object {
    /// Takes a line: true when it closes the object, `None` when it can be no part of it.
    pub(super) fn take(&mut self, line: &str) -> Option<bool> {
        let bytes = line.as_bytes();
        let begins = bytes.iter().find(|b| !b.is_ascii_whitespace());
        let fits = match begins {
            None | Some(b'"' | b',' | b'}' | b']' | b':') => true,
            Some(b'{' | b'[' | b'-' | b't' | b'f' | b'n' | b'0'..=b'9') => self.value || self.in_list(),
            Some(_) => false,
        };
        if !fits {
            return None;
        }
        let mut at = 0;
        while let Some(b) = bytes.get(at) {
            match b {
                b'"' => {
                    at = string_end(bytes, at + 1)?;
                    self.value = false;
                }
                b':' => self.value = true,
                b'{' | b'[' => {
                    if self.depth >= DEEPEST {
                        return None;
                    }
                    let bit = 1 << self.depth;
                    self.lists = if *b == b'[' { self.lists | bit } else { self.lists & !bit };
                    self.depth += 1;
                    self.value = false;
                }
                b'}' | b']' => {
                    if self.depth == 0 || self.in_list() != (*b == b']') {
                        return None;
                    }
                    self.depth -= 1;
                    if self.depth == 0 {
                        let rest = bytes[at + 1..].trim_ascii();
                        // Objects of a list are parted by commas.
                        return (rest.is_empty() || rest == b",").then_some(true);
                    }
                }
                b',' => self.value = false,
                _ if self.depth == 0 => return None,
                _ => {}
            }
            at += 1;
        }
        Some(false)
    }

    const fn in_list(&self) -> bool {
        self.depth > 0 && self.lists & (1 << (self.depth - 1)) != 0
    }
}

/// The quote that ends a string; no string goes on in the next line.
fn string_end(b: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', b.get(at..)?)?;
        if b[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
