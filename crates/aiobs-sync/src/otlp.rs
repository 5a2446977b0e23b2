//! The remote `otlp`: any OpenTelemetry collector or backend that takes OTLP over HTTP. Spans are posted as JSON to
//! ENDPOINT/v1/traces; what an answer means is in the OTLP specification (1.x, "OTLP/HTTP Response").

use crate::answer::{cause, read};
use crate::{Item, Remote, SendError, Sent};
use aiobs_otlp::{Attributes, PartialSuccess, ResourceSpans, encode_traces};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use std::time::Duration;

/// Time for the server to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for the whole request.
const WHOLE: Duration = Duration::from_secs(15);
/// Characters of a server's words that are repeated.
const WORDS: usize = 160;
const PATH: &str = "/v1/traces";

/// What the remote is made from.
#[derive(Clone, Copy)]
pub struct OtlpOptions<'a> {
    /// Address of the collector, such as `http://127.0.0.1:4318`.
    pub endpoint: &'a str,
    /// Bearer token.
    pub token: Option<&'a str>,
    /// Version of this program.
    pub version: &'a str,
}

/// Why it can't be made. Repeats neither address nor token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The address.
    #[error("the endpoint is not an http or https address")]
    Endpoint,
    /// The address holds a user or password.
    #[error("the endpoint holds a user or password; use token_env instead")]
    Credentials,
    /// The token.
    #[error("the token holds characters that can't be sent")]
    Token,
    /// The TLS library.
    #[error("no HTTPS client could be made")]
    Client,
}

/// See the module.
pub struct Otlp {
    client: Client,
    url: Url,
    token: Option<(HeaderValue, String)>,
    resource: Attributes,
    version: String,
}

impl Otlp {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(o: OtlpOptions<'_>) -> Result<Self, SetupError> {
        let mut url = Url::parse(o.endpoint.trim()).map_err(|_| SetupError::Endpoint)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(SetupError::Endpoint);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SetupError::Credentials);
        }
        let path = url.path().trim_end_matches('/').trim_end_matches(PATH).to_owned();
        url.set_path(&format!("{path}{PATH}"));
        let token = o.token.map(|t| bearer(t).map(|v| (v, t.to_owned()))).transpose()?;
        // Followed redirects could carry the data somewhere else.
        let mut builder = Client::builder().connect_timeout(CONNECT).timeout(WHOLE).redirect(redirect::Policy::none());
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| SetupError::Client)?;
        let resource =
            vec![("service.name".into(), "aiobs".into()), ("service.version".into(), o.version.to_owned().into())];
        Ok(Self { client, url, token, resource, version: o.version.to_owned() })
    }

    /// Whether the endpoint is on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Host and port, to be shown.
    pub fn place(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The server's words, fit to be shown: one line, short, without the token should it be repeated.
    fn words(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let message = json.as_ref().and_then(|v| v.get("message")?.as_str()).unwrap_or(&text);
        let mut message = message.split(|c: char| c.is_control() || c.is_whitespace()).collect::<Vec<_>>().join(" ");
        if let Some((_, token)) = &self.token {
            message = message.replace(token.as_str(), "[token]");
        }
        message.chars().filter(|c| *c != char::REPLACEMENT_CHARACTER).take(WORDS).collect::<String>().trim().to_owned()
    }

    async fn answer(&self, response: Response) -> Result<Sent, SendError> {
        let status = response.status();
        let after = retry_after(&response);
        let body = read(response).await;
        if status.is_success() {
            return Ok(PartialSuccess::decode(&body).map_or_else(Sent::default, |p| Sent {
                rejected: p.rejected,
                note: Some(self.words(p.message.as_bytes())).filter(|m| !m.is_empty()),
            }));
        }
        let words = self.words(&body);
        let colon = if words.is_empty() { "" } else { ": " };
        let reason = format!("{} answered {status}{colon}{words}", self.place());
        Err(if may_pass(status) { SendError::Later { reason, after } } else { SendError::Refused { reason } })
    }
}

/// The codes that the specification calls retryable, and redirects: those say that the address or the network is not
/// as it should be, not that the data is bad.
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504) || status.is_redirection()
}

fn bearer(token: &str) -> Result<HeaderValue, SetupError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| SetupError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Seconds only: the form with a date needs clocks that agree, and the back-off serves as well.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Remote for Otlp {
    fn name(&self) -> &'static str {
        "otlp"
    }

    async fn send(&self, batch: &[Item]) -> Result<Sent, SendError> {
        let span = |item: &Item| match item {
            Item::Span(span) => Some(span.clone()),
            Item::Alert(_) => None,
        };
        let spans = batch.iter().filter_map(span).collect();
        let group = ResourceSpans { resource: self.resource.clone(), spans };
        let body = encode_traces(&[group], ("aiobs", &self.version));
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        if let Some((value, _)) = &self.token {
            request = request.header(AUTHORIZATION, value.clone());
        }
        match request.send().await {
            Ok(response) => self.answer(response).await,
            Err(e) => {
                let reason = format!("{} can't be reached: {}", self.place(), cause(&e.without_url()));
                Err(SendError::Later { reason, after: None })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Otlp, OtlpOptions, SetupError};

    fn otlp(endpoint: &str, token: Option<&str>) -> Result<Otlp, SetupError> {
        Otlp::new(OtlpOptions { endpoint, token, version: "1" })
    }

    #[test]
    fn the_path_is_added_once() {
        let path = |endpoint| otlp(endpoint, None).unwrap().url.to_string();
        assert_eq!(path("http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(path("https://host/api/otlp/"), "https://host/api/otlp/v1/traces");
        assert_eq!(path("https://host/v1/traces"), "https://host/v1/traces");
    }

    #[test]
    fn what_is_on_this_machine_is_told_apart() {
        let local = |endpoint| otlp(endpoint, None).unwrap().is_local();
        assert!(local("http://127.0.0.1:4318") && local("http://[::1]:4318") && local("http://localhost:1"));
        assert!(
            !local("https://collector.example") && !local("http://10.0.0.1:4318") && !local("http://0.0.0.0.nip.io")
        );
    }

    #[test]
    fn bad_endpoints_and_tokens_are_told_without_repeating_them() {
        let error = |endpoint, token| otlp(endpoint, token).map(|_| ()).unwrap_err();
        assert_eq!(error("file:///etc/passwd", None), SetupError::Endpoint);
        assert_eq!(error("http://", None), SetupError::Endpoint);
        assert_eq!(error("http://me:hidden@host", None), SetupError::Credentials);
        assert_eq!(error("http://host", Some("a\nb")), SetupError::Token);
    }

    #[test]
    fn the_servers_words_are_tamed() {
        let remote = otlp("http://host", Some("hidden")).unwrap();
        assert_eq!(remote.words(b"{\"code\":3,\"message\":\"no \\u001b[31m\\nhidden!\"}"), "no  [31m [token]!");
        assert_eq!(remote.words(&[b'x'; 900]).len(), super::WORDS);
        assert_eq!(remote.words(&[0xff, 0xfe]), "");
    }
}
