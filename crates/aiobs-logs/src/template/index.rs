//! Finds templates: by all words, by all words but one, by the letters alone, and by the first and the last word for those with
//! free words. Slots are positions in the miner's list. It holds no text.

use super::shape::{Word, mix, positional};
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
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

/// One slot, or where the list of several is: small, since there is one per word of each template.
#[derive(Clone, Copy)]
enum Bucket {
    One(u32),
    Several(u32),
}

/// Slots kept per bucket; what comes later is found through other keys or stays apart.
const BUCKET: usize = 64;

/// All keys of all live templates.
#[derive(Default)]
pub(super) struct Index {
    exact: HashedMap<u32>,
    but_one: HashedMap<Bucket>,
    /// The lists of [`Bucket::Several`], and those that are free.
    lists: Vec<Vec<u32>>,
    spare: Vec<u32>,
    letters: HashedMap<u32>,
    free: HashedMap<Vec<u32>>,
}

/// The hashes of one skeleton.
pub(super) struct Keys {
    exact: u64,
    letters: u64,
    ends: [u64; 2],
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
        Self { exact, letters, ends: [end_key(n, 0, words.first()), end_key(n, 1, words.last())], parts }
    }

    fn but(&self, i: usize) -> u64 {
        mix(self.exact.wrapping_sub(self.parts[i]), i as u64)
    }
}

/// Key of a first (0) or last (1) word; all free ones share one.
fn end_key(n: u64, side: u64, word: Option<&Word>) -> u64 {
    mix(n << 1 | side, word.filter(|w| !w.free).map_or(0, |w| w.letters))
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
        match self.but_one.get(&keys.but(i)) {
            None => {}
            Some(Bucket::One(slot)) => out.push(*slot),
            Some(Bucket::Several(list)) => out.extend_from_slice(&self.lists[*list as usize]),
        }
    }

    /// Templates with a free word, of that length and with that first or last word.
    pub(super) fn free(&self, keys: &Keys) -> impl Iterator<Item = u32> {
        let n = keys.parts.len() as u64;
        let open = [end_key(n, 0, None), end_key(n, 1, None)];
        keys.ends.into_iter().chain(open).filter_map(|end| self.free.get(&end)).flatten().copied()
    }

    pub(super) fn insert(&mut self, slot: u32, keys: &Keys, words: &[Word]) {
        self.exact.insert(keys.exact, slot);
        self.letters.entry(keys.letters).or_insert(slot);
        for i in 0..words.len() {
            match self.but_one.entry(keys.but(i)) {
                Vacant(place) => {
                    place.insert(Bucket::One(slot));
                }
                Occupied(mut place) => match *place.get() {
                    Bucket::One(first) if first == slot => {}
                    Bucket::One(first) => {
                        let list = self.spare.pop().unwrap_or_else(|| {
                            self.lists.push(Vec::new());
                            self.lists.len() as u32 - 1
                        });
                        self.lists[list as usize].extend([first, slot]);
                        place.insert(Bucket::Several(list));
                    }
                    Bucket::Several(list) => {
                        let list = &mut self.lists[list as usize];
                        if list.len() < BUCKET && !list.contains(&slot) {
                            list.push(slot);
                        }
                    }
                },
            }
        }
        if words.iter().any(|w| w.free) {
            for end in keys.ends {
                let list = self.free.entry(end).or_default();
                if list.len() < BUCKET && !list.contains(&slot) {
                    list.push(slot);
                }
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
            let Occupied(mut place) = self.but_one.entry(keys.but(i)) else { continue };
            match *place.get() {
                Bucket::One(one) if one == slot => {
                    place.remove();
                }
                Bucket::One(_) => {}
                Bucket::Several(at) => {
                    let list = &mut self.lists[at as usize];
                    list.retain(|s| *s != slot);
                    if let [one] = **list {
                        *list = Vec::new();
                        self.spare.push(at);
                        place.insert(Bucket::One(one));
                    }
                }
            }
        }
        for end in keys.ends {
            if let Some(list) = self.free.get_mut(&end) {
                list.retain(|s| *s != slot);
            }
        }
    }
}
