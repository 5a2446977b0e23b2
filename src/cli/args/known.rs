//! Arguments of the subcommands about what the program knows and learns: playbooks, models, prompts, knowledge, verdicts.

use super::{Format, TextOrJson};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `aiobs verdicts`
#[derive(Debug, Args)]
pub struct VerdictsArgs {
    /// Forget all of them: what is found is ranked as in the beginning
    #[arg(long, conflicts_with = "output")]
    pub forget: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `aiobs audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only one kind
    #[arg(long, value_enum)]
    pub kind: Option<Left>,
    /// Most rows, the newest; 0 is no limit
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// Kinds of what leaves this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Left {
    /// Calls of models
    Model,
    /// Alerts
    Alert,
}

impl Left {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Alert => "alert",
        }
    }
}

/// `aiobs knowledge`
#[derive(Debug, Args)]
pub struct KnowledgeArgs {
    /// What to do with it
    #[command(subcommand)]
    pub action: KnowledgeAction,
}

/// What to do with the knowledge.
#[derive(Clone, Debug, Subcommand)]
pub enum KnowledgeAction {
    /// List the sections of the configured files and folders (knowledge.paths)
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// Read the files, ask the embedding model and the vector store, and say what is wrong
    Check,
    /// Bring the index up to date now; the screen and `aiobs watch` do it by themselves
    Index,
    /// Copy the vectors to another store, the address of which is in knowledge.store_url
    Migrate(MigrateArgs),
}

/// `aiobs knowledge migrate`
#[derive(Clone, Debug, Args)]
pub struct MigrateArgs {
    /// Where to
    #[arg(long, value_enum)]
    pub to: Vectors,
    /// Where from; by default the store of the configuration
    #[arg(long, value_enum)]
    pub from: Option<Vectors>,
    /// Address of the store they come from, when it is not that of the configuration
    #[arg(long, value_name = "URL")]
    pub from_url: Option<String>,
    /// Environment variable with the key or password of the store at --from-url
    #[arg(long, value_name = "NAME", requires = "from_url")]
    pub from_key_env: Option<String>,
}

/// Where vectors are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Vectors {
    /// The archive itself
    Sqlite,
    /// PostgreSQL with the extension pgvector
    Pgvector,
    /// Qdrant
    Qdrant,
    /// Pinecone, or what speaks like it
    Pinecone,
}

/// `aiobs playbooks`
#[derive(Debug, Args)]
pub struct PlaybooksArgs {
    /// What to do; without it, the list
    #[command(subcommand)]
    pub action: Option<PlaybooksAction>,
}

/// What to do with the playbooks.
#[derive(Debug, Subcommand)]
pub enum PlaybooksAction {
    /// List those in force: id, criticality (1 to 5), fault
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        output: TextOrJson,
    },
    /// Show one: cause, what to do, what it answers
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        output: TextOrJson,
    },
    /// Check files of your own: mistakes with file and line, examples that another playbook answers
    Check {
        /// A file or a directory; none: the playbooks directory beside the configuration file
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
        /// How the findings are printed
        #[arg(long, value_enum, default_value_t)]
        output: TextOrJson,
    },
    /// Try them on the lines of a file: which match, by which pattern, with which values
    Test {
        /// The file, or `-` for standard input
        #[arg(value_name = "FILE", default_value = "-")]
        path: String,
        /// How the matches are printed
        #[arg(long, value_enum, default_value_t)]
        output: TextOrJson,
    },
}

/// `aiobs models`
#[derive(Debug, Args)]
#[command(
    after_help = "Which models are asked stands in [model] and [[models]] of the configuration (docs/models.md)."
)]
pub struct ModelsArgs {
    /// What to do
    #[command(subcommand)]
    pub action: ModelsAction,
    /// How it is printed
    #[arg(long, value_enum, default_value_t, global = true)]
    pub output: TextOrJson,
}

/// What to do with models.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelsAction {
    /// Every configured model, and what its server has
    List,
    /// Ask every model that is used a small question
    Check,
    /// Fetch a model onto its server (Ollama), with progress
    Pull {
        /// Which, such as `llama3.1` or `qwen3:4b`
        #[arg(value_name = "NAME")]
        model: String,
        /// Onto the server of the model configured by this name; without it, that of [model]
        #[arg(long, value_name = "CONFIGURED")]
        on: Option<String>,
    },
    /// The calls that left this machine: where to, how much, what was hidden; never what was said
    Calls {
        /// Most calls, newest first; 0 is no limit
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: usize,
    },
}

/// `aiobs prompts`
#[derive(Debug, Args)]
pub struct PromptsArgs {
    /// What to do
    #[command(subcommand)]
    pub action: PromptsAction,
}

/// What to do with prompts.
#[derive(Clone, Debug, Subcommand)]
pub enum PromptsAction {
    /// Every prompt with its version and whose it is
    List,
    /// Print a prompt as it holds
    Show {
        /// Which, such as `diagnosis`
        #[arg(value_name = "NAME")]
        name: String,
        /// The shipped one, also when there is one of your own
        #[arg(long)]
        shipped: bool,
    },
    /// What your own prompts say otherwise than the shipped ones
    Diff {
        /// Only this one
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Write prompts as they hold into a directory, to be changed there
    Export {
        /// Where to; made when it is not there
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
    /// Check a file and take it as your own prompt
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace your own prompt of that name
        #[arg(long)]
        force: bool,
    },
    /// Check your own prompts, or a file: form, places, size
    Test {
        /// A file; none: your own prompts
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}
