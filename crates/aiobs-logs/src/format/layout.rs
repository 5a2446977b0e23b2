//! Layouts: a format's line written with named holes, compiled to a hand scanner. `{time} [{level}] {component} -
//! {message}` reads as it looks. A space stands for any white space; a hole takes as little as it can and, unless
//! it is marked `:any`, no white space. Knows nothing of zones, sources or severities beyond level words.

use super::civil::Stamp;
use super::found::{Found, Levels, Slot, level_word};
use super::marks::{Bytes, Marks, Needs};
use super::takes::{cell, decimal, structured, uptime};
use super::time;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    /// No white space.
    Word,
    /// Anything.
    Any,
    /// Anything, as much as it can.
    Most,
    /// Digits.
    Number,
    /// Digits, perhaps with a sign and a fraction.
    Decimal,
    /// A cell of CSV.
    Cell,
    /// Seconds with a fraction, perhaps after spaces.
    Uptime,
    /// Structured data of RFC 5424, or `-`.
    Structured,
    /// One ASCII letter.
    Letter,
    /// A timestamp.
    Time(time::Shape),
}

#[derive(Clone, Debug)]
enum Token {
    Text(Box<[u8]>),
    Gap,
    Hole { slot: Slot, take: Take, may_be_empty: bool },
}

/// A compiled layout.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    tokens: Vec<Token>,
    /// For each token, how many that are no holes come after it.
    fixed: Vec<usize>,
    needs: Needs,
}

impl Layout {
    /// Compiles a layout that reads on inside of a message, and so needs none of its own.
    pub(crate) fn compile_inside(text: &str) -> Result<Self, String> {
        let tokens = tokens(text, false)?;
        Ok(Self::of(tokens))
    }

    fn of(tokens: Vec<Token>) -> Self {
        let fixed = (1..=tokens.len())
            .map(|i| tokens[i..].iter().take_while(|t| !matches!(t, Token::Hole { .. })).count())
            .collect();
        let needs = needs(&tokens);
        Self { tokens, fixed, needs }
    }

    /// Compiles a layout; `own_time` says that a time format of its own reads the time, so the hole takes text.
    /// An error gives the column (from 1) and what is wrong.
    pub(crate) fn compile(text: &str, own_time: bool) -> Result<Self, String> {
        let tokens = tokens(text, own_time)?;
        if !tokens.iter().any(|t| matches!(t, Token::Hole { slot: Slot::Message | Slot::From, .. })) {
            return Err("no {message} in it".to_owned());
        }
        Ok(Self::of(tokens))
    }

    /// False when a line with these marks cannot fit.
    pub(crate) fn may_fit(&self, marks: &Marks) -> bool {
        self.needs.met(marks)
    }

    /// Reads a line; `None` when it has another shape.
    pub(crate) fn read(&self, line: &[u8], levels: &Levels) -> Option<Found> {
        let mut found = Found { message: line.len()..line.len(), ..Found::default() };
        self.walk(line, 0, |slot, range, stamp| found.take(line, levels, slot, range, stamp))?;
        Some(found)
    }

    /// Reads on inside of a message; what it does not tell stays as it was found.
    pub(crate) fn refine(&self, line: &[u8], levels: &Levels, found: &Found) -> Option<Found> {
        let line = line.get(..found.message.end)?;
        let mut refined = found.clone();
        self.walk(line, found.message.start, |slot, range, stamp| refined.take(line, levels, slot, range, stamp))?;
        Some(refined)
    }

