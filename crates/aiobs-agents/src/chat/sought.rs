//! What of a question is worth searching for: its telling words, and what log lines say for them. What the question asks
//! for by them (`how many`, `the slowest`, `which host`) is in no line and is left out. Used by the retrieval; pure.

use super::intent::{plain, spent};
use super::stop::STOP;
use super::terms;
use aiobs_types::{LogQuery, TextMatch};

/// Most words searched for.
const WORDS: usize = 5;

/// Words of a question worth searching for, most telling first.
pub(crate) fn salient(question: &str) -> Vec<String> {
    let trim = |c: char| !c.is_alphanumeric() && !matches!(c, '/' | '_');
    // What stands in quotes belongs together.
    let quoted = question.split(['"', '«', '»', '“', '”', '`']).skip(1).step_by(2);
    let mut words: Vec<String> = quoted.map(|q| q.trim().to_lowercase()).filter(|q| q.chars().count() >= 3).collect();
    let phrases = words.len();
    let question: String = question
        .split(['"', '«', '»', '“', '”', '`'])
        .step_by(if phrases > 0 { 2 } else { 1 })
        .collect::<Vec<_>>()
        .join(" ");
    for word in
        question.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '?' | '!' | '"' | '(' | ')' | '\'' | '’'))
    {
        let word = word.trim_matches(trim);
        let lower = word.to_lowercase();
        let known = plain(&lower);
        // "est-ce" and the like are several words; a name such as db-1 is one.
        let digits = known.contains(|c: char| c.is_ascii_digit());
        let empty = !digits && known.split_whitespace().all(|w| w.len() < 3 || STOP.contains(&w));
        if word.chars().count() >= 3 && !empty && !words.contains(&lower) {
            words.push(lower);
        }
    }
    // Names with digits, dots or dashes say most, then long words.
    words[phrases..].sort_by_key(|w| {
        let name = w.chars().any(|c| !c.is_alphabetic());
        (std::cmp::Reverse(name), std::cmp::Reverse(w.chars().count()))
    });
    words.truncate(2 * WORDS);
    words
}

/// A word without its ending, so that `timeouts` finds `timeout`.
fn stem(word: &str) -> &str {
    for ending in ["ing", "ies", "ed", "es", "s"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 4
        {
            return stem;
        }
    }
    word
}

/// What is searched for: a word of the question, and what lines may say for it.
pub(crate) struct Sought {
    /// As it is told.
    pub(crate) word: String,
    /// What lines may say for it; the word itself when nothing else is known.
    pub(super) said: Vec<String>,
    /// Whether that is a regular expression.
    pattern: bool,
}

/// How lines write the status code of an answer that failed; the number alone may be a size or a name as well.
fn status(word: &str) -> Option<String> {
    let code = word.parse::<u16>().ok().filter(|n| (400..600).contains(n))?;
    Some(format!(r#"(?:["=:(] ?|\b(?:status|code|http|error) ){code}\b|\b{code} (?:in|not)\b"#))
}

/// Whether a word is a name, or one that lines say in a known way: then it is telling that no line holds it. Any other may
/// just not be how logs speak.
pub(super) fn is_telling(word: &str) -> bool {
    word.contains(|c: char| !c.is_alphabetic()) || !terms::of(&plain(word)).0.is_empty()
}

impl Sought {
    /// The same by the word alone, when what lines say for it was tried first.
    pub(super) fn alone(&self) -> Option<Self> {
        self.pattern.then(|| Self { said: vec![self.word.clone()], word: self.word.clone(), pattern: false })
    }
}

/// What of a question is worth searching for, most telling first.
pub(crate) fn sought(question: &str) -> Vec<Sought> {
    let unquoted: Vec<&str> = question.split(['"', '«', '»', '“', '”', '`']).step_by(2).collect();
    let asked = plain(&unquoted.join(" "));
    let (terms, rest) = terms::of(&asked);
    let spent = spent(&asked);
    let left: Vec<&str> = rest.split_whitespace().filter(|w| !spent.words.contains(w)).collect();
    let quoted = |word: &str| {
        question.split(['"', '«', '»', '“', '”', '`']).skip(1).step_by(2).any(|q| q.to_lowercase().trim() == word)
    };
    let own = |word: String| {
        let status = status(&word);
        Sought { pattern: status.is_some(), said: vec![status.unwrap_or_else(|| stem(&word).to_owned())], word }
    };
    let named = |word: &String| word.contains(|c: char| !c.is_alphabetic());
    let words =
        salient(question).into_iter().filter(|w| quoted(w) || plain(w).split_whitespace().any(|t| left.contains(&t)));
    // Names say most, then words that only this question has, then those that many have.
    let (names, words): (Vec<String>, Vec<String>) = words.partition(named);
    let mut out: Vec<Sought> = names.into_iter().chain(words).map(own).collect();
    let asked_for = |said: &[&str]| {
        spent.slow && said.contains(&"slow") || spent.expires && (said.contains(&"expire") || said.contains(&"renew"))
    };
    let told = |phrase: &str| phrase.split(' ').all(|w| spent.words.contains(&w));
    let named: Vec<terms::Term> =
        terms.iter().filter(|(phrase, said)| !asked_for(said) && !told(phrase)).copied().collect();
    // Without anything else, what expires is looked for by the word itself.
    let terms = if named.is_empty() && out.is_empty() && spent.expires { terms } else { named };
    out.extend(terms.into_iter().map(|(phrase, said)| {
        // The word itself may stand in a line too.
        let itself = (!phrase.contains(' ')).then(|| stem(phrase).to_owned());
        let said = said.iter().map(|s| (*s).to_owned()).chain(itself).collect();
        Sought { word: phrase.to_owned(), said, pattern: false }
    }));
    out.truncate(WORDS);
    out
}

/// A condition for one word: what is said for it stands in the text, or is the component.
pub(super) fn of_word(sought: &Sought) -> Vec<LogQuery> {
    let text = |pattern: &String| TextMatch {
        pattern: pattern.clone(),
        regex: sought.pattern,
        case_sensitive: false,
        negate: false,
    };
    // A component may be called by what lines say, in the singular or in the plural.
    let called = sought.said.iter().filter(|s| sought.said.len() > 1 && s.chars().all(char::is_alphabetic));
    let components = std::iter::once(sought.word.clone()).chain(called.flat_map(|s| [s.clone(), format!("{s}s")]));
    let texts = sought.said.iter().map(|s| LogQuery { text: vec![text(s)], ..LogQuery::default() });
    texts.chain([LogQuery { components: components.collect(), ..LogQuery::default() }]).collect()
}

/// A time of day, such as `14:20` or `14h20`.
pub(super) fn is_clock(word: &str) -> bool {
    let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    word.split_once([':', 'h']).is_some_and(|(hours, rest)| {
        (1..=2).contains(&hours.len()) && digits_only(hours) && rest.split(':').all(digits_only)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telling_words_come_first() {
        assert_eq!(salient("Why is db-1:5432 refusing connections?"), ["db-1:5432", "connections", "refusing"]);
        assert!(salient("What happened? Show me the errors!").is_empty());
        assert_eq!(salient("Combien d'erreurs de l'api depuis 14h20 ?"), ["14h20", "api"]);
        for (word, is) in [("14:20", true), ("14h20", true), ("9h", true), ("db-1:5432", false), ("hosts", false)] {
            assert_eq!(is_clock(word), is, "{word}");
        }
        assert_eq!(salient("How many \"Invalid user\" from admin?"), ["invalid user", "admin"]);
        assert_eq!(stem("connections"), "connection");
        assert_eq!(stem("timed"), "timed");
    }
}
