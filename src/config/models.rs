//! The models of the configuration: the first one of `[model]`, the others of `[[models]]`, and what must hold between
//! their keys. Used by the checker and by whoever asks models; it knows no provider's wire.

use super::layers::Layers;
use super::mistake::{Mistake, MistakeKind, Origin, nearest};
use super::{Duration, millis};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};

/// Who can serve a model.
pub(crate) const PROVIDERS: &[&str] = &["ollama", "openai", "anthropic"];
/// What models are asked for.
pub(crate) const STAGES: &[&str] = &["diagnosis", "fixer", "reporter", "chat"];

/// `[model]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Whether a model is asked at all.
    pub enabled: bool,
    /// One of `ollama`, `openai`, `anthropic`.
    pub provider: String,
    /// Address of the provider; empty is its usual one.
    pub url: String,
    /// Model name; empty picks one that the server has.
    pub name: String,
    /// Environment variable with the key; empty is none.
    pub key_env: String,
    /// File with the key; empty is none.
    pub key_file: PathBuf,
    /// Headers that go with every request.
    pub headers: BTreeMap<String, String>,
    /// Kinds of secrets and personal data that may be sent as they are.
    pub allow: Vec<String>,
    /// Names of `[[models]]` that are asked when this one does not answer.
    pub fallbacks: Vec<String>,
    /// Context window asked for, tokens.
    pub num_ctx: u32,
    /// Most US cents a day for models that cost something; 0 is no limit.
    pub daily_cents: u32,
    /// How long answers are kept; zero is not at all.
    #[serde(deserialize_with = "millis")]
    pub cache_ttl: Duration,
    /// Bytes of answers kept in the archive.
    pub cache_size: u64,
    /// Time for the provider to accept a connection.
    #[serde(deserialize_with = "millis")]
    pub connect_timeout: Duration,
    /// Time until the first piece of an answer.
    #[serde(deserialize_with = "millis")]
    pub first_token_timeout: Duration,
    /// Time until the end of an answer.
    #[serde(deserialize_with = "millis")]
    pub answer_timeout: Duration,
}

/// `[[models]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherModel {
    /// Unique name to refer to it by.
    pub name: String,
    /// One of `ollama`, `openai`, `anthropic`.
    pub provider: String,
    /// Address of the provider; empty is its usual one.
    pub url: String,
    /// Model name; empty picks one that the server has.
    pub model: String,
    /// Environment variable with the key; empty is none.
    pub key_env: String,
    /// File with the key; empty is none.
    pub key_file: PathBuf,
    /// Headers that go with every request.
    pub headers: BTreeMap<String, String>,
    /// Kinds of secrets and personal data that may be sent as they are.
    pub allow: Vec<String>,
    /// What it is asked for; empty is everything.
    pub stages: Vec<String>,
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What is wrong between the keys of one model, with the key that it is told at; `section` is for the message, `name` the
/// key of the model's name.
fn between(section: &str, name: &'static str, row: &Table) -> Vec<(MistakeKind, &'static str, String)> {
    let mut found = Vec::new();
    if !text(row, "key_env").is_empty() && !text(row, "key_file").is_empty() {
        found.push((
            MistakeKind::Conflict,
            "key_file",
            format!("{section}: key_env and key_file both say where the key is; keep one"),
        ));
    }
    let provider = text(row, "provider");
    let usual = text(row, "url").is_empty();
    if text(row, name).is_empty() && (provider == "anthropic" || provider == "openai" && usual) {
        found.push((
            MistakeKind::MissingKey,
            "provider",
            format!("{section}.{name}: {provider} has many models; say which one"),
        ));
    }
    for (header, value) in row.get("headers").and_then(Value::as_table).into_iter().flatten() {
        let secret = ["authorization", "x-api-key", "api-key"].contains(&header.to_ascii_lowercase().as_str());
        if secret && !value.as_str().unwrap_or_default().starts_with("env:") {
            // The value is not repeated: it is the secret.
            let text = format!(
                "{section}: the header {header} is a secret; name its variable in key_env, or write env:VARIABLE"
            );
            found.push((MistakeKind::Conflict, "headers", text));
        }
    }
    found
}

/// Checks a row of `[[models]]`.
pub(super) fn check_row(row: &Table, origin: &Origin) -> Vec<Mistake> {
    let told = |(kind, _, text)| Mistake { origin: origin.clone(), kind, text, nearest: None };
    between("models", "model", row).into_iter().map(told).collect()
}

/// Also names a model.
const EMBEDDING: &str = "knowledge.embedding_server";

impl Layers {
    /// Checks what must hold between keys, once all layers are laid.
    pub(super) fn check_models(&mut self) {
        let keys = self
            .values
            .iter()
            .filter_map(|(path, (value, origin))| Some((path.strip_prefix("model.")?, value.clone(), origin.clone())));
        let keys: Vec<_> = keys.collect();
        let row: Table = keys.iter().map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect();
        // A mistake between keys is told where one of them is set.
        let set = |names: &[&str]| {
            let of = |wanted: &&str| keys.iter().find(|(name, _, origin)| name == wanted && *origin != Origin::Default);
            names.iter().find_map(of).map_or(Origin::Default, |(_, _, origin)| origin.clone())
        };
        for (kind, key, text) in between("model", "name", &row) {
            let origin = set(&[key, "name", "url"]);
            self.mistakes.push(Mistake { origin, kind, text, nearest: None });
        }
        let names: Vec<String> =
            self.rows.get("models").into_iter().flatten().map(|r| text(r, "name").to_owned()).collect();
        let fallbacks = row.get("fallbacks").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut wanted: Vec<(&str, String, Origin)> =
            fallbacks.map(|f| ("model.fallbacks", f.to_owned(), set(&["fallbacks"]))).collect();
        if let Some((value, origin)) = self.values.get(EMBEDDING)
            && let Some(name) = value.as_str().filter(|n| !n.is_empty() && *n != "model")
        {
            wanted.push((EMBEDDING, name.to_owned(), origin.clone()));
        }
        for (key, name, origin) in wanted.into_iter().filter(|(_, w, _)| !names.iter().any(|n| n == w)) {
            let there =
                if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) };
            self.mistakes.push(Mistake {
                origin,
                kind: MistakeKind::UnknownModel,
                text: format!("{key}: no [[models]] is called `{name}`; {there}"),
                nearest: nearest(&name, names.iter().map(String::as_str)),
            });
        }
    }
}
