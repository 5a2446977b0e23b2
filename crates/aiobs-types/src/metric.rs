//! One measured value at one time.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// One point of a time series. The unit is part of the name, as in Prometheus (`..._seconds`, `..._total`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// Series name.
    pub name: String,
    /// Labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// When.
    pub time: Timestamp,
    /// Value.
    pub value: f64,
}
