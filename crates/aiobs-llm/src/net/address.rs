//! The address of a model server as people write it: `localhost`, `127.0.0.1:11434`, `http://host:port/path`.
//! Used by every provider; never panics.

use super::http::one_line;
use crate::LlmError;
use reqwest::Url;

/// A checked address that ends in `/`.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: Url,
    /// For people: without user, password and final slash.
    pub(crate) shown: String,
    pub(crate) local: bool,
}

/// Reads an address. Without a scheme it is `http` and the given port, if no other is written; `0.0.0.0`, which servers
/// listen on, becomes the loopback address.
pub(crate) fn parse(text: &str, port: Option<u16>) -> Result<Address, LlmError> {
    let bad = |reason: &str| LlmError::BadUrl { url: one_line(text, 120), reason: reason.to_owned() };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(bad("it is empty"));
    }
    let bare = !trimmed.contains("://");
    let full = if bare { format!("http://{trimmed}") } else { trimmed.to_owned() };
    let mut url = Url::parse(&full).map_err(|e| bad(&e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("only http and https are known"));
    }
    let host = url.host_str().ok_or_else(|| bad("it names no host"))?.to_owned();
    if bare && url.port().is_none() && !authority_has_port(trimmed) {
        url.set_port(port).map_err(|()| bad("it cannot have a port"))?;
    }
    if matches!(host.as_str(), "0.0.0.0" | "[::]") {
        url.set_host(Some("127.0.0.1")).map_err(|e| bad(&e.to_string()))?;
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    let local = is_loopback(url.host_str().unwrap_or_default());
    let mut shown = url.clone();
    if shown.set_username("").is_err() || shown.set_password(None).is_err() {
        return Err(bad("it cannot hold a user name"));
    }
    let shown = shown.as_str().trim_end_matches('/').to_owned();
    Ok(Address { url, shown, local })
}

/// `host:80` loses its port when parsed, because 80 is the scheme's own.
fn authority_has_port(bare: &str) -> bool {
    let authority = bare.split(['/', '?', '#']).next().unwrap_or_default();
    let after = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    after.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

impl Address {
    /// With `path` as its path when none was written.
    pub(crate) fn or_path(mut self, path: &str) -> Self {
        if self.url.path() == "/" {
            self.url.set_path(path);
            let mut shown = self.url.clone();
            if shown.set_username("").is_ok() && shown.set_password(None).is_ok() {
                shown.as_str().trim_end_matches('/').clone_into(&mut self.shown);
            }
        }
        self
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| match ip {
            std::net::IpAddr::V4(v4) => v4.is_loopback(),
            std::net::IpAddr::V6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        for (text, url, local) in [
            ("localhost", "http://localhost:11434", true),
            ("127.0.0.1:9999", "http://127.0.0.1:9999", true),
            ("0.0.0.0", "http://127.0.0.1:11434", true),
            ("[::1]:11434", "http://[::1]:11434", true),
            ("http://gpu.example:8080/ollama", "http://gpu.example:8080/ollama", false),
            ("https://user:secret@gpu.example", "https://gpu.example", false),
            ("gpu:80", "http://gpu", false),
        ] {
            let a = parse(text, Some(11434)).unwrap();
            assert_eq!((a.shown.as_str(), a.local), (url, local), "{text}");
            assert!(a.url.path().ends_with('/'));
        }
    }

    #[test]
    fn a_path_is_added_only_where_none_is() {
        for (text, url) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
            ("https://router.example/api/v1/", "https://router.example/api/v1"),
        ] {
            assert_eq!(parse(text, None).unwrap().or_path("/v1/").shown, url);
        }
    }

    #[test]
    fn bad_addresses_are_told_not_panicked_on() {
        for text in
            ["", "  ", "http://", "ftp://x", "http://a b", "http://[::1", "file:///etc", "http://:99999", "x:99999"]
        {
            let e = parse(text, Some(11434)).unwrap_err();
            assert_eq!(e.kind(), "bad_url", "{text}");
        }
    }
}
