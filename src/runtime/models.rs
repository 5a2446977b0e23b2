//! The models of the configuration: makes their providers, puts the service's layers around them, and keeps answers and
//! the list of remote calls in the archive. Used by the agents and by the commands about models; it knows no stage.

use super::board::lock;
use super::builder::tokio_runtime;
use super::events::ModelChoice;
use super::writing::{ModelRow, WriterMessage};
use crate::config::Config;
use aiobs_llm::{
    ANTHROPIC_URL, AnswerStore, Anthropic, Auditor, Backoff, CallEnd, CancellationToken, Candidate, ChatEvent,
    ChatOptions, ChatRequest, Connection, Dollars, Health, KeptAnswer, KeySource, Limits, LlmError, Message, ModelInfo,
    OPENAI_URL, Ollama, OpenAi, Provider, Pulled, RemoteCall, Service, ServiceOptions, service,
};
use aiobs_store::Reader;
use aiobs_types::Timestamp;
use futures_util::StreamExt as _;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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

/// What a person may choose between: each model of the configuration, and what else its server has when that is here.
pub(super) async fn choices(candidates: &[Candidate]) -> Vec<ModelChoice> {
    let mut out = Vec::new();
    for c in candidates {
        let here = if c.provider.is_local() { "this machine" } else { "another machine" };
        let place = format!("{}, {here}", c.provider.name());
        let one =
            |model: String, wrong: String| ModelChoice { route: c.name.clone(), model, place: place.clone(), wrong };
        let own = match c.provider.health().await {
            Health::Ready { model, .. } => model,
            Health::Unavailable { reason } => {
                out.push(one(c.model.clone().unwrap_or_default(), reason));
                continue;
            }
        };
        out.push(one(own.clone(), String::new()));
        if c.provider.is_local() {
            let all = c.provider.models().await.unwrap_or_default();
            // What the server only passes on is asked when the configuration names it, not by the way.
            let talks = |m: &ModelInfo| {
                m.elsewhere.is_none() && (m.capabilities.is_empty() || m.capabilities.iter().any(|c| c == "completion"))
            };
            out.extend(all.into_iter().filter(|m| m.name != own && talks(m)).map(|m| one(m.name, String::new())));
        }
    }
    out
}

/// Keeps answers and remote calls in the archive.
pub(super) struct Books {
    reader: Mutex<Reader>,
    writer: SyncSender<WriterMessage>,
    /// Takes what must not wait to whoever may.
    carry: Box<dyn Fn(WriterMessage) + Send + Sync>,
    limit: u64,
}

impl Books {
    pub(super) fn new(
        reader: Reader,
        writer: SyncSender<WriterMessage>,
        config: &Config,
        carry: impl Fn(WriterMessage) + Send + Sync + 'static,
    ) -> Self {
        Self { reader: Mutex::new(reader), writer, carry: Box::new(carry), limit: config.model.cache_size }
    }

    /// Spent since midnight UTC.
    fn spent(&self) -> Dollars {
        const DAY: i64 = 86_400;
        let midnight = Timestamp::from_secs(Timestamp::now().secs().div_euclid(DAY) * DAY);
        let spent = lock(&self.reader).spent_since(midnight);
        Dollars::from_f64(spent.unwrap_or_else(|e| {
            tracing::warn!("what was spent today is unknown: {e}");
            0.0
        }))
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

/// The models with all layers around them; without `books` nothing is kept and nothing written down.
pub(super) fn serve(config: &Config, books: Option<Arc<Books>>) -> Result<Service, String> {
    let model = &config.model;
    let options = ServiceOptions {
        limits: Limits { first_token: model.first_token_timeout, total: model.answer_timeout },
        backoff: Backoff { tries: config.chain.tries, ..Backoff::default() },
        cache_ttl: model.cache_ttl,
        cache_bytes: MEMORY,
        budget: Dollars(u64::from(model.daily_cents) * 10_000),
        spent: books.as_ref().map(|b| b.spent()).unwrap_or_default(),
        answers: books.clone().map(|b| b as Arc<dyn AnswerStore>),
        auditor: books.map(|b| b as Arc<dyn Auditor>),
    };
    Ok(service(candidates(config)?, options))
}

/// Asks the configured models' servers once: which model answers, or what is wrong and what to do. Blocks.
///
/// # Errors
/// The reason why no model answers, one line.
pub fn model_health(config: &Config) -> Result<String, String> {
    let provider = serve(config, None)?.provider;
    let rt = tokio_runtime().map_err(|e| e.to_string())?;
    match rt.block_on(provider.health()) {
        Health::Ready { model, note } => {
            let place = if provider.is_local() { "local" } else { "remote" };
            let note = note.map(|n| format!("; {n}")).unwrap_or_default();
            Ok(format!("{model} on {} at {} ({place}){note}", provider.name(), provider.endpoint()))
        }
        Health::Unavailable { reason } => Err(reason),
    }
}

/// A configured model as `aiobs models` shows it.
#[derive(Clone, Debug)]
pub struct Configured {
    /// Name in the configuration; `model` is that of `[model]`.
    pub name: String,
    /// Who serves it.
    pub provider: String,
    /// Where.
    pub endpoint: String,
    /// Model asked for; empty when the server's choice is taken.
    pub model: String,
    /// Whether nothing leaves this machine.
    pub local: bool,
    /// Whether it is asked at all: `[model]` and its fallbacks are.
    pub used: bool,
    /// What the server has, or why that is unknown.
    pub has: Result<Vec<ModelInfo>, String>,
}

/// Every configured model with what its server has. Blocks.
///
/// # Errors
/// An address that is none.
pub fn list_models(config: &Config) -> Result<Vec<Configured>, String> {
    let rt = tokio_runtime().map_err(|e| e.to_string())?;
    let rows = std::iter::once(first(config)).chain(others(config));
    let look = |row: Row<'_>| {
        let c = row.candidate(config.model.connect_timeout)?;
        let has = rt.block_on(c.provider.models()).map_err(|e| e.to_string());
        Ok(Configured {
            used: row.name == FIRST || config.model.fallbacks.iter().any(|f| f == row.name),
            name: c.name,
            provider: c.provider.name().to_owned(),
            endpoint: c.provider.endpoint().to_owned(),
            model: c.model.unwrap_or_default(),
            local: c.provider.is_local(),
            has,
        })
    };
    rows.map(look).collect()
}

/// How a model did when it was tried.
#[derive(Clone, Debug)]
pub struct Checked {
    /// As configured.
    pub name: String,
    /// Who serves it.
    pub provider: String,
    /// Where.
    pub endpoint: String,
    /// Whether nothing leaves this machine.
    pub local: bool,
    /// What it did, or why it did not answer.
    pub result: Result<Tried, String>,
}

/// What a model did when it was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Model that answered.
    pub model: String,
    /// Why this one, or what is odd.
    pub note: Option<String>,
    /// Until the first piece of the answer.
    pub first_token: Duration,
    /// Until its end.
    pub total: Duration,
    /// Tokens written.
    pub output_tokens: u64,
    /// Whether the counts are estimates.
    pub estimated: bool,
    /// Whether it kept to the form that was asked for.
    pub structured: bool,
}

