//! The streaming miner: from message to template id.

use super::grow::variants_needed;
use super::index::{HashedMap, Index, Keys};
use super::scan::{first_line, scan};
use super::shape::{SkeletonHash, Word, Words, words_of_text};
use aiobs_types::{RecordId, Severity, Template, TemplateId, Timestamp};
use std::collections::HashMap;

/// Bounds of a [`Miner`]. There is nothing to tune to a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinerOptions {
    /// Templates at most; messages beyond share one template, `<*>`.
    pub max_templates: usize,
    /// Skeletons remembered for the fast path; those not met lately are forgotten first.
    pub max_skeletons: usize,
}

impl Default for MinerOptions {
    fn default() -> Self {
        Self { max_templates: 20_000, max_skeletons: 100_000 }
    }
}

/// The template of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mined {
    /// Its number.
    pub id: TemplateId,
    /// Whether this message founded it.
    pub new: bool,
    /// To count another message like this one; see [`Miner::observe_again`].
    pub statement: Statement,
}

/// What the messages of one skeleton have in common. Of use to the miner that gave it only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement(u32);

struct Entry {
    template: Template,
    words: Vec<Word>,
    /// The slot it was merged into; its own when it lives.
    alias: u32,
    /// Slots that were merged into this one.
    absorbed: Vec<u32>,
    changed: bool,
}

#[derive(Clone, Copy)]
struct Known {
    slot: u32,
    met: bool,
}

/// Mines templates from a stream of messages. One owner; the results depend on the messages and their order only.
pub struct Miner {
    options: MinerOptions,
    known: HashedMap<Known>,
    index: Index,
    entries: Vec<Entry>,
    slots: HashMap<TemplateId, u32, foldhash::fast::FixedState>,
    changed: Vec<u32>,
    next_id: u32,
    live: usize,
    overflow: Option<u32>,
    candidates: Vec<u32>,
}

impl Miner {
    /// An empty miner.
    pub fn new(options: MinerOptions) -> Self {
        Self {
            options,
            known: HashedMap::default(),
            index: Index::default(),
            entries: Vec::new(),
            slots: HashMap::default(),
            changed: Vec::new(),
            next_id: 1,
            live: 0,
            overflow: None,
            candidates: Vec::new(),
        }
    }

    /// Takes up the templates of an earlier run, with their ids, texts and counts. Templates of the same text were
    /// merged in that run and are so again.
    pub fn restore(&mut self, templates: impl IntoIterator<Item = Template>) {
        let mut templates: Vec<Template> = templates.into_iter().collect();
        templates.sort_by_key(|t| t.id);
        for template in templates {
            if template.id == TemplateId::default() || self.slots.contains_key(&template.id) {
                continue;
            }
            let words = words_of_text(&template.text);
            let keys = Keys::new(&words);
            let twin = self.index.exact(&keys);
            let slot = self.entries.len() as u32;
            self.next_id = self.next_id.max(template.id.0.saturating_add(1));
            self.slots.insert(template.id, slot);
            if let Some(twin) = twin {
                self.entries[twin as usize].template.count += template.count;
            } else {
                if template.text == "<*>" {
                    self.overflow = Some(slot);
                }
                self.index.insert(slot, &keys, &words);
                self.live += 1;
            }
            let alias = twin.unwrap_or(slot);
            if let Some(twin) = twin {
                self.entries[twin as usize].absorbed.push(slot);
            }
            self.entries.push(Entry { template, words, alias, absorbed: Vec::new(), changed: false });
        }
    }

    /// Finds or founds the template of a message and counts the record.
    pub fn observe(&mut self, message: &str, time: Timestamp, severity: Severity, record: RecordId) -> Mined {
        let line = first_line(message);
        let mut hash = SkeletonHash(line.is_empty() as u64);
        scan(line, &mut hash);
        if let Some(known) = self.known.get_mut(&hash.0) {
            known.met = true;
            let slot = known.slot;
            return self.mined(slot, false, time, severity);
        }
        let (slot, new) = self.place(line, time, record);
        self.remember(hash.0, slot);
        self.mined(slot, new, time, severity)
    }

    /// Counts a message that differs from one observed before in its values only.
    #[inline]
    pub fn observe_again(&mut self, statement: Statement, time: Timestamp, severity: Severity) -> Mined {
        self.mined(statement.0, false, time, severity)
    }

    #[inline]
    fn mined(&mut self, slot: u32, new: bool, time: Timestamp, severity: Severity) -> Mined {
        Mined { id: self.count(slot, time, severity), new, statement: Statement(slot) }
    }

    /// The text of a template, empty when there is none of that id.
    pub fn text(&self, id: TemplateId) -> &str {
        self.template(id).map_or("", |t| &t.text)
    }

