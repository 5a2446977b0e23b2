//! Steps that do not come, and all that is no such thing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::NewRecord;

const CREATED: u32 = 1;
const PAID: u32 = 2;

struct World {
    sequences: Sequences,
    batch: RecordBatch,
    found: Vec<Skipped>,
}

impl World {
    fn new() -> Self {
        Self { sequences: Sequences::default(), batch: RecordBatch::new(RecordId(1)), found: Vec::new() }
    }

    fn say(&mut self, second: f64, template: u32, text: &str) {
        self.batch.push(NewRecord {
            time: Timestamp((second * 1e9) as i64 + 1_700_000_000_000_000_000),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(1),
            template: TemplateId(template),
            severity: Severity::INFO,
            flags: 0,
            component: "orders",
            text,
            message: (0, text.len() as u32),
        });
        if self.batch.len() >= 500 {
            self.read();
        }
    }

    fn read(&mut self) {
        self.found.extend(self.sequences.observe(&self.batch));
        self.batch = RecordBatch::new(RecordId(self.batch.first.0 + self.batch.len() as u64));
    }

    /// An order a second from `from` on; `paid` says after how many seconds it is paid, if ever.
    fn orders(&mut self, from: i64, count: i64, paid: impl Fn(i64) -> Option<f64>) {
        let mut all: Vec<(f64, u32, String)> = Vec::new();
        for n in from..from + count {
            all.push((n as f64, CREATED, format!("order {} created", 70_000 + n)));
            if let Some(after) = paid(n) {
                all.push((n as f64 + after, PAID, format!("order {} paid", 70_000 + n)));
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (second, template, text) in all {
            self.say(second, template, &text);
        }
        self.read();
    }
}

#[test]
fn orders_that_are_not_paid_any_more_are_told_with_numbers() {
    let mut world = World::new();
    world.orders(0, 1_200, |n| Some(1.0 + (n % 3) as f64));
    assert!(world.found.is_empty(), "{:?}", world.found);
    world.orders(1_200, 120, |n| (n % 2 == 0).then_some(2.0));
    let told = world.found.first().unwrap();
    assert_eq!((told.after, told.next), (TemplateId(CREATED), TemplateId(PAID)));
    let sentence = told.sentence("order <num> created", "order <num> paid", "/srv/orders.log");
    assert!(sentence.starts_with("orders logged \"order <num> created\" "), "{sentence}");
    assert!(sentence.contains("without \"order <num> paid\" following within 8 s; it did after "), "{sentence}");
    let anomaly = told.anomaly("order <num> created", "order <num> paid", "/srv/orders.log");
    let all: Vec<Fingerprint> =
        world.found.iter().map(|s| s.anomaly("order <num> created", "order <num> paid", "x").fingerprint).collect();
    assert!(all.iter().all(|f| *f == anomaly.fingerprint), "one incident per pair");
    assert!(anomaly.record > RecordId(1_000), "an example of now");
}

#[test]
fn one_that_stays_away_now_and_then_is_no_news() {
    let mut world = World::new();
    world.orders(0, 3_000, |n| (n % 20 != 0).then_some(2.0));
    assert!(world.found.is_empty(), "{:?}", world.found.len());
}

#[test]
fn what_goes_on_only_mostly_and_after_a_while_is_no_news() {
    let mut world = World::new();
    // Two of three are paid, some soon, some after minutes: which never will be shows late.
    world.orders(0, 3_600, |n| (n % 3 != 0).then_some(1.0 + (n * 31 % 200) as f64));
    assert!(world.found.is_empty(), "{:?}", world.found.len());
}

#[test]
fn too_few_completions_say_nothing() {
    let mut world = World::new();
    world.orders(0, 40, |_| Some(1.0));
    world.orders(40, 400, |_| None);
    assert!(world.found.is_empty(), "{:?}", world.found.len());
}

#[test]
fn what_nobody_recorded_is_not_missed() {
    let mut world = World::new();
    world.orders(0, 1_200, |_| Some(2.0));
    // The program stops, or the source; whatever was under way then is not waited for.
    world.orders(1_200, 4, |_| None);
    world.orders(1_500, 300, |_| Some(2.0));
    assert!(world.found.is_empty(), "{:?}", world.found.len());
}

#[test]
fn the_end_of_a_workflow_and_random_order_expect_nothing() {
    let mut world = World::new();
    for n in 0..6_000_i64 {
        // Any of three statements about any of the last ten orders.
        let dice = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let dice = (dice ^ dice >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
        let order = 50_000 + n - (dice % 10) as i64;
        world.say(n as f64 / 4.0, 1 + (dice / 10 % 3) as u32, &format!("order {order} seen"));
    }
    world.read();
    assert!(world.found.is_empty(), "{:?}", world.found.len());
}

#[test]
fn what_was_learnt_outlives_a_restart() {
    let mut world = World::new();
    world.orders(0, 1_200, |n| Some(1.0 + (n % 3) as f64));
    let blobs = world.sequences.take_state(true);
    assert!(!blobs.is_empty() && world.sequences.take_state(true).is_empty(), "once");
    let told = |blobs: &[(String, Vec<u8>)]| {
        let mut again = World::new();
        again.sequences.restore(blobs);
        again.orders(1_500, 120, |n| (n % 2 == 0).then_some(2.0));
        again.found.first().map(|s| s.sentence("order <num> created", "order <num> paid", "x"))
    };
    assert!(told(&blobs).unwrap().contains("; it did after 1"), "{:?}", told(&blobs));
    assert_eq!(told(&[]), None, "nothing was learnt");
    let torn: Vec<_> = blobs.iter().map(|(name, blob)| (name.clone(), blob[..blob.len() / 2].to_vec())).collect();
    assert_eq!(told(&torn), None, "nor from what cannot be read");
    let mut again = World::new();
    again.sequences.restore(&torn);
    let gone: Vec<_> = torn.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
    assert_eq!(again.sequences.take_state(false), gone, "it is forgotten");
}

#[test]
fn no_number_of_identifiers_or_statements_takes_more_room() {
    let mut world = World::new();
    for n in 0..200_000_u32 {
        world.say(f64::from(n) / 10_000.0, 1 + n % 10_000, &format!("job {} runs", 100_000 + n));
    }
    world.read();
    let (_, open, steps) = world.sequences.sizes();
    assert!(open <= OPEN && steps <= STATEMENTS, "{open} {steps}");
}
