//! Damage inside the archive: the records of a chunk that cannot be read are told and left out, everything else is read.

use super::told;
use crate::support::{Home, Ran};
use rusqlite::Connection;
use std::fmt::Write as _;
use std::fs;

/// Records imported, some chunks full.
const RECORDS: usize = 20_000;

/// What is done to the chunk that begins with record `?1`, and whether its range is told.
const DAMAGE: &[(&str, &str, bool)] = &[
    (
        "a bit of the texts",
        "UPDATE chunk_data SET text = CAST(substr(text, 1, 99) || x'5A' || substr(text, 101) AS BLOB) WHERE first = ?1",
        true,
    ),
    (
        "a bit of the columns",
        "UPDATE chunk_data SET columns = CAST(substr(columns, 1, 99) || x'5A' || substr(columns, 101) AS BLOB) WHERE first = ?1",
        true,
    ),
    ("the end of the texts", "UPDATE chunk_data SET text = substr(text, 1, length(text) / 2) WHERE first = ?1", true),
    ("nothing is left", "UPDATE chunk_data SET text = x'', columns = x'' WHERE first = ?1", true),
    ("the row is gone", "DELETE FROM chunk_data WHERE first = ?1", true),
    ("an unknown layout", "UPDATE chunk SET format = 99 WHERE first = ?1", true),
    ("a number that is none", "UPDATE chunk SET text_bytes = 'x' WHERE first = ?1", false),
];

fn command(home: &Home, args: &[&str]) -> Ran {
    let ran = home.run(args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
    ran
}

#[test]
fn the_rest_of_a_damaged_archive_is_read_and_what_is_left_out_is_told() {
    let home = Home::new();
    let mut lines = String::new();
    for i in 0..RECORDS {
        writeln!(lines, "2025-01-07 14:30:15 [INFO] shop - request {i} took {} ms", i * 31 % 900).unwrap();
    }
    fs::write(home.path("logs/app.log"), &lines).unwrap();
    told(&home.run(["import", "logs/app.log"]), 0, &["imported 20000 records"]);
    fs::rename(home.path("data"), home.path("sound")).unwrap();
    for (what, sql, ranged) in DAMAGE {
        drop(fs::remove_dir_all(home.path("data")));
        fs::create_dir(home.path("data")).unwrap();
        fs::copy(home.path("sound/aiobs.db"), home.path("data/aiobs.db")).unwrap();
        let db = Connection::open(home.path("data/aiobs.db")).unwrap();
        let second = "SELECT first, count FROM chunk ORDER BY first LIMIT 1 OFFSET 1";
        let (first, count): (i64, i64) = db.query_row(second, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(db.execute(sql, [first]).unwrap(), 1, "{what}");
        drop(db);
        let left = RECORDS - count as usize;
        let range = format!("R{first} to R{}", first + count - 1);
        let tells = |ran: &Ran, by: &str| {
            let said = if *ranged { range.as_str() } else { "left out" };
            assert!(ran.err.contains("damaged") && ran.err.contains(said), "{by}, {what}: {:?}", ran.err);
        };
        let counted = command(&home, &["search", "--count", "request"]);
        assert_eq!(counted.out.trim(), left.to_string(), "search, {what}");
        tells(&counted, "search");
        let exported = command(&home, &["export", "--output", "json"]);
        assert_eq!(exported.out.lines().count(), left, "export, {what}");
        tells(&exported, "export");
        let asked =
            command(&home, &["sql", "--output", "csv", "SELECT count(*) FROM logs WHERE message LIKE '%request%'"]);
        assert_eq!(asked.out.lines().last(), Some(left.to_string().as_str()), "sql, {what}");
        tells(&asked, "sql");
        // It can be written on.
        fs::write(home.path("logs/more.log"), "one more\n").unwrap();
        command(&home, &["import", "logs/more.log"]);
        assert_eq!(command(&home, &["search", "--count", ""]).out.trim(), (left + 1).to_string(), "then, {what}");
    }
}
