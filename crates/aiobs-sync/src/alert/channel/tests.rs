//! Channels against receivers that speak as the real ones do, and the way from the outbox to them.
#![allow(clippy::unwrap_used)]

use super::super::testing::{CA, Http, Smtp, alert, closed};
use super::*;
use crate::alert::{AlertState, ChatKind, HttpOptions, MailOptions, Security};
use crate::{Exporter, Outbox, Pace};
use aiobs_store::{Commit, OutboxEntry, OutboxRow, OutboxState, Reader, Store, Writer};
use jiff::tz::TimeZone;
use std::net::SocketAddr;
use std::sync::Mutex;

const OK: &str = "200 OK\n\nok";

fn templates() -> Arc<Templates> {
    Arc::new(Templates::load(None, TimeZone::UTC).0)
}

fn chat(kind: ChatKind, url: &str, ca: Option<&[u8]>) -> Channel {
    let options = HttpOptions { url, ca, timeout: Duration::from_millis(400) };
    Channel::Chat(Chat::new(kind, options).unwrap())
}

async fn post(address: SocketAddr) -> Result<Option<String>, SendError> {
    let url = format!("http://{address}/services/T0/secret-path");
    chat(ChatKind::Slack, &url, None).send(&[alert(AlertState::Open)], &templates()).await
}

