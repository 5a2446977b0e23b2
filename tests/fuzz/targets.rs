//! What is fuzzed: one function per kind of bytes that come from outside. Each takes any bytes, must not panic, and
//! checks what must hold for all of them. Driven by `tests/fuzz.rs` on every machine, and by the fuzzer in `fuzz/`.

use aiobs::config::{self, Load};
use aiobs::names;
use aiobs::runtime::{Output, Pipeline, PipelineSetup};
use aiobs::tui::keymap::{self, Chord};
use aiobs::tui::theme::{Depth, Library};
use aiobs_logs::detect::DetectConfig;
use aiobs_logs::filter::{FilterContext, FormatFields, Known, complete, describe, parse_filter};
use aiobs_logs::format::{FormatDef, FormatSet, SourceParser, ZoneRule, fields};
use aiobs_logs::frame::{Assembler, BlockJoiner, Line, LineFramer, LineHint};
use aiobs_logs::incident::BookOptions;
use aiobs_logs::source::CursorTracker;
use aiobs_types::{
    Checkpoint, FileIdentity, IncidentId, NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp,
    flags,
};
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

/// A target: its name in `fuzz/fuzz_targets`, and what it does.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    ("framing", framing),
    ("formats", formats),
    ("timestamps", timestamps),
    ("pipeline", pipeline),
    ("query", query),
    ("chunk", chunk),
    ("chunk_raw", chunk_raw),
    ("checkpoint", checkpoint),
    ("otlp", otlp),
    ("reply", reply),
    ("chords", chords),
    ("theme", theme),
    ("keymap", keymap),
    ("config", config),
    ("own_format", own_format),
];

const NOW: Timestamp = Timestamp(1_736_260_215_000_000_000);

fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// Cuts `data` into pieces: the first byte says how long the pieces are.
fn pieces(data: &[u8]) -> (impl Iterator<Item = &[u8]>, &[u8]) {
    let (size, rest) = data.split_first().map_or((1, data), |(n, rest)| (usize::from(*n) + 1, rest));
    (rest.chunks(size), rest)
}

type Framed = (String, u64, u64, bool, bool);

fn frame<'a>(blocks: impl Iterator<Item = &'a [u8]>) -> Vec<Framed> {
    let (mut framer, mut joiner, mut lines, mut at) = (LineFramer::new(), BlockJoiner::new(), Vec::new(), 0);
    let mut take = |l: Line<'_>| lines.push((l.text.to_owned(), l.offset, l.next_offset, l.cut, l.lossy));
    for block in blocks {
        framer.push(at, block, |line| joiner.push(line, &mut take));
        at += block.len() as u64;
    }
    framer.finish(|line| joiner.push(line, &mut take));
    joiner.flush(&mut take);
    lines
}

/// Any split into blocks gives the same lines; offsets rise and cover everything.
pub(crate) fn framing(data: &[u8]) {
    let (blocks, whole) = pieces(data);
    let lines = frame(blocks);
    assert_eq!(lines, frame(std::iter::once(whole)), "the blocks change the lines");
    let mut at = 0;
    let mut assembler = Assembler::default();
    for (text, offset, next, _, _) in &lines {
        assert!(*offset >= at && next > offset && *next <= whole.len() as u64, "offsets {offset}..{next} after {at}");
        at = *next;
        let hint =
            LineHint { recognised: false, severity: Severity::UNSET, body: (0, text.len() as u32), enveloped: false };
        assembler.classify(text, &hint);
    }
    assert_eq!(at, whole.len() as u64, "bytes without a line");
}

fn builtin() -> &'static Arc<FormatSet> {
    static SET: LazyLock<Arc<FormatSet>> = LazyLock::new(FormatSet::builtin);
    &SET
}

fn check_line(parser: &mut SourceParser, line: &str) {
    let parsed = parser.parse(line, NOW);
    for (start, end) in [parsed.message, parsed.component] {
        assert!(line.get(start as usize..end as usize).is_some(), "{start}..{end} of {line:?}");
    }
    let inner = SourceParser::unwrap(line, &parsed).into_owned();
    let inside = parser.parse_inner(&inner, NOW);
    assert!(inner.get(inside.message.0 as usize..inside.message.1 as usize).is_some(), "inside {inner:?}");
}

/// Detection and parsing in every format: what is found lies in the line.
pub(crate) fn formats(data: &[u8]) {
    thread_local! {
        static NAMES: Vec<String> = builtin().names().map(str::to_owned).collect();
    }
    let Some((which, rest)) = data.split_first() else { return };
    let all = text(rest);
    NAMES.with(|names| {
        let forced = names.get(usize::from(*which)).map(String::as_str);
        let made = SourceParser::new(Arc::clone(builtin()), ZoneRule::Utc, forced, None);
        let mut parser = made.expect("a format that ships");
        for line in all.split('\n') {
            check_line(&mut parser, line);
            for field in fields(builtin(), parser.last_format(), line) {
                assert!(!field.name.is_empty() || field.value.len() <= line.len(), "{line:?}");
            }
        }
    });
}

