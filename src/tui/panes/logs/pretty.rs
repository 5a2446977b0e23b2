//! A text that is written for machines, laid out for people: JSON indented, SQL broken at its clauses, `%20` and the like
//! in addresses decoded. Colours by role; nothing is left out or reordered. Knows nothing of records.

use crate::tui::theme::Role;
use serde::de::IgnoredAny;

/// A row as pieces with their roles.
pub(super) type Row = Vec<(Role, String)>;

/// Spaces per level.
const INDENT: usize = 2;
/// Clauses that begin a row of their own, longest first where one begins another.
const CLAUSES: [&str; 20] = [
    "left outer join",
    "right outer join",
    "full outer join",
    "insert into",
    "delete from",
    "group by",
    "order by",
    "left join",
    "right join",
    "inner join",
    "cross join",
    "union all",
    "union",
    "having",
    "select",
    "from",
    "where",
    "limit",
    "values",
    "join",
];
/// What an SQL statement begins with and must have as well.
const STATEMENTS: [(&str, &str); 4] =
    [("select ", " from "), ("insert into ", " values"), ("update ", " set "), ("delete from ", "")];

/// The text laid out, or `None` when there is nothing to lay out in it.
pub(super) fn pretty(text: &str) -> Option<Vec<Row>> {
    if let Some((start, end)) = json_in(text) {
        let mut rows: Vec<Row> = plain(&text[..start]);
        rows.extend(json(&text[start..end]));
        rows.extend(plain(&text[end..]));
        return Some(rows);
    }
    if let Some(start) = sql_in(text) {
        let mut rows = plain(&text[..start]);
        rows.extend(sql(&text[start..]));
        return Some(rows);
    }
    let decoded = decode(text)?;
    Some(plain(&decoded))
}

fn plain(text: &str) -> Vec<Row> {
    let text = text.trim_end();
    if text.trim().is_empty() {
        return Vec::new();
    }
    text.split('\n').map(|l| vec![(Role::Text, l.to_owned())]).collect()
}

/// The first object or array with something in it.
fn json_in(text: &str) -> Option<(usize, usize)> {
    // A line may have many brackets that begin nothing.
    for (start, _) in text.match_indices(['{', '[']).take(16) {
        let rest = &text[start..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        if matches!(values.next(), Some(Ok(_))) {
            let end = values.byte_offset();
            if rest[..end].contains(['"', ',']) {
                return Some((start, start + end));
            }
        }
    }
    None
}

/// Rows of JSON while it is walked.
struct Rows {
    rows: Vec<Row>,
    depth: usize,
}

impl Rows {
    fn add(&mut self, role: Role, text: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.push((role, text.to_owned()));
        }
    }

    fn begin(&mut self) {
        self.rows.push(vec![(Role::Text, " ".repeat(self.depth * INDENT))]);
    }
}

/// Lays out valid JSON: its own tokens in its own order, so that numbers and doubled keys stay as they are.
fn json(text: &str) -> Vec<Row> {
    let mut out = Rows { rows: vec![Row::new()], depth: 0 };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match c {
            '{' | '[' => {
                let inside = rest[1..].trim_start();
                if inside.starts_with(['}', ']']) {
                    out.add(Role::Dim, if c == '{' { "{}" } else { "[]" });
                    taken = rest.len() - inside.len() + 1;
                } else {
                    out.add(Role::Dim, &rest[..1]);
                    out.depth += 1;
                    out.begin();
                }
            }
            '}' | ']' => {
                out.depth = out.depth.saturating_sub(1);
                out.begin();
                out.add(Role::Dim, &rest[..1]);
            }
            ',' => {
                out.add(Role::Dim, ",");
                out.begin();
            }
            ':' => out.add(Role::Dim, ": "),
            '"' => {
                taken = string_end(rest);
                let is_key = rest[taken..].trim_start().starts_with(':');
                out.add(if is_key { Role::FieldName } else { Role::FieldValue }, &rest[..taken]);
            }
            c if c.is_whitespace() => {}
            _ => {
                let ends = |c: char| matches!(c, ',' | '}' | ']' | ':') || c.is_whitespace();
                taken = rest.find(ends).unwrap_or(rest.len());
                out.add(Role::Number, &rest[..taken]);
            }
        }
        rest = &rest[taken..];
    }
    out.rows
}

