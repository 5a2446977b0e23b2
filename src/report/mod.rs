//! Reports of incidents, for people who were not there: what happened, since when, why, what to do, and the lines that
//! prove it. One model, written as Markdown, as one HTML page or as JSON. The command line and the screen's exports use
//! it. It knows neither, and reads nothing itself.

mod html;
pub mod json;
mod markdown;
mod model;
mod text;

pub use html::page;
pub use markdown::document;
pub use model::{Block, Clock, Exhibit, Part, Report};
pub use text::{escape, neutral};
