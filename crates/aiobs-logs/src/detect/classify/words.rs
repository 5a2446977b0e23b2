//! Words of a statement as the classifier sees them: lower case, without endings, so that `failed`, `failing` and
//! `failure` are one word; and a few classes of words that mean the same to whoever reads logs. Knows nothing of models.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The stem of a word.
    Word(String),
    /// A placeholder's kind, such as `num`.
    Value(String),
    /// Text between two of the others that is no blank.
    Mark,
}

/// The pieces of a template, at most `most`.
pub(super) fn pieces(template: &str, most: usize) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        if out.len() >= most {
            break;
        }
        if let Some((kind, after)) = placeholder(rest) {
            out.push(Piece::Value(kind.to_owned()));
            rest = after;
        } else if c.is_alphabetic() {
            let end = rest.find(|c: char| !c.is_alphabetic() && c != '\'').unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            for word in camel(run) {
                let stem = stem(word);
                if stem.chars().count() > 1 {
                    out.push(Piece::Word(stem));
                }
            }
            rest = after;
        } else {
            if !c.is_whitespace() && out.last() != Some(&Piece::Mark) {
                out.push(Piece::Mark);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The runs of letters of a template as they are written, at most `most`, without its placeholders.
pub(super) fn spelled(template: &str, most: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        if out.len() >= most {
            break;
        }
        let end = match placeholder(rest) {
            Some((_, after)) => rest.len() - after.len(),
            None if c.is_alphabetic() => rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()),
            None => c.len_utf8(),
        };
        if c.is_alphabetic() {
            out.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    out
}

/// `<num>` at the front of a text: its kind and what follows.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (kind, after) = text.strip_prefix('<')?.split_once('>')?;
    let fits = kind == "*" || !kind.is_empty() && kind.len() <= 8 && kind.bytes().all(|b| b.is_ascii_lowercase());
    fits.then_some((kind, after))
}

/// `Null`, `Pointer`, `Exception` for `NullPointerException`.
fn camel(run: &str) -> impl Iterator<Item = &str> {
    let mut rest = run;
    std::iter::from_fn(move || {
        let mut before = None;
        let turn = rest.char_indices().find(|(_, c)| {
            let turns = c.is_uppercase() && before.is_some_and(char::is_lowercase);
            before = Some(*c);
            turns
        });
        let (word, after) = rest.split_at(turn.map_or(rest.len(), |(at, _)| at));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// Endings that are taken off a word of at least so many letters before them, the longest first.
const ENDINGS: [(&str, usize); 9] =
    [("ations", 4), ("ation", 4), ("ures", 4), ("ions", 4), ("ure", 4), ("ion", 4), ("ing", 3), ("ed", 3), ("s", 3)];

/// A word without its ending, in lower case.
pub(super) fn stem(word: &str) -> String {
    let lower: String = word.chars().filter(|c| *c != '\'').flat_map(char::to_lowercase).take(24).collect();
    for (ending, least) in ENDINGS {
        let Some(stem) = lower.strip_suffix(ending) else { continue };
        if stem.len() < least || ending == "s" && stem.ends_with(['s', 'u', 'i']) {
            continue;
        }
        // `stopped` is `stop`, but `killed` is `kill`.
        let doubled = matches!(ending, "ed" | "ing") && {
            let mut back = stem.bytes().rev();
            let last = back.next();
            last == back.next() && !matches!(last, Some(b'l' | b's' | b'z' | b'f'))
        };
        let stem = if doubled { &stem[..stem.len() - 1] } else { stem };
        return stem.strip_suffix('e').filter(|s| s.len() >= 3).unwrap_or(stem).to_owned();
    }
    lower.strip_suffix('e').filter(|s| s.len() >= 3).unwrap_or(&lower).to_owned()
}

/// Words that join others: what they stand beside says more than they do.
pub(super) const JOINING: &[&str] = &[
    "the", "an", "of", "to", "in", "on", "at", "by", "for", "from", "with", "and", "or", "is", "was", "are", "be",
    "been", "has", "have", "its", "it", "as", "this", "that", "while", "when", "into", "after", "before", "will",
    "per",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_taken_off() {
        for (words, stem_) in [
            (["failed", "failing", "failure", "fails"], "fail"),
            (["connection", "connected", "connecting", "connects"], "connect"),
            (["stopped", "stopping", "stops", "stop"], "stop"),
            (["killed", "kills", "killing", "kill"], "kill"),
            (["refused", "refuse", "refuses", "refusing"], "refus"),
        ] {
            for word in words {
                assert_eq!(stem(word), stem_, "{word}");
            }
        }
        assert_eq!(stem("status"), "status");
        assert_eq!(stem("process"), "process");
    }

    #[test]
    fn a_template_in_pieces() {
        let word = |w: &str| Piece::Word(w.to_owned());
        let got = pieces("NullPointerException: pool <num>/<num> a < b", 100);
        let value = || Piece::Value("num".to_owned());
        let mark = || Piece::Mark;
        let expected =
            [word("null"), word("pointer"), word("except"), mark(), word("pool"), value(), mark(), value(), mark()];
        assert_eq!(got, expected);
    }
}
