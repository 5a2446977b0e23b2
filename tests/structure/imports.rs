//! Reads which top-level modules of a crate import which others: `crate::…` paths anywhere, and `super::…` paths that
//! reach the top. Comments and test modules do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// (importing module, imported module) -> the paths written.
pub(crate) type Edges = BTreeMap<(String, String), BTreeSet<String>>;

/// The imports between the top-level modules of one crate; files are given with their path from `src`.
/// Names that the crate's root re-exports count as imports of the module they come from.
pub(crate) fn module_edges(files: &[(PathBuf, String)]) -> Edges {
    let exports = reexports(files);
    let mut edges = Edges::new();
    for (file, text) in files {
        let module = path_of(file);
        // Tests may use what they like.
        if module.iter().any(|m| m == "tests" || m == "testkit") {
            continue;
        }
        let Some(top) = module.first().filter(|m| *m != "lib") else { continue };
        for path in paths_in(&without_tests_and_comments(text), &module) {
            let first = path.split("::").next().unwrap_or_default();
            let to = exports.get(first).map_or(first, String::as_str);
            if to != top && to.starts_with(|c: char| c.is_ascii_lowercase()) {
                edges.entry((top.clone(), to.to_owned())).or_default().insert(path);
            }
        }
    }
    edges
}

/// What `pub use module::Name` in the crate's root makes of `crate::Name`: name -> module.
fn reexports(files: &[(PathBuf, String)]) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    let Some((_, root)) = files.iter().find(|(f, _)| f == Path::new("lib.rs")) else { return exports };
    for (at, word) in root.match_indices("pub use ") {
        let mut paths = Vec::new();
        expand("", &root[at + word.len()..], &mut paths);
        for path in paths {
            if let (Some((module, _)), Some((_, name))) = (path.split_once("::"), path.rsplit_once("::")) {
                exports.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    exports
}

/// `a/b.rs` and `a/b/mod.rs` are both `["a", "b"]`.
fn path_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<_> = file.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|p| p == "mod") {
        parts.pop();
    }
    parts
}

fn without_tests_and_comments(text: &str) -> String {
    let mut out = String::new();
    let lines: Vec<&str> = text.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        let tests =
            line.trim() == "#[cfg(test)]" && lines.get(i + 1).is_some_and(|l| l.trim_start().starts_with("mod "));
        if tests {
            break;
        }
        out.push_str(line.split("//").next().unwrap_or_default());
        out.push('\n');
    }
    out
}

/// Every path from the crate's root that the text names, groups expanded, without the leading `crate::`.
fn paths_in(text: &str, module: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (word, base) in [("crate::", Some(0)), ("super::", None)] {
        let mut from = 0;
        while let Some(at) = text[from..].find(word).map(|i| i + from) {
            from = at + word.len();
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut rest = &text[from..];
            let mut up = 1;
            while let (None, Some(next)) = (base, rest.strip_prefix("super::")) {
                rest = next;
                up += 1;
            }
            let depth = base.unwrap_or_else(|| module.len().saturating_sub(up));
            let prefix = if base.is_some() { String::new() } else { module[..depth].join("::") };
            expand(&prefix, rest, &mut found);
        }
    }
    found
}

/// Expands `a::{b, c::{d}}` after `prefix` into `a::b` and `a::c::d`. Returns how many bytes were read.
fn expand(prefix: &str, text: &str, found: &mut Vec<String>) -> usize {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = text[..end].trim_end_matches(':');
    let whole = [prefix, path].iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("::");
    if !text[end..].starts_with('{') {
        found.push(whole);
        return end.max(1);
    }
    let mut at = end + 1;
    while at < text.len() {
        match text[at..].chars().next() {
            Some('}') => return at + 1,
            Some(c) if c.is_alphanumeric() || c == '_' => at += expand(&whole, &text[at..], found),
            Some(c) => at += c.len_utf8(),
            None => break,
        }
    }
    at
}

/// A circle in the graph, its first module repeated at the end.
pub(crate) fn cycle(edges: &Edges) -> Option<Vec<String>> {
    let starts: BTreeSet<&String> = edges.keys().map(|(from, _)| from).collect();
    starts.into_iter().find_map(|start| walk(edges, start, &mut vec![start.clone()], &mut BTreeSet::new()))
}

/// Depth first from the end of `path` back to its first module; a module left without success is not entered again.
fn walk(edges: &Edges, at: &str, path: &mut Vec<String>, seen: &mut BTreeSet<String>) -> Option<Vec<String>> {
    for (_, to) in edges.keys().filter(|(from, _)| from == at) {
        if *to == path[0] {
            path.push(to.clone());
            return Some(path.clone());
        }
        if seen.insert(to.clone()) {
            path.push(to.clone());
            if let Some(found) = walk(edges, to, path, seen) {
                return Some(found);
            }
            path.pop();
        }
    }
    None
}
