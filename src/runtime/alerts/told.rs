//! Who was told of one incident, when, and why others were not: for the screen. Reads what the writer stored.

use super::{MEMORY, channels, rules, zone};
use crate::config::Config;
use crate::runtime::events::AlertLine;
use aiobs_store::{Reader, StoreError};
use aiobs_sync::{AlertState, Engine, Hours, Memory, Rule, Standing, Word};
use aiobs_types::{Incident, SentAlert, Timestamp};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::time::Duration;

/// The channel that needs no connection.
const DESKTOP: &str = "desktop";
/// Messages told of one incident, the latest.
const MOST: usize = 12;

/// See the module.
pub(in crate::runtime) struct Told {
    rules: Vec<Rule>,
    zone: TimeZone,
    fresh: Duration,
    /// Channels that are not ready, with why.
    wrong: BTreeMap<String, String>,
    /// Hours of rules, as written.
    hours: BTreeMap<String, String>,
    /// Hours in which no rule begins to tell an incident, and as written.
    quiet: Hours,
    quiet_hours: String,
    /// Most that all rules together tell in an hour.
    limit: u32,
    /// Whether anybody is told by this run of the program.
    sends: bool,
}

impl Told {
    /// `sends` is false where nobody is told whatever the rules say: in a demo, offline.
    pub(in crate::runtime) fn new(config: &Config, sends: bool) -> Self {
        // Mistakes are told at the start, by the workers.
        let (rules, zone) = (rules(config).unwrap_or_default(), zone(config).unwrap_or(TimeZone::UTC));
        let state = |c: channels::ChannelState| match c.channel {
            None => Some((c.name.to_owned(), format!("[alerts.{}] is not set up", c.name))),
            Some(Err(why)) => Some((c.name.to_owned(), why)),
            Some(Ok(_)) => None,
        };
        let wrong = if rules.is_empty() { Vec::new() } else { channels(config) };
        let wrong = wrong.into_iter().filter_map(state).collect();
        let hours = config.alerts.rules.iter().map(|r| (r.name.clone(), r.hours.clone())).collect();
        let quiet = channels::quiet(config).unwrap_or_default();
        let (quiet_hours, limit) = (config.alerts.quiet_hours.clone(), config.alerts.limit);
        Self { rules, zone, fresh: config.alerts.fresh, wrong, hours, quiet, quiet_hours, limit, sends }
    }

    /// What there is to say of an incident.
    ///
    /// # Errors
    /// Faults of the disk.
    pub(in crate::runtime) fn of(&self, incident: &Incident, reader: &Reader) -> Result<Vec<AlertLine>, StoreError> {
        let sent = reader.alerts_of(incident.id, MOST)?;
        let mut lines: Vec<AlertLine> = sent.iter().map(message).collect();
        if self.rules.is_empty() {
            lines.push(quiet("nobody is told: there is no rule ([[alerts.rules]], docs/alerts.md)".to_owned()));
            return Ok(lines);
        }
        if !self.sends {
            lines.push(quiet("nobody is told while alerts are off (demo, offline)".to_owned()));
            return Ok(lines);
        }
        let memory = reader.state(MEMORY)?.and_then(|b| serde_json::from_slice::<Memory>(&b).ok()).unwrap_or_default();
        let engine =
            Engine::new(self.rules.clone(), self.zone.clone(), self.fresh, memory).calm(self.quiet.clone(), self.limit);
        let arrived = |s: &Standing| sent.iter().any(|a| a.channel == s.channel);
        for standing in engine.standing(incident, Timestamp::now()) {
            let said = match &standing.word {
                // Its messages are told above.
                Word::Told(_) if arrived(&standing) => None,
                _ => Some(self.words(&standing)),
            };
            lines.extend(said.map(quiet));
        }
        Ok(lines)
    }

