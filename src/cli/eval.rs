//! `aiobs eval`: measures the program on data whose answer is known, with its own pipeline. One file per kind of data.

mod case;
mod detect;
mod diagnose;
mod judge;
mod labels;
mod templates;

use super::args::TextOrJson;
use super::context::Context;
use super::exit::Exit;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `aiobs eval`
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// What to measure
    #[command(subcommand)]
    pub what: EvalCommand,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// Which lines are found to be part of a fault, against labels: precision, recall, F1
    Detect(DetectArgs),
    /// How lines are grouped into templates, against the true templates: GA, FGA, PA, FTA
    Templates(TemplatesArgs),
    /// Diagnoses of cases whose cause is known: directories with a `case.toml` and log files
    Diagnose(DiagnoseArgs),
}

/// `aiobs eval detect`
#[derive(Debug, Args)]
pub struct DetectArgs {
    /// Labelled logs. Without --label, the first word of each line is its label: `-` for a line that is fine, anything
    /// else for one of a fault
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Column (.csv) or field (JSON lines) with the label. Fine are `-`, 0, false, and an empty one, `normal` and
    /// `fine`; all others tell of a fault
    #[arg(long, value_name = "NAME")]
    pub label: Option<String>,
    /// Templates to show of those missed and of those found wrongly
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub top: usize,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `aiobs eval templates`
#[derive(Debug, Args)]
pub struct TemplatesArgs {
    /// CSV with a header line: the messages in `Content`, their templates in `EventTemplate`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Column with the message
    #[arg(long, default_value = "Content", value_name = "NAME")]
    pub message: String,
    /// Column with the true template; a column of ids serves for GA and FGA
    #[arg(long, default_value = "EventTemplate", value_name = "NAME")]
    pub template: String,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `aiobs eval diagnose`
#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    /// Directory of cases, or of one case (docs/output.md)
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// How the scores are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

pub(super) fn run(cx: &Context, args: &EvalArgs) -> anyhow::Result<Exit> {
    match &args.what {
        EvalCommand::Detect(args) => detect::run(cx, args),
        EvalCommand::Templates(args) => templates::run(args),
        EvalCommand::Diagnose(args) => diagnose::run(cx, args),
    }
}
