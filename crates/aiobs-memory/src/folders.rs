//! Knowledge folders: Markdown and text files (runbooks, post-mortems, decision records, READMEs) read, cut by heading,
//! and read again when they change. Polls, so that it works on network file systems too; files that did not change are
//! not opened. It knows files, not the store.

use crate::chunk::chunks;
use aiobs_types::{Document, DocumentKind, Severity, Timestamp};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Largest file read, bytes.
const LARGEST: u64 = 1 << 20;
/// Most files.
const FILES: usize = 5_000;
/// Deepest folder.
const DEEPEST: usize = 16;
/// Endings of files that are read; Markdown ones are cut by heading.
const MARKDOWN: [&str; 3] = ["md", "markdown", "mdx"];
const PLAIN: [&str; 4] = ["txt", "rst", "adoc", "org"];
/// Folders that hold nothing written for people.
const SKIPPED: [&str; 3] = ["node_modules", "target", "vendor"];

/// What one look at the folders found.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Every section of every file.
    pub documents: Vec<Document>,
    /// Whether anything is not as it was at the last look.
    pub changed: bool,
    /// Files that were read, now or before.
    pub files: usize,
    /// What could not be read, one line each.
    pub mistakes: Vec<String>,
    /// Folders that can't be read right now: what is known of them stays.
    pub unread: Vec<PathBuf>,
}

struct Known {
    changed: Option<SystemTime>,
    size: u64,
    documents: Vec<Document>,
    mistake: Option<String>,
}

/// See the module.
#[derive(Default)]
pub struct Folders {
    roots: Vec<PathBuf>,
    known: HashMap<PathBuf, Known>,
}

impl Folders {
    /// Of these files and folders; `~/` is not expanded here.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots, known: HashMap::new() }
    }

    /// Looks at all of them.
    pub fn scan(&mut self) -> Scan {
        let mut scan = Scan::default();
        let mut files = Vec::new();
        for root in self.roots.clone() {
            match fs::metadata(&root) {
                Ok(m) if m.is_dir() => walk(&root, 0, &mut files, &mut scan),
                Ok(_) => files.push(root),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    scan.mistakes.push(format!("{}: there is no such file or folder", root.display()));
                }
                Err(e) => {
                    scan.mistakes.push(format!("{}: {e}", root.display()));
                    scan.unread.push(root);
                }
            }
        }
        files.sort();
        files.dedup();
        if files.len() > FILES {
            scan.mistakes.push(format!("{} files are too many; the first {FILES} are read", files.len()));
            files.truncate(FILES);
        }
        let present: HashSet<&PathBuf> = files.iter().collect();
        let before = self.known.len();
        self.known.retain(|path, _| present.contains(path));
        scan.changed = self.known.len() != before;
        for file in &files {
            scan.changed |= self.is_new(file);
            let known = self.file(file);
            scan.files += usize::from(known.mistake.is_none());
            scan.mistakes.extend(known.mistake.clone());
            scan.documents.extend(known.documents.iter().cloned());
        }
        scan
    }

    /// Whether it is not known as it is now.
    fn is_new(&self, path: &Path) -> bool {
        let (changed, size) = state(path);
        self.known.get(path).is_none_or(|k| k.changed != changed || k.size != size)
    }

    fn file(&mut self, path: &Path) -> &Known {
        let (changed, size) = state(path);
        let failed = self.known.get(path).is_some_and(|k| k.mistake.is_some());
        if failed || self.is_new(path) {
            let known = match read(path, size) {
                Ok(text) => Known { changed, size, documents: sections(path, &text, changed), mistake: None },
                Err(e) => {
                    Known { changed, size, documents: Vec::new(), mistake: Some(format!("{}: {e}", path.display())) }
                }
            };
            self.known.insert(path.to_owned(), known);
        }
        self.known.entry(path.to_owned()).or_insert(Known {
            changed: None,
            size: 0,
            documents: Vec::new(),
            mistake: None,
        })
    }
}

/// When a file was changed, and its size.
fn state(path: &Path) -> (Option<SystemTime>, u64) {
    fs::metadata(path).map_or((None, 0), |m| (m.modified().ok(), m.len()))
}

/// Whether a file is one of those that are read.
fn is_read(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()) {
        Some(e) => MARKDOWN.contains(&e.as_str()) || PLAIN.contains(&e.as_str()),
        None => ["readme", "runbook", "changelog"].contains(&name.as_str()),
    }
}

fn walk(dir: &Path, depth: usize, files: &mut Vec<PathBuf>, scan: &mut Scan) {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) => {
            scan.mistakes.push(format!("{}: {e}", dir.display()));
            scan.unread.push(dir.to_owned());
            return;
        }
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        // Links are followed to files, not to folders: those may lead back.
        let Ok(kind) = entry.file_type() else { continue };
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            if depth < DEEPEST {
                walk(&path, depth + 1, files, scan);
            }
        } else if is_read(&path) && path.is_file() {
            files.push(path);
        }
        if files.len() > FILES {
            return;
        }
    }
}

fn read(path: &Path, size: u64) -> Result<String, String> {
    if size > LARGEST {
        return Err(format!("{size} bytes are too many; at most {LARGEST} are read"));
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    if bytes.contains(&0) {
        return Err("it is no text".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn sections(path: &Path, text: &str, changed: Option<SystemTime>) -> Vec<Document> {
    let markdown =
        path.extension().is_some_and(|e| MARKDOWN.contains(&e.to_string_lossy().to_ascii_lowercase().as_str()));
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let since = changed.and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos());
    let time = Timestamp(i64::try_from(since).unwrap_or(i64::MAX));
    let document = |(n, chunk): (usize, crate::Chunk)| {
        let title: Vec<&str> =
            std::iter::once(file.as_str()).chain(chunk.headings.iter().map(String::as_str)).collect();
        Document {
            kind: DocumentKind::Runbook,
            key: format!("{}#{}", path.display(), n + 1),
            title: title.join(" > "),
            body: chunk.text,
            place: format!("{}:{}", path.display(), chunk.line),
            components: Vec::new(),
            severity: Severity(0),
            state: String::new(),
            class: String::new(),
            time,
            incident: None,
        }
    };
    chunks(text, markdown).into_iter().enumerate().map(document).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_come_change_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| fs::write(dir.path().join(name), text).unwrap();
        fs::create_dir_all(dir.path().join(".git")).unwrap();
        fs::create_dir_all(dir.path().join("deep/er")).unwrap();
        write("disk.md", b"# Disk full\nfree some\n## Verify\ndf -h\n");
        write("deep/er/notes.txt", b"call the provider");
        write(".git/x.md", b"# no");
        write("program.rs", b"fn main() {}");
        write("odd.md", b"a\0b");
        let missing = dir.path().join("missing");
        let mut folders = Folders::new(vec![dir.path().to_owned(), missing]);
        let scan = folders.scan();
        let titles: Vec<&str> = scan.documents.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["notes.txt", "disk.md > Disk full", "disk.md > Disk full > Verify"]);
        assert!(scan.documents[1].place.ends_with("disk.md:2"), "{}", scan.documents[1].place);
        assert_eq!((scan.files, scan.mistakes.len()), (2, 2), "{:?}", scan.mistakes);
        write("disk.md", b"# Disk full\nbuy a larger one, and a spare\n");
        fs::remove_file(dir.path().join("deep/er/notes.txt")).unwrap();
        let scan = folders.scan();
        assert_eq!((scan.documents.len(), scan.changed), (1, true));
        assert!(!folders.scan().changed);
        assert!(scan.documents[0].body.contains("larger"));
    }
}