    fn words(&self, s: &Standing) -> String {
        let Standing { rule, channel, word } = s;
        let why = match word {
            Word::Told(states) => {
                let states: Vec<&str> = states.iter().map(|s: &AlertState| s.name()).collect();
                let states = states.join(", ");
                if channel == DESKTOP {
                    return format!("{channel}: this terminal was called (\"{states}\") by rule `{rule}`");
                }
                return format!("{channel}: \"{states}\" waits to be sent by rule `{rule}`{}", self.but(channel));
            }
            Word::Soon => return format!("{channel}: is being told by rule `{rule}`{}", self.but(channel)),
            Word::Muted => "the incident is muted".to_owned(),
            Word::Over => "it was over before it was told".to_owned(),
            Word::Other(other) => format!("rule `{other}` tells it there"),
            Word::Level(level) => format!("only {level} and worse"),
            Word::Criticality(least) => format!("only criticality {least} and more"),
            Word::Components => "none of its components is one of the rule's".to_owned(),
            Word::Hours => format!("quiet hours: only {}", self.hours.get(rule).map_or("at other times", |h| h)),
            Word::Old => "it struck last too long ago to be news (alerts.fresh)".to_owned(),
            Word::Limit(most) => format!("the rate limit is reached: {most} in an hour"),
            Word::LimitOfAll(most) => format!("the rate limit of all rules is reached: {most} in an hour"),
            Word::Quiet => format!("quiet hours: {} (alerts.quiet_hours)", self.quiet_hours),
            Word::Cause(cause) => format!("{cause}, which caused it, was told there"),
            Word::Waits => "it waits for another state, such as the diagnosis".to_owned(),
        };
        format!("{channel}: not told by rule `{rule}`, {why}{}", self.but(channel))
    }

    /// What is wrong with a channel.
    fn but(&self, channel: &str) -> String {
        self.wrong.get(channel).map_or_else(String::new, |why| format!("; {why}"))
    }
}

fn quiet(text: String) -> AlertLine {
    AlertLine { time: None, arrived: None, text }
}

fn message(a: &SentAlert) -> AlertLine {
    let arrived = a.outcome == "sent";
    let note = a.note.as_ref().map_or_else(String::new, |n| format!(": {n}"));
    let how = if arrived { "told" } else { "failed" };
    let text = format!("{} ({}) {how} \"{}\" by rule `{}`{note}", a.channel, a.place, a.state, a.rule);
    AlertLine { time: Some(a.time), arrived: Some(arrived), text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Told;
    use crate::config::{self, Load};
    use aiobs_store::Store;
    use aiobs_types::{Incident, IncidentId, SentAlert, Severity, Timestamp};

    const RULES: &str = "[[alerts.rules]]\nname = \"night\"\nchannels = [\"webhook\", \"slack\"]\nmin_level = \"error\"\n\
        [[alerts.rules]]\nname = \"grave\"\nchannels = [\"webhook\"]\nmin_level = \"fatal\"\n\
        [alerts.webhook]\nurl = \"http://127.0.0.1:9/\"\n";

    #[test]
    fn who_was_told_and_why_others_were_not_is_said() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), RULES).unwrap();
        let names = crate::names::names(None);
        let config = config::load(&Load { file: Some(dir.path().join("config.toml")), names, ..Load::default() });
        let told = Told::new(&config.unwrap_or_else(|e| panic!("{e}")), true);
        let (store, _) = Store::open(&dir.path().join("data")).unwrap();
        let now = Timestamp::now();
        let incident = Incident { id: IncidentId(3), severity: Severity::ERROR, last_seen: now, ..Incident::default() };
        let say = || {
            let lines = told.of(&incident, &store.reader().unwrap()).unwrap();
            lines.into_iter().map(|l| l.text).collect::<Vec<_>>()
        };
        assert_eq!(
            say(),
            [
                "webhook: is being told by rule `night`",
                "slack: is being told by rule `night`; [alerts.slack] is not set up",
                "webhook: not told by rule `grave`, only fatal and worse",
            ]
        );
        let row = SentAlert {
            incident: 3,
            time: now,
            channel: "webhook".into(),
            place: "127.0.0.1:9".into(),
            state: "open".into(),
            rule: "night".into(),
            outcome: "sent".into(),
            ..SentAlert::default()
        };
        store.writer().unwrap().put_sent_alert(&row).unwrap();
        assert_eq!(say()[0], "webhook (127.0.0.1:9) told \"open\" by rule `night`");
    }
}
