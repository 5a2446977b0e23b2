//! Which columns stand before the message: chosen from a list, and kept.

use super::picker::Kind;
use super::state::State;
use crate::runtime::events::{COLUMNS, Keep, Request};
use crate::tui::effect::Effect;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Time,
    Level,
    Source,
    Component,
}

impl Column {
    pub(super) const ALL: [Self; 4] = [Self::Time, Self::Level, Self::Source, Self::Component];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Level => "level",
            Self::Source => "source",
            Self::Component => "component",
        }
    }
}

/// The columns that are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

impl Default for Columns {
    fn default() -> Self {
        Self(vec![Column::Time, Column::Level, Column::Component])
    }
}

impl Columns {
    pub(super) fn has(&self, column: Column) -> bool {
        self.0.contains(&column)
    }

    /// By their names; those of a newer program are passed over.
    pub(super) fn named(names: &[String]) -> Self {
        Self(Column::ALL.into_iter().filter(|c| names.iter().any(|n| n == c.name())).collect())
    }
}

impl State {
    /// Shows a column, or hides it; the list stays open.
    pub(super) fn toggle_column(&mut self, column: Column) -> Vec<Effect> {
        let shown = &mut self.columns.0;
        match shown.iter().position(|c| *c == column) {
            Some(at) => drop(shown.remove(at)),
            None => shown.push(column),
        }
        let names: Vec<&str> = shown.iter().map(|c| c.name()).collect();
        let kept = serde_json::to_vec(&names).unwrap_or_default();
        let items = self.items(Kind::Columns);
        if let Some(picker) = &mut self.picker {
            picker.set(items);
        }
        vec![Effect::Send(Request::Keep(Keep::State(COLUMNS, kept)))]
    }
}
