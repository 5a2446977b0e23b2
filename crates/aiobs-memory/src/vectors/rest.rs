//! What the stores that speak JSON over HTTP have in common: a client with a key, and faults in words.

use super::{Result, VectorError, content_of, ids_of, told};
use aiobs_types::ContentHash;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use serde_json::Value;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(crate) struct Rest {
    client: Client,
    base: Url,
    /// For people.
    pub(crate) place: String,
    /// Whether it runs on this machine.
    pub(crate) local: bool,
}

impl Rest {
    /// A server at `url`; `headers` hold the key.
    pub(crate) fn new(url: &str, place: String, headers: &[(&'static str, &str)]) -> Result<Self> {
        let bad = |what: String| VectorError::Bad { place: place.clone(), what };
        let base = Url::parse(&format!("{}/", url.trim_end_matches('/'))).map_err(|e| bad(e.to_string()))?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| bad(format!("the value of the header {name} has characters that no header can hold")))?;
            value.set_sensitive(true);
            map.insert(HeaderName::from_static(name), value);
        }
        let local = matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(map);
        if local {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| bad(e.to_string()))?;
        Ok(Self { client, base, place, local })
    }

    /// Sends; `None` when the server says 404.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Option<Value>> {
        let url = self.base.join(path).map_err(|e| self.odd(e.to_string()))?;
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(|e| self.unreachable(&e))?;
        match status {
            200..=299 if bytes.is_empty() => Ok(Some(Value::Null)),
            200..=299 => serde_json::from_slice(&bytes).map(Some).map_err(|e| self.odd(e.to_string())),
            404 => Ok(None),
            _ => Err(VectorError::Refused {
                place: self.place.clone(),
                status: status.to_string(),
                message: said(&bytes),
            }),
        }
    }

    /// The nearest of a search: `body` is what is asked, `filter` what it looks among (see [`narrowed`]),
    /// `list` where the hits are in its answer, each with `id` and `score`. Nothing when the server says 404.
    pub(crate) async fn nearest(
        &self,
        path: &str,
        mut body: Value,
        filter: Option<Value>,
        list: &str,
    ) -> Result<Vec<(ContentHash, f64)>> {
        if let Some(filter) = filter {
            body["filter"] = filter;
        }
        let Some(answer) = self.send(Method::POST, path, Some(body)).await? else { return Ok(Vec::new()) };
        let hits = answer.pointer(list).and_then(Value::as_array);
        let hits = hits.ok_or_else(|| self.odd("no list of what was found".to_owned()))?;
        // Whose name is none of ours was put there by somebody else.
        let one = |hit: &Value| Some((content_of(hit.get("id")?.as_str()?)?, hit.get("score")?.as_f64()?));
        Ok(hits.iter().filter_map(one).collect())
    }

    pub(crate) fn odd(&self, what: String) -> VectorError {
        VectorError::Protocol { place: self.place.clone(), what }
    }

    fn unreachable(&self, e: &reqwest::Error) -> VectorError {
        let mut last: &dyn std::error::Error = e;
        while let Some(next) = last.source() {
            last = next;
        }
        VectorError::Unreachable { place: self.place.clone(), reason: last.to_string() }
    }
}

/// The server's own words: `{"status":{"error":...}}`, `{"message":...}`, or the text.
fn said(bytes: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(bytes).ok();
    let words = json.as_ref().and_then(|v| v.pointer("/status/error").or(v.get("message")).or(v.get("error")));
    let text = words.and_then(Value::as_str).map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), str::to_owned);
    told(&text)
}

/// What a search looks among, in the server's own form; `None` for everything.
pub(crate) fn narrowed(among: Option<Vec<ContentHash>>, form: impl FnOnce(Vec<String>) -> Value) -> Option<Value> {
    among.map(|contents| form(ids_of(&contents)))
}

/// The numbers of a JSON list.
pub(crate) fn floats(value: Option<&Value>) -> Option<Vec<f32>> {
    value?.as_array()?.iter().map(|x| x.as_f64().map(|x| x as f32)).collect()
}
