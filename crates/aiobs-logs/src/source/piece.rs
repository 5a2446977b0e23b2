//! What the threads that read pipes and run programs hand to the tails.

use super::stream::StreamSpec;
use aiobs_types::SourceState;
use std::io;

/// One message; the channel closes at the end.
#[derive(Debug)]
pub(super) enum Piece {
    /// The next bytes.
    Bytes(Vec<u8>),
    /// What the source does now.
    State(SourceState),
    /// Another stream to read.
    Found(StreamSpec),
    /// Reading failed for good.
    Failed(io::Error),
    /// Nothing more will come, in this state.
    End(SourceState),
}
