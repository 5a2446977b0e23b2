//! The line being typed at the top: a filter, a search, or a time.

use super::mark;
use super::state::State;
use super::time;
use crate::runtime::events::Anchor;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use aiobs_types::RecordId;
use crossterm::event::KeyEvent;

/// What is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    Filter,
    Find,
    Time,
}

impl Typing {
    /// The word before the text.
    pub(super) const fn prompt(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Find => "find",
            Self::Time => "go to",
        }
    }
}

impl State {
    /// Opens the line.
    pub(super) fn type_in(&mut self, what: Typing) {
        let text = match what {
            Typing::Filter => self.filter.clone(),
            Typing::Find => self.find.as_ref().map(|f| f.pattern.clone()).unwrap_or_default(),
            Typing::Time => String::new(),
        };
        self.edits[what as usize].set(text);
        self.typing = Some(what);
        self.wrong = None;
    }

    /// An action while the line is open.
    pub(super) fn typed(&mut self, what: Typing, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Back => {
                self.typing = None;
                self.wrong = None;
            }
            Action::Submit => return self.submit(what, cx),
            Action::Up | Action::Down => self.edits[what as usize].recall(action == Action::Up),
            Action::DeleteAll => self.edits[what as usize].set(""),
            Action::Complete => self.complete(what, cx),
            _ => return Vec::new(),
        }
        if self.typing.is_some() {
            self.check(what, cx);
        }
        Vec::new()
    }

    /// A key of the text.
    pub(super) fn type_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) {
        if let Some(what) = self.typing
            && self.edits[what as usize].on_key(key)
        {
            self.check(what, cx);
        }
    }

    /// Pasted text.
    pub(super) fn type_text(&mut self, text: &str, cx: &PaneCx<'_>) {
        if let Some(what) = self.typing {
            self.edits[what as usize].insert(text);
            self.check(what, cx);
        }
    }

    /// Says what is wrong while it is typed.
    fn check(&mut self, what: Typing, cx: &PaneCx<'_>) {
        let text = self.edits[what as usize].text();
        self.wrong = match what {
            Typing::Filter => cx.filter(text).err(),
            _ => None,
        };
    }

    fn submit(&mut self, what: Typing, cx: &PaneCx<'_>) -> Vec<Effect> {
        let text = self.edits[what as usize].text().trim().to_owned();
        match what {
            Typing::Filter => {
                if let Err(e) = self.set_filter(&text, cx) {
                    self.wrong = Some(e);
                    return Vec::new();
                }
                self.saved = None;
                self.close(what);
                vec![self.filtered(cx)]
            }
            Typing::Find => {
                self.find = mark::parse_find(&text);
                self.remark();
                self.close(what);
                if self.find.is_none() {
                    return Vec::new();
                }
                let from = self.window.id().unwrap_or(RecordId(0));
                vec![self.jump(Anchor::FindNext(from), cx)]
            }
            Typing::Time => {
                if let Some(anchor) = self.place(&text) {
                    self.close(what);
                    return vec![self.jump(anchor, cx)];
                }
                let near = self.window.record().map_or(cx.clock.now, |r| r.time);
                match time::parse(&text, near, &cx.clock.zone) {
                    Ok(t) => {
                        self.close(what);
                        vec![self.jump(Anchor::Time(t), cx)]
                    }
                    Err(e) => {
                        self.wrong = Some(e);
                        Vec::new()
                    }
                }
            }
        }
    }

    /// A place among the matches, `50%`, or a record, `#1207331` (thousands may be grouped).
    fn place(&self, text: &str) -> Option<Anchor> {
        if let Some(share) = text.strip_suffix('%') {
            let share: f64 = share.trim().parse().ok()?;
            let last = self.window.total.saturating_sub(1) as f64;
            return (0.0..=100.0).contains(&share).then_some(Anchor::Rank((last * share / 100.0).round() as u64));
        }
        text.strip_prefix('#')?.replace([',', '_'], "").parse().ok().map(|n| Anchor::At(RecordId(n)))
    }

    fn close(&mut self, what: Typing) {
        self.edits[what as usize].remember();
        self.typing = None;
        self.wrong = None;
    }

    /// Completes the name of a component or source after `service=` or `source=`.
    fn complete(&mut self, what: Typing, cx: &PaneCx<'_>) {
        if what != Typing::Filter {
            return;
        }
        let text = self.edits[what as usize].text().to_owned();
        let from = text.rfind(char::is_whitespace).map_or(0, |i| i + 1);
        let Some(word) = text.get(from..) else { return };
        let names: Vec<String> = match word.split_once('=') {
            Some(("service", part)) => {
                let all = cx.snapshot.components.iter().map(|c| c.name.clone());
                all.filter(|n| n.starts_with(part)).map(|n| format!("service={n}")).collect()
            }
            Some(("source", part)) => {
                let last = |n: &str| n.rsplit('/').next().unwrap_or(n).to_owned();
                let all = cx.snapshot.sources.iter().map(|s| last(&s.info.name));
                all.filter(|n| n.starts_with(part)).map(|n| format!("source={n}")).collect()
            }
            _ => ["level>=error", "level>=warn", "service=", "source=", "template=", "since:", "until:"]
                .into_iter()
                .filter(|k| !word.is_empty() && k.starts_with(word))
                .map(str::to_owned)
                .collect(),
        };
        if let Some(name) = names.first() {
            self.edits[what as usize].set(format!("{}{name}", &text[..from]));
        }
    }
}