    /// A template; for one that was merged, the one it was merged into.
    pub fn template(&self, id: TemplateId) -> Option<&Template> {
        self.slots.get(&id).map(|s| &self.entries[self.survivor(*s) as usize].template)
    }

    /// The id under which the records of `id` are counted now: itself, or the template it was merged into.
    pub fn resolve(&self, id: TemplateId) -> TemplateId {
        self.template(id).map_or(id, |t| t.id)
    }

    /// Number of templates that are not merged into another.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Templates that changed since the last call, to be stored. One that was merged comes with its survivor's text
    /// and a count of 0.
    pub fn take_changed(&mut self) -> Vec<Template> {
        let changed = std::mem::take(&mut self.changed);
        let mut out = Vec::with_capacity(changed.len());
        for slot in changed {
            self.entries[slot as usize].changed = false;
            let mut template = self.entries[slot as usize].template.clone();
            let survivor = self.survivor(slot);
            if survivor != slot {
                template.text.clone_from(&self.entries[survivor as usize].template.text);
            }
            out.push(template);
        }
        out
    }

    fn survivor(&self, mut slot: u32) -> u32 {
        while self.entries[slot as usize].alias != slot {
            slot = self.entries[slot as usize].alias;
        }
        slot
    }

    fn mark(&mut self, slot: u32) {
        let entry = &mut self.entries[slot as usize];
        if !entry.changed {
            entry.changed = true;
            self.changed.push(slot);
        }
    }

    #[inline]
    fn count(&mut self, slot: u32, time: Timestamp, severity: Severity) -> TemplateId {
        let slot = self.survivor(slot);
        self.mark(slot);
        let t = &mut self.entries[slot as usize].template;
        t.count += 1;
        t.first_seen = t.first_seen.min(time);
        t.last_seen = t.last_seen.max(time);
        t.severity = t.severity.max(severity);
        t.id
    }

    fn remember(&mut self, hash: u64, slot: u32) {
        if self.known.len() >= self.options.max_skeletons {
            self.known.retain(|_, k| std::mem::take(&mut k.met));
            if self.known.len() * 4 >= self.options.max_skeletons * 3 {
                self.known.clear();
            }
        }
        self.known.insert(hash, Known { slot, met: false });
    }

    /// The slow path: the template of a skeleton not met before.
    fn place(&mut self, line: &[u8], time: Timestamp, record: RecordId) -> (u32, bool) {
        let mut sink = Words::default();
        scan(line, &mut sink);
        let words = sink.words;
        let keys = Keys::new(&words);
        if let Some(slot) = self.index.exact(&keys) {
            self.widen(slot, &words);
            return (slot, false);
        }
        if let Some(slot) = self.index.same_letters(&keys)
            && self.entries[slot as usize].words.len() == words.len()
        {
            return (self.merge(&[slot], &words), false);
        }
        if let Some(slot) = self.by_free_words(&keys, &words) {
            return (slot, false);
        }
        if let Some(slot) = self.by_variants(&keys, &words) {
            return (slot, false);
        }
        self.found(&keys, words, time, record)
    }

    /// A template whose free words cover all differences.
    fn by_free_words(&self, keys: &Keys, words: &[Word]) -> Option<u32> {
        let fits = |slot: &u32| {
            let theirs = &self.entries[*slot as usize].words;
            theirs.len() == words.len()
                && theirs.iter().zip(words).all(|(t, w)| t.hash == w.hash || t.free && covers(t, w))
        };
        self.index.free(keys).filter(fits).min()
    }

    /// A template that differs in one word which has varied often enough.
    fn by_variants(&mut self, keys: &Keys, words: &[Word]) -> Option<u32> {
        let mut found = std::mem::take(&mut self.candidates);
        let mut result = None;
        for i in 0..words.len() {
            self.index.but_one(keys, i, &mut found);
            if found.is_empty() {
                continue;
            }
            found.retain(|s| self.entries[*s as usize].words.len() == words.len());
            found.sort_unstable();
            if self.choose_variants(words, i, &mut found) {
                result = Some(self.merge(&found, words));
                break;
            }
        }
        self.candidates = found;
        result
    }

    /// Leaves in `found` the templates to merge with. False when the evidence does not suffice.
    fn choose_variants(&self, words: &[Word], i: usize, found: &mut Vec<u32>) -> bool {
        let word = |slot: u32| &self.entries[slot as usize].words[i];
        let needed = |slot: u32| variants_needed(words, i, &words[i], word(slot));
        let at_once = found.iter().copied().find(|s| covers(word(*s), &words[i]) || needed(*s) <= 2);
        if let Some(slot) = at_once {
            found.clear();
            found.push(slot);
            return true;
        }
        let have = found.len() + 1;
        found.retain(|s| needed(*s) <= have);
        !found.is_empty()
    }

