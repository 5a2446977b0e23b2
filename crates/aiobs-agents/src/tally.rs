//! What can be said of many records without keeping one: how many, of what level, from whom, when. Filled by archives,
//! read by the chat; it knows neither.

use aiobs_types::{Level, RecordId, TemplateId, Timestamp};
use std::collections::HashMap;

/// Components and minutes counted apart; those beyond are in the total only.
const MOST_KEYS: usize = 20_000;
const MINUTE: i64 = 60_000_000_000;

/// Counts of the records that matched a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub count: u64,
    /// By level, `Level as usize`.
    pub levels: [u64; Level::ALL.len()],
    /// Earliest event time, with its record.
    pub first: Option<(Timestamp, RecordId)>,
    /// Latest event time, with its record.
    pub last: Option<(Timestamp, RecordId)>,
    /// Whether everything that matches was counted.
    pub complete: bool,
    components: HashMap<String, Of>,
    minutes: HashMap<i64, u64>,
    templates: HashMap<TemplateId, (u64, RecordId)>,
}

/// What is counted of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Of {
    count: u64,
    first: (Timestamp, RecordId),
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            count: 0,
            levels: [0; Level::ALL.len()],
            first: None,
            last: None,
            complete: true,
            components: HashMap::new(),
            minutes: HashMap::new(),
            templates: HashMap::new(),
        }
    }
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, id: RecordId, time: Timestamp, level: Level, component: &str, template: TemplateId) {
        self.count += 1;
        self.levels[level as usize] += 1;
        if self.first.is_none_or(|f| (time, id) < f) {
            self.first = Some((time, id));
        }
        if self.last.is_none_or(|l| (time, id) > l) {
            self.last = Some((time, id));
        }
        if let Some(of) = self.components.get_mut(component) {
            of.count += 1;
            of.first = of.first.min((time, id));
        } else if self.components.len() < MOST_KEYS {
            self.components.insert(component.to_owned(), Of { count: 1, first: (time, id) });
        }
        if let Some((n, newest)) = self.templates.get_mut(&template) {
            *n += 1;
            *newest = id.max(*newest);
        } else if self.templates.len() < MOST_KEYS {
            self.templates.insert(template, (1, id));
        }
        let minute = time.0.div_euclid(MINUTE);
        if self.minutes.len() < MOST_KEYS || self.minutes.contains_key(&minute) {
            *self.minutes.entry(minute).or_default() += 1;
        }
    }

    /// Components with their counts, most first; an empty name stands for records without one.
    pub fn by_component(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self.components.iter().map(|(name, of)| (name.as_str(), of.count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all
    }

    /// Components by their first record: when that was, and how many there are in all.
    pub fn by_first(&self) -> Vec<(&str, Timestamp, u64)> {
        self.firsts().into_iter().map(|(name, of)| (name, of.first.0, of.count)).collect()
    }

    /// The first record of each component, in the order of [`Tally::by_first`].
    pub fn first_records(&self) -> Vec<RecordId> {
        self.firsts().into_iter().map(|(_, of)| of.first.1).collect()
    }

    fn firsts(&self) -> Vec<(&str, &Of)> {
        let mut all: Vec<(&str, &Of)> = self.components.iter().map(|(name, of)| (name.as_str(), of)).collect();
        all.sort_by_key(|(name, of)| (of.first, *name));
        all
    }

    /// Kinds of lines by their counts, most first, each with its newest record.
    pub fn by_template(&self) -> Vec<(u64, RecordId)> {
        let mut all: Vec<(u64, RecordId)> = self.templates.values().copied().collect();
        all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        all
    }

    /// The minute with most records: its beginning and their number.
    pub fn busiest_minute(&self) -> Option<(Timestamp, u64)> {
        let most = self.minutes.iter().max_by_key(|(minute, n)| (**n, std::cmp::Reverse(**minute)))?;
        Some((Timestamp(most.0.saturating_mul(MINUTE)), *most.1))
    }

    /// Records in stretches of equal length from the first to the last minute, at most `most` of them: the beginning of each
    /// and its records.
    pub fn over_time(&self, most: usize) -> Vec<(Timestamp, u64)> {
        let (Some(first), Some(last)) = (self.minutes.keys().min(), self.minutes.keys().max()) else {
            return Vec::new();
        };
        let span = last - first + 1;
        let parts = i64::try_from(most.max(1)).unwrap_or(i64::MAX).min(span);
        let step = span.div_euclid(parts) + i64::from(span % parts > 0);
        let mut out: Vec<(Timestamp, u64)> = (0..span.div_euclid(step) + i64::from(span % step > 0))
            .map(|i| (Timestamp((first + i * step).saturating_mul(MINUTE)), 0))
            .collect();
        for (minute, n) in &self.minutes {
            if let Some(part) = out.get_mut(((minute - first) / step) as usize) {
                part.1 += n;
            }
        }
        out
    }

    /// Records of at least this level.
    pub fn at_least(&self, level: Level) -> u64 {
        self.levels[level as usize..].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_ends_and_the_busiest_minute() {
        let mut t = Tally::default();
        for (id, secs, level, component) in
            [(3, 130, Level::Error, "orders"), (1, 10, Level::Info, "db"), (2, 125, Level::Error, "orders")]
        {
            t.add(RecordId(id), Timestamp::from_secs(secs), level, component, TemplateId(if id > 1 { 7 } else { 8 }));
        }
        assert_eq!((t.count, t.at_least(Level::Warn)), (3, 2));
        assert_eq!(t.first, Some((Timestamp::from_secs(10), RecordId(1))));
        assert_eq!(t.last, Some((Timestamp::from_secs(130), RecordId(3))));
        assert_eq!(t.by_component(), [("orders", 2), ("db", 1)]);
        assert_eq!(t.by_first().len(), t.first_records().len());
        assert!(t.by_first()[0].1 <= t.by_first()[1].1);
        assert_eq!(t.by_template(), [(2, RecordId(3)), (1, RecordId(1))]);
        assert_eq!(t.busiest_minute(), Some((Timestamp::from_secs(120), 2)));
        let parts = |most| t.over_time(most).into_iter().map(|(at, n)| (at.0 / 1_000_000_000, n)).collect::<Vec<_>>();
        assert_eq!(parts(9), [(0, 1), (60, 0), (120, 2)]);
        assert_eq!(parts(2), [(0, 1), (120, 2)]);
        assert_eq!(Tally::default().over_time(5), []);
    }
}
