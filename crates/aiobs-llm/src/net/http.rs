//! Requests to a model server, with its key and headers, and what its statuses mean. Used by the providers; it knows
//! no wire format.

use super::address::Address;
use super::key::{KeySource, Secret};
use crate::LlmError;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;

/// How long to wait for lists and other small answers.
pub(crate) const SMALL: Duration = Duration::from_secs(5);
/// Most bytes read of an error's body.
const ERROR_BODY: usize = 16 << 10;
/// Most bytes of a small answer; lists of models are the largest.
const SMALL_BODY: usize = 32 << 20;

/// Where a server is and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its address as people write it; empty is the provider's usual one.
    pub url: String,
    /// Where its key is kept.
    pub key: KeySource,
    /// Headers that go with every request, name and value; `env:NAME` is the value of a variable.
    pub headers: Vec<(String, String)>,
    /// How long it may take to accept a connection.
    pub connect_timeout: Duration,
}

impl Default for Connection {
    fn default() -> Self {
        Self { url: String::new(), key: KeySource::None, headers: Vec::new(), connect_timeout: Duration::from_secs(3) }
    }
}

/// How a key is shown to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHeader {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    ApiKey,
}

/// The body of an answer as it comes.
pub(crate) type Body = BoxStream<'static, Result<Vec<u8>, LlmError>>;

/// A client of one server.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) address: Address,
    client: reqwest::Client,
    key: KeySource,
    key_header: KeyHeader,
    headers: Vec<(String, String)>,
    /// Name of the service, for messages.
    service: &'static str,
}

impl Http {
    pub(crate) fn new(
        service: &'static str,
        address: Address,
        how: Connection,
        key_header: KeyHeader,
    ) -> Result<Self, LlmError> {
        let mut builder =
            reqwest::Client::builder().connect_timeout(how.connect_timeout).redirect(reqwest::redirect::Policy::none());
        if address.local {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|e| LlmError::BadUrl { url: address.shown.clone(), reason: last_cause(&e) })?;
        Ok(Self { address, client, key: how.key, key_header, headers: how.headers, service })
    }

    /// The client, for libraries that bring their own requests.
    pub(crate) fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// Where a path is.
    pub(crate) fn url(&self, path: &str) -> Result<reqwest::Url, LlmError> {
        let bad =
            |e: &dyn std::fmt::Display| LlmError::BadUrl { url: self.address.shown.clone(), reason: e.to_string() };
        self.address.url.join(path).map_err(|e| bad(&e))
    }

    /// The headers of a request, and the key among them.
    pub(crate) fn headers(&self) -> Result<(HeaderMap, Option<Secret>), LlmError> {
        let mut map = HeaderMap::new();
        for (name, text) in &self.headers {
            let bad = |why: &str| LlmError::NoKey { reason: format!("the header `{name}` {why}") };
            let value = match text.strip_prefix("env:") {
                Some(variable) => {
                    std::env::var(variable).map_err(|_| bad(&format!("wants {variable}, which is not set")))?
                }
                None => text.clone(),
            };
            let name = HeaderName::try_from(name.as_str()).map_err(|_| bad("is no name of a header"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| bad("holds characters that no header has"))?;
            value.set_sensitive(text.starts_with("env:"));
            map.insert(name, value);
        }
        let key = self.key.read()?;
        if let Some(key) = &key {
            let (name, text) = match self.key_header {
                KeyHeader::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
                KeyHeader::ApiKey => (HeaderName::from_static("x-api-key"), key.expose().to_owned()),
            };
            let unfit = |_| LlmError::NoKey { reason: "the key holds characters that no header has".into() };
            let mut value = HeaderValue::try_from(text).map_err(unfit)?;
            value.set_sensitive(true);
            map.insert(name, value);
        }
        Ok((map, key))
    }

    fn unreachable(&self, reason: String) -> LlmError {
        LlmError::Unreachable { endpoint: self.address.shown.clone(), reason }
    }

    /// A request's answer when its status is good.
    async fn send(&self, request: reqwest::RequestBuilder, model: &str) -> Result<reqwest::Response, LlmError> {
        let (headers, key) = self.headers()?;
        let response = request.headers(headers).send().await.map_err(|e| self.unreachable(last_cause(&e)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let location = header(LOCATION);
        let wait = header(RETRY_AFTER).and_then(|v| retry_after(&v, jiff::Timestamp::now()));
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(SMALL, chunks.next()).await {
            body.extend_from_slice(&chunk);
            if body.len() > ERROR_BODY {
                break;
            }
        }
        let mut text = String::from_utf8_lossy(&body).into_owned();
        if let Some(key) = &key {
            // Some servers repeat the key they refuse.
            text = text.replace(key.expose(), "[key]");
        }
        let told = Told { status: status.as_u16(), body: &text, location: location.as_deref(), retry_after: wait };
        Err(told.error(self.service, model))
    }

    /// Posts, and gives the body as it comes.
    pub(crate) async fn stream(&self, path: &str, body: &Value, model: &str) -> Result<Body, LlmError> {
        let response = self.send(self.client.post(self.url(path)?).json(body), model).await?;
        Ok(response.bytes_stream().map(|r| r.map(|b| b.to_vec()).map_err(|_| LlmError::Cut)).boxed())
    }

    async fn small(&self, request: reqwest::RequestBuilder, model: &str, limit: Duration) -> Result<Value, LlmError> {
        let work = async {
            let response = self.send(request, model).await?;
            let mut body = Vec::new();
            let mut chunks = response.bytes_stream();
            while let Some(chunk) = chunks.next().await {
                body.extend_from_slice(&chunk.map_err(|_| LlmError::Cut)?);
                if body.len() > SMALL_BODY {
                    return Err(LlmError::Protocol { detail: "an answer of more than 32 MiB".into() });
                }
            }
            serde_json::from_slice(&body).map_err(|_| LlmError::Protocol {
                detail: format!(
                    "no {} at this address? {}",
                    self.service,
                    one_line(&String::from_utf8_lossy(&body), 80)
                ),
            })
        };
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable(format!("no answer within {} s", limit.as_secs()))),
        }
    }

    /// Gets a small JSON answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, LlmError> {
        self.small(self.client.get(self.url(path)?), "", SMALL).await
    }

