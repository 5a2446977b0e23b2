//! `docs/formats.md`: the log formats that ship, from `assets/formats`, and how to write one.

use aiobs_logs::format::{FormatDef, Sample};
use anyhow::{Context as _, Result};
use std::fmt::Write as _;
use std::path::Path;

/// What stands before the list.
const GUIDE: &str = include_str!("formats.md");

/// Most characters of a sample on the page.
const WIDTH: usize = 150;

/// The page.
pub(crate) fn page() -> Result<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/formats");
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .with_context(|| format!("can't read {}", dir.display()))?
        .map(|e| Ok(e?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    let mut list = String::new();
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        let def = FormatDef::from_toml(&file.display().to_string(), &text)?;
        let sample = def.samples.first().with_context(|| format!("{}: no sample", file.display()))?;
        let _ = write!(
            list,
            "\n### `{}`: {}\n\n{}.\n\n```\n{}\n```\n{}\n",
            def.name,
            def.title,
            def.doc,
            cut(&sample.line),
            told(sample)
        );
    }
    Ok(GUIDE.replace("{count}", &files.len().to_string()).replace("{list}\n", &list))
}

fn cut(line: &str) -> String {
    let shown = line.replace('\t', "    ");
    let longest = shown.lines().map(|l| l.chars().count()).max().unwrap_or(0);
    if longest <= WIDTH {
        return shown;
    }
    shown.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// What is read from a sample.
fn told(sample: &Sample) -> String {
    let mut parts = Vec::new();
    if !sample.time.is_empty() {
        parts.push(format!("time `{}`", sample.time));
    }
    if sample.severity != "unset" {
        parts.push(format!("level `{}`", sample.severity));
    }
    if !sample.component.is_empty() {
        parts.push(format!("component `{}`", sample.component));
    }
    for (name, value) in &sample.fields {
        parts.push(format!("`{name}` `{value}`"));
    }
    if parts.is_empty() {
        parts.push("only the message".to_owned());
    }
    let mut text = parts.join(", ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
