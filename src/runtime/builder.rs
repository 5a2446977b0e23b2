//! Makes the pieces of the engine from the configuration and starts them. Whoever holds the [`Running`] it returns
//! can stop them again.

use super::agents::{AgentOptions, Agents};
use super::alerts::{AlertParts, AlertWorkers, Told};
use super::alike::Alike;
use super::archive::StoredArchive;
use super::board::{Board, lock};
use super::collect::Collector;
use super::events::{EventReceiver, EventSink};
use super::heat;
use super::hub::{Desks, Hub};
use super::inquiry::Inquiry;
use super::logview::LogView;
use super::outlet::{Outlet, publish_templates};
use super::parts;
use super::patterns::PatternsDesk;
use super::pipeline::{Pipeline, PipelineSetup};
use super::priority::{ANSWERS, BULK, stand_back};
use super::processing::{Message, Processing};
use super::remotes::Remotes;
use super::running::Running;
use super::sql::{self, SqlDesk};
use super::strikes::Strikes;
use super::writing::{WriterMessage, Writing};
use super::{EngineEvent, fields, hub, lore, reading, resume, rules};
use super::{memory, models};
use crate::config::Config;
use aiobs_insight::Life;
use aiobs_logs::format::FormatSet;
use aiobs_logs::source::{SourceOptions, SourceSet, SourceSpec};
use aiobs_store::{OpenReport, Retention, Store, StoreError};
use aiobs_types::{IncidentId, Level, Timestamp};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// Blocks that may wait for the pipeline thread.
const PIPELINE_CHANNEL: usize = 32;
/// Decoded chunks kept for the agents: the first records of an incident, and the last.
const AGENTS_CACHE: usize = 2;
/// Outputs that may wait for the writer.
const WRITER_CHANNEL: usize = 16;

/// Markers of earlier runs that are held.
const MARKERS: usize = 200;

/// Listens to the engine.
pub(super) type Listener = Arc<dyn Fn(&EngineEvent) + Send + Sync>;

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to read; may be empty (then only the archive is shown).
    pub sources: Vec<SourceSpec>,
    /// Keep following, or end when everything is read.
    pub follow: bool,
    /// Look for changes by polling only.
    pub force_poll: bool,
    /// No model, no network.
    pub offline: bool,
    /// Diagnose incidents.
    pub diagnose: bool,
    /// Tell whom the configuration's rules name of incidents.
    pub alert: bool,
    /// What the screen calls the place: `demo`, or the data directory.
    pub place: String,
}

/// The archive, opened; what is needed before sources and screen.
pub struct Ground {
    store: Store,
    /// What opening had to do, such as moving a damaged database aside.
    pub report: OpenReport,
    /// The data directory.
    pub dir: PathBuf,
}

impl Ground {
    /// Opens the archive for writing.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let (store, report) = Store::open(dir)?;
        Ok(Self { store, report, dir: dir.to_owned() })
    }

    /// The archive.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// See the module.
pub struct Builder<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// How to run.
    pub options: Options,
    /// Who listens beside the screen.
    pub listener: Option<Listener>,
}

