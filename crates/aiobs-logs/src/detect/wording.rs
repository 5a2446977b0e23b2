//! A template in words for people: a title has to stay true while the values behind its placeholders change, and to
//! read as a sentence. Used for titles only; what is quoted stays as it is. Knows nothing of detectors.

/// What stands where a value was.
const GAP: &str = "…";

/// The placeholders of templates.
const PLACEHOLDERS: [&str; 13] = [
    "<num>",
    "<hex>",
    "<ip>",
    "<uuid>",
    "<path>",
    "<url>",
    "<duration>",
    "<size>",
    "<time>",
    "<host>",
    "<user>",
    "<str>",
    "<*>",
];

const TIMES: [&str; 12] = ["ms", "s", "sec", "secs", "seconds", "us", "ns", "min", "mins", "minutes", "h", "hours"];

/// Words that join others and say nothing by themselves.
const JOINING: [&str; 17] =
    ["a", "an", "the", "of", "for", "in", "on", "at", "to", "from", "by", "with", "after", "and", "is", "some", "time"];

/// The words of a template; `None` when nothing is left that tells anything.
pub(super) fn words(template: &str) -> Option<String> {
    if !PLACEHOLDERS.iter().any(|p| template.contains(p)) {
        return Some(template.to_owned());
    }
    if let Some(method) = request(template) {
        return Some(format!("{method} requests fail"));
    }
    let text = without_empty_groups(&spoken(template));
    let text = without_empty_clauses(&text);
    const BETWEEN: [char; 7] = [' ', ',', ':', ';', '-', '=', '|'];
    let mut text = text.trim_matches(BETWEEN);
    // Who speaks is no part of what is said: `…: connection lost`.
    while let Some(said) = text.strip_prefix(GAP).filter(|rest| rest.starts_with([',', ':', ';', '|'])) {
        text = said.trim_start_matches(BETWEEN);
    }
    (telling(text) > 0).then(|| text.to_owned())
}

/// The method of an access log's request line, `"POST <path> HTTP/<num>" <num> <num>`: such a line is only an anomaly
/// when its status says so.
fn request(template: &str) -> Option<&str> {
    let (method, rest) = template.strip_prefix('"')?.split_once(' ')?;
    let fits = method.len() > 2 && method.bytes().all(|b| b.is_ascii_uppercase());
    (fits && rest.contains(" HTTP/")).then_some(method)
}

/// Word by word: a time is `some time`, a number of things `some things`, a port is left out, the rest is a gap.
fn spoken(template: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut words = template.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let core = word.trim_end_matches([',', ':', ';', '.', ')', ']', '"', '\'']);
        let tail = &word[core.len()..];
        let next = words.peek().map_or("", |w| *w);
        let unit = next.trim_end_matches([',', ':', ';', '.', ')', ']', '"', '\'']);
        let said = match core {
            "<duration>" => format!("some time{tail}"),
            "<num>" if tail.is_empty() && TIMES.contains(&unit) => {
                words.next();
                format!("some time{}", &next[unit.len()..])
            }
            "<num>" if tail.is_empty() && is_plural(unit) => "some".to_owned(),
            _ => gapped(word),
        };
        let doubled = said == GAP && out.last().is_some_and(|w| w == GAP);
        // `status=…` says no more than that there is a status.
        if !doubled && !said.trim_end_matches([',', ';']).ends_with("=…") {
            out.push(said);
        }
    }
    out.join(" ")
}

fn is_plural(word: &str) -> bool {
    word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// One word with gaps for its placeholders: `pool …` for `pool <num>/<num>`, `db-1` for `db-1:<num>`.
fn gapped(word: &str) -> String {
    let mut text = PLACEHOLDERS.iter().fold(word.to_owned(), |text, p| text.replace(p, GAP));
    for joint in ["/", ":", ".", ",", "-", "x", "@", ""] {
        let pair = format!("{GAP}{joint}{GAP}");
        while text.contains(&pair) {
            text = text.replace(&pair, GAP);
        }
    }
    // A port, a version, an index: behind a name they are a detail.
    for (open, close) in [(":", ""), ("/", ""), ("#", ""), ("[", "]")] {
        let detail = format!("{open}{GAP}{close}");
        if let Some(at) = text.find(&detail)
            && text[..at].ends_with(|c: char| c.is_alphanumeric())
            && !text[at + detail.len()..].starts_with(|c: char| c.is_alphanumeric())
        {
            text.replace_range(at..at + detail.len(), "");
        }
    }
    text
}

/// Words that tell something: neither gaps nor joining words.
fn telling(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|w| w.chars().any(char::is_alphabetic) && !JOINING.contains(&w.to_lowercase().as_str())).count()
}

/// Without `(pool …)`: brackets around a gap and hardly a word.
fn without_empty_groups(text: &str) -> String {
    let mut out = text.to_owned();
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        let mut from = 0;
        while let Some(start) = out[from..].find(open).map(|i| from + i) {
            let Some(end) = out[start..].find(close).map(|i| start + i) else { break };
            let inside = &out[start + 1..end];
            if inside.contains(GAP) && telling(inside) < 2 {
                out.replace_range(start..=end, "");
            } else {
                from = end;
            }
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without a last clause that is hardly more than its values: `, pool …`, `: some time for order …`.
fn without_empty_clauses(text: &str) -> String {
    let mut rest = text;
    while let Some(at) = [", ", ": ", "; ", " - "].iter().filter_map(|sep| rest.rfind(sep)).max() {
        let (head, clause) = rest.split_at(at);
        let valued = clause.contains(GAP) || clause.contains("some ");
        if !valued || telling(clause) > 1 || telling(head) < 2 {
            break;
        }
        rest = head;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn titles_are_sentences_that_stay_true() {
        for (template, said) in [
            ("orders answers slowly: <num> ms for order <num>", "orders answers slowly"),
            (
                "waiting <num> ms for a connection to db-1, pool <num>/<num>",
                "waiting some time for a connection to db-1",
            ),
            ("connection to db-1:<num> refused (pool <num>/<num>)", "connection to db-1 refused"),
            (
                "order <num> failed: no database connection after <num> attempts",
                "order … failed: no database connection after some attempts",
            ),
            (
                "charge <num> failed: upstream timeout after <num> s",
                "charge … failed: upstream timeout after some time",
            ),
            ("payment <num> went sideways", "payment … went sideways"),
            ("\"POST <path> HTTP/<num>\" <num> <num>", "POST requests fail"),
            ("disk <path> is <num> % full", "disk … is … % full"),
            ("worker[<num>]: heartbeat lost status=<num>", "worker: heartbeat lost"),
            ("generating core.<num>", "generating core.…"),
            ("could not reach <ip>:<num>", "could not reach …"),
            ("<ip>:<num>:Got exception while serving <str> to <ip>:", "Got exception while serving … to …"),
            ("<str>: <num>: connection lost", "connection lost"),
            ("took <duration>, retrying", "took some time, retrying"),
            ("no placeholder: <div> and 1 < 2", "no placeholder: <div> and 1 < 2"),
        ] {
            assert_eq!(words(template).as_deref(), Some(said), "{template}");
        }
    }

    #[test]
    fn a_template_of_values_alone_has_no_words() {
        for template in ["<num> <num>", "<*>", "(<num>) <path>:<num>", "<duration>"] {
            assert_eq!(words(template), None, "{template}");
        }
    }
}
