//! A place at which the screen asks and a thread of its own answers, by events: a newer request may end the one that is
//! being answered. Used by what counts over the archive; it knows nothing of what is asked.

use super::priority::{BULK, stand_back};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// The asking side.
pub(super) struct Desk<R> {
    requests: Sender<R>,
    cancel: Arc<AtomicBool>,
}

/// The answering side.
pub(super) struct Inbox<R> {
    requests: Receiver<R>,
    cancel: Arc<AtomicBool>,
}

impl<R: Send + 'static> Desk<R> {
    /// Starts the thread. It ends when the asking side is dropped.
    pub(super) fn spawn(name: &str, answer: impl FnOnce(Inbox<R>) + Send + 'static) -> std::io::Result<Self> {
        let (requests, waiting) = channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let inbox = Inbox { requests: waiting, cancel: Arc::clone(&cancel) };
        std::thread::Builder::new().name(name.into()).spawn(move || {
            stand_back(BULK);
            answer(inbox);
        })?;
        Ok(Self { requests, cancel })
    }

    /// Asks once what is being answered is done.
    pub(super) fn ask_next(&self, request: R) {
        let _ = self.requests.send(request);
    }

    /// Asks; what is being answered ends.
    pub(super) fn ask(&self, request: R) {
        self.ask_next(request);
        // Behind the request: a flag taken down by mistake only costs time.
        self.cancel.store(true, Ordering::SeqCst);
    }
}

impl<R> Drop for Desk<R> {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::SeqCst);
    }
}

impl<R> Inbox<R> {
    /// Hands over all that was asked, oldest first, and waits for a request if told to. False when nobody will ask any more.
    pub(super) fn take(&self, wait: bool, mut put: impl FnMut(R)) -> bool {
        if wait {
            match self.requests.recv() {
                Ok(request) => put(request),
                Err(_) => return false,
            }
        }
        self.cancel.store(false, Ordering::SeqCst);
        while let Ok(request) = self.requests.try_recv() {
            put(request);
        }
        true
    }

    /// Set when what is being answered should end.
    pub(super) fn cancel(&self) -> &AtomicBool {
        &self.cancel
    }

    /// Whether what is being answered should end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_newer_request_ends_the_older_one_and_the_thread_ends_with_its_desk() {
        let (told, answers) = channel();
        let desk = Desk::spawn("test", move |inbox: Inbox<u32>| {
            let mut last = 0;
            while inbox.take(true, |n| last = n) {
                while last == 1 && !inbox.is_cancelled() {
                    std::thread::yield_now();
                }
                told.send(last).unwrap();
            }
        })
        .unwrap();
        desk.ask_next(1);
        desk.ask(2);
        assert_eq!(answers.iter().find(|n| *n == 2), Some(2));
        drop(desk);
        assert_eq!(answers.recv(), Err(std::sync::mpsc::RecvError));
    }
}
