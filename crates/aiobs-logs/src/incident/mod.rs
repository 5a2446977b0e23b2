//! From anomalies to incidents: the same fault, however often it strikes, is one incident.
//!
//! The pipeline applies each anomaly to the [`IncidentBook`], lets event time pass with [`IncidentBook::tick`], and
//! stores what [`IncidentBook::take_changed`] returns. The book knows neither detectors nor the store.

mod book;
mod history;
mod kin;

pub use book::{Applied, BookOptions, IncidentBook};

#[cfg(test)]
mod tests;
