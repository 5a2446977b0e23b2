//! Statements that a source never made before, once it has been watched long enough to say so.

use aiobs_types::{SourceId, Timestamp};

const MINUTE: i64 = 60_000_000_000;

/// How long each source has been watched.
pub(super) struct NewTemplate {
    records: u64,
    minutes: i64,
    history: bool,
    sources: Vec<Watched>,
}

#[derive(Clone, Copy)]
struct Watched {
    records: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Default for Watched {
    fn default() -> Self {
        Self { records: 0, first: Timestamp(i64::MAX), last: Timestamp(i64::MIN) }
    }
}

/// Sources told apart; later ones share the last place.
const SOURCES: usize = 100_000;

impl NewTemplate {
    pub(super) fn new(records: u64, minutes: u32) -> Self {
        Self { records, minutes: i64::from(minutes), history: true, sources: Vec::new() }
    }

    pub(super) fn set_history(&mut self, known: bool) {
        self.history = known;
    }

    /// What an earlier run saw of a source.
    pub(super) fn restore(&mut self, source: SourceId, records: u64, first: Timestamp, last: Timestamp) {
        *self.place(source) = Watched { records, first, last };
    }

    fn place(&mut self, source: SourceId) -> &mut Watched {
        let i = (source.0 as usize).min(SOURCES - 1);
        if self.sources.len() <= i {
            self.sources.resize(i + 1, Watched::default());
        }
        &mut self.sources[i]
    }

    /// Counts a record; whether an unknown template of this source is worth a report by now.
    pub(super) fn watch(&mut self, source: SourceId, time: Timestamp) -> bool {
        let (records, minutes, history) = (self.records, self.minutes, self.history);
        let watched = self.place(source);
        watched.records += 1;
        watched.first = watched.first.min(time);
        watched.last = watched.last.max(time);
        history && watched.records > records && watched.last.since(watched.first) >= minutes * MINUTE
    }
}
