//! The charts there are: what each shows, in which unit, and what is said when there is nothing to show.

use crate::runtime::events::{Charts, Series};
use crate::tui::format;
use crate::tui::theme::Role;

/// Which chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rates,
    Drift,
    Tokens,
    Latency,
    Cost,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Rates, Self::Drift, Self::Tokens, Self::Latency, Self::Cost];

    /// The heading; a short one for narrow charts.
    pub(super) fn title(self, charts: &Charts, short: bool) -> String {
        match self {
            Self::Rates if short && charts.bucket_secs == 60 => "Records/min".into(),
            Self::Rates if short && charts.bucket_secs > 0 => {
                format!("Records/{}", format::duration(i64::from(charts.bucket_secs) * 1_000_000_000))
            }
            Self::Rates if short => "Records".into(),
            Self::Drift if short => "Drift".into(),
            Self::Tokens if short => "Tokens/call".into(),
            Self::Latency if short => "Latency".into(),
            Self::Cost if short => "Cost".into(),
            Self::Rates => match charts.bucket_secs {
                60 => "Records per minute".into(),
                0 => "Records".into(),
                s => format!("Records per {}", format::duration(i64::from(s) * 1_000_000_000)),
            },
            Self::Drift => "Drift of the template mix (PSI)".into(),
            Self::Tokens => "Tokens per model call".into(),
            Self::Latency => "Latency of model calls".into(),
            Self::Cost => "Cost of model calls, in all".into(),
        }
    }

    pub(super) fn series(self, charts: &Charts) -> &[Series] {
        match self {
            Self::Rates => &charts.rates,
            Self::Drift => &charts.drift,
            Self::Tokens => &charts.tokens,
            Self::Latency => &charts.latency,
            Self::Cost => &charts.cost,
        }
    }

    /// Roles of the series, in order.
    pub(super) fn roles(self) -> [Role; 4] {
        match self {
            Self::Rates => [Role::SparkError, Role::SparkWarn, Role::Series1, Role::Series2],
            _ => [Role::Series1, Role::Series2, Role::Series3, Role::Series4],
        }
    }

    /// A value with its unit.
    pub(super) fn value(self, v: f64) -> String {
        match self {
            Self::Rates | Self::Tokens => format::compact(v),
            Self::Drift => format!("{v:.2}"),
            Self::Latency => format::seconds(v),
            Self::Cost if v == 0.0 => "$0".into(),
            Self::Cost if v < 0.01 => format!("${v:.4}"),
            Self::Cost => format!("${v:.2}"),
        }
    }

    /// The line that must not be crossed.
    pub(super) fn threshold(self, charts: &Charts) -> Option<f64> {
        (self == Self::Drift && charts.drift_threshold > 0.0).then_some(charts.drift_threshold)
    }

    /// Why it is empty, and what fills it.
    pub(super) fn empty(self, charts: &Charts) -> String {
        match self {
            Self::Rates => "No records yet. They appear here by severity as soon as a source is read.".into(),
            Self::Drift if !charts.drift_note.is_empty() => charts.drift_note.clone(),
            Self::Drift => "Shows how far the mix of lines has moved from how it was; more records are needed.".into(),
            Self::Tokens => "No model call yet. With a model, each diagnosis shows here what it read and wrote.".into(),
            Self::Latency => "No model call yet. With a model, each call shows here how long it took.".into(),
            Self::Cost => "Nothing spent. Local models are free; calls of others add up here.".into(),
        }
    }
}
