//! A web address of the user's own, which is sent JSON that it can check: with a secret, the header
//! `X-Aiobs-Signature` is `sha256=` and the HMAC-SHA256 (RFC 2104), in hexadecimal digits, of the time in
//! `X-Aiobs-Timestamp`, a dot, and the body.

use super::http::{Http, HttpOptions};
use super::{Alert, ChannelError};
use crate::SendError;
use aiobs_types::Timestamp;
use ring::hmac;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// See the module.
pub struct Webhook {
    pub(super) http: Http,
    secret: Option<hmac::Key>,
}

impl Webhook {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(http: HttpOptions<'_>, secret: Option<&str>) -> Result<Self, ChannelError> {
        let key = secret.map(|s| hmac::Key::new(hmac::HMAC_SHA256, s.as_bytes()));
        Ok(Self { http: Http::new(http, secret.as_slice())?, secret: key })
    }

    pub(super) async fn send(&self, alerts: &[Alert]) -> Result<(), SendError> {
        let body = json!({ "version": 1, "alerts": alerts.iter().map(one).collect::<Vec<_>>() }).to_string();
        let at = (Timestamp::now().0 / 1_000_000_000).to_string();
        let mut headers = vec![("x-aiobs-timestamp", at.clone())];
        if let Some(key) = &self.secret {
            headers.push(("x-aiobs-signature", format!("sha256={}", signature(key, &at, &body))));
        }
        self.http.post(body, &headers).await
    }
}

fn signature(key: &hmac::Key, at: &str, body: &str) -> String {
    let tag = hmac::sign(key, format!("{at}.{body}").as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An alert as receivers see it: a stable interface, described in `docs/alerts.md`.
fn one(a: &Alert) -> Value {
    let time = |t: Timestamp| jiff::Timestamp::from_nanosecond(i128::from(t.0)).map(|t| t.to_string()).ok();
    json!({
        "key": a.key,
        "incident": a.incident,
        "state": a.state.name(),
        "level": a.level.name(),
        "criticality": a.criticality,
        "title": a.title,
        "reason": a.reason,
        "components": a.components,
        "count": a.count,
        "first_seen": time(a.began),
        "last_seen": time(a.last),
        "cause": a.cause,
        "explained_by": a.by,
        "now": a.now,
        "note": a.note,
        "rule": a.rule,
        "held_back": a.held,
        "host": a.host,
    })
}

#[cfg(test)]
mod tests {
    use super::signature;
    use ring::hmac;

    #[test]
    fn the_signature_is_the_one_anybody_computes() {
        // printf '%s' '1700000000.{}' | openssl dgst -sha256 -hmac key
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        assert_eq!(
            signature(&key, "1700000000", "{}"),
            "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
        );
    }
}
