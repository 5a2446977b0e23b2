//! Answers what the screen asks of patterns, that is of the templates of lines: all of them with their trends, and what
//! the last lines of one hold. A thread of its own; a newer question about a pattern ends an older one.

mod list;
mod sample;

use super::board::Board;
use super::events::{Event, EventSink};
use super::priority::{BULK, stand_back};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{Level, TemplateId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    List,
    Detail(TemplateId),
}

/// The asking side.
pub(super) struct PatternsDesk {
    tx: Sender<Question>,
    cancel: Arc<AtomicBool>,
}

impl PatternsDesk {
    /// Starts the thread. It ends when the asking side is dropped.
    pub(super) fn spawn(reader: Reader, board: Arc<Board>, sink: Arc<EventSink>) -> std::io::Result<Self> {
        let (tx, rx) = channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let worker = Worker { reader, board, sink, cancel: Arc::clone(&cancel), inbox: rx, list: false, detail: None };
        std::thread::Builder::new().name("patterns".into()).spawn(move || {
            stand_back(BULK);
            worker.run();
        })?;
        Ok(Self { tx, cancel })
    }

    /// Asks for all patterns; the answer comes as an event.
    pub(super) fn list(&self) {
        let _ = self.tx.send(Question::List);
    }

    /// Asks for one; what goes on now has to wait.
    pub(super) fn detail(&self, id: TemplateId) {
        let _ = self.tx.send(Question::Detail(id));
        // Behind the question: a flag taken down by mistake only costs time.
        self.cancel.store(true, Ordering::SeqCst);
    }
}

impl Drop for PatternsDesk {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::SeqCst);
    }
}

struct Worker {
    reader: Reader,
    board: Arc<Board>,
    sink: Arc<EventSink>,
    cancel: Arc<AtomicBool>,
    inbox: Receiver<Question>,
    /// What waits.
    list: bool,
    detail: Option<TemplateId>,
}

impl Worker {
    fn run(mut self) {
        loop {
            if !self.list && self.detail.is_none() {
                match self.inbox.recv() {
                    Ok(question) => self.put(question),
                    Err(_) => return,
                }
            }
            self.cancel.store(false, Ordering::SeqCst);
            self.drain();
            if self.board.stopping() {
                return;
            }
            // The one in sight first.
            if let Some(id) = self.detail.take() {
                let answer = sample::detail(&self.reader, &self.board, id, &self.cancel);
                self.tell(answer.map(|d| d.map(|d| Event::Pattern(Box::new(d)))));
                // Stopped halfway, a newer one waits.
            } else if std::mem::take(&mut self.list) {
                let answer = list::list(&self.reader, &self.board, &self.cancel);
                let done = self.tell(answer.map(|l| l.map(|l| Event::Patterns(Box::new(l)))));
                self.list |= !done;
            }
        }
    }

    fn put(&mut self, question: Question) {
        match question {
            Question::List => self.list = true,
            Question::Detail(id) => self.detail = Some(id),
        }
    }

    fn drain(&mut self) {
        while let Ok(question) = self.inbox.try_recv() {
            self.put(question);
        }
    }

    /// Tells the answer. False when there is none because something else was asked meanwhile.
    fn tell(&self, answer: Result<Option<Event>, StoreError>) -> bool {
        match answer {
            Ok(Some(event)) => self.sink.send(event),
            Ok(None) => return !self.cancel.load(Ordering::SeqCst),
            Err(e) => self.sink.toast(Level::Error, format!("Can't read the archive: {e}")),
        }
        true
    }
}

#[cfg(test)]
mod tests;
