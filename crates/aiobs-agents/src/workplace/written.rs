//! What people wrote in Markdown: notes on applications (`apps/orders.md` is about the component `orders`, `apps/all.md`
//! about everything) and runbooks, cut at their headings. Read anew each time: files are few and people edit them.

use crate::Document;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files looked at per directory tree.
const FILES: usize = 400;
/// Depth of directories below the one named.
const DEPTH: usize = 4;
/// Bytes read of one file.
const BYTES: u64 = 256 << 10;
/// Words of an incident that a section must have at least.
const LEAST: usize = 2;

/// Notes whose file is named after a component, or names it in a line `components: a, b`.
pub(super) fn notes(dir: &Path, components: &[String]) -> Vec<Document> {
    let mut found = Vec::new();
    for path in markdown(dir, 0) {
        let Some(text) = read(&path) else { continue };
        let stem = path.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
        let named = text.lines().take(10).find_map(|l| {
            let (key, list) = l.split_once(':')?;
            key.trim().eq_ignore_ascii_case("components").then(|| list.to_lowercase())
        });
        let also: Vec<&str> = named.as_deref().unwrap_or_default().split([',', ' ']).map(str::trim).collect();
        let about = |c: &String| {
            let c = c.to_lowercase();
            !c.is_empty() && (c == stem || also.contains(&c.as_str()))
        };
        if stem == "all" || components.iter().any(about) {
            found.push(Document { file: name(&path), heading: String::new(), text: text.trim().to_owned() });
        }
    }
    found
}

/// All sections of all runbooks.
pub(super) fn sections(dirs: &[PathBuf]) -> Vec<Document> {
    dirs.iter().flat_map(|d| markdown(d, 0)).filter_map(|p| Some((name(&p), read(&p)?))).flat_map(cut).collect()
}

/// Cut at headings of any depth, but not inside fenced code.
fn cut((file, text): (String, String)) -> Vec<Document> {
    let mut out = vec![Document { file: file.clone(), ..Document::default() }];
    let mut code = false;
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if !code && line.starts_with('#') && line.trim_start_matches('#').starts_with(' ') {
            let heading = line.trim_start_matches('#').trim().to_owned();
            out.push(Document { file: file.clone(), heading, text: String::new() });
            continue;
        }
        if let Some(last) = out.last_mut() {
            last.text.push_str(line);
            last.text.push('\n');
        }
    }
    out.retain(|d| !d.text.trim().is_empty());
    out
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() > 2).map(str::to_lowercase).collect()
}

/// Sections that share most words with what is asked, a heading's counting three times.
pub(super) fn best(sections: Vec<Document>, asked: &[String], limit: usize) -> Vec<Document> {
    let asked: BTreeSet<String> = asked.iter().flat_map(|w| words(w)).collect();
    let mut scored: Vec<(usize, Document)> = sections
        .into_iter()
        .filter_map(|d| {
            let (head, body) = (words(&d.heading), words(&d.text));
            let hits = asked.iter().filter(|w| head.contains(*w) || body.contains(*w)).count();
            let score = hits + 2 * asked.iter().filter(|w| head.contains(*w)).count();
            (hits >= LEAST).then_some((score, d))
        })
        .collect();
    scored.sort_by_key(|s| std::cmp::Reverse(s.0));
    scored.into_iter().take(limit).map(|(_, d)| d).collect()
}

pub(super) fn section(sections: Vec<Document>, file: &str, heading: &str) -> Result<Document, String> {
    let files: BTreeSet<String> = sections.iter().map(|d| d.file.clone()).collect();
    let mut of: Vec<Document> = sections.into_iter().filter(|d| d.file.eq_ignore_ascii_case(file)).collect();
    if of.is_empty() {
        let list = files.into_iter().take(20).collect::<Vec<_>>().join(", ");
        let there = if list.is_empty() { "there are none".to_owned() } else { format!("there are: {list}") };
        return Err(format!("no runbook is called {file}; {there}"));
    }
    let wanted = heading.trim().to_lowercase();
    let at = of.iter().position(|d| wanted.is_empty() || d.heading.to_lowercase().contains(&wanted));
    if let Some(at) = at {
        return Ok(of.swap_remove(at));
    }
    let list = of.iter().map(|d| d.heading.as_str()).take(20).collect::<Vec<_>>().join(", ");
    Err(format!("{file} has no section {heading}; it has: {list}"))
}

/// Markdown files, by name, without following links out of the tree.
fn markdown(dir: &Path, depth: usize) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut out = Vec::new();
    for entry in entries {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_dir() && depth < DEPTH {
            out.extend(markdown(&path, depth + 1));
        } else if kind.is_file() && path.extension().is_some_and(|e| e == "md" || e == "markdown") {
            out.push(path);
        }
        if out.len() >= FILES {
            out.truncate(FILES);
            break;
        }
    }
    out
}

fn read(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn notes_and_sections_are_found_by_what_they_are_about() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        put("orders.md", "Owner: team shop\nPool is set by POOL_MAX.");
        put("store.md", "components: db-1, db-2\nBackups run at 02:00.");
        put("all.md", "Deploys are at noon.");
        put("skip.txt", "no");
        let of = |c: &str| notes(dir.path(), &[c.to_owned()]).into_iter().map(|d| d.file).collect::<Vec<_>>();
        assert_eq!(of("Orders"), ["all.md", "orders.md"]);
        assert_eq!(of("db-2"), ["all.md", "store.md"]);
        put(
            "db.md",
            "# Database\n\nIntro.\n\n## Connections refused\n\nLook at the pool.\n```\n# no heading\n```\n## Disk\n\nx y",
        );
        let all = sections(&[dir.path().to_owned()]);
        let found = best(all.clone(), &["connection refused: connections pool".to_owned()], 1);
        assert_eq!((found[0].heading.as_str(), found[0].text.contains("# no heading")), ("Connections refused", true));
        assert_eq!(section(all.clone(), "db.md", "disk").unwrap().text.trim(), "x y");
        assert!(
            section(all.clone(), "db.md", "nothing").unwrap_err().contains("it has: Database, Connections refused")
        );
        assert!(section(all, "no.md", "").unwrap_err().contains("db.md"));
    }
}
