//! Which incidents are shown under which.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, Incident, IncidentId, IncidentState, NewRecord, RecordBatch, RecordId,
    Severity, SourceId, TemplateId, Timestamp,
};

struct World {
    book: IncidentBook,
    records: u64,
}

impl World {
    fn new() -> Self {
        Self { book: IncidentBook::new(BookOptions::default(), Vec::new(), IncidentId(1)), records: 0 }
    }

    /// A record of the fault, as the pipeline shows it to the book.
    fn strike(&mut self, fault: u64, second: i64, component: &str, severity: Severity, text: &str) -> IncidentId {
        self.records += 1;
        let mut batch = RecordBatch::new(RecordId(self.records));
        let time = Timestamp::from_secs(second);
        batch.push(NewRecord {
            time,
            observed: time,
            offset: 0,
            source: SourceId(1),
            template: TemplateId(fault as u32),
            severity,
            flags: 0,
            component,
            text,
            message: (0, text.len() as u32),
        });
        let anomaly = Anomaly {
            detector: DetectorKind::Pattern,
            fingerprint: Fingerprint(fault),
            kin: None,
            title: format!("fault {fault}"),
            reason: String::new(),
            severity,
            record: RecordId(self.records),
            time,
            source: SourceId(1),
            template: TemplateId(fault as u32),
            component: component.to_owned(),
            likelihood: None,
            alarm: true,
        };
        let applied = self.book.apply(&anomaly);
        self.book.witness(&applied, &anomaly, Some(&batch.view(0)));
        applied.incident
    }

    fn error(&mut self, fault: u64, second: i64, component: &str, text: &str) -> IncidentId {
        self.strike(fault, second, component, Severity::ERROR, text)
    }

    fn cause(&mut self, id: u64) -> Option<u64> {
        self.book.relate();
        self.book.get(IncidentId(id)).unwrap().caused_by.map(|c| c.0)
    }

    fn incident(&self, id: u64) -> &Incident {
        self.book.get(IncidentId(id)).unwrap()
    }
}

/// 1: orders cannot reach db-1, 2: db-1 turns clients away, 3: payments wait for orders, 4: the gateway for payments.
fn cascade() -> World {
    let mut world = World::new();
    world.error(1, 100, "orders", "connection to db-1:5432 refused (pool 99/200)");
    world.strike(2, 101, "db-1", Severity::FATAL, "remaining connection slots are reserved");
    world.error(
        3,
        110,
        "payments",
        "charge failed: timeout\njava.net.SocketTimeoutException\n\tat com.shop.http.OrdersClient.confirm",
    );
    world.error(4, 115, "gateway", "\"POST /payments HTTP/1.1\" 504 167");
    world
}

#[test]
fn a_cascade_is_one_cause_with_all_its_consequences_under_it() {
    let mut world = cascade();
    assert_eq!([1, 2, 3, 4].map(|id| world.cause(id)), [Some(2), None, Some(2), Some(2)]);
    let mut causes: Vec<u64> = world.incident(2).causes.iter().map(|c| c.0).collect();
    causes.sort_unstable();
    assert_eq!(causes, [1, 3, 4]);
    let said: Vec<&str> = world.incident(4).timeline.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(said[1], "caused by #2 (fault 2): gateway names payments (through #3)");
    assert!(world.incident(2).timeline.iter().any(|t| t.text == "spread to gateway (#4: fault 4)"));
}

#[test]
fn the_order_in_which_they_are_read_does_not_matter() {
    let mut world = World::new();
    world.error(4, 115, "gateway", "\"POST /payments HTTP/1.1\" 504 167");
    assert_eq!(world.cause(1), None);
    world.error(3, 110, "payments", "charge failed: orders answers nothing");
    assert_eq!(world.cause(1), Some(2));
    world.error(1, 100, "orders", "connection to db-1:5432 refused (pool 99/200)");
    assert_eq!([1, 2].map(|id| world.cause(id)), [Some(3), Some(3)]);
    world.strike(2, 101, "db-1", Severity::FATAL, "remaining connection slots are reserved");
    assert_eq!([1, 2, 3, 4].map(|id| world.cause(id)), [Some(4), Some(4), Some(4), None]);
    assert_eq!(world.incident(3).causes, []);
}

