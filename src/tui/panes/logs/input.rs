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
    /// A note on a record.
    Note,
    /// The name to keep the filter under.
    Name,
    /// The file to write into.
    File,
    /// A word to highlight.
    Highlight,
}

impl Typing {
    /// How many there are.
    pub(super) const COUNT: usize = 7;

    /// The word before the text.
    pub(super) const fn prompt(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Find => "find",
            Self::Time => "go to",
            Self::Note => "note",
            Self::Name => "name of the filter",
            Self::File => "write to",
            Self::Highlight => "highlight",
        }
    }
}

impl State {
    /// Opens the line.
    pub(super) fn type_in(&mut self, what: Typing) {
        let text = match what {
            Typing::Filter => self.filter.clone(),
            Typing::Find => self.find.as_ref().map(|f| f.pattern.clone()).unwrap_or_default(),
            Typing::Note => self.noting.and_then(|id| self.notes.of(id)).unwrap_or_default().to_owned(),
            Typing::Time | Typing::Name | Typing::File | Typing::Highlight => String::new(),
        };
        self.edits[what as usize].set(text);
        self.typing = Some(what);
        self.wrong = None;
        self.suggest.clear();
    }

    /// An action while the line is open.
    pub(super) fn typed(&mut self, what: Typing, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Back => {
                self.typing = None;
                self.wrong = None;
                self.suggest.clear();
            }
            Action::Submit => return self.submit(what, cx),
            Action::Up | Action::Down => self.edits[what as usize].recall(action == Action::Up),
            Action::DeleteAll => self.edits[what as usize].set(""),
            Action::Complete => self.complete(what, cx),
            _ => return Vec::new(),
        }
        if self.typing.is_some() {
            self.check(what, cx);
            if action != Action::Complete {
                self.suggest.clear();
            }
        }
        Vec::new()
    }

    /// A key of the text.
    pub(super) fn type_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) {
        if let Some(what) = self.typing
            && self.edits[what as usize].on_key(key)
        {
            self.check(what, cx);
            self.offer(what, cx);
        }
    }

    /// Pasted text.
    pub(super) fn type_text(&mut self, text: &str, cx: &PaneCx<'_>) {
        if let Some(what) = self.typing {
            self.edits[what as usize].insert(text);
            self.check(what, cx);
            self.suggest.clear();
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
                if let Err(e) = self.change_filter(&text, cx) {
                    self.wrong = Some(e);
                    // Now that it was meant, it is wrong, and nothing hides why.
                    self.suggest.clear();
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
            Typing::Note => {
                self.close(what);
                self.write_note(&text)
            }
            Typing::File => {
                let done = self.export(text, cx);
                self.close_when_right(what, done)
            }
            Typing::Highlight if text.is_empty() => {
                self.close(what);
                Vec::new()
            }
            Typing::Highlight => {
                let done = self.highlight(&text);
                self.close_when_right(what, done)
            }
            Typing::Name => {
                self.close(what);
                self.save_filter(&text)
            }
            Typing::Time => {
                let done = self.go_to(&text, cx).map(|effect| vec![effect]);
                self.close_when_right(what, done)
            }
        }
    }

    /// Goes to a time, a share or a record.
    pub(super) fn go_to(&mut self, text: &str, cx: &PaneCx<'_>) -> Result<Effect, String> {
        if let Some(anchor) = self.place(text) {
            return Ok(self.jump(anchor, cx));
        }
        let near = self.window.record().map_or(cx.clock.now, |r| r.time);
        let time = time::parse(text, near, cx.clock.now, &cx.clock.zone)?;
        Ok(self.jump(Anchor::Time(time), cx))
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

    /// Closes the line when what was typed was right; otherwise says what is wrong, so that it can be corrected.
    fn close_when_right(&mut self, what: Typing, done: Result<Vec<Effect>, String>) -> Vec<Effect> {
        match done {
            Ok(effects) => {
                self.close(what);
                effects
            }
            Err(e) => {
                self.wrong = Some(e);
                Vec::new()
            }
        }
    }

    fn close(&mut self, what: Typing) {
        self.edits[what as usize].remember();
        self.typing = None;
        self.wrong = None;
        self.suggest.clear();
    }

    /// Looks for what may follow what is typed.
    fn offer(&mut self, what: Typing, cx: &PaneCx<'_>) {
        if what != Typing::Filter {
            return;
        }
        let edit = &self.edits[what as usize];
        let list = (cx.suggest_filter)(edit.text(), edit.cursor(), cx.snapshot, &self.window.rows);
        self.suggest.offer(edit.text(), list);
    }

    /// Puts the next suggestion into the filter.
    fn complete(&mut self, what: Typing, cx: &PaneCx<'_>) {
        if !self.suggest.next(&mut self.edits[what as usize]) {
            self.offer(what, cx);
            self.suggest.next(&mut self.edits[what as usize]);
        }
        // With nothing else to choose from, on to what may come next.
        if self.suggest.settled() {
            self.offer(what, cx);
        }
    }
}
