//! `aiobs eval detect`: which lines the program marks as part of a fault, against labels. Each file goes through a
//! pipeline of its own, as it would when it is read for the first time; nothing is stored.

use super::super::args::TextOrJson;
use super::super::context::Context;
use super::super::exit::{Exit, UsageError};
use super::super::output;
use super::DetectArgs;
use super::labels::{self, Labelled};
use crate::runtime::{Output, Pipeline, PipelineSetup, lore, rules};
use aiobs_types::{FileIdentity, IncidentId, RecordId, SourceId, Template, TemplateId, Timestamp, flags};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// Bytes given to the pipeline at once.
const BLOCK: usize = 256 << 10;

/// Lines by label and by what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    found: u64,
    missed: u64,
    wrong: u64,
    right: u64,
}

impl Counts {
    fn add(&mut self, faulty: bool, marked: bool) {
        *match (faulty, marked) {
            (true, true) => &mut self.found,
            (true, false) => &mut self.missed,
            (false, true) => &mut self.wrong,
            (false, false) => &mut self.right,
        } += 1;
    }

    fn precision(self) -> Option<f64> {
        share(self.found, self.found + self.wrong)
    }

    fn recall(self) -> Option<f64> {
        share(self.found, self.found + self.missed)
    }

    /// Harmonic mean of precision and recall.
    fn f1(self) -> Option<f64> {
        share(2 * self.found, 2 * self.found + self.missed + self.wrong)
    }

    /// Share of the lines that are fine and were marked all the same.
    fn false_alarms(self) -> Option<f64> {
        share(self.wrong, self.wrong + self.right)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// One of the counts.
type Part = fn(&Counts) -> u64;

/// What came of one file.
#[derive(Debug)]
struct Scored {
    path: String,
    counts: Counts,
    /// Counts, text of the template, and a line of it.
    templates: Vec<(Counts, String)>,
}

pub(super) fn run(cx: &Context, args: &DetectArgs) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    for path in &args.paths {
        let bytes = std::fs::read(path).map_err(|e| UsageError(format!("{path}: {e}")))?;
        let labelled = labels::read(path, &bytes, args.label.as_deref())?;
        drop(bytes);
        if labelled.faulty.is_empty() {
            return Err(UsageError(format!("{path}: there is no line in it")).into());
        }
        let scored = score(cx, path, &labelled)?;
        let text = match args.output {
            TextOrJson::Text => text(&scored, args.top),
            TextOrJson::Json => output::line(&object(&scored, args.top)) + "\n",
        };
        out.write_all(text.as_bytes())?;
    }
    Ok(Exit::Done)
}

fn score(cx: &Context, path: &str, labelled: &Labelled) -> anyhow::Result<Scored> {
    let mut pipeline = Pipeline::new(PipelineSetup {
        formats: Arc::new(rules::formats(&cx.config)?),
        zone: rules::zone(&cx.config)?,
        forced: rules::forced(&cx.config)?,
        detect: rules::detect(&cx.config),
        lore: lore::playbooks(&cx.config),
        incidents: rules::incidents(&cx.config),
        templates: Vec::new(),
        known_incidents: Vec::new(),
        next_incident: IncidentId(1),
        next_record: RecordId(1),
        checkpoints: Vec::new(),
        lessons: Vec::new(),
        state: Vec::new(),
        markers: Vec::new(),
    })?;
    let (source, now) = (SourceId(1), Timestamp::now());
    let mut seen = Seen::default();
    pipeline.open(source, path, FileIdentity::default(), 0)?;
    let bytes = labelled.text.as_bytes();
    for (i, block) in bytes.chunks(BLOCK).enumerate() {
        let offset = (i * BLOCK) as u64;
        pipeline.data(source, offset, block, FileIdentity::default(), now, |output| seen.take(&output));
    }
    pipeline.end_of_line(source, now);
    seen.take(&pipeline.take(now));
    Ok(seen.scored(path, labelled))
}

/// Everything the pipeline told: the records by place, and the texts of the templates.
#[derive(Default)]
struct Seen {
    records: Vec<(u64, TemplateId, bool)>,
    templates: HashMap<TemplateId, Template>,
}

impl Seen {
    fn take(&mut self, output: &Output) {
        let rows = output.batch.rows().iter();
        self.records.extend(rows.map(|r| (r.offset, r.template, r.flags & flags::ANOMALY != 0)));
        self.templates.extend(output.templates.iter().map(|t| (t.id, t.clone())));
    }

