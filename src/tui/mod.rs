//! The screen: a loop that turns keys and engine events into changes of a model, and draws it when it changed.
//! It reaches the engine only through `runtime::events`. The command line calls [`run`].

pub mod action;
mod app;
pub mod effect;
pub mod event;
pub mod fault;
pub mod format;
mod frame;
pub mod keymap;
pub mod model;
mod options;
mod outside;
pub mod panes;
mod reload;
mod save;
pub mod session;
pub mod shell;
mod signals;
mod terminal;
pub mod theme;
pub mod update;
pub mod widgets;
pub mod words;

pub use model::StartHint;
pub use options::TuiOptions;
pub use panes::PaneId;
pub use session::Session;
pub use theme::Depth;

use crate::runtime::events::{Backend, EventReceiver, Snapshot};
use std::sync::Arc;

/// How the screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user left.
    Quit,
    /// A signal of this number asked to leave.
    Signal(i32),
    /// The terminal went away.
    TerminalLost,
}

/// Runs the screen until the user leaves. Blocks the calling thread, which must not belong to an async runtime.
///
/// # Errors
/// Mistakes in theme or keymap files (before the terminal is touched), or a terminal that fails.
pub fn run(backend: Arc<dyn Backend>, events: EventReceiver, options: TuiOptions) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // The terminal is taken inside, so that signals are caught from then on.
    let exit = runtime.block_on(async { app::App::new(backend, &options)?.run(events, &options).await });
    // Reading the terminal happens on a thread of its own that can't be told to end.
    runtime.shutdown_background();
    exit
}

/// The model before the first event, for the loop and for tests.
///
/// # Errors
/// Mistakes in theme or keymap files.
pub fn build(options: &TuiOptions, snapshot: Arc<Snapshot>) -> anyhow::Result<model::Model> {
    let themes = theme::Library::new(options.theme_folder.clone());
    let world = model::World {
        snapshot,
        theme: themes.load(&options.theme, options.depth)?,
        glyphs: theme::Glyphs::pick(options.ascii),
        keymap: keymap::load(&options.keymap, options.keymap_file.as_deref())?,
        clock: format::Clock { now: aiobs_types::Timestamp::now(), zone: options.zone.clone() },
        parse_filter: Arc::clone(&options.parse_filter),
        suggest_filter: Arc::clone(&options.suggest_filter),
        read_fields: Arc::clone(&options.read_fields),
        sql_words: Arc::clone(&options.sql_words),
        size: ratatui::layout::Size::new(80, 24),
    };
    let shell = model::Shell {
        start: options.start.clone(),
        watching: options.watching.clone(),
        sources: options.sources.clone(),
        ..model::Shell::default()
    };
    let mut panes = panes::Panes::all();
    let history = options.sql_history.as_deref().map(save::remembered).unwrap_or_default();
    panes.get_mut(PaneId::Sql).go(&panes::Goto::History(history), &world.cx());
    panes.get_mut(PaneId::Logs).go(&panes::Goto::Highlight(options.highlight.clone()), &world.cx());
    Ok(model::Model { world, panes, shell, themes, depth: options.depth })
}
