//! Values that leave their range, codes that are new, and all that is neither.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::NewRecord;

struct World {
    values: Values,
    batch: RecordBatch,
    found: Vec<Oddity>,
}

impl World {
    fn new() -> Self {
        Self { values: Values::default(), batch: RecordBatch::new(RecordId(1)), found: Vec::new() }
    }

    fn say(&mut self, second: i64, template: u32, text: &str) {
        self.say_of(second, template, text, text);
    }

    fn say_of(&mut self, second: i64, template: u32, text: &str, message: &str) {
        let start = text.find(message).unwrap() as u32;
        self.batch.push(NewRecord {
            time: Timestamp::from_secs(1_700_000_000 + second),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(1),
            template: TemplateId(template),
            severity: Severity::INFO,
            flags: 0,
            component: "orders",
            text,
            message: (start, start + message.len() as u32),
        });
        if self.batch.len() >= 10 {
            self.read();
        }
    }

    fn read(&mut self) {
        self.found.extend(self.values.observe(&self.batch));
        self.batch = RecordBatch::new(RecordId(self.batch.first.0 + self.batch.len() as u64));
    }

    /// A request a second; `took` says how many milliseconds.
    fn requests(&mut self, from: i64, count: i64, took: impl Fn(i64) -> i64) {
        for n in from..from + count {
            self.say(n, 1, &format!("request {n} took {} ms", took(n)));
        }
        self.read();
    }
}

/// 20 to 90, in no order.
fn ordinary(n: i64) -> i64 {
    20 + n * 7919 % 71
}

#[test]
fn a_measure_that_leaves_its_range_is_told_with_numbers() {
    let mut world = World::new();
    world.requests(0, 1_200, ordinary);
    assert!(world.found.is_empty(), "{:?}", world.found);
    world.requests(1_200, 60, |n| 900 + n % 300);
    let told = world.found.first().unwrap();
    let sentence = told.sentence("request <num> took <num> ms", "/srv/orders.log");
    assert!(sentence.starts_with("orders logged \"request <num> took <num> ms\" with a value of "), "{sentence}");
    assert!(sentence.contains(" of the last 16 were as high; usually 2"), "{sentence}");
    assert_eq!(told.anomaly("request <num> took <num> ms", "x").detector, DetectorKind::Value);
    assert!(world.found.len() <= 7, "told once in ten seconds at most: {}", world.found.len());
}

#[test]
fn single_outliers_slow_ramps_and_tails_are_no_news() {
    let mut world = World::new();
    world.requests(0, 2_000, |n| if n % 9 == 0 { 4_000 } else { ordinary(n) });
    assert!(world.found.is_empty(), "outliers: {:?}", world.found.first());
    let mut world = World::new();
    world.requests(0, 14_400, |n| ordinary(n) * (1_000 + n / 4) / 1_000);
    assert!(world.found.is_empty(), "a ramp to four and a half times within four hours: {:?}", world.found.first());
    let mut world = World::new();
    // Log-normal in looks: from 1 to 5,000.
    world.requests(0, 3_000, |n| (f64::from((n * 7919 % 100) as i32) / 100.0 * 8.5).exp() as i64 + 1);
    assert!(world.found.is_empty(), "a long tail: {:?}", world.found.first());
}

#[test]
fn a_short_trouble_does_not_become_the_usual() {
    let mut world = World::new();
    world.requests(0, 1_200, ordinary);
    world.requests(1_200, 300, |_| 2_000);
    let during = world.found.len();
    assert!(during > 5, "{during}");
    world.requests(1_500, 600, ordinary);
    world.requests(2_100, 60, |_| 2_000);
    assert!(world.found.len() > during, "it is still as odd");
}

#[test]
fn what_stays_is_usual_after_an_hour() {
    let mut world = World::new();
    world.requests(0, 1_200, ordinary);
    world.requests(1_200, 5_000, |_| 2_000);
    let until = world.found.len();
    world.requests(6_200, 2_000, |_| 2_000);
    assert_eq!(world.found.len(), until);
}

#[test]
fn counters_and_numbers_without_a_meaning_are_left_alone() {
    let mut world = World::new();
    for n in 0..3_000_i64 {
        world.say(n, 1, &format!("sent {} messages so far", if n < 1_500 { n } else { n * n }));
        world.say(n, 2, &format!("order {} created for user {}", n * 17, if n < 2_000 { n % 50 } else { 9_000_000 }));
    }
    world.read();
    assert!(world.found.is_empty(), "{:?}", world.found.first());
}

