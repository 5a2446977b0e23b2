//! Lines over time in text cells: dots of braille where there is colour and Unicode, one letter per series where not,
//! so that series are told apart either way. With a threshold line, a cursor and marks. Knows no pane.

use crate::tui::theme::Glyphs;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Letters of the series without colour.
pub const LETTERS: [&str; 4] = ["*", "+", "o", "x"];

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// (seconds, value), oldest first.
    pub points: &'a [(f64, f64)],
    /// How it looks.
    pub style: Style,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// The lines; earlier ones are drawn over later ones.
    pub curves: Vec<Curve<'a>>,
    /// Seconds at both ends.
    pub x: (f64, f64),
    /// Value of the top row; the bottom is zero.
    pub top: f64,
    /// A value with a line across, and how it looks.
    pub threshold: Option<(f64, Style)>,
    /// Seconds of the cursor, and how it looks.
    pub cursor: Option<(f64, Style)>,
    /// Whether curves are told apart by letters instead of colours.
    pub letters: bool,
}

/// The smallest of 1, 2, 5 times a power of ten that is not under `value`; 1 for nothing.
pub fn nice_top(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|v| *v >= value * 0.999_999).unwrap_or(value)
}

impl Plot<'_> {
    /// The column of a time in `width` cells; `None` outside.
    pub fn column(&self, x: f64, width: u16) -> Option<u16> {
        let share = self.share(x);
        (0.0..=1.0).contains(&share).then(|| (share * f64::from(width.saturating_sub(1))).round() as u16)
    }

    fn share(&self, x: f64) -> f64 {
        let span = self.x.1 - self.x.0;
        if span > 0.0 { (x - self.x.0) / span } else { 0.5 }
    }

    /// Row from the top of a value, in steps of `steps` for the whole height.
    fn step(&self, value: f64, steps: usize) -> usize {
        let share = (value / self.top).clamp(0.0, 1.0);
        ((1.0 - share) * (steps.saturating_sub(1)) as f64).round() as usize
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, glyphs: &Glyphs) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        if let Some((value, style)) = self.threshold.filter(|(v, _)| *v <= self.top) {
            let y = area.y + self.step(value, area.height as usize) as u16;
            for x in area.left()..area.right() {
                buffer.set_string(x, y, glyphs.horizontal, style);
            }
        }
        if let Some((x, style)) = self.cursor
            && let Some(column) = self.column(x, area.width)
        {
            for y in area.top()..area.bottom() {
                buffer.set_string(area.x + column, y, glyphs.vertical, style);
            }
        }
        for (i, curve) in self.curves.iter().enumerate().rev() {
            if self.letters || glyphs.ascii {
                self.draw_letters(curve, LETTERS[i % LETTERS.len()], area, buffer);
            } else {
                self.draw_dots(curve, area, buffer);
            }
        }
    }

    /// (column, value) at every column the curve reaches, between its points along straight lines.
    fn columns(&self, curve: &Curve<'_>, columns: usize) -> Vec<(usize, f64)> {
        let at = |x: f64| self.share(x) * columns.saturating_sub(1) as f64;
        let mut out = Vec::new();
        for pair in curve.points.windows(2) {
            let (from, to) = (at(pair[0].0), at(pair[1].0));
            for column in from.round().max(0.0) as usize..=(to.round().max(0.0) as usize).min(columns - 1) {
                let share = if to > from { ((column as f64 - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
                out.push((column, pair[0].1 + (pair[1].1 - pair[0].1) * share));
            }
        }
        if let [only] = curve.points {
            out.push((at(only.0).round().clamp(0.0, columns.saturating_sub(1) as f64) as usize, only.1));
        }
        out
    }

    fn draw_letters(&self, curve: &Curve<'_>, letter: &str, area: Rect, buffer: &mut Buffer) {
        for (column, value) in self.columns(curve, area.width as usize) {
            let y = area.y + self.step(value, area.height as usize) as u16;
            buffer.set_string(area.x + column as u16, y, letter, curve.style);
        }
    }

    fn draw_dots(&self, curve: &Curve<'_>, area: Rect, buffer: &mut Buffer) {
        /// Bits of the dots of a cell, by row and column.
        const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let rows = area.height as usize * 4;
        let mut before: Option<(usize, usize)> = None;
        for (column, value) in self.columns(curve, area.width as usize * 2) {
            let row = self.step(value, rows);
            // A steep line fills the rows between two columns.
            let from = before
                .filter(|(c, _)| column <= c + 1)
                .map_or(row, |(_, r)| if r < row { r + 1 } else { r.max(row + 1) - 1 });
            for r in from.min(row)..=from.max(row) {
                let at = (area.x + (column / 2) as u16, area.y + (r / 4) as u16);
                if let Some(cell) = buffer.cell_mut(at) {
                    let old = cell.symbol().chars().next().map_or(0, |c| c as u32);
                    let bits = if (0x2800..0x2900).contains(&old) { old - 0x2800 } else { 0 };
                    let dots = char::from_u32(0x2800 + (bits | DOTS[r % 4][column % 2])).unwrap_or(' ');
                    cell.set_char(dots).set_style(curve.style);
                }
            }
            before = Some((column, row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Curve, Plot, nice_top};
    use crate::tui::theme::Glyphs;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn rows(plot: &Plot<'_>, glyphs: &Glyphs, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        plot.draw(area, &mut buffer, glyphs);
        (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>()).collect()
    }

    fn plot(points: &[(f64, f64)]) -> Plot<'_> {
        Plot {
            curves: vec![Curve { points, style: Style::new() }],
            x: (0.0, 4.0),
            top: 4.0,
            threshold: None,
            cursor: None,
            letters: false,
        }
    }

    #[test]
    fn letters_rise_with_the_values() {
        let points = [(0.0, 0.0), (4.0, 4.0)];
        let p = Plot { letters: true, threshold: Some((2.0, Style::new())), ..plot(&points) };
        assert_eq!(rows(&p, &Glyphs::UNICODE, 5, 5), ["    *", "   * ", "──*──", " *   ", "*    "]);
        assert_eq!(rows(&p, &Glyphs::ASCII, 5, 5)[2], "--*--");
    }

    #[test]
    fn dots_rise_with_the_values() {
        let points = [(0.0, 0.0), (4.0, 4.0)];
        assert_eq!(rows(&plot(&points), &Glyphs::UNICODE, 2, 1), ["⡠⠊"]);
    }

    #[test]
    fn odd_data_and_areas_do_no_harm() {
        for points in [&[][..], &[(2.0, 9.0)], &[(3.0, 1.0), (3.0, 2.0)], &[(-5.0, f64::NAN), (99.0, -3.0)]] {
            for (w, h) in [(0, 0), (1, 1), (7, 3)] {
                rows(&plot(points), &Glyphs::UNICODE, w, h);
                rows(&Plot { letters: true, ..plot(points) }, &Glyphs::UNICODE, w, h);
            }
        }
    }

    #[test]
    fn tops_are_round() {
        for (value, top) in [(0.0, 1.0), (0.13, 0.2), (1.0, 1.0), (7.0, 10.0), (214.0, 500.0), (1000.0, 1000.0)] {
            assert!((nice_top(value) - top).abs() < 1e-9, "{value}: {}", nice_top(value));
        }
    }
}
