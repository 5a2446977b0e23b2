//! Quiet hours on the screen: what begins in them is listed like everything else, but does not speak up, unless it is
//! fatal. The translation of events for the screen asks it.

use super::channels;
use crate::config::Config;
use aiobs_sync::Hours;
use aiobs_types::{Level, Severity, Timestamp};
use jiff::tz::TimeZone;

/// See the module.
pub(in crate::runtime) struct Quiet {
    hours: Hours,
    zone: TimeZone,
}

impl Quiet {
    /// The hours of the configuration.
    ///
    /// # Errors
    /// They are checked with the configuration.
    pub(in crate::runtime) fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self { hours: channels::quiet(config)?, zone: channels::zone(config)? })
    }

    /// Whether nothing is said now of a fault this bad.
    pub(in crate::runtime) fn holds_back(&self, severity: Severity, now: Timestamp) -> bool {
        if self.hours.is_empty() || severity.level() >= Level::Fatal {
            return false;
        }
        let at = jiff::Timestamp::from_nanosecond(i128::from(now.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.hours.hold(&at.to_zoned(self.zone.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_fatal_speaks_up_in_quiet_hours() {
        let quiet = |hours: &str| Quiet { hours: Hours::parse(hours).unwrap_or_default(), zone: TimeZone::UTC };
        // 2025-01-07, a Tuesday, 14:30.
        let (now, later) = (Timestamp::from_secs(1_736_260_200), Timestamp::from_secs(1_736_290_000));
        let afternoons = quiet("mon-fri 12:00-18:00");
        assert!(afternoons.holds_back(Severity::ERROR, now) && afternoons.holds_back(Severity::WARN, now));
        assert!(!afternoons.holds_back(Severity::FATAL, now) && !afternoons.holds_back(Severity::ERROR, later));
        assert!(!quiet("").holds_back(Severity::ERROR, now), "there are none");
    }
}