/// Anything as a time, in a layout of its own: read or not, and the same again.
pub(crate) fn timestamps(data: &[u8]) {
    const SHAPES: &[&str] =
        &["any", "iso", "slashed", "yy/mm/dd", "yymmdd", "m/d/yyyy", "dd-mon", "weekday", "mmdd", "mm-dd", "epoch"];
    static SETS: LazyLock<Vec<Arc<FormatSet>>> = LazyLock::new(|| {
        let set = |shape: &&str| {
            let def = format!("name = \"x\"\nlayout = \"{{time:{shape}}} | {{message}}\"");
            let def: FormatDef = toml::from_str(&def).expect("a definition");
            Arc::new(FormatSet::with_user(vec![def]).expect("a format"))
        };
        SHAPES.iter().map(set).collect()
    });
    const ZONES: &[&str] = &["utc", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "-11:30"];
    let [shape, zone, rest @ ..] = data else { return };
    let set = Arc::clone(&SETS[usize::from(*shape) % SHAPES.len()]);
    let zone = ZoneRule::parse(ZONES[usize::from(*zone) % ZONES.len()]).expect("a zone");
    let line = format!("{} | message", text(rest).replace('\n', " "));
    let read = |now: Timestamp| {
        let mut parser = SourceParser::new(Arc::clone(&set), zone.clone(), Some("x"), None).expect("its format");
        let first = parser.parse(&line, now).time;
        assert_eq!(first, parser.parse(&line, now).time, "read twice, told apart: {line:?}");
        first
    };
    if let Some(time) = read(NOW)
        && let Some(later) = read(Timestamp(NOW.0 + 1))
    {
        assert_eq!(time, later, "a nanosecond later it is another time: {line:?}");
    }
    // Clocks that are far off.
    for now in [i64::MIN, 0, i64::MAX] {
        read(Timestamp(now));
    }
}

fn setup() -> PipelineSetup {
    PipelineSetup {
        formats: Arc::clone(builtin()),
        zone: ZoneRule::Utc,
        forced: Vec::new(),
        detect: DetectConfig::default(),
        lore: None,
        incidents: BookOptions::default(),
        templates: Vec::new(),
        known_incidents: Vec::new(),
        next_incident: IncidentId(1),
        next_record: RecordId(1),
        lessons: Vec::new(),
        state: Vec::new(),
        markers: Vec::new(),
        checkpoints: Vec::new(),
    }
}

type Stored = (Timestamp, u64, Severity, u8, String);

/// Inputs that share a pipeline: making one is most of the work. What is known of earlier lines tells only whether a
/// template is new, and with it what is an anomaly.
const SHARED: u32 = 100;
const BY_HISTORY: u8 = flags::NEW_TEMPLATE | flags::ANOMALY;

fn through<'a>(pipeline: &mut Pipeline, source: SourceId, blocks: impl Iterator<Item = &'a [u8]>) -> Vec<Stored> {
    pipeline.open(source, "/logs/app.log", FileIdentity::default(), 0).expect("a source");
    let (mut outputs, mut at): (Vec<Output>, u64) = (Vec::new(), 0);
    for block in blocks {
        pipeline.data(source, at, block, FileIdentity::default(), NOW, |o| outputs.push(o));
        at += block.len() as u64;
    }
    pipeline.end_of_line(source, NOW);
    outputs.push(pipeline.take(NOW));
    let own = outputs.iter().flat_map(|o| &o.checkpoints).filter(|c| c.source == source);
    assert_eq!(own.map(|c| c.offset).max().unwrap_or(0), at, "the checkpoint does not cover what was read");
    let records = outputs
        .iter()
        .flat_map(|o| o.batch.iter())
        .map(|v| (v.meta.time, v.meta.offset, v.meta.severity, v.meta.flags & !BY_HISTORY, v.text.to_owned()));
    records.collect()
}

/// Bytes to records: the blocks make no difference, and the checkpoint covers everything.
pub(crate) fn pipeline(data: &[u8]) {
    thread_local! {
        static PIPELINE: RefCell<(u32, Option<Pipeline>)> = const { RefCell::new((0, None)) };
    }
    let (blocks, whole) = pieces(data);
    // A panic leaves nothing behind: it is taken out while it is used.
    let (n, pipeline) = PIPELINE.with_borrow_mut(|(n, p)| (*n, p.take()));
    let (n, mut pipeline) = match pipeline {
        Some(pipeline) if n < SHARED => (n + 1, pipeline),
        _ => (1, Pipeline::new(setup()).expect("the rules that ship")),
    };
    let mut records = through(&mut pipeline, SourceId(2 * n), blocks);
    let mut at_once = through(&mut pipeline, SourceId(2 * n + 1), std::iter::once(whole));
    // A line that states no level has the one of the anomaly it is, which goes by what was met before.
    for (a, b) in records.iter_mut().zip(&mut at_once).filter(|(a, b)| a.2 == Severity::UNSET || b.2 == Severity::UNSET)
    {
        (a.2, b.2) = (Severity::UNSET, Severity::UNSET);
    }
    assert_eq!(records, at_once, "the blocks change the records");
    PIPELINE.with_borrow_mut(|kept| *kept = (n, Some(pipeline)));
}

