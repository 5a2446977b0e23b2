//! The channel from the engine to the screen. It never makes the engine wait: "new numbers" and "new records" are
//! joined while unread; other events that find it full are dropped and counted.

use super::{Event, Toast};
use aiobs_types::Level;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Events that may wait for the screen.
const CHANNEL: usize = 1024;
/// The sending side of the screen's event channel.
pub struct EventSink {
    tx: mpsc::Sender<Event>,
    snapshot_waits: AtomicBool,
    appended_waits: AtomicBool,
    dropped: AtomicU64,
}

/// The receiving side, held by the screen's loop.
pub struct EventReceiver {
    rx: mpsc::Receiver<Event>,
    sink: Arc<EventSink>,
}

impl EventReceiver {
    /// A connected pair.
    pub fn channel() -> (Arc<EventSink>, Self) {
        let (tx, rx) = mpsc::channel(CHANNEL);
        let sink = Arc::new(EventSink {
            tx,
            snapshot_waits: AtomicBool::new(false),
            appended_waits: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        });
        (Arc::clone(&sink), Self { rx, sink })
    }

    /// The next event; `None` when the engine has ended.
    pub async fn recv(&mut self) -> Option<Event> {
        let event = self.rx.recv().await;
        self.taken(event.as_ref());
        event
    }

    /// The next event if one waits.
    ///
    /// # Errors
    /// None waits, or the engine has ended.
    pub fn try_recv(&mut self) -> Result<Event, mpsc::error::TryRecvError> {
        let event = self.rx.try_recv();
        self.taken(event.as_ref().ok());
        event
    }

    fn taken(&self, event: Option<&Event>) {
        match event {
            Some(Event::Snapshot) => self.sink.snapshot_waits.store(false, Ordering::SeqCst),
            Some(Event::Appended) => self.sink.appended_waits.store(false, Ordering::SeqCst),
            _ => {}
        }
    }
}

impl EventSink {
    /// Passes an event on; never blocks.
    pub fn send(&self, event: Event) {
        let flag = match event {
            Event::Snapshot => Some(&self.snapshot_waits),
            Event::Appended => Some(&self.appended_waits),
            _ => None,
        };
        if flag.is_some_and(|f| f.swap(true, Ordering::SeqCst)) {
            return;
        }
        if self.tx.try_send(event).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            if let Some(flag) = flag {
                flag.store(false, Ordering::SeqCst);
            }
        }
    }

    /// Says something in the footer.
    pub fn toast(&self, level: Level, text: impl Into<String>) {
        self.send(Event::Toast(Toast { level, text: text.into() }));
    }

    /// Events dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
