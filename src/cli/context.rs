//! What every command begins with: the configuration, where things are, how loud to be.

use super::args::Global;
use super::exit::UsageError;
use crate::config::{self, Config, Load, Names, Paths};
use crate::runtime::{fields, rules};
use aiobs_store::{Reader, Store, StoreError};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// See the module.
pub(super) struct Context {
    pub config: Config,
    pub data_dir: PathBuf,
    pub offline: bool,
    pub quiet: bool,
    pub ascii: bool,
}

/// How to load for these flags.
pub(super) fn load_from(global: &Global) -> Load<'static> {
    let load = Load::from_process(global.config.clone(), global.set.clone(), Names::default());
    Load { names: crate::names::names(load.dir().as_deref()), ..load }
}

impl Context {
    pub(super) fn load(global: &Global) -> anyhow::Result<Self> {
        let config = config::load(&load_from(global))?;
        let named = global.data_dir.as_ref().unwrap_or(&config.archive.data_dir);
        let Some(Paths { data_dir, .. }) = Paths::resolve(global.config.as_deref(), Some(named)) else {
            let text = "there is no home directory to keep the archive in; name one with --data-dir DIR";
            return Err(UsageError(text.to_owned()).into());
        };
        talk(global);
        Ok(Self { data_dir, offline: global.offline, quiet: global.quiet, ascii: global.ascii, config })
    }

    /// The archive for reading, also while another instance writes it.
    pub(super) fn archive(&self) -> anyhow::Result<Reader> {
        Ok(self.store()?.reader()?)
    }

    /// The archive, opened for reading, with the formats that say what the fields of its records are.
    pub(super) fn store(&self) -> anyhow::Result<Store> {
        let opened = Store::open_read_only(&self.data_dir).and_then(|store| {
            let checkpoints = store.reader()?.checkpoints()?;
            Ok((store, checkpoints))
        });
        let (mut store, checkpoints) = opened.map_err(|e| match e {
            StoreError::Corrupt { .. } => {
                anyhow::anyhow!("{e}; `aiobs import` or `aiobs watch` moves it aside and begins anew")
            }
            e => e.into(),
        })?;
        store.set_fields(fields::stored(Arc::new(rules::formats(&self.config)?), &checkpoints));
        Ok(store)
    }

    /// Whether progress may be drawn on standard error.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }
}

/// The program's own log goes to standard error, at the loudness asked for. The screen mutes it.
fn talk(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter =
        EnvFilter::try_from_env("AIOBS_LOG").unwrap_or_else(|_| EnvFilter::new(format!("error,aiobs={level}")));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(super::talk::writer)
        .with_target(false)
        .without_time()
        .try_init();
}
