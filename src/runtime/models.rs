//! The models of the configuration: makes their providers, puts the service's layers around them, and keeps answers and
//! the list of remote calls in the archive. Used by the agents and by the commands about models; it knows no stage.

mod listed;

pub(super) use listed::choices;
pub use listed::{Checked, Configured, Tried, check_models, list_models, model_health, model_places, pull_model};

use super::board::lock;
use super::writing::{ModelRow, WriterMessage};
use crate::config::Config;
use aiobs_llm::{
    ANTHROPIC_URL, AnswerStore, Anthropic, Auditor, Backoff, CallEnd, Candidate, Connection, Dollars, KeptAnswer,
    KeySource, Limits, LlmError, OPENAI_URL, Ollama, OpenAi, Provider, Purse, RemoteCall, Service, ServiceOptions,
    service,
};
use aiobs_store::{Ledger, Reader};
use aiobs_types::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Name of the model of `[model]` in routes and commands.
const FIRST: &str = "model";
/// Bytes of answers kept in memory, before the archive.
const MEMORY: usize = 4 << 20;

/// What one model of the configuration says, whichever section it is of.
struct Row<'a> {
    name: &'a str,
    provider: &'a str,
    url: &'a str,
    model: &'a str,
    key_env: &'a str,
    key_file: &'a Path,
    headers: &'a BTreeMap<String, String>,
    allow: &'a [String],
    stages: &'a [String],
}

impl Row<'_> {
    /// Where its key is kept. The usual variable of a provider is only used at its usual address: a key must not go to
    /// another.
    fn key(&self) -> KeySource {
        if !self.key_env.is_empty() {
            return KeySource::Env(self.key_env.to_owned());
        }
        if !self.key_file.as_os_str().is_empty() {
            return KeySource::File(self.key_file.to_owned());
        }
        let at = |usual: &str| self.url.is_empty() || self.url.trim_end_matches('/') == usual;
        match self.provider {
            "openai" if at(OPENAI_URL) => KeySource::Env("OPENAI_API_KEY".to_owned()),
            "anthropic" if at(ANTHROPIC_URL) => KeySource::Env("ANTHROPIC_API_KEY".to_owned()),
            _ => KeySource::None,
        }
    }

    fn candidate(&self, connect_timeout: Duration) -> Result<Candidate, String> {
        let how = Connection {
            url: self.url.to_owned(),
            key: self.key(),
            headers: self.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
            connect_timeout,
        };
        let model = Some(self.model.to_owned()).filter(|m| !m.is_empty());
        let told = |e: LlmError| format!("{}: {e}", self.name);
        let provider: Arc<dyn Provider> = match self.provider {
            "openai" => Arc::new(OpenAi::new(how, model.clone()).map_err(told)?),
            "anthropic" => Arc::new(Anthropic::new(how, self.model).map_err(told)?),
            _ => Arc::new(Ollama::new(how, model.clone()).map_err(told)?),
        };
        let (stages, allow) = (self.stages.to_vec(), self.allow.to_vec());
        Ok(Candidate { name: self.name.to_owned(), model, provider, stages, allow })
    }
}

fn first(config: &Config) -> Row<'_> {
    let m = &config.model;
    Row {
        name: FIRST,
        provider: &m.provider,
        url: &m.url,
        model: &m.name,
        key_env: &m.key_env,
        key_file: &m.key_file,
        headers: &m.headers,
        allow: &m.allow,
        stages: &[],
    }
}

fn others(config: &Config) -> Vec<Row<'_>> {
    let rows = config.models.iter().map(|o| Row {
        name: &o.name,
        provider: &o.provider,
        url: &o.url,
        model: &o.model,
        key_env: &o.key_env,
        key_file: &o.key_file,
        headers: &o.headers,
        allow: &o.allow,
        stages: &o.stages,
    });
    rows.collect()
}

/// The models that are asked, in their order.
pub(super) fn candidates(config: &Config) -> Result<Vec<Candidate>, String> {
    let model = &config.model;
    let others = others(config);
    let named = model.fallbacks.iter().filter_map(|name| others.iter().find(|o| o.name == name));
    std::iter::once(&first(config)).chain(named).map(|row| row.candidate(model.connect_timeout)).collect()
}

