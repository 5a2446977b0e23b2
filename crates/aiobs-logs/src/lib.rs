//! From bytes to anomalies: sources, framing, formats, template mining, detection.

pub mod frame;
pub mod filter;
pub mod format;
mod words;
pub mod detect;
pub mod incident;
pub mod template;
pub mod source;
