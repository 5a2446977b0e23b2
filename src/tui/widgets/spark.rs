//! Bars in text: one row for a trend, several for a chart. Eight heights per cell, or characters of ASCII.

use crate::tui::theme::Glyphs;

/// `values` brought to at most `width` columns: neighbours are merged into their largest, so that peaks stay.
pub fn resample(values: &[u32], width: usize) -> Vec<u32> {
    if width == 0 {
        return Vec::new();
    }
    if values.len() <= width {
        return values.to_vec();
    }
    (0..width)
        .map(|i| {
            let from = i * values.len() / width;
            let to = ((i + 1) * values.len() / width).max(from + 1);
            values[from..to].iter().copied().max().unwrap_or(0)
        })
        .collect()
}

/// `values` made to use exactly `width` columns: merged when there are more, repeated when there are fewer.
pub fn spread(values: &[u32], width: usize) -> Vec<u32> {
    if values.is_empty() || values.len() >= width {
        return resample(values, width);
    }
    (0..width).map(|i| values[i * values.len() / width]).collect()
}

/// One row of bars, newest to the right, `width` cells wide; the highest value is a full bar.
pub fn sparkline(values: &[u32], width: usize, glyphs: &Glyphs) -> String {
    let max = values.iter().copied().max().unwrap_or(0);
    sparkline_to(values, max, width, glyphs)
}

/// Like [`sparkline`], with a full bar standing for `max`, so that several rows compare.
pub fn sparkline_to(values: &[u32], max: u32, width: usize, glyphs: &Glyphs) -> String {
    let values = resample(values, width);
    let mut out = " ".repeat(width - values.len());
    for v in values {
        out.push_str(match eighths(v, max, 8) {
            0 => glyphs.bar_zero,
            n => glyphs.bars[n.min(8) - 1],
        });
    }
    out
}

/// Several rows of bars, top row first, each `width` cells wide; the highest value fills all rows.
pub fn bars(values: &[u32], width: usize, height: usize, glyphs: &Glyphs) -> Vec<String> {
    let max = values.iter().copied().max().unwrap_or(0);
    let values = resample(values, width);
    let pad = " ".repeat(width - values.len());
    (0..height)
        .rev()
        .map(|row| {
            let mut out = pad.clone();
            for v in &values {
                let full = eighths(*v, max, height * 8);
                out.push_str(match full.saturating_sub(row * 8) {
                    0 if row == 0 => glyphs.bar_zero,
                    0 => " ",
                    n => glyphs.bars[n.min(8) - 1],
                });
            }
            out
        })
        .collect()
}

/// Height of `v` in steps; at least one step for what is not zero.
fn eighths(v: u32, max: u32, steps: usize) -> usize {
    if v == 0 || max == 0 {
        return 0;
    }
    let share = f64::from(v) / f64::from(max);
    ((share * steps as f64).round() as usize).clamp(1, steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_value_is_a_full_bar_and_the_newest_is_right() {
        assert_eq!(sparkline(&[0, 1, 4, 8], 6, &Glyphs::UNICODE), "  ▁▁▄█");
        assert_eq!(sparkline(&[0, 1, 4, 8], 4, &Glyphs::ASCII), "__-#");
    }

    #[test]
    fn a_peak_survives_a_narrow_column() {
        let mut values = vec![1; 100];
        values[37] = 50;
        assert!(sparkline(&values, 5, &Glyphs::UNICODE).contains('█'));
    }

    #[test]
    fn several_rows_grow_from_the_bottom() {
        assert_eq!(bars(&[0, 8, 16], 3, 2, &Glyphs::UNICODE), ["  █", "▁██"]);
    }

    #[test]
    fn nothing_to_show_is_no_panic() {
        assert_eq!(sparkline(&[], 3, &Glyphs::UNICODE), "   ");
        assert_eq!(sparkline(&[1], 0, &Glyphs::UNICODE), "");
    }
}
