//! What comes back at the next start: the sources, the pane, the filter of Logs and the place in it, the theme. The loop writes it when
//! the screen closes; the command line reads it, and decides what of it the configuration overrules.

use super::model::Model;
use super::panes::{LogsPlace, PaneId};
use aiobs_types::RecordId;
use serde::{Deserialize, Serialize};

/// The name it is kept under in the database.
pub const KEPT_AS: &str = "screen";

/// What comes back. What an older or newer program wrote is read as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Title of the pane.
    pub pane: String,
    /// The filter of Logs, in the filter language; empty for none.
    pub filter: String,
    /// The record that Logs was paused at; `None` when it followed.
    pub at: Option<RecordId>,
    /// Whether Logs was by event time, when that was chosen.
    pub by_time: Option<bool>,
    /// The sources that were named on the command line, as they mean the same from anywhere.
    pub sources: Vec<String>,
    /// Name of the theme.
    pub theme: String,
}

impl Session {
    /// Of the screen as it is now.
    pub fn of(model: &Model) -> Self {
        let logs = model.panes.get(PaneId::Logs).keeps().unwrap_or_default();
        Self {
            pane: model.shell.pane.title().to_owned(),
            filter: logs.filter,
            at: logs.at,
            by_time: logs.by_time,
            sources: model.shell.sources.clone(),
            theme: model.world.theme.name.clone(),
        }
    }

    /// The place in Logs.
    pub fn logs(&self) -> LogsPlace {
        LogsPlace { filter: self.filter.clone(), at: self.at, by_time: self.by_time }
    }

    /// As it was kept; `None` when that makes no sense.
    pub fn parse(kept: &[u8]) -> Option<Self> {
        serde_json::from_slice(kept).ok()
    }

    /// As it is kept.
    pub fn kept(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{RecordId, Session};

    #[test]
    fn what_was_kept_comes_back_and_nonsense_does_not() {
        let session = Session {
            pane: "Logs".into(),
            filter: "level>=warn".into(),
            at: Some(RecordId(7)),
            by_time: Some(false),
            sources: vec!["/var/log/syslog".into()],
            theme: "light".into(),
        };
        assert_eq!(Session::parse(&session.kept()), Some(session));
        assert_eq!(Session::parse(b"{\"pane\":\"Chat\",\"new\":1}").map(|s| s.pane).as_deref(), Some("Chat"));
        assert_eq!(Session::parse(b"torn"), None);
    }
}
