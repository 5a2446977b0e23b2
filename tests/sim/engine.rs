//! Runs the real engine on a world, once, in a temporary directory, with a stand-in that speaks Ollama's protocol.

use crate::world::{Reply, World};
use aiobs::config::{self, Load};
use aiobs::runtime::events::{Backend, Event, EventReceiver, Request};
use aiobs::runtime::{Builder, EngineEvent, Ground, Options, Running};
use aiobs_llm::testkit;
use aiobs_logs::source::SourceSpec;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(50);

/// An engine that has read and diagnosed everything.
pub(crate) struct Engine {
    pub(crate) running: Running,
    pub(crate) diagnoses: Arc<Mutex<Vec<aiobs_types::Diagnosis>>>,
    model: Option<testkit::StandIn>,
    screen: Option<(Arc<dyn Backend>, EventReceiver)>,
    _async: tokio::runtime::Runtime,
    dir: TempDir,
}

fn stand_in(world: &World, rt: &tokio::runtime::Runtime) -> Option<testkit::StandIn> {
    let script = world.model.as_ref()?;
    let model = rt.block_on(testkit::StandIn::start()).unwrap();
    for name in &script.installed {
        model.install(name, 4_000_000_000, &["completion"]);
    }
    for reply in &script.reply {
        model.reply(match reply {
            Reply::Text(text) => testkit::Reply::shredded(&[text], 37),
            Reply::Late(ms, text) => testkit::Reply::slow(&[text], Duration::from_millis(*ms)),
            Reply::Status(code, message) => testkit::Reply::error(*code, message),
            Reply::Cut => testkit::Reply::cut_in_character(),
            Reply::ErrorInside(message) => testkit::Reply::error_after_first(message),
            Reply::NotTheProtocol => testkit::Reply::wrong_json(),
        });
    }
    Some(model)
}

impl Engine {
    /// Reads everything and waits until all is diagnosed.
    pub(crate) fn run(world: &World, screen: bool) -> Self {
        Self::run_in(world, screen, tempfile::tempdir().unwrap())
    }

    /// The same where another one was before: its data directory, and its files with what the world has.
    pub(crate) fn run_in(world: &World, screen: bool, dir: TempDir) -> Self {
        let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let model = stand_in(world, &rt);
        let mut sources = Vec::new();
        for log in &world.log {
            let path = dir.path().join(&log.file);
            std::fs::write(&path, log.content()).unwrap();
            sources.push(SourceSpec::Path(path));
        }
        let mut set = vec!["sources.time_zone=utc".to_owned()];
        set.extend(model.iter().map(|m| format!("model.url={}", m.url())));
        set.extend(world.set.clone());
        let config = config::load(&Load { set, names: aiobs::names::names(None), ..Load::default() }).unwrap();
        let options = Options {
            sources,
            follow: false,
            force_poll: false,
            offline: model.is_none(),
            diagnose: true,
            alert: false,
            place: "a simulated world".into(),
        };
        let (tx, ended) = channel();
        let diagnoses = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&diagnoses);
        let listener = Arc::new(move |event: &EngineEvent| match event {
            EngineEvent::Ended => drop(tx.send(())),
            EngineEvent::Diagnosis(d) => told.lock().unwrap().push((**d).clone()),
            _ => {}
        });
        let ground = Ground::open(&dir.path().join("data")).unwrap();
        let builder = Builder { config: &config, options, listener: Some(listener) };
        let mut running = builder.start(ground, screen).unwrap();
        ended.recv_timeout(PATIENCE).expect("everything is read");
        assert!(running.wait_for_diagnoses(PATIENCE), "the diagnoses take too long");
        let screen = running.screen();
        Self { running, diagnoses, model, screen, _async: rt, dir }
    }

    /// Bodies of the chat calls.
    pub(crate) fn chats(&self) -> Vec<serde_json::Value> {
        let all = self.model.iter().flat_map(testkit::StandIn::requests);
        all.filter(|(path, _)| path == "/api/chat").map(|(_, body)| body).collect()
    }

    /// Asks as the screen does; the answer is of no interest.
    pub(crate) fn send(&self, request: Request) {
        self.screen.as_ref().unwrap().0.send(request);
    }

    /// Stops the engine, and opens what it left behind.
    pub(crate) fn stop(mut self) -> (Ground, TempDir) {
        self.running.stop();
        (Ground::open(&self.dir.path().join("data")).unwrap(), self.dir)
    }

    /// Asks as the screen does, and waits for the answer.
    pub(crate) fn ask<T>(&mut self, request: Request, answer: impl Fn(Event) -> Option<T>) -> T {
        let (backend, events) = self.screen.as_mut().unwrap();
        backend.send(request);
        let until = Instant::now() + PATIENCE;
        loop {
            match events.try_recv() {
                Ok(event) => {
                    if let Some(found) = answer(event) {
                        return found;
                    }
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(Instant::now() < until, "no answer");
        }
    }
}
