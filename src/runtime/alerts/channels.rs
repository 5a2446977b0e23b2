//! Channels, rules and templates as configured. Secrets are read here, from the environment or a file, and go nowhere
//! but into the channel.

use crate::config::{AlertRule, Config, Security as Protection};
use crate::runtime::builder::tokio_runtime;
use crate::runtime::rules as setup;
use aiobs_sync::{
    Alert, AlertState, Channel, Chat, ChatKind, Delivery, Hours, HttpOptions, Mail, MailOptions, Outcome, PagerDuty,
    Rule, Security, Templates, Webhook,
};
use aiobs_types::{SentAlert, Timestamp};
use anyhow::Context as _;
use jiff::tz::TimeZone;
use std::path::Path;

/// Every channel and its name in the outbox; the terminal needs none.
pub const CHANNELS: [(&str, Option<&str>); 7] = [
    ("smtp", Some("alert.smtp")),
    ("slack", Some("alert.slack")),
    ("mattermost", Some("alert.mattermost")),
    ("teams", Some("alert.teams")),
    ("pagerduty", Some("alert.pagerduty")),
    ("webhook", Some("alert.webhook")),
    ("desktop", None),
];

/// A channel as configured.
pub struct ChannelState {
    /// Its name.
    pub name: &'static str,
    /// `None` when it is not set up; why not when it is set up wrongly.
    pub channel: Option<Result<Channel, String>>,
}

pub(super) fn outbox_name(channel: &str) -> Option<&'static str> {
    CHANNELS.iter().find(|(name, _)| *name == channel)?.1
}

/// The channels that need a connection, each as configured.
pub fn channels(config: &Config) -> Vec<ChannelState> {
    let remote = CHANNELS.iter().filter(|(_, outbox)| outbox.is_some());
    remote.map(|(name, _)| ChannelState { name, channel: channel(name, config) }).collect()
}

fn channel(name: &str, config: &Config) -> Option<Result<Channel, String>> {
    let alerts = &config.alerts;
    let (section, kind) = match name {
        "smtp" => return (!alerts.smtp.host.is_empty()).then(|| mail(config)),
        "pagerduty" => {
            let pagerduty = &config.alerts.pagerduty;
            let key = secret(&pagerduty.key_env, &pagerduty.key_file)?;
            return Some(
                key.and_then(|key| http(config, &pagerduty.url, |o| PagerDuty::new(o, &key)).map(Channel::PagerDuty)),
            );
        }
        "webhook" => {
            let webhook = &config.alerts.webhook;
            let made = || {
                let secret = secret(&webhook.secret_env, &webhook.secret_file).transpose()?;
                http(config, &webhook.url, |o| Webhook::new(o, secret.as_deref())).map(Channel::Webhook)
            };
            return (!webhook.url.is_empty()).then(made);
        }
        "slack" => {
            let slack = &config.alerts.slack;
            (secret(&slack.url_env, &slack.url_file), ChatKind::Slack)
        }
        "mattermost" => {
            let mattermost = &config.alerts.mattermost;
            (secret(&mattermost.url_env, &mattermost.url_file), ChatKind::Mattermost)
        }
        "teams" => {
            let teams = &config.alerts.teams;
            (secret(&teams.url_env, &teams.url_file), ChatKind::Teams)
        }
        _ => return None,
    };
    let url = section?;
    Some(url.and_then(|url| http(config, &url, |o| Chat::new(kind, o)).map(Channel::Chat)))
}

