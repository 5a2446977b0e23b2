//! All sources of one reading thread: finds files, steps their tails in turn, sleeps when there is nothing to do.

mod kin;
mod older;
mod streams;

use super::{
    SourceError, SourceEvent, SourceOptions, SourceSpec, Waker,
    dirty::{Dirty, News},
    exclude::Exclude,
    pipe,
    shared::Shared,
    spec::{Search, absolute},
    tail::{Step, Tail},
    watch::Watch,
};
use aiobs_types::{Checkpoint, SourceId, SourceInfo};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs, io,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Blocks handed out by one call of `poll` at most, so that its caller gets to do other things.
const BLOCKS_PER_POLL: usize = 16;
/// How long a file waits that cannot be opened because too many are.
const NO_ROOM: Duration = Duration::from_millis(50);
/// How often directories are searched for new files when nobody tells that there are any.
const SEARCH_PACE: Duration = Duration::from_secs(2);

/// The sources of one reading thread.
#[derive(Debug)]
pub struct SourceSet {
    tails: Vec<Tail>,
    names: HashMap<String, usize>,
    /// Tails to step when something happens to a path (links resolved in the directory part).
    keys: HashMap<PathBuf, Vec<usize>>,
    ready: VecDeque<usize>,
    searches: Vec<Search>,
    exclude: Exclude,
    vacant: Vec<String>,
    /// Who is read after whom.
    after: HashMap<usize, usize>,
    /// It was told that more programs were found than may run.
    crowded: bool,
    known: HashMap<String, Checkpoint>,
    next_id: u32,
    shared: Shared,
    dirty: Arc<Dirty>,
    watch: Watch,
    next_sweep: Instant,
    next_search: Instant,
}

impl SourceSet {
    /// Opens the named sources. `known` are the checkpoints of earlier runs, all of them: they give sources their numbers.
    ///
    /// Fails only for what must be put right now: a path that does not exist (one-shot) or whose directory does not (when
    /// following), a named path that may not be read (one-shot), a malformed or, one-shot, an unmatched pattern.
    pub fn open(specs: &[SourceSpec], options: SourceOptions, known: &[Checkpoint]) -> Result<Self, SourceError> {
        let dirty = Arc::new(Dirty::default());
        let watch = Watch::new(&dirty, options.follow && !options.force_poll);
        let next_id = known.iter().map(|c| c.source.0 + 1).max().unwrap_or(1);
        let mut set = Self {
            tails: Vec::new(),
            names: HashMap::new(),
            keys: HashMap::new(),
            ready: VecDeque::new(),
            searches: Vec::new(),
            exclude: Exclude::new(&options.exclude)?,
            vacant: Vec::new(),
            after: HashMap::new(),
            crowded: false,
            known: known.iter().map(|c| (c.name.clone(), c.clone())).collect(),
            next_id,
            next_sweep: Instant::now(),
            next_search: Instant::now(),
            shared: Shared::new(options),
            dirty,
            watch,
        };
        for checkpoint in known {
            set.shared.own(checkpoint.source, checkpoint.identity);
            set.shared.past.extend(checkpoint.past.iter().map(|past| (checkpoint.source, *past)));
        }
        for spec in specs {
            set.add_spec(spec)?;
        }
        set.freeze();
        set.line_up(0);
        // A log that is read stands for its old generations, which were sources of their own when they were found.
        let relative = |c: &&Checkpoint| kin::bases(Path::new(&c.name)).iter().any(|b| set.names.contains_key(b));
        let relatives = known.iter().filter(relative).map(|c| c.source);
        let active: HashSet<SourceId> = set.tails.iter().map(|tail| tail.id).chain(relatives).collect();
        set.shared.owned.retain(|_, (owner, _)| active.contains(owner));
        set.shared.past.retain(|(owner, _)| active.contains(owner));
        Ok(set)
    }

