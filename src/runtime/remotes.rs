//! Remotes, wired to the engine: what is stored of spans is put into the outbox in the same transaction, reduced to
//! what may leave, and a worker sends it. Whether anything leaves this machine is put on the board for the header.

use super::board::{Board, lock};
use super::builder::tokio_runtime;
use super::writing::WriterMessage;
use crate::config::Config;
use aiobs_store::{OutboxEntry, OutboxRow, OutboxState, Reader};
use aiobs_sync::{Exporter, Item, Otlp, OtlpOptions, Outbox, Pace, Remote as _, SyncState};
use aiobs_types::{Level, Span};
use std::fmt::Write as _;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// How long sending what waits may hold up the end.
const DEADLINE: Duration = Duration::from_secs(1);
const NOTICE: &str = "remotes";

/// The writer thread's side: what to put into the outbox.
pub(crate) struct Exports {
    remote: &'static str,
    waker: Arc<Notify>,
}

impl Exports {
    /// What a remote is to be sent of these spans.
    pub(crate) fn entries(&self, spans: &[Span]) -> Vec<OutboxEntry> {
        let bodies = spans.iter().filter_map(Item::from_span).filter_map(|item| item.to_body().ok());
        bodies.map(|body| OutboxEntry { remote: self.remote.to_owned(), body }).collect()
    }

    /// Entries were stored.
    pub(crate) fn stored(&self) {
        self.waker.notify_one();
    }
}

/// The workers that run.
pub(crate) struct Remotes {
    otlp: Option<(Exporter, Arc<StoreOutbox>)>,
}

impl Remotes {
    /// Starts what is configured; nothing with `offline`.
    pub(crate) fn start(
        config: &Config,
        offline: bool,
        reader: Reader,
        writer: SyncSender<WriterMessage>,
        board: &Arc<Board>,
    ) -> anyhow::Result<(Self, Option<Exports>)> {
        let section = &config.remotes.otlp;
        if offline || section.endpoint.is_empty() {
            return Ok((Self { otlp: None }, None));
        }
        let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        let otlp = match otlp(&section.endpoint, &section.token_env, variable) {
            Ok(otlp) => otlp,
            Err(reason) => {
                board.notice(NOTICE, Some((Level::Error, format!("remotes.otlp: {reason}; nothing is sent"))));
                return Ok((Self { otlp: None }, None));
            }
        };
        if !otlp.is_local() {
            board.leaves_to("spans", &otlp.place());
        }
        let remote = otlp.name();
        let outbox = Arc::new(StoreOutbox { reader: Mutex::new(reader), writer });
        let shown = Arc::clone(board);
        let changed = move |state: &SyncState| {
            shown.notice(NOTICE, notice(remote, state));
        };
        let rt = tokio_runtime()?.handle();
        let exporter = Exporter::spawn(rt, otlp, Arc::clone(&outbox) as Arc<dyn Outbox>, Pace::default(), changed);
        let exports = Exports { remote, waker: exporter.waker() };
        Ok((Self { otlp: Some((exporter, outbox)) }, Some(exports)))
    }

    /// Sends what waits while the remote answers, then ends. The writer must still run.
    pub(crate) fn stop(self) {
        let Some((exporter, outbox)) = self.otlp else { return };
        // An answer to this means that everything sent to the writer before it is stored.
        if outbox.ack("", 0).is_ok()
            && let Ok(rt) = tokio_runtime()
        {
            rt.block_on(exporter.stop(DEADLINE));
        }
    }
}

/// The remote as configured; `variable` reads the environment.
fn otlp(endpoint: &str, token_env: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Otlp, String> {
    let token = match token_env {
        "" => None,
        name => Some(variable(name).ok_or_else(|| format!("the environment variable {name} is not set"))?),
    };
    let options = OtlpOptions { endpoint, token: token.as_deref(), version: env!("CARGO_PKG_VERSION") };
    Otlp::new(options).map_err(|e| e.to_string())
}

/// Where spans leave this machine for, as configured; `None` when they do not.
pub fn spans_place(config: &Config) -> Option<String> {
    let endpoint = config.remotes.otlp.endpoint.as_str();
    let options = OtlpOptions { endpoint, token: None, version: env!("CARGO_PKG_VERSION") };
    let otlp = if endpoint.is_empty() { return None } else { Otlp::new(options).ok()? };
    (!otlp.is_local()).then(|| otlp.place())
}

/// What the screen says of a remote that has trouble.
fn notice(remote: &str, state: &SyncState) -> Option<(Level, String)> {
    let SyncState { waiting, dropped, refused, last_error, .. } = state;
    if last_error.is_none() && *refused == 0 {
        return None;
    }
    let mut text = format!("remote {remote}: ");
    text.push_str(last_error.as_deref().unwrap_or("works again"));
    for (n, what) in [(waiting, "wait"), (refused, "refused and dropped"), (dropped, "dropped as too many waited")] {
        if *n > 0 {
            let _ = write!(text, "; {n} spans {what}");
        }
    }
    Some((Level::Warn, text))
}

/// The store's outbox: read on a connection of its own, acknowledged through the writer thread.
pub(super) struct StoreOutbox {
    pub(super) reader: Mutex<Reader>,
    pub(super) writer: SyncSender<WriterMessage>,
}

impl Outbox for StoreOutbox {
    fn take(&self, remote: &str, limit: u32) -> Result<Vec<OutboxRow>, String> {
        lock(&self.reader).outbox(remote, limit).map_err(|e| e.to_string())
    }

    fn ack(&self, remote: &str, through: u64) -> Result<(), String> {
        let (reply, done) = sync_channel(1);
        let gone = || "the database takes no more writes".to_owned();
        self.writer.send(WriterMessage::Sent(remote.to_owned(), through, reply)).map_err(|_| gone())?;
        done.recv().map(|_| ()).map_err(|_| gone())
    }

    fn state(&self, remote: &str) -> Result<OutboxState, String> {
        lock(&self.reader).outbox_state(remote).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{SyncState, notice, otlp};

    #[test]
    fn a_token_that_is_not_there_stops_the_sending_and_is_told() {
        let told = otlp("http://127.0.0.1:4318", "TOKEN", |_| None).map(|_| ());
        assert_eq!(told, Err("the environment variable TOKEN is not set".to_owned()));
        assert!(otlp("http://127.0.0.1:4318", "TOKEN", |_| Some("x".into())).is_ok());
        assert!(otlp("http://127.0.0.1:4318", "", |_| None).is_ok());
    }

    #[test]
    fn trouble_is_told_with_its_counts() {
        assert_eq!(notice("otlp", &SyncState { sent: 5, waiting: 1, ..SyncState::default() }), None);
        let state = SyncState { waiting: 3, refused: 2, last_error: Some("no".into()), ..SyncState::default() };
        let text = notice("otlp", &state).map(|n| n.1);
        assert_eq!(text.as_deref(), Some("remote otlp: no; 3 spans wait; 2 spans refused and dropped"));
        let again = notice("otlp", &SyncState { refused: 2, ..SyncState::default() }).map(|n| n.1);
        assert_eq!(again.as_deref(), Some("remote otlp: works again; 2 spans refused and dropped"));
    }
}
