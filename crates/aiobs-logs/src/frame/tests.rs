//! Framing does not depend on the blocks; traces of each language stay one record.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Assembler, BlockJoiner, Join, Line, LineFramer, LineHint, MAX_LINE, MAX_RECORD_LINES};
use aiobs_types::Severity;
use proptest::prelude::*;

type Owned = (String, u64, u64, bool, bool);

fn own(line: Line<'_>) -> Owned {
    (line.text.to_owned(), line.offset, line.next_offset, line.cut, line.lossy)
}

fn frame(blocks: &[&[u8]]) -> Vec<Owned> {
    let (mut framer, mut lines, mut at) = (LineFramer::new(), Vec::new(), 0);
    for block in blocks {
        framer.push(at, block, |line| lines.push(own(line)));
        at += block.len() as u64;
    }
    framer.finish(|line| lines.push(own(line)));
    lines
}

fn texts(input: &[u8]) -> Vec<String> {
    frame(&[input]).into_iter().map(|l| l.0).collect()
}

#[test]
fn line_breaks_marks_and_bad_bytes() {
    assert_eq!(texts(b"a\r\nb\n\nc"), ["a", "b", "", "c"]);
    assert_eq!(texts(b"\xEF\xBB\xBFa\n\xEF\xBB\xBFb\n"), ["a", "\u{feff}b"]);
    assert_eq!(texts(b"nul\0byte\n"), ["nul\0byte"]);
    let lines = frame(&[b"ok\nbad \xff byte\n"]);
    assert_eq!(lines[0], ("ok".into(), 0, 3, false, false));
    assert_eq!(lines[1], ("bad \u{fffd} byte".into(), 3, 14, false, true));
}

#[test]
fn unfinished_line_is_continued_after_finish() {
    let mut framer = LineFramer::new();
    let mut seen = Vec::new();
    let mut take = |l: Line<'_>| seen.push((l.text.to_owned(), l.offset, l.next_offset, l.continued));
    framer.push(0, b"begin", &mut take);
    framer.finish(&mut take);
    framer.push(5, b" and end\nnext\n", &mut take);
    assert_eq!(
        seen,
        [("begin".into(), 0, 5, false), (" and end".into(), 5, 14, true), ("next".to_owned(), 14, 19, false)]
    );
}

#[test]
fn line_of_100_megabytes_is_cut_in_constant_memory() {
    let block = vec![b'x'; 1 << 18];
    let (mut framer, mut lines, mut at) = (LineFramer::new(), Vec::new(), 0u64);
    for _ in 0..400 {
        framer.push(at, &block, |line| lines.push(own(line)));
        at += block.len() as u64;
    }
    assert!(lines.is_empty());
    assert!(framer.held() <= 2 * MAX_LINE + 2);
    framer.push(at, b"\nafter\n", |line| lines.push(own(line)));
    assert_eq!((lines[0].0.len(), lines[0].2, lines[0].3), (MAX_LINE, at + 1, true));
    assert_eq!(lines[1], ("after".into(), at + 1, at + 7, false, false));
}

