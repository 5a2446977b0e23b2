//! Batches in, findings out.

use super::*;
use aiobs_insight::trial::Dice;
use aiobs_types::{NewRecord, RecordId};

const START: i64 = 1_760_000_000;

/// Batches of records at event times.
struct Feed {
    batch: RecordBatch,
    book: RateBook,
    found: Vec<Finding>,
}

impl Feed {
    fn new() -> Self {
        Self { batch: RecordBatch::new(RecordId(1)), book: RateBook::default(), found: Vec::new() }
    }

    fn push(&mut self, second: f64, template: u32, severity: Severity, component: &str) {
        self.push_from(1, second, template, severity, component);
    }

    fn push_from(&mut self, source: u32, second: f64, template: u32, severity: Severity, component: &str) {
        let time = Timestamp(START * 1_000_000_000 + (second * 1e9) as i64);
        self.batch.push(NewRecord {
            time,
            observed: time,
            offset: 0,
            source: SourceId(source),
            template: TemplateId(template),
            severity,
            flags: 0,
            component,
            text: "x",
            message: (0, 1),
        });
        if self.batch.len() >= 500 {
            self.look();
        }
    }

    fn look(&mut self) {
        let next = RecordId(self.batch.first.0 + self.batch.len() as u64);
        let batch = std::mem::replace(&mut self.batch, RecordBatch::new(next));
        self.found.extend(self.book.observe(&batch));
    }

    /// A steady mix for so many seconds: template 1 at two a second, 2 an error every five minutes, 3 a heartbeat.
    fn calm(&mut self, dice: &mut Dice, from: i64, seconds: i64, heart: bool) {
        for s in from..from + seconds {
            for _ in 0..dice.poisson(2.0) {
                self.push(s as f64 + 0.3, 1, Severity::INFO, "web");
            }
            if dice.unit() < 1.0 / 300.0 {
                self.push(s as f64 + 0.4, 2, Severity::ERROR, "web");
            }
            if heart && s % 60 == 7 {
                self.push(s as f64 + 0.5, 3, Severity::INFO, "web");
            }
        }
        self.look();
    }

    fn news(&self) -> Vec<(Subject, f64)> {
        let number = |f: &Finding| match f.what {
            What::Turn(c) => c.count,
            What::Missed { silent, .. } => silent,
        };
        self.found.iter().filter(|f| f.is_news()).map(|f| (f.subject.clone(), number(f))).collect()
    }
}

#[test]
fn a_storm_of_errors_is_told_once_per_series_while_it_goes_on() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(1));
    feed.calm(&mut dice, 0, 3600, true);
    assert_eq!(feed.news(), [], "nothing is wrong for an hour");
    for i in 0..10_000 {
        feed.push(3600.0 + f64::from(i) * 0.05, 2, Severity::ERROR, "web");
    }
    feed.look();
    let subjects: Vec<Subject> = feed.news().into_iter().map(|n| n.0).collect();
    assert_eq!(subjects.iter().filter(|s| **s == Subject::Template(TemplateId(2))).count(), 1, "{subjects:?}");
    assert_eq!(subjects.iter().filter(|s| **s == Subject::Level(Level::Error)).count(), 1, "{subjects:?}");
    let first = feed.found.iter().find(|f| f.subject == Subject::Template(TemplateId(2)));
    assert!(first.is_some_and(|f| f.time.secs() - START < 3630), "{first:?}");
}

#[test]
fn a_heartbeat_that_stops_is_missed_once() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(2));
    feed.calm(&mut dice, 0, 3600, true);
    feed.calm(&mut dice, 3600, 1800, false);
    let missed: Vec<&Finding> = feed.found.iter().filter(|f| matches!(f.what, What::Missed { .. })).collect();
    assert_eq!(missed.len(), 1, "{:?}", feed.found);
    assert_eq!(missed[0].subject, Subject::Template(TemplateId(3)));
    let late = missed[0].time.secs() - START - 3600;
    assert!((150..360).contains(&late), "{late}");
}

#[test]
fn a_source_that_was_not_recorded_for_a_while_is_not_silent() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(3));
    feed.calm(&mut dice, 0, 7200, true);
    feed.calm(&mut dice, 7200 + 40_000, 1800, true);
    assert_eq!(feed.news(), []);
}

