//! A light stemmer for English and French at once: text of operations mixes both, and cognates (`expiration`, `expiré`,
//! `expired`) should meet. After the idea of Porter (1980) and of Savoy's light stemmer for French (1999): endings are
//! taken off, longest first, when enough is left. Pure.

/// Endings and how many characters must be left before them. The first that fits is taken off, once.
const ENDINGS: &[(&str, usize)] = &[
    ("isations", 3),
    ("izations", 3),
    ("isation", 3),
    ("ization", 3),
    ("issement", 4),
    ("ements", 4),
    ("ations", 3),
    ("atrice", 4),
    ("ateurs", 4),
    ("ateur", 4),
    ("ators", 4),
    ("ation", 3),
    ("ement", 4),
    ("ating", 4),
    ("ated", 4),
    ("ator", 4),
    ("ates", 4),
    ("ment", 4),
    ("ness", 4),
    ("able", 4),
    ("ible", 4),
    ("ance", 4),
    ("ence", 4),
    ("ante", 4),
    ("ente", 4),
    ("ions", 4),
    ("ives", 4),
    ("ate", 4),
    ("ion", 4),
    ("ing", 3),
    ("ive", 4),
    ("ant", 4),
    ("ent", 4),
    ("ity", 4),
    ("ite", 4),
    ("ure", 4),
    ("ees", 4),
    ("al", 4),
    ("at", 5),
    ("ed", 3),
    ("ee", 4),
    ("er", 4),
    ("es", 4),
    ("ly", 4),
    ("ez", 4),
    ("a", 5),
    ("e", 3),
    ("s", 3),
];

/// The stem of a folded word (lower case, no accents). Short words and names with digits stay as they are.
pub(crate) fn stem(word: &str) -> String {
    if word.len() <= 3 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut stem = singular(word);
    if stem.ends_with("exion") {
        stem.truncate(stem.len() - 4);
        stem.push_str("ct");
        return stem;
    }
    if let Some((ending, _)) = ENDINGS.iter().find(|(e, left)| stem.ends_with(e) && stem.len() >= e.len() + left) {
        let vowel = stem[..stem.len() - ending.len()].bytes().any(|b| b"aeiouy".contains(&b));
        if vowel {
            stem.truncate(stem.len() - ending.len());
            if ["ing", "ed", "er"].contains(ending) {
                undouble(&mut stem);
            }
        }
    }
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    if stem.len() > 3 && stem.ends_with('y') {
        stem.pop();
        stem.push('i');
    }
    stem
}

fn singular(word: &str) -> String {
    for (ending, instead) in [("ies", "y"), ("ied", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")]
    {
        if let Some(root) = word.strip_suffix(ending)
            && root.len() >= 2
        {
            return format!("{root}{instead}");
        }
    }
    if let Some(root) = word.strip_suffix("aux")
        && root.len() >= 4
    {
        return format!("{root}al");
    }
    let plural = word.ends_with('s') && !["ss", "us", "is"].iter().any(|e| word.ends_with(e));
    let root = &word[..word.len() - usize::from(plural)];
    root.to_owned()
}

/// `stopp` is `stop`, `full` and `pass` stay.
fn undouble(stem: &mut String) {
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && !b"lsze".contains(b)
        && bytes.len() > 3
    {
        stem.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        for family in [
            &["connection", "connections", "connected", "connecting", "connect", "connexion", "connexions"][..],
            &["refused", "refuses", "refusing", "refusal", "refuser", "refusee"],
            &["expire", "expires", "expired", "expiring", "expiration"],
            &["certificate", "certificates", "certificat", "certificats"],
            &["saturated", "saturation", "sature", "saturee"],
            &["failure", "failures", "failed", "failing", "fails", "fail"],
            &["retry", "retries", "retried"],
            &["denied", "denial", "deny", "denies"],
            &["stopped", "stopping", "stops", "stop"],
            &["deploy", "deployment", "deployed", "deployments", "deploys"],
            &["replica", "replicas", "replication", "replicated"],
            &["exhausted", "exhaustion", "exhaust"],
        ] {
            let stems: Vec<String> = family.iter().map(|w| stem(w)).collect();
            assert!(stems.iter().all(|s| *s == stems[0]), "{family:?}: {stems:?}");
        }
        for (a, b) in [
            ("donnees", "done"),
            ("pool", "poll"),
            ("disk", "disc"),
            ("port", "part"),
            ("host", "hostel"),
            ("cache", "cash"),
        ] {
            assert_ne!(stem(a), stem(b));
        }
    }
}
