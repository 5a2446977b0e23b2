//! Wiring: makes the pieces of the engine, runs them, and shows the screen what it may see. Called by the command
//! line; knows the crates, not the screen.

mod agents;
pub mod alerts;
mod alike;
mod archive;
mod asking;
mod board;
mod builder;
mod charts;
mod collect;
mod desk;
pub mod events;
pub mod fields;
mod heat;
mod hub;
mod inquiry;
mod live;
mod logview;
pub mod lore;
pub mod memory;
mod models;
mod outlet;
mod parts;
mod patterns;
mod pipeline;
mod places;
mod previews;
mod priority;
mod processing;
mod reading;
mod remotes;
mod resume;
pub mod rules;
mod running;
pub mod sql;
mod stats;
mod strikes;
mod titles;
mod writing;

pub use aiobs_agents::CallNote;
pub use asking::Asking;
pub use builder::{Builder, Ground, Options};
pub use models::{
    Checked, Configured, DayBudget, Tried, check_models, day_budget, list_models, model_health, model_places,
    pull_model,
};
pub use pipeline::{LESSONS, Output, Pipeline, PipelineSetup, lessons};
pub use remotes::spans_place;
pub use running::Running;
pub use writing::WAITS;

use aiobs_types::{Diagnosis, Incident, IncidentId, SourceInfo, StageState, Timestamp};
use std::sync::Arc;

/// What the engine says while it runs, to the screen's hub and to commands without a screen.
#[derive(Clone, Debug)]
pub enum EngineEvent {
    /// Records arrived (they may not be stored yet).
    Appended,
    /// A transaction is done.
    Stored,
    /// A source changed its state.
    Source(SourceInfo),
    /// An incident was opened, struck again or changed.
    Incident {
        /// As it is now.
        incident: Arc<Incident>,
        /// Whether it was opened or reopened just now.
        opened: bool,
    },
    /// A diagnosis is stored.
    Diagnosis(Box<Diagnosis>),
    /// A stage of a run changed.
    Stage {
        /// Whose run.
        incident: IncidentId,
        /// Which stage.
        stage: &'static str,
        /// How far.
        state: StageState,
        /// Tries so far.
        attempts: u32,
        /// Wall time.
        at: Timestamp,
    },
    /// Text streams from a model.
    StageText {
        /// Whose run.
        incident: IncidentId,
        /// Which stage.
        stage: &'static str,
        /// More text.
        text: String,
    },
    /// A call of a model in a run began, was tried again, or ended.
    Call {
        /// Whose run.
        incident: IncidentId,
        /// What.
        note: CallNote,
    },
    /// The chain's queue changed.
    Queue {
        /// Incidents that wait.
        queued: usize,
        /// The first of them in the order of their turn.
        waiting: Vec<IncidentId>,
        /// The one being diagnosed.
        running: Option<IncidentId>,
    },
    /// Something to tell, one line.
    Notice(String),
    /// Something is wrong and stays so until it is over.
    Trouble {
        /// What it is about: `store`, `open`, `archive`, `sources`, `format`, `document`, `playbooks`, `knowledge`, `embedding`.
        about: &'static str,
        /// What is wrong and what to do; `None` once it is over.
        text: Option<String>,
    },
    /// An alert for whoever sits at the terminal, one line.
    Attention(String),
    /// All sources have ended and everything that was read is stored.
    Ended,
}
