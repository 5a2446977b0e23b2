//! A line that is read by its shape gives the record that the long way gives.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::recall::Recall;
use super::tests::{NOW, pipeline};
use super::*;
use std::fmt::Write as _;

/// Lines of many formats; `#` is a digit that differs from line to line, `%` a hexadecimal one, `¤` a per cent sign.
const LINES: &[&str] = &[
    "2025-01-07 14:3#:1#.##3 [INFO] orders - order ##17 placed by customer #: # items, total ##.50 EUR",
    "2025-01-07 14:3#:1#.##3 [ERROR] orders - connection to db-1:5432 refused (pool #/##)",
    "2025-01-07 14:3#:1#.##3 [WARN] gateway - GET /api/v1/orders/##1 took ## ms, retrying with status 5##",
    "2025-01-07 14:3#:1#.##3 [INFO] gateway - GET /api/v1/orders/##1 took ## ms, answered with status #03",
    "2025-01-07 14:3#:1#.##3 [INFO] db.pool - connection # borrowed from pool main (active=# idle=# waiting=0)",
    "2025-01-07 14:3#:1#.##3 [INFO] auth - session %%%%%%%%-1f2e-4a4b-9c9d-%%%%%%%%%%%% opened for user ##",
    "2025-01-07 14:3#:1#.##3 [INFO] auth - file /var/lib/timeout/##%%/x.db written",
    "Jan  7 14:3#:1# web-1 sshd[##12]: Failed password for root from 10.0.#.## port 5##2 ssh2",
    "<3#>Jan  7 14:3#:1# web-1 app[##]: state # reached",
    "10.0.0.# - - [07/Jan/2025:14:3#:1# +0000] \"GET /a/b?x=# HTTP/1.1\" #0# ##1 \"-\" \"agent/#.0\"",
    "10.0.0.# - - [07/Jan/2025:14:3#:1# +0000] \"GET /a/b?x=# HTTP/1.1\" 50# ##1 \"-\" \"agent/#.0\"",
    "10.0.0.# - - [07/Jan/2025:14:3#:1# +0000] \"GET /s?q=#¤2#¤20or¤20¤2##¤2#=¤2## HTTP/1.1\" 200 ##1 \"-\" \"agent/#.0\"",
    "10.0.0.# - - [07/Jan/2025:14:3#:1# +0000] \"GET /item/##'or'#'='# HTTP/1.1\" 404 ##1 \"-\" \"agent/#.0\"",
    "10.0.0.# - - [07/Jan/2025:14:3#:1# +0000] \"GET /wp-login.php?n=# HTTP/1.1\" 404 ##1 \"-\" \"agent/#.0\"",
    "2025-01-07 14:3#:1#.##3 [INFO] gateway - POST /login 40# ##%% from 10.0.0.#",
    "{\"time\":\"2025-01-07T14:3#:1#.##3Z\",\"level\":\"warn\",\"logger\":\"api\",\"msg\":\"took ##ms\",\"trace\":\"%%%%%%%%%%%%\"}",
    "{\"level\":#0,\"time\":17362602##,\"pid\":##,\"hostname\":\"h-#\",\"msg\":\"hello ##\"}",
    "time=2025-01-07T14:3#:1#Z level=error msg=\"query failed\" err=\"dial tcp 10.0.0.#:5432: connection refused\" n=##",
    "time=2025-01-07T14:3#:1#Z level=info msg=\"took ##ms\" component=worker-#",
    "E0107 14:3#:1#.##3456    12## main.go:##] lost connection ## to the edge",
    "I0107 14:3#:1#.##3456    12## main.go:##] heartbeat ##",
    "17362602##.123 INFO scheduler: run ## of job-##",
    "  at com.example.Foo.bar(Foo.java:##)",
    "Traceback (most recent call last):",
    "  File \"/app/x.py\", line ##, in <module>",
    "ValueError: bad thing ##",
    "no time and no level in line ##",
    "",
];

fn fill(line: &str, random: &mut u64) -> String {
    line.chars()
        .map(|c| {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let n = (*random >> 33) as u32;
            match c {
                '#' => char::from(b'0' + (n % 10) as u8),
                '%' => char::from_digit(n % 16, 16).unwrap(),
                '¤' => '%',
                c => c,
            }
        })
        .collect()
}

/// Everything that came of the text, as text; `remember` keeps what was learnt from line to line.
fn told(text: &str, remember: bool) -> String {
    let mut pipeline = pipeline();
    pipeline.open(SourceId(1), "/var/log/app.log", FileIdentity::default(), 0).unwrap();
    let (mut offset, mut out) = (0, String::new());
    for line in text.split_inclusive('\n') {
        if !remember {
            pipeline.core.recall = Recall::default();
        }
        pipeline.data(SourceId(1), offset, line.as_bytes(), FileIdentity::default(), NOW, |_| panic!("not yet full"));
        offset += line.len() as u64;
    }
    pipeline.caught_up(SourceId(1), NOW);
    let output = pipeline.take(NOW);
    for v in output.batch.iter() {
        let (m, message) = (v.meta, v.message());
        let template = output.templates.iter().find(|t| t.id == m.template).map_or("", |t| &t.text);
        let (time, level, offset, flags) = (m.time.0, m.severity, m.offset, m.flags);
        writeln!(out, "{time} {level:?} {offset} {flags:x} {} | {template} | {message}", v.component).unwrap();
    }
    for i in output.incidents {
        writeln!(out, "{} {} {:?} {}", i.title, i.count, i.severity, i.reason).unwrap();
    }
    out
}

/// Each format in a file of its own, and some of them mixed.
#[test]
fn a_line_read_by_its_shape_is_read_as_the_long_way_reads_it() {
    let mut random = 7;
    let mut texts: Vec<String> =
        LINES.iter().map(|line| (0..300).map(|_| fill(line, &mut random) + "\n").collect()).collect();
    // More formats than a parser keeps at hand are read better by shape than without.
    for few in LINES.windows(4) {
        texts.push((0..400).map(|i| fill(few[i * 7 % few.len()], &mut random) + "\n").collect());
    }
    let mut attacks = 0;
    for text in texts {
        let (quick, long) = (told(&text, true), told(&text, false));
        attacks += usize::from(["sign-ins", "SQL injection", "scan of"].iter().any(|attack| long.contains(attack)));
        assert_eq!(quick.lines().zip(long.lines()).find(|(a, b)| a != b), None);
        assert_eq!(quick, long);
    }
    assert!(attacks >= 4, "{attacks}");
}

#[test]
fn most_lines_are_read_by_their_shape() {
    let mut pipeline = pipeline();
    let (mut random, mut offset) = (3, 0);
    pipeline.open(SourceId(1), "/var/log/app.log", FileIdentity::default(), 0).unwrap();
    for i in 0..2000 {
        let line = fill(LINES[i % 6], &mut random) + "\n";
        pipeline.data(SourceId(1), offset, line.as_bytes(), FileIdentity::default(), NOW, |_| {});
        offset += line.len() as u64;
    }
    let (hits, asked) = pipeline.core.recall.hits();
    assert!(hits * 10 > asked * 9, "{hits} of {asked}");
}
