//! Turns SIGINT, SIGTERM and SIGHUP into a message, for commands that run until told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, sync_channel};

/// Sends `message` at the first signal; a second one ends the process at once.
pub(super) fn forward<T: Send + Clone + 'static>(tx: Sender<T>, message: T) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            wait().await;
            let _ = tx.send(message);
            wait().await;
            std::process::exit(130);
        });
    })?;
    Ok(())
}

/// A flag that the first signal raises; a second one ends the process at once.
pub(super) fn cancel() -> std::io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let (tx, rx) = std::sync::mpsc::channel();
    forward(tx, ())?;
    let raised = Arc::clone(&flag);
    std::thread::Builder::new().name("cancel".into()).spawn(move || {
        if rx.recv().is_ok() {
            raised.store(true, Ordering::SeqCst);
        }
    })?;
    Ok(flag)
}

/// Notes a signal that comes while something that must be cleaned up is being made; whoever makes it looks and leaves.
/// The screen, once it is up, hears signals itself.
pub(super) fn noted() -> std::io::Result<Arc<AtomicBool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let noted = Arc::new(AtomicBool::new(false));
    let (ours, (ready, is_ready)) = (Arc::clone(&noted), sync_channel(1));
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let signal = wait();
            tokio::pin!(signal);
            // Once polled, the handlers are in place.
            let early = futures_util::poll!(&mut signal).is_ready();
            let _ = ready.send(());
            if !early {
                signal.await;
            }
            ours.store(true, Ordering::SeqCst);
        });
    })?;
    // An error means that the thread is gone: then signals end the process as ever.
    let _ = is_ready.recv();
    Ok(noted)
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
