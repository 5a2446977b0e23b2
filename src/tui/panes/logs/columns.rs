//! Which columns stand before the message, in which order: chosen from a list, and kept for the pane and for each saved
//! filter. Any field of the records can be one.

use super::picker::Kind;
use super::state::State;
use crate::runtime::events::{COLUMNS, Keep, Request};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use std::collections::BTreeMap;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Time,
    Level,
    Source,
    Component,
    /// A field of the records, by its name or the end of it.
    Field(String),
}

impl Column {
    /// Those that every record has.
    pub(super) const ALWAYS: [Self; 4] = [Self::Time, Self::Level, Self::Source, Self::Component];

    pub(super) const fn name(&self) -> &str {
        match self {
            Self::Time => "time",
            Self::Level => "level",
            Self::Source => "source",
            Self::Component => "component",
            Self::Field(name) => name.as_str(),
        }
    }

    /// As it is kept: fields with a dot before them, as the filter language writes those that are called like a key.
    fn kept(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            other => other.name().to_owned(),
        }
    }

    /// As it was kept; `None` for what a newer program may know.
    fn parse(kept: &str) -> Option<Self> {
        match kept.strip_prefix('.') {
            Some(name) if !name.is_empty() => Some(Self::Field(name.to_owned())),
            _ => Self::ALWAYS.into_iter().find(|c| c.name() == kept),
        }
    }
}

/// The columns that are shown, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

impl Default for Columns {
    fn default() -> Self {
        Self(vec![Column::Time, Column::Level, Column::Component])
    }
}

impl Columns {
    pub(super) fn has(&self, column: &Column) -> bool {
        self.0.contains(column)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Column> {
        self.0.iter()
    }

    /// The names of those that are fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|c| if let Column::Field(name) = c { Some(name.as_str()) } else { None })
    }

    /// Whether any is a field.
    pub(super) fn has_fields(&self) -> bool {
        self.fields().next().is_some()
    }

    fn kept(&self) -> Vec<String> {
        self.0.iter().map(Column::kept).collect()
    }

    fn parse(kept: &[String]) -> Self {
        let mut columns = Vec::new();
        for column in kept.iter().filter_map(|k| Column::parse(k)) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Self(columns)
    }

    /// These, and in their usual places those that are not shown.
    pub(super) fn with(&self, more: impl Iterator<Item = Column>) -> Self {
        let mut all = self.clone();
        for column in more {
            if !all.has(&column) {
                all.toggle(column);
            }
        }
        all
    }

    /// Shows it, or hides it. What every record has keeps its usual place, fields go behind.
    fn toggle(&mut self, column: Column) {
        if let Some(at) = self.0.iter().position(|c| *c == column) {
            self.0.remove(at);
            return;
        }
        let place = |c: &Column| Column::ALWAYS.iter().position(|a| a == c).unwrap_or(usize::MAX);
        let own = place(&column);
        let at = if own == usize::MAX { None } else { self.0.iter().position(|c| place(c) > own) };
        self.0.insert(at.unwrap_or(self.0.len()), column);
    }

    /// Moves it one place to the left or right. Whether it could be.
    fn shift(&mut self, column: &Column, left: bool) -> bool {
        let Some(at) = self.0.iter().position(|c| c == column) else { return false };
        let to = if left { at.checked_sub(1) } else { Some(at + 1).filter(|n| *n < self.0.len()) };
        if let Some(to) = to {
            self.0.swap(at, to);
        }
        to.is_some()
    }
}

/// The columns of the views there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Views {
    /// Those in force.
    pub(super) shown: Columns,
    /// Those of the pane without a saved filter.
    pane: Columns,
    /// Those of saved filters, by name.
    named: BTreeMap<String, Columns>,
}

impl Views {
    /// As they were kept: the pane's under an empty name.
    pub(super) fn take(&mut self, kept: &[(String, Vec<String>)]) {
        for (name, columns) in kept {
            let columns = Columns::parse(columns);
            if name.is_empty() {
                self.pane = columns;
            } else {
                self.named.insert(name.clone(), columns);
            }
        }
    }

