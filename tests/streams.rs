//! The real binary on streams of other programs: the journal, containers, pods, commands. The programs are stand-ins in
//! `tests/streams` that speak like the real ones.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::{Home, Watch, until};

/// A home with stand-ins on the path.
struct Place {
    home: Home,
}

impl Place {
    fn new(programs: &[&str]) -> Self {
        let home = Home::new();
        let bin = home.path("bin");
        fs::create_dir(&bin).unwrap();
        for program in programs {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams").join(program);
            fs::copy(from, bin.join(program)).unwrap();
        }
        for dir in ["docker.d", "k8s", "journal"] {
            fs::create_dir(bin.join(dir)).unwrap();
        }
        Self { home }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path("bin").join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.file(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.home.path("bin").display()));
        command
    }

    /// Only the stand-ins and nothing of the machine's own.
    fn bare_command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("PATH", self.home.path("bin"));
        command
    }

    fn watch(&self, sources: &[&str]) -> Watch {
        Watch::start(&mut self.command(&[&["watch"], sources].concat()))
    }

    /// The messages of a source, in the order of arrival.
    fn messages(&self, source: &str) -> Vec<String> {
        let of = |r: &Value| r["source"] == source;
        let text = |r: &Value| r["message"].as_str().unwrap().to_owned();
        self.home.records().iter().filter(|r| of(r)).map(text).collect()
    }
}

fn state(watch: &Watch, source: &str) -> (String, String) {
    let last = watch.events().into_iter().rfind(|e| e["event"] == "source" && e["source"] == source);
    let text = |key: &str| last.as_ref().and_then(|e| e[key].as_str()).unwrap_or_default().to_owned();
    (text("state"), text("detail"))
}

fn until_state(watch: &Watch, source: &str, wanted: &str, detail: &str) {
    until(&format!("{source} {wanted} {detail}, is {:?}", state(watch, source)), || {
        let (state, said) = state(watch, source);
        state == wanted && said.contains(detail)
    });
}

/// Lines as `docker logs --timestamps` and `kubectl logs --timestamps` print them; three share a moment.
fn stamped(range: std::ops::Range<u32>) -> String {
    range.fold(String::new(), |mut text, n| {
        let (second, nano) = ((n / 30) % 60, (n % 30) / 3 * 1_000);
        let stream = if n.is_multiple_of(4) { "stderr" } else { "stdout" };
        writeln!(text, "2025-01-07T14:30:{second:02}.{nano:09}Z INFO {stream} line {n}").unwrap();
        text
    })
}

fn expected(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("{} line {n}", if n.is_multiple_of(4) { "stderr" } else { "stdout" })).collect()
}

#[test]
fn a_container_is_read_once_over_broken_connections_and_kills() {
    let place = Place::new(&["docker"]);
    place.append("docker.d/web.log", &stamped(0..30));
    place.append("docker.d/web.up", "");
    place.append("docker.d/cuts", "2");
    let watch = place.watch(&["docker:web"]);
    until("the first lines", || place.messages("docker:web").len() >= 12);
    until_state(&watch, "docker:web", "reconnecting", "unexpected EOF");
    until("all lines", || place.messages("docker:web").len() >= 30);
    drop(watch);
    for round in 1..4 {
        place.append("docker.d/web.log", &stamped(round * 30..round * 30 + 15));
        let watch = place.watch(&["docker:web"]);
        place.append("docker.d/web.log", &stamped(round * 30 + 15..round * 30 + 30));
        until("new lines", || place.messages("docker:web").len() >= (round as usize + 1) * 30);
        // SIGKILL.
        drop(watch);
    }
    // It stops, is started again and says more.
    let watch = place.watch(&["docker:web"]);
    fs::remove_file(place.file("docker.d/web.up")).unwrap();
    until_state(&watch, "docker:web", "reconnecting", "has stopped");
    place.append("docker.d/web.log", &stamped(120..125));
    until("lines after the restart", || place.messages("docker:web").len() >= 125);
    let (code, ..) = watch.stop(Signal::TERM);
    assert_eq!(code, Some(0));
    assert_eq!(place.messages("docker:web"), expected(0..125));
    let info = &place.home.records()[0];
    assert_eq!((info["level"].as_str(), info["component"].as_str()), (Some("info"), Some("web")), "{info}");
    assert_eq!(info["time"], "2025-01-07T14:30:00.000000000Z");
}

