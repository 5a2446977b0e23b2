//! What text a match of an expression cannot be without, all of it and not only the rarest piece: a shape whose
//! constant text lacks some of it is quiet whatever its numbers are. Asked once per shape by the patterns; errs on
//! the side of "may match".

use super::prefilter::{Prefilter, SHORTEST, fold};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// What a match needs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing that can be told.
    Nothing,
    /// This text, in lower case.
    Text(Vec<u8>),
    All(Vec<Need>),
    One(Vec<Need>),
}

/// The needs of some expressions, of which any may match.
pub(super) struct Needs {
    any: Vec<Need>,
    /// Whether the numbers in a message may decide if it matches, for each of them.
    by_number: Vec<bool>,
    /// All texts among them.
    texts: Prefilter,
    /// Numbers that the expressions tell from others.
    numbers: Vec<Vec<u8>>,
}

impl Needs {
    /// For expressions without Unicode and regardless of case.
    pub(super) fn new(expressions: &[String]) -> Self {
        let parse = |e: &String| ParserBuilder::new().unicode(false).utf8(false).build().parse(e).ok();
        let (any, by_number): (Vec<Need>, Vec<bool>) = expressions
            .iter()
            .map(|e| parse(e).map_or((Need::Nothing, true), |hir| (need(&hir), minds_numbers(&hir))))
            .unzip();
        let mut texts = Vec::new();
        for need in &any {
            need.texts(&mut texts);
        }
        texts.sort_unstable();
        texts.dedup();
        let mut numbers = Vec::new();
        for (hir, _) in expressions.iter().filter_map(parse).zip(&by_number).filter(|(_, minds)| **minds) {
            let mut number = Vec::new();
            numbers_in(&hir, &mut number, &mut numbers);
            numbers.extend((!number.is_empty()).then_some(number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Self { any, by_number, texts: Prefilter::of(&texts), numbers }
    }

    /// False when no expression can match messages that differ from this one in `values` (byte ranges, rising) only and in
    /// which [`Self::touch`] finds nothing on those of them that hold letters.
    pub(super) fn may_match_but_for(&self, message: &[u8], values: &[(usize, usize)]) -> bool {
        let constant = constant(message, values);
        self.any.iter().any(|n| n.met(&constant))
    }

    /// Whether one of the expressions that may match such messages looks at numbers. How long a number is does not count:
    /// a gap of at most so many characters is taken for one of any length.
    pub(super) fn may_depend_on(&self, message: &[u8], values: &[(usize, usize)]) -> bool {
        let constant = constant(message, values);
        self.any.iter().zip(&self.by_number).any(|(n, by_number)| *by_number && n.met(&constant))
    }

    /// For each number that an expression tells from others one that it takes for it: those to try.
    pub(super) fn numbers(&self) -> &[Vec<u8>] {
        &self.numbers
    }

    /// From here on [`Self::touch`] looks for the texts of others too.
    pub(super) fn touch_for(&mut self, others: &Self) {
        self.texts.join(&others.texts);
    }

    /// Whether some of the text that matches need lies on these bytes.
    #[inline]
    pub(super) fn touch(&self, message: &[u8], start: usize, end: usize) -> bool {
        self.texts.touches(message, start, end)
    }
}

impl Need {
    fn met(&self, text: &[u8]) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(t) => memchr::memmem::find(text, t).is_some(),
            Self::All(all) => all.iter().all(|n| n.met(text)),
            Self::One(one) => one.iter().any(|n| n.met(text)),
        }
    }

    fn texts(&self, out: &mut Vec<Vec<u8>>) {
        match self {
            Self::Nothing => {}
            Self::Text(t) => out.push(t.clone()),
            Self::All(parts) | Self::One(parts) => {
                for part in parts {
                    part.texts(out);
                }
            }
        }
    }
}

/// The message in lower case, its values blanked.
fn constant(message: &[u8], values: &[(usize, usize)]) -> Vec<u8> {
    let mut constant: Vec<u8> = message.iter().copied().map(fold).collect();
    for (start, end) in values {
        // No text holds this byte: it is none that folding gives.
        constant.iter_mut().take(*end).skip(*start).for_each(|b| *b = 0);
    }
    constant
}

/// Whether an expression tells one number from another: by a digit, by some of the digits, or by how many there are.
fn minds_numbers(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => without_numbers(&literal.0).len() < literal.0.len(),
        HirKind::Class(class) => {
            let digits = (b'0'..=b'9').filter(|b| holds(class, *b)).count();
            digits > 0 && (digits < 10 || !holds(class, b'a'))
        }
        HirKind::Repetition(r) => match r.sub.kind() {
            HirKind::Class(_) if r.min <= 1 && r.max.is_none() => false,
            _ => minds_numbers(&r.sub),
        },
        HirKind::Capture(c) => minds_numbers(&c.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(minds_numbers),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}

/// Collects numbers that an expression would take. `number` is what is being put together.
fn numbers_in(hir: &Hir, number: &mut Vec<u8>, out: &mut Vec<Vec<u8>>) {
    let end = |number: &mut Vec<u8>, out: &mut Vec<Vec<u8>>| {
        if !number.is_empty() {
            out.push(std::mem::take(number));
        }
    };
    match hir.kind() {
        HirKind::Literal(literal) => {
            for b in &literal.0 {
                if b.is_ascii_digit() { number.push(*b) } else { end(number, out) }
            }
        }
        HirKind::Class(_) => match first_digit(hir) {
            Some(digit) => number.push(digit),
            None => end(number, out),
        },
        HirKind::Repetition(r) => {
            if let Some(digit) = first_digit(&r.sub) {
                number.extend(std::iter::repeat_n(digit, r.min.clamp(1, 20) as usize));
            } else {
                end(number, out);
                numbers_in(&r.sub, number, out);
                end(number, out);
            }
        }
        HirKind::Capture(c) => numbers_in(&c.sub, number, out),
        HirKind::Concat(parts) => {
            for part in parts {
                numbers_in(part, number, out);
            }
        }
        HirKind::Alternation(ways) => {
            end(number, out);
            for way in ways {
                numbers_in(way, number, out);
                end(number, out);
            }
        }
        HirKind::Empty | HirKind::Look(_) => {}
    }
}

/// The lowest digit of a class that is about digits.
fn first_digit(hir: &Hir) -> Option<u8> {
    let HirKind::Class(class) = hir.kind() else { return None };
    let holds = |b: u8| holds(class, b);
    if holds(b'a') { None } else { (b'0'..=b'9').find(|b| holds(*b)) }
}

fn holds(class: &Class, b: u8) -> bool {
    match class {
        Class::Bytes(c) => c.ranges().iter().any(|r| (r.start()..=r.end()).contains(&b)),
        Class::Unicode(c) => c.ranges().iter().any(|r| (r.start()..=r.end()).contains(&char::from(b))),
    }
}

fn need(hir: &Hir) -> Need {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let folded: Vec<u8> = literal.0.iter().copied().map(fold).collect();
            let text = without_numbers(&folded);
            if text.len() < SHORTEST { Need::Nothing } else { Need::Text(text.to_vec()) }
        }
        HirKind::Capture(capture) => need(&capture.sub),
        HirKind::Repetition(r) if r.min > 0 => need(&r.sub),
        HirKind::Concat(parts) => {
            let all: Vec<Need> = parts.iter().map(need).filter(|n| *n != Need::Nothing).collect();
            if all.is_empty() { Need::Nothing } else { Need::All(all) }
        }
        HirKind::Alternation(ways) => {
            let one: Vec<Need> = ways.iter().map(need).collect();
            if one.contains(&Need::Nothing) { Need::Nothing } else { Need::One(one) }
        }
        _ => Need::Nothing,
    }
}

