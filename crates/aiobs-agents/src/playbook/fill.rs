//! Fills the placeholders of a playbook from an incident. Values come from logs, so they are data: into a command
//! goes only what a shell takes as one plain word, anything else leaves a word in capitals for the person to replace.

use super::Playbook;
use super::matcher::Found;
use crate::{Advice, Signature};
use aiobs_types::{Fix, Timestamp};
use std::collections::BTreeMap;

/// Placeholders that every playbook may use besides the named groups of its patterns.
pub(super) const BUILT_IN: [&str; 8] =
    ["component", "components", "host", "port", "path", "count", "first_seen", "last_seen"];

/// Values longer than this are cut in prose and left out of commands, bytes.
const LONGEST: usize = 120;

/// How critical a guess may call an incident.
const GUESS: u8 = 3;

/// The placeholder that a named group fills: digits at its end only tell groups of one pattern apart.
pub(super) fn group(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// The names in `{name}` of a text, in order. Other braces (`awk '{print $1}'`, `%{http_code}`, `${x}`) are none.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|p| if let Piece::Name(n) = p { Some(n) } else { None })
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(name) = name_at_start(rest) {
            rest = &rest[name.len() + 2..];
            return Some(Piece::Name(name));
        }
        let starts = |i: usize| !rest[..i].ends_with(['%', '$']) && name_at_start(&rest[i..]).is_some();
        let end = rest.match_indices('{').map(|(i, _)| i).find(|&i| i > 0 && starts(i));
        let (head, tail) = rest.split_at(end.unwrap_or(rest.len()));
        rest = tail;
        Some(Piece::Text(head))
    })
}

fn name_at_start(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.split_once('}')?.0;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(fits)).then_some(name)
}

/// How the title of a guess begins.
pub const PERHAPS: &str = "Perhaps: ";

/// The playbook's advice with the incident's own values.
pub(super) fn advice(playbook: &Playbook, signature: &Signature, found: &Found) -> Advice {
    let mut filler = Filler { values: values(signature, found), used: BTreeMap::new() };
    let fix = Fix {
        now: filler.prose_list(&playbook.fix.now),
        lasting: filler.prose_list(&playbook.fix.lasting),
        commands: playbook.fix.commands.iter().map(|c| filler.command(c)).collect(),
        verify: filler.prose_list(&playbook.fix.verify),
        rollback: filler.prose_list(&playbook.fix.rollback),
        risk: filler.prose(&playbook.fix.risk),
        ..Fix::default()
    };
    let cause = filler.cause(&playbook.cause);
    let (title, cause, criticality) = if found.guess {
        let cause =
            format!("A guess, from other lines logged about that time; nothing it says itself is known. {cause}");
        (format!("{PERHAPS}{}", playbook.title), cause, playbook.criticality.min(GUESS))
    } else {
        (playbook.title.clone(), cause, playbook.criticality)
    };
    Advice {
        id: playbook.id.clone(),
        title,
        cause,
        error_class: playbook.error_class.clone(),
        criticality,
        confidence: found.confidence,
        alternatives: filler.prose_list(&playbook.alternatives),
        fix,
        references: playbook.references.clone(),
        filled: filler.used.into_iter().collect(),
        matched: found.matched.clone(),
        told_by: [&found.excerpt, &found.also].into_iter().filter(|e| !e.is_empty()).cloned().collect(),
    }
}

/// The cause of a fault that shows as another one.
pub(super) fn shown_as(cause: &str, title: &str) -> String {
    format!("{cause} What this incident shows of it: {}.", title.trim_end_matches('.'))
}

/// A more specific fault that was logged around a symptom, as one of the alternatives.
pub(super) fn nearby(title: &str, id: &str, text: &str) -> String {
    let said = clean(text).unwrap_or_default();
    format!("{title}: that would explain it, and was logged about that time: \"{said}\" (playbook {id}).")
}

