//! From bytes to anomalies: sources, framing, formats, template mining, detection. The pipeline in the program's
//! runtime strings these parts together. No database, no model, no async runtime, no screen.

pub mod detect;
pub mod filter;
pub mod format;
pub mod frame;
mod idents;
pub mod incident;
pub mod lineshape;
pub mod marker;
pub mod source;
pub mod template;
mod words;
