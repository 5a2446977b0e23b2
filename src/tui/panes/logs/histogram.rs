//! The histogram over the records: how many there were when, by severity. A column is chosen with left and right, Enter
//! goes there, two marked columns become a range of the filter. The map beside the scrollbar is counted here as well.

use super::state::State;
use crate::runtime::events::{Anchor, PartCount, PartsAnswer, PartsOf, PartsRequest, Request, WIDTHS};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use aiobs_types::{LogQuery, RecordId, Timestamp};

/// Parts the map is counted in: more than any screen has rows.
const MAP_PARTS: usize = 512;
/// Counts are made anew when new records came, but not before they are this old, nanoseconds.
const HISTOGRAM_AGE: i64 = 2_000_000_000;
const MAP_AGE: i64 = 5_000_000_000;
/// ...and not so often that counting takes more than this part of the time.
const REST: u32 = 20;

/// What was counted, and for what.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) answer: Option<PartsAnswer>,
    /// Number of the newest request, and what it asked.
    seq: u64,
    asked: Option<(LogQuery, PartsOf, usize)>,
    at: Timestamp,
    records: u64,
}

impl Counted {
    /// A request, if what is there is for something else or is too old.
    fn due(
        &mut self,
        map: bool,
        query: &LogQuery,
        of: PartsOf,
        parts: usize,
        age: i64,
        cx: &PaneCx<'_>,
    ) -> Option<Effect> {
        let same = self.asked.as_ref().is_some_and(|(q, o, n)| q == query && *o == of && *n == parts);
        let records = cx.snapshot.totals.records;
        if same {
            let answer = self.answer.as_ref().filter(|a| a.done && a.seq == self.seq)?;
            let rest = i64::try_from((answer.took * REST).as_nanos()).unwrap_or(i64::MAX);
            if records == self.records || cx.clock.now.since(self.at) < age.max(rest) {
                return None;
            }
        }
        self.seq += 1;
        self.at = cx.clock.now;
        self.records = records;
        self.asked = Some((query.clone(), of, parts));
        Some(Effect::Send(Request::Parts(PartsRequest { seq: self.seq, map, query: query.clone(), of, parts })))
    }

    /// Ends counting that goes on; what was counted stays.
    fn stop(&mut self) -> Option<Effect> {
        let answer = self.answer.as_mut().filter(|a| !a.done)?;
        answer.done = true;
        self.seq += 1;
        // A question about nothing ends it in the engine; its answer, to no number in use, is not taken.
        let query = LogQuery { first: Some(RecordId(u64::MAX)), ..LogQuery::default() };
        let of = PartsOf::Time(Timestamp::default(), 1);
        Some(Effect::Send(Request::Parts(PartsRequest { seq: 0, map: false, query, of, parts: 1 })))
    }

    fn take(&mut self, answer: &PartsAnswer) -> bool {
        if answer.seq != self.seq {
            return false;
        }
        self.answer = Some(answer.clone());
        true
    }
}

/// The histogram and what is chosen in it.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    pub(super) open: bool,
    /// Whether keys move its cursor instead of the list's.
    pub(super) focus: bool,
    pub(super) counted: Counted,
    pub(super) map: Counted,
    /// What is shown when it is not all: where it begins, and the width of a column.
    zoom: Option<(Timestamp, i64)>,
    /// The chosen time; the newest column when none.
    pub(super) at: Option<Timestamp>,
    /// The other end of a range.
    pub(super) mark: Option<Timestamp>,
    /// The filter before a range was taken into it, and the filter with it.
    taken: Option<(String, String)>,
}

impl Histogram {
    fn answer(&self) -> Option<&PartsAnswer> {
        self.counted.answer.as_ref().filter(|a| !a.counts.is_empty() && a.width > 0)
    }

    /// The column a time lies in, the nearest one if in none.
    pub(super) fn column(&self, t: Timestamp) -> Option<usize> {
        let a = self.answer()?;
        let i = (i128::from(t.0) - i128::from(a.from)).div_euclid(i128::from(a.width));
        usize::try_from(i.max(0)).ok().map(|i| i.min(a.counts.len() - 1))
    }