    /// Names of the fields that lines may give.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Hole { slot: Slot::Field(name), .. } => Some(&**name),
            Token::Hole { slot: Slot::Status, .. } => Some("status"),
            Token::Hole { slot: Slot::Host, .. } => Some("host"),
            _ => None,
        })
    }

    /// Names and places of the fields of a line, from a place on.
    pub(crate) fn fields<'a>(
        &'a self,
        line: &[u8],
        start: usize,
        levels: &Levels,
    ) -> Option<Vec<(&'a str, Range<usize>)>> {
        let mut fields = Vec::new();
        self.walk(line, start, |slot, range, _| {
            match slot {
                Slot::Field(name) => fields.push((&**name, range)),
                Slot::Status => fields.push(("status", range)),
                Slot::Host => fields.push(("host", range)),
                Slot::Level => {
                    level_word(levels, &line[range], false)?;
                }
                Slot::Letter => {
                    level_word(levels, &line[range], true)?;
                }
                _ => {}
            }
            Some(())
        })?;
        Some(fields)
    }

    fn walk<'a>(
        &'a self,
        line: &[u8],
        mut at: usize,
        mut on: impl FnMut(&'a Slot, Range<usize>, Option<(Stamp, time::Shape)>) -> Option<()>,
    ) -> Option<()> {
        let mut i = 0;
        while let Some(token) = self.tokens.get(i) {
            i += 1;
            let Token::Hole { slot, take, may_be_empty } = token else {
                at = fits(token, line, at)?;
                continue;
            };
            if matches!(slot, Slot::From | Slot::To) {
                on(slot, at..at, None)?;
                continue;
            }
            let fixed = self.fixed[i - 1];
            let stop = &self.tokens[i..i + fixed];
            let (end, after, stamp) = match take {
                Take::Time(shape) => {
                    let (stamp, end) = time::scan(line, at, *shape)?;
                    (end, end, Some((stamp, *shape)))
                }
                Take::Number => {
                    let end = at + line.get(at..)?.iter().take_while(|c| c.is_ascii_digit()).count();
                    (end, end, None)
                }
                Take::Decimal => {
                    let end = decimal(line, at)?;
                    (end, end, None)
                }
                Take::Cell => {
                    let (inside, end) = cell(line, at)?;
                    if inside.is_empty() && !may_be_empty {
                        return None;
                    }
                    let stamp = match slot {
                        Slot::Time => Some((time::scan(line, inside.start, time::Shape::Any)?.0, time::Shape::Any)),
                        _ => None,
                    };
                    on(slot, inside, stamp)?;
                    at = end;
                    continue;
                }
                Take::Letter => {
                    let end = at + usize::from(line.get(at)?.is_ascii_alphabetic());
                    (end, end, None)
                }
                Take::Uptime => {
                    let end = uptime(line, at)?;
                    (end, end, None)
                }
                Take::Structured => {
                    let end = structured(line, at)?;
                    (end, end, None)
                }
                Take::Word | Take::Any | Take::Most => {
                    let (end, after) = if *take == Take::Most {
                        up_to_last(line, at, stop)?
                    } else {
                        until(line, at, stop, *take == Take::Word, *may_be_empty)?
                    };
                    i += fixed;
                    (end, after, None)
                }
            };
            if end == at && !may_be_empty {
                return None;
            }
            on(slot, at..end, stamp)?;
            at = after;
        }
        (at == line.len()).then_some(())
    }
}

/// What any line needs that these tokens fit.
fn needs(tokens: &[Token]) -> Needs {
    let chars = tokens.iter().filter_map(|t| if let Token::Text(text) = t { Some(text) } else { None });
    let chars = chars.flat_map(|text| text.iter()).filter(|b| b.is_ascii()).fold(0u128, |set, b| set | 1 << b);
    let mut visible = tokens.iter().filter(|t| !matches!(t, Token::Hole { slot: Slot::From | Slot::To, .. }));
    let front = visible.next();
    let timed = matches!(front, Some(Token::Hole { take: Take::Time(time::Shape::Any), may_be_empty: false, .. }));
    Needs { first: begins(front), chars, after_time: timed.then(|| begins(visible.next())) }
}