    fn add_spec(&mut self, spec: &SourceSpec) -> Result<(), SourceError> {
        match spec {
            SourceSpec::Stdin => {
                let input = pipe::stdin(Arc::clone(&self.dirty))?;
                self.add_pipe("stdin".to_owned(), input);
                Ok(())
            }
            SourceSpec::Glob(pattern) => {
                let search = Search::glob(pattern)?;
                if !self.search(&search) {
                    if !self.shared.options.follow {
                        return Err(SourceError::NoMatch(pattern.clone()));
                    }
                    self.vacant.push(pattern.clone());
                }
                self.searches.push(search);
                Ok(())
            }
            SourceSpec::Path(path) => self.add_path(&absolute(path)),
            SourceSpec::Stream(stream) => self.add_stream(stream, false),
        }
    }

    fn add_path(&mut self, path: &Path) -> Result<(), SourceError> {
        let follow = self.shared.options.follow;
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == io::ErrorKind::NotFound && follow && path.parent().is_some_and(Path::is_dir) => {
                self.add_file(path, true);
                self.vacant.push(path.display().to_string());
                return Ok(());
            }
            Err(e) => return Err(refused(path, &e)),
        };
        if meta.is_dir() {
            fs::read_dir(path).map_err(|e| refused(path, &e))?;
            let search = Search::directory(path);
            if !self.search(&search) {
                if !follow {
                    return Err(SourceError::NoMatch(path.display().to_string()));
                }
                self.vacant.push(path.display().to_string());
            }
            self.searches.push(search);
            return Ok(());
        }
        let kind = meta.file_type();
        if kind.is_fifo() || kind.is_char_device() {
            let input = pipe::device(path.to_path_buf(), Arc::clone(&self.dirty))?;
            self.add_pipe(path.to_string_lossy().into_owned(), input);
            return Ok(());
        }
        if !follow {
            fs::File::open(path).map_err(|e| refused(path, &e))?;
        }
        self.add_file(path, true);
        Ok(())
    }

    fn id_for(&mut self, name: &str) -> SourceId {
        self.known.get(name).map_or_else(
            || {
                self.next_id += 1;
                SourceId(self.next_id - 1)
            },
            |checkpoint| checkpoint.source,
        )
    }

    fn add_pipe(&mut self, name: String, input: std::sync::mpsc::Receiver<super::piece::Piece>) {
        if !self.names.contains_key(&name) {
            let id = self.id_for(&name);
            self.push(Tail::pipe(id, name, input));
        }
    }

    fn add_file(&mut self, path: &Path, explicit: bool) {
        let name = path.to_string_lossy().into_owned();
        if let Some(&at) = self.names.get(&name) {
            self.tails[at].explicit |= explicit;
            return;
        }
        let id = self.id_for(&name);
        let known = self.known.get(&name).map(|checkpoint| (checkpoint.identity, checkpoint.offset));
        // What is there now is what it begins with, even if it is renamed before it is opened.
        let last = known.or_else(|| Some((self.shared.claim(id, path)?, 0)));
        let mut tail = Tail::file(id, path.to_path_buf(), explicit, last);
        if let Some(checkpoint) = self.known.get(&name) {
            tail.left_out(checkpoint.skipped.clone());
        }
        let at = self.push(tail);
        for key in self.keys_of(path) {
            self.keys.entry(key).or_default().push(at);
        }
    }

    fn push(&mut self, mut tail: Tail) -> usize {
        let at = self.tails.len();
        tail.queued = true;
        self.names.insert(tail.name.clone(), at);
        self.tails.push(tail);
        self.ready.push_back(at);
        at
    }

    /// Where events of this path come from: its directory, and its target's when it is a link. Watches both.
    fn keys_of(&mut self, path: &Path) -> Vec<PathBuf> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return vec![path.to_path_buf()] };
        let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf());
        self.watch.add(&dir);
        let mut keys = vec![dir.join(name)];
        if let Ok(target) = fs::canonicalize(path)
            && target != keys[0]
        {
            if let Some(dir) = target.parent() {
                self.watch.add(dir);
            }
            keys.push(target);
        }
        keys
    }

    /// Looks through a directory or a glob; tells whether anything matches.
    fn search(&mut self, search: &Search) -> bool {
        let (files, dirs) = search.run(&self.exclude);
        if self.shared.options.follow {
            for dir in dirs {
                if self.watch.add(&fs::canonicalize(&dir).unwrap_or(dir)) {
                    self.next_search = Instant::now();
                }
            }
        }
        let names: HashSet<String> = files.iter().map(|f| f.to_string_lossy().into_owned()).collect();
        for base in self.taken_away(search, &files, &names) {
            self.add_file(&base, false);
        }
        for path in &files {
            let name = path.to_string_lossy();
            let new = !self.names.contains_key(&*name) && !self.known.contains_key(&*name);
            let other =
                || self.left_over(path, &names) || Self::twice(path, &names) || self.read_elsewhere(path, &names);
            if !new || !other() {
                self.add_file(path, false);
            }
        }
        !files.is_empty()
    }

    /// Hands out what there is, or waits for something up to `timeout`. Returns false once everything has ended.
    pub fn poll(&mut self, timeout: Duration, mut sink: impl FnMut(SourceEvent<'_>)) -> Result<bool, SourceError> {
        let until = Instant::now() + timeout;
        let mut told = 0usize;
        loop {
            let mut counted = |event: SourceEvent<'_>| {
                told += 1;
                sink(event);
            };
            let news = self.dirty.wait(Duration::ZERO);
            let woken = self.take(news);
            self.round(&mut counted);
            self.add_found()?;
            if self.finished() {
                return Ok(false);
            }
            let now = Instant::now();
            if told > 0 || woken || now >= until {
                return Ok(true);
            }
            if self.ready.is_empty() {
                let wake = self.deadline().min(until);
                let news = self.dirty.wait(wake.saturating_duration_since(now));
                if self.take(news) {
                    return Ok(true);
                }
            }
        }
    }

    /// One block of each tail that may have some, until the share of one call is used up.
    fn round(&mut self, sink: &mut dyn FnMut(SourceEvent<'_>)) {
        let mut blocks = BLOCKS_PER_POLL.max(self.ready.len().min(64));
        while blocks > 0
            && let Some(at) = self.ready.pop_front()
        {
            blocks -= 1;
            let tail = &mut self.tails[at];
            tail.queued = false;
            if tail.waits && tail.holds_file() || !self.make_room(at) {
                continue;
            }
            let tail = &mut self.tails[at];
            if tail.step(&mut self.shared, sink) == Step::More {
                self.enqueue(at);
            } else if let Some(next) = self.after.remove(&at) {
                self.tails[next].waits = false;
                self.enqueue(next);
            }
        }
    }

    /// Before a tail opens a file: closes one that rests when as many are open as may be. False when none rests; then
    /// the tail has to wait.
    fn make_room(&mut self, at: usize) -> bool {
        let opens = |tail: &Tail| !tail.holds_file() && !tail.is_pipe() && !tail.ended;
        if !opens(&self.tails[at]) || self.tails.len() <= self.shared.max_open {
            return true;
        }
        let open = self.tails.iter().filter(|tail| tail.holds_file()).count();
        if open < self.shared.max_open {
            return true;
        }
        let resting = self.tails.iter_mut().filter(|tail| tail.holds_file() && tail.at_rest() && !tail.lags());
        if let Some(longest) = resting.min_by_key(|tail| tail.read_at) {
            longest.close();
            return true;
        }
        self.tails[at].put_off(NO_ROOM);
        false
    }

    fn enqueue(&mut self, at: usize) {
        let tail = &mut self.tails[at];
        if !tail.queued && !tail.ended {
            tail.queued = true;
            self.ready.push_back(at);
        }
    }

    /// Turns news and elapsed deadlines into work; tells whether someone asked for a return.
    fn take(&mut self, news: News) -> bool {
        let now = Instant::now();
        let follow = self.shared.options.follow;
        let sweep = follow && now >= self.next_sweep;
        if sweep {
            let options = &self.shared.options;
            let pace = if self.watch.works() { options.sweep_interval } else { options.poll_interval };
            self.next_sweep = now + pace;
        }
        let search = follow && now >= self.next_search;
        if search {
            self.next_search = now + SEARCH_PACE * if self.watch.works() { 5 } else { 1 };
            self.watch.prune();
        }
        if search || news.appeared && follow {
            let replaced = news.paths.iter().any(|path| self.keys.contains_key(path));
            self.look_again(search || replaced);
        }
        for at in 0..self.tails.len() {
            let tail = &self.tails[at];
            let due = tail.deadline(self.shared.options.silence).is_some_and(|at| at <= now);
            let renamed = !news.paths.is_empty() && tail.lags();
            if due || sweep || news.everything || news.pipes && tail.is_pipe() || renamed {
                self.enqueue(at);
            }
        }
        for path in &news.paths {
            for at in self.keys.get(path).cloned().unwrap_or_default() {
                self.enqueue(at);
            }
        }
        news.woken
    }

    /// Searches again, and watches what may have come into being or a link's new target.
    fn look_again(&mut self, all: bool) {
        let searches = std::mem::take(&mut self.searches);
        let before = self.tails.len();
        for search in &searches {
            self.search(search);
        }
        self.searches = searches;
        if self.tails.len() > before {
            self.freeze();
            self.line_up(before);
        }
        if all || self.tails.len() > before {
            self.keys.clear();
            for at in 0..self.tails.len() {
                if !self.tails[at].is_pipe() {
                    let path = self.tails[at].path.clone();
                    for key in self.keys_of(&path) {
                        self.keys.entry(key).or_default().push(at);
                    }
                }
            }
        }
    }

    fn deadline(&self) -> Instant {
        let silence = self.shared.options.silence;
        let far = Instant::now() + Duration::from_hours(1);
        let sweep = if self.shared.options.follow { self.next_sweep.min(self.next_search) } else { far };
        self.tails.iter().filter_map(|tail| tail.deadline(silence)).chain([sweep]).min().unwrap_or(far)
    }

    fn finished(&self) -> bool {
        let waits = self.shared.options.follow && !self.searches.is_empty();
        !waits && self.tails.iter().all(|tail| tail.ended)
    }

    /// Named when it was opened, but nothing was there: paths that did not exist, patterns and directories without a file.
    pub fn vacant(&self) -> &[String] {
        &self.vacant
    }

    /// What there is to show of the sources, in the order they were named or found. Format and record counts are not
    /// known here.
    pub fn sources(&self) -> impl Iterator<Item = SourceInfo> + '_ {
        self.tails.iter().map(|tail| {
            let (read, size) = tail.progress();
            SourceInfo {
                id: tail.id,
                name: tail.name.clone(),
                state: tail.state.clone(),
                read,
                size,
                ..SourceInfo::default()
            }
        })
    }

    /// Whether changes are noticed by looking rather than by being told.
    pub fn polls(&self) -> bool {
        self.shared.options.follow && !self.watch.works()
    }

    /// A handle that makes `poll` return.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.dirty))
    }

    /// Replaces how files are opened.
    #[cfg(test)]
    pub(super) fn set_opener(&mut self, opener: super::file::Opener) {
        self.shared.opener = opener;
    }
}

fn refused(path: &Path, error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound(path.to_path_buf()),
        io::ErrorKind::PermissionDenied => SourceError::Denied(path.to_path_buf()),
        _ => SourceError::Unreadable { path: path.to_path_buf(), text: error.to_string() },
    }
}
