//! `aiobs completions SHELL`

use super::args::{Cli, CompletionsArgs};
use super::exit::Exit;
use clap::CommandFactory as _;
use std::io::Write as _;

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "aiobs", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}
