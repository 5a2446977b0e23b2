//! `aiobs playbooks`: lists the playbooks, shows one, checks a file of one's own, and tries them on log lines.

use super::args::{PlaybooksAction, PlaybooksArgs, TextOrJson};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output;
use aiobs_agents::playbook::{Hit, Library, Playbook, PlaybookError, read};
use aiobs_agents::{Advisor as _, Signature};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};

/// Messages that are asked about together, as many as a diagnosis looks at.
const MESSAGES: usize = 20;

pub(super) fn run(cx: &Context, args: &PlaybooksArgs) -> anyhow::Result<Exit> {
    let list = PlaybooksAction::List { output: TextOrJson::Text };
    let (text, exit) = match args.action.as_ref().unwrap_or(&list) {
        PlaybooksAction::List { output } => (self::list(&library(cx), *output), Exit::Done),
        PlaybooksAction::Show { id, output } => (show(&library(cx), id, *output)?, Exit::Done),
        PlaybooksAction::Check { path, output } => check(cx, path.as_deref(), *output)?,
        PlaybooksAction::Test { path, output } => (test(&library(cx), path, *output)?, Exit::Done),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(exit)
}

/// Where the user's own playbooks are.
fn folder(cx: &Context) -> Option<PathBuf> {
    cx.config.dir.as_ref().map(|d| d.join("playbooks"))
}

/// All in force; what is wrong with the user's own is told and left out, as when logs are read.
fn library(cx: &Context) -> Library {
    let (library, errors) = Library::load(folder(cx).as_deref());
    for e in errors {
        eprintln!("aiobs: {}; left out", output::safe(&e.to_string()));
    }
    library
}

/// `built-in`, or the file.
fn origin(p: &Playbook) -> &str {
    if p.origin.contains(['/', '\\']) { &p.origin } else { "built-in" }
}

fn list(library: &Library, how: TextOrJson) -> String {
    let all = library.playbooks();
    if how == TextOrJson::Json {
        return output::lines(all.iter().map(|p| output::line(&head(p))));
    }
    let id = all.iter().map(|p| p.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for p in all {
        let own = if origin(p) == "built-in" { String::new() } else { format!("  ({})", p.origin) };
        let _ = writeln!(out, "{:<id$}  {}  {}{}", p.id, p.criticality, output::safe(&p.title), output::safe(&own));
    }
    out
}

fn head(p: &Playbook) -> Value {
    json!({
        "id": p.id,
        "title": p.title,
        "error_class": p.error_class,
        "criticality": p.criticality,
        "weight": p.pattern.weight,
        "origin": origin(p),
    })
}

fn show(library: &Library, id: &str, how: TextOrJson) -> anyhow::Result<String> {
    let Some(p) = library.get(id) else {
        let text = format!("there is no playbook `{id}`{}; `aiobs playbooks` lists them", library.nearest(id));
        return Err(UsageError(text).into());
    };
    if how == TextOrJson::Json {
        return Ok(output::line(&whole(p)) + "\n");
    }
    let mut out = format!("{}  {}\n", p.id, p.title);
    let _ = writeln!(out, "class {}, criticality {} of 5, {}", p.error_class, p.criticality, origin(p));
    let fix = &p.fix;
    section(&mut out, "Cause", std::slice::from_ref(&p.cause));
    section(&mut out, "Or", &p.alternatives);
    section(&mut out, "Now", &fix.now);
    section(&mut out, "Lasting", &fix.lasting);
    section(&mut out, "Commands", &fix.commands);
    section(&mut out, "Verify", &fix.verify);
    section(&mut out, "Roll back", &fix.rollback);
    section(&mut out, "Risk", std::slice::from_ref(&fix.risk));
    section(&mut out, "See", &p.references);
    out.push('\n');
    let weight = p.pattern.weight;
    let _ = writeln!(out, "Answers messages that match one of these (weight {weight}; the highest wins):");
    rows(&mut out, "any", &p.pattern.any);
    rows(&mut out, "not", &p.pattern.not);
    rows(&mut out, "component", &p.pattern.components);
    rows(&mut out, "source", &p.pattern.sources);
    out.push_str("such as:\n");
    rows(&mut out, "", &p.examples);
    out.push_str("\nWords in {braces} are filled from the incident.\n");
    Ok(output::safe(&out))
}

fn section(out: &mut String, name: &str, items: &[String]) {
    if !items.is_empty() {
        out.push('\n');
    }
    for (i, item) in items.iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        let _ = writeln!(out, "  {name:<9} {}", wrapped(item));
    }
}

/// Broken at 100 columns, under the first word.
fn wrapped(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 12);
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 12 && width + 1 + length > 100 {
            out.push_str("\n            ");
            width = 12;
        } else if width > 12 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}

