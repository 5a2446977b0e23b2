//! Flags and subcommands, as `--help` shows them.

mod known;

pub(super) use known::{
    AuditArgs, KnowledgeAction, KnowledgeArgs, Left, MigrateArgs, ModelsAction, ModelsArgs, PlaybooksAction,
    PlaybooksArgs, PromptsAction, PromptsArgs, Vectors, VerdictsArgs,
};

use super::eval::EvalArgs;
use aiobs_types::Level;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// An AI operations copilot that lives in the terminal.
#[derive(Debug, Parser)]
#[command(name = "aiobs", version, about, after_help = AFTER)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// Flags that go with every command.
    #[command(flatten)]
    pub global: Global,
    /// Files (also .gz .zst .bz2 .xz), directories, globs, `-` for standard input, `journald:[UNIT]`, `docker:NAME`,
    /// `k8s:NAMESPACE/POD`, `cmd:COMMAND`. None: the configured sources, else a start page.
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// Open the screen as new: not with the sources, pane, filter, place and theme it was closed with
    #[arg(long)]
    pub fresh: bool,
    /// What to do; without it, the full screen on PATH.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER: &str = "Try `aiobs demo` first: an incident from beginning to end, nothing configured, nothing left behind.\n\
Exit codes: 0 done, 1 findings at or over --fail-on, 2 usage or configuration, 3 a fault at run time,\n\
130 interrupted before the work was done.";

/// Flags that go with every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Where the archive is kept [env: AIOBS_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file [env: AIOBS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set one configuration key, such as `--set ui.theme=light`
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// No model, no network
    #[arg(long, global = true, env = "AIOBS_OFFLINE", hide_env_values = true)]
    #[arg(value_parser = clap::builder::FalseyValueParser::new())]
    pub offline: bool,
    /// Say less on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more on standard error (twice: even more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The full screen on a replayed incident of a small shop; nothing configured, nothing left behind
    Demo(DemoArgs),
    /// Follow logs without a screen: events as JSON lines on standard output
    Watch(WatchArgs),
    /// Read logs once, find and explain what is wrong, report
    Analyze(AnalyzeArgs),
    /// Read logs once into the archive
    Import(ImportArgs),
    /// Search the archive
    Search(SearchArgs),
    /// Ask a question in plain words; answers cite the lines they rest on, with a model or without
    Ask(AskArgs),
    /// Ask the archive in SQL
    Sql(SqlArgs),
    /// Write records of the archive as text, JSON, CSV or Markdown
    Export(ExportArgs),
    /// List the incidents of the archive, or show one
    Incidents(IncidentsArgs),
    /// List, check or index the runbooks that can be found by meaning; move their vectors
    Knowledge(KnowledgeArgs),
    /// Write one incident as a document: Markdown, JSON or an HTML page
    Report(ReportArgs),
    /// Show who is told of incidents and what waits to be sent, or try a channel
    Alert(AlertArgs),
    /// List what left this machine: calls of models elsewhere, and alerts
    Audit(AuditArgs),
    /// Show the message templates of log files, or of the archive with their names and which are muted
    Templates(TemplatesArgs),
    /// List the log formats, or show how the first lines of files are read
    Formats(FormatsArgs),
    /// List, show, check and try the playbooks, which explain common faults without a model
    Playbooks(PlaybooksArgs),
    /// List what was said of incidents, useful or noise, or forget it
    Verdicts(VerdictsArgs),
    /// Measure how well the program does on data whose answer is known
    Eval(EvalArgs),
    /// Look at the configured models, check them, fetch one, list what left this machine
    Models(ModelsArgs),
    /// The prompts that models are sent: show, change, test them
    Prompts(PromptsArgs),
    /// Check the surroundings: configuration, data directory, terminal, model
    Doctor(DoctorArgs),
    /// Show, check or begin a configuration file
    Config(ConfigArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object per line
    Json,
    /// Comma-separated values with a header line
    Csv,
    /// Markdown
    Markdown,
}

/// `aiobs demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How fast time passes: 2 is twice as fast
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    pub speed: f64,
}

