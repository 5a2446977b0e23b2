//! Characters that stand for things, in Unicode and in ASCII. Colour never carries a meaning alone: these do.

use crate::runtime::events::StageState;
use aiobs_types::{IncidentState, Level};

/// One set of characters. Every entry is one cell wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether this is the ASCII set.
    pub ascii: bool,
    /// Eight heights of a bar, lowest first.
    pub bars: [&'static str; 8],
    /// A bucket with nothing in it.
    pub bar_zero: &'static str,
    /// Full and empty part of a progress bar.
    pub progress: [&'static str; 2],
    /// Four shades of how many errors, fewest first.
    pub shades: [&'static str; 4],
    /// Few and many warnings.
    pub shades_warn: [&'static str; 2],
    /// Rail and thumb of a scrollbar.
    pub scrollbar: [&'static str; 2],
    /// Where a text was cut.
    pub ellipsis: &'static str,
    /// Line across.
    pub horizontal: &'static str,
    /// Line down.
    pub vertical: &'static str,
    /// Branches of a tree: child, last child, passing by.
    pub tree: [&'static str; 3],
    /// Repetition, as in ×12.
    pub times: &'static str,
    /// Continuation of a record on the next row.
    pub continued: &'static str,
    /// The selected row.
    pub cursor: &'static str,
    /// Between steps.
    pub step: &'static str,
    /// Arrow to the right.
    pub arrow: &'static str,
    /// Points at the character over it.
    pub caret: &'static str,
    /// A mark on the time axis.
    pub marker: &'static str,
    /// A change that people made, on a time axis.
    pub change: &'static str,
    /// Between times of a range.
    pub dash: &'static str,
    /// List item.
    pub bullet: &'static str,
    /// Removes something.
    pub cross: &'static str,
    /// Something done.
    pub check: &'static str,
    /// A bookmark.
    pub bookmark: &'static str,
}

impl Glyphs {
    /// For terminals that show Unicode.
    pub const UNICODE: Self = Self {
        ascii: false,
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        bar_zero: "▁",
        progress: ["▰", "▱"],
        shades: ["░", "▒", "▓", "█"],
        shades_warn: ["·", "▵"],
        scrollbar: ["▐", "█"],
        ellipsis: "…",
        horizontal: "─",
        vertical: "│",
        tree: ["├", "└", "│"],
        times: "×",
        continued: "↳",
        cursor: "▌",
        step: "›",
        arrow: "→",
        caret: "^",
        marker: "▲",
        change: "▼",
        dash: "–",
        bullet: "•",
        cross: "×",
        check: "✓",
        bookmark: "◆",
    };

    /// For all other terminals.
    pub const ASCII: Self = Self {
        ascii: true,
        bars: ["_", ".", ":", "-", "=", "+", "*", "#"],
        bar_zero: "_",
        progress: ["#", "."],
        shades: ["-", "=", "%", "#"],
        shades_warn: [".", "w"],
        scrollbar: ["|", "#"],
        ellipsis: "~",
        horizontal: "-",
        vertical: "|",
        tree: ["+", "`", "|"],
        times: "x",
        continued: ">",
        cursor: ">",
        step: ">",
        arrow: ">",
        caret: "^",
        marker: "^",
        change: "v",
        dash: "-",
        bullet: "*",
        cross: "x",
        check: "v",
        bookmark: "*",
    };

    /// The Unicode set, or the ASCII one.
    pub const fn pick(ascii: bool) -> Self {
        if ascii { Self::ASCII } else { Self::UNICODE }
    }

    /// A severity level.
    pub const fn level(&self, level: Level) -> &'static str {
        match (level, self.ascii) {
            (Level::Fatal, false) => "✖",
            (Level::Error, false) => "●",
            (Level::Warn, false) => "▲",
            (Level::Info | Level::Unset, false) => "·",
            (Level::Debug | Level::Trace, false) => "◦",
            (Level::Fatal, true) => "X",
            (Level::Error, true) => "E",
            (Level::Warn, true) => "W",
            (Level::Info | Level::Unset, true) => ".",
            (Level::Debug | Level::Trace, true) => "d",
        }
    }

    /// The state of an incident; `diagnosing` while its run goes on.
    pub const fn incident(&self, state: IncidentState, diagnosing: bool) -> &'static str {
        match (state, diagnosing, self.ascii) {
            (IncidentState::Open | IncidentState::Acknowledged, true, false) => "◐",
            (IncidentState::Open, false, false) => "◌",
            (IncidentState::Acknowledged, false, false) => "◉",
            (IncidentState::Resolved, _, false) => "✓",
            (IncidentState::Muted, _, false) => "–",
            (IncidentState::Open | IncidentState::Acknowledged, true, true) => "%",
            (IncidentState::Open, false, true) => "o",
            (IncidentState::Acknowledged, false, true) => "@",
            (IncidentState::Resolved, _, true) => "v",
            (IncidentState::Muted, _, true) => "-",
        }
    }

    /// The state of a stage.
    pub const fn stage(&self, state: StageState) -> &'static str {
        match (state, self.ascii) {
            (StageState::Waiting, false) => "◌",
            (StageState::Running, false) => "◐",
            (StageState::Done, false) => "✓",
            (StageState::Fallback, false) => "◇",
            (StageState::Skipped, false) => "–",
            (StageState::Waiting, true) => "o",
            (StageState::Running, true) => "%",
            (StageState::Done, true) => "v",
            (StageState::Fallback, true) => "!",
            (StageState::Skipped, true) => "-",
        }
    }

    /// A bar of `width` cells filled to `share` (0 to 1).
    pub fn progress_bar(&self, share: f64, width: usize) -> String {
        let full = ((share.clamp(0.0, 1.0) * width as f64).round() as usize).min(width);
        self.progress[0].repeat(full) + &self.progress[1].repeat(width - full)
    }
}
