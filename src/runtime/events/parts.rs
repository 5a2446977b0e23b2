//! Records counted in parts: the histogram over the log view and the map beside its scrollbar.

use aiobs_types::{LogQuery, Timestamp};
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;

/// Widths of a part of time, nanoseconds, from a second to thirty days.
pub const WIDTHS: [i64; 18] = [
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    120 * SECOND,
    300 * SECOND,
    600 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    86_400 * SECOND,
    604_800 * SECOND,
    2_592_000 * SECOND,
];

/// What the parts are parts of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartsOf {
    /// All event time at hand, in parts of one of [`WIDTHS`]; records with a wrong clock, if few, are left out.
    AllTime,
    /// Event time from here on, in parts of so many nanoseconds.
    Time(Timestamp, i64),
    /// Arrival: equal numbers of ids.
    Arrival,
}

/// Counts for one of two places; a newer request for the same place replaces an older one.
#[derive(Clone, Debug, PartialEq)]
pub struct PartsRequest {
    /// Comes back with the answers.
    pub seq: u64,
    /// For the map beside the scrollbar, which need not be exact.
    pub map: bool,
    /// Which records. Its `order` and `limit` are ignored.
    pub query: LogQuery,
    /// What is divided.
    pub of: PartsOf,
    /// Parts at most.
    pub parts: usize,
}

/// Records of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartCount {
    /// All that match.
    pub all: u64,
    /// Of level warn.
    pub warnings: u64,
    /// Of level error and fatal.
    pub errors: u64,
}

/// The answer to a [`PartsRequest`]; several come while counting goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartsAnswer {
    /// Of the request.
    pub seq: u64,
    /// Of the request.
    pub map: bool,
    /// Where the first part begins: nanoseconds of time, or an id.
    pub from: i64,
    /// Width of a part, in the same.
    pub width: i64,
    /// Oldest first.
    pub counts: Vec<PartCount>,
    /// Share of the archive that is counted, 0 to 1.
    pub share: f64,
    /// Whether it is all there.
    pub done: bool,
    /// How long it took.
    pub took: Duration,
}
