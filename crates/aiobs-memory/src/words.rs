//! Text to stems: what the word search and the local embedding count. English and French, whichever comes;
//! names, numbers that mean something and parts of compound names stay. Pure.

use crate::stem::stem;

/// Words that say nothing, folded.
const STOP: &str = " a about after all also an and any are as at be because been before being but by can could did do does \
    doing each every few for from further get gets got had has have having here how i if in into is it its itself just \
    keep keeps like lot made make may me might more most must my no nor not now of off on once one only or other our out \
    over own please same she he shall should since so some such than that the their them then there these they thing things \
    this those through to too under until up us very was we were what when where which while who whom why will with would \
    you your seem seems still even again against between during without within \
    ai ainsi alors au aucun aussi autre aux avec avoir c ca car ce cela celle celui ces cet cette ceux chaque ci comme \
    comment d dans de des dont donc du elle elles en encore est et eu etre faire fait il ils j je l la le les leur leurs lui \
    m ma mais me mes mon n ne ni nos notre nous on ont ou par parce pas pendant peu peut plus pour pourquoi qu quand que quel \
    quelle quelles quels qui quoi s sa sans se ses si son sont sous sur t ta te tes toi ton tous tout toute toutes tres trop \
    tu un une vers voici votre vous y a ete ";

/// Most characters of a word; what is longer is an identifier or noise.
const LONGEST: usize = 40;

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Lower case, without accents.
    pub folded: String,
    /// Its stem.
    pub stem: String,
}

/// Lower case without accents, as far as Latin letters go.
fn fold(c: char, out: &mut String) {
    let plain = match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' => "a",
        'ç' | 'Ç' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' | 'Ë' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'Ì' | 'Í' | 'Î' | 'Ï' => "i",
        'ñ' | 'Ñ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' => "o",
        'ù' | 'ú' | 'û' | 'ü' | 'Ù' | 'Ú' | 'Û' | 'Ü' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'œ' | 'Œ' => "oe",
        'æ' | 'Æ' => "ae",
        'ß' => "ss",
        _ => {
            out.extend(c.to_lowercase());
            return;
        }
    };
    out.push_str(plain);
}

/// Whether a folded word says nothing.
pub(crate) fn is_stop(folded: &str) -> bool {
    // Each stands between blanks in the list.
    STOP.match_indices(folded).any(|(at, _)| {
        STOP.as_bytes().get(at.wrapping_sub(1)) == Some(&b' ') && STOP.as_bytes().get(at + folded.len()) == Some(&b' ')
    })
}

/// A word, folded.
pub(crate) fn fold_all(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    word.chars().take(LONGEST).for_each(|c| fold(c, &mut folded));
    folded
}

/// Numbers that name something (a status, a port), not counts or parts of times.
fn is_telling_number(folded: &str) -> bool {
    (3..=5).contains(&folded.len())
}

fn push(raw: &str, words: &mut Vec<Word>) {
    let folded = fold_all(raw);
    if folded.chars().count() < 2 || is_stop(&folded) {
        return;
    }
    if folded.bytes().all(|b| b.is_ascii_digit()) && !is_telling_number(&folded) {
        return;
    }
    // Hexadecimal identifiers say nothing that comes again.
    if folded.len() >= 8 && folded.bytes().all(|b| b.is_ascii_hexdigit()) && folded.bytes().any(|b| b.is_ascii_digit())
    {
        return;
    }
    let stem = stem(&folded);
    words.push(Word { folded, stem });
}

/// The parts of `OutOfMemoryError` and `HTTPServer`: a part begins at a capital after a small letter, or at the last
/// capital of several before a small one.
fn parts(word: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = word.char_indices().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    for i in 1..chars.len() {
        let (at, c) = chars[i];
        let before = chars[i - 1].1;
        let after = chars.get(i + 1).map(|(_, c)| *c);
        let begins = c.is_uppercase()
            && (before.is_lowercase() || (before.is_uppercase() && after.is_some_and(char::is_lowercase)));
        if begins {
            parts.push(&word[start..at]);
            start = at;
        }
    }
    parts.push(&word[start..]);
    parts
}

/// The telling words of a text, in order; placeholders such as `<num>` are left out.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if !word.is_empty() {
            let parts = parts(word);
            if parts.len() > 1 {
                for part in &parts {
                    push(part, &mut words);
                }
            }
            push(word, &mut words);
        }
        rest = after(tail);
    }
    words
}

/// What follows the first character, or the placeholder that it begins.
fn after(tail: &str) -> &str {
    let mut chars = tail.chars();
    let first = chars.next();
    if first == Some('<')
        && let Some(end) = tail.find('>')
        && tail[1..end].bytes().all(|b| b.is_ascii_lowercase() || b == b'*' || b == b'_')
    {
        return &tail[end + 1..];
    }
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stems(text: &str) -> String {
        words(text).into_iter().map(|w| w.stem).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_folded_cut_and_stemmed() {
        assert_eq!(stems("Connexion refusée par la base"), "connect refus bas");
        assert_eq!(stems("connection to <host>:<port> refused"), "connect refus");
        assert_eq!(stems("java.lang.OutOfMemoryError: heap"), "java lang memori error outofmemoryerror heap");
        assert_eq!(stems("HTTP 504 after 30 s"), "http 504");
        assert_eq!(stems("trace 8f3a99c0d1e2 a < b"), "trac");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}") {
            for w in words(&text) {
                prop_assert!(!w.stem.is_empty() && !w.stem.contains(' '));
            }
        }
    }
}
