//! Narrowing down by what is under the cursor, taking it back, and the two looks aside that Esc comes back from: every
//! line of one trace, and every line around this one.

use super::saved::{Aside, Saved};
use super::state::State;
use super::trace;
use crate::runtime::events::{Anchor, RecordDetail, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use aiobs_types::LogRecord;

/// Filters that can be gone back to.
const PAST: usize = 100;
/// Keys that the filter language has for what every record has; a field called so is written with a dot before it.
const OWN_KEYS: [&str; 12] = [
    "level",
    "severity",
    "component",
    "service",
    "logger",
    "source",
    "template",
    "since",
    "from",
    "after",
    "until",
    "to",
];

impl State {
    /// Sets the filter by the user's hand: what was there before can be gone back to.
    pub(super) fn change_filter(&mut self, text: &str, cx: &PaneCx<'_>) -> Result<(), String> {
        let before = self.filter.clone();
        self.set_filter(text, cx)?;
        self.asides.clear();
        if before != self.filter {
            self.past.push(before);
            if self.past.len() > PAST {
                self.past.remove(0);
            }
        }
        Ok(())
    }

    /// Back to the filter before this one.
    pub(super) fn undo_filter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(before) = self.past.pop() else { return vec![Effect::info("No earlier filter")] };
        self.asides.clear();
        match self.set_filter(&before, cx) {
            Ok(()) => {
                let said = if before.is_empty() { "all records again".to_owned() } else { format!("filter: {before}") };
                vec![self.filtered(cx), Effect::info(said)]
            }
            Err(e) => vec![Effect::warn(e)],
        }
    }

    /// Adds a word to the filter.
    pub(super) fn narrow(&mut self, word: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        // What is added goes with the whole of a filter that has sides.
        let sides = self.filter.split_whitespace().any(|w| matches!(w, "or" | "OR" | "||"));
        let filter = if sides { format!("({})", self.filter) } else { self.filter.clone() };
        let text = format!("{filter} {word}").trim().to_owned();
        match self.change_filter(&text, cx) {
            Ok(()) => vec![self.filtered(cx), Effect::info(format!("filter: {text}"))],
            Err(e) => vec![Effect::warn(e)],
        }
    }

    /// Adds what is under the cursor to the filter: of the list, or the chosen field of the detail.
    pub(super) fn narrow_by_cursor(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let hides = matches!(action, Action::ExcludeComponent | Action::ExcludeTemplate);
        let field = self.detail.as_ref().filter(|d| d.focus).and_then(|d| d.field());
        let by_kind = matches!(
            action,
            Action::IncludeSource | Action::ExcludeSource | Action::IncludeLevel | Action::ExcludeLevel
        );
        if let Some(f) = field.filter(|_| !by_kind) {
            let sign = if hides { "-" } else { "" };
            let word = format!("{sign}{}={}", key(&f.name), value(&f.value));
            return self.narrow(&word, cx);
        }
        let Some(record) = self.window.record() else { return Vec::new() };
        match word_of(record, action, cx) {
            Ok(word) => self.narrow(&word, cx),
            Err(why) => vec![Effect::warn(why)],
        }
    }

    /// Shows every line around this one without the filter, or goes back to it.
    pub(super) fn around(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.asides.last().is_some_and(|a| a.around) {
            return self.come_back(cx).unwrap_or_default();
        }
        if self.filter.is_empty() {
            return vec![Effect::info("No filter is set: every line is here already")];
        }
        let Some(id) = self.window.id() else { return Vec::new() };
        self.look_aside(true);
        match self.set_filter("", cx) {
            Ok(()) => {
                let back = cx.keys(crate::tui::action::Context::Logs, Action::Around);
                vec![
                    self.jump(Anchor::At(id), cx),
                    Effect::info(format!("Every line around this one; {back} goes back")),
                ]
            }
            Err(e) => vec![Effect::warn(e)],
        }
    }

    /// Asks for the record's fields, to follow its trace once they are here.
    pub(super) fn follow_trace(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.window.id() else { return Vec::new() };
        if let Some(data) = self.detail.as_ref().filter(|d| d.id == id).and_then(|d| d.data.clone()) {
            return self.trace(&data, cx);
        }
        self.wants_trace = Some(id);
        vec![Effect::Send(Request::Record(id))]
    }

    /// Shows every line that has the record's trace, request or session.
    pub(super) fn trace(&mut self, detail: &RecordDetail, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(found) = trace::find(&detail.fields, detail.record.message()) else {
            return vec![Effect::warn("This line names no trace, request or session")];
        };
        // By the text, so that sources that call it otherwise are found too.
        let text = quoted(&found.value);
        self.look_aside(false);
        match self.set_filter(&text, cx) {
            Ok(()) => {
                let said = format!("Every line with {} {}; Esc goes back", found.name, found.value);
                vec![self.jump(Anchor::At(detail.record.id), cx), Effect::info(said)]
            }
            Err(e) => {
                self.asides.pop();
                vec![Effect::warn(e)]
            }
        }
    }

    fn look_aside(&mut self, around: bool) {
        let before = Saved {
            filter: self.filter.clone(),
            at: self.window.id(),
            follow: self.follow,
            detail: self.detail.is_some(),
        };
        self.asides.push(Aside { before, around });
    }

    /// Back from the last look aside; `None` when there was none.
    pub(super) fn come_back(&mut self, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let Aside { before, .. } = self.asides.pop()?;
        Some(self.restore(&before, cx))
    }
}

/// What the filter language says for a property of the record.
fn word_of(record: &LogRecord, action: Action, cx: &PaneCx<'_>) -> Result<String, String> {
    let level = record.severity.level();
    let source = || {
        let found = cx.snapshot.sources.iter().find(|s| s.info.id == record.source);
        found.map(|s| value(&s.info.name)).ok_or_else(|| "The source of this line is not watched now".to_owned())
    };
    let template = || match record.template.0 {
        0 => Err("This line has no template yet".to_owned()),
        n => Ok(n),
    };
    let component = || match record.component.as_str() {
        "" => Err("This line names no component".to_owned()),
        name => Ok(value(name)),
    };
    Ok(match action {
        Action::IncludeTemplate => format!("template={}", template()?),
        Action::ExcludeTemplate => format!("-template={}", template()?),
        Action::IncludeSource => format!("source={}", source()?),
        Action::ExcludeSource => format!("-source={}", source()?),
        Action::IncludeLevel => format!("level>={}", level.name()),
        Action::ExcludeLevel => format!("-level={}", level.name()),
        Action::IncludeComponent => format!("service={}", component()?),
        _ => format!("-service={}", component()?),
    })
}

/// A field's name as the filter language takes it.
fn key(name: &str) -> String {
    let own = OWN_KEYS.contains(&name.to_ascii_lowercase().as_str()) || name.eq_ignore_ascii_case("before");
    if own { format!(".{name}") } else { name.to_owned() }
}

/// A value as the filter language takes it: in quotes when it has anything but the usual characters.
fn value(text: &str) -> String {
    let usual = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    let plain = text.starts_with(char::is_alphanumeric) && text.chars().all(usual);
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_written_as_the_filter_language_takes_them() {
        assert_eq!((key("level"), key("http.status")), (".level".into(), "http.status".into()));
        assert_eq!(value("db-1"), "db-1");
        assert_eq!(value("/orders?id=\"7\""), "\"/orders?id=\\\"7\\\"\"");
        assert_eq!(value("-5"), "\"-5\"");
        assert_eq!(value(""), "\"\"");
    }
}
