//! Alerts, wired to the engine: what the rules say of incidents is put into the outbox in the same transaction as the
//! incidents, and a worker per channel sends it. The command line asks it which channels there are.

mod channels;
mod quiet;
mod told;

pub(in crate::runtime) use quiet::Quiet;
pub(in crate::runtime) use told::Told;

pub(in crate::runtime) use channels::secret;
pub use channels::{CHANNELS, ChannelState, channels, describe, places, rules, templates, test, zone};

use super::EngineEvent;
use super::board::{Board, lock};
use super::builder::tokio_runtime;
use super::processing::Message;
use super::remotes::StoreOutbox;
use super::writing::WriterMessage;
use crate::config::Config;
use aiobs_llm::Redaction;
use aiobs_store::{Commit, OutboxEntry, Reader};
use aiobs_sync::{
    Alert, AlertSender, Delivery, Engine, Exporter, Item, Memory, Outbox, Outcome, Pace, SyncState, Ticket,
};
use aiobs_types::{Incident, IncidentId, Level, TimelineKind};
use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// What was told, in the store.
const MEMORY: &str = "alerts";
const NOTICE: &str = "alerts";
/// How long sending what waits may hold up the end.
const DEADLINE: Duration = Duration::from_secs(2);

/// The writer thread's side.
pub(super) struct AlertDesk {
    engine: Engine,
    reader: Reader,
    host: String,
    wakers: BTreeMap<&'static str, Arc<Notify>>,
    emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
}

impl AlertDesk {
    /// Adds what is to be told of the incidents of a commit to it.
    pub(crate) fn add(&mut self, commit: &mut Commit) {
        let now = aiobs_types::Timestamp::now();
        let mut told = false;
        let mut order: Vec<&Incident> = commit.incidents.iter().collect();
        order.sort_by_key(|i| i.caused_by.is_some());
        for incident in order {
            for ticket in self.engine.decide(incident, now) {
                told = true;
                let alert = self.alert(incident, &ticket);
                let Some(remote) = channels::outbox_name(&ticket.channel) else {
                    (self.emit)(EngineEvent::Attention(line(&alert)));
                    continue;
                };
                if let Ok(body) = Item::Alert(Box::new(alert)).to_body() {
                    commit.outbox.push(OutboxEntry { remote: remote.to_owned(), body });
                }
            }
        }
        if told && let Ok(memory) = serde_json::to_vec(self.engine.memory()) {
            commit.state.push((MEMORY.to_owned(), memory));
        }
    }

    fn alert(&self, incident: &Incident, ticket: &Ticket) -> Alert {
        let diagnosis = self.reader.diagnosis_of(incident).unwrap_or_else(|e| {
            tracing::warn!("an alert goes without its diagnosis: {e}");
            None
        });
        let Ticket { state, rule, held, due, grouped, note, .. } = ticket.clone();
        let alert = Alert::of(incident, diagnosis.as_ref(), state, &self.host, &|text| Redaction::new(&[]).hide(text));
        Alert { rule, held, due, grouped, note, ..alert }
    }

    /// Entries were stored.
    pub(crate) fn stored(&self) {
        self.wakers.values().for_each(|w| w.notify_one());
    }
}

/// One line about an alert, for the terminal.
fn line(a: &Alert) -> String {
    format!("{}, {}: {}", a.state.name(), a.level, a.title)
}

/// The workers that run.
#[derive(Default)]
pub(super) struct AlertWorkers {
    workers: Vec<(Exporter, Arc<StoreOutbox>)>,
    telling: Telling,
}

/// Tasks that tell the writer and the pipeline what came of messages; both may be busy.
type Telling = Arc<Mutex<Vec<tokio::task::JoinHandle<()>>>>;

/// What the workers are started with.
pub(super) struct AlertParts<'a> {
    pub config: &'a Config,
    pub reader: &'a dyn Fn() -> Result<Reader, aiobs_store::StoreError>,
    pub writer: &'a SyncSender<WriterMessage>,
    pub pipeline: &'a SyncSender<Message>,
    pub board: &'a Arc<Board>,
    pub emit: &'a Arc<dyn Fn(EngineEvent) + Send + Sync>,
}

