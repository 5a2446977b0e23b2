//! `aiobs watch PATH...`: the whole pipeline without a screen; events as JSON lines on standard output.

mod queue;

use self::queue::Queue;
use super::args::WatchArgs;
use super::context::Context;
use super::exit::Exit;
use super::{output, signals};
use crate::runtime::{Builder, EngineEvent, Ground, Options, Running};
use aiobs_logs::source::SourceSpec;
use aiobs_types::{Incident, IncidentId, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the end waits for a standard output that takes nothing.
const PATIENCE: Duration = Duration::from_secs(2);

type Lines = Queue<Box<Value>>;

/// What ends the command.
#[derive(Clone)]
enum Over {
    /// All sources have ended.
    Sources,
    /// Someone wants it to end.
    Signal,
    /// Everything is written, or standard output takes nothing any more.
    Output,
}

pub(super) fn run(cx: &Context, args: &WatchArgs) -> anyhow::Result<Exit> {
    let sources = specs(&args.paths)?;
    let ground = Ground::open(&cx.data_dir)?;
    let (tell, over) = channel();
    signals::forward(tell.clone(), Over::Signal)?;
    let lines = Arc::new(Lines::default());
    let printed = print(Arc::clone(&lines), tell.clone())?;
    let options = Options {
        sources,
        follow: true,
        force_poll: args.poll,
        offline: cx.offline,
        diagnose: true,
        alert: true,
        place: cx.data_dir.display().to_string(),
    };
    let listener = listener(Arc::clone(&lines), tell);
    let running = Builder { config: &cx.config, options, listener: Some(listener) }.start(ground, false)?;
    end(running, &lines, &over);
    let untold = lines.end(true);
    match printed.try_recv() {
        Ok(Err(e)) => Err(e.into()),
        Ok(Ok(())) if untold == 0 => Ok(Exit::Done),
        _ => anyhow::bail!(
            "standard output was not read, {} events were not told; `aiobs incidents` shows what is in the archive",
            untold.max(1)
        ),
    }
}

/// Waits for the end and brings everything to it. Who reads slowly gets all that there is; who reads nothing any more
/// holds up a signal no longer than [`PATIENCE`].
fn end(mut running: Running, lines: &Lines, over: &Receiver<Over>) {
    let mut running = Some(move || running.stop());
    std::thread::scope(|scope| {
        let mut wanted = false;
        loop {
            let next = if wanted {
                over.recv_timeout(PATIENCE)
            } else {
                over.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(Over::Output) => break,
                Ok(Over::Sources) => {}
                Ok(Over::Signal) => {
                    lines.hurry(PATIENCE);
                    wanted = true;
                }
                Err(_) if lines.stuck(PATIENCE) => break,
                Err(_) => {}
            }
            if let Some(mut stop) = running.take() {
                scope.spawn(move || {
                    stop();
                    lines.end(false);
                });
            }
        }
        // What still wants to say something need not wait any more.
        lines.hurry(Duration::ZERO);
        if let Some(mut stop) = running.take() {
            stop();
        }
    });
}

/// Puts what is worth telling before standard output; waits for room.
fn listener(lines: Arc<Lines>, tell: Sender<Over>) -> Arc<dyn Fn(&EngineEvent) + Send + Sync> {
    let calm = Mutex::new(Calm::default());
    Arc::new(move |event| {
        if matches!(event, EngineEvent::Ended) {
            // Gone when it is over already.
            let _ = tell.send(Over::Sources);
            return;
        }
        let worth = calm.lock().unwrap_or_else(PoisonError::into_inner).worth_telling(event);
        if worth && let Some(line) = translate(event) {
            lines.put(Box::new(line));
        }
    })
}

/// Writes the lines on a thread of its own, which may block; how that ended is said once.
fn print(lines: Arc<Lines>, tell: Sender<Over>) -> io::Result<Receiver<io::Result<()>>> {
    let (done, ended) = channel();
    std::thread::Builder::new().name("stdout".into()).spawn(move || {
        let mut out = io::stdout().lock();
        let mut result = Ok(());
        while let Some(value) = lines.take() {
            result = writeln!(out, "{}", output::line(&value)).and_then(|()| out.flush());
            if result.is_err() {
                break;
            }
        }
        // Whoever waits has given up when these can't be sent.
        let _ = done.send(result);
        let _ = tell.send(Over::Output);
    })?;
    Ok(ended)
}

/// Keeps a storm from becoming a storm of lines: an incident that only counts on is told every ten seconds.
#[derive(Default)]
struct Calm {
    told: HashMap<IncidentId, (Instant, Arc<Incident>)>,
}

impl Calm {
    const PAUSE: Duration = Duration::from_secs(10);
    /// Incidents remembered; beyond it those told longer ago than [`Self::PAUSE`] leave, which may be told again anyway.
    const MOST: usize = 2_000;

    fn worth_telling(&mut self, event: &EngineEvent) -> bool {
        let EngineEvent::Incident { incident, opened } = event else { return true };
        let same = |before: &Incident| {
            before.state == incident.state
                && before.severity == incident.severity
                && before.criticality == incident.criticality
                && before.components == incident.components
                && before.caused_by == incident.caused_by
                && before.causes == incident.causes
                && before.timeline.len() == incident.timeline.len()
        };
        if !opened && self.told.get(&incident.id).is_some_and(|(at, before)| at.elapsed() < Self::PAUSE && same(before))
        {
            return false;
        }
        if self.told.len() >= Self::MOST {
            self.told.retain(|_, (at, _)| at.elapsed() < Self::PAUSE);
        }
        self.told.insert(incident.id, (Instant::now(), Arc::clone(incident)));
        true
    }
}

/// The sources named on the command line.
pub(super) fn specs(paths: &[String]) -> anyhow::Result<Vec<SourceSpec>> {
    Ok(paths.iter().map(|p| SourceSpec::parse(p)).collect::<Result<_, _>>()?)
}

fn translate(event: &EngineEvent) -> Option<Value> {
    let (kind, mut value) = match event {
        EngineEvent::Source(info) => ("source", output::source(info)),
        EngineEvent::Incident { incident, opened } => {
            (if *opened { "incident_opened" } else { "incident_changed" }, output::incident(incident, None))
        }
        EngineEvent::Diagnosis(d) => ("diagnosis", output::diagnosis(d)),
        EngineEvent::Notice(text) => ("notice", json!({ "text": text })),
        EngineEvent::Trouble { about, text } => {
            ("trouble", json!({ "about": about, "over": text.is_none(), "text": text }))
        }
        EngineEvent::Ended
        | EngineEvent::Appended
        | EngineEvent::Attention(_)
        | EngineEvent::Stored
        | EngineEvent::Stage { .. }
        | EngineEvent::StageText { .. }
        | EngineEvent::Call { .. }
        | EngineEvent::Queue { .. } => return None,
    };
    if let Value::Object(map) = &mut value {
        map.shift_insert(0, "event".to_owned(), kind.into());
        map.shift_insert(1, "at".to_owned(), output::rfc3339(Timestamp::now()).into());
    }
    Some(value)
}
