//! The parts of a prompt that stand beside the lines: changes, the host, what people wrote, files, values, what was folded.
//! Everything is fenced like the lines. Used by the chain and by the tools; it knows no model.

use super::changes::apart;
use super::evidence::{Evidence, Folded, Values};
use super::fence::neutral;
use super::render::{fenced, time};
use super::suspect::withheld;
use crate::{Change, Document, Excerpt, HostState};
use aiobs_types::Timestamp;
use std::fmt::Write as _;

/// Longest line of a file or document in a prompt.
const LINE: usize = 240;
/// Characters of a text that was found by meaning.
const PASSAGE: usize = 900;
/// One GiB.
const GIB: f64 = (1_u64 << 30) as f64;

fn safe(text: &str, limit: usize) -> String {
    neutral(&withheld(text), limit)
}

/// Lines of a text, each harmless.
fn lines(text: &str) -> String {
    text.lines().map(|l| safe(l, LINE) + "\n").collect()
}

pub(crate) fn folded(list: &[Folded]) -> String {
    let row = |f: &Folded| format!("{} more like: {}\n", f.count, safe(&f.text, 200));
    fenced("lines that only repeat the ones shown, as templates", &list.iter().map(row).collect::<String>())
}

pub(crate) fn values(list: &[Values]) -> String {
    let mut body = String::new();
    for v in list {
        let top: Vec<String> = v.top.iter().map(|(value, n)| format!("{} ×{n}", safe(value, 60))).collect();
        let more = v.distinct.saturating_sub(v.top.len());
        let more = if more > 0 { format!(" and {more} others") } else { String::new() };
        let _ = writeln!(body, "{}: {}{more}", neutral(&v.name, 40), top.join(", "));
    }
    fenced("values at the placeholders of the incident's template: place, placeholder: value ×count", &body)
}

/// Changes, with how long before or after the begin of the incident they were.
pub(crate) fn changes(list: &[Change], first: Timestamp) -> String {
    let row = |c: &Change| {
        let id = c.record.map(|id| format!("{id} ")).unwrap_or_default();
        let began = apart(first, c.time);
        format!("{id}{} {} {}; it began {began} this\n", time(c.time), neutral(&c.component, 60), safe(&c.text, 160))
    };
    fenced(
        "changes (deployments, restarts, configuration) before and during it",
        &list.iter().map(row).collect::<String>(),
    )
}

pub(crate) fn host(h: &HostState) -> String {
    let gib = |b: u64| format!("{:.1} GiB", b as f64 / GIB);
    let mut body = format!(
        "{} at {} (UTC), up {} h, {} cores\nload {:.2} {:.2} {:.2}\nmemory {} available of {}, swap {} used of {}\n",
        neutral(&h.name, 60),
        time(h.at),
        h.uptime / 3600,
        h.cores,
        h.load[0],
        h.load[1],
        h.load[2],
        gib(h.memory_available),
        gib(h.memory_total),
        gib(h.swap_used),
        gib(h.swap_total),
    );
    for d in h.disks.iter().take(5) {
        let full = 100.0 * (1.0 - d.free as f64 / d.total.max(1) as f64);
        let _ = writeln!(body, "disk {} {full:.0} % full, {} free", neutral(&d.mount, 60), gib(d.free));
    }
    for p in h.processes.iter().take(6) {
        let _ =
            writeln!(body, "process {} ({}) {} resident, {:.0} % cpu", safe(&p.name, 40), p.pid, gib(p.memory), p.cpu);
    }
    fenced("the machine this program runs on, now; the services may run elsewhere", &body)
}

pub(crate) fn document(d: &Document) -> String {
    let heading = if d.heading.is_empty() { String::new() } else { format!(", section {}", neutral(&d.heading, 80)) };
    fenced(&format!("written by the operators: {}{heading}", neutral(&d.file, 60)), &lines(&d.text))
}

/// A text that was found by meaning, with a mark before it: what and where it is, then its lines.
pub(crate) fn passage(d: &aiobs_types::Document, mark: &str) -> String {
    passage_within(d, mark, PASSAGE)
}

fn passage_within(d: &aiobs_types::Document, mark: &str, most: usize) -> String {
    let of = d.incident.map(|i| format!(" of incident {i}")).unwrap_or_default();
    let place = if d.place.is_empty() { String::new() } else { format!(" ({})", safe(&d.place, 160)) };
    let head = format!("{mark} {}{of}: {}{place}\n", d.kind.name(), safe(&d.title, 160));
    let mut out = head;
    let mut room = most;
    for line in d.body.lines().filter(|l| !l.trim().is_empty()) {
        let line = format!("  {}\n", safe(line, LINE));
        let length = line.chars().count();
        if length > room {
            out.push_str("  ...(cut)\n");
            break;
        }
        room -= length;
        out.push_str(&line);
    }
    out
}

/// Texts that were found by meaning, numbered from `first` on; at most so many characters of each.
pub(crate) fn passages(list: &[aiobs_types::Document], first: usize, most: usize) -> String {
    let one = |(i, d): (usize, &aiobs_types::Document)| passage_within(d, &format!("[{}]", first + i), most);
    let body: String = list.iter().enumerate().map(one).collect();
    fenced(
        "written or found out before, which may be about something else: [number] what it is: title (where) | text",
        &body,
    )
}

pub(crate) fn file(f: &Excerpt) -> String {
    fenced(&format!("file {} from line {}", neutral(&f.path, 160), f.first), &lines(&f.text))
}

/// Everything that stands beside the lines.
pub(crate) fn beside(e: &Evidence) -> String {
    let mut parts = vec![changes(&e.changes, e.signature.first_seen), folded(&e.folded), values(&e.values)];
    parts.extend(e.host.as_ref().map(host));
    parts.extend(e.documents.iter().map(document));
    parts.extend(e.files.iter().map(file));
    parts.retain(|p| !p.is_empty());
    parts.join("\n\n")
}