#[test]
fn a_day_of_traffic_with_its_season_tells_nothing() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(4));
    for s in (0..86_400 * 2).step_by(2) {
        let wave = 1.0 + 0.8 * (f64::from(s) / 86_400.0 * std::f64::consts::TAU).sin();
        for template in [1, 4, 5] {
            for _ in 0..dice.poisson(0.6 * wave) {
                feed.push(f64::from(s), template, Severity::INFO, "web");
            }
        }
        if dice.unit() < 0.01 * wave {
            feed.push(f64::from(s), 2, Severity::WARN, "web");
        }
        if dice.unit() < 0.003 {
            feed.push(f64::from(s), 6, Severity::ERROR, "web");
        }
    }
    feed.look();
    assert_eq!(feed.news(), []);
}

#[test]
fn a_wrong_clock_and_late_rows_do_no_harm() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(5));
    feed.calm(&mut dice, 0, 3600, true);
    feed.push(1e9, 1, Severity::INFO, "web");
    feed.push(-1e9, 1, Severity::INFO, "web");
    feed.calm(&mut dice, 3600, 600, true);
    for i in 0..150 {
        feed.push(3600.0 + f64::from(i) * 0.05, 2, Severity::ERROR, "web");
    }
    feed.look();
    assert!(!feed.found.iter().any(|f| f.subject == Subject::Template(TemplateId(2))), "late by ten minutes");
    for i in 0..300 {
        feed.push(4200.0 + f64::from(i) * 0.05, 2, Severity::ERROR, "web");
    }
    feed.look();
    assert!(feed.found.iter().any(|f| f.subject == Subject::Template(TemplateId(2))));
}

#[test]
fn memory_is_bounded_by_hostile_names() {
    let mut feed = Feed::new();
    feed.book = RateBook::new(RateOptions { max_series: 5_000, ..RateOptions::default() });
    for i in 0..100_000u32 {
        feed.push(f64::from(i) * 0.01, i + 10, Severity::ERROR, &format!("c{}", i % 10_000));
        assert!(feed.book.len() <= 5_000);
    }
    feed.look();
    assert!(feed.book.series.len() <= 5_001, "{}", feed.book.series.len());
    let stored: usize = feed.book.take_state().iter().filter(|(_, blob)| !blob.is_empty()).count();
    assert!(stored <= 5_000);
}

#[test]
fn a_restart_keeps_the_baseline() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(6));
    feed.calm(&mut dice, 0, 3600, true);
    let blobs = feed.book.take_state();
    assert!(!blobs.is_empty() && feed.book.take_state().is_empty());
    let mut again = Feed::new();
    again.book.restore(blobs);
    assert_eq!(again.book.len(), feed.book.len());
    again.calm(&mut dice, 3600, 30, true);
    for i in 0..100 {
        again.push(3640.0 + f64::from(i) * 0.05, 2, Severity::ERROR, "web");
    }
    again.look();
    assert!(again.found.iter().any(|f| f.subject == Subject::Template(TemplateId(2))), "{:?}", again.found);
}

#[test]
fn a_merged_template_goes_on_as_the_one_it_became() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(7));
    feed.calm(&mut dice, 0, 3600, true);
    feed.book.merge(TemplateId(3), TemplateId(9));
    feed.calm(&mut dice, 3600, 300, false);
    assert!(feed.book.life(TemplateId(3)).is_none());
    assert_eq!(feed.book.life(TemplateId(9)).map(|l| l.1.count), Some(60));
    feed.book.merge(TemplateId(9), TemplateId(1));
    assert!(feed.book.life(TemplateId(9)).is_none() && feed.book.life(TemplateId(1)).is_some());
}

#[test]
fn lives() {
    let (mut feed, mut dice) = (Feed::new(), Dice::new(8));
    feed.calm(&mut dice, 0, 3600, true);
    let life = |feed: &Feed, id| feed.book.life(TemplateId(id)).map(|l| l.0);
    assert_eq!((life(&feed, 1), life(&feed, 3)), (Some(Life::Steady), Some(Life::Periodic)));
    feed.calm(&mut dice, 3600, 900, false);
    feed.push(4500.0, 12, Severity::INFO, "web");
    for i in 0..300 {
        feed.push(4500.0 + f64::from(i), 2, Severity::ERROR, "web");
    }
    feed.look();
    assert_eq!((life(&feed, 3), life(&feed, 2)), (Some(Life::Vanished), Some(Life::Surging)));
    assert_eq!(life(&feed, 12), Some(Life::New));
}
