//! `aiobs [PATH...]`: the full screen.

use super::context::Context;
use super::exit::{Exit, UsageError};
use super::talk::ToFile;
use super::watch::specs;
use crate::config::Ascii;
use crate::runtime::{Builder, Ground, Options, Running, rules};
use crate::tui::{self, StartHint, TuiOptions};
use aiobs_logs::filter::{FilterContext, parse_filter};
use aiobs_types::Timestamp;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(cx: &Context, paths: &[String]) -> anyhow::Result<Exit> {
    need_terminal()?;
    let named = if paths.is_empty() { &cx.config.sources.paths } else { paths };
    let options = Options {
        sources: specs(named)?,
        follow: true,
        force_poll: false,
        offline: cx.offline,
        diagnose: true,
        place: cx.data_dir.display().to_string(),
    };
    let tui = tui_options(cx)?;
    let ground = Ground::open(&cx.data_dir)?;
    let running = Builder { config: &cx.config, options, listener: None }.start(ground, true)?;
    show(&cx.data_dir, running, tui)
}

/// Fails with what to do instead when there is no terminal to draw on.
pub(super) fn need_terminal() -> anyhow::Result<()> {
    if std::io::stdout().is_terminal() {
        return Ok(());
    }
    let text = "standard output is no terminal; use `aiobs watch PATH` for events as JSON lines, or `aiobs analyze PATH` \
                for a report";
    Err(UsageError(text.to_owned()).into())
}

/// Runs the screen on the engine, then stops both.
pub(super) fn show(log_dir: &Path, mut running: Running, options: TuiOptions) -> anyhow::Result<Exit> {
    let Some((backend, events)) = running.screen() else { anyhow::bail!("the engine was started without a screen") };
    let talk = ToFile::begin(log_dir)?;
    let result = tui::run(backend, events, options);
    drop(talk);
    running.stop();
    match result? {
        tui::Exit::Quit | tui::Exit::TerminalLost => Ok(Exit::Done),
        tui::Exit::Signal(_) => Ok(Exit::Done),
    }
}

/// What configuration and surroundings decide about the screen.
pub(super) fn tui_options(cx: &Context) -> anyhow::Result<TuiOptions> {
    let var = |name: &str| std::env::var(name).ok();
    let mut options = TuiOptions::from_env(var);
    let ui = &cx.config.ui;
    options.theme.clone_from(&ui.theme);
    options.keymap.clone_from(&ui.keymap);
    options.ascii = match ui.ascii {
        _ if cx.ascii => true,
        Ascii::Always => true,
        Ascii::Never => false,
        Ascii::Auto => options.ascii,
    };
    if ui.fps > 0 {
        options.max_fps = options.max_fps.min(ui.fps);
    }
    if let Some(pane) = tui::PaneId::parse(&ui.start_pane) {
        options.start_pane = pane;
    }
    if let Some(paths) = crate::config::Paths::resolve(None, None) {
        options.theme_folder = Some(paths.themes());
        options.keymap_file = Some(paths.keymaps().join(format!("{}.toml", ui.keymap)));
    }
    let zone = rules::zone(&cx.config)?;
    options.parse_filter = Arc::new(move |text: &str, sources: &[(aiobs_types::SourceId, String)]| {
        let context = FilterContext { now: Timestamp::now(), zone: zone.clone(), sources };
        parse_filter(text, &context).map_err(|e| e.to_string())
    });
    options.start = start_hints();
    Ok(options)
}

/// Logs found on this machine, for the start page.
fn start_hints() -> Vec<StartHint> {
    const PLACES: [&str; 4] = [".", "logs", "log", "/var/log"];
    const SHOWN: usize = 8;
    let mut found: Vec<(std::time::SystemTime, String)> = Vec::new();
    for place in PLACES {
        let Ok(entries) = std::fs::read_dir(place) else { continue };
        for entry in entries.flatten().take(500) {
            let path = entry.path();
            let named = path.extension().is_some_and(|e| e == "log")
                || (place == "/var/log" && path.file_name().is_some_and(|n| n == "syslog" || n == "messages"));
            let Ok(meta) = entry.metadata() else { continue };
            if named && meta.is_file() && meta.len() > 0 && std::fs::File::open(&path).is_ok() {
                let when = meta.modified().unwrap_or(std::time::UNIX_EPOCH);
                found.push((when, path.strip_prefix("./").unwrap_or(&path).display().to_string()));
            }
        }
    }
    found.sort_by_key(|f| std::cmp::Reverse(f.0));
    found
        .into_iter()
        .take(SHOWN)
        .map(|(_, path)| StartHint { command: format!("aiobs {path}"), about: "a log found here".to_owned() })
        .collect()
}
