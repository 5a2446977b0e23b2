//! Values that a statement never had: a measure (`… in 4812 ms`) that leaves its learnt range and stays out of it, or a
//! code (`status 499`) among few known ones, in the message or in a field beside it (`"latency_ms":4812`). Only numbers that
//! the words around them show to be measures or codes are looked at, never identifiers, ports or counters. The pipeline shows it finished batches; of each template only some
//! records of a batch are read, so that it costs little however many come. All tables are bounded.

mod code;
mod context;
mod keep;
mod measure;
#[cfg(test)]
mod tests;

use super::field;
use super::gist;
use super::keep::Dues;
use super::report::{fnv, hash_words, short_name, titled};
use crate::template::{Placeholder, each_value};
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, Quantity, RecordBatch, RecordId, RecordView, Severity, SourceId, TemplateId,
    Timestamp,
};
use code::Code;
use context::{Meaning, Scale, meaning};
use measure::Measure;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Records of a template that are read per stretch of a batch.
const PER_TEMPLATE: u32 = 32;
/// Records of a stretch, and how many of them are read.
const STRETCH: usize = 512;
const PER_STRETCH: usize = 96;
/// The same while a long backlog is read: batches of more than so many records, after so many records in all.
const PER_STRETCH_OF_BACKLOG: usize = 6;
const LONG: usize = 2 * STRETCH;
const BACKLOG: usize = 200_000;
/// Columns of one statement: in its message, and as many again in its fields.
const COLUMNS: usize = 4;
/// Records of a statement in which columns are looked for: not all have all fields.
const TRIED: u8 = 3;
/// Statements with columns, per source.
const STATEMENTS: usize = 4_096;
/// Template numbers beyond this are not looked at: the miner hands out fewer.
const MOST_IDS: usize = 1 << 20;

/// What is known of a template in general.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    tried: u8,
    has_values: bool,
    /// Records read in this stretch.
    batch: u64,
    read: u32,
}

#[derive(Debug, Serialize, Deserialize)]
enum Column {
    Measure(Measure),
    Code(Code),
}

/// Where a number stands.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Place {
    /// As the message's value of this index.
    Message(usize),
    /// In the field of this name.
    Field(Box<str>),
}

/// A number in a statement that is watched.
#[derive(Debug, Serialize, Deserialize)]
struct Watched {
    place: Place,
    name: Box<str>,
    scale: Scale,
    column: Column,
}

/// A statement with its columns.
#[derive(Debug)]
struct Statement {
    columns: Vec<Watched>,
    /// When it was read last, event time.
    last: Timestamp,
    dues: Dues,
}

/// A value out of its usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Oddity {
    /// The statement.
    pub template: TemplateId,
    name: String,
    what: Odd,
    record: RecordId,
    time: Timestamp,
    /// Where.
    pub source: SourceId,
    component: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Odd {
    /// The latest and the usual range, for people, and how many of the latest so many were out.
    Measure { value: String, low: String, high: String, out: u32, of: u32 },
    /// The code, how often within how many seconds, those known before, and in how many records.
    Code { code: i64, times: u32, seconds: i64, known: Vec<i64>, records: u32 },
}

/// See the module. One owner.
#[derive(Debug, Default)]
pub struct Values {
    plans: Vec<Plan>,
    statements: HashMap<(SourceId, TemplateId), Statement>,
    /// Names of blobs to be forgotten.
    gone: Vec<String>,
    batch: u64,
    /// Records seen in long batches.
    seen: usize,
}

impl Values {
    /// Reads some of the records of a batch, and returns what is odd.
    pub fn observe(&mut self, batch: &RecordBatch) -> Vec<Oddity> {
        let mut found = Vec::new();
        let long = batch.rows().len() > LONG;
        self.seen += if long { batch.rows().len() } else { 0 };
        let share = if long && self.seen > BACKLOG { PER_STRETCH_OF_BACKLOG } else { PER_STRETCH };
        // However long the batch, a share of each stretch of it.
        for (stretch, rows) in batch.rows().chunks(STRETCH).enumerate() {
            self.batch += 1;
            let mut left = share;
            for (row, i) in rows.iter().zip(stretch * STRETCH..) {
                if left == 0 {
                    break;
                }
                let at = row.template.0 as usize;
                if self.is_due(at) {
                    left -= 1;
                    self.read(&batch.view(i), at, &mut found);
                }
            }
        }
        found
    }