/// The longest part of a text that holds no number, since numbers are not looked at: what is left says less and is
/// enough. Digits that are part of a word (`x509`) are no number.
fn without_numbers(text: &[u8]) -> &[u8] {
    let (mut best, mut from, mut at) = (0..0, 0, 0);
    while at < text.len() {
        let run = text[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        if run > 0 && text[at..at + run].iter().all(u8::is_ascii_digit) {
            if at - from > best.len() {
                best = from..at;
            }
            from = at + run;
        }
        at += run.max(1);
    }
    if text.len() - from > best.len() {
        best = from..text.len();
    }
    &text[best]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails should stop")]
    use super::*;
    use crate::detect::default_patterns;
    use crate::lineshape::LineShape;
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    fn quiet(needs: &Needs, message: &str) -> bool {
        let mut shape = LineShape::default();
        assert!(shape.read(message));
        let all: Vec<_> = shape.values().iter().map(|v| (v.start as usize, v.end as usize)).collect();
        !needs.may_match_but_for(message.as_bytes(), &all)
            && !shape
                .values()
                .iter()
                .any(|v| v.letters && needs.touch(message.as_bytes(), v.start as usize, v.end as usize))
    }

    #[test]
    fn ordinary_messages_are_quiet_although_they_hold_some_words_of_patterns() {
        let expressions = [
            r"connection (was |has been )?refused|connect\w* .{0,80}\brefused\b".to_owned(),
            r"(returned|responded)( with)? 5\d\d\b".to_owned(),
            r"x509: ".to_owned(),
        ];
        let needs = Needs::new(&expressions);
        for message in ["connection 9 borrowed from pool", "answered 500 times", "returning 7", "x509 ok"] {
            assert!(quiet(&needs, message), "{message}");
        }
        for message in
            ["connection 9 to db-1 was refused", "returned with 503", "x509: unknown", "connect to refused99"]
        {
            assert!(!quiet(&needs, message), "{message}");
        }
    }

    #[test]
    fn numbers_are_cut_out_but_not_digits_of_words() {
        assert_eq!(without_numbers(b"() failed (24"), b"() failed (");
        assert_eq!(without_numbers(b"x509: "), b"x509: ");
        assert_eq!(without_numbers(b" 500"), b" ");
    }

    #[test]
    fn tells_which_expressions_look_at_numbers() {
        let hir = |e: &str| ParserBuilder::new().unicode(false).utf8(false).build().parse(e).unwrap();
        for e in [r"5\d\d", r"status=[1-9]", r"\(24", r"http/\d", r"exit \d{3}", "\\(os error 111"] {
            assert!(minds_numbers(&hir(e)), "{e}");
        }
        for e in [r"x509: ", r"connect\w* .{0,80}\brefused\b", r"\d+ retries", r"\S+ died", "oom[- ]kill"] {
            assert!(!minds_numbers(&hir(e)), "{e}");
        }
    }

    #[test]
    fn collects_the_numbers_that_make_a_difference() {
        let list =
            [r"http/\d 5\d\d|429", r"\(24", r"status=[1-9]\d*", r"errors: 0+(\.0+)?", r"\d{4,}x"].map(str::to_owned);
        let numbers: Vec<String> =
            Needs::new(&list).numbers().iter().map(|n| String::from_utf8(n.clone()).unwrap()).collect();
        assert_eq!(numbers, ["0", "0000", "10", "24", "429", "500"]);
    }

    proptest! {
        /// What is called quiet is not matched, whatever the numbers.
        #[test]
        fn never_calls_quiet_what_matches(
            parts in proptest::collection::vec(prop_oneof![
                Just("connection "), Just("refused"), Just("to db-1:5432 "), Just("failed"), Just(" with status "), Just("503"),
                Just("x509: "), Just("pool "), Just("exhausted"), Just("/var/refused/1 "), Just("error99 "), Just("timed out"),
                Just(" 12 "), Just("http/1.1 "), Just("exit code "), Just("9"), Just("oom-kill"), Just(" killed "), Just("12ms ")], 0..8)
        ) {
            let message = parts.concat();
            let (list, needs) = built_in();
            if quiet(needs, &message) {
                for regex in list {
                    prop_assert!(!regex.is_match(message.as_bytes()), "{} in {}", regex.as_str(), message);
                }
            }
        }
    }

    fn built_in() -> &'static (Vec<regex::bytes::Regex>, Needs) {
        static SET: std::sync::OnceLock<(Vec<regex::bytes::Regex>, Needs)> = std::sync::OnceLock::new();
        SET.get_or_init(|| {
            let expressions: Vec<String> =
                default_patterns().unwrap().into_iter().map(|p| p.regex).filter(|r| !r.is_empty()).collect();
            let compile = |e: &String| RegexBuilder::new(e).case_insensitive(true).unicode(false).build().unwrap();
            (expressions.iter().map(compile).collect(), Needs::new(&expressions))
        })
    }
}
