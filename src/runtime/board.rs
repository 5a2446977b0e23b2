//! What the threads of the engine tell each other and the screen: one board of shared state, each part behind its
//! own short lock. Writers are named beside the fields; everyone else reads.

use super::EngineEvent;
use super::events::{ChainState, MemoryState, ModelState, Toast};
use super::live::LiveWindow;
use super::stats::Stats;
use aiobs_insight::Life;
use aiobs_types::{
    Incident, IncidentId, Level, Marker, RecordId, SourceId, SourceInfo, Template, TemplateId, TemplateMark,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Incidents that are remembered as asked about: more panes than that show none.
const WATCHED: usize = 4;
/// Markers held for the screen.
const MARKERS: usize = 500;

/// Locks a mutex; a thread that died while holding it left the data usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a person wants with the older part of large files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Not to read it.
    LeaveOut,
    /// To read what was left out.
    ReadLeftOut,
}

/// Who else hears of troubles.
struct Told(Arc<dyn Fn(EngineEvent) + Send + Sync>);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Newest records; written by the pipeline thread.
    pub live: LiveWindow,
    /// Running numbers; written by the pipeline thread.
    pub stats: Mutex<Stats>,
    /// Sources; written by the pipeline thread.
    pub sources: Mutex<BTreeMap<SourceId, SourceInfo>>,
    /// Incidents held; written by the pipeline thread.
    pub incidents: Mutex<BTreeMap<IncidentId, Arc<Incident>>>,
    /// Templates; written by the pipeline thread.
    pub templates: Mutex<HashMap<TemplateId, Template>>,
    /// What persons said of templates; written by the inquiry thread.
    pub marks: Mutex<BTreeMap<TemplateId, TemplateMark>>,
    /// The latest markers; written by the pipeline thread.
    pub markers: Mutex<VecDeque<Marker>>,
    /// Where templates stand in their life; written by the pipeline thread.
    pub lives: Mutex<HashMap<TemplateId, Life>>,
    /// The model; written by the model check.
    pub model: Mutex<ModelState>,
    /// The agent chain; written by its listener, who gathers evidence first by the agents.
    pub chain: Mutex<ChainState>,
    /// What can be found by meaning; written by the memory thread.
    pub memory: Mutex<MemoryState>,
    /// What stays wrong, by key; written by whoever finds it.
    notices: Mutex<BTreeMap<&'static str, Toast>>,
    told: OnceLock<Told>,
    /// Incidents the screen asked about last, newest first; written by the hub.
    watched: Mutex<VecDeque<IncidentId>>,
    /// Bytes of the archive on disk; written by the writer thread.
    pub archive_bytes: AtomicU64,
    /// Where else than on this machine something is sent; set at the start.
    remotes: Mutex<BTreeSet<String>>,
    /// The last wish that the reader has not carried out; written by the hub.
    wish: Mutex<Option<Wish>>,
    dirty: Mutex<bool>,
    dirty_signal: Condvar,
    stopping: AtomicBool,
}

impl Board {
    pub(crate) fn new(next: RecordId) -> Self {
        Self { live: LiveWindow::new(next), ..Self::default() }
    }

    /// Something changed that a snapshot would show.
    pub(crate) fn touch(&self) {
        let mut dirty = lock(&self.dirty);
        if !*dirty || self.stopping() {
            *dirty = true;
            self.dirty_signal.notify_all();
        }
    }

    /// Waits until something changed, at most `timeout`; says whether it did.
    pub(crate) fn wait_touched(&self, timeout: Duration) -> bool {
        let guard = lock(&self.dirty);
        let (mut guard, _) = self
            .dirty_signal
            .wait_timeout_while(guard, timeout, |dirty| !*dirty && !self.stopping())
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *guard)
    }

    /// Tells every change of the notices to `emit` from here on.
    pub(crate) fn tell(&self, emit: Arc<dyn Fn(EngineEvent) + Send + Sync>) {
        // There is one wiring, and so one listener.
        let _ = self.told.set(Told(emit));
    }

    /// Puts up a notice, or takes it down with `None`. Says whether it changed; if so, the program's log and the
    /// engine's listeners hear it.
    pub(crate) fn notice(&self, key: &'static str, toast: Option<(Level, String)>) -> bool {
        let mut notices = lock(&self.notices);
        let toast = toast.map(|(level, text)| Toast { level, text });
        let changed = notices.get(key) != toast.as_ref();
        let event = EngineEvent::Trouble { about: key, text: toast.as_ref().map(|t| t.text.clone()) };
        match toast {
            Some(toast) => notices.insert(key, toast),
            None => notices.remove(key),
        };
        drop(notices);
        if changed {
            if let EngineEvent::Trouble { text: Some(text), .. } = &event {
                tracing::warn!("{text}");
            } else {
                tracing::warn!("{key}: works again");
            }
            if let Some(told) = self.told.get() {
                (told.0)(event);
            }
            self.touch();
        }
        changed
    }

    /// Asks the reader for something; it has to be woken.
    pub(crate) fn wish(&self, wish: Wish) {
        *lock(&self.wish) = Some(wish);
    }

    /// What the reader is asked for.
    pub(crate) fn take_wish(&self) -> Option<Wish> {
        lock(&self.wish).take()
    }

    /// Markers were found, and templates went on in their life.
    pub(crate) fn learnt(&self, markers: &[Marker], lives: &[(TemplateId, Life)]) {
        if !markers.is_empty() {
            let mut held = lock(&self.markers);
            held.extend(markers.iter().cloned());
            let extra = held.len().saturating_sub(MARKERS);
            held.drain(..extra);
        }
        if !lives.is_empty() {
            lock(&self.lives).extend(lives.iter().copied());
        }
    }

    /// What was said of a template, or of one that was merged into it.
    pub(crate) fn mark_of(&self, id: TemplateId) -> Option<TemplateMark> {
        let marks = lock(&self.marks);
        if marks.is_empty() {
            return None;
        }
        if let Some(own) = marks.get(&id) {
            return Some(own.clone());
        }
        let templates = lock(&self.templates);
        let text = &templates.get(&id)?.text;
        let merged = |other: &TemplateId| templates.get(other).is_some_and(|t| t.count == 0 && t.text == *text);
        marks.iter().find(|(other, _)| merged(other)).map(|(_, mark)| mark.clone())
    }

    /// The screen asks about an incident.
    pub(crate) fn watch(&self, id: IncidentId) {
        let mut watched = lock(&self.watched);
        watched.retain(|known| *known != id);
        watched.push_front(id);
        watched.truncate(WATCHED);
    }

    /// Whether the screen may still show what it asked about this incident.
    pub(crate) fn watches(&self, id: IncidentId) -> bool {
        lock(&self.watched).contains(&id)
    }

    /// Something of this kind, such as `alerts`, may leave this machine for this place.
    pub(crate) fn leaves_to(&self, what: &str, place: &str) {
        lock(&self.remotes).insert(format!("{place} ({what})"));
    }

    /// Where something may leave this machine for, and what, sorted: `https://api.openai.com/v1 (gpt-4o)`.
    pub(crate) fn remotes(&self) -> Vec<String> {
        lock(&self.remotes).iter().cloned().collect()
    }

    /// The notices that are up.
    pub(crate) fn notices(&self) -> Vec<Toast> {
        lock(&self.notices).values().cloned().collect()
    }

    /// Asks every thread to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.touch();
    }

    /// Set once the threads should end; cancels what can be cancelled.
    pub(crate) fn stop_flag(&self) -> &AtomicBool {
        &self.stopping
    }

    /// Whether the threads should end.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}