#[test]
fn a_code_never_seen_that_comes_again_and_again() {
    let codes = [200, 200, 200, 201, 304, 404];
    let line = |code: i64| format!("\"GET /cart HTTP/1.1\" {code} 512");
    let mut world = World::new();
    (0..1_200).for_each(|n: i64| world.say(n, 1, &line(codes[n as usize % 6])));
    // One of them, a good one, and then a bad one.
    world.say(1_200, 1, &line(418));
    (1_201..1_230).for_each(|n| world.say(n, 1, &line(206)));
    world.read();
    assert!(world.found.is_empty(), "{:?}", world.found);
    (1_300..1_320).for_each(|n| world.say(n, 1, &line(if n % 2 == 0 { 499 } else { 200 })));
    world.read();
    let told = world.found.first().unwrap();
    assert_eq!(
        told.sentence("\"GET <path> HTTP/<num>\" <num> <num>", "/var/log/access.log"),
        "orders logged \"\"GET <path> HTTP/<num>\" <num> <num>\" with status 499 5 times in 8 s; in 1233 records before it was \
         200, 201, 206, 304, 404"
    );
}

#[test]
fn fields_beside_the_message_are_watched_as_well() {
    let mut world = World::new();
    let json = |n: i64, ms: i64, status: i64| {
        format!(
            "{{\"ts\":{},\"msg\":\"request done\",\"pid\":{},\"latency_ms\":{ms},\"status\":{status}}}",
            1_700_000_000 + n,
            n * 7
        )
    };
    let logfmt = |n: i64, took: &str| format!("ts={n} msg=\"job done\" dur={took} seq={n}");
    for n in 0..1_200 {
        world.say_of(n, 1, &json(n, ordinary(n), if n % 3 == 0 { 404 } else { 200 }), "request done");
        world.say_of(n, 2, &logfmt(n, &format!("{}ms", ordinary(n))), "job done");
    }
    world.read();
    assert!(world.found.is_empty(), "{:?}", world.found.first());
    for n in 1_200..1_260 {
        world.say_of(n, 1, &json(n, 900 + n % 300, 499), "request done");
        world.say_of(n, 2, &logfmt(n, &format!("{}ms", 900 + n % 300)), "job done");
    }
    world.read();
    let told: std::collections::BTreeSet<(u32, &str)> =
        world.found.iter().map(|o| (o.template.0, o.name.as_str())).collect();
    assert_eq!(told, [(1, "latency_ms"), (1, "status"), (2, "dur")].into());
    let sentences: Vec<String> = world.found.iter().map(|o| o.sentence("x", "y")).collect();
    assert!(sentences.iter().any(|s| s.contains("with latency_ms ") && s.contains("; usually 2")), "{sentences:?}");
    assert!(sentences.iter().any(|s| s.contains("with dur ") && s.contains(" ms to ")), "{sentences:?}");
}

#[test]
fn what_was_learnt_outlives_a_restart() {
    let mut world = World::new();
    world.requests(0, 1_200, ordinary);
    let code = |code: i64| format!("\"GET /cart HTTP/1.1\" {code} 512");
    (0..1_200).for_each(|n: i64| world.say(n, 2, &code(if n % 2 == 0 { 200 } else { 404 })));
    world.read();
    let blobs = world.values.take_state(true);
    assert_eq!((blobs.len(), world.values.take_state(true).len()), (2, 0));
    let told = |blobs: &[(String, Vec<u8>)]| {
        let mut again = World::new();
        again.values.restore(blobs);
        again.requests(1_300, 40, |n| 900 + n % 300);
        (1_340..1_360).for_each(|n| again.say(n, 2, &code(499)));
        again.read();
        again.found.iter().map(|o| o.template.0).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(told(&blobs), [1, 2].into());
    assert_eq!(told(&[]), [].into(), "nothing was learnt");
    let other: Vec<_> = blobs.iter().map(|(name, _)| (name.clone(), b"{\"version\":99}".to_vec())).collect();
    assert_eq!(told(&other), [].into(), "nor from another version");
    let mut again = World::new();
    again.values.restore(&other);
    assert!(again.values.take_state(false).iter().all(|(_, blob)| blob.is_empty()), "it is forgotten");
}

#[test]
fn no_number_of_statements_takes_more_room() {
    let mut world = World::new();
    for n in 0..100_000_u32 {
        world.say(i64::from(n / 1_000), 1 + n % 20_000, &format!("took {} ms", n % 90));
    }
    world.read();
    let (plans, statements) = world.values.sizes();
    assert!(plans <= 1 << 15 && statements <= STATEMENTS, "{plans} {statements}");
}
