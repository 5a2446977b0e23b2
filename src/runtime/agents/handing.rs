//! How incidents are handed to the chain: new ones when they have gathered evidence, those of before a restart when it is known
//! whether a model answers. Used by the agents.

use crate::runtime::board::{Board, lock};
use crate::runtime::events::ModelState;
use crate::runtime::resume::Owed;
use aiobs_agents::{Archive, ChainService};
use aiobs_types::{IncidentId, Level, Timestamp};
use std::time::{Duration, Instant};

/// Time between an incident's first strike and its diagnosis: the first line alone says little.
pub(super) const SETTLE: Duration = Duration::from_secs(3);
/// By how much one goes before another that is a level less bad, when both are due at the same moment.
const AHEAD: Duration = Duration::from_millis(20);
/// How long what was begun before a restart waits for a model to be known.
const KNOWN: Duration = Duration::from_secs(15);

/// Longer for what is less bad: the first that is handed over begins at once.
pub(super) fn head_start(archive: &dyn Archive, id: IncidentId) -> Duration {
    let level = archive.incident(id).ok().flatten().map_or(Level::Unset, |i| i.severity.level());
    match level {
        Level::Fatal => Duration::ZERO,
        Level::Error => AHEAD,
        _ => 2 * AHEAD,
    }
}

/// When it is time for a new incident's diagnosis.
pub(super) async fn settled(archive: &dyn Archive, id: IncidentId) {
    tokio::time::sleep(SETTLE).await;
    tokio::time::sleep(head_start(archive, id)).await;
}

/// Tells the screen that an incident gathers evidence so long, or does no more.
pub(super) fn gathers(board: &Board, id: IncidentId, time: Option<Duration>) {
    let mut chain = lock(&board.chain);
    match time {
        Some(time) => {
            let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            chain.gathering.insert(id, Timestamp::now().plus(nanos));
        }
        None => drop(chain.gathering.remove(&id)),
    }
    drop(chain);
    board.touch();
}

/// Until it is known whether a model answers: what a model began, a playbook should not end only because it is early.
pub(super) async fn model_known(board: &Board) {
    let until = Instant::now() + KNOWN;
    while matches!(*lock(&board.model), ModelState::Checking) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Hands what was begun before the program ended to the chain.
pub(super) fn go_on(chain: &ChainService, archive: &dyn Archive, owed: Owed) {
    match archive.incident(owed.incident) {
        Ok(Some(incident)) if owed.cut_off => chain.resume(incident, owed.asked),
        Ok(Some(incident)) => chain.rerun(incident),
        Ok(None) => {}
        Err(e) => tracing::warn!("{} is not diagnosed: {e}", owed.incident),
    }
}

/// Hands the incident as it is by now to the chain. The diagnosis of what caused it is its own too.
pub(super) fn diagnose(chain: &ChainService, archive: &dyn Archive, id: IncidentId) {
    match archive.incident(id) {
        Ok(Some(incident)) if incident.caused_by.is_none() => chain.submit(incident),
        Ok(_) => {}
        Err(e) => tracing::warn!("{id} is not diagnosed: {e}"),
    }
}
