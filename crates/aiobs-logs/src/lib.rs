//! From bytes to anomalies: sources, framing, formats, template mining, detection.

pub mod frame;
pub mod source;
