//! From bytes to anomalies: sources, framing, formats, template mining, detection.

pub mod detect;
pub mod format;
pub mod frame;
pub mod incident;
pub mod template;
mod words;
