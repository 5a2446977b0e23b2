//! The way back: what a jump or a look aside changed in the Logs pane, and what Esc undoes first. Used by the pane's state.

use super::state::State;
use crate::runtime::events::Anchor;
use crate::tui::effect::Effect;
use crate::tui::panes::{LogsPlace, PaneCx};
use aiobs_types::RecordId;

/// What a jump or a look aside changed, to be put back.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) filter: String,
    pub(super) at: Option<RecordId>,
    pub(super) follow: bool,
    pub(super) detail: bool,
}

/// A look aside that Esc comes back from.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) before: Saved,
    /// Whether it shows what is around a line, not a trace.
    pub(super) around: bool,
}

impl State {
    pub(super) fn back_out(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.selected.take().is_some() {
            return Vec::new();
        }
        // A look aside that began with the detail open ends first.
        let aside = self.asides.last().is_some_and(|a| a.before.detail) || self.detail.is_none();
        if let Some(effects) = aside.then(|| self.come_back(cx)).flatten() {
            return effects;
        }
        if let Some(d) = &mut self.detail {
            // A detail that came with a jump goes with it.
            if !(d.by_jump && self.saved.is_some()) {
                if d.focus {
                    d.focus = false;
                } else {
                    self.detail = None;
                }
                self.zoom = false;
                self.settle(cx);
                return Vec::new();
            }
        }
        self.give_range_back(cx).unwrap_or_else(|| vec![Effect::Back])
    }

    /// What comes back at the next start: what was before a jump or a look aside, as Esc would put it back.
    pub(super) fn place_kept(&self) -> LogsPlace {
        let before = self.saved.as_ref().or(self.asides.first().map(|a| &a.before));
        let (filter, follow, at) = match before {
            Some(s) => (&s.filter, s.follow, s.at),
            None => (&self.filter, self.follow, self.window.id()),
        };
        // Never entered, it is still where the session before this one was.
        let at = self.take_up_at.or(at.filter(|_| !follow));
        LogsPlace { filter: filter.clone(), at, by_time: self.order.chosen() }
    }

    /// Takes up what the last session left, once the pane is entered.
    pub(super) fn take_up(&mut self, place: &LogsPlace, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.order.choose(place.by_time);
        self.take_up_at = place.at;
        self.follow = place.at.is_none();
        match self.set_filter(&place.filter, cx) {
            Ok(()) => Vec::new(),
            Err(e) => vec![Effect::warn(format!("The filter of the last session: {e}"))],
        }
    }

    pub(super) fn save(&mut self) {
        if self.saved.is_none() {
            self.saved = Some(Saved {
                filter: self.filter.clone(),
                at: self.window.id(),
                follow: self.follow,
                detail: self.detail.is_some(),
            });
        }
    }

    /// Puts back what a jump or a look aside changed.
    pub(super) fn restore(&mut self, saved: &Saved, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Err(e) = self.set_filter(&saved.filter, cx) {
            return vec![Effect::warn(e)];
        }
        if !saved.detail {
            self.detail = None;
        }
        self.follow = saved.follow;
        match saved.at.filter(|_| !saved.follow) {
            Some(id) => vec![self.jump(Anchor::At(id), cx)],
            None => vec![self.follow(cx)],
        }
    }
}
