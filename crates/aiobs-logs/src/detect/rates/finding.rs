//! What is unusual, and the sentence that says so.

use super::super::gist;
use super::super::report::{fnv, hash_words, short_name, titled};
use aiobs_insight::{Change, Turn};
use aiobs_types::{Anomaly, DetectorKind, Fingerprint, Level, RecordId, Severity, SourceId, TemplateId, Timestamp};

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All records of the source.
    Source,
    /// Its records of level warn, or of level error and fatal.
    Level(Level),
    /// Those of a component.
    Component(String),
    /// Those of a template.
    Template(TemplateId),
}

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Its rate changed.
    Turn(Change),
    /// It comes in a rhythm, and did not come.
    Missed {
        /// Seconds since it came.
        silent: f64,
        /// Seconds from one to the next, usually.
        period: f64,
    },
}

/// Something unusual about a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What was counted.
    pub subject: Subject,
    /// What it did.
    pub what: What,
    /// In which source.
    pub source: SourceId,
    /// Component of the record, may be empty.
    pub component: String,
    /// Whether more of it is bad by itself.
    pub trouble: bool,
    /// Worst severity seen of it.
    pub severity: Severity,
    /// A record of it.
    pub record: RecordId,
    /// Event time at which it was noticed.
    pub time: Timestamp,
    /// Seconds per bucket of its numbers.
    pub bucket_secs: u32,
}

impl Finding {
    /// Whether people should hear of it. Fewer errors are good news, and a template that changes over days is shown where
    /// templates are listed.
    pub fn is_news(&self) -> bool {
        match self.what {
            What::Missed { .. } => true,
            What::Turn(Change { turn: Turn::Usual, .. }) => false,
            What::Turn(Change { turn: Turn::Fall, .. }) => !self.trouble,
            What::Turn(Change { turn: Turn::Drift, count, mean, .. }) => {
                !matches!(self.subject, Subject::Template(_) | Subject::Component(_)) && (count > mean || !self.trouble)
            }
            What::Turn(_) => true,
        }
    }

    /// Whether it is about everything of a source or component, so that a fault already known explains it.
    pub fn is_broad(&self) -> bool {
        !matches!(self.subject, Subject::Template(_)) || !self.trouble && !matches!(self.what, What::Missed { .. })
    }

    fn falls(&self) -> bool {
        match self.what {
            What::Missed { .. } => true,
            What::Turn(change) => change.count < change.mean,
        }
    }

    fn who<'a>(&'a self, source_name: &'a str) -> &'a str {
        if self.component.is_empty() { short_name(source_name) } else { &self.component }
    }

    /// One sentence without its full stop, such as `orders logged 214 errors in 30 s; usually 0 to 2`. `template` is the
    /// text of the template, when it is about one.
    pub fn sentence(&self, template: &str, source_name: &str) -> String {
        let who = gist::plain(self.who(source_name), 80);
        let quoted = gist::quote(template);
        match self.what {
            What::Missed { silent, period } => {
                format!("{who} has not logged \"{quoted}\" for {}; it comes every {}", span(silent), span(period))
            }
            What::Turn(change) => {
                let time = span(f64::from(change.buckets) * f64::from(self.bucket_secs));
                let usual = format!("usually {}", range(change.usual));
                let n = change.count.round() as u64;
                match &self.subject {
                    Subject::Template(_) if n == 0 => {
                        format!("{who} has not logged \"{quoted}\" for {time}; {usual} times in that time")
                    }
                    Subject::Template(_) => {
                        format!("{who} logged \"{quoted}\" {} in {time}; {usual}", plural(n, "time", "times"))
                    }
                    Subject::Level(Level::Warn) => {
                        format!("{who} logged {} in {time}; {usual}", plural(n, "warning", "warnings"))
                    }
                    Subject::Level(_) => format!("{who} logged {} in {time}; {usual}", plural(n, "error", "errors")),
                    Subject::Source | Subject::Component(_) => {
                        format!("{who} logged {} in {time}; {usual}", plural(n, "record", "records"))
                    }
                }
            }
        }
    }

    /// As [`Self::sentence`], where the line is quoted already: `it came 214 times in 30 s; usually 0 to 2`.
    pub fn briefly(&self) -> String {
        match self.what {
            What::Missed { silent, period } => {
                format!("it has not come for {}; it comes every {}", span(silent), span(period))
            }
            What::Turn(change) => {
                let time = span(f64::from(change.buckets) * f64::from(self.bucket_secs));
                let usual = range(change.usual);
                match change.count.round() as u64 {
                    0 => format!("it has not come for {time}; usually {usual} times in that time"),
                    n => format!("it came {} in {time}; usually {usual}", plural(n, "time", "times")),
                }
            }
        }
    }

