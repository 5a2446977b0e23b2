//! `aiobs watch PATH...`: the whole pipeline without a screen; events as JSON lines on standard output.

use super::args::WatchArgs;
use super::context::Context;
use super::exit::Exit;
use super::{output, signals};
use crate::runtime::{Builder, EngineEvent, Ground, Options};
use aiobs_logs::source::SourceSpec;
use aiobs_types::{Incident, IncidentId, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

enum Told {
    Line(Box<Value>),
    Ended,
}

impl Clone for Told {
    fn clone(&self) -> Self {
        match self {
            Self::Line(v) => Self::Line(v.clone()),
            Self::Ended => Self::Ended,
        }
    }
}

pub(super) fn run(cx: &Context, args: &WatchArgs) -> anyhow::Result<Exit> {
    let sources = specs(&args.paths)?;
    let ground = Ground::open(&cx.data_dir)?;
    let (tx, rx) = channel();
    signals::forward(tx.clone(), Told::Ended)?;
    let calm = Mutex::new(Calm::default());
    let listener = Arc::new(move |event: &EngineEvent| {
        if calm.lock().unwrap_or_else(PoisonError::into_inner).worth_telling(event)
            && let Some(told) = translate(event)
        {
            let _ = tx.send(told);
        }
    });
    let options = Options {
        sources,
        follow: true,
        force_poll: args.poll,
        offline: cx.offline,
        diagnose: true,
        place: cx.data_dir.display().to_string(),
    };
    let mut running = Builder { config: &cx.config, options, listener: Some(listener) }.start(ground, false)?;
    let mut out = std::io::stdout().lock();
    let mut result = Ok(Exit::Done);
    while let Ok(Told::Line(value)) = rx.recv() {
        if let Err(e) = writeln!(out, "{}", output::line(&value)).and_then(|()| out.flush()) {
            result = Err(e.into());
            break;
        }
    }
    running.stop();
    // What came out while everything ended.
    while let Ok(told) = rx.try_recv() {
        if let (Told::Line(value), true) = (told, result.is_ok()) {
            result = writeln!(out, "{}", output::line(&value)).map(|()| Exit::Done).map_err(Into::into);
        }
    }
    result
}

/// Keeps a storm from becoming a storm of lines: an incident that only counts on is told every ten seconds.
#[derive(Default)]
struct Calm {
    told: HashMap<IncidentId, (Instant, Incident)>,
}

impl Calm {
    const PAUSE: Duration = Duration::from_secs(10);

    fn worth_telling(&mut self, event: &EngineEvent) -> bool {
        let EngineEvent::Incident { incident, opened } = event else { return true };
        let same = |before: &Incident| {
            before.state == incident.state
                && before.severity == incident.severity
                && before.criticality == incident.criticality
                && before.components == incident.components
                && before.timeline.len() == incident.timeline.len()
        };
        if !opened && self.told.get(&incident.id).is_some_and(|(at, before)| at.elapsed() < Self::PAUSE && same(before))
        {
            return false;
        }
        self.told.insert(incident.id, (Instant::now(), Incident::clone(incident)));
        true
    }
}

/// The sources named on the command line.
pub(super) fn specs(paths: &[String]) -> anyhow::Result<Vec<SourceSpec>> {
    Ok(paths.iter().map(|p| SourceSpec::parse(p)).collect::<Result<_, _>>()?)
}

fn translate(event: &EngineEvent) -> Option<Told> {
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
        EngineEvent::Ended => return Some(Told::Ended),
        EngineEvent::Appended
        | EngineEvent::Stored
        | EngineEvent::Stage { .. }
        | EngineEvent::StageText { .. }
        | EngineEvent::Queue { .. } => return None,
    };
    if let Value::Object(map) = &mut value {
        map.shift_insert(0, "event".to_owned(), kind.into());
        map.shift_insert(1, "at".to_owned(), output::rfc3339(Timestamp::now()).into());
    }
    Some(Told::Line(Box::new(value)))
}
