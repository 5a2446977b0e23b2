//! `aiobs import PATH...`: reads logs once into the archive, with progress, then stops.

use super::args::ImportArgs;
use super::context::Context;
use super::exit::Exit;
use super::progress::Progress;
use super::{output, signals, watch};
use crate::runtime::{Builder, EngineEvent, Ground, Options, Running, WAITS};
use aiobs_types::{SourceInfo, SourceState};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long nothing could be stored before a command that should end gives up. Whatever else waits for room to come
/// (`watch`, the screen) has somebody who reads that it does.
const PATIENCE: Duration = Duration::from_secs(20);

/// How reading once ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Interrupted,
}

/// What is heard while reading once.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    End(End),
    /// Storing fails for this reason, or works again.
    Store(Option<String>),
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
    let again = "Nothing is lost: run the same command again, it goes on where it was";
    let end = end.map_err(|why| anyhow::anyhow!("{}: {why}. {again}", cx.data_dir.display()))?;
    if !cx.quiet {
        let what = if end == End::Complete { "imported" } else { "stopped; imported so far:" };
        let seconds = began.elapsed().as_secs_f64();
        let records = output::plural(records.saturating_sub(before), "record");
        let sources = output::plural(sources as u64, "source");
        eprintln!("{what} {records} from {sources} in {seconds:.1} s");
    }
    Ok(if end == End::Complete { Exit::Done } else { Exit::Interrupted })
}

fn counts(ground: &Ground) -> anyhow::Result<(u64, u64)> {
    let info = ground.store().reader()?.archive_info()?;
    Ok((info.records, info.raw_bytes))
}

/// Starts reading once. The receiver hears when everything is stored, or a signal came, or storing fails.
pub(super) fn once(
    cx: &Context,
    paths: &[String],
    ground: Ground,
    diagnose: bool,
) -> anyhow::Result<(Running, Receiver<Heard>)> {
    let sources = watch::specs(paths)?;
    let (tx, rx) = channel();
    signals::forward(tx.clone(), Heard::End(End::Interrupted))?;
    let quiet = cx.quiet;
    let listener = Arc::new(move |event: &EngineEvent| match event {
        EngineEvent::Ended => drop(tx.send(Heard::End(End::Complete))),
        EngineEvent::Trouble { about: "store", text } => drop(tx.send(Heard::Store(text.clone()))),
        EngineEvent::Source(info) => tell(info, quiet),
        _ => {}
    });
    let options = Options {
        sources,
        follow: false,
        force_poll: false,
        offline: cx.offline,
        diagnose,
        alert: false,
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

/// Waits for the end, drawing progress. Fails when nothing could be stored for too long.
pub(super) fn wait(cx: &Context, running: &Running, heard: &Receiver<Heard>) -> anyhow::Result<End> {
    let mut progress = Progress::new(cx);
    let mut stuck: Option<(Instant, String)> = None;
    let end = loop {
        match heard.recv_timeout(Progress::EVERY) {
            Ok(Heard::End(end)) => break Ok(end),
            Ok(Heard::Store(None)) => stuck = None,
            Ok(Heard::Store(Some(why))) => stuck = Some((stuck.map_or_else(Instant::now, |(since, _)| since), why)),
            Err(RecvTimeoutError::Timeout) => progress.draw(running),
            Err(RecvTimeoutError::Disconnected) => break Ok(End::Interrupted),
        }
        if let Some((_, why)) = stuck.take_if(|(since, _)| since.elapsed() >= PATIENCE) {
            let why = why.strip_suffix(WAITS).unwrap_or(&why);
            break Err(anyhow::anyhow!("nothing could be stored for {} s: {why}", PATIENCE.as_secs()));
        }
    };
    progress.clear();
    end
}
