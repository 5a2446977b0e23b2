//! A filter's text to tokens with their places.

use super::{Wrong, wrong};
use std::ops::Range;

/// How a key is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Is,
    Has,
    Not,
    AtLeast,
    Over,
    AtMost,
    Under,
}

impl Op {
    pub(super) const fn opposite(self) -> Self {
        match self {
            Self::Is | Self::Has => Self::Not,
            Self::Not => Self::Is,
            Self::AtLeast => Self::Under,
            Self::Over => Self::AtMost,
            Self::AtMost => Self::Over,
            Self::Under => Self::AtLeast,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Word(String),
    Quoted(String),
    Regex { pattern: String, insensitive: Option<bool> },
    Pair { key: String, op: Op, value: String },
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) negate: bool,
    pub(super) part: Part,
    pub(super) at: Range<usize>,
    /// Where the value of a pair stands.
    pub(super) value: Range<usize>,
}

pub(super) fn tokens(input: &str) -> Result<Vec<Token>, Wrong> {
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        at += input[at..].len() - input[at..].trim_start().len();
        if at == input.len() {
            return Ok(out);
        }
        let start = at;
        let negate = input[at..].starts_with(['-', '!']) && !ends_word(&input[at + 1..]);
        if negate {
            at += 1;
        }
        let (part, value, end) = part(input, at)?;
        if let Part::Word(word) | Part::Quoted(word) = &part
            && word.is_empty()
        {
            return wrong(&(start..end), "there is nothing between the quotes");
        }
        out.push(Token { negate, part, at: start..end, value });
        at = end;
    }
}

fn part(input: &str, at: usize) -> Result<(Part, Range<usize>, usize), Wrong> {
    let rest = &input[at..];
    if rest.starts_with('"') {
        let (text, end) = quoted(input, at)?;
        if !ends_word(&input[end..]) {
            return wrong(&(at..end), "a space is missing after the quoted text");
        }
        return Ok((Part::Quoted(text), at..end, end));
    }
    if rest.starts_with('/')
        && let Some((pattern, insensitive, end)) = regex(input, at)
    {
        return Ok((Part::Regex { pattern, insensitive }, at..end, end));
    }
    let word_end = at + rest.find(char::is_whitespace).unwrap_or(rest.len());
    let key_end = at + rest.find(|c: char| !is_key(c)).unwrap_or(rest.len());
    let begins = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@');
    if begins && let Some((op, length)) = op(&input[key_end..]) {
        let key = &input[at..key_end];
        let start = key_end + length;
        if input[start..].starts_with('"') {
            let (value, end) = quoted(input, start)?;
            if !ends_word(&input[end..]) {
                return wrong(&(start..end), "a space is missing after the quoted text");
            }
            return Ok((Part::Pair { key: key.to_owned(), op, value }, start..end, end));
        }
        let value = &input[start..word_end];
        // `error:`, `http://host`, `std::io` are words.
        let word = op == Op::Has && (value.is_empty() || value.starts_with("//") || value.starts_with(':'));
        let known = super::KEYS.iter().any(|(k, _)| k.eq_ignore_ascii_case(key));
        if known || !(word || value.is_empty()) {
            return Ok((Part::Pair { key: key.to_owned(), op, value: value.to_owned() }, start..word_end, word_end));
        }
    }
    Ok((Part::Word(input[at..word_end].to_owned()), at..word_end, word_end))
}

fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')
}

fn op(rest: &str) -> Option<(Op, usize)> {
    const OPS: [(&str, Op); 8] = [
        (">=", Op::AtLeast),
        ("<=", Op::AtMost),
        ("!=", Op::Not),
        ("==", Op::Is),
        ("=", Op::Is),
        (":", Op::Has),
        (">", Op::Over),
        ("<", Op::Under),
    ];
    OPS.iter().find(|(text, _)| rest.starts_with(text)).map(|(text, op)| (*op, text.len()))
}

/// Quoted text that begins at `at`; `\"` and `\\` stand for themselves.
fn quoted(input: &str, at: usize) -> Result<(String, usize), Wrong> {
    let mut text = String::new();
    let mut chars = input[at + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((text, at + 1 + i + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => text.push(c),
                Some((_, c)) => text.extend(['\\', c]),
                None => break,
            },
            c => text.push(c),
        }
    }
    wrong(&(at..input.len()), "the quote is not closed")
}

/// `/expression/`, `/expression/i` (any case), `/expression/c` (this case). A path such as `/api/orders` is none.
fn regex(input: &str, at: usize) -> Option<(String, Option<bool>, usize)> {
    let mut pattern = String::new();
    let mut chars = input[at + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '/' => {
                let end = at + 1 + i + 1;
                let rest = &input[end..];
                let flagged = |flag: char| rest.strip_prefix(flag).is_some_and(ends_word);
                if !pattern.is_empty() && ends_word(rest) {
                    return Some((pattern, None, end));
                }
                if !pattern.is_empty() && flagged('i') {
                    return Some((pattern, Some(true), end + 1));
                }
                if !pattern.is_empty() && flagged('c') {
                    return Some((pattern, Some(false), end + 1));
                }
                pattern.push('/');
            }
            '\\' => match chars.next() {
                Some((_, '/')) => pattern.push('/'),
                Some((_, c)) => pattern.extend(['\\', c]),
                None => pattern.push('\\'),
            },
            c => pattern.push(c),
        }
    }
    None
}

fn ends_word(rest: &str) -> bool {
    rest.chars().next().is_none_or(char::is_whitespace)
}
