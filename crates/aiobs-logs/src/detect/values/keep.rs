//! Keeping the columns across restarts: one blob per statement, written again when it was read often enough.

use super::super::keep::{self, Dues};
use super::{COLUMNS, MOST_IDS, Plan, STATEMENTS, Statement, Values, Watched};

/// Raised when what a blob means changes.
const VERSION: u32 = 1;
/// Statements taken up at most: some room is left for new ones.
const TAKEN_UP: usize = STATEMENTS * 7 / 8;

impl Values {
    /// The name that all blobs begin with.
    pub const PREFIX: &'static str = "values/";

    /// Blobs of the statements that are due, by name, or with `all` of those read since the last call; an empty one
    /// stands for a statement that is forgotten.
    pub fn take_state(&mut self, all: bool) -> Vec<(String, Vec<u8>)> {
        let mut out: Vec<(String, Vec<u8>)> = self.gone.drain(..).map(|name| (name, Vec::new())).collect();
        for (key, statement) in &mut self.statements {
            if statement.dues.are_due(all) {
                statement.dues.settle();
                out.push(keep::blob((Self::PREFIX, VERSION), *key, statement.last, &statement.columns));
            }
        }
        out
    }

    /// Takes up what an earlier run learnt. Blobs of other names are passed over; those that cannot be read, or do not
    /// fit, are left out with a word in the log.
    pub fn restore(&mut self, blobs: &[(String, Vec<u8>)]) {
        let fits = |columns: &Vec<Watched>| {
            !columns.is_empty() && columns.len() <= 2 * COLUMNS && columns.iter().all(Watched::is_sound)
        };
        let restored = keep::restore((Self::PREFIX, VERSION), TAKEN_UP, blobs, fits);
        self.gone.extend(restored.gone);
        for ((source, template), last, columns) in restored.statements {
            let at = template.0 as usize;
            if at >= MOST_IDS {
                continue;
            }
            if at >= self.plans.len() {
                self.plans.resize((at + 1).next_power_of_two(), Plan::default());
            }
            self.plans[at].has_values = true;
            let met = columns.iter().map(Watched::met).max().unwrap_or_default();
            self.statements.insert((source, template), Statement { columns, last, dues: Dues::restored(met) });
        }
    }
}
