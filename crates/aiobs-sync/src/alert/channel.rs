//! A channel as the worker of the outbox sees it: alerts that belong together go into one message, those that are too
//! old to be of use are given up, and what came of each is told.

use super::{Alert, Chat, Mail, PagerDuty, Templates, Webhook};
use crate::{Item, Plan, Remote, SendError, Sent};
use aiobs_types::{SentAlert, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// Alerts that share one message at most.
const TOGETHER: usize = 20;

/// Where alerts are sent.
pub enum Channel {
    /// Mail.
    Mail(Box<Mail>),
    /// Slack, Mattermost, Teams.
    Chat(Chat),
    /// PagerDuty.
    PagerDuty(PagerDuty),
    /// A web address of the user's own.
    Webhook(Webhook),
}

impl Channel {
    /// Host and port, to be shown.
    pub fn place(&self) -> String {
        match self {
            Self::Mail(mail) => mail.place(),
            Self::Chat(Chat { http, .. })
            | Self::PagerDuty(PagerDuty { http, .. })
            | Self::Webhook(Webhook { http, .. }) => http.place(),
        }
    }

    /// Whether that is this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Mail(mail) => mail.is_local(),
            Self::Chat(Chat { http, .. })
            | Self::PagerDuty(PagerDuty { http, .. })
            | Self::Webhook(Webhook { http, .. }) => http.is_local(),
        }
    }

    /// Sends one message about these. The text says what went only partly well.
    ///
    /// # Errors
    /// Whether it may be tried again, and why it did not work.
    pub async fn send(&self, alerts: &[Alert], templates: &Templates) -> Result<Option<String>, SendError> {
        match self {
            Self::Mail(mail) => mail.send(alerts, templates).await,
            Self::Chat(chat) => chat.send(alerts, templates).await.map(|()| None),
            Self::Webhook(hook) => hook.send(alerts).await.map(|()| None),
            Self::PagerDuty(pager) => {
                // The worker hands these over one by one.
                for alert in alerts {
                    pager.send(alert, templates).await?;
                }
                Ok(None)
            }
        }
    }

    /// Whether what it is sent stays open there until it is told that it is over.
    pub fn stays_open(&self) -> bool {
        matches!(self, Self::PagerDuty(_))
    }

    fn together(&self) -> usize {
        if matches!(self, Self::PagerDuty(_)) { 1 } else { TOGETHER }
    }
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken; perhaps with a word about what was not.
    Sent(Option<String>),
    /// It never will be; why.
    Failed(String),
}

/// A message that is done with.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery<'a> {
    /// Name of the channel.
    pub channel: &'static str,
    /// Host and port.
    pub place: String,
    /// Whether that is this machine.
    pub local: bool,
    /// What it was about.
    pub alerts: &'a [Alert],
    /// What came of it.
    pub outcome: Outcome,
}

impl Delivery<'_> {
    /// What is written down about it, one row per alert: nothing of its text but the title.
    pub fn rows(&self, time: Timestamp) -> Vec<SentAlert> {
        let (outcome, note) = match &self.outcome {
            Outcome::Sent(note) => ("sent", note.clone()),
            Outcome::Failed(why) => ("failed", Some(why.clone())),
        };
        let row = |a: &Alert| SentAlert {
            time,
            channel: self.channel.to_owned(),
            place: self.place.clone(),
            local: self.local,
            incident: a.incident,
            state: a.state.name().to_owned(),
            rule: a.rule.clone(),
            title: a.title.clone(),
            outcome: outcome.to_owned(),
            note: note.clone(),
        };
        self.alerts.iter().map(row).collect()
    }
}

/// Told of every message that is done with; must not block.
pub type Heard = Box<dyn Fn(&Delivery<'_>) + Send + Sync>;

/// See the module.
pub struct AlertSender {
    /// Name in the configuration, such as `slack`.
    pub channel_name: &'static str,
    /// Name in the outbox, such as `alert.slack`.
    pub outbox_name: &'static str,
    /// Where to.
    pub channel: Channel,
    /// In which words.
    pub templates: Arc<Templates>,
    /// What waited longer is given up.
    pub max_age: Duration,
    /// Who is told.
    pub heard: Heard,
}

impl AlertSender {
    fn tell(&self, alerts: &[Alert], outcome: Outcome) {
        if !alerts.is_empty() {
            let (channel, place, local) = (self.channel_name, self.channel.place(), self.channel.is_local());
            (self.heard)(&Delivery { channel, place, local, alerts, outcome });
        }
    }
}

impl Remote for AlertSender {
    fn name(&self) -> &'static str {
        self.outbox_name
    }

    fn plan(&self, batch: &[Item], now: Timestamp) -> Plan {
        let Some(first) = batch.first().and_then(Item::alert) else { return Plan { take: 1, wait: Duration::ZERO } };
        let wait = Duration::from_nanos(u64::try_from(first.due.since(now)).unwrap_or(0));
        let joins = |a: &&Item| a.alert().is_some_and(|a| a.grouped);
        let most = if first.grouped { self.channel.together() } else { 1 };
        Plan { take: batch.iter().take(most).take_while(joins).count().max(1), wait }
    }

    async fn send(&self, batch: &[Item]) -> Result<Sent, SendError> {
        let now = Timestamp::now();
        let old = |a: &Alert| i128::from(now.since(a.queued)) > self.max_age.as_nanos() as i128;
        let (old, fresh): (Vec<Alert>, Vec<Alert>) = batch.iter().filter_map(Item::alert).cloned().partition(old);
        let given_up = old.len() as u64;
        let reason = "too old to be of use; it could not be sent in time".to_owned();
        if fresh.is_empty() {
            self.tell(&old, Outcome::Failed(reason.clone()));
            return Ok(Sent { rejected: batch.len() as u64, note: Some(reason) });
        }
        match self.channel.send(&fresh, &self.templates).await {
            Ok(note) => {
                self.tell(&old, Outcome::Failed(reason.clone()));
                self.tell(&fresh, Outcome::Sent(note.clone()));
                Ok(Sent { rejected: given_up, note: note.or((given_up > 0).then_some(reason)) })
            }
            Err(SendError::Refused { reason }) => {
                self.tell(&old, Outcome::Failed(reason.clone()));
                self.tell(&fresh, Outcome::Failed(reason.clone()));
                Err(SendError::Refused { reason })
            }
            later => later.map(|_| Sent::default()),
        }
    }
}

#[cfg(test)]
mod tests;
