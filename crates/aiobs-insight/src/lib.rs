//! Pure numbers over data that others hold: rates over event time and when they are unusual, quantiles, drift of a mix,
//! the graph of a run's spans. No I/O, no clock, no database. Detectors, charts, overview and topology read from here.

mod drift;
mod graph;
mod life;
mod model;
mod quantile;
mod rate;
mod rhythm;
mod season;
mod spread;
mod tail;
pub mod trial;

pub use drift::{DRIFT_THRESHOLD, psi};
pub use graph::{CallGraph, Edge, Node, NodeKind};
pub use life::{Life, Lived};
pub use model::{Bucket, Change, RateModel, Tuning, Turn, WINDOW};
pub use quantile::{Sketch, SlidingSketch};
pub use rate::BucketSeries;
pub use rhythm::Rhythm;
pub use season::{Hour, Season};
pub use spread::{Odd, Range, Spread};
pub use tail::surprise;
