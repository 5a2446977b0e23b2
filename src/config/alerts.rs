//! The sections of `[alerts]` as they are once checked.

use super::millis;
use aiobs_types::Level;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// `[alerts]` and what is below it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Name of this machine; empty is its own.
    pub host: String,
    /// Older incidents are history.
    #[serde(deserialize_with = "millis")]
    pub fresh: Duration,
    /// Hours in which nothing begins to be told; empty is none.
    pub quiet_hours: String,
    /// Most incidents told per hour by all rules; 0 is no limit.
    pub limit: u32,
    /// Older alerts are given up.
    #[serde(deserialize_with = "millis")]
    pub max_age: Duration,
    /// Longest wait for an answer.
    #[serde(deserialize_with = "millis")]
    pub timeout: Duration,
    /// Certificates to trust; empty is none.
    pub ca_file: PathBuf,
    /// Who is told what.
    pub rules: Vec<AlertRule>,
    /// Mail.
    pub smtp: SmtpAlerts,
    /// Slack.
    pub slack: ChatAlerts,
    /// Mattermost.
    pub mattermost: ChatAlerts,
    /// Teams.
    pub teams: ChatAlerts,
    /// PagerDuty.
    pub pagerduty: PagerDutyAlerts,
    /// A web address.
    pub webhook: WebhookAlerts,
    /// The terminal.
    pub desktop: DesktopAlerts,
}

/// `[[alerts.rules]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Unique name.
    pub name: String,
    /// Names of channels.
    pub channels: Vec<String>,
    /// Least level.
    pub min_level: Level,
    /// Least criticality, 0 for any.
    pub min_criticality: u8,
    /// What is told.
    pub states: Vec<String>,
    /// Globs of components; empty is any.
    pub components: Vec<String>,
    /// Hours of the week; empty is always.
    pub hours: String,
    /// Most incidents per hour; 0 is no limit.
    pub limit: u32,
    /// How long an alert waits for others.
    #[serde(deserialize_with = "millis")]
    pub group: Duration,
    /// Words for the end.
    pub resolve_message: String,
}

/// `[alerts.smtp]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpAlerts {
    /// Server; empty is off.
    pub host: String,
    /// Port; 0 is the usual one.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Name to log in with.
    pub user: String,
    /// Variable with the password.
    pub password_env: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// Sender.
    pub from: String,
    /// Receivers.
    pub to: Vec<String>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Encrypted once both sides have said hello.
    Starttls,
    /// Encrypted from the first byte.
    Tls,
    /// In the clear.
    None,
}

/// `[alerts.slack]`, `[alerts.mattermost]`, `[alerts.teams]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatAlerts {
    /// Variable with the address.
    pub url_env: String,
    /// File with the address.
    pub url_file: PathBuf,
}

/// `[alerts.pagerduty]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDutyAlerts {
    /// Address of the Events API.
    pub url: String,
    /// Variable with the routing key.
    pub key_env: String,
    /// File with the routing key.
    pub key_file: PathBuf,
}

/// `[alerts.webhook]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookAlerts {
    /// Address; empty is off.
    pub url: String,
    /// Variable with the secret.
    pub secret_env: String,
    /// File with the secret.
    pub secret_file: PathBuf,
}

/// `[alerts.desktop]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesktopAlerts {
    /// What the terminal is given.
    pub signal: Signal,
}

/// How a terminal draws attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// The bell.
    Bell,
    /// `OSC 9`, a notification with a text.
    Osc9,
    /// `OSC 777`, a notification with title and text.
    Osc777,
}