impl Builder<'_> {
    /// Starts everything. With `screen`, also what only a screen needs (views, snapshots, chat).
    pub fn start(self, mut ground: Ground, screen: bool) -> anyhow::Result<Running> {
        let Self { config, options, listener } = self;
        let reader = ground.store.reader()?;
        let formats = Arc::new(rules::formats(config)?);
        let setup = setup(config, &reader, &formats)?;
        let board = Arc::new(Board::new(setup.next_record));
        seed(&board, &reader, &setup)?;
        let checkpoints = setup.checkpoints.clone();
        ground.store.set_fields(fields::reader(Arc::clone(&formats), &checkpoints, Some(Arc::clone(&board))));
        let mut pipeline = Pipeline::new(setup)?;
        let marks = reader.template_marks()?;
        pipeline.restore_marks(&marks);
        lock(&board.marks).extend(marks);

        let (to_pipeline, pipeline_inbox) = sync_channel::<Message>(PIPELINE_CHANNEL);
        let (spent, blocks) = sync_channel(PIPELINE_CHANNEL);
        let (to_writer, writer_inbox) = sync_channel::<WriterMessage>(WRITER_CHANNEL);
        let (to_inquiry, inquiry_inbox) = channel();
        let (sink, stream) = EventReceiver::channel();
        let quiet = super::alerts::Quiet::new(config)?;
        let seen = screen.then(|| (Arc::clone(&board), Arc::clone(&sink), to_inquiry.clone(), quiet));
        let emit = emitter(seen, listener);
        board.tell(Arc::clone(&emit));
        let board_too = Arc::downgrade(&board);
        ground.store.on_damage(move |text| {
            if let Some(board) = board_too.upgrade() {
                board.notice("archive", Some((Level::Warn, text.to_owned())));
            }
        });
        if let Some(aside) = &ground.report.moved_aside {
            let why = ground.report.damage.as_ref();
            let why = why.map_or("of an older version".to_owned(), |what| format!("damaged ({what})"));
            let text = format!("the database was {why}; moved to {} and begun anew", aside.display());
            board.notice("open", Some((Level::Warn, text)));
        }

        let purse = models::purse(config, ground.store.reader()?);
        let agents = Arc::new(Agents::start(AgentOptions {
            config,
            offline: options.offline,
            enabled: options.diagnose,
            follow: options.follow,
            archive: Arc::new(
                StoredArchive::new(
                    ground.store.reader()?.caching(AGENTS_CACHE),
                    ground.store.reader()?,
                    Arc::clone(&board),
                    rules::zone(config)?,
                )
                // A configuration that makes no sense is told by the memory thread.
                .with(
                    sql::over(&ground.store, rules::zone(config)?, &board)?,
                    memory::running_engine(config, options.offline, &to_writer, &purse).unwrap_or_default(),
                ),
            ),
            reader: ground.store.reader()?,
            purse: Arc::clone(&purse),
            board: Arc::clone(&board),
            sink: screen.then(|| Arc::clone(&sink)),
            pipeline: to_pipeline.clone(),
            writer: to_writer.clone(),
            emit: Arc::clone(&emit),
        })?);

        let mut threads = Vec::new();
        let diagnose = {
            let agents = Arc::clone(&agents);
            move |id: Option<IncidentId>| match id {
                Some(id) => agents.submit(id),
                None => agents.drained(),
            }
        };
        let (remotes, exports) =
            Remotes::start(config, options.offline, ground.store.reader()?, to_writer.clone(), &board)?;
        // Who reads once looks at the past, and nobody is woken for that.
        let (alerting, alerts) = if options.offline || !options.follow || !options.alert {
            (AlertWorkers::default(), None)
        } else {
            AlertWorkers::start(&AlertParts {
                config,
                reader: &|| ground.store.reader(),
                writer: &to_writer,
                pipeline: &to_pipeline,
                board: &board,
                emit: &emit,
            })?
        };
        let writing = Writing {
            writer: ground.store.writer()?,
            retention: retention(config),
            written: 0,
            behind: false,
            board: Arc::clone(&board),
            emit: Arc::clone(&emit),
            diagnose: Arc::new(diagnose),
            exports,
            alerts,
        };
        threads.push(spawn("writer", move || {
            // It takes a core while much is read, and nobody waits for it: new lines are on the screen before.
            if screen {
                stand_back(BULK);
            }
            writing.run(&writer_inbox);
        })?);
        let outlet = Outlet::new(Arc::clone(&board), to_writer.clone(), Arc::clone(&emit));
        let processing = Processing { pipeline, outlet, spent, torn: None };
        threads.push(spawn("pipeline", move || {
            if screen {
                stand_back(BULK);
            }
            processing.run(&pipeline_inbox);
        })?);
        agents.resume(resume::owed(&reader, &board)?);

        let source_options = SourceOptions {
            follow: options.follow,
            force_poll: options.force_poll,
            poll_interval: config.sources.poll,
            exclude: config.sources.exclude.clone(),
            lookback: config.sources.lookback,
            // Only a screen has somebody who waits for the newest lines.
            preview: screen && options.follow,
            ..SourceOptions::default()
        };
        let set = SourceSet::open(&options.sources, source_options, &checkpoints)?;
        for name in set.vacant() {
            emit(EngineEvent::Notice(format!("{name}: nothing there yet; it is read as soon as it appears")));
        }
        let waker = set.waker();
        let wakes = waker.clone();
        {
            let (board, to_pipeline) = (Arc::clone(&board), to_pipeline.clone());
            threads.push(spawn("reader", move || reading::run(set, &board, &to_pipeline, &blocks))?);
        }

        if options.follow {
            let (reader, writer) = (ground.store.reader()?, to_writer.clone());
            let keeper = memory::Keeper::new(config, options.offline, reader, writer, (&board, &purse));
            threads.push(spawn("memory", move || {
                stand_back(BULK);
                keeper.run();
            })?);
        }

        let mut running = Running::new(Arc::clone(&board), waker, to_pipeline.clone(), threads, Arc::clone(&agents));
        running.send(remotes, alerting);
        if screen {
            let logs = LogView::spawn(ground.store.reader()?, Arc::clone(&board), Arc::clone(&sink))?;
            let parts = parts::spawn(ground.store.reader()?, Arc::clone(&board), Arc::clone(&sink))?;
            let sql = SqlDesk::spawn(&ground.store, rules::zone(config)?, &board, Arc::clone(&sink))?;
            let collector = Collector::spawn(ground.store.reader()?, Arc::clone(&board), Arc::clone(&sink))?;
            let patterns = PatternsDesk::spawn(ground.store.reader()?, Arc::clone(&board), Arc::clone(&sink))?;
            let heat = heat::spawn(ground.store.reader()?, Arc::clone(&board), Arc::clone(&sink))?;
            let desks = Desks { logs, parts, patterns, heat, sql, collector };
            let hub = Arc::new(Hub::new(desks, Arc::clone(&board), to_inquiry, wakes));
            let inquiry = Inquiry {
                reader: ground.store.reader()?,
                board: Arc::clone(&board),
                sink: Arc::clone(&sink),
                formats,
                pipeline: to_pipeline,
                writer: to_writer,
                agents,
                strikes: Strikes::default(),
                told: Told::new(config, options.alert && options.follow && !options.offline),
                alike: Alike::default(),
                classifier: None,
            };
            let board_too = Arc::clone(&board);
            running.inquire(spawn("inquiry", move || hub::answer(inquiry, &inquiry_inbox, &board_too))?);
            let (hub_too, place) = (Arc::clone(&hub), options.place);
            let started = Timestamp::now();
            running.add(spawn("snapshot", move || hub::snapshots(&hub_too, &board, &sink, &place, started))?);
            running.show(hub, stream);
        }
        running.hold(ground.store);
        Ok(running)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

type ScreenSide = (Arc<Board>, Arc<EventSink>, std::sync::mpsc::Sender<super::events::Request>, super::alerts::Quiet);

fn emitter(screen: Option<ScreenSide>, listener: Option<Listener>) -> Arc<dyn Fn(EngineEvent) + Send + Sync> {
    Arc::new(move |event| {
        if let Some((board, sink, inquiry, quiet)) = &screen {
            hub::translate(&event, board, sink, inquiry, quiet);
        }
        if let Some(listener) = &listener {
            listener(&event);
        }
    })
}

fn retention(config: &Config) -> Retention {
    Retention {
        max_age: (config.archive.retention_days > 0)
            .then(|| Duration::from_secs(u64::from(config.archive.retention_days) * 86_400)),
        max_bytes: (config.archive.max_size > 0).then_some(config.archive.max_size),
    }
}

fn setup(config: &Config, reader: &aiobs_store::Reader, formats: &Arc<FormatSet>) -> anyhow::Result<PipelineSetup> {
    let mut state = Vec::new();
    for prefix in aiobs_logs::detect::STATES {
        state.extend(reader.states(prefix)?);
    }
    Ok(PipelineSetup {
        formats: Arc::clone(formats),
        zone: rules::zone(config)?,
        forced: rules::forced(config)?,
        detect: rules::detect(config),
        lore: lore::playbooks(config),
        incidents: rules::incidents(config),
        templates: reader.templates()?,
        known_incidents: reader.incidents()?,
        next_incident: reader.next_incident_id()?,
        next_record: reader.next_record_id()?,
        checkpoints: reader.checkpoints()?,
        lessons: super::pipeline::lessons(reader.state(super::pipeline::LESSONS)?),
        state,
        markers: reader.markers(MARKERS)?,
    })
}

/// Puts on the board what the archive already knows.
fn seed(board: &Board, reader: &aiobs_store::Reader, setup: &PipelineSetup) -> anyhow::Result<()> {
    publish_templates(board, &setup.templates);
    let info = reader.archive_info().context("reading the archive's summary")?;
    let mut stats = lock(&board.stats);
    stats.totals.records = info.records;
    stats.totals.errors = info.levels[Level::Error as usize] + info.levels[Level::Fatal as usize];
    stats.totals.warnings = info.levels[Level::Warn as usize];
    stats.totals.first = info.times.map(|t| t.0);
    stats.totals.last = info.latest;
    stats.raw_bytes = info.raw_bytes;
    for t in setup.templates.iter().filter(|t| t.severity.level() >= Level::Error) {
        stats.count_pattern(t.id, t.first_seen, t.severity, t.count);
    }
    drop(stats);
    let lives = reader.template_lives()?;
    lock(&board.lives).extend(lives.into_iter().filter_map(|(id, word)| Some((id, Life::from_name(&word)?))));
    lock(&board.markers).extend(setup.markers.iter().cloned());
    lock(&board.incidents).extend(setup.known_incidents.iter().map(|i| (i.id, Arc::new(i.clone()))));
    Ok(())
}

/// One tokio runtime for models and chat, with two threads.
pub(super) fn tokio_runtime() -> std::io::Result<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    if let Some(rt) = RUNTIME.get() {
        return Ok(rt);
    }
    let made = tokio::runtime::Builder::new_multi_thread()
        // A question is not to wait while the chain puts a long prompt together.
        .worker_threads(2)
        .thread_name("async")
        .on_thread_start(|| stand_back(ANSWERS))
        .enable_all()
        .build()?;
    Ok(RUNTIME.get_or_init(|| made))
}