fn http<T>(
    config: &Config,
    url: &str,
    make: impl FnOnce(HttpOptions<'_>) -> Result<T, aiobs_sync::ChannelError>,
) -> Result<T, String> {
    let ca = ca(config)?;
    make(HttpOptions { url, ca: ca.as_deref(), timeout: config.alerts.timeout }).map_err(|e| e.0)
}

fn ca(config: &Config) -> Result<Option<Vec<u8>>, String> {
    let path = &config.alerts.ca_file;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    std::fs::read(crate::config::expand_home(path)).map(Some).map_err(|e| format!("ca_file {}: {e}", path.display()))
}

fn mail(config: &Config) -> Result<Channel, String> {
    let smtp = &config.alerts.smtp;
    let password = secret(&smtp.password_env, &smtp.password_file).transpose()?;
    let login = match (smtp.user.as_str(), password.as_deref()) {
        ("", None) => None,
        ("", Some(_)) => return Err("there is a password but no `user`".to_owned()),
        (_, None) => return Err("there is a `user` but no password: set password_env or password_file".to_owned()),
        (user, Some(password)) => Some((user, password)),
    };
    let security = match smtp.security {
        Protection::Starttls => Security::StartTls,
        Protection::Tls => Security::Tls,
        Protection::None => Security::None,
    };
    let ca = ca(config)?;
    let options = MailOptions {
        host: &smtp.host,
        port: smtp.port,
        security,
        login,
        from: &smtp.from,
        to: &smtp.to,
        ca: ca.as_deref(),
        timeout: config.alerts.timeout,
    };
    Mail::new(options).map(|mail| Channel::Mail(Box::new(mail))).map_err(|e| e.0)
}

/// A secret from the environment or a file; `None` when neither is named.
pub(in crate::runtime) fn secret(env: &str, file: &Path) -> Option<Result<String, String>> {
    if !env.is_empty() {
        let value = std::env::var(env).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        return Some(value.ok_or_else(|| format!("the environment variable {env} is not set")));
    }
    if file.as_os_str().is_empty() {
        return None;
    }
    let read = std::fs::read_to_string(crate::config::expand_home(file));
    Some(match read.map(|text| text.trim().to_owned()) {
        Ok(text) if text.is_empty() => Err(format!("{} is empty", file.display())),
        Ok(text) => Ok(text),
        Err(e) => Err(format!("{}: {e}", file.display())),
    })
}

/// The rules.
///
/// # Errors
/// What is wrong with one; the configuration's checks let none of them through.
pub fn rules(config: &Config) -> anyhow::Result<Vec<Rule>> {
    config.alerts.rules.iter().map(|rule| one(rule).with_context(|| format!("alerts.rules `{}`", rule.name))).collect()
}

fn one(rule: &AlertRule) -> anyhow::Result<Rule> {
    let mut globs = globset::GlobSetBuilder::new();
    for glob in &rule.components {
        globs.add(globset::Glob::new(glob)?);
    }
    Ok(Rule {
        name: rule.name.clone(),
        channels: rule.channels.clone(),
        level: rule.min_level,
        criticality: rule.min_criticality,
        states: rule.states.iter().filter_map(|s| AlertState::parse(s)).collect(),
        components: if rule.components.is_empty() { None } else { Some(globs.build()?) },
        hours: Hours::parse(&rule.hours).map_err(|e| anyhow::anyhow!("hours: {e}"))?,
        per_hour: rule.limit,
        group: rule.group,
        note: rule.resolve_message.clone(),
    })
}

/// The words of alerts: the built-in ones and the user's own; with file, line and what is wrong of those that are not used.
///
/// # Errors
/// A zone that is none.
pub fn templates(config: &Config) -> anyhow::Result<(Templates, Vec<String>)> {
    let dir = config.dir.as_ref().map(|d| d.join("alerts"));
    let (templates, wrong) = Templates::load(dir.as_deref(), zone(config)?);
    Ok((templates, wrong.iter().map(ToString::to_string).collect()))
}

/// Hours in which no rule begins to tell an incident.
///
/// # Errors
/// It is checked with the configuration.
pub(super) fn quiet(config: &Config) -> anyhow::Result<Hours> {
    Hours::parse(&config.alerts.quiet_hours).map_err(|e| anyhow::anyhow!("alerts.quiet_hours: {e}"))
}

/// The zone of hours, and of times in alerts.
///
/// # Errors
/// It is checked with the configuration.
pub fn zone(config: &Config) -> anyhow::Result<TimeZone> {
    Ok(setup::zone(config)?.zone())
}

/// Name of this machine in alerts.
pub(super) fn host(config: &Config) -> String {
    if !config.alerts.host.is_empty() {
        return config.alerts.host.clone();
    }
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let name =
        read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname")).or_else(|| std::env::var("HOSTNAME").ok());
    name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

/// Where alerts may leave this machine for.
pub fn places(config: &Config) -> Vec<String> {
    let set_up = channels(config).into_iter().filter_map(|state| state.channel?.ok());
    set_up.filter(|channel| !channel.is_local()).map(|channel| channel.place()).collect()
}

/// What a channel is, for people: where to, or what is wrong.
pub fn describe(state: &ChannelState) -> (&'static str, String) {
    match &state.channel {
        None => ("off", "not set up".to_owned()),
        Some(Err(why)) => ("wrong", why.clone()),
        Some(Ok(channel)) => {
            ("ready", format!("{} {}", channel.place(), if channel.is_local() { "LOCAL" } else { "REMOTE" }))
        }
    }
}

/// Sends a test through a channel now, past rules and queue, and takes it back where it would stay open. Says where it went
/// or why it was not taken, and gives the rows that are to be written down.
///
/// # Errors
/// When it could not be tried.
pub fn test(
    config: &Config,
    name: &'static str,
    channel: &Channel,
    now: Timestamp,
) -> anyhow::Result<(anyhow::Result<String>, Vec<SentAlert>)> {
    let (templates, wrong) = templates(config)?;
    for mistake in wrong {
        tracing::warn!("{mistake}; the built-in words are used");
    }
    let rt = tokio_runtime()?;
    let (place, local) = (channel.place(), channel.is_local());
    let mut rows = Vec::new();
    let mut send = |alert: Alert| {
        let alerts = [alert];
        let sent = rt.block_on(channel.send(&alerts, &templates)).map_err(|e| e.to_string());
        let outcome = match &sent {
            Ok(note) => Outcome::Sent(note.clone()),
            Err(e) => Outcome::Failed(e.clone()),
        };
        rows.extend(Delivery { channel: name, place: place.clone(), local, alerts: &alerts, outcome }.rows(now));
        sent
    };
    let test = Alert::test(&host(config));
    let over = channel.stays_open().then(|| Alert { state: AlertState::Resolved, ..test.clone() });
    let key = test.key.clone();
    let told = match (send(test), over) {
        (Err(e), _) => Err(anyhow::anyhow!("{e}")),
        (Ok(Some(note)), None) => Ok(format!("{place} took it, but {note}")),
        (Ok(_), None) => Ok(format!("{place} took it")),
        (Ok(_), Some(over)) => match send(over) {
            Ok(_) => Ok(format!("{place} took it, and that it is over")),
            Err(e) => Err(anyhow::anyhow!("{place} took it, but not that it is over, so {key} stays open there: {e}")),
        },
    };
    Ok((told, rows))
}
