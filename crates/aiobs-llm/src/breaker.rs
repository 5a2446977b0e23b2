//! A circuit breaker: after several failures in a row a server is left alone for a while, then tried once. Used by
//! [`crate::Guarded`]; pure, time is an argument. After M. Nygard, "Release It!" (2007), chapter 5.

use std::time::{Duration, Instant};

/// Failures in a row that open it.
pub(crate) const THRESHOLD: u32 = 5;
/// How long it stays open.
pub(crate) const COOL: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether a call may go out; if not, how long to wait. A call let through after the wait is a probe: until it
    /// reports, no other goes out (for at most another wait, so that a lost probe locks nothing).
    pub(crate) fn allow(&mut self, now: Instant) -> Result<(), Duration> {
        match self.open_until {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                self.open_until = Some(now + COOL);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A call went well.
    pub(crate) fn success(&mut self) {
        *self = Self::default();
    }

    /// A call failed in a way that speaks against the server.
    pub(crate) fn failure(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= THRESHOLD {
            self.open_until = Some(now + COOL);
        }
    }

    /// Failures in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_probes_and_closes() {
        let t = Instant::now();
        let mut b = Breaker::default();
        for _ in 0..THRESHOLD {
            assert_eq!(b.allow(t), Ok(()));
            b.failure(t);
        }
        assert_eq!(b.allow(t + Duration::from_secs(10)), Err(Duration::from_secs(20)));
        assert_eq!(b.allow(t + COOL), Ok(()), "one probe");
        assert!(b.allow(t + COOL).is_err(), "no second one beside it");
        b.success();
        assert_eq!(b.allow(t + COOL), Ok(()));
        assert_eq!(b.failures(), 0);
    }

    #[test]
    fn a_failed_probe_keeps_it_open() {
        let t = Instant::now();
        let mut b = Breaker::default();
        (0..THRESHOLD).for_each(|_| b.failure(t));
        assert_eq!(b.allow(t + COOL), Ok(()));
        b.failure(t + COOL);
        assert!(b.allow(t + COOL + Duration::from_secs(29)).is_err());
    }
}
