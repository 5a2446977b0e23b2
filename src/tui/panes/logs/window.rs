//! The records at hand: a few screens around the cursor, their place among all matches, cursor and scroll position.

use super::breaks::Break;
use crate::runtime::events::LogsPage;
use crate::tui::action::Action;
use crate::tui::widgets::scroll::WHEEL;
use aiobs_types::{LogRecord, RecordId};
use std::collections::HashMap;

/// The records at hand.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// In the order of the view.
    pub(super) rows: Vec<LogRecord>,
    /// Before which of them something is missing, which has a line of its own.
    pub(super) breaks: HashMap<RecordId, Break>,
    /// Matches before `rows[0]`.
    pub(super) rank: u64,
    /// Matches known so far.
    pub(super) total: u64,
    /// How many of them are shown before they are stored, and the first ones of each source.
    pub(super) unstored: u64,
    pub(super) edges: Vec<RecordId>,
    /// Records in the archive.
    pub(super) archive: u64,
    /// Records scanned so far.
    pub(super) scanned: u64,
    /// Whether the scan has ended.
    pub(super) done: bool,
    /// The selected row.
    pub(super) cursor: usize,
    /// The first row shown.
    pub(super) top: usize,
}

/// Where the cursor goes when a page comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To the last row.
    End,
    /// To the page's focus, with some rows over it.
    Focus,
    /// Where it is.
    Keep,
}

impl Window {
    /// The selected record.
    pub(super) fn record(&self) -> Option<&LogRecord> {
        self.rows.get(self.cursor)
    }

    /// The id of the selected record.
    pub(super) fn id(&self) -> Option<RecordId> {
        self.record().map(|r| r.id)
    }

    /// Takes the numbers of a page.
    pub(super) fn count(&mut self, page: &LogsPage) {
        self.total = page.total;
        self.archive = page.archive;
        self.scanned = page.scanned;
        self.done = page.done;
        self.unstored = page.unstored;
        self.edges.clone_from(&page.edges);
    }

    /// Takes the rows of a page; `height` rows are seen.
    pub(super) fn take(&mut self, page: LogsPage, place: Place, height: usize) {
        let old = self.record().map(|r| (r.id, r.source, r.offset));
        let offset = self.cursor.saturating_sub(self.top);
        let (focus, rank) = (page.focus, page.rank);
        self.rows = page.rows;
        self.rank = rank;
        let last = self.rows.len().saturating_sub(1);
        match place {
            Place::End => {
                self.cursor = last;
                self.top = self.rows.len().saturating_sub(height);
            }
            Place::Focus => {
                self.cursor = focus.unwrap_or(0).min(last);
                self.top = self.cursor.saturating_sub(height / 3);
            }
            Place::Keep => {
                let same = |(id, ..): (RecordId, _, _)| self.rows.iter().position(|r| r.id == id);
                // What was shown before it was stored has got another number.
                let became = |(id, source, offset): (RecordId, _, _)| {
                    self.rows.iter().position(|r| id.is_preview() && (r.source, r.offset) == (source, offset))
                };
                let at = old.and_then(|old| same(old).or_else(|| became(old))).or(focus).unwrap_or(0);
                self.cursor = at.min(last);
                self.top = self.cursor.saturating_sub(offset);
            }
        }
    }

    /// Rows between the top and the cursor that say what is missing.
    pub(super) fn breaks_above(&self) -> usize {
        let end = (self.cursor + 1).min(self.rows.len());
        self.rows.get(self.top..end).unwrap_or_default().iter().map(|r| Self::break_rows(&self.breaks, r)).sum()
    }

    /// Keeps the cursor in its row of the screen when `before` such rows were above it and others are now.
    pub(super) fn hold(&mut self, before: usize) {
        let now = self.breaks_above();
        self.top = if now < before { self.top.saturating_sub(before - now) } else { self.top + (now - before) };
        self.top = self.top.min(self.cursor);
    }

    /// Moves the cursor within the rows at hand. Whether `action` was a move.
    pub(super) fn step(&mut self, action: Action, height: usize) -> bool {
        let height = height.max(1);
        let last = self.rows.len().saturating_sub(1);
        let page = |n: usize| n.saturating_sub(1).max(1);
        let (by, down) = match action {
            Action::Down => (1, true),
            Action::Up => (1, false),
            Action::HalfPageDown => (page(height / 2), true),
            Action::HalfPageUp => (page(height / 2), false),
            Action::PageDown => (page(height), true),
            Action::PageUp => (page(height), false),
            _ => return false,
        };
        let before = self.cursor;
        self.cursor = if down { (before + by).min(last) } else { before.saturating_sub(by) };
        // A page moves the view along with the cursor.
        if by > 1 {
            let moved = self.cursor.abs_diff(before);
            self.top = if down { self.top + moved } else { self.top.saturating_sub(moved) };
        }
        true
    }

    /// Turns the wheel one notch: the view moves and takes the cursor along when it would leave it. Turned down at the
    /// last screen, the cursor goes to the last record.
    pub(super) fn turned(&mut self, down: bool, height: usize, rows_of: impl Fn(&LogRecord) -> usize) {
        let breaks = &self.breaks;
        let rows_of = |r: &LogRecord| rows_of(r) + Self::break_rows(breaks, r);
        let last = self.rows.len().saturating_sub(1);
        self.top = if down { (self.top + WHEEL).min(last) } else { self.top.saturating_sub(WHEEL) };
        let mut room = height.max(1);
        let mut end = self.top;
        for (i, record) in self.rows.iter().enumerate().skip(self.top) {
            let rows = rows_of(record);
            if rows > room {
                break;
            }
            room -= rows;
            end = i;
        }
        self.cursor = if down && end == last { last } else { self.cursor.clamp(self.top, end.max(self.top)) };
    }

    /// The record in this row of the list.
    pub(super) fn at_row(&self, row: usize, rows_of: impl Fn(&LogRecord) -> usize) -> Option<usize> {
        let mut below = 0;
        (self.top..self.rows.len()).find(|i| {
            below += rows_of(&self.rows[*i]) + Self::break_rows(&self.breaks, &self.rows[*i]);
            row < below
        })
    }

    /// Brings the view to the cursor; `rows_of` says how many screen rows a record takes, `height` are seen.
    pub(super) fn settle(&mut self, height: usize, rows_of: impl Fn(&LogRecord) -> usize) {
        let height = height.max(1);
        let breaks = &self.breaks;
        let rows_of = |r: &LogRecord| rows_of(r) + Self::break_rows(breaks, r);
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        self.top = self.top.min(self.cursor);
        // The first row from which the cursor's record is still seen in full.
        let mut used = 0;
        let mut first = self.cursor;
        for i in (0..=self.cursor).rev() {
            let Some(record) = self.rows.get(i) else { break };
            used += rows_of(record);
            if used > height && i < self.cursor {
                break;
            }
            first = i;
        }
        self.top = self.top.max(first);
        // No blank rows at the end while there are records over the top.
        let mut below: usize = self.rows[self.top.min(self.rows.len())..].iter().take(height).map(&rows_of).sum();
        while self.top > 0 && below < height {
            below += rows_of(&self.rows[self.top - 1]);
            if below > height {
                break;
            }
            self.top -= 1;
        }
    }

    /// Whether the next rows should be asked for: less than a screen is left in a direction that has more.
    pub(super) fn thin(&self, height: usize, archive: u64) -> bool {
        let below = self.rows.len().saturating_sub(self.top + height);
        let more_below = self.rank + (self.rows.len() as u64) < self.total || archive > self.archive;
        (self.rank > 0 && self.top < height) || (more_below && below < height)
    }
}