    /// Takes those of a saved filter, or of the pane.
    fn go_to(&mut self, name: Option<&str>) {
        self.shown = name.and_then(|n| self.named.get(n)).unwrap_or(&self.pane).clone();
    }

    /// The saved filter is kept with the columns in force, when they are not those of the pane.
    pub(super) fn named(&mut self, name: &str) -> Option<Effect> {
        let own = self.shown != self.pane || self.named.contains_key(name);
        own.then(|| {
            self.named.insert(name.to_owned(), self.shown.clone());
            self.keep()
        })
    }

    /// The saved filter is gone.
    pub(super) fn forget(&mut self, name: &str) -> Option<Effect> {
        self.named.remove(name).map(|_| self.keep())
    }

    fn keep(&self) -> Effect {
        let pane = (String::new(), self.pane.kept());
        let named = self.named.iter().map(|(name, columns)| (name.clone(), columns.kept()));
        let all: BTreeMap<String, Vec<String>> = std::iter::once(pane).chain(named).collect();
        Effect::Send(Request::Keep(Keep::State(COLUMNS, serde_json::to_vec(&all).unwrap_or_default())))
    }
}

impl State {
    /// The saved filter that is in force.
    fn view_name(&self) -> Option<&str> {
        let (name, _) = self.notes.filters.iter().find(|(_, f)| !f.is_empty() && *f == self.filter)?;
        Some(name)
    }

    /// Shows the columns of the view that the filter makes.
    pub(super) fn take_columns(&mut self, cx: &PaneCx<'_>) {
        let name = self.view_name().map(str::to_owned);
        self.columns.go_to(name.as_deref());
        self.read_cells(cx);
    }

    /// Shows a column, or hides it; the list stays open.
    pub(super) fn toggle_column(&mut self, column: Column, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.columns.shown.toggle(column);
        let effects = self.columns_changed(cx);
        let items = self.items(Kind::Columns, cx);
        if let Some(picker) = &mut self.picker {
            picker.renew(items);
        }
        effects
    }

    /// Moves a column in the order; the list stays open, at the column.
    pub(super) fn shift_column(&mut self, column: &Column, left: bool, cx: &PaneCx<'_>) -> Vec<Effect> {
        if !self.columns.shown.has(column) {
            return vec![Effect::info("Only columns that are shown have a place")];
        }
        if !self.columns.shown.shift(column, left) {
            return Vec::new();
        }
        let effects = self.columns_changed(cx);
        let items = self.items(Kind::Columns, cx);
        if let Some(picker) = &mut self.picker {
            picker.set(items);
        }
        effects
    }

    fn columns_changed(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let name = self.view_name().map(str::to_owned);
        let shown = self.columns.shown.clone();
        match name {
            Some(name) => drop(self.columns.named.insert(name, shown)),
            None => self.columns.pane = shown,
        }
        self.read_cells(cx);
        self.settle(cx);
        vec![self.columns.keep()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(columns: &Columns) -> String {
        columns.kept().join(" ")
    }

    #[test]
    fn columns_have_an_order_that_is_kept() {
        let mut columns = Columns::default();
        columns.toggle(Column::Field("latency".into()));
        columns.toggle(Column::Source);
        assert_eq!(names(&columns), "time level source component .latency");
        assert!(columns.shift(&Column::Field("latency".into()), true));
        assert!(!columns.shift(&Column::Time, true) && !columns.shift(&Column::Component, false));
        assert_eq!(names(&columns), "time level source .latency component");
        assert_eq!(Columns::parse(&columns.kept()), columns);
        let newer = ["time", "mood", ".", ".a.b", "time"].map(str::to_owned);
        assert_eq!(names(&Columns::parse(&newer)), "time .a.b");
    }

    #[test]
    fn a_saved_filter_has_its_own() {
        let kept = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let mut views = Views::default();
        views.take(&[(String::new(), kept(&["time"])), ("slow".into(), kept(&["time", ".latency"]))]);
        views.go_to(Some("slow"));
        assert_eq!(names(&views.shown), "time .latency");
        views.go_to(Some("other"));
        assert_eq!(names(&views.shown), "time");
        assert!(views.forget("slow").is_some() && views.forget("slow").is_none());
    }
}
