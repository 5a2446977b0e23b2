//! The panes, and what the shell asks of each.
//!
//! To add a pane: make a module `panes/<name>/` with `state.rs` (a `State: Default` that implements [`Pane`]) and
//! `view.rs` (draws `&State`, changes nothing); add a variant to [`PaneId`] and a line to [`Panes::all`];
//! give it a [`Context`] and its actions rows in `action.rs`, and bind them in `keymaps/*.toml`.
//!
//! The rules: `update`, `on_event`, `on_key` and `go` change only the pane's own state and return [`Effect`]s;
//! nothing waits for an answer; `view` never fails on any area, even 0x0; every text from outside goes through
//! `widgets::text` before it is drawn; a pane does not know the others.

pub mod charts;
pub mod chat;
pub(crate) mod family;
pub mod incidents;
pub mod logs;
pub mod overview;
pub mod patterns;
mod refresh;
pub mod sql;
#[cfg(test)]
pub(crate) mod testkit;
pub mod topology;

use crate::runtime::events::{Event, Snapshot};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::format::Clock;
use crate::tui::keymap::Keymap;
use crate::tui::theme::{Glyphs, Role, Theme};
use crate::tui::widgets::suggest::Suggestion;
use aiobs_types::{ChatScope, Field, IncidentId, LogQuery, LogRecord, RecordId, SourceId, Timestamp};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Rect, Size};
use ratatui::style::Style;

/// Turns the filter language into a query, or says what is wrong with it. Knows the sources by number and name.
pub type ParseFilter = dyn Fn(&str, &[(SourceId, String)]) -> Result<LogQuery, String> + Send + Sync;

/// What may be typed next in a filter: the text, the byte of the cursor, the numbers of this moment and the records at
/// hand, whose fields are suggested too.
pub type SuggestFilter = dyn Fn(&str, usize, &Snapshot, &[LogRecord]) -> Vec<Suggestion> + Send + Sync;

/// The fields of a record, by the format of its source as the numbers of this moment have it.
pub type ReadFields = dyn Fn(&Snapshot, &LogRecord) -> Vec<Field> + Send + Sync;

/// Which pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaneId {
    /// What is wrong now, at a glance.
    #[default]
    Overview,
    /// Every record.
    Logs,
    /// Faults, their causes and fixes.
    Incidents,
    /// Numbers over time.
    Charts,
    /// The agent chain and its runs.
    Topology,
    /// The assistant.
    Chat,
    /// SQL over the archive.
    Sql,
    /// The kinds of lines, how often each comes and what varies in it.
    Patterns,
}

impl PaneId {
    /// All panes in the order of the header; the index equals `self as usize`.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Logs,
        Self::Incidents,
        Self::Charts,
        Self::Topology,
        Self::Chat,
        Self::Sql,
        Self::Patterns,
    ];

    /// The title in the header.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Logs => "Logs",
            Self::Incidents => "Incidents",
            Self::Charts => "Charts",
            Self::Topology => "Topology",
            Self::Chat => "Chat",
            Self::Sql => "SQL",
            Self::Patterns => "Patterns",
        }
    }

    /// From a name on the command line or in the config, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.title().eq_ignore_ascii_case(name))
    }
}

/// What a pane may read besides its own state.
#[derive(Clone, Copy)]
pub struct PaneCx<'a> {
    /// The engine's latest numbers.
    pub snapshot: &'a Snapshot,
    /// Styles by role.
    pub theme: &'a Theme,
    /// Characters that stand for things, Unicode or ASCII.
    pub glyphs: &'a Glyphs,
    /// The live keys, for hints in the text: `cx.keys(Action::Filter)`.
    pub keymap: &'a Keymap,
    /// Now, and how times are written.
    pub clock: &'a Clock,
    /// Cells the pane has, known before it is drawn.
    pub size: Size,
    /// The filter language.
    pub parse_filter: &'a ParseFilter,
    /// What may be typed next in it.
    pub suggest_filter: &'a SuggestFilter,
    /// The fields of a record.
    pub read_fields: &'a ReadFields,
    /// Names of tables, columns and functions that SQL has, with what they are.
    pub sql_words: &'a [(String, String)],
}

impl PaneCx<'_> {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// A query from the filter language.
    ///
    /// # Errors
    /// What is wrong with it, for the user.
    pub fn filter(&self, text: &str) -> Result<LogQuery, String> {
        let sources: Vec<_> = self.snapshot.sources.iter().map(|s| (s.info.id, s.info.name.clone())).collect();
        (self.parse_filter)(text, &sources)
    }

    /// The first key bound to `action` in `context` or the contexts under it, such as `Ctrl-d`; `:name` when unbound.
    pub fn keys(&self, context: Context, action: Action) -> String {
        self.keymap.keys_of(context, action).unwrap_or_else(|| format!(":{}", action.name()))
    }
}