/// The filter language: read or refused with a place; what is read is written so that it reads the same.
pub(crate) fn query(data: &[u8]) {
    let input = text(data);
    let sources = [(SourceId(1), "/logs/app.log".to_owned()), (SourceId(2), "stdin".to_owned())];
    let context = FilterContext { now: NOW, zone: ZoneRule::Utc, sources: &sources };
    match parse_filter(&input, &context) {
        Ok(query) => {
            let again = describe(&query, &sources);
            let read = parse_filter(&again, &context);
            assert_eq!(read.as_ref(), Ok(&query), "{input:?} is written as {again:?}");
            let matcher = aiobs_store::Matcher::with_fields(&query, Some(&field_reader()));
            assert!(matcher.is_ok(), "{input:?} cannot be asked");
        }
        Err(e) => {
            assert!(input.get(e.at.clone()).is_some(), "{:?} is no place in {input:?}", e.at);
            assert!(!e.message.is_empty());
        }
    }
    let names: Vec<String> = sources.iter().map(|s| s.1.clone()).collect();
    let known = Known { sources: &names, components: &names, ..Known::default() };
    for cursor in 0..=input.len().min(64) {
        for c in complete(&input, cursor, &known) {
            assert!(input.get(c.at.clone()).is_some(), "{:?} is no place in {input:?}", c.at);
        }
    }
}

fn field_reader() -> Arc<dyn aiobs_types::FieldReader> {
    Arc::new(FormatFields::new(Arc::clone(builtin()), Box::new(|_, on| on("json"))))
}

/// Records as they are stored, some alike and some not.
fn records() -> RecordBatch {
    let mut batch = RecordBatch::new(RecordId(1));
    for i in 0..200_u64 {
        let text = match i % 4 {
            0 => format!("2025-01-07 14:30:{:02}.{:03} [INFO] shop - request {i} took {} ms", i % 60, i, i * 7 % 90),
            1 => format!("10.0.{}.{} GET /cart/{:x} 200 {}", i % 9, i, i * 0x9e37_79b9, i * 31),
            2 => format!("trace={:032x} größer ▲ worker-{}", u128::from(i) << 70 | 5, i % 5),
            _ => format!("unlike {}", "x".repeat(i as usize % 23)),
        };
        batch.push(NewRecord {
            time: Timestamp(NOW.0 + i as i64 * 1_000_000),
            observed: NOW,
            offset: i * 80,
            source: SourceId(1 + (i % 3) as u32),
            template: TemplateId((i % 4) as u32),
            severity: Severity((i % 25) as u8),
            flags: 0,
            component: ["", "shop", "Shop"][i as usize % 3],
            message: (0, text.len() as u32),
            text: &text,
        });
    }
    batch
}

/// A stored chunk with damage.
pub(crate) fn chunk(data: &[u8]) {
    static SOUND: LazyLock<aiobs_store::fuzzing::Sound> =
        LazyLock::new(|| aiobs_store::fuzzing::stored_chunk(&records()).expect("records are stored"));
    aiobs_store::fuzzing::damaged_chunk(&SOUND, data);
}

/// A chunk's parts behind the checksums.
pub(crate) fn chunk_raw(data: &[u8]) {
    aiobs_store::fuzzing::raw_chunk(data);
}

/// Checkpoints as the archive holds them: read or refused; what was read is written so that it reads the same.
pub(crate) fn checkpoint(data: &[u8]) {
    let Ok(read) = serde_json::from_slice::<Checkpoint>(data) else { return };
    let written = serde_json::to_vec(&read).expect("a checkpoint is written");
    assert_eq!(serde_json::from_slice::<Checkpoint>(&written).ok(), Some(read.clone()));
    // A start from it does not fail.
    let parser = SourceParser::new(Arc::clone(builtin()), ZoneRule::Utc, None, read.format.as_deref());
    parser.expect("an unknown format is found anew").parse("one", NOW);
    if let Some(mut tracker) = CursorTracker::for_source(&read.name, read.cursor.as_deref()) {
        tracker.see("2025-01-07T14:30:15.000000001Z INFO x");
        tracker.settle();
        drop(tracker.token());
    }
    let mut moved = read.clone();
    moved.turn_to(FileIdentity { inode: 9, ..read.identity }, 0);
    assert!(moved.past.len() <= read.past.len().max(Checkpoint::PAST));
}

