//! Files of a set that belong together by their names: which of them are old generations that another source has read or
//! reads, and in which order the rest is read so that records arrive in the order of their times.

use super::SourceSet;
use crate::source::{family, identity, packed, spec::Search};
use aiobs_types::Checkpoint;
use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The paths of which this file may be an old generation, by its name; the shortest first.
pub(super) fn bases(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let full = |(base, _): (String, _)| path.with_file_name(base).to_string_lossy().into_owned();
    family::bases(&name).into_iter().map(full).collect()
}

impl SourceSet {
    /// Logs of earlier runs that are not there just now although their old files are: a rotation is under way, or the
    /// log was given up. What is left of them is theirs, not a source of its own.
    pub(super) fn taken_away(&self, search: &Search, files: &[PathBuf], names: &HashSet<String>) -> Vec<PathBuf> {
        let bases: HashSet<String> = files.iter().flat_map(|file| bases(file)).collect();
        let gone =
            |name: &String| self.known.contains_key(name) && !names.contains(name) && !self.names.contains_key(name);
        let gone = bases.into_iter().filter(gone).map(PathBuf::from);
        gone.filter(|base| search.covers(base) && !self.exclude.leaves_out(base)).collect()
    }

    /// An old generation of a source that was read before: it has been read under that name.
    pub(super) fn left_over(&self, path: &Path, names: &HashSet<String>) -> bool {
        let there = |base: &String| self.names.contains_key(base) || names.contains(base);
        bases(path).iter().any(|base| self.was_read(base) && there(base))
    }

    /// Whether anything was read under a name, in this run or an earlier one.
    fn was_read(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(Checkpoint::has_read)
            || self.names.get(name).is_some_and(|at| self.tails[*at].has_read())
    }

    /// A compressed generation beside the uncompressed one: it is being written.
    pub(super) fn twice(path: &Path, names: &HashSet<String>) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        packed::bare_name(&name).is_some_and(|bare| {
            !family::bases(bare).is_empty() && names.contains(&*path.with_file_name(bare).to_string_lossy())
        })
    }

    /// Whether a source of this run has the file under another name, or had it before it was compressed.
    pub(super) fn read_elsewhere(&self, path: &Path, names: &HashSet<String>) -> bool {
        let Ok(file) = fs::File::open(path) else { return false };
        let Ok(meta) = file.metadata() else { return false };
        let owned = self.shared.owned.get(&(meta.dev(), meta.ino()));
        let same = owned.filter(|(_, known)| identity::same_file(&file, known));
        let unpacked = || packed::by_name(path).then(|| self.shared.unpacked(None, &file)).flatten();
        let Some(owner) = same.map(|(owner, _)| *owner).or_else(unpacked) else { return false };
        self.tails.iter().any(|tail| tail.id == owner)
            || self.known.values().any(|known| known.source == owner && names.contains(&known.name))
    }

    /// Marks the tails whose names are old generations of another tail.
    pub(super) fn freeze(&mut self) {
        for at in 0..self.tails.len() {
            let is_file = |base: &String| self.names.get(base).is_some_and(|at| !self.tails[*at].is_pipe());
            let bases = if self.tails[at].is_pipe() { Vec::new() } else { bases(&self.tails[at].path) };
            self.tails[at].frozen = bases.iter().any(is_file);
            let new = !bases.iter().any(|base| self.known.contains_key(base) || self.was_read(base));
            let named = bases.iter().filter(|_| new).filter_map(|base| self.names.get(base));
            let strays_of = named.map(|at| self.tails[*at].id).collect();
            self.tails[at].strays_of = strays_of;
        }
    }

    /// Has the tails from `first` on wait for the older ones of their family.
    pub(super) fn line_up(&mut self, first: usize) {
        let mut families: HashMap<PathBuf, Vec<(usize, family::Age)>> = HashMap::new();
        for at in (first..self.tails.len()).filter(|at| !self.tails[*at].is_pipe()) {
            let path = &self.tails[at].path;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let modified = fs::metadata(path).map(|meta| family::modified(&meta)).unwrap_or_default();
            let (base, suffix) = family::bases(&name).into_iter().next().unzip();
            let base = base.unwrap_or_else(|| name.into_owned());
            let age = family::Age::new(suffix.as_ref(), modified);
            families.entry(path.with_file_name(base)).or_default().push((at, age));
        }
        for mut family in families.into_values().filter(|family| family.len() > 1) {
            family.sort_by(|a, b| a.1.cmp(&b.1));
            for pair in family.windows(2) {
                let ((older, _), (younger, _)) = (&pair[0], &pair[1]);
                self.after.insert(*older, *younger);
                self.tails[*younger].waits = true;
            }
        }
    }
}
