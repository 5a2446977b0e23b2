//! Everything the screen knows: what the panes may read ([`World`]), the panes, and the shell around them.
//! Changed by `update` only, drawn by `shell` only.

use super::format::{Clock, next_stroke};
use super::keymap::{Chord, Keymap};
use super::panes::{PaneCx, PaneId, Panes, ParseFilter, ReadFields, SuggestFilter};
use super::theme::{Depth, Glyphs, Library, Theme};
use super::widgets::lineedit::LineEdit;
use super::widgets::scroll::Cursor;
use crate::runtime::events::{Snapshot, Toast};
use crate::tui::action::{Action, Context};
use aiobs_types::{Level, Timestamp};
use ratatui::layout::Size;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the panes may read.
pub struct World {
    /// The engine's latest numbers.
    pub snapshot: Arc<Snapshot>,
    /// Styles by role.
    pub theme: Theme,
    /// Characters that stand for things.
    pub glyphs: Glyphs,
    /// The live keys.
    pub keymap: Keymap,
    /// Now, and how times are written.
    pub clock: Clock,
    /// The filter language.
    pub parse_filter: Arc<ParseFilter>,
    /// What may be typed next in it.
    pub suggest_filter: Arc<SuggestFilter>,
    /// The fields of a record.
    pub read_fields: Arc<ReadFields>,
    /// Names that SQL has, with what they are.
    pub sql_words: Arc<[(String, String)]>,
    /// The terminal's columns and rows.
    pub size: Size,
}

impl World {
    /// What a pane may read.
    pub fn cx(&self) -> PaneCx<'_> {
        let bars = 2 + u16::from(!self.snapshot.notices.is_empty());
        PaneCx {
            snapshot: &self.snapshot,
            theme: &self.theme,
            glyphs: &self.glyphs,
            keymap: &self.keymap,
            clock: &self.clock,
            size: Size::new(self.size.width, self.size.height.saturating_sub(bars)),
            parse_filter: self.parse_filter.as_ref(),
            suggest_filter: self.suggest_filter.as_ref(),
            read_fields: self.read_fields.as_ref(),
            sql_words: &self.sql_words,
        }
    }
}

/// Something drawn over the pane.
#[derive(Debug)]
pub enum Overlay {
    /// The keys that work here.
    Help {
        /// First row shown.
        top: usize,
    },
    /// Commands by name.
    Palette(Palette),
}

/// The command palette.
#[derive(Debug, Default)]
pub struct Palette {
    /// What was typed.
    pub input: LineEdit,
    /// Actions that fit, best first.
    pub hits: Vec<Action>,
    /// The one Enter runs.
    pub cursor: Cursor,
}

/// A line of the start page: something to type, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartHint {
    /// A command, or a path that was found.
    pub command: String,
    /// What it does or is.
    pub about: String,
}

/// The shell around the panes.
#[derive(Debug, Default)]
pub struct Shell {
    /// The pane on screen.
    pub pane: PaneId,
    /// Chords typed of a sequence.
    pub pending: Vec<Chord>,
    /// Something drawn over the pane.
    pub overlay: Option<Overlay>,
    /// Messages, and when each goes away.
    pub toasts: VecDeque<(Toast, Timestamp)>,
    /// Where Esc leads back to, newest last.
    pub trail: Vec<PaneId>,
    /// Until when a second Ctrl-C quits.
    pub quit_armed: Option<Timestamp>,
    /// Lines of the start page.
    pub start: Vec<StartHint>,
    /// What was asked to be watched.
    pub watching: Vec<String>,
    /// Of it, what comes back at the next start.
    pub sources: Vec<String>,
}

/// Everything the screen knows.
pub struct Model {
    /// What the panes may read.
    pub world: World,
    /// The panes.
    pub panes: Panes,
    /// The shell around them.
    pub shell: Shell,
    /// The themes there are.
    pub themes: Library,
    /// How many colours the terminal has.
    pub depth: Depth,
}

impl Model {
    /// The context keys are looked up in now.
    pub fn context(&self) -> Context {
        match self.shell.overlay {
            Some(Overlay::Help { .. }) => Context::Help,
            Some(Overlay::Palette(_)) => Context::Palette,
            None => self.panes.get(self.shell.pane).context(),
        }
    }

    /// When something changes by itself, if anything does.
    pub fn deadline(&self) -> Option<Timestamp> {
        let toast = self.shell.toasts.front().map(|(_, until)| *until);
        let youngest = self.panes.get(self.shell.pane).youngest(&self.world.cx());
        let age = youngest.and_then(|t| next_stroke(self.world.clock.now, t));
        [toast, self.shell.quit_armed, age].into_iter().flatten().min()
    }

    /// Shows a message for some seconds, longer the worse it is.
    pub fn toast(&mut self, toast: Toast) {
        let seconds = match toast.level {
            Level::Fatal | Level::Error => 8,
            Level::Warn => 5,
            _ => 3,
        };
        let toasts = &mut self.shell.toasts;
        // The newest replaces an older one of no more weight: what was just done matters most.
        toasts.retain(|(t, _)| t.level > toast.level && t.text != toast.text);
        toasts.push_front((toast, self.world.clock.now.plus(seconds * 1_000_000_000)));
    }

    /// Whether there is nothing to look at yet: no source and nothing archived.
    pub fn is_start(&self) -> bool {
        let s = &self.world.snapshot;
        s.sources.is_empty() && s.totals.records == 0 && s.incidents.is_empty()
    }
}
