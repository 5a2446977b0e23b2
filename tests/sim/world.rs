//! A simulated world, read from TOML: log files, a model that answers by script, and what must come of it.

use serde::Deserialize;

/// One file of `tests/sim`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    /// What it shows, one sentence.
    pub(crate) about: String,
    /// Configuration, as for `--set`.
    #[serde(default)]
    pub(crate) set: Vec<String>,
    pub(crate) log: Vec<Log>,
    pub(crate) model: Option<Model>,
    /// Records there are in the end.
    pub(crate) records: Option<u64>,
    /// Incidents there are in the end, no more, in any order.
    #[serde(default)]
    pub(crate) incident: Vec<Expected>,
    pub(crate) sent: Option<Sent>,
}

/// A log file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) file: String,
    pub(crate) text: String,
    /// Written this often; `{n}` is the round, from 0, and `{mm:ss}` that many seconds after the full hour.
    #[serde(default = "once")]
    pub(crate) repeat: usize,
    /// Written after all that.
    #[serde(default)]
    pub(crate) end: String,
}

fn once() -> usize {
    1
}

impl Log {
    /// What is in the file.
    pub(crate) fn content(&self) -> String {
        let round = |n: usize| {
            let clock = format!("{:02}:{:02}", n / 60 % 60, n % 60);
            self.text.replace("{n}", &n.to_string()).replace("{mm:ss}", &clock)
        };
        (0..self.repeat).map(round).collect::<String>() + &self.end
    }
}

/// The model server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// What is installed.
    pub(crate) installed: Vec<String>,
    /// How calls are answered, in their order; the last one again and again.
    #[serde(default)]
    pub(crate) reply: Vec<Reply>,
}

/// How one call is answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum Reply {
    /// With this text, in small pieces.
    Text(String),
    /// With this text, after so many milliseconds.
    Late(u64, String),
    /// With an HTTP status and a message.
    Status(u16, String),
    /// With the beginning of an answer; then the connection breaks.
    Cut,
    /// With an error in the middle of the answer.
    ErrorInside(String),
    /// With something that is not the protocol.
    NotTheProtocol,
}

/// An incident.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// In its title.
    pub(crate) title: String,
    pub(crate) count: u64,
    pub(crate) level: String,
    /// All of them, in any order.
    pub(crate) components: Vec<String>,
    #[serde(default = "open")]
    pub(crate) state: String,
    /// Kinds of entries that its timeline has.
    #[serde(default)]
    pub(crate) timeline: Vec<String>,
    /// In the title of the incident that caused it; without it, none did.
    pub(crate) caused_by: Option<String>,
    /// `None` when it has none of its own: that of its cause is enough.
    pub(crate) diagnosis: Option<Diagnosed>,
}

fn open() -> String {
    "open".into()
}

/// A diagnosis.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Diagnosed {
    /// `model NAME`, `playbook ID` or `facts`.
    pub(crate) by: String,
    /// In its cause.
    pub(crate) cause: String,
    /// Runs of the chain that ended with a diagnosis of this incident.
    #[serde(default = "once")]
    pub(crate) runs: usize,
    /// Each in one of its notes; none at all means that there must be no notes.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// Texts of records that are cited.
    #[serde(default)]
    pub(crate) cites: Vec<String>,
    /// Number of claims that rest on records.
    pub(crate) supported: Option<usize>,
    /// Number of claims that don't.
    #[serde(default)]
    pub(crate) unsupported: usize,
    /// In its first steps.
    #[serde(default)]
    pub(crate) now: Vec<String>,
    /// In its summary.
    #[serde(default)]
    pub(crate) summary: String,
}

/// What the model was sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    /// Calls in all.
    pub(crate) calls: usize,
    /// In one of them.
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    /// In none of them.
    #[serde(default)]
    pub(crate) lacks: Vec<String>,
    /// Only between fences.
    #[serde(default)]
    pub(crate) fenced: Vec<String>,
}
