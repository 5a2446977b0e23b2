//! Programs whose output a set reads: those that were named, and those that others of them find.

use super::SourceSet;
use crate::source::{
    SourceError, StreamSpec,
    command::{How, Job},
    tail::Tail,
};
use std::sync::Arc;

/// Programs that may run at a time.
const MOST: usize = 64;

impl SourceSet {
    /// Starts to read what a program prints. `found` is what another one has found.
    pub(super) fn add_stream(&mut self, spec: &StreamSpec, found: bool) -> Result<(), SourceError> {
        let name = spec.to_string();
        let at = self.names.get(&name).copied();
        if let Some(at) = at
            && !self.tails[at].ended
        {
            if let Some(job) = self.tails[at].job() {
                job.hurry();
            }
            return Ok(());
        }
        if found && self.running() >= MOST {
            if !std::mem::replace(&mut self.crowded, true) {
                tracing::warn!("{name} is not read: {MOST} programs run already; name fewer containers or pods");
            }
            return Ok(());
        }
        let stored = || self.known.get(&name).and_then(|known| known.cursor.clone());
        let cursor = at.and_then(|at| self.tails[at].job()).map_or_else(stored, Job::cursor);
        let options = &self.shared.options;
        let how = How { follow: options.follow, lookback: options.lookback, found };
        let (job, pieces) = Job::start(spec, cursor, how, Arc::clone(&self.dirty))?;
        if let Some(at) = at {
            self.tails[at].revive(job, pieces);
            self.enqueue(at);
        } else {
            let id = self.id_for(&name);
            self.push(Tail::program(id, name, job, pieces));
        }
        Ok(())
    }

    fn running(&self) -> usize {
        self.tails.iter().filter(|tail| tail.job().is_some() && !tail.ended).count()
    }

    /// Starts what was found since the last call.
    pub(super) fn add_found(&mut self) -> Result<(), SourceError> {
        for spec in std::mem::take(&mut self.shared.found) {
            self.add_stream(&spec, true)?;
        }
        Ok(())
    }
}

impl Drop for SourceSet {
    /// Asks all programs to end before it waits for any of them.
    fn drop(&mut self) {
        self.tails.iter().filter_map(Tail::job).for_each(Job::stop);
    }
}
