//! Finds templates: by all words, by all words but one, by the letters alone, and by first word for those with
//! free words. Slots are positions in the miner's list. It holds no text.

use super::shape::{Word, mix, positional};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The keys are hashes already.
#[derive(Default)]
pub(super) struct Keep(u64);

impl Hasher for Keep {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*b);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

pub(super) type HashedMap<V> = HashMap<u64, V, BuildHasherDefault<Keep>>;

/// One slot, seldom more.
#[derive(Default)]
struct Bucket {
    first: u32,
    more: Vec<u32>,
}

/// Slots kept per bucket; what comes later is found through other keys or stays apart.
const BUCKET: usize = 64;

/// All keys of all live templates.
#[derive(Default)]
pub(super) struct Index {
    exact: HashedMap<u32>,
    but_one: HashedMap<Bucket>,
    letters: HashedMap<u32>,
    free: HashedMap<Vec<u32>>,
}

/// The hashes of one skeleton.
pub(super) struct Keys {
    exact: u64,
    letters: u64,
    first: u64,
    parts: Vec<u64>,
}

impl Keys {
    pub(super) fn new(words: &[Word]) -> Self {
        let parts: Vec<u64> = words.iter().enumerate().map(|(i, w)| positional(i, w.hash)).collect();
        let n = words.len() as u64;
        let exact = parts.iter().fold(n, |a, p| a.wrapping_add(*p));
        let letters = words
            .iter()
            .enumerate()
            .fold(n ^ 0x55, |a, (i, w)| a.wrapping_add(positional(i, if w.value_like() { w.letters } else { w.hash })));
        let first = mix(n, words.first().map_or(0, |w| w.letters));
        Self { exact, letters, first, parts }
    }

    fn but(&self, i: usize) -> u64 {
        mix(self.exact.wrapping_sub(self.parts[i]), i as u64)
    }
}

impl Index {
    pub(super) fn exact(&self, keys: &Keys) -> Option<u32> {
        self.exact.get(&keys.exact).copied()
    }

    pub(super) fn same_letters(&self, keys: &Keys) -> Option<u32> {
        self.letters.get(&keys.letters).copied()
    }

    /// Templates that agree in all words but the i-th, oldest first.
    pub(super) fn but_one(&self, keys: &Keys, i: usize, out: &mut Vec<u32>) {
        out.clear();
        if let Some(bucket) = self.but_one.get(&keys.but(i)) {
            out.push(bucket.first);
            out.extend_from_slice(&bucket.more);
        }
    }

    /// Templates of that length and first word which have a free word.
    pub(super) fn free(&self, keys: &Keys) -> &[u32] {
        self.free.get(&keys.first).map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, slot: u32, words: &[Word]) {
        let keys = Keys::new(words);
        self.exact.insert(keys.exact, slot);
        self.letters.entry(keys.letters).or_insert(slot);
        for i in 0..words.len() {
            let bucket = self.but_one.entry(keys.but(i)).or_insert(Bucket { first: slot, more: Vec::new() });
            if bucket.first != slot && bucket.more.len() < BUCKET && !bucket.more.contains(&slot) {
                bucket.more.push(slot);
            }
        }
        if words.iter().skip(1).any(is_free) {
            let list = self.free.entry(keys.first).or_default();
            if list.len() < BUCKET && !list.contains(&slot) {
                list.push(slot);
            }
        }
    }

    pub(super) fn remove(&mut self, slot: u32, words: &[Word]) {
        let keys = Keys::new(words);
        self.exact.remove(&keys.exact);
        if self.letters.get(&keys.letters) == Some(&slot) {
            self.letters.remove(&keys.letters);
        }
        for i in 0..words.len() {
            let key = keys.but(i);
            let Some(bucket) = self.but_one.get_mut(&key) else { continue };
            bucket.more.retain(|s| *s != slot);
            if bucket.first == slot {
                if bucket.more.is_empty() {
                    self.but_one.remove(&key);
                } else {
                    bucket.first = bucket.more.remove(0);
                }
            }
        }
        if let Some(list) = self.free.get_mut(&keys.first) {
            list.retain(|s| *s != slot);
        }
    }
}

/// A word that any word may stand for.
pub(super) fn is_free(word: &Word) -> bool {
    &*word.text == "<str>" || &*word.text == "<*>"
}
