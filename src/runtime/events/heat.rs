//! Warnings and errors of components over time, as the screen asks for them and is told of them.

use aiobs_types::Timestamp;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeatRequest {
    /// Comes back with the answers; only those to the newest are of interest.
    pub seq: u64,
    /// Where the first column begins and how many nanoseconds each is wide; `None` for the hour that ends with the newest
    /// record, in columns of one of [`super::WIDTHS`].
    pub zoom: Option<(Timestamp, i64)>,
    /// Columns at most.
    pub columns: usize,
}

/// The answer to a [`HeatRequest`]; several may come while counting goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// Of the request.
    pub seq: u64,
    /// Event time at which the first column begins.
    pub from: Timestamp,
    /// Nanoseconds per column.
    pub width: i64,
    /// Columns there are.
    pub columns: usize,
    /// The worst component first.
    pub rows: Vec<HeatRow>,
    /// Components that are not among `rows`, because they are too many.
    pub left_out: usize,
    /// Share of what is to be counted that is, 0 to 1.
    pub share: f64,
    /// Whether it is all there.
    pub done: bool,
}

/// One component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatRow {
    /// Its name; empty for records that name none.
    pub name: String,
    /// One per column, oldest first.
    pub cells: Vec<HeatCell>,
    /// All of them.
    pub sum: HeatCell,
}

/// What a component logged in one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeatCell {
    /// Of level warn.
    pub warnings: u64,
    /// Of level error.
    pub errors: u64,
    /// Of level fatal.
    pub fatal: u64,
}

impl HeatCell {
    /// Errors, fatal ones among them.
    pub const fn bad(self) -> u64 {
        self.errors + self.fatal
    }

    /// Whether there is anything.
    pub const fn is_empty(self) -> bool {
        self.warnings + self.errors + self.fatal == 0
    }

    /// Adds another.
    pub const fn add(&mut self, other: Self) {
        self.warnings += other.warnings;
        self.errors += other.errors;
        self.fatal += other.fatal;
    }
}