    /// The column of the cursor.
    pub(super) fn cursor(&self) -> Option<usize> {
        let a = self.answer()?;
        self.at.map_or(Some(a.counts.len() - 1), |t| self.column(t))
    }

    /// The columns from the mark to the cursor, both included.
    pub(super) fn range(&self) -> Option<(usize, usize)> {
        let at = self.cursor()?;
        let mark = self.mark.map_or(Some(at), |t| self.column(t))?;
        Some((at.min(mark), at.max(mark)))
    }

    /// Begin and end of columns, both included.
    pub(super) fn times(&self, (from, to): (usize, usize)) -> Option<(Timestamp, Timestamp)> {
        let a = self.answer()?;
        let start = |i: usize| Timestamp(a.from.saturating_add(a.width.saturating_mul(i as i64)));
        Some((start(from), start(to + 1)))
    }

    fn go_to(&mut self, column: usize) {
        self.at = self.times((column, column)).map(|(from, _)| from);
    }

    /// The mouse chose a column.
    pub(super) fn click(&mut self, column: usize) {
        if let Some(a) = self.answer() {
            let column = column.min(a.counts.len() - 1);
            self.go_to(column);
            self.focus = true;
        }
    }

    fn zoomed(&mut self, closer: bool, columns: usize) {
        let (Some(a), Some(at)) = (self.answer(), self.cursor()) else { return };
        let here = WIDTHS.iter().position(|w| *w >= a.width).unwrap_or(WIDTHS.len() - 1);
        let to = if closer { here.checked_sub(1) } else { Some(here + 1).filter(|i| *i < WIDTHS.len()) };
        let Some(width) = to.map(|i| WIDTHS[i]) else { return };
        let middle = a.from.saturating_add(a.width.saturating_mul(at as i64));
        let from = middle.saturating_sub(width.saturating_mul(columns as i64 / 2)).div_euclid(width) * width;
        self.at = Some(Timestamp(middle));
        self.zoom = Some((Timestamp(from), width));
    }
}

/// Columns the histogram has.
pub(super) fn columns(cx: &PaneCx<'_>) -> usize {
    usize::from(cx.size.width.saturating_sub(2)).max(1)
}

/// Rows the histogram takes: bars, signs, and a line of words.
pub(super) fn height(state: &State, cx: &PaneCx<'_>) -> u16 {
    match cx.size.height {
        _ if !state.histogram.open => 0,
        0..=11 => 0,
        12..=25 => 5,
        _ => 7,
    }
}

impl State {
    /// Requests for what is shown of the counts and not there, or too old.
    pub(super) fn count_parts(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if !self.on_screen {
            return Vec::new();
        }
        let of = if self.by_time(cx) { PartsOf::AllTime } else { PartsOf::Arrival };
        let map = self.histogram.map.due(true, &self.query, of, MAP_PARTS, MAP_AGE, cx);
        let of = self.histogram.zoom.map_or(PartsOf::AllTime, |(from, width)| PartsOf::Time(from, width));
        let counted = &mut self.histogram.counted;
        let bars = self.histogram.open.then(|| counted.due(false, &self.query, of, columns(cx), HISTOGRAM_AGE, cx));
        map.into_iter().chain(bars.flatten()).collect()
    }

    /// Stops counting for the histogram, if that goes on.
    pub(super) fn stop_counting(&mut self) -> Option<Vec<Effect>> {
        let stop = self.histogram.counted.stop()?;
        Some(vec![stop, Effect::info("Stopped; what was counted so far is shown")])
    }

    /// Takes counts.
    pub(super) fn parts(&mut self, answer: &PartsAnswer) {
        let h = &mut self.histogram;
        if answer.map {
            h.map.take(answer)
        } else {
            h.counted.take(answer)
        };
    }

