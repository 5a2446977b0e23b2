//! When to draw: only after a change, the sooner the more it matters, and not more often than the terminal's line
//! carries. Used by the loop; knows the engine's events, not the panes.

use crate::runtime::events::{Event, LogsPage};
use aiobs_types::RecordId;
use std::time::{Duration, Instant};

/// Numbers that count on are drawn this often at most: faster nobody reads them, and a frame that shows but a counter
/// must not make a new line wait for the next one.
const NUMBERS_EVERY: Duration = Duration::from_millis(100);

/// A person's doing is shown this often at most: a held key repeats some thirty times a second, and what is typed or
/// pasted by a program must not draw without end.
const HAND_EVERY: Duration = Duration::from_millis(4);

/// How soon a change should be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing of it is seen.
    Nothing,
    /// Counters move.
    Numbers,
    /// There is something new to read.
    News,
    /// A person did something.
    Hand,
}

/// Decides when the next frame is due.
#[derive(Debug)]
pub(super) struct Pace {
    /// Earliest time of the next frame; `None` when nothing changed.
    due: Option<Instant>,
    interval: Duration,
    last: Option<Instant>,
    /// The next frame answers a person.
    by_hand: bool,
    /// The last frame that did.
    last_by_hand: Option<Instant>,
}

impl Pace {
    /// At most `max_fps` frames per second (at least 1). A person's doing is shown at once, also between two of them.
    pub(super) fn new(max_fps: u32) -> Self {
        let interval = Duration::from_secs(1) / max_fps.clamp(1, 240);
        Self { due: Some(Instant::now()), interval, last: None, by_hand: false, last_by_hand: None }
    }

    /// Something changed.
    pub(super) fn touch(&mut self, change: Change, now: Instant) {
        let (last, pause) = match change {
            Change::Nothing => return,
            Change::Numbers => (self.last, NUMBERS_EVERY.max(self.interval)),
            Change::News => (self.last, self.interval),
            Change::Hand => (self.last_by_hand, HAND_EVERY),
        };
        self.by_hand |= change == Change::Hand;
        let at = last.map_or(now, |l| (l + pause).max(now));
        self.due = Some(self.due.map_or(at, |d| d.min(at)));
    }

    /// When to draw: `None` when nothing changed.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.due = None;
        self.last = Some(now);
        if std::mem::take(&mut self.by_hand) {
            self.last_by_hand = Some(now);
        }
    }
}

/// What was last seen of the log view, to tell new lines from a count that went on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    ends: Option<(RecordId, RecordId)>,
    rows: usize,
    focus: Option<usize>,
    done: bool,
    not_found: bool,
}

impl Seen {
    /// How soon the news of the engine should be seen.
    pub(super) fn change(&mut self, event: &Event) -> Change {
        match event {
            // The panes only ask; what they get is another event.
            Event::Appended => Change::Nothing,
            Event::Logs(page) if page.error.is_none() => self.page(page),
            _ => Change::News,
        }
    }

    fn page(&mut self, page: &LogsPage) -> Change {
        let now = Self {
            ends: page.rows.first().zip(page.rows.last()).map(|(a, b)| (a.id, b.id)),
            rows: page.rows.len(),
            focus: page.focus,
            done: page.done,
            not_found: page.not_found,
        };
        if *self == now {
            return Change::Numbers;
        }
        *self = now;
        Change::News
    }
}

/// Frames per second when the user does not say: fewer over SSH.
pub(super) fn default_fps(var: impl Fn(&str) -> Option<String>) -> u32 {
    let ssh = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|v| var(v).is_some_and(|v| !v.is_empty()));
    if ssh { 20 } else { 60 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paced(fps: u32, start: Instant) -> Pace {
        let mut pace = Pace::new(fps);
        assert!(pace.due().is_some(), "the first frame");
        pace.drawn(start);
        assert_eq!(pace.due(), None);
        pace
    }

    #[test]
    fn idle_draws_nothing_and_a_flood_is_paced() {
        let start = Instant::now();
        let mut pace = paced(50, start);
        pace.touch(Change::Nothing, start);
        assert_eq!(pace.due(), None);
        pace.touch(Change::News, start);
        pace.touch(Change::News, start + Duration::from_millis(5));
        assert_eq!(pace.due(), Some(start + Duration::from_millis(20)));
        pace.drawn(start + Duration::from_millis(20));
        let later = start + Duration::from_secs(1);
        pace.touch(Change::News, later);
        assert_eq!(pace.due(), Some(later));
    }

    #[test]
    fn counters_wait_and_new_lines_do_not_wait_for_them() {
        let start = Instant::now();
        let mut pace = paced(50, start);
        pace.touch(Change::Numbers, start + Duration::from_millis(40));
        assert_eq!(pace.due(), Some(start + NUMBERS_EVERY));
        pace.touch(Change::News, start + Duration::from_millis(41));
        assert_eq!(pace.due(), Some(start + Duration::from_millis(41)));
        pace.touch(Change::Numbers, start + Duration::from_millis(42));
        assert_eq!(pace.due(), Some(start + Duration::from_millis(41)), "the earlier one stands");
    }

    #[test]
    fn a_key_is_answered_between_two_frames_but_a_program_that_types_is_paced() {
        let start = Instant::now();
        let mut pace = paced(20, start);
        let pressed = start + Duration::from_millis(3);
        pace.touch(Change::Hand, pressed);
        assert_eq!(pace.due(), Some(pressed));
        pace.drawn(pressed);
        pace.touch(Change::Hand, pressed + Duration::from_millis(1));
        assert_eq!(pace.due(), Some(pressed + HAND_EVERY));
    }

    #[test]
    fn a_page_with_the_same_lines_is_but_a_count() {
        let record = |id| aiobs_types::LogRecord { id: RecordId(id), ..aiobs_types::LogRecord::default() };
        let page = |ids: &[u64], total| {
            let rows = ids.iter().copied().map(record).collect();
            Event::Logs(LogsPage { rows, total, done: true, ..LogsPage::default() })
        };
        let mut seen = Seen::default();
        assert_eq!(seen.change(&page(&[1, 2], 2)), Change::News);
        assert_eq!(seen.change(&page(&[1, 2], 3)), Change::Numbers);
        assert_eq!(seen.change(&Event::Appended), Change::Nothing);
        assert_eq!(seen.change(&page(&[1, 2, 4], 4)), Change::News);
        assert_eq!(seen.change(&page(&[1], 4)), Change::News);
        let wrong = Event::Logs(LogsPage { error: Some("bad".into()), ..LogsPage::default() });
        assert_eq!((seen.change(&wrong), seen.change(&wrong)), (Change::News, Change::News));
    }

    #[test]
    fn a_remote_shell_gets_fewer_frames() {
        assert_eq!(default_fps(|_| None), 60);
        assert_eq!(default_fps(|v| (v == "SSH_TTY").then(|| "/dev/pts/3".into())), 20);
    }
}
