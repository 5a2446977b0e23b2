//! From bytes to anomalies: sources, framing, formats, template mining, detection.

pub mod filter;
pub mod format;
mod words;