/// `aiobs watch`
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Files, directories, globs, `-`, `journald:[UNIT]`, `docker:NAME`, `k8s:NAMESPACE/POD`, `cmd:COMMAND`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Look for changes by polling only (network file systems)
    #[arg(long)]
    pub poll: bool,
}

/// `aiobs analyze`
#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// Files, directories, globs, `-`, `journald:[UNIT]`, `docker:NAME`, `k8s:NAMESPACE/POD`, `cmd:COMMAND`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    pub output: ReportFormat,
    /// Exit with 1 when an incident is at least this bad (`warn`, `error`, `fatal`)
    #[arg(long, value_name = "SEVERITY", value_parser = level)]
    pub fail_on: Option<Level>,
    /// Keep what was read in the archive instead of a temporary one
    #[arg(long)]
    pub keep: bool,
    /// Ask no model; print exactly what one would be sent for each incident, and where to
    #[arg(long, conflicts_with_all = ["fail_on", "keep"])]
    pub dry_run: bool,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Markdown
    Markdown,
    /// A single HTML page
    Html,
}

/// `aiobs import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files, directories, globs, `-`, `journald:[UNIT]`, `docker:NAME`, `k8s:NAMESPACE/POD`, `cmd:COMMAND`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
}

/// `aiobs search`
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What to look for, such as `level>=warn component:orders "connection refused" -healthz latency>500ms since:1h`
    /// (docs/query.md)
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// Find incidents, diagnoses, fixes, notes, templates and runbooks by meaning instead of records by what is in them:
    /// plain words, and level, component, state, kind, since, until as filters (docs/knowledge.md)
    #[arg(long, conflicts_with_all = ["count", "newest"])]
    pub semantic: bool,
    /// Print only how many records match, all of them
    #[arg(long)]
    pub count: bool,
    /// Most hits; 0 is no limit
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
    /// Newest first
    #[arg(long)]
    pub newest: bool,
    /// By event time over all sources, or as the records came in, which is the quickest
    #[arg(long, value_enum, default_value_t = Sorted::Arrival)]
    pub order: Sorted,
    /// How hits are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// By what records are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sorted {
    /// By event time, all sources merged
    Time,
    /// As they came in
    Arrival,
}

/// `aiobs ask`
#[derive(Debug, Args)]
#[command(after_help = ASK_HELP)]
pub struct AskArgs {
    /// The question, in English or French
    #[arg(required = true, value_name = "TEXT")]
    pub question: Vec<String>,
    /// What it is about: `all`, `incident:7`, or a filter such as `since:1h service=api` (docs/query.md)
    #[arg(long, value_name = "SCOPE")]
    pub scope: Option<String>,
    /// Ask the archive, whatever is piped in
    #[arg(long)]
    pub archive: bool,
    /// Ask what comes in on standard input, even when it does not look piped
    #[arg(long, conflicts_with = "archive")]
    pub stdin: bool,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    pub output: AnswerFormat,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Markdown
    Markdown,
}

const ASK_HELP: &str = "What is piped in is read into a temporary archive and asked instead of the archive:\n\
  journalctl -u api | aiobs ask \"why does it restart?\"\n\
Without a model the answer is composed by rules from counts, incidents and playbooks, and says so.";

/// `aiobs sql`
#[derive(Debug, Args)]
#[command(after_help = SQL_HELP)]
pub struct SqlArgs {
    /// One SELECT, or `-` to read it from standard input
    #[arg(value_name = "STATEMENT", required_unless_present = "tables")]
    pub statement: Vec<String>,
    /// List the tables and their columns instead
    #[arg(long, conflicts_with = "statement")]
    pub tables: bool,
    /// Most rows; 0 is no limit
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub limit: u64,
    /// Most seconds; 0 is no limit
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub timeout: u64,
    /// How rows are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

const SQL_HELP: &str = "Tables: logs, templates, incidents, diagnoses, spans, audit, model_calls, metrics, sources (docs/sql.md, or --tables).\n\
Example: aiobs sql \"SELECT bucket(time_ns, '1m') AS minute, count(*) FROM logs('level>=error') GROUP BY minute\"";

/// `aiobs export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Which records, in the language of `aiobs search`; none: all
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// Write to this file instead of standard output; it appears when it is complete
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Replace the file when there is one
    #[arg(long, requires = "to")]
    pub force: bool,
    /// Most records; 0 is no limit
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub limit: usize,
    /// Newest first
    #[arg(long)]
    pub newest: bool,
    /// By event time over all sources, or as the records came in, which is the quickest
    #[arg(long, value_enum, default_value_t = Sorted::Time)]
    pub order: Sorted,
    /// How records are written; by default as the file's name says (.json, .jsonl, .csv, .md), else as text
    #[arg(long, value_enum)]
    pub output: Option<Format>,
}