#[test]
fn cut_falls_between_characters() {
    let mut input = "é".repeat(MAX_LINE).into_bytes();
    input[0] = b'x';
    input[1] = b'x';
    input.insert(0, b'x');
    input.push(b'\n');
    let lines = frame(&[&input]);
    assert!(lines[0].3 && !lines[0].4 && lines[0].0.len() >= MAX_LINE - 3);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z ]{0,12}".prop_map(String::into_bytes),
        2 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just("é日\u{1f600}\u{feff}".as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn blocks_do_not_matter_and_offsets_cover_the_input(input in bytes(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let whole = frame(&[&input]);
        let mut ends: Vec<usize> = cuts.iter().map(|c| c.index(input.len() + 1)).collect();
        ends.push(input.len());
        ends.sort_unstable();
        let mut from = 0;
        let blocks: Vec<&[u8]> = ends.iter().map(|&to| { let b = &input[from..to]; from = to; b }).collect();
        prop_assert_eq!(&whole, &frame(&blocks));
        let mut at = 0;
        for line in &whole {
            prop_assert_eq!(line.1, at);
            prop_assert!(line.2 > at);
            at = line.2;
        }
        prop_assert_eq!(at, input.len() as u64);
    }

    #[test]
    fn assembler_takes_anything(lines in prop::collection::vec("\\PC{0,40}", 0..40), recognised: bool, end in 0u32..60) {
        let mut assembler = Assembler::new();
        for line in &lines {
            let hint = LineHint { recognised, severity: Severity::ERROR, body: (end / 2, end), enveloped: recognised };
            assembler.classify(line, &hint);
        }
    }
}

/// Lines that begin with `E `, `I ` or `? ` are recognised by the imaginary format as error, info or no level.
fn records(text: &str) -> Vec<usize> {
    let mut assembler = Assembler::new();
    let mut counts: Vec<usize> = Vec::new();
    for line in text.lines() {
        let severity = match line.get(..2) {
            Some("E ") => Some(Severity::ERROR),
            Some("I ") => Some(Severity::INFO),
            Some("? ") => Some(Severity::UNSET),
            _ => None,
        };
        let body = severity.map_or((0, line.len() as u32), |_| (2, line.len() as u32));
        let hint =
            LineHint { recognised: severity.is_some(), severity: severity.unwrap_or_default(), body, enveloped: false };
        match assembler.classify(line, &hint) {
            Join::Start => counts.push(1),
            Join::Continue => *counts.last_mut().unwrap() += 1,
        }
    }
    counts
}

#[test]
fn java_trace_is_one_record() {
    let trace = "E request failed\njava.lang.IllegalStateException: no connection\n\tat com.shop.Db.get(Db.java:10)\n\tat com.shop.Api.run(Api.java:7)\nCaused by: java.net.ConnectException: refused\n\tat java.net.Socket.connect(Socket.java:1)\n\tSuppressed: java.io.IOException: x\n\t... 12 more\nI next";
    assert_eq!(records(trace), [8, 1]);
    assert_eq!(records("I fine\njava.lang.Error: x\n\tat a.B.c(D.java:1)\nI fine"), [1, 2, 1]);
    assert_eq!(
        records(
            "Exception in thread \"main\" java.lang.RuntimeException: x\n\tat a.B.c(D.java:1)\nCaused by: a.E: y\n\t... 1 more\nI fine"
        ),
        [4, 1]
    );
}

#[test]
fn python_traceback_is_one_record() {
    let plain = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nValueError: bad";
    assert_eq!(records(&format!("E failed\n{plain}\nI next")), [5, 1]);
    assert_eq!(records(&format!("I fine\n{plain}\nI next")), [1, 4, 1]);
    let chained = format!("{plain}\n\nDuring handling of the above exception, another exception occurred:\n\n{plain}");
    assert_eq!(records(&format!("E failed\n{chained}\nI next")), [12, 1]);
    assert_eq!(records(&format!("{plain}\n{plain}")), [4, 4]);
    assert_eq!(
        records("E failed: Traceback (most recent call last):\n  File \"a.py\", line 1\nredis.Timeout: gone\nplain"),
        [3, 1]
    );
}

#[test]
fn go_panic_is_one_record() {
    let panic = "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.(*Shop).handler(0xc000012345, {0x1, 0x2})\n\t/app/main.go:42 +0x1d\nnet/http.HandlerFunc.ServeHTTP(...)\n\t/usr/lib/go/src/net/http/server.go:2136\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/usr/lib/go/x.go:1\nexit status 2";
    assert_eq!(records(&format!("I fine\n{panic}\nI next")), [1, 10, 1]);
    assert_eq!(records(&format!("E failed\n{panic}\nI next")), [11, 1]);
    assert_eq!(
        records("? http: panic serving 10.0.0.1:5: boom\ngoroutine 7 [running]:\nmain.f()\n\t/a.go:1\n? next"),
        [4, 1]
    );
}

#[test]
fn rust_panic_is_one_record() {
    let panic = "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/x/library/std/src/panicking.rs:1:5\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
    assert_eq!(records(&format!("I fine\n{panic}\nI next")), [1, 6, 1]);
    assert_eq!(records(&format!("E failed\n{panic}\nplain line")), [7, 1]);
}

#[test]
fn node_and_dotnet_traces_are_one_record() {
    let node = "/srv/app/index.js:12\n    throw new TypeError('x')\n    ^\n\nTypeError: x\n    at run (/srv/app/index.js:12:9)\n    at Object.<anonymous> (/srv/a.js:1:1) {\n  code: 'E_X'\n}\n\nNode.js v18.17.0";
    assert_eq!(records(&format!("I fine\n{node}\nI next")), [1, 11, 1]);
    assert_eq!(
        records("E failed\nError: connect ECONNREFUSED\n    at TCP (node:net:1:1) {\n  errno: -111\n}\nI next"),
        [5, 1]
    );
    let dotnet = "Unhandled exception. System.InvalidOperationException: x\n ---> System.IO.IOException: y\n   at Shop.Api.Get() in /src/Api.cs:line 12\n   --- End of inner exception stack trace ---\n   at Shop.Main()";
    assert_eq!(records(&format!("I fine\n{dotnet}\nI next")), [1, 5, 1]);
}

#[test]
fn other_lines_start_records() {
    assert_eq!(records("one\ntwo\nthree"), [1, 1, 1]);
    assert_eq!(records("  one\n  two"), [1, 1]);
    assert_eq!(records("I sent\n  key: value\n  other: 1\nplain"), [3, 1]);
    assert_eq!(records("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}"), [3, 3]);
    let long = format!("E failed\n{}", "\tat a.B.c(D.java:1)\n".repeat(MAX_RECORD_LINES + 5));
    assert_eq!(records(&long)[0], MAX_RECORD_LINES);
}

#[test]
fn envelopes_are_looked_into() {
    let mut assembler = Assembler::new();
    let mut join = |line: &str, severity| {
        let hint = LineHint { recognised: true, severity, body: (3, line.len() as u32), enveloped: true };
        assembler.classify(line, &hint)
    };
    assert_eq!(join("T: request failed", Severity::ERROR), Join::Start);
    assert_eq!(join("T: java.lang.Error: x", Severity::ERROR), Join::Continue);
    assert_eq!(join("T: \tat a.B.c(D.java:1)", Severity::ERROR), Join::Continue);
    assert_eq!(join("T: request served", Severity::INFO), Join::Start);
}

#[test]
fn only_a_record_that_may_grow_is_held() {
    let mut assembler = Assembler::new();
    let hint = |severity| LineHint { recognised: true, severity, body: (0, 7), enveloped: false };
    assert!(!assembler.expects_more());
    assembler.classify("started", &hint(Severity::INFO));
    assert!(!assembler.expects_more());
    assembler.classify("crashed", &hint(Severity::ERROR));
    assert!(assembler.expects_more());
}

/// Text, offset and end of what the joiner makes of a text.
fn joined(text: &str) -> Vec<(String, u64, u64)> {
    let (mut framer, mut joiner, mut out) = (LineFramer::new(), BlockJoiner::new(), Vec::new());
    let mut take = |l: Line<'_>| out.push((l.text.to_owned(), l.offset, l.next_offset));
    framer.push(0, text.as_bytes(), |line| joiner.push(line, &mut take));
    framer.finish(|line| joiner.push(line, &mut take));
    joiner.flush(&mut take);
    assert!(!joiner.is_open());
    out
}

fn joined_texts(text: &str) -> Vec<String> {
    joined(text).into_iter().map(|l| l.0).collect()
}

#[test]
fn an_object_over_several_lines_is_one_record() {
    let object = "{\n  \"level\": \"error\",\n  \"msg\": \"a } in { a string \\\" [\",\n  \"list\": [\n    1,\n    {\"a\": 2}\n  ]\n}";
    let text = format!("before\n{object}\n{object}\n{{\"a\":1}}\nbehind");
    assert_eq!(joined_texts(&text), ["before", object, object, "{\"a\":1}", "behind"]);
    assert_eq!(joined(&text)[1].1, 7);
    let listed = "{\n  \"a\": 1\n},\n{\n  \"a\":\n  {\n  }\n}";
    assert_eq!(joined_texts(listed).len(), 2);
}

#[test]
fn what_does_not_close_comes_line_by_line() {
    for text in [
        "{\n  \"a\": 1,\n2025-01-07 14:30:15 [INFO] shop - up\nnext",
        "{\n  \"a\": 1,\n{\"whole\":1}\nnext",
        "{\n  \"torn",
        "{\n]\nnext",
        "{\n  \"a\": 1\n} trailing\nnext",
        "{ not json at all,\nnext",
        "{",
    ] {
        assert_eq!(joined_texts(text), text.split('\n').collect::<Vec<_>>(), "{text}");
    }
    let endless = format!("{{\n{}", "\"a\": 1,\n".repeat(MAX_RECORD_LINES + 10));
    assert_eq!(joined(&endless).len(), MAX_RECORD_LINES + 11);
    // After a line that breaks one object another may begin.
    assert_eq!(joined_texts("{\n  \"a\": 1,\n{\n  \"b\": 2\n}").last().unwrap(), "{\n  \"b\": 2\n}");
}

#[test]
fn queries_runs_and_entries_are_one_record() {
    let slow = "# Time: 250107 14:30:15\n# User@Host: app[app] @ web-1 []\n# Query_time: 4.2  Lock_time: 0.0\nuse shop;\nSET timestamp=1736260215;\nSELECT 1\nFROM carts;";
    let second =
        "# User@Host: app[app] @ web-1 []\n# Query_time: 2.1  Lock_time: 0.0\nSET timestamp=1736260216;\nSELECT 2;";
    assert_eq!(joined_texts(&format!("started\n{slow}\n{second}\n{slow}")), ["started", slow, second, slow]);
    let run = "Start-Date: 2025-01-07  14:30:15\nCommandline: apt install jq\nInstall: jq:amd64 (1.7)\nEnd-Date: 2025-01-07  14:30:19";
    assert_eq!(joined_texts(&format!("\n{run}\n\n{run}\n")), ["", run, "", run]);
    let entry = "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1736260215123456\nMESSAGE=a = b";
    assert_eq!(joined_texts(&format!("{entry}\n\n{entry}\n\n")), [entry, entry]);
    // The empty line behind an entry is read, too.
    assert_eq!(joined(&format!("{entry}\n\n"))[0].2, entry.len() as u64 + 2);
}

proptest! {
    #[test]
    fn joining_loses_and_invents_nothing(pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "  \"a\": 1,", "  \"b\": [", "  ],", "[", "{\"a\": 1}", "# Time: x", "# User@Host: y", "SELECT 1;", "SET timestamp=1;",
        "Start-Date: z", "End-Date: z", "__CURSOR=1", "A=b", "", "text", "\"torn", "},",
    ]), 0..40)) {
        let text: String = pieces.iter().flat_map(|p| [*p, "\n"]).collect();
        let mut at = 0;
        for (line, offset, next) in joined(&text) {
            prop_assert_eq!(offset, at);
            prop_assert!(text[offset as usize..next as usize].starts_with(&line));
            // All that may be left out is the empty line behind an entry of the journal.
            prop_assert!(text[offset as usize + line.len()..next as usize].trim().is_empty());
            at = next;
        }
        prop_assert_eq!(at, text.len() as u64);
    }
}
