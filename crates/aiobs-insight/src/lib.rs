//! Pure numbers over data that others hold: rates over event time, drift of a mix, the graph of a run's spans.
//! No I/O, no clock, no database. The program's charts, overview and topology read from here.

mod drift;
mod graph;
mod rate;

pub use drift::{DRIFT_THRESHOLD, psi};
pub use graph::{CallGraph, Edge, Node, NodeKind};
pub use rate::BucketSeries;
