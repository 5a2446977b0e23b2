//! `aiobs knowledge`: what there is to find by meaning, whether it is complete, and moving vectors between stores.

mod migrate;

use super::args::{Format, KnowledgeAction, KnowledgeArgs};
use super::context::Context;
use super::exit::Exit;
use super::output::{self, plural, safe};
use super::remember;
use crate::runtime::memory::{self, folders};
use aiobs_memory::{Engine, LOCAL_MODEL};
use aiobs_types::{Document, DocumentFilter};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

pub(super) fn run(cx: &Context, args: &KnowledgeArgs) -> anyhow::Result<Exit> {
    match &args.action {
        KnowledgeAction::List { output } => list(cx, *output),
        KnowledgeAction::Check => check(cx),
        KnowledgeAction::Index => index(cx),
        KnowledgeAction::Migrate(way) => migrate::run(cx, way),
    }
}

fn list(cx: &Context, format: Format) -> anyhow::Result<Exit> {
    let scan = folders(&cx.config).scan();
    let rows = &scan.documents;
    let text = match format {
        Format::Json => output::lines(rows.iter().map(|d| {
            output::line(&json!({
                "place": d.place, "title": d.title, "bytes": d.body.len(), "time": output::rfc3339(d.time),
            }))
        })),
        Format::Csv => {
            let row = |d: &Document| {
                let (bytes, time) = (d.body.len().to_string(), output::rfc3339(d.time));
                format!("{}\n", output::csv(&[&d.place, &d.title, &bytes, &time]))
            };
            "place,title,bytes,time\n".to_owned() + &rows.iter().map(row).collect::<String>()
        }
        Format::Markdown => {
            let row = |d: &Document| format!("| {} | {} |\n", output::markdown(&d.place), output::markdown(&d.title));
            "| place | title |\n| --- | --- |\n".to_owned() + &rows.iter().map(row).collect::<String>()
        }
        Format::Text => output::lines(rows.iter().map(|d| format!("{}  {}", safe(&d.place), safe(&d.title)))),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    for mistake in &scan.mistakes {
        eprintln!("aiobs: {mistake}");
    }
    if cx.config.knowledge.paths.is_empty() && !cx.quiet {
        eprintln!(
            "aiobs: no folder is configured; name some in knowledge.paths, such as --set 'knowledge.paths=[\"~/runbooks\"]'"
        );
    }
    Ok(if scan.mistakes.is_empty() { Exit::Done } else { Exit::Fault })
}

fn check(cx: &Context) -> anyhow::Result<Exit> {
    let mut out = String::new();
    let mut bad = false;
    let scan = folders(&cx.config).scan();
    let (files, sections) = (plural(scan.files as u64, "file"), plural(scan.documents.len() as u64, "section"));
    let _ = writeln!(out, "folders     {files}, {sections}");
    for mistake in &scan.mistakes {
        bad = true;
        let _ = writeln!(out, "            {}", safe(mistake));
    }
    let engine = remember::configured(cx)?;
    bad |= state(cx, &engine, &mut out)?;
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(if bad { Exit::Fault } else { Exit::Done })
}

/// Index, model and store; whether something is wrong.
fn state(cx: &Context, engine: &Engine, out: &mut String) -> anyhow::Result<bool> {
    let mut bad = false;
    match cx.archive() {
        Ok(reader) => {
            let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
            for mark in reader.document_marks()? {
                *kinds.entry(mark.kind.name()).or_default() += 1;
            }
            let kinds: Vec<String> = kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            let (texts, embedded) =
                reader.vector_counts(if engine.vectors.is_some() { LOCAL_MODEL } else { engine.model() })?;
            let list =
                if kinds.is_empty() { "empty; `aiobs knowledge index` fills it".to_owned() } else { kinds.join(", ") };
            let _ = writeln!(out, "index       {list}");
            let _ = writeln!(out, "vectors     {embedded} of {texts} texts by {}", engine.model());
        }
        Err(e) => {
            let _ = writeln!(out, "index       {e}");
        }
    }
    if let Some(model) = &engine.embedder {
        let said = match memory::wait(model.embed(vec!["disk full".to_owned()]))? {
            Ok(vectors) => {
                let place = if model.is_local() { "local" } else { "remote: texts are masked" };
                let length = vectors.first().map_or(0, Vec::len);
                format!("{} at {} ({place}), {length} numbers per vector", model.model(), model.place())
            }
            Err(e) => {
                bad = true;
                e.to_string()
            }
        };
        let _ = writeln!(out, "model       {}", safe(&said));
    }
    if let Some(store) = &engine.vectors {
        let said = match memory::wait(store.count())? {
            Ok(n) => format!("{} answers, {}", store.place(), plural(n, "vector")),
            Err(e) => {
                bad = true;
                e.to_string()
            }
        };
        let _ = writeln!(out, "store       {}", safe(&said));
    }
    Ok(bad)
}

fn index(cx: &Context) -> anyhow::Result<Exit> {
    let engine = remember::configured(cx)?;
    let done = remember::update(cx, &cx.archive()?, &engine, None)?;
    remember::tell(cx, &done);
    if done.elsewhere {
        eprintln!("aiobs: another instance writes this archive; it keeps the index up to date");
        return Ok(Exit::Done);
    }
    if !cx.quiet {
        let (changed, files) = (plural(done.changed as u64, "document"), plural(done.files as u64, "file"));
        println!("{changed} changed, {files} read");
    }
    Ok(if done.stopped {
        Exit::Interrupted
    } else if done.notes.is_empty() {
        Exit::Done
    } else {
        Exit::Fault
    })
}

/// What doctor says of it.
pub(super) fn summary(cx: &Context) -> Result<String, String> {
    let reader = cx.archive().map_err(|e| e.to_string())?;
    let engine = memory::engine(&cx.config, cx.offline, &cx.data_dir)?;
    let counts = |e: aiobs_store::StoreError| e.to_string();
    let documents = reader.contents(&DocumentFilter::default()).map_err(counts)?.len() as u64;
    let (texts, embedded) = reader.vector_counts(engine.model()).map_err(counts)?;
    let place = engine.vectors.as_ref().map_or_else(String::new, |v| format!(", vectors in {}", v.place()));
    let far = if place.is_empty() { format!(", {embedded} of {texts} texts embedded") } else { place };
    Ok(format!("{}{far} by {}", plural(documents, "document"), engine.model()))
}
