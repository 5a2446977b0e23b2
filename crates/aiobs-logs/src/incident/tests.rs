//! What a person sees of incidents: one per fault, its life, its bounds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, Incident, IncidentId, IncidentState, Kin, RecordId, Severity, SourceId,
    TemplateId, TimelineKind, Timestamp,
};

fn strike(fault: u64, record: u64, secs: i64) -> Anomaly {
    Anomaly {
        detector: DetectorKind::Pattern,
        fingerprint: Fingerprint(fault),
        kin: None,
        title: "connection refused".to_owned(),
        reason: "orders could not connect.".to_owned(),
        severity: Severity::WARN,
        record: RecordId(record),
        time: Timestamp::from_secs(secs),
        source: SourceId(0),
        template: TemplateId(1),
        component: "orders".to_owned(),
        likelihood: None,
        alarm: true,
    }
}

fn book() -> IncidentBook {
    IncidentBook::new(BookOptions::default(), Vec::new(), IncidentId(1))
}

fn kinds(book: &IncidentBook, id: IncidentId) -> Vec<TimelineKind> {
    book.get(id).unwrap().timeline.iter().map(|t| t.kind).collect()
}

#[test]
fn a_storm_is_one_incident_with_its_first_and_latest_records() {
    let mut book = book();
    for i in 1..=10_000 {
        let applied = book.apply(&strike(7, i, i as i64));
        assert_eq!(applied.incident, IncidentId(1));
        assert_eq!(applied.opened, i == 1);
    }
    let incident = book.get(IncidentId(1)).unwrap();
    assert_eq!((book.len(), incident.count), (1, 10_000));
    assert_eq!((incident.first_seen.secs(), incident.last_seen.secs()), (1, 10_000));
    let evidence: Vec<u64> = incident.evidence.iter().map(|r| r.0).collect();
    assert_eq!(evidence, (1..=10).chain(9_991..=10_000).collect::<Vec<_>>());
    assert_eq!(kinds(&book, IncidentId(1)), [TimelineKind::Opened]);
    assert_eq!(book.take_changed().len(), 1);
    assert!(book.take_changed().is_empty());
}

#[test]
fn a_worse_level_or_another_component_escalates() {
    let mut book = book();
    book.apply(&strike(7, 1, 1));
    let worse = Anomaly { severity: Severity::FATAL, ..strike(7, 2, 2) };
    assert!(book.apply(&worse).escalated);
    let elsewhere = Anomaly { component: "payments".to_owned(), ..strike(7, 3, 3) };
    assert!(book.apply(&elsewhere).escalated);
    assert!(!book.apply(&strike(7, 4, 4)).escalated);
    let incident = book.get(IncidentId(1)).unwrap();
    assert_eq!(incident.severity, Severity::FATAL);
    assert_eq!(incident.components, ["orders", "payments"]);
    assert_eq!(kinds(&book, IncidentId(1)), [TimelineKind::Opened, TimelineKind::Escalated, TimelineKind::Escalated]);
}

#[test]
fn quiet_resolves_and_a_new_strike_reopens_the_same_incident() {
    let mut book = book();
    book.apply(&strike(7, 1, 0));
    book.tick(Timestamp::from_secs(14 * 60));
    assert_eq!(book.get(IncidentId(1)).unwrap().state, IncidentState::Open);
    book.tick(Timestamp::from_secs(15 * 60));
    assert_eq!(book.get(IncidentId(1)).unwrap().state, IncidentState::Resolved);
    let again = book.apply(&strike(7, 2, 3600));
    assert!(again.reopened && !again.opened);
    assert_eq!(again.incident, IncidentId(1));
    assert_eq!(kinds(&book, IncidentId(1)), [TimelineKind::Opened, TimelineKind::Resolved, TimelineKind::Reopened]);
}

#[test]
fn quiet_counts_between_two_strikes_that_are_read_in_one_go() {
    let mut book = book();
    book.apply(&strike(7, 1, 0));
    assert!(!book.apply(&strike(7, 2, 60)).reopened);
    assert!(book.apply(&strike(7, 3, 3600)).reopened);
    assert_eq!(kinds(&book, IncidentId(1)), [TimelineKind::Opened, TimelineKind::Resolved, TimelineKind::Reopened]);
}

