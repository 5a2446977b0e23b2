//! Records of an incident per minute of event time. What was counted is kept, so that looking at an incident again
//! reads only what came since. Used by the inquiry thread; knows nothing of the screen.

use aiobs_store::{Reader, StoreError};
use aiobs_types::{Incident, IncidentId, LogQuery, RecordId, Severity, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Minutes shown at most.
const MINUTES: i64 = 60;
/// Incidents whose counts are kept.
const KEPT: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    known: VecDeque<Counted>,
}

/// What was counted of one incident.
#[derive(Debug)]
struct Counted {
    incident: IncidentId,
    /// From this minute on.
    start: i64,
    /// Up to this record.
    through: RecordId,
    minutes: BTreeMap<i64, u32>,
}

impl Strikes {
    /// Records of the incident's template at level warn or worse per minute, oldest first, up to its last strike.
    ///
    /// # Errors
    /// Faults of the disk.
    pub(super) fn of(
        &mut self,
        incident: &Incident,
        reader: &Reader,
        stop: &AtomicBool,
    ) -> Result<Vec<u32>, StoreError> {
        let end = incident.last_seen.secs().div_euclid(60) + 1;
        let start = (incident.first_seen.secs().div_euclid(60)).max(end - MINUTES);
        let known = self.known.iter().position(|c| c.incident == incident.id && c.start <= start);
        let mut counted = known.and_then(|at| self.known.remove(at)).unwrap_or_else(|| Counted {
            incident: incident.id,
            start,
            through: RecordId(0),
            minutes: BTreeMap::new(),
        });
        counted.go_on(incident, start, reader, stop)?;
        let minutes = (start..end.max(start + 1)).map(|m| counted.minutes.get(&m).copied().unwrap_or(0)).collect();
        self.known.retain(|c| c.incident != incident.id);
        if !stop.load(Ordering::Relaxed) {
            self.known.push_front(counted);
        }
        self.known.truncate(KEPT);
        Ok(minutes)
    }
}

impl Counted {
    /// Counts what is stored since the last time, from the minute `start` on.
    fn go_on(&mut self, incident: &Incident, start: i64, reader: &Reader, stop: &AtomicBool) -> Result<(), StoreError> {
        self.start = start;
        self.minutes = self.minutes.split_off(&start);
        let last = RecordId(reader.next_record_id()?.0.saturating_sub(1));
        if last <= self.through {
            return Ok(());
        }
        let query = LogQuery {
            templates: vec![incident.template],
            min_severity: Some(Severity::WARN),
            // Later than the last strike too: it is the last one only for now.
            from: Some(Timestamp::from_secs(start * 60)),
            first: Some(RecordId(self.through.0 + 1)),
            last: Some(last),
            ..LogQuery::default()
        };
        reader.query(&query, stop, &mut |r| {
            *self.minutes.entry(r.meta.time.secs().div_euclid(60)).or_default() += 1;
            ControlFlow::Continue(())
        })?;
        self.through = last;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use aiobs_store::{Commit, Store};
    use aiobs_types::{NewRecord, RecordBatch, SourceId, TemplateId};
    use std::sync::Arc;

    fn batch(first: u64, minutes: &[i64]) -> Arc<RecordBatch> {
        let mut batch = RecordBatch::new(RecordId(first));
        for minute in minutes {
            let time = Timestamp::from_secs(minute * 60 + 7);
            batch.push(NewRecord {
                time,
                observed: time,
                offset: 0,
                source: SourceId(1),
                template: TemplateId(3),
                severity: Severity::ERROR,
                flags: 0,
                component: "",
                text: "refused",
                message: (0, 7),
            });
        }
        Arc::new(batch)
    }

    fn incident(first: i64, last: i64) -> Incident {
        let at = |minute: i64| Timestamp::from_secs(minute * 60 + 7);
        Incident {
            id: IncidentId(1),
            template: TemplateId(3),
            first_seen: at(first),
            last_seen: at(last),
            ..Incident::default()
        }
    }

    #[test]
    fn counting_on_gives_what_counting_anew_gives() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
        let stop = AtomicBool::new(false);
        let mut strikes = Strikes::default();
        let mut stored = |batch| writer.commit(&Commit { batches: vec![batch], ..Commit::default() }).unwrap();
        // The last one is stored before the incident says so.
        stored(batch(1, &[100, 100, 102, 103]));
        assert_eq!(strikes.of(&incident(100, 102), &reader, &stop).unwrap(), [2, 0, 1]);
        stored(batch(5, &[103, 104]));
        let on = strikes.of(&incident(100, 104), &reader, &stop).unwrap();
        assert_eq!(on, [2, 0, 1, 2, 1]);
        assert_eq!(on, Strikes::default().of(&incident(100, 104), &reader, &stop).unwrap());
        // Told of an earlier strike, and after the first minutes have left the window.
        stored(batch(7, &[98, 170]));
        let all = strikes.of(&incident(98, 104), &reader, &stop).unwrap();
        assert_eq!(all, [1, 0, 2, 0, 1, 2, 1]);
        let late = strikes.of(&incident(98, 170), &reader, &stop).unwrap();
        assert_eq!((late.len(), late.iter().sum::<u32>(), late.last()), (60, 1, Some(&1)));
    }
}
