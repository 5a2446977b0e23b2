//! What comes into the model: keys, text, sizes, the engine's news, and the passing of time.

use crate::runtime::events::{Event, Snapshot};
use crossterm::event::KeyEvent;
use std::sync::Arc;

/// What comes into the model.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key went down.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The engine has new numbers.
    Snapshot(Arc<Snapshot>),
    /// The engine tells something.
    Engine(Event),
    /// A deadline of [`super::model::Model::deadline`] has passed.
    Tick,
}
