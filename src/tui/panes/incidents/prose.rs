//! What a model writes while it writes it: stages answer in JSON, people read words. Lenient, since it ends anywhere. Pure.

/// JSON, or the beginning of some, as lines `name: value`; other text as it is.
pub(super) fn prose(text: &str) -> String {
    let start = text.trim_start();
    let start = start.strip_prefix("```json").or_else(|| start.strip_prefix("```")).unwrap_or(start).trim_start();
    if !start.starts_with('{') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(start.len());
    let mut rest = start;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => {
                let (said, after) = string(rest);
                rest = after;
                match rest.trim_start().strip_prefix(':') {
                    Some(after) => {
                        rest = after;
                        line(&mut out);
                        out.push_str(&said.replace('_', " "));
                        out.push_str(": ");
                    }
                    None => out.push_str(&said),
                }
            }
            ',' if !out.ends_with([' ', '\n']) => out.push_str("; "),
            '{' | '}' | '[' | ']' | ',' | '`' => {}
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out.trim_end_matches([' ', ';']).to_owned()
}

/// A new line, without the mark between the values before it.
fn line(out: &mut String) {
    let end = out.trim_end_matches([' ', ';']).len();
    out.truncate(end);
    if !out.is_empty() {
        out.push('\n');
    }
}

/// A JSON string after its opening quote, as far as it is there, and what follows it.
fn string(text: &str) -> (String, &str) {
    let mut said = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (said, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n' | 't' | 'r')) => said.push(' '),
                Some((_, 'u')) => {
                    let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    said.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                }
                Some((_, c)) => said.push(c),
                None => {}
            },
            c => said.push(c),
        }
    }
    (said, "")
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn json_reads_as_words_wherever_it_ends() {
        let whole = r#"{"title": "Pool \"a\" too large", "error_class": "x", "criticality": 4,
            "claims": [{"text": "refused", "records": ["R1", "R2"]}], "now": ["Lower it", "Wait"]}"#;
        let read = "title: Pool \"a\" too large\nerror class: x\ncriticality: 4\nclaims:\ntext: refused\n\
            records: R1; R2\nnow: Lower it; Wait";
        assert_eq!(prose(whole), read);
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            let part = prose(&whole[..end]);
            assert!(!part.contains(['{', '[']), "{part}");
        }
        assert_eq!(prose("{\"cause\": \"a caf\\u00e9 \\"), "cause: a caf\u{e9}");
        assert_eq!(prose("```json\n{\"a\": tr"), "a: tr");
        assert_eq!(prose("I think {it} is \"full\""), "I think {it} is \"full\"");
    }
}