/// All values known about the incident.
fn values(signature: &Signature, found: &Found) -> BTreeMap<String, String> {
    let mut values = found.captures.clone();
    let services = services(signature);
    if let Some(first) = services.first() {
        values.insert("component".into(), first.clone());
        values.insert("components".into(), list(&services));
    }
    if signature.count > 0 {
        values.insert("count".into(), signature.count.to_string());
    }
    for (name, time) in [("first_seen", signature.first_seen), ("last_seen", signature.last_seen)] {
        if let Some(text) = clock(time) {
            values.insert(name.into(), text);
        }
    }
    values
}

/// The services that report it, as people call them. A class or a file of source code is no service: the log it stands
/// in mostly is named after one. The kernel and its like report what happens to others: there the log is mostly
/// named after the machine.
fn services(signature: &Signature) -> Vec<String> {
    let stem = |source: &String| {
        let name = source.rsplit(['/', '\\', ':']).next().unwrap_or_default();
        let name = name.split('.').next().unwrap_or_default();
        let common = name.is_empty() || COMMON_LOGS.contains(&name) || MACHINERY.contains(&name);
        (!common).then(|| name.to_owned())
    };
    let mut names: Vec<String> = Vec::new();
    for component in signature.components.iter().filter(|c| !c.is_empty()) {
        let name = if is_code(component) {
            signature.sources.iter().find_map(stem).unwrap_or_else(|| class(component).to_owned())
        } else if MACHINERY.contains(&component.as_str()) {
            let Some(name) = signature.sources.iter().find_map(stem) else { continue };
            name
        } else {
            component.clone()
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Components that report what happens to others.
const MACHINERY: [&str; 6] = ["kernel", "systemd", "journal", "audit", "init", "CRON"];
/// Names of logs that say nothing about whose they are.
const COMMON_LOGS: [&str; 12] = [
    "app",
    "application",
    "server",
    "service",
    "error",
    "access",
    "out",
    "output",
    "log",
    "messages",
    "syslog",
    "stdin",
];

/// `com.shop.Orders`, `event.go:307`: where in its code a service says something.
fn is_code(component: &str) -> bool {
    let file = component.split(':').next().unwrap_or_default();
    let end = file.rsplit_once('.').map_or("", |(_, end)| end);
    matches!(end, "go" | "py" | "java" | "kt" | "rs" | "cc" | "cpp" | "js" | "ts" | "rb" | "php" | "cs")
        || (component.matches('.').count() >= 2 && end.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// The last part of `com.shop.Orders`.
fn class(component: &str) -> &str {
    match component.rsplit_once('.') {
        Some((_, name)) if name.starts_with(|c: char| c.is_ascii_uppercase()) => name,
        _ => component,
    }
}

/// `a, b, c and 3 more`.
fn list(names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shown = names.len().min(3);
    match names.len() - shown {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..shown].join(", ")),
    }
}

/// `2025-01-07 14:22:31 UTC`; `None` for the epoch itself, which stands for "not known".
fn clock(time: Timestamp) -> Option<String> {
    if time == Timestamp::default() {
        return None;
    }
    let time = jiff::Timestamp::from_second(time.secs()).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

struct Filler {
    values: BTreeMap<String, String>,
    /// What went into the texts.
    used: BTreeMap<String, String>,
}

impl Filler {
    fn prose_list(&mut self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|t| self.prose(t)).collect()
    }

    /// The cause, with where and since when if it does not say so itself.
    fn cause(&mut self, text: &str) -> String {
        let own = ["component", "components", "host", "first_seen"];
        let placed = placeholders(text).any(|name| own.contains(&name) && self.values.contains_key(name));
        let known = ["components", "first_seen"].iter().all(|name| self.values.contains_key(*name));
        let cause = self.prose(text);
        if placed || !known { cause } else { cause + &self.prose(" Logged by {components}, first at {first_seen}.") }
    }

    /// A sentence: a missing value becomes neutral words. Between backticks the rules of commands hold.
    fn prose(&mut self, text: &str) -> String {
        // A text is read long after it was written, when the count has grown.
        let text = match self.values.get("count").map(String::as_str) {
            Some("1") => text.replace("{count} times", "at least once"),
            Some(_) => text.replace("{count}", "at least {count}"),
            None => text.replace("{count} times", "several times"),
        };
        let text = if self.values.contains_key("first_seen") {
            text
        } else {
            let first = [", first at {first_seen}", " (first at {first_seen})", " first at {first_seen}"];
            first.into_iter().fold(text, |text, part| text.replace(part, ""))
        };
        let known = |name: &str| self.values.get(name).is_some_and(|v| clean(v).is_some());
        let text = if known("port") {
            text
        } else {
            // `at the other side:its port`, `on port its port` are no English.
            text.replace("{host}:{port}", "{host}").replace("port {port}", "{port}")
        };
        let text = without_empty_asides(&text, known);
        let mut out = String::with_capacity(text.len());
        for (i, part) in text.split('`').enumerate() {
            if i > 0 {
                out.push('`');
            }
            if i % 2 == 1 {
                out.push_str(&self.command(part));
                continue;
            }
            for piece in pieces(part) {
                match piece {
                    Piece::Text(t) => out.push_str(t),
                    Piece::Name(name) => {
                        let value = self.value(name, clean);
                        let word =
                            value.unwrap_or_else(|| named_before(&mut out, name).unwrap_or_else(|| neutral(name)));
                        let start = out.trim_end();
                        let sentence = start.is_empty() || start.ends_with(['.', '!', '?']);
                        out.push_str(&if sentence && !self.used.contains_key(name) { capital(&word) } else { word });
                    }
                }
            }
        }
        out
    }

    /// A command: a value that is no plain word becomes the placeholder's name in capitals.
    fn command(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(t) => out.push_str(t),
                Piece::Name(name) => {
                    out.push_str(&self.value(name, plain_word).unwrap_or_else(|| name.to_ascii_uppercase()));
                }
            }
        }
        out
    }

    fn value(&mut self, name: &str, accept: fn(&str) -> Option<String>) -> Option<String> {
        let value = accept(self.values.get(name)?)?;
        self.used.insert(name.to_owned(), value.clone());
        Some(value)
    }
}

/// The text without the parentheses, and what is in them, that name something unknown.
fn without_empty_asides(text: &str, known: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(" (") {
        let Some(length) = rest[open..].find(')') else { break };
        let end = open + length + 1;
        let aside = &rest[open..end];
        let empty =
            !aside.contains('`') && placeholders(aside).any(|name| !known(name) && !BUILT_IN[5..].contains(&name));
        out.push_str(if empty { &rest[..open] } else { &rest[..end] });
        rest = &rest[end..];
    }
    out + rest
}

/// After `node ` there needs to be no `the node`: takes the word away, or says that it is enough.
fn named_before(out: &mut String, name: &str) -> Option<String> {
    let before = out.trim_end();
    let noun = before.strip_suffix(&name.replace('_', " "))?;
    let noun = noun.strip_suffix(' ')?;
    if noun.ends_with("the") || noun.ends_with("The") {
        out.truncate(before.len());
        return Some(String::new());
    }
    out.truncate(noun.len() + 1);
    Some(neutral(name))
}

/// On one line, without control characters, not too long.
fn clean(value: &str) -> Option<String> {
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut end = line.len().min(LONGEST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let cut = if end < line.len() { "…" } else { "" };
    (!line.is_empty()).then(|| format!("{}{cut}", &line[..end]))
}

/// Only what every shell takes as one word that is no option.
fn plain_word(value: &str) -> Option<String> {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"._:/@%+-".contains(&b);
    let fits = !value.is_empty() && value.len() <= LONGEST && !value.starts_with('-') && value.bytes().all(safe);
    fits.then(|| value.to_owned())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Words that read well where the value is not known.
fn neutral(name: &str) -> String {
    match name {
        "component" => "the service",
        "components" => "the affected services",
        "host" => "the other side",
        "port" => "its port",
        "path" => "the path in question",
        "count" => "several",
        "first_seen" => "it began",
        "last_seen" => "the last time",
        "space" => "memory",
        "process" => "a process",
        "place" => "the place in its stack trace",
        "duration" => "long",
        "probe" => "health",
        other => return format!("the {}", other.replace('_', " ")),
    }
    .to_owned()
}