/// OpenTelemetry's requests: read or refused; what was read is written so that it reads the same.
pub(crate) fn otlp(data: &[u8]) {
    const SCOPE: (&str, &str) = ("aiobs", "1");
    if let Ok(traces) = aiobs_otlp::decode_traces(data) {
        let again = aiobs_otlp::encode_traces(&traces.groups, SCOPE);
        let read = aiobs_otlp::decode_traces(again.as_bytes()).expect("what was written");
        assert!(read.rejected.is_empty(), "{:?} of {again}", read.rejected);
        let spans = |groups: &[aiobs_otlp::ResourceSpans]| groups.iter().map(|g| g.spans.len()).sum::<usize>();
        assert_eq!(spans(&read.groups), spans(&traces.groups));
    }
    if let Ok(logs) = aiobs_otlp::decode_logs(data) {
        let again = aiobs_otlp::encode_logs(&logs.groups, SCOPE);
        let read = aiobs_otlp::decode_logs(again.as_bytes()).expect("what was written");
        assert!(read.rejected.is_empty(), "{:?} of {again}", read.rejected);
        let records = |groups: &[aiobs_otlp::ResourceLogs]| groups.iter().map(|g| g.records.len()).sum::<usize>();
        assert_eq!(records(&read.groups), records(&logs.groups));
    }
}

/// What a model answers.
pub(crate) fn reply(data: &[u8]) {
    aiobs_agents::fuzzing::replies(&text(data));
}

/// Keys of a keymap; one that is read is shown, and reads the same when typed.
pub(crate) fn chords(data: &[u8]) {
    let input = text(data);
    if let Ok(keys) = Chord::parse_sequence(&input) {
        assert!(!keymap::show(&keys).is_empty(), "{input:?}");
        for key in keys {
            assert_eq!(Chord::from_event(key.event()), key, "{input:?}");
        }
    }
}

/// A file of a given name with these bytes.
fn file(name: &str, data: &[u8]) -> PathBuf {
    thread_local! {
        static DIR: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
    }
    DIR.with_borrow_mut(|dir| {
        let dir = dir.get_or_insert_with(|| tempfile::tempdir().expect("a directory"));
        let path = dir.path().join(name);
        std::fs::write(&path, data).expect("a file");
        path
    })
}

/// A user's theme: loaded, or every mistake with its line.
pub(crate) fn theme(data: &[u8]) {
    let path = file("own.toml", data);
    let library = Library::new(path.parent().map(std::path::Path::to_owned));
    for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::None] {
        if let Err(e) = library.load("own", depth) {
            assert!(!e.0.is_empty() && e.to_string().len() > 5);
        }
    }
}

/// A user's keymap: loaded, or every mistake with its line.
pub(crate) fn keymap(data: &[u8]) {
    let path = file("keys.toml", data);
    if let Err(e) = keymap::load("default", Some(&path)) {
        assert!(!e.0.is_empty() && e.to_string().len() > 5);
    }
}

/// A configuration file, and the same text as a flag and in the environment.
pub(crate) fn config(data: &[u8]) {
    let path = file("config.toml", data);
    let load = Load { file: Some(path), names: names::names(None), ..Load::default() };
    match config::load(&load) {
        Ok(config) => assert!(!config::show(&config).is_empty()),
        Err(mistakes) => assert!(!mistakes.0.is_empty() && mistakes.to_string().len() > 5),
    }
    let line = text(data).lines().next().unwrap_or_default().to_owned();
    let env = line.split_once('=').map(|(k, v)| (format!("AIOBS_{}", k.trim().to_uppercase()), v.to_owned()));
    let load = Load { set: vec![line], env: env.into_iter().collect(), names: names::names(None), ..Load::default() };
    drop(config::load(&load));
}

/// A format of the user's own: refused with a reason, or it reads any line.
pub(crate) fn own_format(data: &[u8]) {
    let all = text(data);
    let (definition, lines) = all.split_once("\n---\n").unwrap_or((&all, "2025-01-07 14:30:15 [INFO] shop - x\n{}\n"));
    let Ok(def) = toml::from_str::<FormatDef>(definition) else { return };
    let name = def.name.clone();
    let set = match FormatSet::with_user(vec![def]) {
        Ok(set) => Arc::new(set),
        Err(e) => {
            assert!(!e.to_string().is_empty());
            return;
        }
    };
    let Ok(mut parser) = SourceParser::new(Arc::clone(&set), ZoneRule::Utc, Some(&name), None) else { return };
    for line in lines.split('\n') {
        check_line(&mut parser, line);
        drop(fields(&set, &name, line));
    }
}
