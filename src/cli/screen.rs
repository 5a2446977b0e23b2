//! `aiobs [PATH...]`: the full screen.

use super::context::Context;
use super::exit::{Exit, UsageError};
use super::suggest;
use super::talk::ToFile;
use super::watch::specs;
use crate::config::{self, Ascii, Config};
use crate::runtime::{Builder, Ground, Options, Running, rules};
use crate::tui::{self, Session, StartHint, TuiOptions, format};
use aiobs_logs::filter::{FilterContext, parse_filter};
use aiobs_logs::source::SourceSpec;
use aiobs_types::Timestamp;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(cx: &Context, paths: &[String], fresh: bool) -> anyhow::Result<Exit> {
    need_terminal()?;
    let ground = Ground::open(&cx.data_dir)?;
    let session = if !fresh && cx.config.ui.restore {
        ground.store().reader()?.state(tui::session::KEPT_AS)?.as_deref().and_then(Session::parse)
    } else {
        None
    };
    let configured = &cx.config.sources.paths;
    let kept: Vec<String> = match &session {
        _ if !paths.is_empty() => paths.iter().filter_map(|p| from_anywhere(p)).collect(),
        Some(session) if configured.is_empty() => session.sources.clone(),
        _ => Vec::new(),
    };
    let named = match () {
        () if !paths.is_empty() => paths,
        () if !configured.is_empty() => configured,
        () => &kept,
    };
    let options = Options {
        sources: specs(named)?,
        follow: true,
        force_poll: false,
        offline: cx.offline,
        diagnose: true,
        alert: true,
        place: cx.data_dir.display().to_string(),
    };
    let mut tui = tui_options(cx)?;
    tui.watching = named.to_vec();
    tui.sql_history = Some(cx.data_dir.join("sql_history"));
    tui.sources.clone_from(&kept);
    if let Some(session) = session {
        let sources = paths.is_empty() && configured.is_empty() && !kept.is_empty();
        restore(&mut tui, cx, session, sources);
    }
    let running = Builder { config: &cx.config, options, listener: None }.start(ground, true)?;
    show(&cx.data_dir, running, tui)
}

/// What comes back of the last session. A pane or theme that the configuration names wins over it.
/// `sources`: whether what is read came back too.
fn restore(tui: &mut TuiOptions, cx: &Context, session: Session, sources: bool) {
    let Ok(Config { ui: usual, .. }) = config::defaults() else { return };
    let mut differs = sources || session.logs() != tui::panes::LogsPlace::default();
    let themes = tui::theme::Library::new(tui.theme_folder.clone()).names();
    if cx.config.ui.theme == usual.theme && themes.contains(&session.theme) {
        differs |= tui.theme != session.theme;
        tui.theme.clone_from(&session.theme);
    }
    if let Some(pane) = tui::PaneId::parse(&session.pane).filter(|_| cx.config.ui.start_pane == usual.start_pane) {
        differs |= tui.start_pane != pane;
        tui.start_pane = pane;
    }
    if differs {
        tui.session = Some(session);
    }
}

/// A source as it means the same from any directory; `None` for standard input, which does not come back.
fn from_anywhere(named: &str) -> Option<String> {
    match SourceSpec::parse(named).ok()? {
        SourceSpec::Stdin => None,
        SourceSpec::Stream(_) => Some(named.to_owned()),
        SourceSpec::Path(_) | SourceSpec::Glob(_) => Some(std::path::absolute(named).ok()?.to_str()?.to_owned()),
    }
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
    options.copy = ui.copy;
    options.signal = cx.config.alerts.desktop.signal;
    options.mouse = ui.mouse;
    if let Some(why) = ui.highlight.iter().find_map(|rule| tui::panes::logs::check_highlight(rule).err()) {
        return Err(UsageError(format!("ui.highlight: {why}")).into());
    }
    options.highlight.clone_from(&ui.highlight);
    if ui.fps > 0 {
        options.max_fps = options.max_fps.min(ui.fps);
    }
    if let Some(pane) = tui::PaneId::parse(&ui.start_pane) {
        options.start_pane = pane;
    }
    if let Some(dir) = &cx.config.dir {
        options.theme_folder = Some(dir.join("themes"));
        options.keymap_file = Some(dir.join("keymaps").join(format!("{}.toml", ui.keymap)));
    }
    let zone = rules::zone(&cx.config)?;
    options.parse_filter = Arc::new(move |text: &str, sources: &[(aiobs_types::SourceId, String)]| {
        let context = FilterContext { now: Timestamp::now(), zone: zone.clone(), sources };
        parse_filter(text, &context).map_err(|e| e.to_string())
    });
    let formats = Arc::new(rules::formats(&cx.config)?);
    let known = Arc::clone(&formats);
    options.read_fields = Arc::new(move |snapshot, record| suggest::fields(&known, snapshot, record));
    options.suggest_filter =
        Arc::new(move |text, cursor, snapshot, rows| suggest::filter(&formats, text, cursor, snapshot, rows));
    options.sql_words = suggest::sql_words();
    options.start = start_hints();
    Ok(options)
}

