//! Questions to the servers of the configured models: what they have, whether they answer, and fetching one. Used by the
//! commands about models and by the screen's choice of a model.

use super::{FIRST, Row, candidates, first, others, unknown};
use crate::config::Config;
use crate::runtime::builder::tokio_runtime;
use crate::runtime::events::ModelChoice;
use aiobs_llm::{
    CancellationToken, Candidate, ChatEvent, ChatOptions, ChatRequest, Health, Limits, LlmError, Message, ModelInfo,
    Provider as _, Pulled,
};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Asks the configured models' servers once: which model answers, or what is wrong and what to do. Blocks.
///
/// # Errors
/// The reason why no model answers, one line.
pub fn model_health(config: &Config) -> Result<String, String> {
    let rt = tokio_runtime().map_err(|e| e.to_string())?;
    let all = candidates(config)?;
    let mut reasons = Vec::new();
    for c in &all {
        let provider = &c.provider;
        match rt.block_on(provider.health()) {
            Health::Ready { model, note } => {
                let place = if provider.is_local() { "local" } else { "remote" };
                let who = format!("{model} on {} at {} ({place})", provider.name(), provider.endpoint());
                let all: Vec<String> = [who].into_iter().chain(note).chain(reasons).collect();
                return Ok(all.join("; "));
            }
            Health::Unavailable { reason } if all.len() == 1 => return Err(reason),
            Health::Unavailable { reason } => reasons.push(format!("{}: {reason}", c.name)),
        }
    }
    Err(reasons.join("; "))
}

/// Where texts may go that leave this machine for a model: `ADDRESS (MODEL)`, in the order in which they are asked, then
/// those that are asked only when a person chooses them, then the embedding model. Nobody is asked.
///
/// # Errors
/// An address that is none.
pub fn model_places(config: &Config) -> Result<Vec<String>, String> {
    let asked = candidates(config)?;
    let row = |row: &Row<'_>| row.candidate(config.model.connect_timeout);
    let chosen = others(config).iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let chosen = chosen.into_iter().filter(|c| asked.iter().all(|a| a.name != c.name)).map(|c| (c, ", when chosen"));
    let all: Vec<_> = asked.iter().cloned().map(|c| (c, "")).chain(chosen).collect();
    let told = |(c, when): &(Candidate, &str)| {
        let model = c.model.as_deref().unwrap_or_else(|| c.provider.name());
        format!("{} ({model}{when})", c.provider.endpoint())
    };
    let mut places: Vec<String> = all.iter().filter(|(c, _)| !c.provider.is_local()).map(told).collect();
    let knowledge = &config.knowledge;
    if !knowledge.embedding_model.trim().is_empty() {
        let server = knowledge.embedding_server.trim();
        let wanted = if server.is_empty() { FIRST } else { server };
        let embeds = all.iter().find(|(c, _)| c.name == wanted && !c.provider.is_local());
        places.extend(embeds.map(|(c, _)| format!("{} (embeddings)", c.provider.endpoint())));
    }
    Ok(places)
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

/// Longest time a server may take to say what it has.
const LISTING: Duration = Duration::from_secs(4);

/// The models that a run could be given to: of every configured server all that can chat, the configured one first.
pub(in crate::runtime) async fn choices(config: &Config) -> Result<Vec<ModelChoice>, String> {
    let rows = std::iter::once(first(config)).chain(others(config));
    let named = rows.map(|row| row.candidate(config.model.connect_timeout)).collect::<Result<Vec<_>, _>>()?;
    let asked = named.into_iter().map(|c| async move {
        let has = match tokio::time::timeout(LISTING, c.provider.models()).await {
            Ok(has) => has.map_err(|e| e.to_string()),
            Err(_) => Err(format!("no answer within {} s", LISTING.as_secs())),
        };
        of_server(&c, has)
    });
    Ok(futures_util::future::join_all(asked).await.into_iter().flatten().collect())
}

fn of_server(c: &Candidate, has: Result<Vec<ModelInfo>, String>) -> Vec<ModelChoice> {
    let configured = c.model.clone().unwrap_or_default();
    let choice = |model: String, local: bool, wrong: Option<String>| ModelChoice {
        server: c.name.clone(),
        provider: c.provider.name().to_owned(),
        place: c.provider.endpoint().to_owned(),
        model,
        local,
        wrong,
    };
    let list = match has {
        Ok(list) => list,
        // What can't be listed may still be asked for the model that is configured, unless nobody is there.
        Err(wrong) => return vec![choice(configured, c.provider.is_local(), Some(wrong))],
    };
    let same = |name: &str| name == configured || name.split(':').next() == Some(configured.as_str());
    let chats = |m: &ModelInfo| m.capabilities.is_empty() || m.capabilities.iter().any(|c| c == "completion");
    let mut all: Vec<ModelChoice> = list
        .into_iter()
        .filter(|m| chats(m) && !m.name.to_ascii_lowercase().contains("embed"))
        .map(|m| choice(m.name, c.provider.is_local() && m.elsewhere.is_none(), None))
        .collect();
    all.sort_by_key(|m| !same(&m.model));
    if !configured.is_empty() && !all.first().is_some_and(|m| same(&m.model)) {
        let wrong = format!("{} does not list it", c.provider.endpoint());
        all.insert(0, choice(configured, c.provider.is_local(), Some(wrong)));
    }
    all
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
    let row = rows.iter().find(|r| r.name == wanted).ok_or_else(|| unknown(wanted, &rows))?;
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