    /// Whether a record of this template is to be read, which is then counted.
    fn is_due(&mut self, at: usize) -> bool {
        if at == 0 || at >= MOST_IDS {
            return false;
        }
        if at >= self.plans.len() {
            self.plans.resize((at + 1).next_power_of_two(), Plan::default());
        }
        let plan = &mut self.plans[at];
        if plan.tried >= TRIED && !plan.has_values {
            return false;
        }
        if plan.batch != self.batch {
            (plan.batch, plan.read) = (self.batch, 0);
        }
        let due = plan.read < PER_TEMPLATE;
        plan.read += u32::from(due);
        due
    }

    fn read(&mut self, view: &RecordView<'_>, at: usize, found: &mut Vec<Oddity>) {
        let key = (view.meta.source, view.meta.template);
        if !self.statements.contains_key(&key) {
            let columns = columns(view);
            let plan = &mut self.plans[at];
            plan.tried = plan.tried.saturating_add(1);
            plan.has_values |= !columns.is_empty();
            if columns.is_empty() || self.statements.len() >= STATEMENTS {
                return;
            }
            self.statements.insert(key, Statement { columns, last: view.meta.time, dues: Dues::default() });
        }
        let Some(statement) = self.statements.get_mut(&key) else { return };
        statement.last = statement.last.max(view.meta.time);
        statement.dues.meet();
        let spoken = spoken(view.message(), &statement.columns);
        for (column, spoken) in statement.columns.iter_mut().zip(spoken) {
            let number = match &column.place {
                Place::Message(_) => spoken,
                Place::Field(name) => field::quantity(view.text, name).and_then(|q| column.scale.in_it(q)),
            };
            let Some(number) = number else { continue };
            if let Some(what) = column.add(number, view.meta.time) {
                found.push(Oddity {
                    template: view.meta.template,
                    name: column.name.to_string(),
                    what,
                    record: view.id,
                    time: view.meta.time,
                    source: view.meta.source,
                    component: view.component.to_owned(),
                });
            }
        }
    }

    /// Templates and statements known.
    pub fn sizes(&self) -> (usize, usize) {
        (self.plans.len(), self.statements.len())
    }
}

/// The numbers of the columns that are in the message, in the order of the columns.
fn spoken(message: &str, columns: &[Watched]) -> [Option<f64>; 2 * COLUMNS] {
    let mut numbers = [None; 2 * COLUMNS];
    if !columns.iter().any(|c| matches!(c.place, Place::Message(_))) {
        return numbers;
    }
    let mut ranges = [(Placeholder::Any, 0, 0); 2 * COLUMNS];
    let mut index = 0;
    let line = each_value(message, |kind, range| {
        for (column, slot) in columns.iter().zip(&mut ranges) {
            if column.place == Place::Message(index) {
                *slot = (kind, range.start, range.end);
            }
        }
        index += 1;
    });
    for ((kind, start, end), slot) in ranges.iter().zip(&mut numbers) {
        *slot = number(*kind, line.get(*start..*end).unwrap_or_default());
    }
    numbers
}

/// The numbers of a record that are worth watching.
fn columns(view: &RecordView<'_>) -> Vec<Watched> {
    let mut places = Vec::new();
    let line = each_value(view.message(), |kind, range| places.push((kind, range)));
    let spoken = places.iter().enumerate().filter_map(|(index, (kind, range))| {
        let (before, value, after) = (&line[..range.start], &line[range.clone()], &line[range.end..]);
        Some(Watched::new(Place::Message(index), meaning(*kind, before, value, after)?))
    });
    let mut found: Vec<Watched> = spoken.take(COLUMNS).collect();
    let most = found.len() + COLUMNS;
    field::each(view.text, view.meta.message, |name, value| {
        let place = Place::Field(name.into());
        let fits = found.len() < most && found.iter().all(|c| c.place != place);
        if let Some(meaning) = if fits { context::field(name, value) } else { None } {
            found.push(Watched::new(place, meaning));
        }
    });
    found
}