fn rows(out: &mut String, name: &str, items: &[String]) {
    for item in items {
        let _ = writeln!(out, "  {name:<9} {item}");
    }
}

fn whole(p: &Playbook) -> Value {
    let mut value = head(p);
    if let Value::Object(map) = &mut value {
        let more = json!({
            "cause": p.cause,
            "alternatives": p.alternatives,
            "fix": p.fix,
            "references": p.references,
            "any": p.pattern.any,
            "not": p.pattern.not,
            "components": p.pattern.components,
            "sources": p.pattern.sources,
            "examples": p.examples,
            "counter_examples": p.counter_examples,
        });
        if let Value::Object(more) = more {
            map.extend(more);
        }
    }
    value
}

/// Mistakes, and examples that a more specific playbook answers. Mistakes end with the code for bad configuration.
fn check(cx: &Context, path: Option<&Path>, how: TextOrJson) -> anyhow::Result<(String, Exit)> {
    let path = match path {
        Some(path) if !path.exists() => {
            return Err(UsageError(format!("{}: there is no such file or directory", path.display())).into());
        }
        Some(path) => path.to_owned(),
        None => folder(cx).ok_or_else(|| UsageError("there is no configuration directory; name a path".to_owned()))?,
    };
    let (own, errors) = if path.exists() { read(&path) } else { (Vec::new(), Vec::new()) };
    let library = Library::with(own.clone());
    let outranked: Vec<_> = own.iter().flat_map(|p| library.outranked(p).into_iter().map(move |o| (p, o))).collect();
    let exit = if errors.is_empty() { Exit::Done } else { Exit::Usage };
    if how == TextOrJson::Json {
        let mistakes = errors.iter().map(mistake);
        let notes = outranked.iter().map(|(p, o)| {
            json!({"verdict": "note", "file": p.origin, "line": null, "message": note(p, &o.example, o.by.as_ref())})
        });
        return Ok((output::lines(mistakes.chain(notes).map(|v| output::line(&v))), exit));
    }
    let mut out = output::lines(&errors);
    for (p, o) in &outranked {
        let _ = writeln!(out, "{}: note: {}", p.origin, note(p, &o.example, o.by.as_ref()));
    }
    let count = output::plural(own.len() as u64, "playbook");
    let _ = match errors.len() {
        0 if own.is_empty() => writeln!(out, "{}: no playbooks of your own here", path.display()),
        0 => writeln!(out, "{}: {count}, no mistakes", path.display()),
        n => writeln!(out, "{}: {count} good, {}", path.display(), output::plural(n as u64, "mistake")),
    };
    Ok((output::safe(&out), exit))
}

fn mistake(e: &PlaybookError) -> Value {
    json!({"verdict": "bad", "file": e.file, "line": e.line, "message": e.message})
}

fn note(p: &Playbook, example: &str, by: Option<&(String, u8)>) -> String {
    match by {
        Some((id, weight)) => {
            format!("`{id}` answers the example \"{example}\": its weight is {weight}, this one's {}", p.pattern.weight)
        }
        None => {
            format!(
                "no playbook answers the example \"{example}\" alone: `components` or `sources` narrow this one down"
            )
        }
    }
}

