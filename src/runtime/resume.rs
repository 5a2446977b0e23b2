//! What the agents still owe after a restart: runs that waited or were cut off, and active incidents that nobody explained.
//! Used once, when the engine starts. It reads the archive and decides; the agents do.

use super::board::{Board, lock};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{Incident, IncidentId};
use std::collections::BTreeMap;

/// One incident to go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) incident: IncidentId,
    /// A person asked for it.
    pub(crate) asked: bool,
    /// Its run had begun when the program ended.
    pub(crate) cut_off: bool,
}

/// Everything owed, what persons asked for first. Muted and resolved incidents are left alone unless asked for.
pub(crate) fn owed(reader: &Reader, board: &Board) -> Result<Vec<Owed>, StoreError> {
    let incidents: Vec<(IncidentId, bool, aiobs_types::Fingerprint)> =
        lock(&board.incidents).values().map(|i| (i.id, wants(i), i.fingerprint)).collect();
    let mut all: BTreeMap<IncidentId, Owed> = BTreeMap::new();
    for run in reader.pending_runs()? {
        let known = incidents.iter().find(|(id, ..)| *id == run.incident);
        if known.is_some_and(|(_, active, _)| *active || run.asked) {
            let owed = Owed { incident: run.incident, asked: run.asked, cut_off: run.started };
            all.insert(run.incident, owed);
        }
    }
    for (incident, _, fault) in incidents.into_iter().filter(|(_, active, _)| *active) {
        if !all.contains_key(&incident) && reader.latest_diagnosis(fault)?.is_none() {
            all.insert(incident, Owed { incident, asked: false, cut_off: false });
        }
    }
    let mut all: Vec<Owed> = all.into_values().collect();
    all.sort_by_key(|o| (!o.asked, !o.cut_off, o.incident));
    Ok(all)
}

fn wants(i: &Incident) -> bool {
    i.state.is_active() && i.part_of.is_none() && i.caused_by.is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use aiobs_store::{PendingRun, Store};
    use aiobs_types::{Fingerprint, IncidentState, RecordId, Timestamp};
    use std::sync::Arc;

    #[test]
    fn what_waited_was_cut_off_or_never_answered_is_owed() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let mut writer = store.writer().unwrap();
        let board = Board::new(RecordId(1));
        let states = [
            (1, IncidentState::Open),
            (2, IncidentState::Acknowledged),
            (3, IncidentState::Resolved),
            (4, IncidentState::Resolved),
            (5, IncidentState::Open),
        ];
        for (id, state) in states {
            let incident = Incident { id: IncidentId(id), fingerprint: Fingerprint(id), state, ..Incident::default() };
            lock(&board.incidents).insert(incident.id, Arc::new(incident));
        }
        for (id, asked, started) in [(2, false, true), (3, false, true), (4, true, false)] {
            let run = PendingRun { incident: IncidentId(id), asked, started };
            writer.put_pending_run(run, Timestamp(1)).unwrap();
        }
        let found = owed(&store.reader().unwrap(), &board).unwrap();
        let found: Vec<(u64, bool, bool)> = found.iter().map(|o| (o.incident.0, o.asked, o.cut_off)).collect();
        let want = [(4, true, false), (2, false, true), (1, false, false), (5, false, false)];
        assert_eq!(found, want, "resolved ones only when a person asked");
    }
}
