//! Good inputs of every target, from which bad ones are made: the samples of the formats, the files that ship, what the
//! documents show.

use std::path::Path;

fn files(folder: &str, suffix: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.to_string_lossy().ends_with(suffix));
    paths.sort();
    paths.iter().map(|p| std::fs::read(p).unwrap()).collect()
}

/// The lines that the formats that ship give as samples.
fn samples() -> Vec<String> {
    let texts = files("assets/formats", ".toml");
    let mut lines = Vec::new();
    for text in texts {
        let file: toml::Table = toml::from_str(&String::from_utf8(text).unwrap()).unwrap();
        collect(&toml::Value::Table(file), &mut lines);
    }
    lines
}

/// Every `line` of a sample, wherever it stands.
fn collect(value: &toml::Value, lines: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            lines.extend(table.get("line").and_then(|l| l.as_str()).map(str::to_owned));
            table.values().for_each(|v| collect(v, lines));
        }
        toml::Value::Array(items) => items.iter().for_each(|v| collect(v, lines)),
        _ => {}
    }
}

fn lead(bytes: &[u8], more: &[u8]) -> Vec<u8> {
    [bytes, more].concat()
}

/// Several samples, one after the other, with a trace between.
fn streams() -> Vec<Vec<u8>> {
    const TRACE: &str = "java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: y\n\
                         \t... 7 more\nTraceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nKeyError: 'x'\n\
                         panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/a/b.go:3 +0x1d\n{\n  \"a\": 1,\n  \"b\": [\n  2]\n}\n";
    let lines = samples();
    let mut all: Vec<Vec<u8>> = lines
        .chunks(5)
        .enumerate()
        .map(|(i, run)| lead(&[(i * 37) as u8], format!("{}\n{TRACE}{}\r\n", run.join("\n"), run[0]).as_bytes()))
        .collect();
    all.push(lead(&[3], TRACE.as_bytes()));
    all.push(lead(
        &[0],
        b"2025-01-07T14:30:15.1Z stdout P half a\n2025-01-07T14:30:15.2Z stdout F line\n\n\r\n\xff\xfe\n",
    ));
    all
}

/// Good inputs of this target.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let texts = |all: &[&str]| all.iter().map(|t| t.as_bytes().to_vec()).collect::<Vec<_>>();
    match target {
        "framing" | "pipeline" => streams(),
        "formats" => samples().iter().enumerate().map(|(i, l)| lead(&[(i % 256) as u8], l.as_bytes())).collect(),
        "timestamps" => times(),
        "query" => texts(&[
            r#"level>=warn service=orders -source=app.log "connection refused" -healthz /re\w+/i latency>500ms since:1h"#,
            "(level=error or timeout) -template=41 user:* status!=200",
            "((a or f(x)) b) || status>=500 path~^/api/ size<=1.5MiB .level=30 größe>1kB",
            "since:\"yesterday 9am\" until:2025-01-07T14:00:00+01:00 level=warn,fatal -component:* @timestamp:2025",
            r"/a\/b/c -/x y/ (a or (b or c d) e) user=* !status!=200",
        ]),
        "chunk" => vec![vec![0, 0, 9, 1], vec![1, 0, 40, 255, 3, 1, 0, 0], vec![4, 0, 3, 7, 6, 0, 0, 1], vec![2; 64]],
        "chunk_raw" => raw_chunks(),
        "checkpoint" => texts(&[
            r#"{"source":1,"name":"/logs/app.log","identity":{"device":1,"inode":2,"head_len":9,"head_hash":77},"offset":120,"format":"json","last_time":1736260215000000000,"records":9,"first_time":1736260215000000000,"past":[{"device":1,"inode":1,"head_len":0,"head_hash":1}],"cursor":"s=1;i=2"}"#,
            r#"{"source":2,"name":"docker:web","identity":{"device":0,"inode":0,"head_len":0,"head_hash":0},"offset":0,"format":null,"last_time":null,"cursor":"2025-01-07T14:30:15.000000001Z 3"}"#,
        ]),
        "otlp" => texts(&[
            r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","name":"x","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,"attributes":[{"key":"n","value":{"intValue":"7"}},{"key":"d","value":{"doubleValue":"NaN"}}],"status":{"code":2,"message":"m"}}]}]}]}"#,
            r#"{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1544712660300000000","observedTimeUnixNano":"1544712660300000000","severityNumber":"SEVERITY_NUMBER_WARN","severityText":"warn","traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"boolValue":true}]}}}]}},"attributes":[{"key":"k","value":{"bytesValue":"AAE="}}]}]}]}]}"#,
        ]),
        "reply" => texts(&[
            "<think>{no}</think>Sure!\n```json\n{\"title\":\"t\",\"cause\":\"c\\u001b[2J\",\"error_class\":\"a.b\",\"criticality\":3,\"confidence\":\"high\",\"claims\":[{\"text\":\"x\",\"records\":[\"R7\",8]}],\"alternatives\":[\"y\"]}\n```",
            r#"{"now":["restart"],"lasting":["x"],"commands":["ls"],"verify":["v"],"rollback":["r"],"risk":"low"}"#,
            r#"{"summary":"All of it.\u202e hidden"}"#,
        ]),
        "chords" => texts(&[
            "g g",
            "ctrl-alt-d",
            "shift-tab",
            "f12",
            "space",
            "minus",
            "C-x a--",
            "S-f1 ü 中",
            "alt-enter pgdn",
        ]),
        "theme" => files("themes", ".toml").into_iter().chain(texts(&[THEME])).collect(),
        "keymap" => files("keymaps", ".toml").into_iter().chain(texts(&[KEYMAP])).collect(),
        "config" => files("tests/invalid_configs", ".toml")
            .into_iter()
            .chain([aiobs::config::init_text().into_bytes()])
            .chain(texts(&[CONFIG]))
            .collect(),
        "own_format" => texts(FORMATS),
        other => panic!("{other} has no good inputs"),
    }
}

