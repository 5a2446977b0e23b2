//! The loop: signals and keys first, then what the engine has to tell, then one frame if something changed and a
//! frame is due. Owns the model and the terminal; the only place that performs effects on the world.

use super::effect::Effect;
use super::event::{Input, Mouse};
use super::format;
use super::frame::{Change, Pace, Seen};
use super::model::Model;
use super::options::TuiOptions;
use super::reload::Watch;
use super::session::{self, Session};
use super::signals::{Signal, Signals};
use super::terminal::Terminal;
use super::{Exit, build, outside, save, shell, update};
use crate::runtime::events::{Backend, Event, EventReceiver, Keep, Request, Toast};
use aiobs_types::{Level, Timestamp};
use crossterm::event::{Event as TermEvent, EventStream, KeyEventKind};
use futures_util::StreamExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Engine events taken in one turn: a flood waits its turn, keys do not.
const EVENTS_PER_TURN: usize = 64;

pub(super) struct App {
    model: Model,
    terminal: Terminal,
    backend: Arc<dyn Backend>,
    pace: Pace,
    seen: Seen,
    watch: Watch,
    copy: bool,
    signal: crate::config::Signal,
    history: Option<PathBuf>,
    suspended: bool,
    /// A text that waits to be shown in another program.
    outside: Option<(String, bool)>,
    exit: Option<Exit>,
}

impl App {
    pub(super) fn new(backend: Arc<dyn Backend>, options: &TuiOptions) -> anyhow::Result<Self> {
        let mut model = build(options, backend.snapshot())?;
        let terminal = Terminal::enter(options.mouse)?;
        let (width, height) = terminal.size()?;
        model.world.size = ratatui::layout::Size::new(width, height);
        Ok(Self {
            model,
            terminal,
            backend,
            pace: Pace::new(options.max_fps),
            seen: Seen::default(),
            watch: Watch::new(options),
            copy: options.copy,
            signal: options.signal,
            history: options.sql_history.clone(),
            suspended: false,
            outside: None,
            exit: None,
        })
    }

    pub(super) async fn run(mut self, mut events: EventReceiver, options: &TuiOptions) -> anyhow::Result<Exit> {
        let mut signals = Signals::new()?;
        if options.interrupted.load(Ordering::SeqCst) {
            return Ok(Exit::Signal(rustix::process::Signal::INT.as_raw()));
        }
        let mut keys = EventStream::new();
        let mut engine_open = true;
        let mut files = tokio::time::interval(Duration::from_secs(1));
        files.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.now();
        if let Some(session) = &options.session {
            let effects = update::restore(&mut self.model, session);
            self.perform(effects)?;
        }
        let effects = update::start(&mut self.model, options.start_pane);
        self.perform(effects)?;
        if let Some(filter) = options.filter.clone() {
            let effects = update::filter(&mut self.model, filter);
            self.perform(effects)?;
        }
        loop {
            if let Some(exit) = self.exit {
                self.keep();
                return Ok(exit);
            }
            if let Some((text, editor)) = self.outside.take() {
                // The thread that reads keys would take them from the other program.
                drop(keys);
                self.show_outside(&text, editor)?;
                keys = EventStream::new();
                // An interrupt was for the other program.
                signals = Signals::new()?;
            }
            let due = self.pace.due().filter(|_| !self.suspended);
            let deadline = self.model.deadline();
            tokio::select! {
                biased;
                signal = signals.next() => self.signal(signal)?,
                key = keys.next(), if !self.suspended => match key {
                    Some(Ok(event)) => self.terminal_event(event)?,
                    // The terminal is gone; there is nobody to tell.
                    Some(Err(_)) | None => self.exit = Some(Exit::TerminalLost),
                },
                () = until(due), if due.is_some() => self.draw()?,
                event = events.recv(), if engine_open => match event {
                    Some(event) => self.engine(event, &mut events)?,
                    None => engine_open = false,
                },
                () = self.sleep(deadline), if deadline.is_some() => self.input(Input::Tick)?,
                _ = files.tick() => self.reload()?,
            }
        }
    }

    /// Keeps what comes back at the next start.
    fn keep(&self) {
        let kept = Session::of(&self.model).kept();
        self.backend.send(Request::Keep(Keep::State(session::KEPT_AS, kept)));
    }

    fn now(&mut self) {
        self.model.world.clock.now = Timestamp::now();
    }

    fn input(&mut self, input: Input) -> anyhow::Result<()> {
        self.now();
        let change = match &input {
            Input::Key(_) | Input::Mouse(_) | Input::Paste(_) | Input::Resize(..) => Change::Hand,
            Input::Engine(event) => self.seen.change(event),
            Input::Snapshot(_) | Input::Tick => Change::News,
        };
        let effects = update::update(&mut self.model, input);
        self.pace.touch(change, Instant::now());
        self.perform(effects)
    }

