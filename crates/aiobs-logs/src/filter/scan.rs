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
    Like,
    Unlike,
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
            Self::Like => Self::Unlike,
            Self::Unlike => Self::Like,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Word(String),
    Quoted(String),
    Regex { pattern: String, insensitive: Option<bool> },
    Pair(Pair),
    Or,
    Open,
    Close,
}

/// A key compared with a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) op: Op,
    pub(super) value: String,
    /// Whether the value stood in quotes, so that nothing in it means anything else.
    pub(super) quoted: bool,
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) negate: bool,
    pub(super) part: Part,
    pub(super) at: Range<usize>,
    /// Where the value of a pair stands.
    pub(super) value: Range<usize>,
}

/// The tokens of a filter. Only with an `or` in it do parentheses group: without one they could change nothing and are
/// what is looked for.
pub(super) fn tokens(input: &str) -> Result<Vec<Token>, Wrong> {
    let plain = Scan { input, groups: false }.tokens();
    let joined = match &plain {
        Ok(tokens) => tokens.iter().any(|t| !t.negate && matches!(&t.part, Part::Word(w) if is_or(w))),
        Err(_) => input.split_whitespace().any(is_or),
    };
    if joined { Scan { input, groups: true }.tokens() } else { plain }
}

fn is_or(word: &str) -> bool {
    matches!(word, "or" | "OR" | "||")
}

struct Scan<'a> {
    input: &'a str,
    groups: bool,
}

impl Scan<'_> {
    fn tokens(&self) -> Result<Vec<Token>, Wrong> {
        let input = self.input;
        let mut out = Vec::new();
        let mut at = 0;
        loop {
            at += input[at..].len() - input[at..].trim_start().len();
            if at == input.len() {
                return Ok(out);
            }
            let start = at;
            let negate = input[at..].starts_with(['-', '!']) && !self.ends_word(&input[at + 1..]);
            if negate {
                at += 1;
            }
            let (part, value, end) = self.group(at).map_or_else(|| self.part(at), Ok)?;
            if let Part::Word(word) | Part::Quoted(word) = &part
                && word.is_empty()
            {
                return wrong(&(start..end), "there is nothing between the quotes");
            }
            let part = match part {
                Part::Word(word) if self.groups && !negate && is_or(&word) => Part::Or,
                part => part,
            };
            out.push(Token { negate, part, at: start..end, value });
            at = end;
        }
    }

    fn group(&self, at: usize) -> Option<(Part, Range<usize>, usize)> {
        let part = match self.input.as_bytes().get(at) {
            Some(b'(') if self.groups => Part::Open,
            Some(b')') if self.groups => Part::Close,
            _ => return None,
        };
        Some((part, at..at + 1, at + 1))
    }

    /// Where the word that begins here ends: before a space, or a parenthesis that the word did not open.
    fn word_end(&self, at: usize) -> usize {
        let mut open = 0usize;
        let ends = |c: char| {
            open += usize::from(c == '(');
            if c == ')' && self.groups {
                if open == 0 {
                    return true;
                }
                open -= 1;
            }
            c.is_whitespace()
        };
        self.input[at..].find(ends).map_or(self.input.len(), |n| at + n)
    }

    fn ends_word(&self, rest: &str) -> bool {
        rest.chars().next().is_none_or(|c| c.is_whitespace() || (self.groups && c == ')'))
    }

    fn part(&self, at: usize) -> Result<(Part, Range<usize>, usize), Wrong> {
        let input = self.input;
        let rest = &input[at..];
        if rest.starts_with('"') {
            let (text, end) = quoted(input, at)?;
            if !self.ends_word(&input[end..]) {
                return wrong(&(at..end), "a space is missing after the quoted text");
            }
            return Ok((Part::Quoted(text), at..end, end));
        }
        if rest.starts_with('/')
            && let Some((pattern, insensitive, end)) = self.regex(at)
        {
            return Ok((Part::Regex { pattern, insensitive }, at..end, end));
        }
        let word_end = self.word_end(at);
        let key_end = at + rest.find(|c: char| !is_key(c)).unwrap_or(rest.len());
        let named = |c: char| c.is_alphabetic() || c == '_' || c == '@';
        let begins = rest.strip_prefix('.').unwrap_or(rest).starts_with(named);
        if begins && let Some((op, length)) = op(&input[key_end..]) {
            let key = &input[at..key_end];
            let start = key_end + length;
            if input[start..].starts_with('"') {
                let (value, end) = quoted(input, start)?;
                if !self.ends_word(&input[end..]) {
                    return wrong(&(start..end), "a space is missing after the quoted text");
                }
                return Ok((Part::Pair(Pair { key: key.to_owned(), op, value, quoted: true }), start..end, end));
            }
            let value = &input[start..word_end.max(start)];
            // `error:`, `http://host`, `std::io` are words.
            let word = op == Op::Has && (value.is_empty() || value.starts_with("//") || value.starts_with(':'));
            let known = super::KEYS.iter().any(|(k, _)| k.eq_ignore_ascii_case(key));
            if known || !(word || value.is_empty()) {
                let pair = Pair { key: key.to_owned(), op, value: value.to_owned(), quoted: false };
                return Ok((Part::Pair(pair), start..word_end, word_end));
            }
        }
        Ok((Part::Word(input[at..word_end].to_owned()), at..word_end, word_end))
    }

    /// `/expression/`, `/expression/i` (any case), `/expression/c` (this case). A path such as `/api/orders` is none.
    fn regex(&self, at: usize) -> Option<(String, Option<bool>, usize)> {
        let input = self.input;
        let mut pattern = String::new();
        let mut chars = input[at + 1..].char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '/' => {
                    let end = at + 1 + i + 1;
                    let rest = &input[end..];
                    let flagged = |flag: char| rest.strip_prefix(flag).is_some_and(|r| self.ends_word(r));
                    if !pattern.is_empty() && self.ends_word(rest) {
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
}

fn is_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')
}

fn op(rest: &str) -> Option<(Op, usize)> {
    const OPS: [(&str, Op); 11] = [
        (">=", Op::AtLeast),
        ("<=", Op::AtMost),
        ("!=", Op::Not),
        ("==", Op::Is),
        ("=~", Op::Like),
        ("!~", Op::Unlike),
        ("=", Op::Is),
        (":", Op::Has),
        (">", Op::Over),
        ("<", Op::Under),
        ("~", Op::Like),
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