fn later(result: Result<Option<String>, SendError>) -> (String, Option<Duration>) {
    match result {
        Err(SendError::Later { reason, after }) => (reason, after),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_chat_gets_what_it_takes() {
    for (kind, pointer) in [
        (ChatKind::Slack, "/text"),
        (ChatKind::Mattermost, "/text"),
        (ChatKind::Teams, "/attachments/0/content/body/0/text"),
    ] {
        let server = Http::start(&[OK], false).await;
        let channel = chat(kind, &format!("http://{}/hook", server.address), None);
        channel.send(&[alert(AlertState::Diagnosed)], &templates()).await.unwrap();
        let body = server.body(0);
        let text = body.pointer(pointer).and_then(|t| t.as_str()).unwrap_or_else(|| panic!("{kind:?}: {body}"));
        assert!(text.contains("Database refuses connections") && text.contains("Scale orders down"), "{text}");
        assert!(server.seen.lock().unwrap()[0].starts_with("POST /hook HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_never_will_is_refused() {
    let server = Http::start(
        &[
            "429 Too Many Requests\nRetry-After: 7\n\nslow down",
            "500 Internal Server Error\n\n",
            "503 Unavailable\nRetry-After: Wed, 21 Oct 2099 07:28:00 GMT\n\n",
            "404 Not Found\n\nno_service for services/T0/secret-path",
            "302 Found\nLocation: http://elsewhere/\n\n",
            "",
        ],
        false,
    )
    .await;
    let address = server.address;
    let (reason, after) = later(post(address).await);
    assert_eq!(
        (reason, after),
        (format!("{address} answered 429 Too Many Requests: slow down"), Some(Duration::from_secs(7)))
    );
    assert!(later(post(address).await).0.ends_with("answered 500 Internal Server Error"));
    assert!(later(post(address).await).1.is_some_and(|d| d > Duration::from_secs(1 << 30)), "a date");
    let refused = post(address).await.unwrap_err();
    assert!(matches!(refused, SendError::Refused { .. }), "{refused:?}");
    assert!(refused.to_string().contains("404") && !refused.to_string().contains("secret-path"), "{refused}");
    assert!(matches!(post(address).await, Err(SendError::Refused { .. })), "a redirect is not followed");
    assert!(later(post(address).await).0.ends_with("no answer in time"));
    let nobody = closed().await;
    let (reason, _) = later(post(nobody).await);
    assert!(reason.contains(&nobody.to_string()) && reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_and_ca_file_helps() {
    let server = Http::start(&[OK], true).await;
    let url = format!("https://{}/hook", server.address);
    let alerts = [alert(AlertState::Open)];
    let (reason, _) = later(chat(ChatKind::Slack, &url, None).send(&alerts, &templates()).await);
    assert!(reason.contains("certificate") && reason.contains("alerts.ca_file"), "{reason}");
    assert_eq!(server.count(), 0, "nothing was said to it");
    chat(ChatKind::Slack, &url, Some(CA)).send(&alerts, &templates()).await.unwrap();
    assert_eq!(server.count(), 1);
    let bad = Chat::new(ChatKind::Slack, HttpOptions { url: "file:///x", ca: None, timeout: Duration::ZERO });
    assert!(bad.is_err_and(|e| e.0 == "the address is not an http or https address"));
}

#[tokio::test]
async fn pagerduty_joins_and_ends_by_key() {
    let server = Http::start(&["202 Accepted\n\n{\"status\":\"success\"}"], false).await;
    let url = format!("http://{}/v2/enqueue", server.address);
    let options = HttpOptions { url: &url, ca: None, timeout: Duration::from_secs(5) };
    let channel = Channel::PagerDuty(PagerDuty::new(options, "R0UT1NG").unwrap());
    for state in [AlertState::Open, AlertState::Acknowledged, AlertState::Resolved] {
        channel.send(&[alert(state)], &templates()).await.unwrap();
    }
    let field = |n: usize, pointer: &str| server.body(n).pointer(pointer).cloned().unwrap();
    let actions: Vec<_> = (0..3).map(|n| field(n, "/event_action")).collect();
    assert_eq!(actions, ["trigger", "acknowledge", "resolve"]);
    for n in 0..3 {
        assert_eq!((field(n, "/routing_key"), field(n, "/dedup_key")), ("R0UT1NG".into(), "aiobs-web-1-0004".into()));
    }
    assert_eq!(field(0, "/payload/summary"), "Database refuses connections (orders, payments)");
    assert_eq!((field(0, "/payload/severity"), field(0, "/payload/source")), ("error".into(), "web-1".into()));
    assert_eq!(field(0, "/payload/timestamp"), "2026-01-05T10:00:00Z");
}

#[tokio::test]
async fn a_webhook_is_signed() {
    let server = Http::start(&["204 No Content\n\n"], false).await;
    let url = format!("http://{}/in", server.address);
    let options = HttpOptions { url: &url, ca: None, timeout: Duration::from_secs(5) };
    let hook = Channel::Webhook(Webhook::new(options, Some("shared secret")).unwrap());
    hook.send(&[alert(AlertState::Open)], &templates()).await.unwrap();
    let seen = server.seen.lock().unwrap()[0].clone();
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with(name)).unwrap();
        line.split_once(": ").unwrap().1.to_owned()
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"shared secret");
    let hex = header("x-aiobs-signature").strip_prefix("sha256=").unwrap().to_owned();
    let tag: Vec<u8> = (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
    let said = format!("{}.{body}", header("x-aiobs-timestamp"));
    assert!(ring::hmac::verify(&key, said.as_bytes(), &tag).is_ok());
    assert!(!seen.contains("shared secret"));
    let first = &server.body(0)["alerts"][0];
    assert_eq!((first["state"].as_str(), first["incident"].as_u64()), (Some("open"), Some(4)));
}

fn mail(address: SocketAddr, security: Security, change: impl Fn(&mut MailOptions<'_>)) -> Channel {
    let to = ["Ops <ops@example.com>".to_owned(), "gone@example.com".to_owned()];
    let mut options = MailOptions {
        host: "localhost",
        port: address.port(),
        security,
        login: None,
        from: "aiobs <aiobs@example.com>",
        to: &to,
        ca: Some(CA),
        timeout: Duration::from_secs(5),
    };
    change(&mut options);
    Channel::Mail(Box::new(Mail::new(options).unwrap()))
}

#[tokio::test]
async fn mail_goes_encrypted_to_everybody_it_can() {
    // printf '\0me\0pass' | base64
    let login = Some("AG1lAHBhc3M=");
    for (security, smtp) in [
        (Security::StartTls, Smtp { starttls: true, login, ..Smtp::default() }),
        (Security::Tls, Smtp { tls: true, login, ..Smtp::default() }),
    ] {
        let (address, mails) = smtp.start().await;
        let channel = mail(address, security, |o| o.login = Some(("me", "pass")));
        assert_eq!(channel.send(&[alert(AlertState::Diagnosed)], &templates()).await.unwrap(), None);
        let (to, text) = mails.lock().unwrap()[0].clone();
        assert_eq!(to, ["ops@example.com", "gone@example.com"]);
        for part in [
            "Subject: [aiobs web-1] diagnosed, error: Database refuses connections (#4)",
            "From: aiobs <aiobs@example.com>",
            "Auto-Submitted: auto-generated",
            "References: <aiobs-web-1-0004@web-1>",
            "Content-Type: multipart/alternative",
            "Content-Type: text/plain",
            "Content-Type: text/html",
            "Scale orders down",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}

#[tokio::test]
async fn trouble_with_mail_is_told_for_what_it_is() {
    let alerts = [alert(AlertState::Open)];
    let send = |channel: Channel| async move { channel.send(&alerts, &templates()).await };
    let (address, mails) = Smtp { unknown: Some("gone@"), ..Smtp::default() }.start().await;
    let note = send.clone()(mail(address, Security::None, |_| {})).await.unwrap().unwrap();
    assert!(note.contains("not to gone@example.com") && note.contains("550"), "{note}");
    assert_eq!(mails.lock().unwrap().iter().map(|m| m.0.clone()).collect::<Vec<_>>(), [["ops@example.com"]]);
    let (address, _) = Smtp { unknown: Some("@"), ..Smtp::default() }.start().await;
    let refused = send.clone()(mail(address, Security::None, |_| {})).await.unwrap_err();
    assert!(matches!(&refused, SendError::Refused { reason } if reason.contains("550")), "{refused:?}");
    let (address, _) = Smtp { starttls: true, login: Some("AG1lAHBhc3M="), ..Smtp::default() }.start().await;
    let (reason, _) = later(send.clone()(mail(address, Security::StartTls, |o| o.login = Some(("me", "wrong")))).await);
    assert!(reason.contains("535") && !reason.contains("wrong\""), "{reason}");
    let (reason, _) = later(send.clone()(mail(address, Security::StartTls, |o| o.ca = None)).await);
    assert!(reason.contains("certificate") && reason.contains("ca_file"), "{reason}");
    let (address, mails) = Smtp::default().start().await;
    let (reason, _) = later(send.clone()(mail(address, Security::StartTls, |_| {})).await);
    assert!(reason.to_ascii_lowercase().contains("starttls"), "{reason}");
    assert!(mails.lock().unwrap().is_empty(), "nothing goes in the clear");
    let (reason, _) = later(send(mail(closed().await, Security::None, |_| {})).await);
    assert!(reason.contains("localhost:") && reason.to_ascii_lowercase().contains("refused"), "{reason}");
}

#[test]
fn what_makes_no_sense_is_told_at_the_start() {
    let to = ["ops@example.com".to_owned()];
    let options = MailOptions {
        host: "mail.example.com",
        port: 0,
        security: Security::None,
        login: Some(("me", "hidden")),
        from: "aiobs@example.com",
        to: &to,
        ca: None,
        timeout: Duration::from_secs(1),
    };
    let error = |o: MailOptions<'_>| Mail::new(o).map(|_| ()).unwrap_err().0;
    assert!(error(options).contains("in the clear") && !error(options).contains("hidden"));
    assert!(error(MailOptions { from: "nobody", ..options }).contains("`nobody` is not a mail address"));
    assert_eq!(error(MailOptions { to: &[], ..options }), "`to` names nobody");
    let login = MailOptions { security: Security::Tls, ca: Some(b"nonsense"), ..options };
    assert_eq!(error(login), "ca_file holds no certificates");
    assert!(Mail::new(MailOptions { ca: None, ..login }).is_ok());
}

/// The first holds a connection to what the others keep.
struct Db(Mutex<(Writer, Reader)>, #[expect(dead_code, reason = "kept open")] (Store, tempfile::TempDir));

impl Outbox for Db {
    fn take(&self, remote: &str, limit: u32) -> Result<Vec<OutboxRow>, String> {
        self.0.lock().unwrap().1.outbox(remote, limit).map_err(|e| e.to_string())
    }
    fn ack(&self, remote: &str, through: u64) -> Result<(), String> {
        self.0.lock().unwrap().0.ack_outbox(remote, through).map_err(|e| e.to_string())
    }
    fn state(&self, remote: &str) -> Result<OutboxState, String> {
        self.0.lock().unwrap().1.outbox_state(remote).map_err(|e| e.to_string())
    }
}

fn db(alerts: &[Alert]) -> Arc<Db> {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
    let entry = |a: &Alert| OutboxEntry {
        remote: "alert.slack".into(),
        body: Item::Alert(Box::new(a.clone())).to_body().unwrap(),
    };
    let outbox = alerts.iter().map(entry).collect();
    writer.commit(&Commit { outbox, ..Commit::default() }).unwrap();
    Arc::new(Db(Mutex::new((writer, reader)), (store, dir)))
}

/// Incidents of each message, and what came of it.
type Told = Arc<Mutex<Vec<(Vec<u64>, Outcome)>>>;

fn run(db: &Arc<Db>, server: &Http) -> (Exporter, Told) {
    let heard: Told = Arc::default();
    let kept = Arc::clone(&heard);
    let sender = AlertSender {
        channel_name: "slack",
        outbox_name: "alert.slack",
        channel: chat(ChatKind::Slack, &format!("http://{}/hook", server.address), None),
        templates: templates(),
        max_age: Duration::from_hours(1),
        heard: Box::new(move |d| {
            let incidents = d.alerts.iter().map(|a| a.incident).collect();
            kept.lock().unwrap().push((incidents, d.outcome.clone()));
        }),
    };
    let pace = Pace { first: Duration::from_millis(2), most: Duration::from_millis(8), ..Pace::alerts() };
    let rt = tokio::runtime::Handle::current();
    (Exporter::spawn(&rt, sender, Arc::clone(db) as Arc<dyn Outbox>, pace, |_| {}), heard)
}

async fn until(what: impl Fn() -> bool) {
    let reached = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), reached).await.is_ok(), "never came");
}

#[tokio::test]
async fn alerts_wait_for_a_receiver_that_is_down_and_those_of_a_group_share_a_message() {
    let one = |n: u64, grouped: bool| Alert { incident: n, title: format!("t{n}"), grouped, ..alert(AlertState::Open) };
    let db = db(&[one(1, true), one(2, true), one(3, false), one(4, true)]);
    let server = Http::start(&["503 Unavailable\n\n", "503 Unavailable\n\n", OK], false).await;
    let (exporter, heard) = run(&db, &server);
    until(|| db.state("alert.slack").unwrap().waiting == 0).await;
    let incidents: Vec<Vec<u64>> = heard.lock().unwrap().iter().map(|h| h.0.clone()).collect();
    assert_eq!(incidents, [vec![1, 2], vec![3], vec![4]]);
    assert_eq!(server.count(), 5, "two failures, three messages");
    let text = server.body(2)["text"].as_str().unwrap().to_owned();
    assert!(text.contains("t1") && text.contains("t2") && !text.contains("t3"), "{text}");
    until(|| exporter.state().sent == 4).await;
}

#[tokio::test]
async fn what_is_too_old_is_given_up_and_told_and_what_is_early_waits() {
    let old = Alert { incident: 1, queued: Timestamp(0), ..alert(AlertState::Open) };
    let bad = Alert { incident: 2, ..alert(AlertState::Open) };
    let due = Timestamp(Timestamp::now().0 + 3_600_000_000_000);
    let early = Alert { incident: 3, due, grouped: true, ..alert(AlertState::Open) };
    let db = db(&[old, bad, early]);
    let server = Http::start(&["400 Bad Request\n\ninvalid_payload", OK], false).await;
    let (exporter, heard) = run(&db, &server);
    until(|| heard.lock().unwrap().len() == 2).await;
    let told = heard.lock().unwrap().clone();
    assert!(matches!(&told[0], (i, Outcome::Failed(why)) if *i == [1] && why.starts_with("too old")), "{told:?}");
    assert!(matches!(&told[1], (i, Outcome::Failed(why)) if *i == [2] && why.contains("invalid_payload")), "{told:?}");
    until(|| db.state("alert.slack").unwrap().waiting == 1).await;
    // The end does not wait for company.
    exporter.stop(Duration::from_secs(20)).await;
    assert_eq!(db.state("alert.slack").unwrap().waiting, 0);
    assert_eq!(heard.lock().unwrap()[2], (vec![3], Outcome::Sent(None)));
}
