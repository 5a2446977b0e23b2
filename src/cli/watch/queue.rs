//! Lines on their way to standard output: bounded, so that a slow reader makes the pipeline wait (the files are the
//! buffer) and not memory grow. Used by `watch`; knows nothing of what the lines say.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines that may wait.
const LIMIT: usize = 256;

/// See the module. One thread takes, any number put.
#[derive(Debug, Default)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    lines: VecDeque<T>,
    /// No line comes any more.
    ended: bool,
    /// The program ends: nobody waits for room longer than this after the last line was taken.
    patience: Option<Duration>,
    /// When the last line was taken, or the patience began.
    taken: Instant,
    lost: u64,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { lines: VecDeque::new(), ended: false, patience: None, taken: Instant::now(), lost: 0 }
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line; waits for room. Once the program ends, no longer than [`Self::hurry`] says; then the line is lost and
    /// counted.
    pub(super) fn put(&self, line: T) {
        let mut state = self.lock();
        while state.lines.len() >= LIMIT && !state.ended {
            state = match state.patience {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let left = patience.saturating_sub(state.taken.elapsed());
                    if left.is_zero() {
                        state.lost += 1;
                        return;
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        if !state.ended {
            state.lines.push_back(line);
            self.changed.notify_all();
        }
    }

    /// The next line; waits for one. `None` once it was told that no more come and all are taken.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(line) = state.lines.pop_front() {
                state.taken = Instant::now();
                self.changed.notify_all();
                return Some(line);
            }
            if state.ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The program ends: who puts waits no longer than `patience` for the next line to be taken.
    pub(super) fn hurry(&self, patience: Duration) {
        let mut state = self.lock();
        (state.patience, state.taken) = (Some(patience), Instant::now());
        self.changed.notify_all();
    }

    /// Whether none was taken for so long although some wait, or all but the last one have been written.
    pub(super) fn stuck(&self, patience: Duration) -> bool {
        let state = self.lock();
        (state.ended || !state.lines.is_empty()) && state.taken.elapsed() >= patience
    }

    /// No line comes any more; what waits can still be taken unless it is to be forgotten. Returns how many lines were
    /// lost or are forgotten.
    pub(super) fn end(&self, forget: bool) -> u64 {
        let mut state = self.lock();
        state.ended = true;
        if forget {
            state.lost += state.lines.len() as u64;
            state.lines.clear();
        }
        self.changed.notify_all();
        state.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn who_puts_waits_for_who_takes_and_nothing_is_lost() {
        let (queue, put) = (Arc::new(Queue::default()), Arc::new(AtomicUsize::new(0)));
        let putting = {
            let (queue, put) = (Arc::clone(&queue), Arc::clone(&put));
            std::thread::spawn(move || {
                for n in 0..3 * LIMIT {
                    queue.put(n);
                    put.fetch_add(1, Ordering::SeqCst);
                }
                queue.end(false);
            })
        };
        let mut taken = Vec::new();
        while let Some(n) = queue.take() {
            taken.push(n);
            assert!(put.load(Ordering::SeqCst) <= taken.len() + LIMIT, "more wait than may");
        }
        assert!(putting.join().is_ok());
        assert_eq!(taken, (0..3 * LIMIT).collect::<Vec<_>>());
        assert_eq!(queue.end(true), 0);
    }

    #[test]
    fn at_the_end_nobody_waits_for_a_reader_that_does_not_read() {
        let queue = Queue::default();
        queue.hurry(Duration::ZERO);
        (0..LIMIT + 7).for_each(|n| queue.put(n));
        assert!(queue.stuck(Duration::ZERO));
        assert_eq!(queue.end(true), (LIMIT + 7) as u64);
    }

    #[test]
    fn a_reader_that_is_gone_lets_go_of_who_waits() {
        let queue = Arc::new(Queue::default());
        (0..LIMIT).for_each(|n| queue.put(n));
        let waiting = {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || queue.put(LIMIT))
        };
        queue.end(true);
        assert!(waiting.join().is_ok());
        assert_eq!(queue.take(), None);
    }
}
