//! What an update wants done. Panes and the shell return these; the shell handles those that move between panes
//! and `app` performs those that touch the world, so that every update stays a pure function.

use crate::runtime::events::{Request, Toast};
use crate::tui::panes::PaneId;
use aiobs_types::{ChatScope, IncidentId, Level, RecordId};

/// What an update wants done.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a handful live for one turn of the loop")]
pub enum Effect {
    /// Ask the engine.
    Send(Request),
    /// Put `text` on the clipboard and say that `what` was copied.
    Copy {
        /// What goes to the clipboard.
        text: String,
        /// For the toast, such as `line` or `3 commands`.
        what: String,
    },
    /// Write a new file that only its owner can read, and say so.
    Save {
        /// Where.
        path: String,
        /// What.
        text: String,
    },
    /// Keep a statement of SQL for the next start.
    Remember(String),
    /// Show `text` in the user's pager, or editor, which has the terminal meanwhile.
    OpenText {
        /// What.
        text: String,
        /// In the editor.
        editor: bool,
    },
    /// Have the terminal call whoever is near.
    Attention(String),
    /// Say something in the footer for a few seconds.
    Toast(Toast),
    /// Go to a pane; Esc comes back.
    Show(PaneId),
    /// Go to Incidents and select this one; Esc comes back.
    OpenIncident(IncidentId),
    /// Go to Logs with the cursor on this record; Esc comes back.
    ShowRecord(RecordId),
    /// Go to Logs narrowed down by this filter (in the filter language); Esc comes back.
    FilterLogs(String),
    /// Go to Logs and there to what was typed: a time, a share, a record; Esc comes back.
    GoToTime(String),
    /// Go to SQL and run this statement; Esc comes back.
    RunSql(String),
    /// Go to Logs and open the filter for typing; Esc comes back.
    EditFilter,
    /// Go to the heat map in Charts; Esc comes back.
    ShowHeat,
    /// Go to Chat with this scope and the editor open; Esc comes back.
    AskAbout(ChatScope),
    /// The pane has nothing to close: go back to where the user came from.
    Back,
    /// Leave the program.
    Quit,
    /// Stop in favour of the shell.
    Suspend,
    /// Clear and draw everything.
    Redraw,
}

impl Effect {
    /// A neutral toast.
    pub fn info(text: impl Into<String>) -> Self {
        Self::Toast(Toast { level: Level::Info, text: text.into() })
    }

    /// A toast about something that did not work.
    pub fn warn(text: impl Into<String>) -> Self {
        Self::Toast(Toast { level: Level::Warn, text: text.into() })
    }
}
