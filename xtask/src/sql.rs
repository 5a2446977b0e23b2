//! `docs/sql.md`, from the table of columns that SQL itself is made from.

use aiobs_store::{SQL_FUNCTIONS, SQL_TABLES};
use anyhow::Result;
use std::fmt::Write as _;

const HEAD: &str = r#"# SQL

`aiobs sql "SELECT ..."` and, in the screen, `7` or `:sql` ask the archive in SQL (the dialect of SQLite, with its
functions, JSON included). `-` reads the statement from standard input. What is stored is seen, also while another
instance writes; records that were read within the last moment may be missing.

```sh
aiobs sql "SELECT bucket(time_ns, '1m') AS minute, count(*) FROM logs('level>=error') GROUP BY minute"
aiobs sql "SELECT component, count(*) AS n FROM logs WHERE level = 'error' GROUP BY component ORDER BY n DESC"
aiobs sql "SELECT time, fields ->> 'http.status' AS status, text FROM logs('latency>500ms since:1h')" --output csv
```

A statement only reads: one SELECT, no other database, no settings, no extension. `--output text|json|csv|markdown` prints;
`--limit N` stops after N rows (1,000; 0: all), `--timeout SECONDS` after a time (300; 0: never); Ctrl-C stops at once. In
the screen 5,000 rows, 32 MiB and two minutes are the bounds, and the last 100 statements are kept in the data directory. A value has 16 MiB at most. What is sorted and grouped goes to
temporary files when it outgrows a small cache, so memory stays flat.

## Quick statements

Conditions on these columns of `logs` leave out whole chunks of the archive, or are tested while it is scanned on two threads:
`id`, `time`, `time_ns`, `severity`, `level`, `source`, `component`, `template`, `trace_id` with `=` (the first four also with `<`,
`<=`, `>`, `>=`), and `text` and `message` with `=`, `LIKE`, `GLOB` and `REGEXP`. `ORDER BY id`, also `DESC`, costs nothing.
Conditions on `fields` are tested row by row; `logs('...')` with the [query language](query.md) inside is quicker.
A name with a dot needs no more than quotes: `fields ->> 'http.status'`.

`time` is readable and sorts right (`time >= '2025-01-07T14'`); `time_ns` is for arithmetic.
"#;

pub(super) fn page() -> Result<String> {
    let mut out = String::from(HEAD);
    out.push_str("\n## Functions\n\nBeside those of SQLite:\n\n| function | gives |\n| --- | --- |\n");
    for (call, about) in SQL_FUNCTIONS {
        writeln!(out, "| `{}` | {} |", call.replace('|', "\\|"), sentence(about))?;
    }
    for table in SQL_TABLES {
        writeln!(
            out,
            "\n## {}\n\n{}.\n\n| column | type | meaning |\n| --- | --- | --- |",
            table.name,
            sentence(table.about)
        )?;
        for c in table.columns {
            writeln!(out, "| `{}` | {} | {} |", c.name, c.kind, sentence(c.about))?;
        }
    }
    Ok(out)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