#[test]
fn containers_are_found_when_they_start() {
    let place = Place::new(&["docker"]);
    for name in ["shop-a", "shop-b", "other"] {
        place.append(&format!("docker.d/{name}.log"), &stamped(0..3));
        place.append(&format!("docker.d/{name}.up"), "");
    }
    place.append("docker.d/starts", "");
    let watch = place.watch(&["docker:shop-*"]);
    until("both", || place.messages("docker:shop-a").len() + place.messages("docker:shop-b").len() == 6);
    place.append("docker.d/shop-c.log", &stamped(0..5));
    place.append("docker.d/shop-c.up", "");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    place.append("docker.d/starts", &format!("{now} other-2\n{now} shop-c\n"));
    until("the new one", || place.messages("docker:shop-c").len() == 5);
    // One stops, and starts again with more to say.
    fs::remove_file(place.file("docker.d/shop-a.up")).unwrap();
    until_state(&watch, "docker:shop-a", "ended", "");
    place.append("docker.d/shop-a.log", &stamped(3..6));
    place.append("docker.d/shop-a.up", "");
    place.append("docker.d/starts", &format!("{now} shop-a\n"));
    until("more of the first", || place.messages("docker:shop-a").len() == 6);
    assert_eq!(state(&watch, "docker:shop-*").0, "following");
    watch.stop(Signal::INT);
    assert_eq!(place.messages("docker:shop-a"), expected(0..6));
    assert_eq!(place.home.records().len(), 3 + 6 + 5);
}

#[test]
fn pods_of_a_deployment_are_read_as_they_come_and_go() {
    let place = Place::new(&["kubectl"]);
    place.append("k8s/pods", "orders-1 app=orders app sidecar\ncart-1 app=cart app\n");
    place.append("k8s/orders-1.app.log", &stamped(0..10));
    place.append("k8s/orders-1.sidecar.log", &stamped(0..2));
    place.append("k8s/cart-1.app.log", &stamped(0..2));
    let watch = place.watch(&["k8s:shop/deploy/orders", "k8s:shop/cart-1"]);
    until("the first pods", || place.home.records().len() == 14);
    place.append("k8s/orders-2.app.log", &stamped(0..4));
    place.append("k8s/pods", "orders-2 app=orders app\n");
    until("the new pod", || place.messages("k8s:shop/orders-2/app").len() == 4);
    place.append("k8s/orders-1.app.log", &stamped(10..12));
    until("more of the first", || place.messages("k8s:shop/orders-1/app").len() == 12);
    place.append("k8s/orders-1.done", "");
    until_state(&watch, "k8s:shop/orders-1/app", "ended", "");
    drop(watch);
    fs::remove_file(place.file("k8s/orders-1.done")).unwrap();
    place.append("k8s/orders-1.app.log", &stamped(12..70));
    let watch = place.watch(&["k8s:shop/app=orders"]);
    until("the rest", || place.messages("k8s:shop/orders-1/app").len() >= 70);
    watch.stop(Signal::TERM);
    assert_eq!(place.messages("k8s:shop/orders-1/app"), expected(0..70));
    assert_eq!(place.home.records().len(), 70 + 2 + 2 + 4);
    assert!(fs::read_to_string(place.file("k8s/calls")).unwrap().contains("--selector=app=orders"));
}

