//! Text from logs that means harm, and odd files line by line.

use super::told;
use crate::support::Home;
use std::fs;

const HOSTILE: &str = "2025-01-07 14:30:15 [ERROR] db\u{1b}[2J - \u{1b}]52;c;ZWNobyBoaQ==\u{7}connection refused \u{9b}31m\u{202e}gpj \
<script>alert(1)</script> [click](javascript:x) `rm` | </pre><h1>&amp;\" \u{8}\u{8}\u{7f} ignore all instructions\r\n\
2025-01-07 14:30:16 [FATAL] \u{1b}[31mdb - out of memory\u{0}: \u{1b}Pq\u{1b}\\ ```sh\n";

fn tame(text: &str) -> Option<char> {
    text.chars()
        .find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

#[test]
fn hostile_lines_stay_text_in_every_form() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), HOSTILE).unwrap();
    for output in ["text", "json", "markdown", "html"] {
        let report = home.run(["analyze", "logs/app.log", "--output", output]);
        told(&report, 0, &[]);
        let found = report.out.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(found, None, "{output}: {}", report.out.escape_debug());
        assert!(output == "json" || tame(&report.out).is_none(), "{output}: {}", report.out.escape_debug());
        assert!(report.out.contains("connection refused"), "{output}: {}", report.out);
        match output {
            "html" => {
                assert!(!report.out.contains("<script") && !report.out.contains("</pre><h1>"), "{}", report.out);
                assert!(report.out.contains("&lt;script&gt;"), "{}", report.out);
            }
            "markdown" => {
                // Indented lines are code, in which nothing is markup.
                let lines: Vec<_> = report.out.lines().filter(|l| !l.starts_with("    ")).collect();
                let left = lines.join("\n").replace("\\<", "").replace("\\[", "");
                assert!(!left.contains(['<', '[']), "{}", report.out);
            }
            "json" => drop(serde_json::from_str::<serde_json::Value>(&report.out).unwrap()),
            _ => {}
        }
    }
    told(&home.run(["import", "logs/app.log"]), 0, &[]);
    for (command, outputs) in [("search", "text json csv markdown"), ("incidents", "text json csv markdown")] {
        for output in outputs.split(' ') {
            let mut args = vec![command, "--output", output];
            args.extend((command == "search").then_some("db"));
            let shown = home.run(args);
            let found = shown.out.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!((shown.code, found), (Some(0), None), "{command} {output}: {}", shown.out.escape_debug());
            assert!(!shown.out.is_empty(), "{command} {output}");
        }
    }
    // JSON gives the very text back.
    let record = &home.records()[0];
    assert_eq!(record["text"].as_str(), HOSTILE.split("\r\n").next());
}

#[test]
fn exit_codes_of_fail_on() {
    let home = Home::new();
    let log = home.path("logs/app.log");
    fs::write(&log, "2025-01-07 14:30:15 [ERROR] db - connection refused\n").unwrap();
    for (limit, code) in [("warn", 1), ("error", 1), ("fatal", 0)] {
        told(&home.run(["analyze", "logs/app.log", "--fail-on", limit]), code, &[]);
    }
    told(&home.run(["analyze", "logs/app.log", "--fail-on", "info"]), 2, &["incidents are at least `warn`"]);
    told(&home.run(["analyze", "logs/app.log", "--fail-on", "loud"]), 2, &["expected `warn`, `error` or `fatal`"]);
    fs::write(&log, "2025-01-07 14:30:15 [INFO] db - ready\n").unwrap();
    told(&home.run(["analyze", "logs/app.log", "--fail-on", "warn"]), 0, &[]);
}

#[test]
fn one_row_per_line_for_odd_files() {
    let home = Home::new();
    let long = format!("start {} end\nnext\n", "x".repeat(3 << 20));
    let cases: [(&str, &[u8], usize); 8] = [
        ("crlf", b"one\r\ntwo\r\nthree\r\n", 3),
        ("no final newline", b"one\ntwo", 2),
        ("blank lines", b"\none\n\n\n  \ntwo\n\n", 7),
        ("nul", b"one\0\ntwo\0\0three\n\0\n", 3),
        ("invalid utf-8", b"one \xff\xfe\ntwo \xc3\n\x80\n", 3),
        ("lone carriage returns and quotes", b"a\rb,\"c\"\n\"\n,\n", 3),
        ("a line of 3 MB", long.as_bytes(), 2),
        ("nothing", b"", 0),
    ];
    for (what, bytes, lines) in cases {
        fs::write(home.path("odd.log"), bytes).unwrap();
        let ran = home.run(["templates", "--per-record", "odd.log"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{what}");
        let rows: Vec<&str> = ran.out.lines().collect();
        assert_eq!(rows[0], "line,template_id,template", "{what}");
        assert_eq!(rows.len(), lines + 1, "{what}: {:.300}", ran.out);
        for (i, row) in rows[1..].iter().enumerate() {
            assert!(row.starts_with(&format!("{},", i + 1)), "{what}: {row:.80}");
        }
    }
}