/// Asks every model that is used a small question, in a form. Blocks.
///
/// # Errors
/// An address that is none.
pub fn check_models(config: &Config) -> Result<Vec<Checked>, String> {
    let rt = tokio_runtime().map_err(|e| e.to_string())?;
    let limits = Limits { first_token: config.model.first_token_timeout, total: config.model.answer_timeout };
    let check = |c: Candidate| {
        let result = rt.block_on(try_out(&c, limits));
        let (provider, endpoint) = (c.provider.name().to_owned(), c.provider.endpoint().to_owned());
        Checked { name: c.name, provider, endpoint, local: c.provider.is_local(), result }
    };
    Ok(candidates(config)?.into_iter().map(check).collect())
}

async fn try_out(c: &Candidate, limits: Limits) -> Result<Tried, String> {
    let (model, note) = match c.provider.health().await {
        Health::Ready { model, note } => (model, note),
        Health::Unavailable { reason } => return Err(reason),
    };
    let form = serde_json::json!({"type": "object", "properties": {"word": {"type": "string", "enum": ["ready"]}}, "required": ["word"]});
    let ask = "Answer with one JSON object and nothing else: {\"word\": \"ready\"}";
    let request = ChatRequest {
        model: Some(model),
        messages: vec![Message::user(ask)],
        format: Some(form),
        options: ChatOptions { temperature: Some(0.0), num_predict: Some(64), ..ChatOptions::default() },
        stage: "check",
        ..ChatRequest::default()
    };
    let guarded = aiobs_llm::Guarded::new(Arc::clone(&c.provider), limits);
    let began = Instant::now();
    let mut answer = guarded.chat(request, CancellationToken::new());
    let mut text = String::new();
    while let Some(event) = answer.next().await {
        match event.map_err(|e| e.to_string())? {
            ChatEvent::Text(piece) => text.push_str(&piece),
            ChatEvent::Done(done) => {
                let object = serde_json::from_str::<serde_json::Value>(text.trim());
                return Ok(Tried {
                    model: done.model,
                    note,
                    first_token: done.usage.first_token.unwrap_or_default(),
                    total: began.elapsed(),
                    output_tokens: done.usage.output_tokens.unwrap_or(0),
                    estimated: done.usage.estimated,
                    structured: object.is_ok_and(|o| o.get("word").is_some()),
                });
            }
            _ => {}
        }
    }
    Err(LlmError::Cut.to_string())
}

/// Fetches a model onto the server of the configured model of this name. Blocks; tells how far it is, and stops when
/// that says so.
///
/// # Errors
/// Why it is not there, one line.
pub fn pull_model(
    config: &Config,
    on: Option<&str>,
    model: &str,
    mut tell: impl FnMut(&Pulled) -> bool,
) -> Result<bool, String> {
    let rows: Vec<Row<'_>> = std::iter::once(first(config)).chain(others(config)).collect();
    let wanted = on.unwrap_or(FIRST);
    let row = rows.iter().find(|r| r.name == wanted).ok_or_else(|| {
        let names: Vec<&str> = rows.iter().map(|r| r.name).collect();
        format!("no model is configured as `{wanted}`; there are {}", names.join(", "))
    })?;
    let c = row.candidate(config.model.connect_timeout)?;
    let rt = tokio_runtime().map_err(|e| e.to_string())?;
    rt.block_on(async {
        let mut pulling = c.provider.pull(model.to_owned());
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        let mut last = Pulled::default();
        loop {
            tokio::select! {
                item = pulling.next() => match item {
                    Some(Ok(pulled)) => {
                        last = pulled;
                        if !tell(&last) {
                            return Ok(false);
                        }
                        if last.complete {
                            return Ok(true);
                        }
                    }
                    Some(Err(e)) => return Err(e.to_string()),
                    None => return Err(LlmError::Cut.to_string()),
                },
                _ = ticks.tick() => if !tell(&last) {
                    return Ok(false);
                },
            }
        }
    })
}
