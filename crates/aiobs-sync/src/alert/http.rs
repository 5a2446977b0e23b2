//! One HTTP request for the channels that are a web address. The address itself may be a secret: what is said about it
//! is its host, never its path.

use super::ChannelError;
use crate::SendError;
use crate::answer::{cause, read};
use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use reqwest::{Certificate, Client, Response, StatusCode, Url, redirect};
use std::time::Duration;

/// Time for the server to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Characters of a server's words that are repeated.
const WORDS: usize = 160;

/// What a channel over HTTP is made from.
#[derive(Clone, Copy)]
pub struct HttpOptions<'a> {
    /// The address, which may be a secret.
    pub url: &'a str,
    /// Certificates, as PEM, that are trusted beside the usual ones.
    pub ca: Option<&'a [u8]>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

pub(super) struct Http {
    client: Client,
    url: Url,
    /// Never repeated.
    secrets: Vec<String>,
}

impl Http {
    pub(super) fn new(o: HttpOptions<'_>, secrets: &[&str]) -> Result<Self, ChannelError> {
        let wrong = |text: &str| ChannelError(text.to_owned());
        let url = Url::parse(o.url.trim()).map_err(|_| wrong("the address is not an http or https address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("the address is not an http or https address"));
        }
        // A followed redirect could carry the data somewhere else.
        let mut builder =
            Client::builder().connect_timeout(CONNECT).timeout(o.timeout).redirect(redirect::Policy::none());
        if let Some(pem) = o.ca {
            let bundle = Certificate::from_pem_bundle(checked(pem)?);
            let bundle = bundle.map_err(|_| wrong("ca_file holds no certificates"))?;
            builder = bundle.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let loopback = is_loopback(url.host_str().unwrap_or_default());
        if loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| wrong("no HTTPS client could be made"))?;
        let path = url.path().trim_matches('/').to_owned();
        let all = secrets.iter().map(|s| (*s).to_owned()).chain([path, url.query().unwrap_or_default().to_owned()]);
        let secrets = all.filter(|s| s.len() > 3).collect();
        Ok(Self { client, url, secrets })
    }

    pub(super) fn is_local(&self) -> bool {
        is_loopback(self.url.host_str().unwrap_or_default())
    }

    /// Host and port, to be shown.
    pub(super) fn place(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Posts JSON; success is any code of 200 to 299.
    pub(super) async fn post(&self, body: String, headers: &[(&'static str, String)]) -> Result<(), SendError> {
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        request = request.header(USER_AGENT, concat!("aiobs/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(response) => self.answer(response).await,
            Err(e) => {
                let reason = format!("{} can't be reached: {}", self.place(), certificate(&cause(&e.without_url())));
                Err(SendError::Later { reason, after: None })
            }
        }
    }

    async fn answer(&self, response: Response) -> Result<(), SendError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let after = retry_after(&response);
        let words = self.words(&read(response).await);
        let colon = if words.is_empty() { "" } else { ": " };
        let reason = format!("{} answered {status}{colon}{words}", self.place());
        Err(if may_pass(status) { SendError::Later { reason, after } } else { SendError::Refused { reason } })
    }

    /// The server's words, fit to be shown: one line, short, and no secret in them.
    fn words(&self, body: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(body).into_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "[secret]");
        }
        let tame = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty());
        tame.collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
    }
}

/// What is meant to be certificates, if it looks so: libraries pass over what they do not know.
pub(super) fn checked(pem: &[u8]) -> Result<&[u8], ChannelError> {
    let begin = b"-----BEGIN CERTIFICATE-----";
    let holds = pem.windows(begin.len()).any(|w| w == begin);
    if holds { Ok(pem) } else { Err(ChannelError("ca_file holds no certificates".to_owned())) }
}

/// "Too early", "too many", and what is the server's own fault.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().to_owned();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = rfc2822::parse(&text).ok()?.timestamp();
    Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
}

/// Words of the TLS library, and what to do about them.
pub(super) fn certificate(words: &str) -> String {
    if words.contains("certificate") {
        return format!("{words} (alerts.ca_file names certificates to trust)");
    }
    words.to_owned()
}