/// What to type on the start page: the demo, and the logs found on this machine, newest first.
fn start_hints() -> Vec<StartHint> {
    const PLACES: [&str; 4] = [".", "logs", "log", "/var/log"];
    const SHOWN: usize = 6;
    let hint = |command: String, about: String| StartHint { command, about };
    let mut hints = vec![hint("aiobs demo".into(), "a small shop, an incident, its cause and fix, live".into())];
    let mut found: Vec<Found> = PLACES.iter().flat_map(|place| logs_in(place)).collect();
    for place in &PLACES[..3] {
        let n = found.iter().filter(|f| f.place == *place).count();
        if n > 1 {
            let about = if *place == "." { "here" } else { "there" };
            hints.push(hint(format!("aiobs {place}"), format!("follow all {n} logs {about}, and new ones")));
        }
    }
    found.sort_by_key(|f| std::cmp::Reverse(f.when));
    for f in found.into_iter().take(SHOWN) {
        let age = f.when.elapsed().map_or(0, |a| i64::try_from(a.as_nanos()).unwrap_or(i64::MAX));
        let age = if age < 1_000_000_000 { "just now".to_owned() } else { format!("{} ago", format::ago_words(age)) };
        let about = format!("{}, changed {age}", format::bytes(f.size));
        hints.push(hint(format!("aiobs {}", shell_word(&f.path)), about));
    }
    hints.extend(streams().map(|(command, about)| hint(command.into(), about.into())));
    hints.push(hint("aiobs 'PATH/*.log'".into(), "files, directories, globs, or - for standard input".into()));
    hints.push(hint("aiobs --help".into(), "everything else: watch, analyze, search, config, doctor".into()));
    hints
}

/// What else than files can be read here: by what stands on this machine, without running anything.
fn streams() -> impl Iterator<Item = (&'static str, &'static str)> {
    let there = |path: &&str| std::path::Path::new(path).exists();
    let installed = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
    };
    let journal = ["/run/log/journal", "/var/log/journal"].iter().any(there) && installed("journalctl");
    let docker = there(&"/var/run/docker.sock") && installed("docker");
    let configured = std::env::var_os("KUBECONFIG").is_some()
        || std::env::home_dir().is_some_and(|home| home.join(".kube/config").is_file());
    let pods = configured && installed("kubectl");
    [
        (journal, ("aiobs journald:", "the system's journal; journald:UNIT for one unit")),
        (docker, ("aiobs 'docker:*'", "every container, also those that start later; docker:NAME for one")),
        (pods, ("aiobs 'k8s:default/*'", "every pod of a namespace; k8s:NAMESPACE/deploy/NAME for some")),
    ]
    .into_iter()
    .filter_map(|(there, hint)| there.then_some(hint))
}

/// A log on this machine.
struct Found {
    place: &'static str,
    path: String,
    when: std::time::SystemTime,
    size: u64,
}

fn logs_in(place: &'static str) -> Vec<Found> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(place) else { return found };
    for entry in entries.flatten().take(500) {
        let path = entry.path();
        let named = path.extension().is_some_and(|e| e == "log")
            || (place == "/var/log" && path.file_name().is_some_and(|n| n == "syslog" || n == "messages"));
        let Ok(meta) = entry.metadata() else { continue };
        if named && meta.is_file() && meta.len() > 0 && std::fs::File::open(&path).is_ok() {
            let when = meta.modified().unwrap_or(std::time::UNIX_EPOCH);
            let path = path.strip_prefix("./").unwrap_or(&path).display().to_string();
            found.push(Found { place, path, when, size: meta.len() });
        }
    }
    found
}

/// A path as a shell takes it: in quotes when it has anything but the usual characters.
fn shell_word(path: &str) -> String {
    if path.chars().all(|c| c.is_alphanumeric() || "._-/+=@:,".contains(c)) && !path.starts_with('-') {
        path.to_owned()
    } else {
        let quoted = path.replace('\'', r"'\''");
        if path.starts_with('-') { format!("'./{quoted}'") } else { format!("'{quoted}'") }
    }
}
