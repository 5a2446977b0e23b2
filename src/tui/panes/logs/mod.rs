//! The Logs pane: every record, followed, scrolled, narrowed down and searched. It holds a window of a few screens
//! around the cursor and asks for the next one before the user gets to its edge, so that keys never wait.

mod bar;
mod bars;
mod detail;
mod histogram;
mod input;
mod jumps;
mod mark;
mod mouse;
mod order;
mod state;
mod time;
mod view;
mod window;

pub use state::State;