    /// Makes one template of those at `slots` and `words`: the oldest survives. What became the same by it, or the
    /// same but for digits, is merged too.
    fn merge(&mut self, slots: &[u32], words: &[Word]) -> u32 {
        let mut members = slots.to_vec();
        let mut joined = self.withdraw(members[0]);
        for slot in &slots[1..] {
            let theirs = self.withdraw(*slot);
            join_into(&mut joined, &theirs);
        }
        join_into(&mut joined, words);
        let keys = loop {
            let keys = Keys::new(&joined);
            let Some(twin) = self.index.exact(&keys).or_else(|| self.index.same_letters(&keys)) else { break keys };
            let mut theirs = self.withdraw(twin);
            join_into(&mut theirs, &joined);
            joined = theirs;
            members.push(twin);
        };
        let survivor = members.iter().copied().min().unwrap_or(members[0]);
        for slot in members {
            if slot != survivor {
                self.absorb(survivor, slot);
            }
        }
        self.index.insert(survivor, &keys, &joined);
        self.set_words(survivor, joined);
        survivor
    }

    /// Takes a template's words out of the index.
    fn withdraw(&mut self, slot: u32) -> Vec<Word> {
        let words = std::mem::take(&mut self.entries[slot as usize].words);
        self.index.remove(slot, &words);
        words
    }

    /// Takes the counts of `other` over into `slot` and makes it an alias.
    fn absorb(&mut self, slot: u32, other: u32) {
        let entry = &mut self.entries[other as usize];
        entry.alias = slot;
        let gone = entry.template.clone();
        let theirs = std::mem::take(&mut entry.absorbed);
        entry.template.count = 0;
        self.mark(other);
        let survivor = &mut self.entries[slot as usize];
        survivor.absorbed.push(other);
        survivor.absorbed.extend(theirs);
        let t = &mut survivor.template;
        t.count += gone.count;
        t.first_seen = t.first_seen.min(gone.first_seen);
        t.last_seen = t.last_seen.max(gone.last_seen);
        t.severity = t.severity.max(gone.severity);
        self.live -= 1;
    }

    /// Same skeleton, but placeholders of other kinds: the text tells what is common.
    fn widen(&mut self, slot: u32, words: &[Word]) {
        let entry = &self.entries[slot as usize];
        if entry.words.iter().zip(words).all(|(a, b)| a.text == b.text) {
            return;
        }
        let mut joined = self.withdraw(slot);
        join_into(&mut joined, words);
        self.index.insert(slot, &Keys::new(&joined), &joined);
        self.set_words(slot, joined);
    }

    fn set_words(&mut self, slot: u32, words: Vec<Word>) {
        let entry = &mut self.entries[slot as usize];
        entry.words = words;
        let text = text_of(&entry.words);
        if text != entry.template.text {
            entry.template.text = text;
            // Their stored text is what tells after a restart where they belong.
            for i in 0..self.entries[slot as usize].absorbed.len() {
                let other = self.entries[slot as usize].absorbed[i];
                self.mark(other);
            }
        }
        self.mark(slot);
    }

    fn found(&mut self, keys: &Keys, words: Vec<Word>, time: Timestamp, record: RecordId) -> (u32, bool) {
        if self.live >= self.options.max_templates {
            if let Some(slot) = self.overflow {
                return (slot, false);
            }
            let words = vec![Word::new("<*>")];
            let slot = self.push(&Keys::new(&words), words, time, record);
            self.overflow = Some(slot);
            return (slot, true);
        }
        (self.push(keys, words, time, record), true)
    }

    fn push(&mut self, keys: &Keys, words: Vec<Word>, time: Timestamp, record: RecordId) -> u32 {
        let slot = self.entries.len() as u32;
        let id = TemplateId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.index.insert(slot, keys, &words);
        let template = Template {
            id,
            text: text_of(&words),
            count: 0,
            first_seen: time,
            last_seen: time,
            severity: Severity::UNSET,
            example: record,
        };
        self.slots.insert(id, slot);
        self.entries.push(Entry { template, words, alias: slot, absorbed: Vec::new(), changed: false });
        self.live += 1;
        slot
    }
}

/// Whether a word of a template already stands for words like this one.
fn covers(word: &Word, candidate: &Word) -> bool {
    word.free && word.is_placeholder()
        || word.masked && (word.free || candidate.value_like()) && word.join(candidate).hash == word.hash
}

fn join_into(words: &mut [Word], others: &[Word]) {
    for (a, b) in words.iter_mut().zip(others) {
        if a.text != b.text {
            *a = a.join(b);
        }
    }
}

fn text_of(words: &[Word]) -> String {
    let mut text = String::with_capacity(words.iter().map(|w| w.text.len() + 1).sum());
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}
