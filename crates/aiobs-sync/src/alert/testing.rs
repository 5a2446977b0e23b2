//! Stand-ins for the receivers of alerts, exact on the wire: an HTTP server and a mail server, with and without TLS.
#![allow(clippy::unwrap_used)]

use super::{Alert, AlertState};
use aiobs_types::{Level, Timestamp};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What signed the stand-ins' certificate; made for these tests alone.
pub(crate) const CA: &[u8] = include_bytes!("testing/ca.pem");

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An incident of which everything is known.
pub(crate) fn alert(state: AlertState) -> Alert {
    let began = Timestamp(1_767_607_200 * 1_000_000_000);
    Alert {
        key: "aiobs-web-1-0004".into(),
        incident: 4,
        state,
        level: Level::Error,
        criticality: Some(5),
        title: "Database refuses connections".into(),
        reason: "orders logged an error that was never seen before".into(),
        components: vec!["orders".into(), "payments".into()],
        count: 1003,
        began,
        last: began,
        cause: Some("The pool was raised".into()),
        by: Some("playbook database".into()),
        now: vec!["Scale orders down".into()],
        note: if state == AlertState::Resolved { "All clear".into() } else { String::new() },
        rule: "all".into(),
        host: "web-1".into(),
        queued: Timestamp::now(),
        due: Timestamp::default(),
        ..Alert::test("web-1")
    }
}

fn acceptor() -> TlsAcceptor {
    let certs = CertificateDer::pem_slice_iter(include_bytes!("testing/server.pem")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testing/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certs, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// An address on which nobody listens.
pub(crate) async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// An HTTP server that gives its answers in order, the last one for ever, and keeps what it was sent.
pub(crate) struct Http {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Http {
    /// Answers are whole responses but for the length; one that is empty never comes.
    pub(crate) async fn start(answers: &'static [&'static str], tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream: Box<dyn Stream> = if tls {
                    let Ok(stream) = acceptor().accept(stream).await else { continue };
                    Box::new(stream)
                } else {
                    Box::new(stream)
                };
                let Some(request) = request(&mut stream).await else { continue };
                let nth = kept.lock().unwrap().len();
                kept.lock().unwrap().push(request);
                let answer = answers[nth.min(answers.len() - 1)];
                if answer.is_empty() {
                    tokio::time::sleep(Duration::from_mins(1)).await;
                }
                let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
                let length = body.len();
                let whole = format!("HTTP/1.1 {head}\nContent-Length: {length}\nConnection: close\n\n{body}");
                let (head, body) = whole.split_once("\n\n").unwrap();
                let _ = stream.write_all(format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n")).as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, seen }
    }

    /// The body of the nth request.
    pub(crate) fn body(&self, nth: usize) -> serde_json::Value {
        let seen = self.seen.lock().unwrap();
        serde_json::from_str(seen[nth].split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn request(stream: &mut Box<dyn Stream>) -> Option<String> {
    let mut all = Vec::new();
    loop {
        let mut byte = [0; 4096];
        let n = stream.read(&mut byte).await.ok().filter(|n| *n > 0)?;
        all.extend_from_slice(&byte[..n]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let length: usize = length.split("content-length: ").nth(1)?.lines().next()?.trim().parse().ok()?;
        if body.len() >= length {
            return Some(text);
        }
    }
}

/// A mail server.
#[derive(Clone, Copy, Default)]
pub(crate) struct Smtp {
    /// Encrypted from the first byte.
    pub(crate) tls: bool,
    /// Offers to encrypt.
    pub(crate) starttls: bool,
    /// What AUTH PLAIN must say, in base64.
    pub(crate) login: Option<&'static str>,
    /// Receivers whose address holds this do not exist.
    pub(crate) unknown: Option<&'static str>,
}

/// What a mail server took: receivers, and the message.
pub(crate) type Mails = Arc<Mutex<Vec<(Vec<String>, String)>>>;

impl Smtp {
    pub(crate) async fn start(self) -> (SocketAddr, Mails) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mails = Mails::default();
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    if self.tls {
                        let Ok(stream) = acceptor().accept(stream).await else { return };
                        self.talk(Box::new(stream), &kept, true, true).await;
                    } else {
                        let Some(plain) = self.talk(Box::new(stream), &kept, false, true).await else { return };
                        let Ok(stream) = acceptor().accept(plain).await else { return };
                        self.talk(Box::new(stream), &kept, true, false).await;
                    }
                });
            }
        });
        (address, mails)
    }

    /// Talks until the end; gives the stream back when it is to be encrypted.
    async fn talk(self, mut s: Box<dyn Stream>, mails: &Mails, secure: bool, greet: bool) -> Option<Box<dyn Stream>> {
        if greet {
            say(&mut s, "220 stand-in ESMTP").await?;
        }
        let (mut to, mut known) = (Vec::new(), self.login.is_none());
        loop {
            let line = line(&mut s).await?;
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let tls = if self.starttls && !secure { "250-STARTTLS\r\n" } else { "" };
                    say(&mut s, &format!("250-stand-in\r\n{tls}250-AUTH PLAIN\r\n250 8BITMIME")).await?;
                }
                "STARTTLS" => {
                    say(&mut s, "220 go ahead").await?;
                    return Some(s);
                }
                "AUTH" => {
                    known = self.login.is_some_and(|l| line.ends_with(l));
                    say(&mut s, if known { "235 welcome" } else { "535 5.7.8 wrong name or password" }).await?;
                }
                "MAIL" if !known => say(&mut s, "530 5.7.0 log in first").await?,
                "RCPT" if self.unknown.is_some_and(|u| line.contains(u)) => {
                    say(&mut s, "550 5.1.1 no such user").await?;
                }
                "RCPT" => {
                    to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                    say(&mut s, "250 ok").await?;
                }
                "DATA" => {
                    say(&mut s, "354 go on").await?;
                    let mut mail = String::new();
                    loop {
                        match self::line(&mut s).await?.as_str() {
                            "." => break,
                            text => mail = mail + text + "\n",
                        }
                    }
                    mails.lock().unwrap().push((std::mem::take(&mut to), mail));
                    say(&mut s, "250 queued").await?;
                }
                "QUIT" => {
                    say(&mut s, "221 bye").await?;
                    return None;
                }
                "RSET" => {
                    to.clear();
                    say(&mut s, "250 ok").await?;
                }
                _ => say(&mut s, "250 ok").await?,
            }
        }
    }
}

async fn say(stream: &mut Box<dyn Stream>, text: &str) -> Option<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn line(stream: &mut Box<dyn Stream>) -> Option<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}
