//! What may be typed next in a filter: keys, comparisons and values that begin as what stands before the cursor.

use super::KEYS;
use super::describe::quote_if_needed;
use std::ops::Range;

/// Suggestions at most.
const MOST: usize = 50;

/// What the records at hand have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Names of sources.
    pub sources: &'a [String],
    /// Names of components.
    pub components: &'a [String],
    /// Numbers and texts of templates.
    pub templates: &'a [(u32, String)],
    /// Names of fields with values seen.
    pub fields: &'a [(String, Vec<String>)],
}

/// A text that may stand in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which bytes of the input it replaces.
    pub at: Range<usize>,
    /// What it puts there.
    pub text: String,
    /// A few words on it; may be empty.
    pub about: String,
}

/// Keys as they are typed first, with the comparison used most.
const STARTS: [(&str, &str); 7] = [
    ("level", ">="),
    ("component", "="),
    ("source", "="),
    ("template", "="),
    ("since", ":"),
    ("until", ":"),
    ("service", "="),
];

const LEVELS: [&str; 7] = ["error", "warn", "info", "debug", "trace", "fatal", "unset"];
const TIMES: [&str; 6] = ["5m", "15m", "1h", "1d", "today", "yesterday"];

/// Comparisons of fields, with what each asks.
const OPS: [(&str, &str); 8] = [
    ("=", "is"),
    (":", "contains"),
    (":*", "is there"),
    ("!=", "is not"),
    (">=", "at least, with units: 500ms, 4kB, 90%"),
    (">", "over"),
    ("<", "under"),
    ("~", "an expression finds something in it"),
];

/// Suggestions for the word that ends at `cursor` (a byte of `input`), best first; none for a word that begins nothing
/// known. An empty word suggests keys.
pub fn complete(input: &str, cursor: usize, known: &Known<'_>) -> Vec<Completion> {
    let Some(before) = input.get(..cursor) else { return Vec::new() };
    let start = word_start(before);
    let bare = before[start..].trim_start_matches(['-', '!', '(']);
    let start = cursor - bare.len();
    if bare.starts_with(['"', '/']) {
        return Vec::new();
    }
    let key_end = bare.find(|c: char| !(c.is_alphanumeric() || "_-.@".contains(c))).unwrap_or(bare.len());
    let (key, rest) = bare.split_at(key_end);
    let mut found = if rest.is_empty() {
        keys(key, start..cursor, known)
    } else {
        let op = rest.len() - rest.trim_start_matches(['=', ':', '!', '<', '>', '~']).len();
        values(key, &rest[op..], cursor, known)
    };
    found.retain(|c| input.get(c.at.clone()) != Some(c.text.as_str()));
    found.truncate(MOST);
    found
}

/// Where the word at the end begins; a quoted part is one word.
fn word_start(before: &str) -> usize {
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (i, c) in before.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            c if c.is_whitespace() && !quoted => start = i + c.len_utf8(),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    start
}

fn keys(typed: &str, at: Range<usize>, known: &Known<'_>) -> Vec<Completion> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (key, op) in STARTS {
        let about = KEYS.iter().find(|(k, _)| *k == key).map_or("", |k| k.1);
        all.push((format!("{key}{op}"), about.to_owned()));
    }
    for (name, values) in known.fields {
        let about = values.first().map_or_else(|| "a field".to_owned(), |v| format!("a field, such as {v}"));
        if *name == typed {
            all.extend(OPS.iter().map(|(op, about)| (format!("{name}{op}"), (*about).to_owned())));
        } else if KEYS.iter().all(|(k, _)| !k.eq_ignore_ascii_case(name)) && is_key(name) {
            all.push((format!("{name}="), about));
        }
    }
    best(typed, all, &at)
}

fn is_key(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '@')
        && name.chars().all(|c| c.is_alphanumeric() || "_-.@".contains(c))
}

