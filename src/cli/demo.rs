//! `aiobs demo`: the full screen on an incident that is generated live, in a temporary directory that goes with it.

use super::args::DemoArgs;
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::screen::{need_terminal, show, tui_options};
use super::signals;
use crate::demo::{Demo, DemoOptions};
use crate::runtime::{Builder, Ground, Options};
use crate::tui;
use aiobs_logs::source::SourceSpec;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) fn run(cx: &Context, args: &DemoArgs) -> anyhow::Result<Exit> {
    if !(0.1..=20.0).contains(&args.speed) {
        return Err(UsageError(format!("--speed {}: expected a factor from 0.1 to 20", args.speed)).into());
    }
    need_terminal()?;
    let interrupted = signals::noted()?;
    let tui = tui::TuiOptions { interrupted: Arc::clone(&interrupted), ..tui_options(cx)? };
    let home = tempfile::Builder::new().prefix("aiobs-demo-").tempdir()?;
    let (logs, data) = (home.path().join("logs"), home.path().join("data"));
    std::fs::create_dir_all(&logs)?;
    let demo = Demo::start(&logs, DemoOptions { speed: args.speed, ..DemoOptions::default() })?;
    let options = Options {
        sources: demo.files().iter().map(|f| SourceSpec::Path(f.clone())).collect(),
        follow: true,
        force_poll: false,
        offline: cx.offline,
        diagnose: true,
        alert: false,
        place: "demo".to_owned(),
    };
    let ground = Ground::open(&data)?;
    let running = Builder { config: &cx.config, options, listener: None }.start(ground, true)?;
    let result = if interrupted.load(Ordering::SeqCst) { Ok(Exit::Interrupted) } else { show(&data, running, tui) };
    demo.stop();
    result
}
