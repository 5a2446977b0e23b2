//! Text as it is written into files: cells of CSV and Markdown, without control characters. Panes that save use it.

use super::text;

/// Without control characters but line breaks and tabs: whoever prints the file must not be steered by a log line.
pub fn clean(text: &str) -> String {
    let part = |p: &str| match p.strip_suffix(['\n', '\t']) {
        Some(head) => text::safe(head).into_owned() + &p[head.len()..],
        None => text::safe(p).into_owned(),
    };
    text.split_inclusive(['\n', '\t']).map(part).collect()
}

/// A cell of CSV, quoted where needed (RFC 4180).
pub fn csv(cell: &str) -> String {
    let cell = clean(cell);
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// A cell of a Markdown table: one line, nothing that would be markup.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(&text.replace(['\n', '\r'], " ")).chars() {
        if matches!(c, '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
