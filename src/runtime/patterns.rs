//! Answers what the screen asks of patterns, that is of the templates of lines: all of them with their trends, and what
//! the last lines of one hold. A thread of its own; a newer question about a pattern ends an older one.

mod list;
mod sample;

use super::board::Board;
use super::desk::{Desk, Inbox};
use super::events::{Event, EventSink};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{Level, TemplateId};
use std::sync::Arc;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    List,
    Detail(TemplateId),
}

/// The asking side.
pub(super) struct PatternsDesk(Desk<Question>);

impl PatternsDesk {
    /// Starts the thread. It ends when the asking side is dropped.
    pub(super) fn spawn(reader: Reader, board: Arc<Board>, sink: Arc<EventSink>) -> std::io::Result<Self> {
        Desk::spawn("patterns", move |inbox| Worker { reader, board, sink, inbox, list: false, detail: None }.run())
            .map(Self)
    }

    /// Asks for all patterns; the answer comes as an event.
    pub(super) fn list(&self) {
        self.0.ask_next(Question::List);
    }

    /// Asks for one; what goes on now has to wait.
    pub(super) fn detail(&self, id: TemplateId) {
        self.0.ask(Question::Detail(id));
    }
}

struct Worker {
    reader: Reader,
    board: Arc<Board>,
    sink: Arc<EventSink>,
    inbox: Inbox<Question>,
    /// What waits.
    list: bool,
    detail: Option<TemplateId>,
}

impl Worker {
    fn run(mut self) {
        while self.take() {
            if self.board.stopping() {
                return;
            }
            // The one in sight first.
            if let Some(id) = self.detail.take() {
                let answer = sample::detail(&self.reader, &self.board, id, self.inbox.cancel());
                self.tell(answer.map(|d| d.map(|d| Event::Pattern(Box::new(d)))));
                // Stopped halfway, a newer one waits.
            } else if std::mem::take(&mut self.list) {
                let answer = list::list(&self.reader, &self.board, self.inbox.cancel());
                let done = self.tell(answer.map(|l| l.map(|l| Event::Patterns(Box::new(l)))));
                self.list |= !done;
            }
        }
    }

    fn take(&mut self) -> bool {
        let idle = !self.list && self.detail.is_none();
        self.inbox.take(idle, |question| match question {
            Question::List => self.list = true,
            Question::Detail(id) => self.detail = Some(id),
        })
    }

    /// Tells the answer. False when there is none because something else was asked meanwhile.
    fn tell(&self, answer: Result<Option<Event>, StoreError>) -> bool {
        match answer {
            Ok(Some(event)) => self.sink.send(event),
            Ok(None) => return !self.inbox.is_cancelled(),
            Err(e) => self.sink.toast(Level::Error, format!("Can't read the archive: {e}")),
        }
        true
    }
}

#[cfg(test)]
mod tests;
