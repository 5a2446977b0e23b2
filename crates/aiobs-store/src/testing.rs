//! Records for this crate's tests.

use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
use std::sync::Arc;

/// Start of the made-up time.
pub(crate) const T0: i64 = 1_750_000_000_000_000_000;

/// `count` varied records from id `first` on, a second apart.
pub(crate) fn batch(first: u64, count: u64) -> Arc<RecordBatch> {
    let mut batch = RecordBatch::new(RecordId(first));
    for id in first..first + count {
        let (severity, word) = if id % 10 == 0 { (Severity::ERROR, "ERROR") } else { (Severity::INFO, "INFO") };
        // Something that does not compress, as logs have it: a multiplicative hash of the number.
        let (ms, trace) = (id * 7 % 1000, (id + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let text = format!("2025-06-15 15:06:40 [{word}] payments - {trace:016x} request {id} took {ms} ms größer");
        batch.push(NewRecord {
            time: Timestamp(T0 + id as i64 * 1_000_000_000),
            observed: Timestamp(T0 + 5),
            offset: id * 80,
            source: SourceId((id % 3) as u32),
            template: TemplateId((id % 5) as u32),
            severity,
            flags: 0,
            component: if id % 2 == 0 { "Payments" } else { "orders" },
            text: &text,
            message: (20, text.len() as u32),
        });
    }
    Arc::new(batch)
}
