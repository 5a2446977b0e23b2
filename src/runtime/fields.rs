//! Finds the fields that queries compare, by the formats of the sources: of those that are read now, else of those the
//! archive remembers. The builder and the commands that read the archive give it to the store.

use super::board::{Board, lock};
use aiobs_logs::filter::FormatFields;
use aiobs_logs::format::FormatSet;
use aiobs_types::{Checkpoint, FieldReader, SourceId};
use std::collections::HashMap;
use std::sync::Arc;

/// A finder of fields; `board` has the sources that are read now.
pub(super) fn reader(
    formats: Arc<FormatSet>,
    checkpoints: &[Checkpoint],
    board: Option<Arc<Board>>,
) -> Arc<dyn FieldReader> {
    let stored: HashMap<SourceId, String> =
        checkpoints.iter().filter_map(|c| Some((c.source, c.format.clone()?))).collect();
    let format_of = move |source: SourceId, on: &mut dyn FnMut(&str)| {
        let live = board.as_ref().and_then(|b| lock(&b.sources).get(&source)?.format.clone());
        on(live.as_ref().or_else(|| stored.get(&source)).map_or("", String::as_str));
    };
    Arc::new(FormatFields::new(formats, Box::new(format_of)))
}

/// A finder of fields in an archive that is only read.
pub fn stored(formats: Arc<FormatSet>, checkpoints: &[Checkpoint]) -> Arc<dyn FieldReader> {
    reader(formats, checkpoints, None)
}
