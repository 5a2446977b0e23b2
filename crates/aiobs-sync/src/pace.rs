//! How fast the worker goes, and how it slows down.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Longest wait that a remote may ask for.
const MOST_ASKED: Duration = Duration::from_mins(10);

/// Sizes and waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Items per request.
    pub batch: u32,
    /// Wait after the first failure; doubled after each further one.
    pub first: Duration,
    /// Longest wait.
    pub most: Duration,
    /// Time without word of new items after which the outbox is looked at anyway.
    pub look: Duration,
    /// Whether the whole wait is random, and not only half of it: for messages that many machines send at the same
    /// moment, because the same thing broke for all of them.
    pub full_jitter: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch: 256,
            first: Duration::from_secs(1),
            most: Duration::from_mins(1),
            look: Duration::from_secs(30),
            full_jitter: false,
        }
    }
}

impl Pace {
    /// For alerts: first tries soon, and in the long run every five minutes.
    pub fn alerts() -> Self {
        Self {
            batch: 64,
            first: Duration::from_secs(2),
            most: Duration::from_mins(5),
            full_jitter: true,
            ..Self::default()
        }
    }

    /// The wait after this many failures in a row: what the remote asked for, else exponential with jitter:
    /// "equal" (half fixed, half random) or "full", so that many senders do not come back at once.
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        if let Some(asked) = asked {
            return asked.min(MOST_ASKED);
        }
        let whole = self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let whole = whole.min(self.most);
        let share = RandomState::new().hash_one(failures) as u32;
        let fixed = if self.full_jitter { Duration::ZERO } else { whole / 2 };
        fixed + whole.saturating_sub(fixed).mul_f64(f64::from(share) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_ASKED, Pace};
    use std::time::Duration;

    #[test]
    fn waits_double_with_jitter_up_to_the_longest() {
        let pace = Pace { first: Duration::from_secs(2), most: Duration::from_mins(1), ..Pace::default() };
        for (failures, whole) in [(1, 2), (2, 4), (5, 32), (6, 60), (33, 60), (u32::MAX, 60)] {
            let whole = Duration::from_secs(whole);
            let wait = pace.wait(failures, None);
            assert!(wait >= whole / 2 && wait <= whole, "{failures}: {wait:?}");
        }
        let some: Vec<_> = (0..20).map(|_| pace.wait(5, None)).collect();
        assert!(some.iter().any(|w| *w != some[0]), "no jitter");
    }

    #[test]
    fn full_jitter_spreads_over_the_whole_wait() {
        let pace = Pace { first: Duration::from_secs(8), ..Pace::alerts() };
        let waits: Vec<_> = (0..200).map(|_| pace.wait(1, None)).collect();
        assert!(waits.iter().all(|w| *w <= Duration::from_secs(8)));
        assert!(waits.iter().any(|w| *w < Duration::from_secs(3)) && waits.iter().any(|w| *w > Duration::from_secs(5)));
    }

    #[test]
    fn a_remote_is_believed_within_reason() {
        assert_eq!(Pace::default().wait(9, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(Pace::default().wait(1, Some(Duration::from_secs(1 << 40))), MOST_ASKED);
    }
}