/// Bytes of the string that `text` begins with, quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (i, b) in text.bytes().enumerate().skip(1) {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where a statement of SQL begins.
fn sql_in(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let found = STATEMENTS.iter().filter_map(|(begin, has)| {
        let start = lower.find(begin)?;
        let word = start == 0 || !lower.as_bytes()[start - 1].is_ascii_alphanumeric();
        (word && lower[start + begin.len()..].contains(has.trim_end())).then_some(start)
    });
    found.min()
}

fn sql(text: &str) -> Vec<Row> {
    let lower = text.to_ascii_lowercase();
    let mut rows: Vec<Row> = Vec::new();
    let (mut from, mut at) = (0, 0);
    let mut quote = None;
    let flush = |piece: &str, rows: &mut Vec<Row>| {
        let piece = piece.trim();
        if !piece.is_empty() {
            rows.push(clause_row(piece));
        }
    };
    for (i, b) in text.bytes().enumerate() {
        if i < at {
            continue;
        }
        match quote {
            Some(q) if q == b => quote = None,
            Some(_) => {}
            None if matches!(b, b'\'' | b'"' | b'`') => quote = Some(b),
            None => {
                let begins = i == 0 || text.as_bytes()[i - 1].is_ascii_whitespace() || text.as_bytes()[i - 1] == b'(';
                // What follows a space or bracket begins a character.
                if let Some(clause) = begins.then(|| clause_at(&lower[i..])).flatten() {
                    flush(&text[from..i], &mut rows);
                    from = i;
                    at = i + clause;
                }
            }
        }
    }
    flush(&text[from..], &mut rows);
    rows
}

/// Bytes of the clause that `lower` begins with.
fn clause_at(lower: &str) -> Option<usize> {
    let whole =
        |c: &&&str| lower.starts_with(**c) && !lower[c.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    CLAUSES.iter().find(whole).map(|c| c.len())
}

fn clause_row(piece: &str) -> Row {
    let clause = clause_at(&piece.to_ascii_lowercase()).unwrap_or(0);
    let (head, tail) = piece.split_at(clause);
    vec![(Role::Strong, head.to_owned()), (Role::Code, tail.to_owned())]
}

/// With `%20` and the like decoded where they make readable text; `None` when there are none.
fn decode(text: &str) -> Option<String> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    let mut changed = false;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        if let Some(b) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|b| !b.is_ascii_control()) {
            out.push(b);
            i += 3;
            changed = true;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    // What decodes to no text stays as it is.
    String::from_utf8(out).ok().filter(|_| changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<String> {
        let all = pretty(text).unwrap_or_default();
        all.into_iter().map(|r| r.into_iter().map(|(_, t)| t).collect()).collect()
    }

    #[test]
    fn json_is_indented_in_its_own_order_with_what_stands_around_it() {
        let text = r#"sent {"b":1.50,"a":["x, {y}",{}],"b":null} ok"#;
        let want = [
            "sent",
            "{",
            "  \"b\": 1.50,",
            "  \"a\": [",
            "    \"x, {y}\",",
            "    {}",
            "  ],",
            "  \"b\": null",
            "}",
            " ok",
        ];
        assert_eq!(rows(text), want);
        assert_eq!(pretty("[main] started {} in [5]"), None);
        assert_eq!(pretty("{\"cut\": \"of"), None);
    }

    #[test]
    fn sql_begins_a_row_with_each_clause_but_not_within_quotes() {
        let text =
            "slow: SELECT a, 'from where' FROM orders o LEFT JOIN users u ON u.id = o.user WHERE a > 5 ORDER BY a";
        let want = [
            "slow:",
            "SELECT a, 'from where'",
            "FROM orders o",
            "LEFT JOIN users u ON u.id = o.user",
            "WHERE a > 5",
            "ORDER BY a",
        ];
        assert_eq!(rows(text), want);
        assert_eq!(pretty("please select a plan"), None);
    }

    #[test]
    fn addresses_are_decoded_only_where_that_makes_text() {
        assert_eq!(rows("GET /s?q=gr%C3%B6%C3%9Fe%20M HTTP"), ["GET /s?q=größe M HTTP"]);
        assert_eq!(pretty("100% of %zz"), None);
        assert_eq!(pretty("a%FFb"), None);
        assert_eq!(pretty("a%0Ab"), None, "a line break stays visible as what it is");
    }

    #[test]
    fn odd_texts_do_no_harm() {
        for text in
            ["", "{", "%", "%4", "{\"", "[[[[[[[[[[[[[[[[[[[", "select ü from ß", "SELECT '", "{\"ä\":\"ö\\\"\"}"]
        {
            let _ = pretty(text);
        }
    }
}
