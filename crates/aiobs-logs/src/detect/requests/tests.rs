//! Attacks of each kind in the forms in which they come, and what looks like one and is none.

use super::*;
use aiobs_types::{NewRecord, RecordId};

struct World {
    requests: Requests,
    batch: RecordBatch,
    second: i64,
}

impl World {
    fn new() -> Self {
        Self { requests: Requests::default(), batch: RecordBatch::new(RecordId(1)), second: 0 }
    }

    /// All records have one template, as requests do.
    fn say(&mut self, text: &str) {
        self.second += 1;
        self.batch.push(NewRecord {
            time: Timestamp::from_secs(1_700_000_000 + self.second),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(1),
            template: TemplateId(1),
            severity: Severity::INFO,
            flags: 0,
            component: "",
            text,
            message: (0, text.len() as u32),
        });
    }

    fn found(&mut self) -> Vec<Anomaly> {
        let all: Vec<u32> = (0..self.batch.len() as u32).collect();
        let found = self.requests.observe(&self.batch, &all);
        self.batch = RecordBatch::new(RecordId(self.batch.first.0 + self.batch.len() as u64));
        found
    }
}

fn access(request: &str, status: u16) -> String {
    agent(request, status, "Mozilla/5.0 (X11; Linux x86_64)")
}

fn agent(request: &str, status: u16, agent: &str) -> String {
    format!("203.0.113.9 - - [07/Jan/2025:14:22:31 +0000] \"{request} HTTP/1.1\" {status} 153 \"-\" \"{agent}\"")
}

/// Titles of what is found in these lines, after ordinary ones.
fn titles(lines: &[String]) -> Vec<String> {
    let mut w = World::new();
    (0..50).for_each(|n| w.say(&access(&format!("GET /item/{n}?page={n}"), 200)));
    assert!(w.found().is_empty());
    for line in lines {
        w.say(line);
    }
    let mut all: Vec<String> = w.found().into_iter().map(|a| a.title).collect();
    all.dedup();
    all
}

#[test]
fn each_form_of_an_attack_is_seen_among_ordinary_requests() {
    let three = |request: &str, status| vec![access(request, status); 3];
    for request in [
        "GET /../../../../etc/passwd",
        "GET /static/..%2f..%2f..%2fetc%2fpasswd",
        "GET /cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh",
        "GET /%2e%2e/%2e%2e/%2e%2e/windows/win.ini",
        "GET /a/..%252f..%252fetc/hosts",
        "GET /manager/..;/..;/host-manager",
        "GET /download?file=../../../../proc/self/environ",
        "GET /view?page=..\\..\\boot.ini",
    ] {
        assert_eq!(titles(&three(request, 404)), [Sign::Traversal.title()], "{request}");
    }
    for request in [
        "GET /item?id=1%27%20UNION%20SELECT%20null,version()--",
        "GET /item?id=1+union/**/all+select+1,2",
        "GET /search?q=1' or '1'='1",
        "GET /login?user=admin%27--&pw=x",
        "GET /item?id=1;SELECT+pg_sleep(5)--",
        "GET /item?id=1%20AND%20SLEEP(5)",
        "GET /item?id=7+or+1=1",
        "GET /item?id=1;WAITFOR%20DELAY%20'0:0:5'",
        "GET /item?id=extractvalue(1,concat(0x7e,version()))",
        "GET /x?t=information_schema.tables",
        "GET /item?id=3;drop%20table%20users",
    ] {
        assert_eq!(titles(&three(request, 500)), [Sign::SqlInjection.title()], "{request}");
    }
    let json = r#"{"request":{"remote_ip":"203.0.113.9","method":"GET","uri":"/../../etc/passwd"},"status":400}"#;
    let mut w = World::new();
    (0..3).for_each(|_| w.say(json));
    assert_eq!(w.found().len(), 1, "the third of them");
}

