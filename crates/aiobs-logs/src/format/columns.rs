//! Lines of columns whose names a directive gives (W3C extended log format: IIS, `CloudFront`). Used by formats of kind
//! `columns`; it knows no key names, [`super::keys`] does.

use super::civil::Stamp;
use super::found::{Found, Levels};
use super::keys::{KeyTable, Pairs, Value};
use super::time;
use std::ops::Range;

/// The names of a line's columns, in order.
pub(crate) type Names = Vec<Box<str>>;

/// What a parser keeps from line to line.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Names of the columns, from the last directive.
    seen: Option<Names>,
    /// Places of the values of a line; kept for its space.
    cells: Vec<Range<usize>>,
}

/// A format of kind `columns`.
#[derive(Debug)]
pub(crate) struct Columns {
    keys: KeyTable,
    /// What the columns are called where no directive was seen, told apart by their number.
    usual: Vec<Names>,
}

impl Columns {
    /// `usual` are lists of names as a directive has them.
    pub(crate) fn new(keys: KeyTable, usual: &[String]) -> Self {
        Self { keys, usual: usual.iter().map(|list| names(list)).collect() }
    }

    /// Reads a line; a directive is taken note of.
    pub(crate) fn read(&self, line: &str, memory: &mut Memory, levels: &Levels) -> Option<Found> {
        if let Some(directive) = line.strip_prefix('#') {
            return self.directive(line, directive, &mut memory.seen);
        }
        let Memory { seen, cells } = memory;
        split(line, cells);
        let names = match seen {
            Some(names) if names.len() == cells.len() => names,
            _ => self.usual.iter().find(|n| n.len() == cells.len())?,
        };
        self.told(line, cells, names, levels)
    }

    /// Names and places of the values of a line, where the usual names fit it.
    pub(crate) fn fields<'a>(&'a self, line: &str, levels: &Levels) -> Vec<(&'a str, Range<usize>)> {
        let mut at = Vec::new();
        split(line, &mut at);
        let Some(names) = self.usual.iter().find(|n| n.len() == at.len()) else { return Vec::new() };
        if self.told(line, &at, names, levels).is_none() {
            return Vec::new();
        }
        names.iter().map(AsRef::as_ref).zip(at).filter(|(name, _)| !matches!(*name, "date" | "time")).collect()
    }

    fn directive(&self, line: &str, directive: &str, seen: &mut Option<Names>) -> Option<Found> {
        let (name, value) = directive.split_once(':')?;
        let mut found = Found { message: 0..line.len(), ..Found::default() };
        if name != "Fields" && !Pairs::default().complete(&self.keys) {
            // It demands columns, which only the list of them can show.
            return None;
        }
        match name {
            "Fields" => {
                let list = names(value);
                let mut pairs = Pairs::default();
                for name in &list {
                    pairs.saw(&self.keys, name.as_bytes());
                }
                if !pairs.complete(&self.keys) {
                    return None;
                }
                *seen = Some(list);
            }
            "Date" | "Start-Date" | "End-Date" => {
                let start = line.len() - value.trim_start().len();
                found.stamp = time::scan(line.as_bytes(), start, time::Shape::Any).map(|(stamp, _)| stamp);
            }
            "Software" | "Version" | "Remark" => {}
            _ => return None,
        }
        Some(found)
    }

    /// What the cells say; `None` when they are not what the names promise.
    fn told(&self, line: &str, at: &[Range<usize>], names: &Names, levels: &Levels) -> Option<Found> {
        let bytes = line.as_bytes();
        let mut pairs = Pairs::default();
        let mut stamp: Option<(Stamp, usize)> = None;
        let mut message = 0..line.len();
        for (i, (name, cell)) in names.iter().zip(at).enumerate() {
            match &**name {
                "date" if names.get(i + 1).is_some_and(|n| &**n == "time") => {
                    let found = time::scan(bytes, cell.start, time::Shape::Any)?;
                    if cell.len() != 10 || at.get(i + 1)?.end != found.1 {
                        return None;
                    }
                    stamp = Some(found);
                    let next = at.get(i + 2).map_or(line.len(), |c| c.start);
                    if i == 0 {
                        message.start = next;
                    }
                }
                "time" => {}
                name => {
                    let value = &bytes[cell.clone()];
                    let number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                    let value = if number { Value::Number(cell.clone()) } else { Value::Text(cell.clone()) };
                    pairs.saw(&self.keys, name.as_bytes());
                    if bytes[cell.clone()] != *b"-" {
                        pairs.take(bytes, &self.keys, name.as_bytes(), &value, levels);
                    }
                }
            }
        }
        if !pairs.complete(&self.keys) || names.iter().any(|n| &**n == "sc-status") && !plausible(pairs.status) {
            return None;
        }
        Some(Found {
            stamp: stamp.map(|s| s.0).or_else(|| pairs.time()),
            level: pairs.level.map(|l| l.1),
            status: pairs.status.map(|s| s.1),
            component: pairs.component.map_or(0..0, |c| c.1),
            message: pairs.message.map_or(message, |m| m.1),
            ..Found::default()
        })
    }
}

/// A status of HTTP; servers write 0 for a client that went away.
fn plausible(status: Option<(u8, u32)>) -> bool {
    status.is_some_and(|(_, n)| n == 0 || (100..1000).contains(&n))
}

fn names(list: &str) -> Names {
    list.split_ascii_whitespace().map(Into::into).collect()
}

/// The cells of a line: between tabs if it has any, else between blanks.
fn split(line: &str, cells: &mut Vec<Range<usize>>) {
    let apart = if line.contains('\t') { b'\t' } else { b' ' };
    let mut start = 0;
    cells.clear();
    for end in memchr::memchr_iter(apart, line.as_bytes()).chain([line.len()]) {
        cells.push(start..end);
        start = end + 1;
    }
}
