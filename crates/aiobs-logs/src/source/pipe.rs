//! Standard input, FIFOs and devices: each read by a thread of its own, since reading them may block for ever.

use super::{BLOCK, dirty::Dirty, piece::Piece};
use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Blocks that may wait; when they are not taken, the thread and with it the writer waits.
const WAITING: usize = 16;

fn start(
    name: &str,
    dirty: Arc<Dirty>,
    open: impl FnOnce() -> io::Result<Box<dyn Read>> + Send + 'static,
) -> io::Result<Receiver<Piece>> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::Builder::new().name(format!("read {name}")).spawn(move || {
        match open() {
            Ok(mut input) => pump(&mut *input, &sender, &dirty),
            Err(e) => drop(sender.send(Piece::Failed(e))),
        }
        drop(sender);
        dirty.note(|news| news.pipes = true);
    })?;
    Ok(receiver)
}

fn pump(input: &mut dyn Read, sender: &SyncSender<Piece>, dirty: &Dirty) {
    let mut buf = vec![0; BLOCK];
    loop {
        let block = match input.read(&mut buf) {
            Ok(0) => return,
            Ok(n) => Piece::Bytes(buf[..n].to_vec()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => Piece::Failed(e),
        };
        let last = matches!(block, Piece::Failed(_));
        if sender.send(block).is_err() || last {
            return;
        }
        dirty.note(|news| news.pipes = true);
    }
}

/// Starts reading standard input.
pub(super) fn stdin(dirty: Arc<Dirty>) -> io::Result<Receiver<Piece>> {
    start("stdin", dirty, || Ok(Box::new(io::stdin())))
}

/// Starts reading a FIFO or a device; opening a FIFO blocks until someone writes.
pub(super) fn device(path: PathBuf, dirty: Arc<Dirty>) -> io::Result<Receiver<Piece>> {
    start("pipe", dirty, move || Ok(Box::new(File::open(path)?)))
}