#[test]
fn the_journal_goes_on_after_the_last_entry_that_is_stored() {
    let place = Place::new(&["journalctl"]);
    let entry = |n: u32| {
        let message = if n.is_multiple_of(5) { "[66,108,111,98,32,255]".to_owned() } else { format!("\"entry {n}\"") };
        let at = 1_736_260_215_000_000u64 + u64::from(n);
        format!(
            "{{\"__CURSOR\":\"s=a;i={n:x};b=c\",\"__REALTIME_TIMESTAMP\":\"{at}\",\"PRIORITY\":\"{}\",\
             \"SYSLOG_IDENTIFIER\":\"sshd\",\"_SYSTEMD_UNIT\":\"ssh.service\",\"MESSAGE\":{message}}}\n",
            if n.is_multiple_of(2) { 3 } else { 6 }
        )
    };
    let entries = |range: std::ops::Range<u32>| range.map(entry).collect::<String>();
    place.append("journal/entries", &entries(1..40));
    for round in 0..4u32 {
        let watch = place.watch(&["journald:ssh"]);
        place.append("journal/entries", &entries(40 + round * 20..60 + round * 20));
        until("new entries", || place.messages("journald:ssh").len() >= 59 + round as usize * 20);
        drop(watch);
    }
    let want: Vec<String> = (1..120u32)
        .map(|n| if n.is_multiple_of(5) { "Blob \u{fffd}".to_owned() } else { format!("entry {n}") })
        .collect();
    assert_eq!(place.messages("journald:ssh"), want);
    let first = &place.home.records()[1];
    assert_eq!((first["level"].as_str(), first["component"].as_str()), (Some("error"), Some("sshd")), "{first}");
    assert_eq!(first["time"], "2025-01-07T14:30:15.000002000Z");
    assert!(fs::read_to_string(place.file("journal/calls")).unwrap().contains("--unit=ssh --follow"));
    // Read once, there is nothing new.
    let ran = support::ran(&mut place.command(&["import", "journald:ssh"]));
    assert!(ran.err.contains("imported 0 records"), "{}", ran.err);
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let place = Place::new(&["docker", "kubectl"]);
    let denied = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: \
                  Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.47/containers/json\": dial unix /var/run/docker.sock: \
                  connect: permission denied\n";
    let watch = Watch::start(&mut place.bare_command(&["watch", "journald:", "docker:nope", "k8s:shop/nope/app"]));
    // No shell and no other program can be found there either.
    until_state(&watch, "journald:", "reconnecting", "not installed: journalctl was not found");
    drop(watch);
    let watch = place.watch(&["docker:nope", "k8s:shop/nope/app"]);
    until_state(&watch, "docker:nope", "reconnecting", "gone: there is no container nope; `docker ps -a`");
    until_state(&watch, "k8s:shop/nope/app", "reconnecting", "gone: Error from server (NotFound)");
    until_state(&watch, "docker:nope", "reconnecting", "attempt 2, next in");
    // It comes to be.
    place.append("docker.d/nope.up", "");
    place.append("docker.d/nope.log", &stamped(0..3));
    until("the container", || place.messages("docker:nope").len() == 3);
    drop(watch);
    place.append("docker.d/refuse", denied);
    let watch = place.watch(&["docker:*"]);
    until_state(&watch, "docker:*", "reconnecting", "denied: may not use the Docker socket");
    drop(watch);
    // Read once, it is told and that is the end.
    let ran = support::ran(&mut place.command(&["import", "docker:nope", "cmd:echo one; exit 4"]));
    assert!(ran.err.contains("docker:nope: denied: may not use the Docker socket"), "{}", ran.err);
    assert!(ran.err.contains("cmd:echo one; exit 4: exit 4"), "{}", ran.err);
    assert!(ran.err.contains("imported 1 record"), "{}", ran.err);
    let ran = support::ran(&mut place.command(&["import", "k8s:shop"]));
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("k8s:shop: the pod is missing; write k8s:NAMESPACE/POD"), "{}", ran.err);
}

/// Processes whose command line has this text.
fn running(text: &str) -> usize {
    let line = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
    fs::read_dir("/proc").unwrap().flatten().map(line).filter(|line| line.contains(text)).count()
}

#[test]
fn commands_are_run_again_and_end_with_us() {
    let place = Place::new(&[]);
    // Told from the sleeps of other tests by its length.
    let length = 70_000 + std::process::id() % 9_000;
    let sleep = format!("sleep\0{length}\0");
    let script = format!("echo started; echo 'to stderr' >&2; printf unfinished; sleep {length} & wait; exit 3");
    let source = format!("cmd:{script}");
    let watch = place.watch(&[&source, "cmd:echo once", "cmd:kill -9 $$"]);
    until("its output", || place.messages(&source).len() == 3);
    assert_eq!(place.messages(&source), ["started", "to stderr", "unfinished"]);
    until_state(&watch, "cmd:echo once", "exited", "exit 0");
    until_state(&watch, "cmd:kill -9 $$", "reconnecting", "killed by signal 9");
    assert_eq!(running(&sleep), 1);
    let pid = fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (line == sleep).then(|| entry.file_name().to_string_lossy().parse::<i32>().unwrap())
    });
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid.unwrap()).unwrap(), Signal::KILL).unwrap();
    until_state(&watch, &source, "reconnecting", "exit 3");
    until("it runs again", || running(&sleep) == 1);
    until("its output again", || place.messages(&source).len() == 6);
    assert_eq!(place.messages("cmd:echo once"), ["once"]);
    // Ended in order, and killed: nothing is left running.
    watch.stop(Signal::TERM);
    assert_eq!(running(&sleep), 0);
    let watch = place.watch(&[&source]);
    until("it runs", || running(&sleep) == 1);
    drop(watch);
    until("it is gone", || running(&sleep) == 0);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(running(&length.to_string()), 0);
}