impl AlertWorkers {
    /// Starts what is configured. Mistakes are put up as a notice; what is right works.
    pub(crate) fn start(parts: &AlertParts<'_>) -> anyhow::Result<(Self, Option<AlertDesk>)> {
        let AlertParts { config, board, .. } = *parts;
        if config.alerts.rules.is_empty() {
            return Ok((Self::default(), None));
        }
        let rules = rules(config)?;
        let reader = (parts.reader)()?;
        let memory = reader.state(MEMORY)?.and_then(|bytes| serde_json::from_slice::<Memory>(&bytes).ok());
        let (templates, mistakes) = templates(config)?;
        let templates = Arc::new(templates);
        let mut wrong: Vec<String> =
            mistakes.into_iter().map(|e| format!("alerts: {e}; the built-in words are used")).collect();
        let telling = Telling::default();
        let (mut workers, mut wakers) = (Vec::new(), BTreeMap::new());
        let used = |name: &str| config.alerts.rules.iter().any(|r| r.channels.iter().any(|c| c == name));
        for state in channels(config).into_iter().filter(|c| used(c.name) && c.name != "desktop") {
            let name = state.name;
            let (Some(outbox_name), Some(channel)) = (channels::outbox_name(name), state.channel) else { continue };
            let channel = match channel {
                Ok(channel) => channel,
                Err(why) => {
                    wrong.push(format!("alerts.{name}: {why}"));
                    continue;
                }
            };
            if !channel.is_local() {
                board.leaves_to("alerts", &channel.place());
            }
            let (pipeline, writer, telling) = (parts.pipeline.clone(), parts.writer.clone(), Arc::clone(&telling));
            let sender = AlertSender {
                channel_name: name,
                outbox_name,
                channel,
                templates: Arc::clone(&templates),
                max_age: config.alerts.max_age,
                heard: Box::new(move |delivery| heard(delivery, &writer, &pipeline, &telling)),
            };
            let outbox = Arc::new(StoreOutbox { reader: Mutex::new((parts.reader)()?), writer: parts.writer.clone() });
            let shown = Arc::clone(board);
            let changed = move |state: &SyncState| {
                shown.notice(outbox_name, notice(name, state));
            };
            let rt = tokio_runtime()?.handle();
            let exporter = Exporter::spawn(rt, sender, Arc::clone(&outbox) as Arc<dyn Outbox>, Pace::alerts(), changed);
            wakers.insert(outbox_name, exporter.waker());
            workers.push((exporter, outbox));
        }
        wrong.extend(unset(config));
        if !wrong.is_empty() {
            board.notice(NOTICE, Some((Level::Error, wrong.join("; "))));
        }
        let quiet = channels::quiet(config)?;
        let engine = Engine::new(rules, zone(config)?, config.alerts.fresh, memory.unwrap_or_default())
            .calm(quiet, config.alerts.limit);
        let desk = AlertDesk { engine, reader, host: channels::host(config), wakers, emit: Arc::clone(parts.emit) };
        Ok((Self { workers, telling }, Some(desk)))
    }

    /// Sends what waits while the receivers answer, then ends. The writer must still run.
    pub(crate) fn stop(self) {
        // An answer to this means that everything sent to the writer before it is stored.
        let stored = self.workers.first().is_none_or(|(_, outbox)| outbox.ack("", 0).is_ok());
        let Ok(rt) = tokio_runtime() else { return };
        if !stored {
            return;
        }
        let ends: Vec<_> = self.workers.into_iter().map(|(exporter, _)| rt.spawn(exporter.stop(DEADLINE))).collect();
        rt.block_on(async {
            for end in ends {
                // One that died has nothing left to send.
                let _ = end.await;
            }
            let told = std::mem::take(&mut *lock(&self.telling));
            for task in told {
                let _ = task.await;
            }
        });
    }
}

/// Channels that rules name and that are not configured.
fn unset(config: &Config) -> Vec<String> {
    let known: Vec<&str> = channels(config).into_iter().filter(|c| c.channel.is_some()).map(|c| c.name).collect();
    let missing = |channel: &&String| *channel != "desktop" && !known.contains(&channel.as_str());
    let told = |rule: &crate::config::AlertRule| {
        let name = rule.name.clone();
        let tell = move |c: &String| format!("rule `{name}` tells {c}, but [alerts.{c}] is not set up");
        rule.channels.iter().filter(missing).map(tell).collect::<Vec<_>>()
    };
    config.alerts.rules.iter().flat_map(told).collect()
}

/// A message is done with: written down, and told in the timelines of its incidents.
fn heard(
    delivery: &Delivery<'_>,
    writer: &SyncSender<WriterMessage>,
    pipeline: &SyncSender<Message>,
    telling: &Telling,
) {
    let Delivery { channel, place, alerts, outcome, .. } = delivery;
    let text = match outcome {
        Outcome::Sent(None) => format!("alert sent to {channel} ({place})"),
        Outcome::Sent(Some(note)) => format!("alert sent to {channel} ({place}), but {note}"),
        Outcome::Failed(why) => format!("alert to {channel} failed: {why}"),
    };
    tracing::info!("{text}");
    let notes: Vec<Message> = alerts
        .iter()
        .map(|a| Message::Note {
            incident: IncidentId(a.incident),
            kind: TimelineKind::Note,
            text: format!("{} {text}", a.state.name()),
        })
        .collect();
    let rows = delivery.rows(aiobs_types::Timestamp::now());
    let (writer, pipeline) = (writer.clone(), pipeline.clone());
    // The writer and the pipeline may be busy; sending goes on meanwhile.
    let Ok(rt) = tokio_runtime() else { return };
    let task = rt.spawn_blocking(move || {
        // Both are gone only when everything stops.
        let _ = writer.send(WriterMessage::Told(rows));
        for note in notes {
            let _ = pipeline.send(note);
        }
    });
    let mut telling = lock(telling);
    telling.retain(|t| !t.is_finished());
    telling.push(task);
}

/// What the screen says of a channel that has trouble.
fn notice(channel: &str, state: &SyncState) -> Option<(Level, String)> {
    let SyncState { waiting, dropped, last_error, .. } = state;
    let error = last_error.as_deref()?;
    let mut text = format!("alerts to {channel}: {error}");
    if *waiting > 0 {
        text = format!("{text}; {waiting} wait and are tried again");
    }
    if *dropped > 0 {
        text = format!("{text}; {dropped} dropped as too many waited");
    }
    Some((Level::Warn, text))
}

#[cfg(test)]
mod tests {
    use super::{SyncState, notice};

    #[test]
    fn trouble_is_told_until_it_is_over() {
        assert_eq!(notice("slack", &SyncState { sent: 3, waiting: 1, ..SyncState::default() }), None);
        let state = SyncState { waiting: 2, last_error: Some("no answer in time".into()), ..SyncState::default() };
        let text = notice("slack", &state).map(|n| n.1);
        assert_eq!(text.as_deref(), Some("alerts to slack: no answer in time; 2 wait and are tried again"));
    }
}