#[test]
fn muted_stays_muted_but_counts() {
    let mut book = book();
    book.apply(&strike(7, 1, 0));
    assert!(book.set_state(IncidentId(1), IncidentState::Muted, Timestamp::from_secs(1)));
    assert!(!book.set_state(IncidentId(1), IncidentState::Muted, Timestamp::from_secs(1)));
    book.tick(Timestamp::from_secs(100_000));
    let applied = book.apply(&strike(7, 2, 100_001));
    assert!(applied.muted && !applied.reopened);
    let incident = book.get(IncidentId(1)).unwrap();
    assert_eq!((incident.state, incident.count), (IncidentState::Muted, 2));
}

#[test]
fn a_book_taken_up_again_goes_on() {
    let mut first = book();
    first.apply(&strike(7, 1, 0));
    let mut book = IncidentBook::new(BookOptions::default(), first.iter().cloned().collect(), IncidentId(1));
    assert!(!book.apply(&strike(7, 2, 1)).opened);
    assert_eq!(book.apply(&strike(8, 3, 2)).incident, IncidentId(2));
    assert!(book.note(IncidentId(2), TimelineKind::Note, "looked at".to_owned(), Timestamp::from_secs(3)));
    assert!(book.set_criticality(IncidentId(2), 9));
    assert_eq!(book.get(IncidentId(2)).unwrap().criticality, Some(5));
    assert!(!book.set_criticality(IncidentId(3), 1));
}

#[test]
fn many_faults_are_bounded_and_the_resolved_leave_first() {
    let options = BookOptions { max_incidents: 100, ..BookOptions::default() };
    let mut book = IncidentBook::new(options, Vec::new(), IncidentId(1));
    for i in 1..=100 {
        book.apply(&strike(i, i, 0));
    }
    for i in 50..=60 {
        book.set_state(IncidentId(i), IncidentState::Resolved, Timestamp::from_secs(1));
    }
    assert_eq!(book.take_changed().len(), 100);
    book.apply(&strike(1000, 1000, 2));
    assert_eq!(book.len(), 90);
    assert!((50..=60).all(|i| book.get(IncidentId(i)).is_none()));
    assert!(book.get(IncidentId(1)).is_some());
}

#[test]
fn a_timeline_keeps_its_beginning_and_its_end() {
    let mut book = book();
    book.apply(&strike(7, 1, 0));
    for i in 0..1000 {
        book.note(IncidentId(1), TimelineKind::Note, format!("note {i}"), Timestamp::from_secs(i));
    }
    let timeline = &book.get(IncidentId(1)).unwrap().timeline;
    assert_eq!(timeline.len(), 200);
    assert_eq!(timeline[0].kind, TimelineKind::Opened);
    assert_eq!(timeline.last().unwrap().text, "note 999");
}

/// A strike of the pattern `group`, which names the thing it is about or does not.
fn of_kin(group: u64, names_target: bool, strike: Anomaly) -> Anomaly {
    Anomaly { kin: Some(Kin { group: Fingerprint(group), names_target }), ..strike }
}

#[test]
fn a_record_that_names_nothing_is_of_the_fault_its_component_suffers_from() {
    let mut book = book();
    book.apply(&of_kin(1, true, strike(7, 1, 0)));
    let vague = of_kin(1, false, strike(8, 2, 5));
    assert!(!book.apply(&vague).opened);
    assert!(book.counts_on(Fingerprint(8), Timestamp::from_secs(6)));
    // Another thing that is named is another fault, and so is the same words in another component.
    assert!(book.apply(&of_kin(1, true, strike(9, 3, 6))).opened);
    let elsewhere = Anomaly { component: "payments".to_owned(), ..of_kin(2, false, strike(8, 4, 7)) };
    assert!(book.apply(&elsewhere).opened);
    assert_eq!((book.len(), book.get(IncidentId(1)).unwrap().count), (3, 2));
    // Long after, it is not taken for the same any more.
    let mut book = IncidentBook::new(BookOptions::default(), Vec::new(), IncidentId(1));
    book.apply(&of_kin(1, true, strike(7, 1, 0)));
    assert!(book.apply(&of_kin(1, false, strike(8, 2, 600))).opened);
}

