//! Redaction: secrets and personal data are replaced by typed placeholders before a request leaves this machine, and put
//! back into the answer here. Used around every model that is elsewhere, and by the preview of what is sent. The table
//! of what stands for what lives only as long as the call, in memory.

mod layer;
mod rules;

pub(crate) use layer::Redacting;
pub use rules::KINDS;

use crate::{ChatRequest, Message};
use rules::find;
use std::collections::{BTreeMap, HashMap};

/// Longest placeholder, bytes: a kind, a number, brackets.
const LONGEST: usize = 32;

/// The placeholders of one call.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    allowed: Vec<String>,
    /// Placeholder of each value.
    by_value: HashMap<(&'static str, String), String>,
    /// Value of each placeholder.
    by_name: HashMap<String, String>,
    last: BTreeMap<&'static str, u32>,
    /// Replaced, by kind.
    counts: BTreeMap<&'static str, u32>,
    /// What the texts hold already that looks like a placeholder.
    reserved: Vec<String>,
}

impl Redaction {
    /// Kinds in `allowed` are left as they are.
    pub fn new(allowed: &[String]) -> Self {
        Self { allowed: allowed.to_vec(), ..Self::default() }
    }

    /// The request as it may be sent.
    pub fn hide_request(&mut self, request: &ChatRequest) -> ChatRequest {
        for m in &request.messages {
            self.reserve(&m.content);
        }
        let messages = request.messages.iter().map(|m| self.hide_message(m)).collect();
        let redacted = self.counts.iter().map(|(kind, n)| (*kind, *n)).collect();
        ChatRequest { messages, redacted, ..request.clone() }
    }

    fn hide_message(&mut self, m: &Message) -> Message {
        let mut out = m.clone();
        out.content = self.hide(&m.content);
        for call in out.tool_calls.iter_mut().chain(&mut out.answers) {
            let text = self.hide(&call.arguments.to_string());
            call.arguments = serde_json::from_str(&text).unwrap_or_default();
        }
        out
    }

    fn reserve(&mut self, text: &str) {
        for (at, _) in text.match_indices('[') {
            let rest = &text[at..];
            if let Some(end) = rest.bytes().take(LONGEST).position(|b| b == b']') {
                let name = &rest[..=end];
                if KINDS.iter().any(|k| name[1..].starts_with(k)) {
                    self.reserved.push(name.to_owned());
                }
            }
        }
    }

    /// The text with placeholders. The same value has the same one throughout the call.
    pub fn hide(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for found in find(text) {
            if self.allowed.iter().any(|a| a == found.kind) {
                continue;
            }
            out.push_str(&text[from..found.at.start]);
            from = found.at.end;
            out.push_str(&self.placeholder(found.kind, &text[found.at]));
        }
        out.push_str(&text[from..]);
        out
    }

    fn placeholder(&mut self, kind: &'static str, value: &str) -> String {
        *self.counts.entry(kind).or_default() += 1;
        let key = (kind, value.to_owned());
        if let Some(known) = self.by_value.get(&key) {
            return known.clone();
        }
        let name = loop {
            let n = self.last.entry(kind).or_default();
            *n += 1;
            let name = format!("[{kind}-{n}]");
            if !self.reserved.contains(&name) {
                break name;
            }
        };
        self.by_name.insert(name.clone(), value.to_owned());
        self.by_value.insert(key, name.clone());
        name
    }

    /// Replaced so far, by kind.
    pub fn counts(&self) -> &BTreeMap<&'static str, u32> {
        &self.counts
    }

    /// Puts values back; `json` when the text is the source of JSON, where quotes and line breaks need their marks.
    pub(crate) fn restorer(&self, json: bool) -> Restorer {
        Restorer { by_name: self.by_name.clone(), json, pending: String::new() }
    }
}

/// Puts values back into an answer that comes in pieces.
#[derive(Debug)]
pub(crate) struct Restorer {
    by_name: HashMap<String, String>,
    json: bool,
    /// The beginning of what may become a placeholder.
    pending: String,
}

impl Restorer {
    /// What of the answer is certain after this piece.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        if self.by_name.is_empty() {
            return piece.to_owned();
        }
        let text = std::mem::take(&mut self.pending) + piece;
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find('[') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest[1..].find([']', '[']).map(|i| i + 1);
            match end {
                None if rest.len() <= LONGEST => {
                    rest.clone_into(&mut self.pending);
                    return out;
                }
                Some(end) if rest.as_bytes()[end] == b']' => {
                    let name = &rest[..=end];
                    match self.by_name.get(name) {
                        Some(value) if self.json => out.push_str(&escaped(value)),
                        Some(value) => out.push_str(value),
                        None => out.push_str(name),
                    }
                    rest = &rest[end + 1..];
                }
                _ => {
                    out.push('[');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// What was held back.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.pending)
    }
}

fn escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_hidden_alike_and_come_back() {
        let mut r = Redaction::new(&["ip".into()]);
        let text = "jane@shop.example from 81.2.69.142, again jane@shop.example, bob@shop.example password=a\"b";
        let hidden = r.hide(text);
        assert_eq!(hidden, "[email-1] from 81.2.69.142, again [email-1], [email-2] password=[secret-1]\"b");
        assert_eq!(r.counts().iter().map(|(k, n)| (*k, *n)).collect::<Vec<_>>(), [("email", 3), ("secret", 1)]);
        assert_eq!(r.restorer(false).push(&hidden), text);
    }

    #[test]
    fn what_only_looks_like_a_placeholder_stays_what_it_is() {
        let mut r = Redaction::new(&[]);
        let request = ChatRequest {
            messages: vec![Message::user("see [email-1] and [x] of jane@shop.example")],
            ..ChatRequest::default()
        };
        let sent = r.hide_request(&request);
        assert_eq!(sent.messages[0].content, "see [email-1] and [x] of [email-2]");
        assert_eq!(sent.redacted, [("email", 1)]);
        assert_eq!(r.restorer(false).push(&sent.messages[0].content), request.messages[0].content);
    }

    #[test]
    fn in_json_a_value_keeps_the_json_whole() {
        let mut r = Redaction::new(&[]);
        let hidden = r.hide("password='say \"hi\"'");
        assert_eq!(hidden, "password='[secret-1]'");
        let answer = r.restorer(true).push(r#"{"cause":"[secret-1] is wrong"}"#);
        assert_eq!(answer, r#"{"cause":"say \"hi\" is wrong"}"#);
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_answer(size in 1_usize..9) {
            let mut r = Redaction::new(&[]);
            let text = "a [b [c] é jane@shop.example [[email-9] [x, password=pw123 [";
            let hidden = r.hide(text);
            let mut restorer = r.restorer(false);
            let chars: Vec<char> = hidden.chars().collect();
            let mut out: String =
                chars.chunks(size).map(|c| restorer.push(&c.iter().collect::<String>())).collect();
            out.push_str(&restorer.finish());
            prop_assert_eq!(out, text);
        }
    }
}
