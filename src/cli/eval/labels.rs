//! Labelled logs, taken apart: the lines as a program would have written them, and what each is said to be. The label
//! is gone from the line before anything reads it, and so is every column that could give it away.

use crate::cli::exit::UsageError;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Columns of published data sets that are labels, or made from them, or from the true templates.
const TOLD: [&str; 6] = ["label", "eventid", "eventtemplate", "lineid", "alert", "anomaly"];
/// Columns under which published data sets keep the message.
const MESSAGE: [&str; 2] = ["content", "message"];

/// The lines of a file and their labels.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Labelled {
    /// Lines, each with its end.
    pub(super) text: String,
    /// For each of them: whether it tells of a fault.
    pub(super) faulty: Vec<bool>,
}

impl Labelled {
    fn push(&mut self, line: &str, faulty: bool) {
        self.text.push_str(line);
        self.text.push('\n');
        self.faulty.push(faulty);
    }
}

/// Takes a file apart. `label` names its column or field; without it the first word is the label.
pub(super) fn read(path: &str, bytes: &[u8], label: Option<&str>) -> Result<Labelled, UsageError> {
    let text = String::from_utf8_lossy(bytes);
    let wrong = |what: String| UsageError(format!("{path}: {what}"));
    match label {
        None => Ok(first_word(&text)),
        Some(label) if text.trim_start().starts_with('{') => json_lines(&text, label).map_err(wrong),
        Some(label) => table(&text, label).map_err(wrong),
    }
}

fn first_word(text: &str) -> Labelled {
    let mut out = Labelled::default();
    for line in text.lines() {
        let (label, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        out.push(rest, label != "-" && !label.is_empty());
    }
    out
}

fn is_fine(label: &str) -> bool {
    matches!(label.trim().to_ascii_lowercase().as_str(), "" | "-" | "0" | "false" | "normal" | "fine" | "null")
}

fn json_lines(text: &str, label: &str) -> Result<Labelled, String> {
    let mut out = Labelled::default();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let object: Result<Map<String, Value>, _> = serde_json::from_str(line);
        let mut object = object.map_err(|e| format!("line {}: no JSON object: {e}", i + 1))?;
        let value = object.shift_remove(label).ok_or_else(|| format!("line {}: there is no field `{label}`", i + 1))?;
        let faulty = !is_fine(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str());
        object.retain(|name, _| !TOLD.contains(&name.to_ascii_lowercase().as_str()));
        out.push(&Value::Object(object).to_string(), faulty);
    }
    Ok(out)
}

/// A CSV becomes lines of JSON with the other columns as fields.
fn table(text: &str, label: &str) -> Result<Labelled, String> {
    let mut rows = Rows { rest: text };
    let head = rows.next().unwrap_or_default();
    let at = head.iter().position(|name| name == label).ok_or_else(|| {
        let names = head.iter().take(20).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        format!("there is no column `{label}`; its first line names {names}")
    })?;
    let told: HashSet<usize> =
        (0..head.len()).filter(|i| *i == at || TOLD.contains(&head[*i].to_ascii_lowercase().as_str())).collect();
    let mut out = Labelled::default();
    for (i, row) in rows.enumerate() {
        if row.len() != head.len() {
            return Err(format!("row {}: {} columns instead of {}", i + 2, row.len(), head.len()));
        }
        let mut object = Map::new();
        for (name, value) in head.iter().zip(&row).enumerate().filter(|(i, _)| !told.contains(i)).map(|(_, f)| f) {
            let lower = name.to_ascii_lowercase();
            let name = if MESSAGE.contains(&lower.as_str()) { "message".to_owned() } else { lower };
            object.insert(name, Value::String(value.clone()));
        }
        out.push(&Value::Object(object).to_string(), !is_fine(&row[at]));
    }
    Ok(out)
}

/// Rows of a CSV by RFC 4180, the first one included.
pub(super) struct Rows<'a> {
    pub(super) rest: &'a str,
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (cell, after) = cell(self.rest);
            row.push(cell);
            let ends = !after.starts_with(',');
            self.rest =
                after.strip_prefix(',').or(after.strip_prefix("\r\n")).or(after.strip_prefix('\n')).unwrap_or(after);
            if ends {
                return Some(row);
            }
        }
    }
}

/// One cell, and what follows it: a comma, the end of the line, or nothing.
fn cell(text: &str) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let end = if text[..end].ends_with('\r') && text[end..].starts_with('\n') { end - 1 } else { end };
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut out = String::new();
    loop {
        let Some((piece, after)) = rest.split_once('"') else {
            // The quotation never ends: what is there is all there is.
            out.push_str(rest);
            return (out, "");
        };
        out.push_str(piece);
        let Some(more) = after.strip_prefix('"') else {
            let end = after.find([',', '\n']).unwrap_or(after.len());
            return (out, &after[end..]);
        };
        out.push('"');
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_is_gone_before_anything_reads_the_line() {
        let got = first_word("- 11 all is well\nKERNDTLB 12 tlb error\n");
        assert_eq!(got, Labelled { text: "11 all is well\n12 tlb error\n".into(), faulty: vec![false, true] });
        let csv = "LineId,Label,Level,Content,EventId\n1,-,INFO,\"a, \"\"b\"\"\",E1\r\n2,X,FATAL,c,E2\n";
        let got = read("x", csv.as_bytes(), Some("Label")).unwrap_or_else(|e| panic!("{e}"));
        let lines = "{\"level\":\"INFO\",\"message\":\"a, \\\"b\\\"\"}\n{\"level\":\"FATAL\",\"message\":\"c\"}\n";
        assert_eq!(got, Labelled { text: lines.into(), faulty: vec![false, true] });
        let json = "{\"msg\":\"x\",\"bad\":1}\n{\"msg\":\"y\",\"bad\":0}\n";
        let got = read("x", json.as_bytes(), Some("bad")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(got, Labelled { text: "{\"msg\":\"x\"}\n{\"msg\":\"y\"}\n".into(), faulty: vec![true, false] });
    }

    #[test]
    fn mistakes_name_their_place() {
        let told = |text: &str| read("a.csv", text.as_bytes(), Some("Label")).err().map(|e| e.0);
        assert_eq!(
            told("A,B\n1,2\n").as_deref(),
            Some("a.csv: there is no column `Label`; its first line names `A`, `B`")
        );
        assert_eq!(told("Label,B\n1\n").as_deref(), Some("a.csv: row 2: 1 columns instead of 2"));
        assert_eq!(told("{\"a\":1}").as_deref(), Some("a.csv: line 1: there is no field `Label`"));
    }
}