/// The bytes that a token may begin with.
fn begins(token: Option<&Token>) -> Bytes {
    match token {
        Some(Token::Text(text)) => Bytes::where_(|b| b == text[0]),
        Some(Token::Gap) => Bytes::where_(is_white),
        Some(Token::Hole { take, may_be_empty: false, .. }) => match take {
            Take::Number => Bytes::where_(|b| b.is_ascii_digit()),
            Take::Decimal => Bytes::where_(|b| b.is_ascii_digit() || b == b'-'),
            Take::Letter => Bytes::where_(|b| b.is_ascii_alphabetic()),
            Take::Word => Bytes::where_(|b| !is_white(b)),
            Take::Time(_) => Bytes::where_(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
            Take::Any | Take::Most | Take::Uptime | Take::Structured | Take::Cell => Bytes::all(),
        },
        _ => Bytes::all(),
    }
}

/// Where the text that ends a hole begins, and where it ends itself.
fn until(line: &[u8], at: usize, stop: &[Token], word: bool, may_be_empty: bool) -> Option<(usize, usize)> {
    let Some(first) = stop.first() else {
        if word && line.get(at..)?.iter().any(|c| is_white(*c)) {
            return None;
        }
        return Some((line.len(), line.len()));
    };
    let mut end = if may_be_empty { at } else { at + 1 };
    loop {
        let rest = line.get(end..)?;
        end += match first {
            Token::Text(text) if word => rest.iter().position(|c| *c == text[0] || is_white(*c))?,
            Token::Text(text) => memchr::memchr(text[0], rest)?,
            _ => rest.iter().position(|c| is_white(*c))?,
        };
        let mut after = end;
        if stop.iter().all(|t| {
            fits(t, line, after).is_some_and(|n| {
                after = n;
                true
            })
        }) {
            // The hole may have begun on white space that it must not hold.
            return if word && line.get(at).is_none_or(|c| end > at && is_white(*c)) {
                None
            } else {
                Some((end, after))
            };
        }
        if word && is_white(line[end]) {
            return None;
        }
        end += 1;
    }
}

/// The same for the last place where the text that ends the hole fits.
fn up_to_last(line: &[u8], at: usize, stop: &[Token]) -> Option<(usize, usize)> {
    (at..=line.len()).rev().find_map(|end| {
        let after = stop.iter().try_fold(end, |at, token| fits(token, line, at))?;
        Some((end, after))
    })
}

fn fits(token: &Token, line: &[u8], at: usize) -> Option<usize> {
    let rest = line.get(at..)?;
    if let Token::Text(text) = token {
        return rest.starts_with(text).then_some(at + text.len());
    }
    let n = rest.iter().take_while(|c| is_white(**c)).count();
    // The end of the line stands for a space, so that an empty message fits.
    (n > 0 || rest.is_empty()).then_some(at + n)
}

const fn is_white(c: u8) -> bool {
    c == b' ' || c == b'\t'
}

/// The tokens of a layout.
fn tokens(text: &str, own_time: bool) -> Result<Vec<Token>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text.char_indices().peekable();
    let flush = |literal: &mut Vec<u8>, tokens: &mut Vec<Token>| {
        if !literal.is_empty() {
            tokens.push(Token::Text(std::mem::take(literal).into_boxed_slice()));
        }
    };
    while let Some((at, c)) = rest.next() {
        match c {
            '{' if rest.peek().is_some_and(|(_, n)| *n == '{') => {
                rest.next();
                literal.push(b'{');
            }
            '{' => {
                flush(&mut literal, &mut tokens);
                let close = text[at..].find('}').ok_or_else(|| format!("column {}: `{{` is not closed", at + 1))?;
                let hole = hole(&text[at + 1..at + close], own_time).map_err(|e| format!("column {}: {e}", at + 1))?;
                if let (Some(Token::Hole { slot: before, .. }), Token::Hole { take, .. }) = (tokens.last(), &hole)
                    && !matches!(before, Slot::From | Slot::To)
                    && !matches!(take, Take::Structured)
                    && !matches!(
                        tokens.last(),
                        Some(Token::Hole {
                            take: Take::Structured | Take::Time(_) | Take::Number | Take::Decimal | Take::Letter,
                            ..
                        })
                    )
                {
                    return Err(format!("column {}: two holes need something between them", at + 1));
                }
                tokens.push(hole);
                while rest.peek().is_some_and(|(i, _)| *i <= at + close) {
                    rest.next();
                }
            }
            '}' if rest.peek().is_some_and(|(_, n)| *n == '}') => {
                rest.next();
                literal.push(b'}');
            }
            '}' => return Err(format!("column {}: `}}` without `{{`", at + 1)),
            ' ' => {
                flush(&mut literal, &mut tokens);
                if !matches!(tokens.last(), Some(Token::Gap)) {
                    tokens.push(Token::Gap);
                }
            }
            c => literal.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    flush(&mut literal, &mut tokens);
    Ok(tokens)
}

fn hole(text: &str, own_time: bool) -> Result<Token, String> {
    let (text, may_be_empty) = text.strip_suffix('?').map_or((text, false), |t| (t, true));
    let (name, kind) = text.split_once(':').unwrap_or((text, ""));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.') {
        return Err(format!("`{name}` is no name for a hole"));
    }
    let slot = match name {
        "time" => Slot::Time,
        "level" if kind == "letter" => Slot::Letter,
        "level" => Slot::Level,
        "component" => Slot::Component,
        "message" if kind == "from" => Slot::From,
        "message" if kind == "to" => Slot::To,
        "message" => Slot::Message,
        "pri" => Slot::Pri,
        "status" => Slot::Status,
        "partial" => Slot::Partial,
        "host" if !may_be_empty => Slot::Host,
        "_" => Slot::Nothing,
        other => Slot::Field(other.into()),
    };
    let take = match (&slot, kind) {
        (Slot::Time, "") if own_time => Take::Any,
        (Slot::Time, "csv") => Take::Cell,
        (Slot::Time, "") => Take::Time(time::Shape::Any),
        (Slot::Time, kind) => Take::Time(time::Shape::by_name(kind).ok_or_else(|| {
            format!("unknown time shape `{kind}`; there are {}", time::SHAPES.map(|s| s.0).join(", "))
        })?),
        (Slot::Pri | Slot::Status, "") | (_, "num") => Take::Number,
        (_, "csv") => Take::Cell,
        (_, "most") => Take::Most,
        (Slot::Message | Slot::From | Slot::To, _) | (_, "any") => Take::Any,
        (_, "decimal") => Take::Decimal,
        (_, "uptime") => Take::Uptime,
        (_, "letter") => Take::Letter,
        (_, "sd") => Take::Structured,
        (_, "" | "word") => Take::Word,
        (_, kind) => {
            return Err(format!(
                "unknown kind `{kind}`; there are word, any, most, num, decimal, letter, uptime, sd, csv"
            ));
        }
    };
    let may_be_empty = may_be_empty || slot == Slot::Message;
    Ok(Token::Hole { slot, take, may_be_empty })
}