fn number(kind: Placeholder, bytes: &[u8]) -> Option<f64> {
    if !matches!(kind, Placeholder::Num | Placeholder::Duration | Placeholder::Size) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let value = Quantity::parse(text)?.value;
    value.is_finite().then_some(value)
}

impl Watched {
    fn new(place: Place, meaning: Meaning) -> Self {
        let (name, scale, is_code) = match meaning {
            Meaning::Measure(name, scale) => (name, scale, false),
            Meaning::Code(name) => (name, Scale::Plain(String::new()), true),
        };
        let column = if is_code { Column::Code(Code::default()) } else { Column::Measure(Measure::default()) };
        Self { place, name: gist::plain(&name, 40).into(), scale, column }
    }

    /// Whether it can be what was learnt once.
    fn is_sound(&self) -> bool {
        self.name.len() <= 160
            && match &self.column {
                Column::Measure(measure) => measure.is_sound(),
                Column::Code(code) => code.is_sound(),
            }
    }

    /// Values seen.
    fn met(&self) -> u32 {
        match &self.column {
            Column::Measure(measure) => measure.met(),
            Column::Code(code) => code.met(),
        }
    }

    fn add(&mut self, number: f64, time: Timestamp) -> Option<Odd> {
        match &mut self.column {
            Column::Measure(measure) => measure.add(number, time).map(|out| Odd::Measure {
                value: self.scale.said(out.value),
                low: self.scale.said(out.low),
                high: self.scale.said(out.high),
                out: out.count,
                of: out.of,
            }),
            Column::Code(code) => code.add(number as i64, time).map(|new| Odd::Code {
                code: number as i64,
                times: new.times,
                seconds: new.seconds,
                known: new.known,
                records: new.records,
            }),
        }
    }
}

impl Oddity {
    fn who<'a>(&'a self, source_name: &'a str) -> &'a str {
        if self.component.is_empty() { short_name(source_name) } else { &self.component }
    }

    /// One sentence without its full stop; `template` is the text of the template.
    pub fn sentence(&self, template: &str, source_name: &str) -> String {
        let (who, quoted) = (gist::plain(self.who(source_name), 80), gist::quote(template));
        match &self.what {
            Odd::Measure { value, low, high, out, of } => format!(
                "{who} logged \"{quoted}\" with {} {value}, and {out} of the last {of} were as high; usually {low} to {high}",
                self.name
            ),
            Odd::Code { code, times, seconds, known, records } => {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                format!(
                    "{who} logged \"{quoted}\" with {} {code} {times} times in {seconds} s; in {records} records before it was {}",
                    self.name,
                    known.join(", ")
                )
            }
        }
    }

    /// As an anomaly.
    pub fn anomaly(&self, template: &str, source_name: &str) -> Anomaly {
        let (title, kind) = match &self.what {
            Odd::Measure { .. } => (format!("Higher than usual: {} in {}", self.name, titled(template, template)), 0),
            Odd::Code { code, .. } => (format!("New {} {code}: {}", self.name, titled(template, template)), *code),
        };
        let Fingerprint(words) = hash_words("value", template);
        Anomaly {
            detector: DetectorKind::Value,
            fingerprint: Fingerprint(fnv(words ^ kind.unsigned_abs(), self.name.as_bytes())),
            kin: None,
            title: gist::title_of(&title),
            reason: self.sentence(template, source_name) + ".",
            severity: Severity::WARN,
            record: self.record,
            time: self.time,
            source: self.source,
            template: self.template,
            component: gist::plain(self.who(source_name), 120),
            likelihood: None,
            alarm: true,
        }
    }
}
