//! Which threads stand back behind the screen when the machine has not enough cores for all. Used where threads are made.

/// How far reading, storing and counting stand back, as a nice value: a key is answered in the midst of a backfill, too.
pub(super) const BULK: i32 = 10;
/// The same for diagnoses and chat, which somebody waits for: before a backfill, behind the screen.
pub(super) const ANSWERS: i32 = 5;

/// Lets others go before the calling thread, on Linux.
pub(super) fn stand_back(by: i32) {
    #[cfg(target_os = "linux")]
    if let Err(e) = rustix::process::nice(by) {
        tracing::debug!("a thread runs with the usual priority: {e}");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = by;
}