#[test]
fn faults_that_have_nothing_to_do_with_each_other_stay_apart() {
    let mut world = World::new();
    world.error(1, 100, "mail", "cannot write /var/spool/q17: no space left on device");
    world.error(2, 100, "catalog", "x509: certificate has expired: images.partner.example");
    world.error(3, 101, "search", "worker 7 panicked at src/index.rs:88");
    assert_eq!([1, 2, 3].map(|id| world.cause(id)), [None; 3]);
    // Named long before, or quiet when the other began: no cause either.
    let mut world = World::new();
    world.strike(1, 100, "orders", Severity::ERROR, "deadlock detected");
    world.error(2, 4_000, "payments", "orders answered nonsense");
    world.error(3, 500, "cart", "orders answered nonsense");
    assert_eq!([2, 3].map(|id| world.cause(id)), [None; 2]);
}

#[test]
fn a_warning_explains_nothing_else_of_its_component() {
    let mut world = World::new();
    world.strike(1, 100, "tunnel", Severity::WARN, "certificate expires in 6 days");
    world.error(2, 110, "tunnel", "unable to reach the origin service");
    world.error(3, 130, "tunnel", "stream reset while copying");
    assert_eq!([1, 2, 3].map(|id| world.cause(id)), [None, None, Some(2)]);
}

#[test]
fn one_request_or_one_thing_named_relates_what_has_no_log_of_its_own() {
    let mut world = World::new();
    world.error(1, 100, "cart", "redis:6379 does not answer");
    world.error(2, 104, "session", "gave up on redis:6379 after 3 attempts");
    world.error(3, 200, "api-a", "cannot parse the reply trace=8f3a9c01");
    world.error(4, 201, "api-b", "unexpected end of stream trace=8f3a9c01");
    assert_eq!([1, 2, 3, 4].map(|id| world.cause(id)), [None, Some(1), None, Some(3)]);
    assert!(world.incident(2).timeline[1].text.ends_with(": both name redis"), "{:?}", world.incident(2).timeline);
}

#[test]
fn a_cause_is_not_over_while_its_consequences_go_on_and_a_person_ends_all_at_once() {
    let mut world = cascade();
    world.book.relate();
    for minute in 3..40 {
        world.error(1, minute * 60, "orders", "connection to db-1:5432 refused (pool 99/200)");
        world.book.tick(Timestamp::from_secs(minute * 60));
    }
    assert_eq!(world.incident(2).state, IncidentState::Open, "its consequence goes on");
    assert_eq!(world.incident(4).state, IncidentState::Resolved, "this one is over");
    world.book.set_state(IncidentId(2), IncidentState::Resolved, Timestamp::from_secs(2_400));
    assert_eq!(world.incident(1).state, IncidentState::Resolved);
    // Another time it may have another cause.
    world.error(1, 9_000, "orders", "connection to db-1:5432 refused (pool 99/200)");
    assert_eq!(world.cause(1), None);
    assert!(!world.incident(2).causes.contains(&IncidentId(1)));
}

#[test]
fn groups_outlive_a_restart() {
    let mut world = cascade();
    world.book.relate();
    let stored: Vec<Incident> = world.book.iter().cloned().collect();
    world.book = IncidentBook::new(BookOptions::default(), stored, IncidentId(5));
    world.error(4, 130, "gateway", "\"POST /payments HTTP/1.1\" 504 167");
    assert_eq!([1, 2, 3, 4].map(|id| world.cause(id)), [Some(2), None, Some(2), Some(2)]);
    world.error(9, 131, "cart", "gateway answered 502");
    assert_eq!(world.cause(5), Some(2), "what the consequence causes has the same root");
}

#[test]
fn incidents_that_all_name_each_other_cost_bounded_room() {
    let mut world = World::new();
    for n in 0..3_000_u64 {
        let names: Vec<String> = (0..20).map(|i| format!("svc-{}", (n * 31 + i * 17) % 500)).collect();
        world.error(
            10 + n,
            100 + n as i64 / 100,
            &format!("svc-{}", n % 500),
            &format!("cannot reach {}", names.join(" ")),
        );
        if n % 50 == 0 {
            world.book.relate();
        }
    }
    world.book.relate();
    let (profiles, links) = world.book.relations.len();
    assert!(profiles <= 128 && links <= 128, "{profiles} {links}");
    for incident in world.book.iter() {
        assert!(incident.causes.len() <= Incident::MOST_CAUSED);
        if let Some(root) = incident.caused_by {
            assert_ne!(root, incident.id);
        }
    }
}
