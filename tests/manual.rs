//! The pages in `docs/` and the README name commands and keys that exist: every `aiobs ...` in a block of shell is
//! parsed as the program parses it, every key in the manual's tables is bound, every link leads somewhere.
#![allow(clippy::unwrap_used)]

use aiobs::cli::Cli;
use aiobs::tui::keymap::{self, Chord};
use clap::Parser as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages, by their paths.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("docs")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.push(root().join("README.md"));
    paths
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .map(|p| (p.clone(), fs::read_to_string(p).unwrap()))
        .collect()
}

/// The lines of its blocks of shell.
fn shell(page: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(kind) => inside = kind == "sh",
            None if inside => lines.push(line),
            None => {}
        }
    }
    lines
}

/// The words of a line as a shell makes them, up to a comment, a pipe or a redirection.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '|' | '>') => break,
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "a quote is open: {line}");
    words.extend(word);
    words
}

#[test]
fn every_command_in_the_pages_is_one() {
    let mut seen = 0;
    for (path, page) in pages() {
        for line in shell(&page).into_iter().filter(|l| l.starts_with("aiobs")) {
            if let Err(e) = Cli::try_parse_from(words(line)) {
                panic!("{}: {line}\n{e}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} commands were found");
}

#[test]
fn every_key_in_the_manual_is_bound() {
    let keymap = keymap::load("default", None).unwrap();
    let bound: Vec<Vec<Chord>> = keymap.iter().map(|(_, keys, _)| keys.to_vec()).collect();
    let page = fs::read_to_string(root().join("docs/README.md")).unwrap();
    let mut seen = 0;
    let mut in_table = false;
    for line in page.lines() {
        in_table = line == "| key | does |" || in_table && line.starts_with('|');
        let cell = line.replace("\\|", "\u{1}");
        let Some(keys) = cell.strip_prefix("| `").filter(|_| in_table).and_then(|l| l.split(" | ").next()) else {
            continue;
        };
        for key in keys.trim_end_matches('`').split("` `") {
            let key = key.replace('\u{1}', "|");
            let sequence = Chord::parse_sequence(&written(&key)).unwrap_or_else(|e| panic!("{line}: {key}: {e}"));
            assert!(bound.contains(&sequence), "{line}: {key} is not bound");
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} keys were found");
}

/// As keymap files write a key.
fn written(key: &str) -> String {
    let part = |part: &str| match part {
        "-" => "minus".to_owned(),
        one if one.chars().count() == 1 => one.to_owned(),
        named => named.to_lowercase(),
    };
    key.split(' ').map(part).collect::<Vec<_>>().join(" ")
}

#[test]
fn links_lead_somewhere() {
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    for (path, page) in pages() {
        for link in page.split("](").skip(1).filter_map(|l| l.split(')').next()).filter(|l| !l.contains("://")) {
            let (file, place) = link.split_once('#').map_or((link, None), |(f, p)| (f, Some(p)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", path.display());
            if let Some(place) = place {
                let text = fs::read_to_string(&target).unwrap();
                let there = text
                    .lines()
                    .filter_map(|l| l.trim_start_matches('#').strip_prefix(' ').filter(|_| l.starts_with('#')));
                assert!(there.map(anchor).any(|a| a == place), "{}: {link}", path.display());
            }
        }
    }
}
