//! Doors for fuzzing: what reads a model's answer. Used by the fuzz targets only.

use crate::Stage;
use crate::chain::read_reply;

/// Reads a text as each stage's answer; what is taken from it is bounded and safe to show.
pub fn replies(text: &str) {
    for stage in Stage::ALL {
        for taken in read_reply(stage, text) {
            assert!(taken.chars().count() <= 2_000, "a field of {} characters", taken.chars().count());
            assert!(!taken.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "control characters: {taken:?}");
        }
    }
}
