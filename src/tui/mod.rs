//! The screen: a loop that turns keys and engine events into changes of a model, and draws it when it changed.
//! It reaches the engine only through `runtime::events`. The command line calls [`run`].

pub mod action;
pub mod effect;
pub mod fault;
pub mod format;
pub mod keymap;
pub mod panes;
pub mod theme;
pub mod widgets;
