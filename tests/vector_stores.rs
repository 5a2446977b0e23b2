//! Vectors in a store beside the archive: moved there and back with nothing lost, found there, and what the program does
//! when the store does not answer. The real binary and a real PostgreSQL with pgvector; skipped where there is none.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "others need more of it")]
mod support;

use aiobs_memory::testkit::Postgresql;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::process::Command;
use support::{Home, Ran, ran};

/// A home with runbooks of many sections in its index, all embedded.
fn home() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("runbooks")).unwrap();
    let section = |n: usize| format!("## Fault {n}\nwhen queue {n} of host-{n} is full, restart worker {n}\n\n");
    let text: String = (0..230).map(section).collect();
    fs::write(home.path("runbooks/all.md"), format!("# All faults\n\n{text}## Disk full\nfree some space\n")).unwrap();
    fs::write(home.path("logs/app.log"), "2025-01-07 14:31:00 [ERROR] orders - connection refused\n").unwrap();
    assert_eq!(home.run(["import", "logs/app.log"]).code, Some(0));
    let indexed = ran(&mut online(&home, &["knowledge", "index"], &[]));
    assert_eq!(indexed.code, Some(0), "{}", indexed.err);
    home
}

/// As [`Home::command`], with the network and these keys of the configuration.
fn online(home: &Home, args: &[&str], set: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aiobs"));
    command.env_clear().env("HOME", home.path("")).env("LANG", "C.UTF-8").env("TZ", "UTC").current_dir(home.path(""));
    command.env("PG_PASSWORD", "s3cret").args(args).arg("--data-dir").arg(home.path("data"));
    for set in ["knowledge.paths=[\"runbooks\"]", "model.url=http://127.0.0.1:9"].iter().chain(set) {
        command.args(["--set", set]);
    }
    command
}

fn database() -> Option<(Postgresql, String)> {
    let server = Postgresql::start()?;
    server.run("postgres", "CREATE ROLE me LOGIN PASSWORD 's3cret'").unwrap();
    server.run("postgres", "CREATE DATABASE ours OWNER me").unwrap();
    server.run("ours", "CREATE EXTENSION vector").unwrap();
    let url = server.url("me", "ours");
    Some((server, url))
}

/// The one table that was made.
fn table(server: &Postgresql) -> String {
    server.value("ours", "SELECT relname FROM pg_class WHERE relname LIKE 'aiobs_%' AND relkind = 'r'").unwrap()
}