/// What of Logs comes back at the next start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsPlace {
    /// The filter, in the filter language.
    pub filter: String,
    /// The record that the view is paused at; `None` when it follows.
    pub at: Option<RecordId>,
    /// Whether by event time, when that was chosen.
    pub by_time: Option<bool>,
}

/// Where the shell sends a pane when another one asked for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Goto {
    /// Incidents: select this one.
    Incident(IncidentId),
    /// Logs: put the cursor on this record.
    Record(RecordId),
    /// Logs: narrow down.
    Filter(String),
    /// Logs: put the cursor where this says: a time, a share, a record.
    Time(String),
    /// Logs: the place of the last session, without showing the pane.
    Restore(LogsPlace),
    /// Logs: rules for words that always stand out.
    Highlight(Vec<String>),
    /// Logs: open the filter for typing.
    EditFilter,
    /// Charts: the heat map of components over time.
    Heat,
    /// Chat: talk about this.
    Scope(ChatScope),
    /// SQL: statements of earlier starts, oldest first.
    History(Vec<String>),
    /// SQL: run this.
    Statement(String),
    /// SQL: by choice; opens the prompt when there is no result to come back to.
    Prompt,
}

/// What the shell asks of a pane.
pub trait Pane {
    /// Which keys are in force now; one that takes text while something is typed.
    fn context(&self) -> Context;

    /// The pane comes on screen: what to ask the engine for.
    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = cx;
        Vec::new()
    }

    /// The pane goes off screen.
    fn leave(&mut self) {}

    /// Another pane leads here. Called before [`Pane::enter`].
    fn go(&mut self, to: &Goto, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = (to, cx);
        Vec::new()
    }

    /// Esc leads away from here, back to where a `go` came from: put things back as they were before it.
    fn back(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = cx;
        Vec::new()
    }

    /// A bound key. `Back` with nothing to close must return [`Effect::Back`].
    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect>;

    /// An unbound key in a context that takes text.
    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = (key, cx);
        Vec::new()
    }

    /// Pasted text in a context that takes text.
    fn on_paste(&mut self, text: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = (text, cx);
        Vec::new()
    }

    /// The mouse, in cells of the pane: the wheel scrolls what is under the pointer, a click selects it, a click on what
    /// is selected opens it.
    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = (mouse, cx);
        Vec::new()
    }

    /// Something from the engine. Every pane sees every event, on screen or not; `cx.size` is right either way.
    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = (event, cx);
        Vec::new()
    }

    /// What of it comes back at the next start, as [`Goto::Restore`] takes it.
    fn keeps(&self) -> Option<LogsPlace> {
        None
    }

    /// The cells changed.
    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = cx;
        Vec::new()
    }

    /// Ctrl-C: stop what runs here. `None` when nothing does.
    fn cancel(&mut self, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let _ = cx;
        None
    }

    /// The youngest time that is shown as an age, which goes on by itself.
    fn youngest(&self, cx: &PaneCx<'_>) -> Option<Timestamp> {
        let _ = cx;
        None
    }

    /// The actions most likely now, best first; the footer shows as many as fit.
    fn hints(&self, cx: &PaneCx<'_>) -> Vec<Action>;

    /// Whether something in it holds the view still, for the LIVE/PAUSED badge.
    fn paused(&self) -> bool {
        false
    }

    /// Draws it.
    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>);
}

/// All panes.
pub struct Panes([Box<dyn Pane>; PaneId::ALL.len()]);

impl Panes {
    /// Each in its first state.
    pub fn all() -> Self {
        Self([
            Box::<overview::State>::default(),
            Box::<logs::State>::default(),
            Box::<incidents::State>::default(),
            Box::<charts::State>::default(),
            Box::<topology::State>::default(),
            Box::<chat::State>::default(),
            Box::<sql::State>::default(),
            Box::<patterns::State>::default(),
        ])
    }
}

impl Panes {
    /// One pane.
    pub fn get(&self, id: PaneId) -> &dyn Pane {
        self.0[id as usize].as_ref()
    }

    /// One pane, to change it.
    pub fn get_mut(&mut self, id: PaneId) -> &mut dyn Pane {
        self.0[id as usize].as_mut()
    }
}
