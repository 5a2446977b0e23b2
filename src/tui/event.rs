//! What comes into the model: keys, text, sizes, the engine's news, and the passing of time.

use crate::runtime::events::{Event, Snapshot};
use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;
use std::sync::Arc;

/// What comes into the model.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key went down.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The engine has new numbers.
    Snapshot(Arc<Snapshot>),
    /// The engine tells something.
    Engine(Event),
    /// A deadline of [`super::model::Model::deadline`] has passed.
    Tick,
}

/// What the mouse did, and where: columns and rows of the screen, or of the pane once the shell passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// The cell under the pointer.
    pub at: Position,
    /// What it did there.
    pub did: Did,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// The left button went down.
    Click,
    /// The wheel was turned one notch towards the user.
    WheelDown,
    /// The wheel was turned one notch away from the user.
    WheelUp,
}

impl Mouse {
    /// From the terminal's event; `None` for what means nothing here.
    pub fn from_event(event: MouseEvent) -> Option<Self> {
        let did = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Did::Click,
            MouseEventKind::ScrollDown => Did::WheelDown,
            MouseEventKind::ScrollUp => Did::WheelUp,
            _ => return None,
        };
        Some(Self { at: Position::new(event.column, event.row), did })
    }

    /// Which way the wheel was turned: `Some(true)` is down.
    pub fn wheel(self) -> Option<bool> {
        match self.did {
            Did::Click => None,
            Did::WheelDown => Some(true),
            Did::WheelUp => Some(false),
        }
    }
}