/// `aiobs incidents`
#[derive(Debug, Args)]
pub struct IncidentsArgs {
    /// Number of one incident, to show it with its diagnosis and evidence
    #[arg(value_name = "NUMBER")]
    pub id: Option<u64>,
    /// Only those that are open or acknowledged
    #[arg(long)]
    pub open: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// `aiobs alert`
#[derive(Debug, Args)]
pub struct AlertArgs {
    /// What to do
    #[command(subcommand)]
    pub action: AlertAction,
    /// How it is printed
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// What to do about alerts.
#[derive(Clone, Debug, Subcommand)]
pub enum AlertAction {
    /// List channels and rules, and what is wrong with them
    List,
    /// List what waits to be sent
    Queue,
    /// Send a test now, to one channel or to all that are set up
    Test {
        /// Which channel
        #[arg(value_name = "CHANNEL", value_parser = ["smtp", "slack", "mattermost", "teams", "pagerduty", "webhook"])]
        channel: Option<String>,
    },
}

/// `aiobs report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Number of the incident (`aiobs incidents` lists them)
    #[arg(value_name = "INCIDENT", value_parser = number)]
    pub id: u64,
    /// How it is written; by default as the file's name says (.md, .json, .html), else as Markdown
    #[arg(long, value_enum)]
    pub output: Option<DocumentFormat>,
    /// Write to this file, which only you can read, instead of standard output
    #[arg(short = 'o', long = "to", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Replace the file when there is one
    #[arg(long, requires = "file")]
    pub force: bool,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DocumentFormat {
    /// Markdown
    #[default]
    Markdown,
    /// One JSON object
    Json,
    /// A single HTML page
    Html,
}

/// `aiobs templates`
#[derive(Debug, Args)]
pub struct TemplatesArgs {
    /// Files, or `-` for standard input; every line is one record here. None: the templates of the archive
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// CSV `line,template_id,template`, one row per record, placeholders as `<*>`
    #[arg(long, requires = "paths")]
    pub per_record: bool,
    /// How the templates are printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "per_record")]
    pub output: Format,
}

/// `aiobs formats`
#[derive(Debug, Args)]
pub struct FormatsArgs {
    /// Files, or `-` for standard input, whose first lines are read; none: the list of formats
    #[arg(value_name = "FILE")]
    pub paths: Vec<String>,
    /// Lines to show of each file
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub lines: usize,
    /// Read with this format instead of the one that is found
    #[arg(long, value_name = "NAME", requires = "paths")]
    pub r#as: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// How what is not a table is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// `aiobs doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// `aiobs config`
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do with it
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What to do with the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigAction {
    /// Print a commented configuration file with every key and its default
    Init,
    /// Print what is in force and where each value comes from
    Show,
    /// Check the file, the environment and the flags
    Check,
    /// Print where files are looked for
    Path,
}

/// `aiobs completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

fn number(word: &str) -> Result<u64, String> {
    let digits = word.strip_prefix('#').unwrap_or(word);
    digits.parse().map_err(|_| "expected the number of an incident, such as 4".to_owned())
}

fn level(word: &str) -> Result<Level, String> {
    match Level::parse(word) {
        Some(l) if l >= Level::Warn => Ok(l),
        Some(l) => Err(format!("incidents are at least `warn`; `{l}` would always hold")),
        None => Err("expected `warn`, `error` or `fatal`".to_owned()),
    }
}
