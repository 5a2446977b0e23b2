//! What the tests of everything that decodes a stream have in common: bodies cut anywhere, and what comes out of them.

use super::answer::{Decode, Events};
use crate::{ChatEvent, LlmError};

/// What comes out of a body in these chunks.
pub(crate) fn decoded<'a>(
    mut decoder: impl Decode,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<ChatEvent, LlmError>> {
    let mut out = Events::new();
    for chunk in chunks {
        decoder.push(chunk, &mut out);
    }
    decoder.finish(&mut out);
    out.into()
}

/// The body in pieces that end at these places.
pub(crate) fn pieces(body: &str, mut ends: Vec<usize>) -> Vec<&[u8]> {
    ends.sort_unstable();
    ends.push(body.len());
    let mut from = 0;
    let piece = |end| {
        let piece = &body.as_bytes()[from..end];
        from = end;
        piece
    };
    ends.into_iter().map(piece).collect()
}

/// Whether it ends as every answer must: with a failure or its end.
pub(crate) fn is_ended(events: &[Result<ChatEvent, LlmError>]) -> bool {
    matches!(events.last(), Some(Err(_) | Ok(ChatEvent::Done(_))))
}