fn values(key: &str, typed: &str, cursor: usize, known: &Known<'_>) -> Vec<Completion> {
    let listed = matches!(key, "level" | "severity" | "component" | "service" | "logger" | "source" | "template");
    let plain = typed.strip_prefix('"').unwrap_or(typed);
    let quoted = plain.len() < typed.len();
    // Of several names with commas the last one is completed.
    let last = if listed && !quoted { plain.rsplit(',').next().unwrap_or(plain) } else { plain };
    let at = cursor - if quoted { typed.len() } else { last.len() }..cursor;
    let same = |v: &str| (v.to_owned(), String::new());
    let all: Vec<(String, String)> = match key {
        "level" | "severity" => LEVELS.iter().map(|l| same(l)).collect(),
        "since" | "from" | "after" | "until" | "to" | "before" => TIMES.iter().map(|t| same(t)).collect(),
        "component" | "service" | "logger" => known.components.iter().map(|c| same(c)).collect(),
        "source" => known.sources.iter().map(|s| (file_name(s).to_owned(), s.clone())).collect(),
        "template" => known.templates.iter().map(|(id, text)| (id.to_string(), text.clone())).collect(),
        _ => {
            let name = key.strip_prefix('.').unwrap_or(key);
            let of = known.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            of.flat_map(|(_, values)| values.iter().map(|v| same(v))).collect()
        }
    };
    let mut found = best(last, all, &at);
    for one in &mut found {
        one.text = quote_if_needed(&one.text);
    }
    found
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Those that begin as typed, then those that contain it, each in their order; also by what they are about.
fn best(typed: &str, all: Vec<(String, String)>, at: &Range<usize>) -> Vec<Completion> {
    let typed = typed.to_lowercase();
    let rank = |(text, about): &(String, String)| {
        let lower = text.to_lowercase();
        match () {
            () if lower.starts_with(&typed) => Some(0),
            () if lower.contains(&typed) => Some(1),
            () if typed.len() >= 3 && about.to_lowercase().contains(&typed) => Some(2),
            () => None,
        }
    };
    let mut ranked: Vec<(u8, (String, String))> = all.into_iter().filter_map(|c| Some((rank(&c)?, c))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut found: Vec<Completion> = Vec::new();
    for (_, (text, about)) in ranked {
        if !found.iter().any(|c| c.text == text) {
            found.push(Completion { at: at.clone(), text, about });
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(input: &str) -> Vec<String> {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let known = Known {
            sources: &own(&["/srv/orders.log", "/srv/pay ments.log"]),
            components: &own(&["orders", "payments", "gate way"]),
            templates: &[(41, "connection to <host> refused".into()), (7, "order <num> failed".into())],
            fields: &[("status".into(), own(&["200", "502"])), ("user".into(), own(&["Anna B"]))],
        };
        let cursor = input.find('|').unwrap();
        let input = input.replace('|', "");
        let found = complete(&input, cursor, &known);
        found.iter().map(|c| format!("{}{}{}", &input[..c.at.start], c.text, &input[c.at.end..])).collect()
    }

    #[test]
    fn keys_comparisons_and_values() {
        assert_eq!(texts("x le|")[0], "x level>=");
        assert_eq!(texts("-comp|")[0], "-component=");
        assert_eq!(texts("(stat| or b)"), ["(status= or b)"]);
        assert_eq!(texts("status|")[..3], ["status=", "status:", "status:*"]);
        assert_eq!(texts("level>=er|"), ["level>=error"]);
        assert_eq!(texts("level=error,w|"), ["level=error,warn"]);
        assert_eq!(texts("service=g|")[0], "service=\"gate way\"");
        assert_eq!(texts("service=\"ga|")[0], "service=\"gate way\"");
        assert_eq!(texts("source=pay|"), ["source=\"pay ments.log\""]);
        assert_eq!(texts("template=refus|"), ["template=41"]);
        assert_eq!(texts("status=5|"), ["status=502"]);
        assert_eq!(texts("user:|"), ["user:\"Anna B\""]);
        assert_eq!(texts("since:|")[0], "since:5m");
        assert_eq!(texts("|")[0], "level>=");
        assert_eq!(texts("nothing|"), [""; 0]);
        assert_eq!(texts("\"le|"), [""; 0]);
    }

    proptest! {
        #[test]
        fn never_outside_of_the_input(input in ".{0,24}", cursor in 0usize..30) {
            let fields = [("größe".to_owned(), vec!["1 kB".to_owned()])];
            for c in complete(&input, cursor, &Known { fields: &fields, ..Known::default() }) {
                prop_assert!(input.get(c.at).is_some());
            }
        }
    }
}
