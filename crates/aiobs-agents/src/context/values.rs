//! What stands at the placeholders of a template: aligns messages with it and counts the values. Used by gathering and by
//! the tool for it; it looks nothing up.

use super::evidence::Values;
use regex::Regex;
use std::collections::HashMap;

/// Values told per placeholder.
const TOP: usize = 6;
/// Placeholders of one template that are looked at.
const PLACES: usize = 8;
/// Longest value kept, characters.
const LONG: usize = 80;

/// The template as an expression with a group per placeholder, and their names.
fn expression(template: &str) -> Option<(Regex, Vec<String>)> {
    let mut pattern = String::from("(?s)^");
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('<') {
        let close = rest[open..].find('>').map(|i| open + i);
        let name = close.map(|c| &rest[open + 1..c]).unwrap_or_default();
        let place = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && (!name.is_empty());
        let wild = name == "*";
        let Some(close) = close.filter(|_| place || wild) else {
            pattern.push_str(&regex::escape(&rest[..=open]));
            rest = &rest[open + 1..];
            continue;
        };
        pattern.push_str(&regex::escape(&rest[..open]));
        if names.len() < PLACES {
            names.push(format!("<{name}>"));
            pattern.push_str("(.+?)");
        } else {
            pattern.push_str(".+?");
        }
        rest = &rest[close + 1..];
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    // Any run of spaces is one to a template.
    let pattern = pattern.replace(' ', r"\s+");
    (!names.is_empty()).then(|| Regex::new(&pattern).ok().map(|r| (r, names)))?
}

/// Values at each placeholder over these messages; those that do not fit the template count nowhere.
pub(crate) fn values<'a>(template: &str, messages: impl Iterator<Item = &'a str>) -> Vec<Values> {
    let Some((pattern, names)) = expression(template.trim()) else { return Vec::new() };
    let mut counts: Vec<HashMap<String, u64>> = vec![HashMap::new(); names.len()];
    for message in messages {
        let Some(found) = pattern.captures(message.trim()) else { continue };
        for (i, count) in counts.iter_mut().enumerate() {
            if let Some(m) = found.get(i + 1) {
                *count.entry(m.as_str().chars().take(LONG).collect()).or_default() += 1;
            }
        }
    }
    names
        .into_iter()
        .zip(counts)
        .enumerate()
        .filter(|(_, (_, count))| !count.is_empty())
        .map(|(i, (name, count))| {
            let distinct = count.len();
            let mut top: Vec<(String, u64)> = count.into_iter().collect();
            top.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            top.truncate(TOP);
            Values { name: format!("{} {name}", i + 1), top, distinct }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_where_they_stand() {
        let lines = [
            "connection to db-1:5432 refused (pool 20/20)",
            "connection to db-1:5432 refused (pool 19/20)",
            "connection to db-2:5432  refused (pool 20/20)",
            "something else",
        ];
        let found = values("connection to <host>:<num> refused (pool <num>/<num>)", lines.into_iter());
        assert_eq!(found[0].name, "1 <host>");
        assert_eq!(found[0].top, [("db-1".to_owned(), 2), ("db-2".to_owned(), 1)]);
        assert_eq!((found[2].distinct, found[3].top[0].0.as_str()), (2, "20"));
        assert!(values("no placeholder", lines.into_iter()).is_empty());
        assert!(values("a < b <num>", ["a < b 7"].into_iter())[0].top[0].0 == "7");
    }
}