    /// An action while the histogram has the focus; `None` when it is not for it.
    pub(super) fn in_histogram(&mut self, action: Action, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let h = &mut self.histogram;
        let at = h.cursor().unwrap_or(0);
        let last = h.answer().map_or(0, |a| a.counts.len() - 1);
        match action {
            Action::Left => h.go_to(at.saturating_sub(1)),
            Action::Right => h.go_to((at + 1).min(last)),
            Action::HalfPageUp => h.go_to(at.saturating_sub(columns(cx) / 8)),
            Action::HalfPageDown => h.go_to((at + columns(cx) / 8).min(last)),
            Action::Top => h.go_to(0),
            Action::Bottom => h.go_to(last),
            Action::ZoomIn | Action::ZoomOut => {
                h.zoomed(action == Action::ZoomIn, columns(cx));
                return Some(self.count_parts(cx));
            }
            Action::MarkRange => {
                h.mark = match h.mark {
                    Some(_) => None,
                    None => h.times((at, at)).map(|(from, _)| from),
                };
            }
            Action::Open if h.mark.is_some() => return Some(self.take_range(cx)),
            Action::Open => {
                let (from, _) = h.times((at, at))?;
                h.focus = false;
                return Some(vec![self.jump(Anchor::Time(from), cx)]);
            }
            Action::NextItem | Action::PreviousItem => h.focus = false,
            Action::Back => return Some(self.leave_histogram(cx)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Opens it, gives it the focus, or closes it.
    pub(super) fn toggle_histogram(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let h = &mut self.histogram;
        if h.open && h.focus {
            (h.open, h.focus, h.mark) = (false, false, None);
        } else {
            // Begin where the list is.
            h.at = self.window.record().map(|r| r.time).filter(|_| !self.follow);
            (h.open, h.focus) = (true, true);
        }
        self.settle(cx);
        self.count_parts(cx)
    }

    /// The marked range becomes part of the filter.
    fn take_range(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let h = &mut self.histogram;
        let Some((from, to)) = h.range().and_then(|r| h.times(r)) else { return Vec::new() };
        h.mark = None;
        let base = match h.taken.take() {
            Some((base, with)) if with == self.filter => base,
            _ => self.filter.clone(),
        };
        let write = |t| format!("{}T{}", cx.clock.date(t), cx.clock.hms(t));
        if let Err(e) = self.set_filter(&base, cx) {
            return vec![Effect::warn(e)];
        }
        let effects = self.narrow(&format!("from:{} to:{}", write(from), write(to)), cx);
        self.histogram.taken = Some((base, self.filter.clone()));
        self.histogram.focus = false;
        effects
    }

    /// Gives back what was chosen, one thing at a time; at last closes it.
    fn leave_histogram(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.histogram.mark.take().is_some() {
            return Vec::new();
        }
        if let Some(effects) = self.give_range_back(cx) {
            return effects;
        }
        if self.histogram.zoom.take().is_some() {
            return self.count_parts(cx);
        }
        (self.histogram.open, self.histogram.focus) = (false, false);
        self.settle(cx);
        Vec::new()
    }

    /// The filter as it was before a range was taken into it, if it is still that one.
    pub(super) fn give_range_back(&mut self, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let (base, _) = self.histogram.taken.take().filter(|(_, with)| *with == self.filter)?;
        Some(match self.set_filter(&base, cx) {
            Ok(()) => vec![self.filtered(cx)],
            Err(e) => vec![Effect::warn(e)],
        })
    }
}

/// What a range of columns holds, in words.
pub(super) fn said(counts: &[PartCount]) -> String {
    let sum = |of: fn(&PartCount) -> u64| counts.iter().map(of).sum::<u64>();
    format!(
        "{}, {}, {} in all",
        format::plural(sum(|c| c.errors), "error"),
        format::plural(sum(|c| c.warnings), "warning"),
        format::count(sum(|c| c.all))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_counting_keeps_what_was_counted_and_takes_no_more() {
        let mut counted = Counted { seq: 3, ..Counted::default() };
        let part = |seq, all| PartsAnswer {
            seq,
            counts: vec![PartCount { all, ..PartCount::default() }],
            ..PartsAnswer::default()
        };
        assert!(counted.stop().is_none(), "nothing goes on");
        assert!(counted.take(&part(3, 7)));
        assert!(matches!(counted.stop(), Some(Effect::Send(Request::Parts(_)))));
        assert!(!counted.take(&part(3, 9)) && !counted.take(&part(0, 0)), "late answers");
        assert_eq!(counted.answer.as_ref().map(|a| (a.done, a.counts[0].all)), Some((true, 7)));
        assert!(counted.stop().is_none());
    }
}
