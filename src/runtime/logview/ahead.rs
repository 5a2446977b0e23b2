//! What is shown before it is read, as a part of the windows: lines behind all records in the order of arrival, among
//! them by event time. A line that became a record meanwhile is found again by where it stands in its file.

use super::{Anchor, Worker};
use crate::runtime::previews::Shown;
use aiobs_store::Matcher;
use aiobs_types::{LogQuery, LogRecord, Order, RecordId, RecordView, SourceId};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

impl Worker {
    /// All lines in their order.
    fn previews(&self) -> impl DoubleEndedIterator<Item = RecordView<'_>> {
        self.ahead.iter().flat_map(Shown::iter)
    }

    /// Up to `n` matching lines from `at` on, ascending.
    pub(super) fn previewed_from(&self, matcher: &Matcher, at: u64, n: usize) -> Vec<u64> {
        self.previews().filter(|v| v.id.0 >= at && matcher.matches(v)).map(|v| v.id.0).take(n).collect()
    }

    /// Up to `n` matching lines before `at`, ascending.
    pub(super) fn previewed_before(&self, matcher: &Matcher, at: u64, n: usize) -> Vec<u64> {
        let before = self.previews().rev().filter(|v| v.id.0 < at && matcher.matches(v));
        let mut ids: Vec<u64> = before.map(|v| v.id.0).take(n).collect();
        ids.reverse();
        ids
    }

    /// The first matching line of each source.
    pub(super) fn edges(&self, matcher: &Matcher) -> Vec<RecordId> {
        let mut edges: Vec<(SourceId, RecordId)> = Vec::new();
        for line in self.previews().filter(|v| matcher.matches(v)) {
            // The lines of a source are one after the other.
            if edges.last().is_none_or(|(source, _)| *source != line.meta.source) {
                edges.push((line.meta.source, line.id));
            }
        }
        edges.into_iter().map(|(_, id)| id).collect()
    }

    /// A line.
    pub(super) fn previewed(&self, id: RecordId) -> Option<LogRecord> {
        let shown = self.ahead.iter().find(|shown| (shown.ids().0..shown.ids().1).contains(&id.0))?;
        Some(shown.batch.view((id.0 - shown.batch.first.0) as usize).to_record())
    }

    /// Matches known before `id`.
    pub(super) fn rank(&self, id: u64) -> u64 {
        let Some(scan) = &self.scan else { return 0 };
        let ahead =
            if RecordId(id).is_preview() { self.previewed_before(&scan.matcher, id, usize::MAX).len() } else { 0 };
        scan.index.rank(id) + ahead as u64
    }

    /// The n-th match known (0 is the oldest), or the last when there are fewer.
    pub(super) fn nth(&self, n: u64) -> Option<u64> {
        let scan = self.scan.as_ref()?;
        let stored = scan.index.total();
        let ahead = self.previewed_from(&scan.matcher, 0, usize::MAX);
        match n.checked_sub(stored).and_then(|n| usize::try_from(n).ok()) {
            Some(n) if !ahead.is_empty() => ahead.get(n).or(ahead.last()).copied(),
            _ => scan.index.nth(n),
        }
    }

    /// The same place, when the line it names is a record by now.
    pub(super) fn stored_by_now(&mut self, anchor: Anchor, next: u64) -> Anchor {
        let mut now = |id: RecordId| self.record_of(id, next);
        match anchor {
            Anchor::At(id) => Anchor::At(now(id)),
            Anchor::FindNext(id) => Anchor::FindNext(now(id)),
            Anchor::FindPrevious(id) => Anchor::FindPrevious(now(id)),
            Anchor::LevelNext(id, level) => Anchor::LevelNext(now(id), level),
            Anchor::LevelPrevious(id, level) => Anchor::LevelPrevious(now(id), level),
            other => other,
        }
    }

    /// The record that a line became; itself when it is none yet, the newest record when it is not known any more.
    fn record_of(&mut self, id: RecordId, next: u64) -> RecordId {
        if !id.is_preview() || self.previewed(id).is_some() {
            return id;
        }
        let newest = RecordId(next.saturating_sub(1));
        let Ok(at) = self.shown.binary_search_by_key(&id, |r| r.id) else { return newest };
        let Some(line) = self.shown.get(at).cloned() else { return newest };
        if let Some(record) = self.board.live.at_offset(line.source, line.offset) {
            return record;
        }
        let query = LogQuery {
            sources: vec![line.source],
            from: Some(line.time),
            to: Some(line.time.plus(1)),
            order: Order::NewestFirst,
            ..LogQuery::default()
        };
        let mut found = None;
        // Not interruptible: it is one moment of one source.
        let asked = self.reader.query(&query, &AtomicBool::new(false), &mut |r| {
            if r.meta.offset == line.offset {
                found = Some(r.id);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if let Err(e) = asked {
            tracing::warn!("archive: {e}");
        }
        found.unwrap_or(newest)
    }
}
