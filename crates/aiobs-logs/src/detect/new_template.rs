//! Statements that a source never made before, once it has been watched long enough to say so. A healthy program says
//! something new now and then: a new warning is news when it comes again and again, or when its words tell of a fault
//! (which others weigh).

use aiobs_types::{SourceId, TemplateId, Timestamp};
use std::collections::HashMap;

const MINUTE: i64 = 60_000_000_000;
/// A new warning that comes this often ...
const AGAIN: u32 = 5;
/// ... within this time, in nanoseconds, is news,
const WITHIN: i64 = MINUTE;
/// and stays so for this long.
const NEWS: i64 = 60 * MINUTE;
/// New warnings watched at the same time; beyond it those that are no news any more leave, then all.
const FRESH: usize = 1_000;

/// How new a statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Novelty {
    /// It is known, or nobody can tell.
    #[default]
    Known,
    /// This is its first record.
    First,
    /// It is new and came so often, within so many seconds.
    Again(u32, u32),
}

/// A new warning.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    first: Timestamp,
    count: u32,
    news: bool,
}

/// How long each source has been watched.
pub(super) struct NewTemplate {
    records: u64,
    minutes: i64,
    history: bool,
    sources: Vec<Watched>,
    fresh: HashMap<TemplateId, Fresh>,
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
        Self { records, minutes: i64::from(minutes), history: true, sources: Vec::new(), fresh: HashMap::new() }
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

    /// How new a warning is; `founded`: it is the first of its template, in a source that was watched long enough.
    pub(super) fn novelty(&mut self, template: TemplateId, time: Timestamp, founded: bool) -> Novelty {
        if founded {
            if self.fresh.len() >= FRESH {
                self.fresh.retain(|_, f| time.since(f.first) < if f.news { NEWS } else { WITHIN });
            }
            if self.fresh.len() >= FRESH {
                self.fresh.clear();
            }
            self.fresh.insert(template, Fresh { first: time, count: 1, news: false });
            return Novelty::First;
        }
        let Some(fresh) = self.fresh.get_mut(&template) else { return Novelty::Known };
        fresh.count = fresh.count.saturating_add(1);
        let age = time.since(fresh.first);
        if age >= if fresh.news { NEWS } else { WITHIN } {
            self.fresh.remove(&template);
            return Novelty::Known;
        }
        fresh.news |= fresh.count >= AGAIN;
        let seconds = (age / 1_000_000_000).clamp(0, NEWS) as u32;
        if fresh.news { Novelty::Again(fresh.count, seconds) } else { Novelty::Known }
    }

    /// New warnings watched.
    #[cfg(test)]
    pub(super) fn watched(&self) -> usize {
        self.fresh.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_warning_is_news_when_it_comes_again_and_again() {
        let mut new = NewTemplate::new(0, 0);
        let mut at = |template: u32, seconds: i64, founded: bool| {
            new.novelty(TemplateId(template), Timestamp::from_secs(seconds), founded)
        };
        assert_eq!(at(1, 0, true), Novelty::First);
        assert_eq!([at(1, 5, false), at(1, 9, false), at(1, 12, false)], [Novelty::Known; 3]);
        assert_eq!([at(1, 20, false), at(1, 300, false)], [Novelty::Again(5, 20), Novelty::Again(6, 300)]);
        assert_eq!(at(1, 4_000, false), Novelty::Known, "it is usual by now");
        assert_eq!(at(2, 0, true), Novelty::First);
        assert!((1..20).all(|n| at(2, n * 30, false) == Novelty::Known), "now and then is no news");
        assert_eq!(at(3, 0, false), Novelty::Known, "nobody saw its first record");
    }

    #[test]
    fn no_number_of_new_warnings_takes_more_room() {
        let mut new = NewTemplate::new(0, 0);
        for n in 0..10_000 {
            new.novelty(TemplateId(n), Timestamp::from_secs(i64::from(n / 100)), true);
        }
        assert!(new.watched() <= FRESH);
    }
}