    /// Every line counts as what was said of the record it is part of.
    fn scored(self, path: &str, labelled: &Labelled) -> Scored {
        let mut counts = Counts::default();
        let mut by_template: HashMap<&str, Counts> = HashMap::new();
        let mut records = self.records.iter().peekable();
        let mut current = (TemplateId(0), false);
        let mut offset = 0;
        for (line, faulty) in labelled.text.split_inclusive('\n').zip(&labelled.faulty) {
            while let Some((_, template, marked)) = records.next_if(|r| r.0 <= offset) {
                current = (*template, *marked);
            }
            let marked = current.1 && !line.trim().is_empty();
            counts.add(*faulty, marked);
            let text = self.templates.get(&current.0).map_or("", |t| t.text.as_str());
            by_template.entry(text).or_default().add(*faulty, marked);
            offset += line.len() as u64;
        }
        let mut templates: Vec<(Counts, String)> = by_template.into_iter().map(|(t, c)| (c, t.to_owned())).collect();
        templates.sort_by(|a, b| a.1.cmp(&b.1));
        Scored { path: path.to_owned(), counts, templates }
    }
}

impl Scored {
    /// Templates with the most of something, the most first.
    fn top(&self, of: Part, most: usize) -> Vec<&(Counts, String)> {
        let mut list: Vec<_> = self.templates.iter().filter(|t| of(&t.0) > 0).collect();
        list.sort_by_key(|t| std::cmp::Reverse(of(&t.0)));
        list.truncate(most);
        list
    }
}

fn text(scored: &Scored, most: usize) -> String {
    let Counts { found, missed, wrong, right } = scored.counts;
    let percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |s| format!("{:.1} %", s * 100.0));
    let mut out = String::new();
    let _ = writeln!(out, "{}", output::safe(&scored.path));
    let _ = writeln!(out, "  lines        {:>9}   of them faulty {}", found + missed + wrong + right, found + missed);
    let _ = writeln!(out, "  found        {found:>9}   recall {}", percent(scored.counts.recall()));
    let _ = writeln!(out, "  missed       {missed:>9}");
    let _ = writeln!(
        out,
        "  false alarms {wrong:>9}   precision {}, {} of the lines that are fine",
        percent(scored.counts.precision()),
        percent(scored.counts.false_alarms())
    );
    let _ =
        writeln!(out, "  F1           {:>9}", scored.counts.f1().map_or_else(|| "-".to_owned(), |f| format!("{f:.3}")));
    let lists: [(&str, Part); 2] = [("missed", |c| c.missed), ("false alarms", |c| c.wrong)];
    for (name, of) in lists {
        let list = scored.top(of, most);
        if !list.is_empty() {
            let _ = writeln!(out, "  {name} by template");
        }
        for (counts, template) in list {
            let all = counts.found + counts.missed + counts.wrong + counts.right;
            let _ = writeln!(out, "  {:>9} of {all:<7} {}", of(counts), output::safe(template));
        }
    }
    out
}

fn object(scored: &Scored, most: usize) -> Value {
    let counts = scored.counts;
    let list = |of: Part| -> Vec<Value> {
        let row = |t: &&(Counts, String)| {
            let Counts { found, missed, wrong, right } = t.0;
            json!({"template": t.1, "found": found, "missed": missed, "false_alarms": wrong, "fine": right})
        };
        scored.top(of, most).iter().map(row).collect()
    };
    json!({
        "path": scored.path,
        "lines": counts.found + counts.missed + counts.wrong + counts.right,
        "faulty": counts.found + counts.missed,
        "found": counts.found,
        "missed": counts.missed,
        "false_alarms": counts.wrong,
        "precision": counts.precision(),
        "recall": counts.recall(),
        "f1": counts.f1(),
        "false_alarm_rate": counts.false_alarms(),
        "missed_templates": list(|c| c.missed),
        "false_alarm_templates": list(|c| c.wrong),
    })
}