    fn terminal_event(&mut self, event: TermEvent) -> anyhow::Result<()> {
        match event {
            TermEvent::Key(key) if key.kind != KeyEventKind::Release => self.input(Input::Key(key)),
            TermEvent::Paste(text) => self.input(Input::Paste(text)),
            TermEvent::Mouse(event) => Mouse::from_event(event).map_or(Ok(()), |m| self.input(Input::Mouse(m))),
            TermEvent::Resize(width, height) => self.input(Input::Resize(width, height)),
            _ => Ok(()),
        }
    }

    /// Takes this event and those that wait behind it; of several new snapshots only the last counts.
    fn engine(&mut self, first: Event, events: &mut EventReceiver) -> anyhow::Result<()> {
        let mut next = Some(first);
        let (mut snapshot, mut appended) = (false, false);
        let mut left = EVENTS_PER_TURN;
        while let Some(event) = next {
            match event {
                Event::Snapshot => snapshot = true,
                Event::Appended => appended = true,
                other => self.input(Input::Engine(other))?,
            }
            left -= 1;
            next = if left > 0 { events.try_recv().ok() } else { None };
        }
        if snapshot {
            self.input(Input::Snapshot(self.backend.snapshot()))?;
        }
        if appended {
            self.input(Input::Engine(Event::Appended))?;
        }
        Ok(())
    }

    async fn sleep(&self, deadline: Option<Timestamp>) {
        if let Some(deadline) = deadline {
            let nanos = deadline.since(Timestamp::now()).max(0) as u64;
            tokio::time::sleep(Duration::from_nanos(nanos)).await;
        }
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let model = &self.model;
        self.terminal.draw(|frame| shell::draw(frame, model))?;
        self.pace.drawn(Instant::now());
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) -> anyhow::Result<()> {
        for effect in effects {
            match effect {
                Effect::Send(request) => self.backend.send(request),
                Effect::Copy { text, what } => self.copy(&text, &what)?,
                Effect::Remember(line) => {
                    if let Some(path) = &self.history {
                        save::remember(path, &line);
                    }
                }
                Effect::Save { path, text } => {
                    self.model.toast(save::save(&path, &text));
                    self.pace.touch(Change::Hand, Instant::now());
                }
                Effect::Attention(text) => self.terminal.attention(self.signal, &text)?,
                Effect::OpenText { text, editor } => self.outside = Some((text, editor)),
                Effect::Quit => self.exit = Some(Exit::Quit),
                Effect::Suspend => self.suspend(),
                Effect::Redraw => {
                    self.terminal.clear()?;
                    self.pace.touch(Change::Hand, Instant::now());
                }
                // Moves between panes were carried out by the update.
                _ => {}
            }
        }
        Ok(())
    }

    fn show_outside(&mut self, text: &str, editor: bool) -> anyhow::Result<()> {
        Terminal::leave();
        let said = outside::open(text, editor);
        self.terminal.resume()?;
        let (width, height) = self.terminal.size()?;
        self.input(Input::Resize(width, height))?;
        self.now();
        if let Some(toast) = said {
            self.model.toast(toast);
        }
        Ok(())
    }

    fn copy(&mut self, text: &str, what: &str) -> anyhow::Result<()> {
        let toast = if !self.copy {
            Toast { level: Level::Warn, text: "Copying is switched off (ui.copy in the configuration)".into() }
        } else if self.terminal.copy(text)? {
            Toast {
                level: Level::Info,
                text: format!("Copied {what} ({})", format::plural(text.chars().count() as u64, "character")),
            }
        } else {
            Toast { level: Level::Warn, text: "Too much for the terminal's clipboard; nothing was copied".into() }
        };
        self.model.toast(toast);
        self.pace.touch(Change::Hand, Instant::now());
        Ok(())
    }

    fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        match signal {
            Signal::End(number) => self.exit = Some(Exit::Signal(number)),
            Signal::Stop => self.suspend(),
            Signal::Continue => {
                self.suspended = false;
                self.terminal.resume()?;
                let (width, height) = self.terminal.size()?;
                self.input(Input::Resize(width, height))?;
            }
        }
        Ok(())
    }

    fn suspend(&mut self) {
        self.suspended = true;
        Terminal::leave();
        super::signals::stop_self();
    }

    fn reload(&mut self) -> anyhow::Result<()> {
        for toast in self.watch.check(&mut self.model) {
            self.input(Input::Engine(Event::Toast(toast)))?;
        }
        Ok(())
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due.into()).await;
    }
}
