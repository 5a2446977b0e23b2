//! Asking for other windows of records, and taking the answers.

use super::state::{Asked, State};
use super::view;
use super::window::Place;
use crate::runtime::events::{Anchor, LogsPage, LogsRequest, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use aiobs_types::{Level, LogQuery, RecordId};

impl State {
    /// Asks for a window. The answer to an older question is not waited for any more.
    fn ask(&mut self, anchor: Anchor, place: Place, cx: &PaneCx<'_>) -> Effect {
        self.seq += 1;
        let by_time = self.by_time(cx);
        self.asked = Some(Asked { seq: self.seq, anchor, place, by_time });
        self.again = false;
        let height = view::list_height(self, cx);
        let (before, after) = match anchor {
            Anchor::Tail => (height * 3, 1),
            Anchor::Head => (0, height * 3),
            _ => (height * 2, height * 2),
        };
        Effect::Send(Request::Logs(LogsRequest {
            seq: self.seq,
            query: self.query.clone(),
            find: self.find.clone(),
            by_time,
            anchor,
            seen: height,
            before,
            after,
        }))
    }

    /// Goes elsewhere; following ends.
    pub(super) fn jump(&mut self, anchor: Anchor, cx: &PaneCx<'_>) -> Effect {
        self.follow = false;
        self.order.late = 0;
        self.ask(anchor, Place::Focus, cx)
    }

    /// Goes to the newest records and stays there.
    pub(super) fn follow(&mut self, cx: &PaneCx<'_>) -> Effect {
        self.follow = true;
        self.ask(Anchor::Tail, Place::End, cx)
    }

    /// The filter changed: stay as near as possible.
    pub(super) fn filtered(&mut self, cx: &PaneCx<'_>) -> Effect {
        match self.window.id().filter(|_| !self.follow) {
            Some(id) => self.ask(Anchor::At(id), Place::Focus, cx),
            None => self.follow(cx),
        }
    }

    /// More rows around the cursor, if the window gets thin there.
    pub(super) fn refill(&mut self, cx: &PaneCx<'_>) -> Option<Effect> {
        let height = view::list_height(self, cx);
        if !self.window.thin(height, cx.snapshot.totals.records) {
            return None;
        }
        if self.asked.is_some() {
            self.again = true;
            return None;
        }
        let id = self.window.id()?;
        Some(self.ask(Anchor::At(id), Place::Keep, cx))
    }

    /// While lines are shown before they are stored: looks what became of them, and how far that is.
    pub(super) fn look_again(&mut self, cx: &PaneCx<'_>) -> Option<Effect> {
        if !self.on_screen {
            return None;
        }
        let unstored = self.window.unstored > 0 || self.window.rows.iter().any(|r| r.id.is_preview());
        let id = self.window.id().filter(|_| unstored && self.asked.is_none());
        let Some(id) = id else {
            let breaks = self.window.breaks_above();
            self.find_breaks(self.by_time(cx), cx);
            self.window.hold(breaks);
            self.settle(cx);
            return None;
        };
        Some(if self.follow { self.follow(cx) } else { self.ask(Anchor::At(id), Place::Keep, cx) })
    }

    /// New records arrived.
    pub(super) fn appended(&mut self, cx: &PaneCx<'_>) -> Option<Effect> {
        if !self.follow || !self.on_screen {
            return None;
        }
        if self.asked.is_some() {
            self.again = true;
            return None;
        }
        Some(self.follow(cx))
    }

    /// The next or previous record of a level, or match of the search.
    pub(super) fn seek(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let from = self.window.id().unwrap_or(RecordId(0));
        let anchor = match action {
            Action::NextError => Anchor::LevelNext(from, Level::Error),
            Action::PreviousError => Anchor::LevelPrevious(from, Level::Error),
            Action::NextWarning => Anchor::LevelNext(from, Level::Warn),
            Action::PreviousWarning => Anchor::LevelPrevious(from, Level::Warn),
            Action::NextMatch if self.find.is_some() => Anchor::FindNext(from),
            Action::PreviousMatch if self.find.is_some() => Anchor::FindPrevious(from),
            _ => {
                self.type_in(super::input::Typing::Find);
                return Vec::new();
            }
        };
        vec![self.jump(anchor, cx)]
    }

    /// Takes a page, if it answers the newest question.
    pub(super) fn page(&mut self, page: &LogsPage, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(asked) = self.asked.filter(|a| a.seq == page.seq) else { return Vec::new() };
        let mut effects = Vec::new();
        self.window.count(page);
        self.order.count(page, cx);
        if let Some(error) = &page.error {
            effects.push(Effect::warn(error.clone()));
        }
        if page.not_found {
            self.asked = None;
            effects.push(Effect::info(nothing_there(asked.anchor)));
            return effects;
        }
        let height = view::list_height(self, cx);
        // While a scan has found nothing yet, what was there stays to be read.
        if page.done || !page.rows.is_empty() {
            let breaks = self.window.breaks_above();
            self.window.take(page.clone(), asked.place, height);
            self.read_cells(cx);
            self.find_breaks(asked.by_time, cx);
            if asked.place == Place::Keep {
                self.window.hold(breaks);
            }
            if let Some(id) = self.wants_bookmark.take()
                && self.window.id() != Some(id)
            {
                effects.push(Effect::info("The filter hides that bookmark; this is the nearest line"));
            }
            self.settle(cx);
            effects.extend(self.detail_follows(cx));
            if let Some(a) = &mut self.asked {
                // What comes later for the same question must not move a cursor that the user moved since.
                a.place = if self.follow && asked.place == Place::End { Place::End } else { Place::Keep };
            }
        }
        if page.done {
            self.asked = None;
            if std::mem::take(&mut self.again) {
                let more = if self.follow { Some(self.follow(cx)) } else { self.refill(cx) };
                effects.extend(more);
            }
        }
        effects
    }

    /// Stops a scan; what was found so far stays.
    pub(super) fn stop(&mut self) -> Option<Vec<Effect>> {
        self.asked.take()?;
        self.follow = false;
        self.again = false;
        self.seq += 1;
        // A question about nothing ends the scan in the engine; its answer is of no interest.
        let nothing = Effect::Send(Request::Logs(LogsRequest {
            seq: self.seq,
            query: LogQuery::default(),
            find: None,
            by_time: false,
            anchor: Anchor::Head,
            seen: 0,
            before: 0,
            after: 0,
        }));
        let w = &self.window;
        let share = w.scanned as f64 / w.archive.max(1) as f64;
        let said = if w.done || self.query.is_all() {
            "Stopped".to_owned()
        } else {
            format!("Stopped after {} of {}", format::percent(share), format::plural(w.archive, "record"))
        };
        Some(vec![nothing, Effect::info(said)])
    }
}

fn nothing_there(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::LevelNext(_, Level::Warn) => "No warning after this line; W looks back",
        Anchor::LevelPrevious(_, Level::Warn) => "No warning before this line; w looks ahead",
        Anchor::LevelNext(..) => "No error after this line; E looks back",
        Anchor::LevelPrevious(..) => "No error before this line; e looks ahead",
        Anchor::FindNext(_) | Anchor::FindPrevious(_) => "Not found",
        _ => "Nothing there",
    }
}
