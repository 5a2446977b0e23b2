//! Answers in memory: the least recently used goes first when they are too many bytes, and old ones do not count. Pure;
//! time is an argument.

use super::{bytes_of, is_fresh};
use aiobs_types::KeptAnswer;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

struct Entry {
    answer: KeptAnswer,
    used: u64,
    bytes: usize,
}

/// See the module.
pub(crate) struct Lru {
    entries: HashMap<String, Entry>,
    /// Key by when it was used last.
    order: BTreeMap<u64, String>,
    clock: u64,
    bytes: usize,
    most: usize,
}

impl Lru {
    /// At most so many bytes of answers.
    pub(crate) fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), clock: 0, bytes: 0, most }
    }

    /// The answer under this key, unless it is older than `ttl`.
    pub(crate) fn get(&mut self, key: &str, now: i64, ttl: Duration) -> Option<KeptAnswer> {
        let entry = self.entries.get_mut(key)?;
        if !is_fresh(&entry.answer, now, ttl) {
            self.remove(key);
            return None;
        }
        self.clock += 1;
        self.order.remove(&entry.used);
        entry.used = self.clock;
        self.order.insert(self.clock, key.to_owned());
        Some(entry.answer.clone())
    }

    /// Keeps an answer.
    pub(crate) fn put(&mut self, key: &str, answer: KeptAnswer) {
        self.remove(key);
        let bytes = key.len() + bytes_of(&answer);
        if bytes > self.most {
            return;
        }
        self.clock += 1;
        self.bytes += bytes;
        self.order.insert(self.clock, key.to_owned());
        self.entries.insert(key.to_owned(), Entry { answer, used: self.clock, bytes });
        while self.bytes > self.most {
            let Some((_, oldest)) = self.order.first_key_value().map(|(t, k)| (*t, k.clone())) else { break };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn answer(text: &str, at: i64) -> KeptAnswer {
        KeptAnswer { text: text.into(), time: aiobs_types::Timestamp(at), ..KeptAnswer::default() }
    }

    #[test]
    fn the_least_recently_used_goes_first_and_old_ones_do_not_count() {
        let ttl = Duration::from_secs(10);
        let each = 1 + bytes_of(&answer("xxxx", 0));
        let mut lru = Lru::new(each * 2);
        lru.put("a", answer("xxxx", 0));
        lru.put("b", answer("yyyy", 0));
        assert!(lru.get("a", 5, ttl).is_some());
        lru.put("c", answer("zzzz", 0));
        assert!(lru.get("b", 5, ttl).is_none(), "the least recently used");
        assert_eq!(lru.get("a", 5, ttl).unwrap().text, "xxxx");
        assert!(lru.get("a", 10_000_000_001, ttl).is_none(), "too old");
        lru.put("d", answer(&"x".repeat(10_000), 0));
        assert!(lru.get("d", 5, ttl).is_none() && lru.get("c", 5, ttl).is_some(), "what never fits displaces nothing");
        lru.put("c", answer("new", 1));
        assert_eq!((lru.entries.len(), lru.order.len()), (1, 1));
        assert_eq!(lru.bytes, 1 + bytes_of(&answer("new", 1)));
    }
}
