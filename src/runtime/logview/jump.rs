//! Where the view goes when it is asked for a match, a level or a time and not for a place: the first record that fits, from
//! where it stands. Used by the windows.

use super::{Anchor, Halt, LogsRequest, Worker};
use aiobs_types::{LogQuery, Order};

impl Worker {
    /// Where a jump leads, and where it began.
    pub(super) fn jump(
        &mut self,
        anchor: Anchor,
        request: &LogsRequest,
        first: u64,
        next: u64,
    ) -> Result<(Option<u64>, Option<u64>), Halt> {
        let mut query = LogQuery { order: Order::OldestFirst, limit: 0, ..request.query.clone() };
        let with_find = |query: &mut LogQuery| query.text.extend(request.find.clone());
        let (found, from) = match anchor {
            Anchor::FindNext(id) => {
                with_find(&mut query);
                let hit = self.seek(&query, id.0 + 1, true, 1, first, next)?;
                let hit = if hit.is_empty() { self.seek(&query, first, true, 1, first, next)? } else { hit };
                (hit, id.0)
            }
            Anchor::FindPrevious(id) => {
                with_find(&mut query);
                let hit = self.seek(&query, id.0, false, 1, first, next)?;
                let hit = if hit.is_empty() { self.seek(&query, u64::MAX, false, 1, first, next)? } else { hit };
                (hit, id.0)
            }
            Anchor::LevelNext(id, level) => {
                query.min_severity = query.min_severity.max(Some(level.floor()));
                (self.seek(&query, id.0 + 1, true, 1, first, next)?, id.0)
            }
            Anchor::LevelPrevious(id, level) => {
                query.min_severity = query.min_severity.max(Some(level.floor()));
                (self.seek(&query, id.0, false, 1, first, next)?, id.0)
            }
            Anchor::Time(time) => {
                query.from = query.from.max(Some(time));
                let hit = self.seek(&query, first, true, 1, first, next)?;
                // Past the end, the last one is the nearest.
                let hit =
                    if hit.is_empty() { self.seek(&request.query, u64::MAX, false, 1, first, next)? } else { hit };
                (hit, next.saturating_sub(1))
            }
            Anchor::Tail | Anchor::Head | Anchor::At(_) | Anchor::Rank(_) => (Vec::new(), first),
        };
        Ok((found.first().copied(), Some(from)))
    }
}