const THEME: &str = "inherits = \"dark\"\n[palette]\nred = \"#ff5f6b\"\nsky = { rgb = \"#7aa2f7\", ansi = \"bright blue\" }\n\
                     n = 7\n[roles]\nerror = \"red\"\nselection = { fg = \"text\", bg = \"sky\", bold = true }\n";
const KEYMAP: &str = "inherits = \"emacs\"\nlogs = [\n  { on = \"x\", run = \"exclude_component\" },\n  { on = [\"g g\", \"home\"], \
                      run = \"top\", desc = \"To the beginning\" },\n  { on = \"e\", run = \"none\" },\n]\n";
const CONFIG: &str = "[sources]\npaths = [\"/var/log/*.log\"]\nexclude = [\"*.gz\"]\ntime_zone = \"Europe/Berlin\"\npoll = \"2s\"\n\
                      [[formats]]\nname = \"x\"\nlayout = \"{time:any} {message}\"\n[[detect.patterns]]\nname = \"p\"\nregex = \"a+\"\n\
                      level = \"warn\"\n[archive]\nmax_size = \"2GiB\"\nretention_days = 3\n[ui]\nfps = 30\n";
const FORMATS: &[&str] = &[
    "name = \"x\"\nlayout = \"{time:any} [{level}] {component} - {message}\"\n---\n2025-01-07 14:30:15 [INFO] shop - x",
    "name = \"y\"\nkind = \"json\"\n[keys]\ntime = [\"ts\"]\nmessage = [\"msg\"]\n---\n{\"ts\":1736260215.5,\"msg\":\"x\",\"a\":{\"b\":[1]}}",
    "name = \"z\"\nlayout = \"{time:yymmdd} {skip} <{number}> {message}\"\n---\n250107 14:30:15 x <7> y",
];

fn times() -> Vec<Vec<u8>> {
    let all = [
        "2025-01-07 14:30:15.123456789",
        "2025-01-07T14:30:15,123+05:30",
        "07/Jan/2025:14:30:15 -0800",
        "Jan  7 14:30:15.000001",
        "Tue Jan  7 14:30:15 CET 2025",
        "2025/01/07 14:30:15",
        "25/01/07 02:30:15 PM",
        "250107 14:30:15",
        "1/7/2025 2:30:15 PM",
        "07-Jan-2025 14:30:15.5",
        "0107 14:30:15.000001",
        "01-07 14:30:15.5",
        "1736260215.123456",
        "2025-03-30 02:30:00",
        "29 Feb 2024 23:59:60",
        "9999-12-31 23:59:59",
    ];
    let pick = |(i, t): (usize, &&str)| (0..11).map(|shape| lead(&[shape, i as u8], t.as_bytes())).collect::<Vec<_>>();
    all.iter().enumerate().flat_map(pick).collect()
}

fn raw_chunks() -> Vec<Vec<u8>> {
    use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
    let made = |count: u64, text: &dyn Fn(u64) -> String| {
        let mut batch = RecordBatch::new(RecordId(1));
        for i in 0..count {
            let text = text(i);
            batch.push(NewRecord {
                time: Timestamp(1_736_260_215_000_000_000 + i as i64 * 1_000_000),
                observed: Timestamp(1_736_260_215_000_000_000),
                offset: i * 50,
                source: SourceId(1),
                template: TemplateId((i % 3) as u32),
                severity: Severity::INFO,
                flags: 0,
                component: if i % 2 == 0 { "shop" } else { "" },
                message: (0, text.len() as u32),
                text: &text,
            });
        }
        aiobs_store::fuzzing::seed(&batch)
    };
    vec![
        made(40, &|i| format!("2025-01-07 14:30:15.{:03} request {i} took {} ms", i % 1000, i * 7 % 90)),
        made(30, &|i| format!("10.0.3.{} {:08x} worker-{} größer", i, i * 0x9e37_79b9 % 0xffff_ffff, i % 4)),
        made(3, &|i| format!("only {}", "x".repeat(i as usize))),
        made(60, &|i| if i % 2 == 0 { format!("a{i:04}b") } else { format!("user=u{} same=7 v=1.{:02}", i % 3, i) }),
    ]
}
