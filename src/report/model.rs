//! What a report consists of, before it is written in one of the forms.

use super::text::unfenced;
use aiobs_types::{Author, Claim, Diagnosis, Incident, LogRecord, Timestamp};

/// Writes a time for people.
pub type Clock<'a> = &'a dyn Fn(Timestamp) -> String;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub title: String,
    /// A sentence below it.
    pub lead: Option<String>,
    /// What it tells, in order.
    pub parts: Vec<Part>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number and title.
    pub title: String,
    /// What there is to say about it.
    pub blocks: Vec<Block>,
}

/// A piece of a part. Texts are as they came; each form makes them harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Names and values.
    Facts(Vec<(&'static str, String)>),
    /// A heading.
    Heading(&'static str),
    /// A paragraph.
    Text(String),
    /// A list with its name.
    List(&'static str, Vec<String>),
    /// Text that is shown as it is, with words before it.
    Code(&'static str, String),
    /// Log lines.
    Exhibits(Vec<Exhibit>),
}

/// A log line that proves something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// Number of the record, by which claims cite it.
    pub id: u64,
    /// When, how bad, who.
    pub about: String,
    /// The line, whole.
    pub text: String,
}

impl Report {
    /// About one incident.
    pub fn of_incident(
        incident: &Incident,
        diagnosis: Option<&Diagnosis>,
        records: &[LogRecord],
        at: Clock<'_>,
    ) -> Self {
        let part = Part::new(incident, diagnosis, records, at);
        Self {
            title: format!("Incident {}", part.title),
            lead: None,
            parts: vec![Part { title: String::new(), ..part }],
        }
    }
}

impl Part {
    /// All there is to say about an incident.
    pub fn new(i: &Incident, diagnosis: Option<&Diagnosis>, records: &[LogRecord], at: Clock<'_>) -> Self {
        let mut blocks = vec![Block::Facts(facts(i, at))];
        if let Some(d) = diagnosis {
            explained(&mut blocks, d);
        }
        if !records.is_empty() {
            blocks.push(Block::Heading("Evidence"));
            blocks.push(Block::Text("Log lines as they were written: nothing in them was redacted.".to_owned()));
            let exhibit = |r: &LogRecord| Exhibit {
                id: r.id.0,
                about: format!("{} {} {}", at(r.time), r.severity.level(), r.component).trim_end().to_owned(),
                text: r.text.clone(),
            };
            blocks.push(Block::Exhibits(records.iter().map(exhibit).collect()));
        }
        if !i.timeline.is_empty() {
            let entries = i.timeline.iter().map(|e| format!("{} {}", at(e.time), e.text)).collect();
            blocks.extend([Block::Heading("Timeline"), Block::List("", entries)]);
        }
        Self { title: format!("{}: {}", i.id, i.title), blocks }
    }
}

fn facts(i: &Incident, at: Clock<'_>) -> Vec<(&'static str, String)> {
    let struck = if i.count == 1 { "once".to_owned() } else { format!("{} times", i.count) };
    let all = [
        ("State", i.state.name().to_owned()),
        ("Severity", i.severity.level().name().to_owned()),
        ("Criticality", i.criticality.map(|c| format!("{c} of 5")).unwrap_or_default()),
        ("Components", i.components.join(", ")),
        ("Began", at(i.first_seen)),
        ("Last seen", at(i.last_seen)),
        ("Struck", struck),
        ("Found because", i.reason.clone()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Who answered, in words.
fn by(author: &Author) -> String {
    match author {
        Author::Model { provider, model } => format!("by {model} ({provider})"),
        Author::Playbook { id } => format!("by playbook {id}"),
        Author::Facts => "the facts only: neither a model nor a playbook answered".to_owned(),
    }
}

fn cited(c: &Claim) -> String {
    let records: Vec<String> = c.records.iter().map(|r| format!("R{}", r.0)).collect();
    let rest = if c.supported { records.join(", ") } else { "unsupported".to_owned() };
    let doubts = if c.doubts.is_empty() { String::new() } else { format!("; {}", c.doubts.join("; ")) };
    format!("{} ({rest}{doubts})", unfenced(&c.text))
}

fn explained(blocks: &mut Vec<Block>, d: &Diagnosis) {
    let heading = |blocks: &mut Vec<Block>, name| blocks.push(Block::Heading(name));
    if !d.summary.is_empty() {
        heading(blocks, "Summary");
        blocks.push(Block::Text(unfenced(&d.summary).into_owned()));
    }
    heading(blocks, "Cause");
    blocks.push(Block::Text(unfenced(&d.cause).into_owned()));
    blocks.push(Block::Text(format!("Confidence {}, {}.", d.confidence.name(), by(&d.author))));
    lists(blocks, &[("It rests on", d.claims.iter().map(cited).collect())]);
    lists(blocks, &[("Less likely", plain(&d.alternatives))]);
    heading(blocks, "Fix");
    let fix = &d.fix;
    lists(blocks, &[("Now", plain(&fix.now)), ("Lasting", plain(&fix.lasting))]);
    if !fix.commands.is_empty() {
        let commands = unfenced(&fix.commands.join("\n")).into_owned();
        blocks.push(Block::Code("Commands, to be read before they are run:", commands));
    }
    for patch in &fix.patches {
        blocks.push(Block::Text(format!("Change of {}:", patch.file)));
        blocks.push(Block::Code("As a diff:", patch.diff.clone()));
    }
    lists(blocks, &[("Verify", plain(&fix.verify)), ("Roll back", plain(&fix.rollback))]);
    if !fix.risk.is_empty() {
        blocks.push(Block::Text(format!("Risk: {}", unfenced(&fix.risk))));
    }
    let grounds = &d.grounds;
    lists(blocks, &[("So sure because", plain(&grounds.confidence))]);
    if !grounds.criticality.is_empty() {
        blocks.push(Block::Text(format!("So critical because: {}", unfenced(&grounds.criticality))));
    }
    let finding = |c: &Claim| format!("log lines with {}", cited(c));
    lists(blocks, &[("Security findings", grounds.security.iter().map(finding).collect())]);
    lists(blocks, &[("Further reading", plain(&d.references)), ("Notes", plain(&d.notes))]);
}

fn plain(items: &[String]) -> Vec<String> {
    items.iter().map(|i| unfenced(i).into_owned()).collect()
}

fn lists(blocks: &mut Vec<Block>, lists: &[(&'static str, Vec<String>)]) {
    blocks.extend(lists.iter().filter(|(_, items)| !items.is_empty()).map(|(n, items)| Block::List(n, items.clone())));
}