/// The vectors of an archive, as bytes.
fn kept(home: &Home) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let path = home.path("data/aiobs.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut rows = db.prepare("SELECT model, content, vector FROM vector ORDER BY content").unwrap();
    rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn vectors_go_to_postgresql_and_back_to_the_bit() {
    let Some((server, url)) = database() else { return };
    let first = home();
    let before = kept(&first);
    assert!(before.len() > 200, "several pages: {}", before.len());
    let to = format!("knowledge.store_url={url}");
    let set = [to.as_str(), "knowledge.store_key_env=PG_PASSWORD"];
    let moving = |home: &Home, args: &[&str]| -> Ran {
        ran(&mut online(home, &[&["knowledge", "migrate"], args].concat(), &set))
    };
    let moved = moving(&first, &["--to", "pgvector"]);
    assert_eq!(moved.code, Some(0), "{}", moved.err);
    let all = before.len();
    let place = url.trim_start_matches("postgres://me@");
    let said = format!("{all} vectors copied from the archive in {}", first.path("data").display());
    assert!(moved.out.starts_with(&said), "{}", moved.out);
    assert!(
        moved.out.ends_with(&format!(" to pgvector {place}, 0 there before; it has {all} vectors\n")),
        "{}",
        moved.out
    );
    assert!(moved.err.contains("now set knowledge.store = \"pgvector\""), "{}", moved.err);

    // Some are lost there: the same command brings exactly these.
    let table = table(&server);
    let lose =
        format!("DELETE FROM {table} WHERE content IN (SELECT content FROM {table} ORDER BY content DESC LIMIT 7)");
    server.run("ours", &lose).unwrap();
    let again = moving(&first, &["--to", "pgvector"]);
    let said = format!("{} there before; it has {all} vectors", all - 7);
    assert!(again.out.starts_with("7 vectors copied") && again.out.contains(&said), "{}", again.out);

    // Into an archive that has never seen the texts.
    let second = Home::new();
    fs::create_dir(second.path("runbooks")).unwrap();
    let back = moving(&second, &["--from", "pgvector", "--to", "sqlite"]);
    assert_eq!(back.code, Some(0), "{}", back.err);
    assert!(
        back.out.starts_with(&format!("{all} vectors copied from pgvector {place} to the archive in ")),
        "{}",
        back.out
    );
    assert_eq!(kept(&second), before);

    let same = moving(&first, &["--to", "sqlite"]);
    assert_eq!(
        (same.code, &*same.err),
        (Some(2), "aiobs: the vectors are in sqlite already; name another store with --to\n")
    );
    let offline = first.run(["knowledge", "migrate", "--to", "pgvector"]);
    assert_eq!(offline.code, Some(2));
    assert!(offline.err.contains("--offline uses no network"), "{}", offline.err);
}

#[test]
fn a_store_that_fails_is_told_and_the_archive_answers() {
    let Some((server, url)) = database() else { return };
    let home = home();
    let to = format!("knowledge.store_url={url}");
    let set = ["knowledge.store=pgvector", to.as_str(), "knowledge.store_key_env=PG_PASSWORD"];
    let find = || {
        let question = ["search", "--semantic", "no space left", "--output", "json", "--limit", "1"];
        ran(&mut online(&home, &question, &set))
    };
    let good = find();
    assert!(good.code == Some(0) && good.out.contains("Disk full"), "{}{}", good.out, good.err);
    assert!(!good.err.contains("vector store"), "{}", good.err);
    let stored = server.value("ours", &format!("SELECT count(*) FROM {}", table(&server))).unwrap();
    assert_eq!(stored, kept(&home).len().to_string(), "the search brought the vectors there");
    let check = ran(&mut online(&home, &["knowledge", "check"], &set));
    assert_eq!(check.code, Some(0), "{}", check.out);
    assert!(check.out.contains("answers, 2"), "{}", check.out);

    server.run("postgres", "ALTER ROLE me PASSWORD 'other'").unwrap();
    let check = ran(&mut online(&home, &["knowledge", "check"], &set));
    assert_eq!(check.code, Some(3), "{}", check.out);
    assert!(check.out.contains("(28P01): password authentication failed for user \"me\""), "{}", check.out);
    let place = url.trim_start_matches("postgres://me@").to_owned();
    drop(server);
    let down = find();
    assert!(down.code == Some(0) && down.out.contains("Disk full"), "{}{}", down.out, down.err);
    let told = format!("no vector store at pgvector {place} (");
    assert!(down.err.contains(&told) && down.err.contains("vectors by words answer"), "{}", down.err);
}

#[test]
fn what_does_not_go_together_is_told_at_once() {
    let home = Home::new();
    for (set, told) in [
        (&["knowledge.store=pgvector", "knowledge.store_url=http://x:1"][..], "begins with postgres://"),
        (&["knowledge.store=qdrant", "knowledge.store_url=postgres://x/y"], "qdrant wants an address"),
        (&["knowledge.store_url=postgres://me:s3cret@x/y"], "the password belongs in a variable or a file"),
        (&["knowledge.store_url=postgres://x/y?sslmode=allow"], "use require"),
        (&["knowledge.store_key_env=A", "knowledge.store_key_file=b"], "both say where the key is"),
    ] {
        let said = ran(&mut online(&home, &["knowledge", "check"], set));
        assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
        assert!(said.err.contains(told) && !said.err.contains("s3cret"), "{}", said.err);
    }
}
