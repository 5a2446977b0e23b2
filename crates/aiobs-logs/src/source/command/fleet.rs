//! Finds the containers and pods that a pattern names, those that are there and those that come.

use super::{
    How,
    child::{Invocation, Output, Process},
    run::{Outlet, Patience, failed},
    stop::Stop,
    tool::{self, Ending},
};
use crate::source::{
    piece::Piece,
    stream::{Pods, StreamSpec},
};
use aiobs_types::SourceState;
use globset::{GlobBuilder, GlobMatcher};
use std::{
    cell::Cell,
    process::ExitStatus,
    time::{Duration, Instant},
};

/// After so long without a complaint a watching program counts as running.
const SETTLED: Duration = Duration::from_secs(1);
/// Start events are asked for from a little before the containers are listed, seconds.
const OVERLAP: i64 = 2;

/// Why a look-up came to nothing; `None` when nobody wants to know.
type Over = Option<Ending>;

pub(super) fn run(spec: &StreamSpec, how: &How, stop: &Stop, outlet: &Outlet) {
    let fleet = Fleet { spec, how, stop, outlet };
    let mut patience = Patience::default();
    while !stop.stopped() {
        let began = Instant::now();
        let over = match spec {
            StreamSpec::Containers(pattern) => fleet.containers(pattern),
            StreamSpec::Pods { namespace, which } => fleet.pods(namespace, which),
            _ => return,
        };
        let Some(ending) = over else { return };
        if !how.follow {
            outlet.send(Piece::End(if ending.fine { SourceState::Ended } else { failed(&ending) }));
            return;
        }
        if !patience.wait(&ending, began.elapsed(), stop, outlet) {
            return;
        }
    }
}

struct Fleet<'a> {
    spec: &'a StreamSpec,
    how: &'a How,
    stop: &'a Stop,
    outlet: &'a Outlet,
}

fn matcher(pattern: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(pattern).build().ok().map(|glob| glob.compile_matcher())
}

impl Fleet<'_> {
    fn containers(&self, pattern: &str) -> Over {
        let matcher = matcher(pattern)?;
        let since = aiobs_types::Timestamp::now().secs() - OVERLAP;
        let found = Cell::new(0);
        let mut tell = |name: &str| {
            if matcher.is_match(name) {
                found.set(found.get() + 1);
                return self.outlet.send(Piece::Found(StreamSpec::Container(name.to_owned())));
            }
            true
        };
        let listed = self.each_line(&tool::containers(), &mut tell, None)?;
        if !self.how.follow || !listed.fine {
            return Some(listed);
        }
        self.watching(&found);
        self.each_line(&tool::container_starts(since), &mut tell, Some(&found))
    }

    fn pods(&self, namespace: &str, which: &Pods) -> Over {
        let mut labels = None;
        match which {
            Pods::Labelled(selector) => labels = Some(selector.clone()),
            Pods::Of { kind, name } => {
                let mut text = String::new();
                let mut add = |line: &str| {
                    text.push_str(line);
                    true
                };
                let ending = self.each_line(&tool::labels_of(namespace, kind, name), &mut add, None)?;
                if !ending.fine {
                    return Some(ending);
                }
                labels = selector(&text);
                if labels.is_none() {
                    let why =
                        format!("{kind} {name} selects its pods in a way that is not read here; name labels instead");
                    return Some(Ending { what: "no labels".to_owned(), why, gone: false, fine: false });
                }
            }
            Pods::Named(_) => {}
        }
        let matcher = match which {
            Pods::Named(pattern) => Some(matcher(pattern)?),
            _ => None,
        };
        let found = Cell::new(0);
        let mut tell = |line: &str| {
            let Some((pod, containers)) = line.split_once('\t') else { return true };
            if matcher.as_ref().is_some_and(|matcher| !matcher.is_match(pod)) {
                return true;
            }
            containers.split_whitespace().all(|container| {
                found.set(found.get() + 1);
                let (namespace, pod, container) = (namespace.to_owned(), pod.to_owned(), container.to_owned());
                self.outlet.send(Piece::Found(StreamSpec::Container8s { namespace, pod, container }))
            })
        };
        let what = tool::pods(namespace, which, labels.as_deref(), self.how.follow);
        let ending = self.each_line(&what, &mut tell, self.how.follow.then_some(&found))?;
        if !self.how.follow && ending.fine && found.get() == 0 {
            let why = format!("no pod matches {}", self.spec);
            return Some(Ending { what: "nothing found".to_owned(), why, gone: true, fine: false });
        }
        Some(ending)
    }

    fn watching(&self, found: &Cell<u32>) {
        let state = if found.get() > 0 { SourceState::Following } else { SourceState::Waiting };
        self.outlet.send(Piece::State(state));
    }

    /// Runs a program and looks at each line it prints, until `line` says that nobody listens. With `found` it is one
    /// that goes on and on.
    fn each_line(&self, what: &Invocation, line: &mut dyn FnMut(&str) -> bool, found: Option<&Cell<u32>>) -> Over {
        let mut process = match Process::start(what) {
            Ok(process) => process,
            Err(e) => return Some(tool::not_started(what.program, &e)),
        };
        self.stop.runs(Some(process.group()));
        let (mut buf, mut pending, mut wanted) = (vec![0; 16 * 1024], Vec::new(), true);
        let mut untold = found;
        while wanted {
            let limit = untold.map(|_| SETTLED);
            match process.read(&mut buf, limit) {
                Ok(Output::Bytes(got)) => pending.extend_from_slice(&buf[..got]),
                Ok(Output::Nothing) => {
                    if let Some(found) = untold.take_if(|found| found.get() > 0) {
                        self.watching(found);
                    } else if untold.is_some() {
                        self.watching(&Cell::new(0));
                    }
                }
                Ok(Output::End) | Err(_) => break,
            }
            while let Some(end) = memchr::memchr(b'\n', &pending) {
                let text: Vec<u8> = pending.drain(..=end).collect();
                wanted &= line(String::from_utf8_lossy(&text).trim_end());
            }
        }
        if wanted && !pending.is_empty() {
            wanted = line(String::from_utf8_lossy(&pending).trim_end());
        }
        if !wanted {
            self.stop.stop();
        }
        let (status, said) = process.wait();
        self.stop.runs(None);
        (wanted && !self.stop.stopped()).then(|| self.ending(&said, status))
    }

    fn ending(&self, said: &str, status: Option<ExitStatus>) -> Ending {
        tool::ended(self.spec, said, status)
    }
}

/// `{"app":"orders","tier":"web"}` as `kubectl` takes it.
fn selector(labels: &str) -> Option<String> {
    let labels: serde_json::Map<String, serde_json::Value> = serde_json::from_str(labels.trim()).ok()?;
    let pairs: Option<Vec<String>> = labels.iter().map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| pairs.join(","))
}