#[test]
fn one_try_that_was_answered_is_told_at_once_and_one_that_was_not_is_none() {
    let one = |request: &str, status| titles(&[access(request, status)]);
    assert_eq!(one("GET /../../etc/passwd", 200), [Sign::Traversal.title()]);
    assert!(one("GET /../../etc/passwd", 404).is_empty());
    assert_eq!(one("GET /.env", 200), [Sign::Exposed.title()]);
    assert_eq!(one("GET /shop/.git/config", 200), [Sign::Exposed.title()]);
    assert!(one("GET /.env", 404).is_empty());
    let mut w = World::new();
    w.say(&access("GET /item?id=1'+union+select+1", 200));
    let found = w.found();
    assert_eq!(found[0].severity, Severity::ERROR);
    assert!(found[0].reason.contains("from 203.0.113.9, answered 200"), "{}", found[0].reason);
}

#[test]
fn a_scanner_is_one_that_asks_for_many_things_that_are_not_here() {
    let paths = ["/wp-login.php", "/.env", "/phpmyadmin/", "/vendor/phpunit/x.php", "/actuator/env", "/.git/HEAD"];
    let scan: Vec<String> = paths.iter().map(|p| access(&format!("GET {p}"), 404)).collect();
    assert_eq!(titles(&scan), [Sign::Scan.title()]);
    assert!(titles(&scan[..4]).is_empty(), "a few are the weather of the internet");
    assert!(titles(&vec![scan[0].clone(); 40]).is_empty(), "one thing again and again is a lost client");
    let tool: Vec<String> = (0..8).map(|n| agent(&format!("GET /{n}"), 404, "gobuster/3.6")).collect();
    assert_eq!(titles(&tool), [Sign::Scan.title()]);
    let site: Vec<String> = paths.iter().map(|p| access(&format!("GET {p}x"), 200)).collect();
    assert!(titles(&site).is_empty(), "what is served is somebody's site");
}

#[test]
fn guessed_passwords_are_many_failures_and_few_successes() {
    let sign_in = |n: usize, status| {
        access("POST /api/v1/login", status).replace("203.0.113.9", &format!("203.0.113.{}", n % 60))
    };
    let mut attack: Vec<String> = (0..40).map(|n| sign_in(n, 401)).collect();
    attack.push(sign_in(41, 200));
    assert_eq!(titles(&attack), [Sign::Login.title()]);
    let mut w = World::new();
    for line in &attack {
        w.say(line);
    }
    let last = w.found().pop().map(|a| a.reason).unwrap_or_default();
    assert!(last.starts_with("40 of 40 sign-ins within 10 min failed, from 40 addresses"), "{last}");
    let busy: Vec<String> = (0..400).map(|n| sign_in(n, if n % 3 == 0 { 401 } else { 200 })).collect();
    assert!(titles(&busy).is_empty(), "people mistype");
    assert!(titles(&(0..12).map(|n| sign_in(n, 401)).collect::<Vec<_>>()).is_empty());
}

#[test]
fn what_looks_like_an_attack_and_is_none_is_left_alone() {
    let calm = [
        access("GET /docs/v1..v2/changes", 200),
        access("GET /compare/main...feature", 200),
        access("GET /a/../b.css", 200),
        access("GET /people/o'brien", 200),
        access("GET /people/o%27brien?tab=1", 200),
        access("GET /search?q=select+a+union+representative", 200),
        access("GET /search?q=rock+and+roll&size=3", 200),
        access("GET /search?q=it%27s+or+nothing", 200),
        access("GET /search?q=nessus+and+nikto", 200),
        access("GET /blog/how-to-drop-a-table", 200),
        access("GET /shop?sleep=8h&mattress=1", 200),
        access("GET /environment", 404),
        access("GET /wp-admin/admin-ajax.php", 200),
        access("GET /loginhelp", 401),
        access("GET /price?min=1&max=2;3", 200),
        access("GET /a?filter=(x%3D1)and(y%3D2)", 200),
        access("GET /etc/passwords-and-you", 200),
        access("GET /backup.sqlite-howto", 200),
        "select count(*) from events union select 1 -- 2 ms".to_owned(),
        "opened ../../etc/passwd.tmpl".to_owned(),
    ];
    for line in &calm {
        assert!(titles(&vec![line.clone(); 30]).is_empty(), "{line}");
    }
}