#[test]
fn a_fault_without_a_name_gets_the_name_that_follows() {
    let mut book = book();
    book.apply(&of_kin(1, false, strike(8, 1, 0)));
    assert!(!book.apply(&of_kin(1, true, strike(7, 2, 1))).opened);
    assert!(book.apply(&of_kin(1, true, strike(9, 3, 2))).opened);
    assert!(!book.apply(&of_kin(1, true, strike(7, 4, 3))).opened);
    assert_eq!(book.get(IncidentId(1)).unwrap().count, 3);
}

#[test]
fn two_incidents_of_one_name_in_one_component_are_one() {
    let mut book = book();
    for i in 1..=12 {
        book.apply(&strike(7, i, i as i64));
    }
    for i in 21..=35 {
        book.apply(&strike(8, i, i as i64));
    }
    book.take_changed();
    book.set_title(IncidentId(1), "Database refuses connections");
    assert_eq!(book.iter().filter(|i| i.state.is_active()).count(), 2);
    book.set_title(IncidentId(2), "Database refuses connections");
    let (whole, part) = (book.get(IncidentId(1)).unwrap(), book.get(IncidentId(2)).unwrap());
    assert_eq!((whole.count, whole.state, part.state), (27, IncidentState::Open, IncidentState::Resolved));
    assert_eq!((part.part_of, whole.also.as_slice()), (Some(IncidentId(1)), &[Fingerprint(8)][..]));
    let evidence: Vec<u64> = whole.evidence.iter().map(|r| r.0).collect();
    assert_eq!(evidence, (1..=10).chain(26..=35).collect::<Vec<_>>());
    assert_eq!(book.take_changed().len(), 2);

    // Its strikes count there from now on, also after a restart.
    assert_eq!(book.apply(&strike(8, 40, 40)).incident, IncidentId(1));
    let stored: Vec<_> = book.iter().cloned().collect();
    let mut again = IncidentBook::new(BookOptions::default(), stored, IncidentId(1));
    let applied = again.apply(&strike(8, 41, 41));
    assert!(!applied.opened && !applied.reopened);
    assert_eq!(applied.incident, IncidentId(1));

    // Until a person says that it is a fault of its own.
    assert!(again.set_state(IncidentId(2), IncidentState::Open, Timestamp::from_secs(42)));
    assert_eq!(again.apply(&strike(8, 43, 43)).incident, IncidentId(2));
    assert!(again.get(IncidentId(1)).unwrap().also.is_empty());
}

#[test]
fn one_name_elsewhere_or_long_after_or_taken_by_a_person_stays_apart() {
    let title = "Upstream does not answer in time";
    let after = |second: Anomaly, state: Option<IncidentState>| {
        let mut book = book();
        book.apply(&strike(7, 1, 0));
        book.apply(&second);
        if let Some(state) = state {
            book.set_state(IncidentId(2), state, second.time);
        }
        book.set_title(IncidentId(1), title);
        book.set_title(IncidentId(2), title);
        book.get(IncidentId(2)).unwrap().part_of
    };
    assert_eq!(after(strike(8, 2, 60), None), Some(IncidentId(1)));
    assert_eq!(after(Anomaly { component: "payments".to_owned(), ..strike(8, 2, 60) }, None), None);
    assert_eq!(after(strike(8, 2, 600), None), None);
    assert_eq!(after(strike(8, 2, 60), Some(IncidentState::Muted)), None);
    assert_eq!(after(strike(8, 2, 60), Some(IncidentState::Acknowledged)), None);
}

#[test]
fn memory_holds_so_many_incidents_and_tells_which_left() {
    let options = BookOptions { max_incidents: 20, ..BookOptions::default() };
    let mut book = IncidentBook::new(options, Vec::new(), IncidentId(1));
    let mut gone = Vec::new();
    for fault in 1..=100 {
        book.apply(&strike(fault, fault, fault as i64));
        book.take_changed();
        gone.extend(book.take_forgotten());
    }
    assert!(book.len() <= 20 && book.len() + gone.len() == 100, "{} and {}", book.len(), gone.len());
    assert!(gone.iter().all(|id| book.get(*id).is_none()));
    // Nor does a start take up more; numbers go on all the same.
    let known: Vec<Incident> = (1..=100).map(|n| history::open(IncidentId(n), &strike(n, n, n as i64))).collect();
    let mut book = IncidentBook::new(options, known, IncidentId(1));
    assert_eq!((book.len(), book.iter().next().unwrap().id), (20, IncidentId(81)));
    assert_eq!(book.apply(&strike(500, 500, 500)).incident, IncidentId(101));
}
