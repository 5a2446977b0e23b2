//! The batches handed out last, so that their room is used again once nobody reads them any more: new memory for each
//! would have to be cleared by the system. Used by the pipeline; it knows nothing of what is in them.

use aiobs_types::{RecordBatch, RecordId};
use std::collections::VecDeque;
use std::sync::Arc;

/// Batches waited for; more are under way only while the disk is slow.
const WAITED_FOR: usize = 4;
/// Smaller batches are not worth it: a quiet log makes one per line.
const WORTH_IT: usize = 1 << 16;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct HandedOut {
    batches: VecDeque<Arc<RecordBatch>>,
}

impl HandedOut {
    /// Hands the batch out and leaves an empty one in its place, whose first record will be `next`.
    pub(super) fn give(&mut self, batch: &mut RecordBatch, next: RecordId) -> Arc<RecordBatch> {
        // About as much again is to come; a little more spares moving all of it.
        let (records, bytes) = (batch.len().max(64), (batch.text_bytes() / 8 * 9).max(4096));
        let fresh = self.room(next).unwrap_or_else(|| RecordBatch::with_capacity(next, records, bytes));
        let full = Arc::new(std::mem::replace(batch, fresh));
        if full.text_bytes() >= WORTH_IT {
            self.batches.push_back(Arc::clone(&full));
        } else {
            self.batches.clear();
        }
        full
    }

    /// The latest that nobody reads any more, which is the likeliest to lie in a cache. Those still read when there are too many are left to their readers.
    fn room(&mut self, next: RecordId) -> Option<RecordBatch> {
        while self.batches.len() > WAITED_FOR {
            self.batches.pop_front();
        }
        let free = self.batches.iter().rposition(|batch| Arc::strong_count(batch) == 1)?;
        let mut batch = Arc::into_inner(self.batches.remove(free)?)?;
        batch.begin_again(next);
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use aiobs_types::{NewRecord, Severity, SourceId, TemplateId, Timestamp};

    fn filled(batch: &mut RecordBatch, text: &str) {
        let record = NewRecord { text, component: "orders", ..record() };
        batch.push(record);
    }

    fn record() -> NewRecord<'static> {
        NewRecord {
            time: Timestamp(0),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(1),
            template: TemplateId(1),
            severity: Severity::INFO,
            flags: 0,
            component: "",
            text: "",
            message: (0, 0),
        }
    }

    #[test]
    fn what_is_read_is_never_written_over_and_its_room_is_used_afterwards() {
        let text = "x".repeat(WORTH_IT);
        let (mut handed, mut batch, mut read) = (HandedOut::default(), RecordBatch::new(RecordId(1)), Vec::new());
        for n in 1..=10 {
            filled(&mut batch, &format!("{n} {text}"));
            read.push(handed.give(&mut batch, RecordId(n + 1)));
        }
        assert_eq!(handed.batches.len(), WAITED_FOR + 1);
        for (batch, n) in read.iter().zip(1..) {
            assert_eq!((batch.first, batch.text()), (RecordId(n), format!("{n} {text}").as_str()));
        }
        let room = read.pop().map(|last| last.text().as_ptr()).unwrap();
        filled(&mut batch, &text);
        drop(handed.give(&mut batch, RecordId(12)));
        assert_eq!((batch.first, batch.len(), batch.components().len()), (RecordId(12), 0, 0));
        filled(&mut batch, "short");
        assert_eq!((batch.text().as_ptr(), batch.view(0).component), (room, "orders"));
        drop(handed.give(&mut batch, RecordId(13)));
        assert!(handed.batches.is_empty(), "a quiet log holds no room");
    }
}