/// Keeps answers and remote calls in the archive.
pub(super) struct Books {
    reader: Mutex<Reader>,
    writer: SyncSender<WriterMessage>,
    /// Takes what must not wait to whoever may.
    carry: Box<dyn Fn(WriterMessage) + Send + Sync>,
    limit: u64,
    purse: Arc<Purse>,
}

impl Books {
    pub(super) fn new(
        reader: Reader,
        writer: SyncSender<WriterMessage>,
        (config, purse): (&Config, Arc<Purse>),
        carry: impl Fn(WriterMessage) + Send + Sync + 'static,
    ) -> Self {
        Self { reader: Mutex::new(reader), writer, carry: Box::new(carry), limit: config.model.cache_size, purse }
    }

    fn write(&self, row: ModelRow) {
        // Gone only when everything stops; the answer is then asked for again.
        if self.writer.send(WriterMessage::Models(row)).is_err() {
            tracing::debug!("an answer is not kept: the program ends");
        }
    }
}

impl AnswerStore for Books {
    fn get(&self, key: &str) -> Option<KeptAnswer> {
        lock(&self.reader).answer(key).unwrap_or_else(|e| {
            tracing::warn!("kept answers can't be read: {e}");
            None
        })
    }
    fn put(&self, key: &str, answer: &KeptAnswer) {
        self.write(ModelRow::Answer(key.to_owned(), Box::new(answer.clone()), self.limit));
    }
    fn used(&self, key: &str, answer: &KeptAnswer) {
        self.write(ModelRow::Used(key.to_owned(), Box::new(answer.clone())));
    }
}

impl Auditor for Books {
    fn sent(&self, call: &RemoteCall) {
        (self.carry)(WriterMessage::Models(ModelRow::Sent(Box::new(call.clone()))));
    }
    fn ended(&self, id: u64, end: &CallEnd) {
        (self.carry)(WriterMessage::Models(ModelRow::Ended(id, end.clone())));
    }
}

/// Writes down what leaves beside whoever writes the archive: for commands that only read it.
pub(super) struct Pages(Mutex<Ledger>);

impl Pages {
    /// Of a data directory.
    ///
    /// # Errors
    /// Why nothing can be written down there.
    pub(super) fn open(dir: &Path) -> Result<Self, String> {
        Ledger::open(dir).map(|ledger| Self(Mutex::new(ledger))).map_err(|e| e.to_string())
    }

    /// To be kept by, with what is left of today's budget.
    pub(super) fn keep(self, config: &Config) -> Keep {
        let pages = Arc::new(self);
        let book = Arc::clone(&pages);
        let spent = move || lock(&book.0).spent_since(midnight()).map_err(|e| e.to_string());
        Keep::audit(pages, of_today(config, spent))
    }
}

impl Auditor for Pages {
    // One question is asked at a time, so that a moment's wait holds nobody up.
    fn sent(&self, call: &RemoteCall) {
        if let Err(e) = lock(&self.0).put_model_call(call) {
            tracing::error!("a call to {} leaves this machine and is not written down: {e}", call.endpoint);
        }
    }
    fn ended(&self, id: u64, end: &CallEnd) {
        if let Err(e) = lock(&self.0).end_model_call(id, end) {
            tracing::error!("the end of a call that left this machine is not written down: {e}");
        }
    }
}

/// Who keeps what of calls. The default keeps nothing.
#[derive(Default)]
pub(super) struct Keep {
    answers: Option<Arc<dyn AnswerStore>>,
    auditor: Option<Arc<dyn Auditor>>,
    purse: Arc<Purse>,
}

impl Keep {
    /// Writes down what leaves, and spends from this purse.
    pub(super) fn audit(auditor: Arc<dyn Auditor>, purse: Arc<Purse>) -> Self {
        Self { answers: None, auditor: Some(auditor), purse }
    }
}

impl From<Arc<Books>> for Keep {
    fn from(books: Arc<Books>) -> Self {
        let purse = Arc::clone(&books.purse);
        Self { purse, answers: Some(Arc::clone(&books) as Arc<dyn AnswerStore>), auditor: Some(books) }
    }
}

/// What may be spent today, less what the archive says was spent, by whatever program.
pub(super) fn purse(config: &Config, reader: Reader) -> Arc<Purse> {
    let reader = Mutex::new(reader);
    of_today(config, move || lock(&reader).spent_since(midnight()).map_err(|e| e.to_string()))
}

