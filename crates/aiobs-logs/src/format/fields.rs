//! The named values of one record, for the detail view: found when asked for, never while ingesting.

use super::choose;
use super::json::unescape;
use super::logfmt::{line_pairs, pair};
use super::set::{Format, FormatSet, Reader, Scratch};
use aiobs_types::Field;
use serde_json::Value;

/// Named values of a record's text: keys of JSON objects (dotted), logfmt pairs, the named parts of the format, and
/// pairs and objects found inside the message. `format` is the source's format; other lines than its own are
/// read for what they show.
pub fn fields(formats: &FormatSet, format: &str, text: &str) -> Vec<Field> {
    let mut out = Vec::new();
    let line = text.lines().next().unwrap_or_default();
    if line.trim_start().starts_with('{') && object(text, &mut out) {
        let enveloped = formats.get(format).is_some_and(|f| f.envelope);
        if let Some(inner) = out.iter().position(|f| enveloped && f.name == "log") {
            // What counts is the program's own line inside of the runtime's.
            let inner = out.swap_remove(inner).value;
            let mut own = fields(formats, "plain", inner.trim_end());
            own.extend(out);
            return own;
        }
        return out;
    }
    let own = formats.get(format);
    if let Some(own) = own {
        named(own, line, text, &mut out);
    }
    // In a mixed source the line may be another format's, or one that a more particular format knows.
    let mut scratch: Vec<Scratch> = (0..formats.len()).map(|_| Scratch::default()).collect();
    let whole = if out.is_empty() && line.len() < text.len() { text } else { line };
    if let Some((i, found)) = choose::best(formats, whole, &mut scratch) {
        let best = formats.at(i);
        if own.is_none_or(|own| own.name() != best.name()) {
            named(best, line, text, &mut out);
        }
        let program = whole.as_bytes().get(found.component).and_then(|c| formats.program(c)).filter(|_| best.refined);
        if let Some(Reader::Program(layouts)) = program.map(|i| &formats.at(i).reader)
            && let Some(head) = whole.get(..found.message.end)
        {
            let levels = program.map(|i| &formats.at(i).levels);
            let at = found.message.start;
            // The first layout that fits tells the parts; others may tell more.
            for (name, range) in layouts.iter().filter_map(|l| l.fields(head.as_bytes(), at, levels?)).flatten() {
                add(&mut out, name, head.get(range).unwrap_or_default());
            }
        }
    }
    pairs(line, &mut out);
    if let Some(at) = line.find("{\"") {
        object(&text[at..], &mut out);
    }
    out
}

/// The named parts of a format. A record of several lines may be one layout over all of them.
fn named(format: &Format, line: &str, text: &str, out: &mut Vec<Field>) {
    let texts = if line.len() < text.len() { [Some(line), Some(text)] } else { [Some(line), None] };
    for line in texts.into_iter().flatten() {
        match &format.reader {
            Reader::Layouts(layouts) => {
                let found = layouts.iter().find_map(|l| l.fields(line.as_bytes(), 0, &format.levels));
                for (name, range) in found.unwrap_or_default() {
                    add(out, name, line.get(range).unwrap_or_default());
                }
            }
            Reader::Regex(regex, _) => {
                if let Some(found) = regex.captures(line) {
                    for name in regex.capture_names().flatten() {
                        if !matches!(name, "time" | "level" | "component" | "message") {
                            add(out, name, found.name(name).map_or("", |m| m.as_str()));
                        }
                    }
                }
            }
            Reader::Columns(columns) => {
                for (name, range) in columns.fields(line, &format.levels) {
                    add(out, name, line.get(range).unwrap_or_default());
                }
            }
            Reader::Lines(_) if line.len() == text.len() => {
                for (key, value) in line_pairs(line.as_bytes()) {
                    let name = key.and_then(|k| line.get(k)).unwrap_or_default();
                    add(out, name, line.get(value).unwrap_or_default());
                }
            }
            Reader::Json(_) | Reader::Logfmt(_) | Reader::Lines(_) | Reader::Program(_) | Reader::Plain => {}
        }
        if !out.is_empty() {
            return;
        }
    }
}

fn add(out: &mut Vec<Field>, name: &str, value: &str) {
    if !name.is_empty() && !value.is_empty() && value != "-" && !out.iter().any(|f| f.name == name) {
        out.push(Field { name: name.to_owned(), value: value.to_owned() });
    }
}

/// Reads the JSON object at the front of the text.
fn object(text: &str, out: &mut Vec<Field>) -> bool {
    let Some(Ok(value @ Value::Object(_))) = serde_json::Deserializer::from_str(text).into_iter::<Value>().next()
    else {
        return false;
    };
    flatten("", &value, out);
    true
}

fn flatten(name: &str, value: &Value, out: &mut Vec<Field>) {
    let text = match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let dotted = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&dotted, inner, out);
            }
            return;
        }
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    out.push(Field { name: name.to_owned(), value: text });
}

/// `key=value` wherever a word begins.
fn pairs(line: &str, out: &mut Vec<Field>) {
    let b = line.as_bytes();
    let mut at = 0;
    while at < b.len() {
        let begins =
            at == 0 || matches!(b[at - 1], b' ' | b'\t' | b'(' | b'[' | b'{' | b',' | b';' | b'|' | b'^' | b'"');
        let Some((key, value, end)) = begins.then(|| pair(b, at)).flatten() else {
            at += 1;
            continue;
        };
        let quoted = b.get(value.start.wrapping_sub(1)) == Some(&b'"');
        let raw = line.get(value).unwrap_or_default();
        let key = line.get(key).unwrap_or_default();
        if quoted {
            let mut plain = String::with_capacity(raw.len());
            unescape(raw, &mut plain);
            add(out, key, &plain);
        } else {
            add(out, key, raw.trim_end_matches([',', ';', ')', ']', '}', '"']));
        }
        at = end.max(at + 1);
    }
}
