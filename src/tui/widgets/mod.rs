//! Reusable pieces of screen. They know nothing of the model and of panes: data and styles come as arguments.

pub mod browse;
pub mod code;
pub mod document;
pub mod lineedit;
pub mod markdown;
pub mod plot;
pub mod popup;
pub mod scroll;
pub mod spark;
pub mod suggest;
pub mod table;
pub mod text;
pub mod written;
