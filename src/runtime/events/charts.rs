//! What the charts show. Made by the engine when asked for, drawn by the screen.

use aiobs_types::Timestamp;

/// One series of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Name for the legend.
    pub name: String,
    /// (seconds since the epoch, value), oldest first.
    pub points: Vec<(f64, f64)>,
}

/// A mark on the time axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marker {
    /// When.
    pub time: Timestamp,
    /// Few words.
    pub text: String,
}

/// Series for the charts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charts {
    /// Records per bucket by level: fatal+error, warn, info and below.
    pub rates: Vec<Series>,
    /// Seconds per bucket of `rates` and `drift`.
    pub bucket_secs: u32,
    /// Input and output tokens per model call.
    pub tokens: Vec<Series>,
    /// Seconds per model call.
    pub latency: Vec<Series>,
    /// US dollars per model call, cumulated.
    pub cost: Vec<Series>,
    /// Population stability index of the template mix against the reference window.
    pub drift: Vec<Series>,
    /// The PSI from which the mix counts as drifted.
    pub drift_threshold: f64,
    /// What the reference window is, in words; says why when drift can't be told yet.
    pub drift_note: String,
    /// Incidents, deployments and other changes on the axis.
    pub markers: Vec<Marker>,
}
