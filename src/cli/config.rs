//! `aiobs config init|show|check|path`

use super::args::{ConfigAction, ConfigArgs, Global};
use super::context::load_from;
use super::exit::{Exit, UsageError};
use crate::config;
use std::io::Write as _;

pub(super) fn run(global: &Global, args: &ConfigArgs) -> anyhow::Result<Exit> {
    let load = load_from(global);
    let text = match args.action {
        ConfigAction::Init => config::init_text(),
        ConfigAction::Show => config::show(&config::load(&load)?),
        ConfigAction::Check => config::check(&load)?,
        ConfigAction::Path => {
            // With a mistake in the configuration the paths are wanted all the more.
            let configured = config::load(&load).map(|c| c.archive.data_dir).unwrap_or_default();
            let data_dir = global.data_dir.as_deref().unwrap_or(&configured);
            let paths = config::Paths::resolve(load.file.as_deref(), Some(data_dir));
            config::show_paths(
                &paths.ok_or_else(|| UsageError("no home directory; use --config and --data-dir".to_owned()))?,
            )
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}