    /// As an anomaly. Ordinary traffic of one component is one fault, however many of its templates change.
    pub fn anomaly(&self, template: &str, source_name: &str) -> Anomaly {
        let who = gist::plain(self.who(source_name), 80);
        let silence = matches!(self.what, What::Missed { .. });
        let name = |kind: &str| Fingerprint(fnv(fnv(4, kind.as_bytes()), who.as_bytes()));
        let (fingerprint, title) = match &self.subject {
            Subject::Template(_) if silence => {
                let Fingerprint(words) = hash_words("silence", template);
                let title = format!("Silent: {}", titled(template, template));
                (Fingerprint(words ^ name("silence").0), gist::title_of(&title))
            }
            Subject::Template(_) if self.trouble => {
                let title = format!("More often than usual: {}", titled(template, template));
                (hash_words("rate", template), gist::title_of(&title))
            }
            Subject::Level(Level::Warn) => (name("warnings"), format!("{who} logs more warnings than usual")),
            Subject::Level(_) => (name("errors"), format!("{who} logs more errors than usual")),
            _ if self.falls() => (name("less"), format!("{who} logs far less than usual")),
            _ => (name("more"), format!("{who} logs far more than usual")),
        };
        let id = match self.subject {
            Subject::Template(id) => id,
            _ => TemplateId::default(),
        };
        Anomaly {
            detector: if silence { DetectorKind::Silence } else { DetectorKind::Rate },
            fingerprint,
            kin: None,
            title,
            reason: self.sentence(template, source_name) + ".",
            severity: if self.trouble { self.severity.max(Severity::WARN) } else { Severity::WARN },
            record: self.record,
            time: self.time,
            source: self.source,
            template: id,
            component: gist::plain(self.who(source_name), 120),
            likelihood: None,
            alarm: true,
        }
    }
}

fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn range((low, high): (f64, f64)) -> String {
    let (low, high) = (low.max(0.0).round() as u64, high.max(0.0).round() as u64);
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

/// `30 s`, `5 min`, `2.5 h`.
fn span(seconds: f64) -> String {
    let part = |n: f64| if (n - n.round()).abs() < 0.05 { format!("{n:.0}") } else { format!("{n:.1}") };
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{} min", part(s / 60.0)),
        s => format!("{} h", part(s / 3600.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: Subject, count: f64, buckets: u32, usual: (f64, f64)) -> Finding {
        let turn = if count > usual.1 { Turn::Burst } else { Turn::Fall };
        let mean = f64::midpoint(usual.0, usual.1);
        Finding {
            subject,
            what: What::Turn(Change { turn, count, buckets, mean, usual }),
            source: SourceId(1),
            component: String::new(),
            trouble: count > usual.1,
            severity: Severity::ERROR,
            record: RecordId(7),
            time: Timestamp(0),
            bucket_secs: 30,
        }
    }

    #[test]
    fn the_sentences() {
        let template = "connection to <host>:<num> refused";
        let burst = finding(Subject::Template(TemplateId(1)), 214.0, 1, (0.0, 2.0));
        assert_eq!(
            burst.sentence(template, "/var/log/orders.log"),
            "orders.log logged \"connection to <host>:<num> refused\" 214 times in 30 s; usually 0 to 2"
        );
        assert_eq!(burst.briefly(), "it came 214 times in 30 s; usually 0 to 2");
        let none = finding(Subject::Template(TemplateId(1)), 0.0, 10, (90.0, 140.0));
        assert_eq!(
            none.sentence("tick", "a.log"),
            "a.log has not logged \"tick\" for 5 min; usually 90 to 140 times in that time"
        );
        assert!(none.is_news() && !Finding { trouble: true, ..none }.is_news());
        let errors =
            Finding { component: "orders".into(), ..finding(Subject::Level(Level::Error), 1.0, 1, (0.0, 0.0)) };
        assert_eq!(errors.sentence("", "a.log"), "orders logged 1 error in 30 s; usually 0");
    }

    #[test]
    fn all_templates_of_a_component_that_change_together_are_one_fault() {
        let one = finding(Subject::Template(TemplateId(1)), 2.0, 10, (90.0, 140.0)).anomaly("get one", "a.log");
        let two = finding(Subject::Template(TemplateId(2)), 3.0, 10, (50.0, 80.0)).anomaly("get two", "a.log");
        assert_eq!(one.fingerprint, two.fingerprint);
        let up = finding(Subject::Template(TemplateId(2)), 99.0, 1, (1.0, 2.0)).anomaly("get two", "a.log");
        assert_ne!(one.fingerprint, up.fingerprint);
    }
}