fn of_today(config: &Config, spent: impl Fn() -> Result<f64, String> + Send + Sync + 'static) -> Arc<Purse> {
    let told = |e: String| tracing::warn!("what was spent today is unknown: {e}");
    let books = move || spent().map_err(told).ok().map(Dollars::from_f64);
    let limit = Dollars(u64::from(config.model.daily_cents) * 10_000);
    let before = books().unwrap_or_default();
    Arc::new(Purse::new(limit, before).with_books(Box::new(books)))
}

/// What may be spent on models a day, and what was spent today.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayBudget {
    /// US dollars a day; `None` without limit.
    pub limit_usd: Option<f64>,
    /// US dollars spent today, by the list of prices.
    pub spent_usd: f64,
    /// US dollars left today; `None` without limit.
    pub left_usd: Option<f64>,
}

/// The budget as configured and as the archive says.
pub fn day_budget(config: &Config, reader: &Reader) -> DayBudget {
    let spent = reader.spent_since(midnight()).unwrap_or_else(|e| {
        tracing::warn!("what was spent today is unknown: {e}");
        0.0
    });
    let cents = config.model.daily_cents;
    let limit_usd = (cents > 0).then(|| f64::from(cents) / 100.0);
    DayBudget { limit_usd, spent_usd: spent, left_usd: limit_usd.map(|limit| (limit - spent).max(0.0)) }
}

/// The last midnight, UTC.
fn midnight() -> Timestamp {
    const DAY: i64 = 86_400;
    Timestamp::from_secs(Timestamp::now().secs().div_euclid(DAY) * DAY)
}

/// The models that may be asked and are not on this machine, with their addresses.
pub(super) fn elsewhere(config: &Config) -> Vec<(String, String)> {
    let told = |c: Candidate| {
        let model = c.model.unwrap_or_else(|| c.provider.name().to_owned());
        (model, c.provider.endpoint().to_owned())
    };
    let all = candidates(config).unwrap_or_default();
    all.into_iter().filter(|c| !c.provider.is_local()).map(told).collect()
}

/// One configured model with all layers around it, for embeddings; an empty name is that of `[model]`.
///
/// # Errors
/// A name that is none, an address that is none.
pub(super) fn serve_one(config: &Config, name: &str, keep: Keep) -> Result<Service, String> {
    let wanted = if name.is_empty() { FIRST } else { name };
    let rows: Vec<Row<'_>> = std::iter::once(first(config)).chain(others(config)).collect();
    let row = rows.iter().find(|r| r.name == wanted).ok_or_else(|| unknown(wanted, &rows))?;
    let candidate = row.candidate(config.model.connect_timeout)?;
    let Keep { auditor, purse, .. } = keep;
    Ok(service(vec![candidate], ServiceOptions { auditor, purse, ..ServiceOptions::default() }))
}

fn unknown(wanted: &str, rows: &[Row<'_>]) -> String {
    let names: Vec<&str> = rows.iter().map(|r| r.name).collect();
    format!("no model is configured as `{wanted}`; there are {}", names.join(", "))
}

/// One configured server with another of its models and all layers around it: for a run or a question that a
/// person gives to it.
///
/// # Errors
/// As [`serve_one`].
pub(super) fn serve_chosen(config: &Config, name: &str, model: &str, keep: Keep) -> Result<Service, String> {
    let rows: Vec<Row<'_>> = std::iter::once(first(config)).chain(others(config)).collect();
    let row = rows.into_iter().find(|r| r.name == name).ok_or_else(|| format!("no model is configured as `{name}`"))?;
    // Whoever chooses it wants it for every stage.
    let candidate = Row { model, stages: &[], ..row }.candidate(config.model.connect_timeout)?;
    Ok(layered(config, vec![candidate], keep))
}

/// The models with all layers around them.
pub(super) fn serve(config: &Config, keep: Keep) -> Result<Service, String> {
    Ok(layered(config, candidates(config)?, keep))
}

fn layered(config: &Config, candidates: Vec<Candidate>, keep: Keep) -> Service {
    let model = &config.model;
    let options = ServiceOptions {
        limits: Limits { first_token: model.first_token_timeout, total: model.answer_timeout },
        backoff: Backoff { tries: config.chain.tries, ..Backoff::default() },
        cache_ttl: model.cache_ttl,
        cache_bytes: MEMORY,
        purse: keep.purse,
        answers: keep.answers,
        auditor: keep.auditor,
    };
    service(candidates, options)
}
