//! Keeps the arrows of ARCHITECTURE.md honest: crates depend only downwards, modules form no cycle, floors inside the
//! program are not climbed, every file says what it is for and stays readable. Reads the sources as text.
#![allow(clippy::unwrap_used)]

#[path = "structure/config_keys.rs"]
mod config_keys;
#[path = "structure/imports.rs"]
mod imports;

use imports::{Edges, cycle, module_edges};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Floor of each crate; a dependency must lie lower, or on the same floor where named below.
const FLOORS: &[(&str, u8)] = &[
    ("xtask", 6),
    ("aiobs", 5),
    ("aiobs-agents", 4),
    ("aiobs-sync", 4),
    ("aiobs-memory", 4),
    ("aiobs-logs", 3),
    ("aiobs-llm", 3),
    ("aiobs-store", 3),
    ("aiobs-otlp", 3),
    ("aiobs-insight", 2),
    ("aiobs-types", 1),
    ("aiobs-vtab", 1),
];

/// Inside the program: what a module may import of the others. `a::b` allows only that path.
const PROGRAM: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("runtime", &["config"]),
    ("report", &[]),
    ("tui", &["runtime::events", "config", "report"]),
    ("demo", &[]),
    ("names", &["config", "tui"]),
    ("cli", &["config", "demo", "names", "report", "runtime", "tui"]),
    ("main", &["cli"]),
];

/// Most lines of a file that are not tests.
const MOST_LINES: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for path in entries.map(|e| e.unwrap().path()) {
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every `src` directory of the workspace with the crate's name.
fn sources() -> Vec<(String, PathBuf)> {
    let mut all = vec![("aiobs".to_owned(), root().join("src")), ("xtask".to_owned(), root().join("xtask/src"))];
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path();
        all.push((path.file_name().unwrap().to_str().unwrap().to_owned(), path.join("src")));
    }
    all
}

/// (path of the file from the crate's `src`, text) of every file.
fn texts(src: &Path) -> Vec<(PathBuf, String)> {
    let read = |f: PathBuf| (f.strip_prefix(src).unwrap().to_owned(), std::fs::read_to_string(&f).unwrap());
    rust_files(src).into_iter().map(read).collect()
}

/// Names of workspace crates that a manifest depends on, dev-dependencies apart.
fn siblings(manifest: &str) -> Vec<String> {
    let table: toml::Table = manifest.parse().unwrap();
    let dependencies = table.get("dependencies").and_then(|d| d.as_table()).cloned().unwrap_or_default();
    dependencies.keys().filter(|k| FLOORS.iter().any(|(name, _)| name == k)).cloned().collect()
}

fn floor(name: &str) -> u8 {
    FLOORS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name} is not in the table of floors")).1
}

#[test]
fn crates_depend_only_downwards() {
    for (name, src) in sources() {
        let manifest = std::fs::read_to_string(src.parent().unwrap().join("Cargo.toml")).unwrap();
        for sibling in siblings(&manifest) {
            assert!(floor(&sibling) < floor(&name), "{name} may not depend on {sibling}: arrows point down only");
        }
    }
}

#[test]
fn modules_form_no_cycle() {
    let circles = sources().into_iter().filter_map(|(name, src)| {
        let path = cycle(&module_edges(&texts(&src)))?;
        Some(format!("{name}: modules import each other in a circle: {}", path.join(" -> ")))
    });
    let circles: Vec<String> = circles.collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// What in `edges` climbs against [`PROGRAM`].
fn climbs(edges: &Edges) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((from, to), paths) in edges {
        let Some((_, allowed)) = PROGRAM.iter().find(|(m, _)| m == from) else { continue };
        let permitted = |path: &String| allowed.iter().any(|a| path == a || path.starts_with(&format!("{a}::")));
        wrong.extend(paths.iter().filter(|p| !permitted(p)).map(|p| format!("{from} imports {p} (of {to})")));
    }
    wrong
}

#[test]
fn the_program_is_not_climbed() {
    let texts = texts(&root().join("src"));
    let wrong = climbs(&module_edges(&texts));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: BTreeSet<&str> = PROGRAM.iter().map(|(m, _)| *m).chain(["lib"]).collect();
    for (file, _) in &texts {
        let top = file.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        assert!(known.contains(top), "src/{top} is not in the table of the program's modules");
    }
}

