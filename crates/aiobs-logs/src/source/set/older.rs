//! What a person says about the part of large files before their end: not to read it, or to read it after all.

use super::SourceSet;
use crate::source::SourceEvent;

impl SourceSet {
    /// Leaves out what lies before the previewed end of each file, and stops reading what had been left out before. Says
    /// of how many sources.
    pub fn leave_out_older(&mut self, mut sink: impl FnMut(SourceEvent<'_>)) -> usize {
        let left = self.tails.iter_mut().filter_map(|tail| tail.leave_out(&mut sink).then_some(())).count();
        for at in 0..self.tails.len() {
            self.enqueue(at);
        }
        left
    }

    /// Has the next calls of `poll` read what was left out. Says of how many sources.
    pub fn read_left_out(&mut self) -> usize {
        let wanted: Vec<usize> = (0..self.tails.len()).filter(|at| self.tails[*at].has_left_out()).collect();
        for at in &wanted {
            self.tails[*at].want_left_out();
            self.enqueue(*at);
        }
        wanted.len()
    }
}