/// One playbook over all lines of a file.
struct Tally<'a> {
    first: Hit<'a>,
    lines: usize,
    first_line: usize,
    text: String,
    /// Lines on which no other playbook is more specific.
    wins: usize,
}

fn test(library: &Library, path: &str, how: TextOrJson) -> anyhow::Result<String> {
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    let mut messages = Vec::new();
    let mut out = String::new();
    let (mut lines, mut matching) = (0, 0);
    each_line(path, |line| {
        lines += 1;
        let hits = library.hits(line);
        matching += usize::from(!hits.is_empty());
        if !hits.is_empty() && messages.len() < MESSAGES {
            messages.push(line.to_owned());
        }
        for (i, hit) in hits.into_iter().enumerate() {
            if how == TextOrJson::Json {
                let _ = writeln!(out, "{}", output::line(&hit_json(path, lines, &hit, i == 0, line)));
                continue;
            }
            let tally = tallies.entry(hit.playbook.id.as_str()).or_insert_with(|| Tally {
                first: hit,
                lines: 0,
                first_line: lines,
                text: line.to_owned(),
                wins: 0,
            });
            tally.lines += 1;
            tally.wins += usize::from(i == 0);
        }
    })?;
    if how == TextOrJson::Json {
        return Ok(out);
    }
    let of = output::plural(lines as u64, "line");
    let _ = writeln!(out, "{path}: {matching} of {of} match");
    let mut order: Vec<Tally<'_>> = tallies.into_values().collect();
    order.sort_by_key(|t| (std::cmp::Reverse((t.first.playbook.pattern.weight, t.lines)), t.first_line));
    for t in &order {
        tally(&mut out, t);
    }
    if let Some(advice) = library.advise(&Signature { messages, ..Signature::default() }) {
        let _ = writeln!(out, "\nTogether they would be answered by {} ({}).", advice.id, advice.confidence.name());
    }
    Ok(output::safe(&out))
}

fn tally(out: &mut String, t: &Tally<'_>) {
    let p = t.first.playbook;
    let _ = writeln!(out, "\n{}  {}  (weight {})", p.id, p.title, p.pattern.weight);
    let lost = t.lines - t.wins;
    let lost = if lost == 0 { String::new() } else { format!(", {lost} of them better answered by another") };
    let _ = writeln!(out, "  lines     {}{lost}", t.lines);
    let _ = writeln!(out, "  line {:<4} {}", t.first_line, t.text);
    let _ = writeln!(out, "  pattern   {}", t.first.pattern);
    for (name, value) in &t.first.captures {
        let _ = writeln!(out, "  {{{name}}}{:pad$}{value}", "", pad = 8usize.saturating_sub(name.len()).max(1));
    }
}

fn hit_json(path: &str, line: usize, hit: &Hit<'_>, answers: bool, text: &str) -> Value {
    json!({
        "path": path,
        "line": line,
        "playbook": hit.playbook.id,
        "weight": hit.playbook.pattern.weight,
        "answers": answers,
        "pattern": hit.pattern,
        "captures": hit.captures,
        "text": text,
    })
}

/// The lines of a file or of standard input, without their ends.
fn each_line(path: &str, mut with: impl FnMut(&str)) -> anyhow::Result<()> {
    let failed = |e: std::io::Error| UsageError(format!("{path}: {e}"));
    let mut input: Box<dyn BufRead> = if path == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(UsageError(format!("{path}: is a directory; name a file here")).into());
        }
        Box::new(BufReader::new(file))
    };
    let mut bytes = Vec::new();
    while input.read_until(b'\n', &mut bytes).map_err(failed)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        with(line.trim_end_matches(['\n', '\r']));
        bytes.clear();
    }
    Ok(())
}
