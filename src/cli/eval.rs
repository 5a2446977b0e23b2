//! `aiobs eval`: runs the program against cases whose answer is known, and says how well it did. One file per kind
//! of case.

mod case;
mod diagnose;

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
    pub action: EvalAction,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum EvalAction {
    /// Diagnose cases whose cause is known: directories with a `case.toml` and log files
    Diagnose(DiagnoseArgs),
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
    match &args.action {
        EvalAction::Diagnose(args) => diagnose::run(cx, args),
    }
}
