//! What is told of an incident: the form in the outbox, with nothing in it that may not leave.

use aiobs_types::{Author, Diagnosis, Incident, IncidentState, Level, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest text of one field, characters: a message is read on a telephone.
const LONGEST: usize = 600;
/// Steps and components that are told.
const MOST: usize = 6;

/// What happened to the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It is there.
    Open,
    /// Its cause is known, or what is known about it.
    Diagnosed,
    /// A person took it.
    Acknowledged,
    /// It is over.
    Resolved,
    /// Nothing: a person tries the channel.
    Test,
}

impl AlertState {
    /// Lower-case word for people and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Diagnosed => "diagnosed",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }

    /// From the word of a rule.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Diagnosed, Self::Acknowledged, Self::Resolved].into_iter().find(|s| s.name() == word)
    }
}

/// What is told of one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The same for everything about one incident on one machine, so that receivers can join it.
    pub key: String,
    /// Number of the incident; 0 for a test.
    pub incident: u64,
    /// What happened.
    pub state: AlertState,
    /// Worst level seen.
    pub level: Level,
    /// 1 to 5, once a diagnosis gave it.
    pub criticality: Option<u8>,
    /// Few words.
    pub title: String,
    /// Why it was opened.
    pub reason: String,
    /// Who reported it.
    pub components: Vec<String>,
    /// Times it struck.
    pub count: u64,
    /// First strike.
    pub began: Timestamp,
    /// Last strike.
    pub last: Timestamp,
    /// The cause, when there is a diagnosis.
    pub cause: Option<String>,
    /// Who says so.
    pub by: Option<String>,
    /// What to do now.
    pub now: Vec<String>,
    /// Words of the rule, for a resolve message.
    pub note: String,
    /// The rule that told it.
    pub rule: String,
    /// Other incidents that the rule's limit held back since its last alert.
    pub held: u64,
    /// Name of this machine.
    pub host: String,
    /// When it was put into the outbox.
    pub queued: Timestamp,
    /// Not to be sent before: what comes until then goes into the same message.
    pub due: Timestamp,
    /// Whether it may share a message with others.
    pub grouped: bool,
}

impl Alert {
    /// Of an incident, each text passed through `mask`, which takes secrets out of it.
    pub fn of(
        i: &Incident,
        d: Option<&Diagnosis>,
        state: AlertState,
        host: &str,
        mask: &dyn Fn(&str) -> String,
    ) -> Self {
        let text = |t: &str| short(&mask(t));
        let by = d.map(|d| match &d.author {
            Author::Model { provider, model } => format!("{model} ({provider})"),
            Author::Playbook { id } => format!("playbook {id}"),
            Author::Facts => "facts only".to_owned(),
        });
        Self {
            key: format!("aiobs-{host}-{}", i.fingerprint),
            incident: i.id.0,
            state,
            level: i.severity.level(),
            criticality: i.criticality.or(d.map(|d| d.criticality)),
            title: text(&i.title),
            reason: text(&i.reason),
            components: i.components.iter().take(MOST).map(|c| text(c)).collect(),
            count: i.count,
            began: i.first_seen,
            last: i.last_seen,
            cause: d.map(|d| text(&d.cause)).filter(|c| !c.is_empty()),
            by,
            now: d.map(|d| d.fix.now.iter().take(MOST).map(|s| text(s)).collect()).unwrap_or_default(),
            note: String::new(),
            rule: String::new(),
            held: 0,
            host: host.to_owned(),
            queued: Timestamp::now(),
            due: Timestamp::default(),
            grouped: false,
        }
    }

    /// What a person sends to try a channel.
    pub fn test(host: &str) -> Self {
        let now = Timestamp::now();
        let incident = Incident {
            title: "Test alert".to_owned(),
            reason: "Somebody asked for it; nothing is wrong.".to_owned(),
            state: IncidentState::Open,
            severity: Level::Info.floor(),
            count: 1,
            first_seen: now,
            last_seen: now,
            ..Incident::default()
        };
        let key = format!("aiobs-{host}-test");
        Self { key, ..Self::of(&incident, None, AlertState::Test, host, &str::to_owned) }
    }
}

/// One text, without control characters and not too long.
fn short(text: &str) -> String {
    let text = text.replace('‹', "<").replace('›', ">");
    let odd = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let flat = text.split(odd).map(str::trim).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &flat[..at]),
        None => flat,
    }
}

#[cfg(test)]
mod tests {
    use super::{Alert, AlertState};
    use aiobs_types::Incident;

    #[test]
    fn every_text_is_masked_tamed_and_cut() {
        let hostile = format!("key=hidden\r\nBcc: x@y \u{1b}[2J{}", "z".repeat(900));
        let incident = Incident {
            title: hostile.clone(),
            reason: hostile.clone(),
            components: vec![hostile; 9],
            ..Incident::default()
        };
        let mask = |t: &str| t.replace("hidden", "[secret]");
        let alert = Alert::of(&incident, None, AlertState::Open, "web-1", &mask);
        for text in [&alert.title, &alert.reason, &alert.components[0]] {
            assert!(!text.contains("hidden") && !text.contains(char::is_control), "{text}");
            assert_eq!(text.chars().count(), 601);
        }
        assert_eq!(alert.components.len(), 6);
    }
}