    /// Posts for a small JSON answer, which may take this long.
    pub(crate) async fn post(&self, path: &str, body: &Value, model: &str, limit: Duration) -> Result<Value, LlmError> {
        self.small(self.client.post(self.url(path)?).json(body), model, limit).await
    }
}

/// A status other than success.
struct Told<'a> {
    status: u16,
    body: &'a str,
    location: Option<&'a str>,
    retry_after: Option<Duration>,
}

impl Told<'_> {
    /// What it means.
    fn error(self, service: &str, model: &str) -> LlmError {
        let Self { status, body, location, retry_after } = self;
        let told = serde_json::from_str::<Value>(body).ok().as_ref().and_then(error_text);
        let speaks = told.is_some();
        let message = one_line(told.as_deref().unwrap_or(body), 200);
        let or = |fallback: &str| if message.is_empty() { fallback.to_owned() } else { message.clone() };
        let ollama = service == "Ollama";
        match status {
            300..=399 => LlmError::Refused {
                status,
                message: format!("it redirects to {}; use that address", one_line(location.unwrap_or("nowhere"), 120)),
            },
            401 => {
                LlmError::Refused { status, message: format!("it does not take the key: {}", or("no reason given")) }
            }
            403 if ollama => {
                LlmError::Refused { status, message: or("the server does not accept this host name (OLLAMA_ORIGINS)") }
            }
            404 if speaks && !model.is_empty() => {
                LlmError::ModelMissing { model: model.to_owned(), server: service.to_owned() }
            }
            404 => LlmError::Refused { status, message: format!("no {service} at this address") },
            408 | 425 | 429 | 499 | 500..=599 => LlmError::Busy { status, message: or("no reason given"), retry_after },
            _ => LlmError::Refused { status, message: or("no reason given") },
        }
    }
}

/// The text of an error in the forms servers use: a text, an object with a message, or a list of complaints.
pub(crate) fn error_text(body: &Value) -> Option<String> {
    match body.get("error") {
        Some(Value::String(s)) => Some(s.clone()),
        Some(Value::Object(o)) => Some(o.get("message").and_then(Value::as_str).unwrap_or_default().to_owned()),
        _ => match body.get("detail").or_else(|| body.get("message")) {
            Some(Value::String(s)) => Some(s.clone()),
            Some(list @ Value::Array(_)) => Some(list.to_string()),
            _ => None,
        },
    }
}

/// `Retry-After`: seconds, or a date.
pub(crate) fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(secs) = value.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// The last cause of an error says most: `connection refused` instead of `error sending request`.
pub(crate) fn last_cause(e: &dyn std::error::Error) -> String {
    let mut last = e;
    while let Some(next) = last.source() {
        last = next;
    }
    one_line(&last.to_string(), 160)
}

/// Text from outside on one line, without control characters, at most `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let clean = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
    let mut out = String::new();
    for word in clean {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > limit * 4 {
            break;
        }
    }
    match out.char_indices().nth(limit) {
        Some((at, _)) => format!("{}...", &out[..at]),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_server_may_ask_for_a_pause_in_seconds_or_until_a_date() {
        let now: jiff::Timestamp = "2025-01-07T14:30:00Z".parse().unwrap();
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Tue, 07 Jan 2025 14:30:20 GMT", now), Some(Duration::from_secs(20)));
        assert_eq!(retry_after("Tue, 07 Jan 2025 14:29:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn errors_are_found_in_every_form() {
        for (body, text) in [
            (r#"{"error":"busy"}"#, "busy"),
            (r#"{"error":{"message":"no such model","type":"x"}}"#, "no such model"),
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "Overloaded"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
        ] {
            assert_eq!(error_text(&serde_json::from_str(body).unwrap()).as_deref(), Some(text));
        }
    }
}
