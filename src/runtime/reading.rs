//! The reader thread: owns the sources and hands their bytes on. A full pipeline blocks it; the file is the buffer.

use super::board::Board;
use super::processing::Message;
use aiobs_logs::source::{SourceEvent, SourceSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

/// How long a poll may sleep when nothing happens; a waker ends it earlier.
const POLL: Duration = Duration::from_secs(5);

/// Runs until everything has ended, the pipeline is gone, or the board says stop.
pub(crate) fn run(mut set: SourceSet, board: &Arc<Board>, pipeline: &SyncSender<Message>, spent: &Receiver<Vec<u8>>) {
    loop {
        let mut alive = true;
        let more = set.poll(POLL, &mut |event: SourceEvent<'_>| {
            if alive && !board.stopping() {
                alive = forward(event, pipeline, spent);
            }
        });
        match more {
            Ok(true) if alive && !board.stopping() => {}
            Ok(_) => break,
            Err(e) => {
                board.notice("sources", Some((aiobs_types::Level::Error, format!("reading stopped: {e}"))));
                break;
            }
        }
    }
    // The pipeline is gone only when everything stops.
    let _ = pipeline.send(Message::SourcesEnded);
}

fn forward(event: SourceEvent<'_>, pipeline: &SyncSender<Message>, spent: &Receiver<Vec<u8>>) -> bool {
    let message = match event {
        SourceEvent::Opened { source, name, identity, offset, size, .. } => {
            Message::Opened { source, name: name.to_owned(), identity, offset, size }
        }
        SourceEvent::Identity { source, identity } => Message::Identity { source, identity },
        SourceEvent::Data { source, offset, bytes, identity } => {
            // Buffers go round: fresh memory for each block would cost more than the copy.
            let mut block = spent.try_recv().unwrap_or_default();
            block.clear();
            block.extend_from_slice(bytes);
            Message::Data { source, offset, bytes: block, identity }
        }
        SourceEvent::NewFile { source, identity, offset, size, .. } => {
            Message::NewFile { source, identity, offset, size }
        }
        SourceEvent::CaughtUp { source } => Message::CaughtUp { source },
        SourceEvent::PartialIdle { source } => Message::EndOfLine { source },
        SourceEvent::State { source, name, state, read, size } => {
            Message::State { source, name: name.to_owned(), state, read, size }
        }
        SourceEvent::Ended { source } => Message::Ended { source },
    };
    pipeline.send(message).is_ok()
}
