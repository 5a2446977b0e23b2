//! `aiobs config init|show|check|path`

use super::args::{ConfigAction, ConfigArgs, Global};
use super::context::load_from;
use super::exit::Exit;
use crate::config;
use std::io::Write as _;

pub(super) fn run(global: &Global, args: &ConfigArgs) -> anyhow::Result<Exit> {
    let load = load_from(global);
    let text = match args.action {
        ConfigAction::Init => config::init_text(),
        ConfigAction::Show => config::show(&config::load(&load)?),
        ConfigAction::Check => config::check(&load)?,
        ConfigAction::Path => config::show_paths(&load),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}
