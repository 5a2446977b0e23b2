//! A result in the order in which it is shown: sorted by a column, with the widths of the columns.

use crate::runtime::events::SqlTable;
use crate::tui::format::short_time;
use crate::tui::widgets::text;
use aiobs_types::SqlValue;
use std::cmp::Ordering;
use std::sync::Arc;

/// Rows looked at for the width of a column.
const LOOKED_AT: usize = 500;
/// Cells of a column at most while there are others.
const WIDEST: usize = 48;

/// A result as it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) data: Arc<SqlTable>,
    /// Indexes of rows, in the order shown.
    pub(super) order: Vec<usize>,
    /// Column sorted by, and whether the greatest comes first.
    pub(super) sorted: Option<(usize, bool)>,
    /// Cells of each column.
    pub(super) widths: Vec<usize>,
    /// Whether all values of a column are numbers.
    pub(super) numbers: Vec<bool>,
}

impl Shown {
    pub(super) fn new(data: Arc<SqlTable>) -> Self {
        let column = |i: usize| data.rows.iter().filter_map(move |r| r.get(i));
        let width = |(i, name): (usize, &String)| {
            let widest = column(i).take(LOOKED_AT).map(|v| text::width(&cell(v))).max().unwrap_or(0);
            widest.min(WIDEST).max(text::width(name) + 2)
        };
        let widths = data.columns.iter().enumerate().map(width).collect();
        let number =
            |i: usize| column(i).any(SqlValue::is_number) && column(i).all(|v| v.is_number() || *v == SqlValue::Null);
        let numbers = (0..data.columns.len()).map(number).collect();
        let order = (0..data.rows.len()).collect();
        Self { order, sorted: None, widths, numbers, data }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The values of the n-th row shown.
    pub(super) fn row(&self, n: usize) -> &[SqlValue] {
        self.order.get(n).and_then(|i| self.data.rows.get(*i)).map_or(&[], Vec::as_slice)
    }

    /// Sorts by a column: greatest first, then least first, then as it came.
    pub(super) fn sort(&mut self, column: usize) {
        self.sorted = match self.sorted {
            Some((c, true)) if c == column => Some((column, false)),
            Some((c, false)) if c == column => None,
            _ => Some((column, true)),
        };
        self.order = (0..self.data.rows.len()).collect();
        if let Some((column, greatest_first)) = self.sorted {
            let value = |i: usize| self.data.rows.get(i).and_then(|r| r.get(column)).unwrap_or(&SqlValue::Null);
            self.order.sort_by(|a, b| {
                let order = compare(value(*a), value(*b));
                if greatest_first { order.reverse() } else { order }
            });
        }
    }
}

/// As SQLite sorts: nothing, numbers, texts, bytes.
fn compare(a: &SqlValue, b: &SqlValue) -> Ordering {
    let kind = |v: &SqlValue| match v {
        SqlValue::Null => 0,
        SqlValue::Int(_) | SqlValue::Real(_) => 1,
        SqlValue::Text(_) => 2,
        SqlValue::Blob(_) => 3,
    };
    match (a, b) {
        (SqlValue::Int(a), SqlValue::Int(b)) => a.cmp(b),
        (SqlValue::Text(a), SqlValue::Text(b)) => a.cmp(b),
        (SqlValue::Blob(a), SqlValue::Blob(b)) => a.cmp(b),
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => kind(a).cmp(&kind(b)),
        },
    }
}

/// A value on one line that is safe to draw.
pub(super) fn cell(value: &SqlValue) -> String {
    match value {
        // A long text is cut anyway.
        SqlValue::Text(t) => {
            let t = short_time(t);
            let head: String = t.chars().take(2_000).collect();
            text::safe(&head.replace('\n', " ⏎ ")).into_owned()
        }
        other => other.to_string(),
    }
}
