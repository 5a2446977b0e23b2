//! What of the screen comes back at the next start: the pane, the filter of Logs, the theme. The loop writes it when
//! the screen closes; the command line reads it, and decides what of it the configuration overrules.

use super::model::Model;
use super::panes::PaneId;
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
    /// Name of the theme.
    pub theme: String,
}

impl Session {
    /// Of the screen as it is now.
    pub fn of(model: &Model) -> Self {
        Self {
            pane: model.shell.pane.title().to_owned(),
            filter: model.panes.get(PaneId::Logs).keeps().unwrap_or_default(),
            theme: model.world.theme.name.clone(),
        }
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
    use super::Session;

    #[test]
    fn what_was_kept_comes_back_and_nonsense_does_not() {
        let session = Session { pane: "Logs".into(), filter: "level>=warn".into(), theme: "light".into() };
        assert_eq!(Session::parse(&session.kept()), Some(session));
        assert_eq!(Session::parse(b"{\"pane\":\"Chat\",\"new\":1}").map(|s| s.pane).as_deref(), Some("Chat"));
        assert_eq!(Session::parse(b"torn"), None);
    }
}