#[test]
fn an_upward_import_and_a_cycle_are_found() {
    let text = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let files = [
        text("config/mod.rs", "//! x\nuse crate::tui::theme::Theme;\n"),
        text("tui/app.rs", "use crate::{config::Config, runtime::{events::Backend, builder}};\n"),
        text("cli/watch.rs", "fn f() { crate::runtime::go(); }\n#[cfg(test)]\nmod tests { use crate::main::x; }\n"),
    ];
    let edges = module_edges(&files);
    let wrong = climbs(&edges);
    assert_eq!(wrong, ["config imports tui::theme::Theme (of tui)", "tui imports runtime::builder (of runtime)"]);
    assert_eq!(cycle(&edges).unwrap(), ["config", "tui", "config"]);
    assert!(cycle(&module_edges(&files[1..])).is_none());
}

#[test]
fn super_paths_and_names_of_the_root_are_followed() {
    let text = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let files = [
        text("a.rs", "use super::b::X;\n"),
        text("b/mod.rs", "use super::a;\n"),
        text("b/deep.rs", "use super::inner;\n use super::super::c::Z;\n// use crate::d::X;\n"),
        text("lib.rs", "pub use a::X;\npub use e::{Y, deep::Z};\n"),
        text("c.rs", "use crate::{X, Z};\n"),
    ];
    let edges: BTreeMap<_, _> = module_edges(&files);
    let pairs: Vec<_> = edges.keys().map(|(f, t)| (f.as_str(), t.as_str())).collect();
    assert_eq!(pairs, [("a", "b"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "e")]);
}

#[test]
fn siblings_are_read_from_a_manifest() {
    let manifest = "[dependencies]\nserde.workspace = true\naiobs-store.workspace = true\n[dev-dependencies]\naiobs-llm.path = \"x\"\n";
    assert_eq!(siblings(manifest), ["aiobs-store"]);
}

/// Lines of a file without its test modules. Sources are formatted: a module ends at the brace below its beginning.
fn code_lines(text: &str) -> usize {
    let mut lines = text.lines().peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let module = |l: &&str| l.trim_start().trim_start_matches("pub(crate) ").starts_with("mod ");
        let Some(module) = (line.trim() == "#[cfg(test)]").then(|| lines.next_if(module)).flatten() else {
            count += 1;
            continue;
        };
        if module.ends_with('{') {
            let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            lines.find(|l| *l == end);
        }
    }
    count
}

#[test]
fn only_test_modules_are_left_out_of_a_files_length() {
    let text = "//! x\n#[cfg(test)]\nmod tests;\nuse a::B;\n#[cfg(test)]\nfn only() {\n}\n#[cfg(test)]\nmod inner {\n    fn f() {\n    }\n}\nfn last() {}\n";
    assert_eq!(code_lines(text), 6);
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut wrong = Vec::new();
    for (name, src) in sources() {
        for (file, text) in texts(&src) {
            let what = format!("{name}: {}", file.display());
            let is_test = file.iter().any(|p| p == "tests" || p == "tests.rs");
            if !text.starts_with("//!") && !is_test {
                wrong.push(format!("{what} does not begin with `//!`"));
            }
            let lines = code_lines(&text);
            if lines > MOST_LINES && !is_test {
                wrong.push(format!("{what} has {lines} lines; at most {MOST_LINES} without tests"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_names_a_developers_machine() {
    let mut wrong = Vec::new();
    let home = ["/ho", "me/"].concat();
    let forbidden = [["/wo", "rk/"].concat(), ["/Us", "ers/"].concat()];
    for dir in ["src", "crates", "xtask/src", "tests", "benches"] {
        for file in rust_files(&root().join(dir)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let named = forbidden.iter().find(|w| text.contains(w.as_str()));
            let homes = text.matches(&home).count() != text.matches(&format!("{home}user")).count();
            if named.is_some() || homes {
                wrong.push(file.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "paths of a machine in {}", wrong.join(", "));
}

#[test]
fn every_configuration_key_is_read() {
    let formats = std::fs::read_to_string(root().join("crates/aiobs-logs/src/format/def.rs")).unwrap();
    let unread = config_keys::unread(&texts(&root().join("src")), &formats);
    assert!(unread.is_empty(), "nobody reads {unread:?}: a key that changes nothing is a broken promise");
}
