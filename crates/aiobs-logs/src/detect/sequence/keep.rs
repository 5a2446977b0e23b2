//! Keeping what usually comes next across restarts: one blob per statement. Identifiers under way at the end are not
//! kept: nobody recorded what came of them in between.

use super::super::keep::{self, Dues};
use super::steps::Steps;
use super::{Carries, MOST_IDS, STATEMENTS, Sequences, Statement};
use crate::detect::report::fnv;
use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

/// Raised when what a blob means changes.
const VERSION: u32 = 1;
/// Statements taken up at most: some room is left for new ones.
const TAKEN_UP: usize = STATEMENTS * 7 / 8;
/// Bytes of an identifier's name.
const NAME: usize = 64;

#[derive(Serialize, Deserialize)]
struct Learnt<S> {
    /// Name of the identifier.
    ident: String,
    steps: S,
}

impl Sequences {
    /// The name that all blobs begin with.
    pub const PREFIX: &'static str = "sequences/";

    /// Blobs of the statements that are due, by name, or with `all` of those met since the last call; an empty one
    /// stands for a statement that is forgotten.
    pub fn take_state(&mut self, all: bool) -> Vec<(String, Vec<u8>)> {
        let mut out: Vec<(String, Vec<u8>)> = self.gone.drain(..).map(|name| (name, Vec::new())).collect();
        for (key, statement) in &mut self.steps {
            let carries = self.carries.get(key.1.0 as usize).copied().unwrap_or_default();
            let name = if let Carries::Yes(ident) = carries { self.names.get(&ident) } else { None };
            let ident = name.and_then(|finder| std::str::from_utf8(finder.needle()).ok());
            match ident {
                Some(ident) if statement.dues.are_due(all) => {
                    statement.dues.settle();
                    let learnt = Learnt { ident: ident.to_owned(), steps: &statement.steps };
                    out.push(keep::blob((Self::PREFIX, VERSION), *key, statement.last, learnt));
                }
                // It is not followed any longer.
                None if statement.dues.was_stored() => {
                    statement.dues = Dues::default();
                    out.push((keep::name(Self::PREFIX, *key), Vec::new()));
                }
                _ => {}
            }
        }
        out
    }

    /// Takes up what an earlier run learnt. Blobs of other names are passed over; those that cannot be read, or do not
    /// fit, are left out with a word in the log.
    pub fn restore(&mut self, blobs: &[(String, Vec<u8>)]) {
        let fits = |l: &Learnt<Steps>| !l.ident.is_empty() && l.ident.len() <= NAME && l.steps.is_sound();
        let restored = keep::restore((Self::PREFIX, VERSION), TAKEN_UP, blobs, fits);
        self.gone.extend(restored.gone);
        for (key, last, Learnt { ident, steps }) in restored.statements {
            let at = key.1.0 as usize;
            if at >= MOST_IDS {
                continue;
            }
            if at >= self.carries.len() {
                self.grow(at);
            }
            let name = fnv(6, ident.as_bytes());
            self.names.entry(name).or_insert_with(|| Finder::new(&ident).into_owned());
            self.carries[at] = Carries::Yes(name);
            let dues = Dues::restored(steps.met());
            self.steps.insert(key, Statement { steps, last, dues });
        }
    }
}
