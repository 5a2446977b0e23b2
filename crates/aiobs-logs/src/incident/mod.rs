//! From anomalies to incidents: the same fault, however often it strikes, is one incident.
//!
//! The pipeline applies each anomaly to the [`IncidentBook`], lets event time pass with [`IncidentBook::tick`], and
//! stores what [`IncidentBook::take_changed`] returns. It shows the book the records of anomalies with
//! [`IncidentBook::witness`]; [`IncidentBook::relate`] then finds which incidents one fault caused. The book knows neither
//! what detectors look for nor the store.

mod book;
mod escalate;
mod group;
mod history;
mod kin;
mod mention;
mod profile;
mod relate;

pub use book::{Applied, BookOptions, IncidentBook};

#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod tests;
