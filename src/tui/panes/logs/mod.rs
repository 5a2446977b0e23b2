//! The Logs pane: every record, followed, scrolled, narrowed down and searched. It holds a window of a few screens
//! around the cursor and asks for the next one before the user gets to its edge, so that keys never wait.

mod bar;
mod bars;
mod breaks;
mod cells;
mod columns;
mod detail;
mod export;
mod highlight;
mod histogram;
mod input;
mod jumps;
mod links;
mod mark;
mod mouse;
mod narrow;
mod notes;
mod order;
mod picker;
mod pretty;
mod saved;
mod state;
mod time;
mod trace;
mod view;
mod window;

pub use highlight::check as check_highlight;
pub use state::State;
