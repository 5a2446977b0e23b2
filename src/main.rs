//! The binary: parses the command line and runs.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    aiobs::cli::run(aiobs::cli::Cli::parse()).into()
}
