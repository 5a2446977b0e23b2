//! `aiobs import PATH...`: reads logs once into the archive, with progress, then stops.

use super::args::ImportArgs;
use super::context::Context;
use super::exit::Exit;
use super::progress::Progress;
use super::{output, signals, watch};
use crate::runtime::{Builder, EngineEvent, Ground, Options, Running};
use aiobs_types::{SourceInfo, SourceState};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

/// How reading once ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Interrupted,
}

pub(super) fn run(cx: &Context, args: &ImportArgs) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let ground = Ground::open(&cx.data_dir)?;
    let (before, _) = counts(&ground)?;
    let (mut running, ended) = once(cx, &args.paths, ground, false)?;
    let end = wait(cx, &running, &ended);
    let (records, _) = running.progress();
    let sources = running.sources().len();
    running.stop();
    if !cx.quiet {
        let what = if end == End::Complete { "imported" } else { "stopped; imported so far:" };
        let seconds = began.elapsed().as_secs_f64();
        eprintln!("{what} {} records from {sources} sources in {seconds:.1} s", records.saturating_sub(before));
    }
    Ok(Exit::Done)
}

fn counts(ground: &Ground) -> anyhow::Result<(u64, u64)> {
    let info = ground.store().reader()?.archive_info()?;
    Ok((info.records, info.raw_bytes))
}

/// Starts reading once. The receiver hears when everything is stored, or a signal came.
pub(super) fn once(
    cx: &Context,
    paths: &[String],
    ground: Ground,
    diagnose: bool,
) -> anyhow::Result<(Running, Receiver<End>)> {
    let sources = watch::specs(paths)?;
    let (tx, rx) = channel();
    signals::forward(tx.clone(), End::Interrupted)?;
    let quiet = cx.quiet;
    let listener = Arc::new(move |event: &EngineEvent| match event {
        EngineEvent::Ended => drop(tx.send(End::Complete)),
        EngineEvent::Source(info) => tell(info, quiet),
        _ => {}
    });
    let options = Options {
        sources,
        follow: false,
        force_poll: false,
        offline: cx.offline,
        diagnose,
        place: cx.data_dir.display().to_string(),
    };
    let running = Builder { config: &cx.config, options, listener: Some(listener) }.start(ground, false)?;
    Ok((running, rx))
}

/// Says why a source gives nothing.
fn tell(info: &SourceInfo, quiet: bool) {
    let name = output::safe(&info.name);
    match &info.state {
        SourceState::Binary if !quiet => eprintln!("aiobs: {name}: not a text file; skipped"),
        SourceState::Ended if !quiet && info.read == 0 => {
            let stream = aiobs_logs::source::StreamSpec::parse(&info.name).is_some();
            let what = if stream { "nothing new" } else { "empty" };
            eprintln!("aiobs: {name}: {what}");
        }
        SourceState::Denied => eprintln!("aiobs: {name}: permission denied; skipped"),
        SourceState::Missing => eprintln!("aiobs: {name}: gone before it was read"),
        SourceState::Failed(why) => eprintln!("aiobs: {name}: {}", output::safe(why)),
        _ => {}
    }
}

/// Waits for the end, drawing progress.
pub(super) fn wait(cx: &Context, running: &Running, ended: &Receiver<End>) -> End {
    let mut progress = Progress::new(cx);
    let end = loop {
        match ended.recv_timeout(Progress::EVERY) {
            Ok(end) => break end,
            Err(RecvTimeoutError::Timeout) => progress.draw(running),
            Err(RecvTimeoutError::Disconnected) => break End::Interrupted,
        }
    };
    progress.clear();
    end
}
