//! Rows with aligned columns; on narrow areas columns drop in the order their owner gave them.

use super::text;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Heading, may be empty.
    pub title: &'static str,
    /// Cells; the least for the one that fills.
    pub width: usize,
    /// Whether it takes the room that is left. At most one column should.
    pub fill: bool,
    /// Whether it is aligned to the right, as numbers are.
    pub right: bool,
    /// The highest number drops first; 0 never drops.
    pub drop: u8,
}

impl Column {
    /// Aligned to the left, of fixed width.
    pub const fn left(title: &'static str, width: usize, drop: u8) -> Self {
        Self { title, width, fill: false, right: false, drop }
    }

    /// Aligned to the right, of fixed width.
    pub const fn right(title: &'static str, width: usize, drop: u8) -> Self {
        Self { title, width, fill: false, right: true, drop }
    }

    /// Takes the room that is left, at least `min` cells; never drops.
    pub const fn fill(title: &'static str, min: usize) -> Self {
        Self { title, width: min, fill: true, right: false, drop: 0 }
    }
}

/// Columns fitted to a width.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    /// Cells of each column, `None` when dropped.
    widths: Vec<Option<usize>>,
    ellipsis: &'static str,
}

/// Cells between columns.
const GAP: usize = 2;

impl Table {
    /// Fits `columns` to `width` cells.
    pub fn new(columns: &[Column], width: usize, ellipsis: &'static str) -> Self {
        let mut widths: Vec<Option<usize>> = columns.iter().map(|c| Some(c.width)).collect();
        let need = |w: &[Option<usize>]| {
            let n = w.iter().flatten().count();
            w.iter().flatten().sum::<usize>() + GAP * n.saturating_sub(1)
        };
        while need(&widths) > width {
            let worst = (0..columns.len())
                .filter(|i| widths[*i].is_some() && columns[*i].drop > 0)
                .max_by_key(|i| columns[*i].drop);
            match worst {
                Some(i) => widths[i] = None,
                None => break,
            }
        }
        let used = need(&widths);
        if let Some(i) = columns.iter().position(|c| c.fill)
            && let Some(w) = &mut widths[i]
        {
            *w = (*w + width).saturating_sub(used);
        }
        Self { columns: columns.to_vec(), widths, ellipsis }
    }

    /// Cells of the i-th column, `None` when it was dropped.
    pub fn width(&self, i: usize) -> Option<usize> {
        self.widths.get(i).copied().flatten()
    }

    /// The headings.
    pub fn header(&self, style: Style) -> Line<'static> {
        self.row(self.columns.iter().map(|c| Span::styled(c.title, style)).collect())
    }

    /// One row; cells of dropped columns are left out. The texts must be safe.
    pub fn row(&self, cells: Vec<Span<'static>>) -> Line<'static> {
        let mut spans = Vec::with_capacity(cells.len() * 2);
        for ((cell, column), width) in cells.into_iter().zip(&self.columns).zip(&self.widths) {
            let Some(width) = *width else { continue };
            if !spans.is_empty() {
                spans.push(Span::raw(" ".repeat(GAP)));
            }
            let fit = if column.right { text::fit_right } else { text::fit };
            spans.push(Span::styled(fit(&cell.content, width, self.ellipsis), cell.style));
        }
        Line::from(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [Column::fill("name", 6), Column::right("rate", 5, 1), Column::left("trend", 8, 2)];

    fn row(width: usize) -> String {
        let t = Table::new(&COLUMNS, width, "…");
        t.row(vec!["orders-service".into(), "12".into(), "▁▁▁▁▁▁▁▁".into()]).to_string()
    }

    #[test]
    fn columns_drop_in_their_order_and_the_rest_uses_the_room() {
        assert_eq!(row(30), "orders-servi…     12  ▁▁▁▁▁▁▁▁");
        assert_eq!(row(20), "orders-servi…     12");
        assert_eq!(row(8), "orders-…");
    }
}
