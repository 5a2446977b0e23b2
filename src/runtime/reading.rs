//! The reader thread: owns the sources and hands their bytes on. A full pipeline blocks it; the file is the buffer.

use super::board::{Board, Wish};
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
        if let Some(wish) = board.take_wish() {
            let said = carry_out(wish, &mut set, |event| {
                alive = alive && forward(event, pipeline, spent);
            });
            alive = alive && pipeline.send(Message::Said(said)).is_ok();
        }
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

/// Does what a person wants with the older part of large files, and says what came of it.
fn carry_out(wish: Wish, set: &mut SourceSet, sink: impl FnMut(SourceEvent<'_>)) -> String {
    match wish {
        Wish::LeaveOut => match set.leave_out_older(sink) {
            0 => "No older lines are being read".to_owned(),
            1 => "Older lines are left out; they can still be read later".to_owned(),
            n => format!("Older lines of {n} files are left out; they can still be read later"),
        },
        Wish::ReadLeftOut => match set.read_left_out() {
            0 => "No older lines were left out of the files that are there now".to_owned(),
            1 => "Reading the older lines that were left out".to_owned(),
            n => format!("Reading the older lines that were left out of {n} files"),
        },
    }
}

fn forward(event: SourceEvent<'_>, pipeline: &SyncSender<Message>, spent: &Receiver<Vec<u8>>) -> bool {
    let message = match event {
        SourceEvent::Opened { source, name, identity, offset, size, .. } => {
            Message::Opened { source, name: name.to_owned(), identity, offset, size }
        }
        SourceEvent::Identity { source, identity } => Message::Identity { source, identity },
        SourceEvent::Data { source, offset, bytes, identity } => {
            // Buffers go round: fresh memory for each block would cost more than the copy.
            let bytes = bytes.take(spent.try_recv().unwrap_or_default());
            Message::Data { source, offset, bytes, identity }
        }
        SourceEvent::NewFile { source, identity, offset, size, .. } => {
            Message::NewFile { source, identity, offset, size }
        }
        SourceEvent::Preview { source, offset, bytes, fresh } => {
            Message::Preview { source, offset, bytes: bytes.to_vec(), fresh }
        }
        SourceEvent::PreviewGone { source } => Message::PreviewGone { source },
        SourceEvent::Skipped { source, identity, to } => Message::Skipped { source, identity, to },
        SourceEvent::Older { source, to, .. } => Message::Older { source, to },
        SourceEvent::Home { source } => Message::Home { source },
        SourceEvent::CaughtUp { source } => Message::CaughtUp { source },
        SourceEvent::PartialIdle { source } => Message::EndOfLine { source },
        SourceEvent::State { source, name, state, read, size } => {
            Message::State { source, name: name.to_owned(), state, read, size }
        }
        SourceEvent::Ended { source } => Message::Ended { source },
    };
    pipeline.send(message).is_ok()
}
