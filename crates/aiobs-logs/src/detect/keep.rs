//! What detectors learn of single statements, as blobs by name, so that a restart does not begin anew. Used by those that
//! learn per source and template; it knows nothing of what they learn.

use aiobs_types::{SourceId, TemplateId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What was not met for so long (by event time, against the latest that was) is forgotten.
const STALE: i64 = 30 * 86_400 * 1_000_000_000;
/// Unreadable blobs that are told one by one.
const TOLD: usize = 3;

/// A statement's place.
pub(super) type Key = (SourceId, TemplateId);

/// One statement's blob.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept<T> {
    version: u32,
    source: SourceId,
    template: TemplateId,
    /// When it was met last, event time.
    last: Timestamp,
    learnt: T,
}

/// How often a statement was met, and how often when it was stored last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dues {
    met: u32,
    stored: u32,
    was_stored: bool,
}

impl Dues {
    /// It was met once more.
    pub(super) fn meet(&mut self) {
        self.met = self.met.saturating_add(1);
    }

    /// Whether it is to be stored: when it was met a quarter more than the last time, or, with `all`, at all. What is
    /// known well changes little, so it is seldom written.
    pub(super) fn are_due(&self, all: bool) -> bool {
        let fresh = self.met - self.stored;
        fresh > 0 && (all || fresh >= self.stored / 4 + 64)
    }

    /// It was stored now, or comes from the store.
    pub(super) fn settle(&mut self) {
        (self.stored, self.was_stored) = (self.met, true);
    }

    /// Whether there is a blob of it.
    pub(super) fn was_stored(&self) -> bool {
        self.was_stored
    }

    /// As it was after so many records.
    pub(super) fn restored(met: u32) -> Self {
        Self { met, stored: met, was_stored: true }
    }
}

/// Name of a statement's blob.
pub(super) fn name(prefix: &str, (source, template): Key) -> String {
    format!("{prefix}{}/{}", source.0, template.0)
}

/// A statement's blob by its name; an empty one if it cannot be written, which forgets it.
pub(super) fn blob<T: Serialize>(
    (prefix, version): (&str, u32),
    key: Key,
    last: Timestamp,
    learnt: T,
) -> (String, Vec<u8>) {
    let kept = Kept { version, source: key.0, template: key.1, last, learnt };
    (name(prefix, key), serde_json::to_vec(&kept).unwrap_or_default())
}

/// What could be read of stored blobs.
pub(super) struct Restored<T> {
    /// The statements met last, at most so many.
    pub(super) statements: Vec<(Key, Timestamp, T)>,
    /// Names of blobs that are of no use any more.
    pub(super) gone: Vec<String>,
}

/// Reads the blobs with this prefix. Those of another version, torn or stale ones are left out, with a word in the log.
pub(super) fn restore<T: DeserializeOwned>(
    (prefix, version): (&str, u32),
    most: usize,
    blobs: &[(String, Vec<u8>)],
    fits: impl Fn(&T) -> bool,
) -> Restored<T> {
    let (mut read, mut gone, mut bad) = (Vec::new(), Vec::new(), 0);
    for (stored, blob) in blobs.iter().filter(|(name, _)| name.starts_with(prefix)) {
        match parse(blob, version, &fits) {
            Ok(kept) => read.push(kept),
            Err(why) => {
                bad += 1;
                if bad <= TOLD {
                    tracing::warn!("what was learnt in {stored} is left out and learnt again: {why}");
                }
                gone.push(stored.clone());
            }
        }
    }
    if bad > TOLD {
        tracing::warn!("{} more of {prefix} are left out", bad - TOLD);
    }
    read.sort_by_key(|kept| std::cmp::Reverse(kept.last));
    let newest = read.first().map_or(Timestamp(0), |kept| kept.last);
    let keep = read.iter().take(most).take_while(|kept| newest.since(kept.last) < STALE).count();
    gone.extend(read.drain(keep..).map(|kept| name(prefix, (kept.source, kept.template))));
    let statements = read.into_iter().map(|kept| ((kept.source, kept.template), kept.last, kept.learnt)).collect();
    Restored { statements, gone }
}

fn parse<T: DeserializeOwned>(blob: &[u8], version: u32, fits: impl Fn(&T) -> bool) -> Result<Kept<T>, String> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = serde_json::from_slice(blob).map_err(|e| e.to_string())?;
    if head.version != version {
        return Err(format!("it is of version {}, this program's is {version}", head.version));
    }
    let kept: Kept<T> = serde_json::from_slice(blob).map_err(|e| e.to_string())?;
    if fits(&kept.learnt) { Ok(kept) } else { Err("its numbers cannot be".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn the_latest_are_taken_up_and_the_rest_is_forgotten() {
        let key = |n: u32| (SourceId(1), TemplateId(n));
        let of = |n: u32, day: i64| blob(("x/", 1), key(n), Timestamp::from_secs(day * DAY), n);
        let mut blobs = vec![of(1, 100), of(2, 99), of(3, 98), of(4, 10)];
        blobs.push(blob(("x/", 2), key(5), Timestamp::from_secs(100 * DAY), 5));
        blobs.push(("x/1/6".to_owned(), b"{\"version\":1,".to_vec()));
        blobs.push(blob(("y/", 1), key(7), Timestamp::from_secs(100 * DAY), 7));
        blobs.push(of(900, 100));
        let got = restore(("x/", 1), 10, &blobs, |n: &u32| *n < 900);
        let numbers: Vec<u32> = got.statements.iter().map(|s| s.2).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(got.gone, ["x/1/5", "x/1/6", "x/1/900", "x/1/4"]);
        let few = restore(("x/", 1), 2, &blobs, |n: &u32| *n < 900);
        assert_eq!((few.statements.len(), few.gone.len()), (2, 5));
    }

    #[test]
    fn what_is_known_well_is_seldom_written() {
        let mut dues = Dues::default();
        let mut written = 0;
        for _ in 0..100_000 {
            dues.meet();
            if dues.are_due(false) {
                dues.settle();
                written += 1;
            }
        }
        assert!((10..60).contains(&written), "{written}");
        dues.meet();
        assert!(dues.are_due(true) && !dues.are_due(false));
    }
}
