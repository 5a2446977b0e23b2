//! What becomes of a finding once the classifier has weighed the words of its statement: an alarm, an incident of low
//! rank, or nothing. The report asks; what was found, and how it is worded, is its business.

use super::classify::{Circumstances, Classifier, Odds, Statement};
use super::report::RecordContext;
use aiobs_types::{Level, Severity, TemplateId, Timestamp};

/// A finding less likely than it is no alarm.
const LIKELY: f64 = 0.5;
/// Words alone make an alarm from here on: log odds, 90 %.
const PLAIN: f64 = 2.197_224_577_336_22;
/// The same when the record states a level, and one that is not bad by itself: 95 %.
const PLAIN_AGAINST_LEVEL: f64 = 2.944_438_979_166_44;
/// What a strong error pattern adds, in log odds: it may rest on a value (`502`) that the template does not show.
const STRONG: f64 = 3.3;
/// A finding less likely than it is noise, when people said so.
const NOISE: f64 = 0.25;
/// How much people must have said, in log odds.
const SAID: f64 = -0.5;
/// Event time over which a burst is counted, nanoseconds.
const WINDOW: i64 = 10_000_000_000;
/// Records of one template in it that are a burst at least.
const BURST: u32 = 20;
/// How many times more than usual.
const TIMES_USUAL: f32 = 5.0;

/// What the detectors found in a record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Finding {
    /// An error pattern: whether it fires at any level, whether it is the user's own.
    pub(super) pattern: Option<(bool, bool)>,
    /// Its level is bad enough by itself.
    pub(super) by_severity: bool,
    /// A template never seen before.
    pub(super) novel: bool,
    /// It is new and comes again and again.
    pub(super) again: bool,
    /// A fault that somebody knows: only people's verdicts speak against it.
    pub(super) known: bool,
}

impl Finding {
    pub(super) fn is_nothing(self) -> bool {
        self.pattern.is_none() && !self.by_severity && !self.novel
    }
}

/// A finding that is to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weighed {
    /// Percent; `None` when the classifier is switched off.
    pub(super) likelihood: Option<u8>,
    /// The record is to be marked.
    pub(super) alarm: bool,
}

/// How often a template came lately.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    window: i64,
    count: u32,
    usual: f32,
}

/// The classifier, and how often the templates it is asked about come.
pub struct Scales {
    classifier: Option<Classifier>,
    paces: Vec<Pace>,
}

impl Scales {
    pub(super) fn new(on: bool) -> Self {
        Self { classifier: on.then(Classifier::default), paces: Vec::new() }
    }

    /// The classifier, unless it is switched off.
    pub fn classifier(&mut self) -> Option<&mut Classifier> {
        self.classifier.as_mut()
    }

    /// Whether the words of a template, at this level, are known to make no alarm by themselves.
    #[inline]
    pub(super) fn is_calm(&mut self, template: TemplateId, severity: Severity) -> bool {
        let Some(classifier) = &mut self.classifier else { return true };
        classifier.known(template, severity.level()).is_some_and(|odds| odds.score < PLAIN)
    }

    /// What becomes of a record's finding; `None`: nothing.
    pub(super) fn weigh(&mut self, ctx: &RecordContext<'_>, template: &str, finding: Finding) -> Option<Weighed> {
        let meta = &ctx.view.meta;
        let burst = !finding.is_nothing() && self.is_burst(meta.template, meta.time);
        let Some(classifier) = &mut self.classifier else {
            return (!finding.is_nothing()).then_some(Weighed { likelihood: None, alarm: true });
        };
        // A strong pattern means what it says at any level, so a level that calms down does not speak against it.
        let strong = matches!(finding.pattern, Some((true, _)));
        let severity = if strong && meta.severity < Severity::WARN { Severity::UNSET } else { meta.severity };
        let statement = Statement { template, severity, component: ctx.view.component };
        let around = Circumstances { new: finding.novel, burst };
        let mut odds = classifier.judge_template(meta.template, &statement, around);
        odds.score += if strong { STRONG } else { 0.0 };
        let likelihood = Some((odds.probability() * 100.0).round() as u8);
        verdict(finding, meta.severity.level(), odds).map(|alarm| Weighed { likelihood, alarm })
    }

    /// Counts a record of a template; whether it came far more often than usual in the last seconds.
    fn is_burst(&mut self, template: TemplateId, time: Timestamp) -> bool {
        let at = template.0 as usize;
        if self.paces.len() <= at {
            self.paces.resize(at + 1, Pace::default());
        }
        let pace = &mut self.paces[at];
        let window = time.0.div_euclid(WINDOW);
        if window > pace.window {
            let quiet = (window - pace.window).min(16) as i32;
            pace.usual = (pace.usual * 0.8 + pace.count as f32 * 0.2) * 0.8f32.powi(quiet - 1);
            (pace.window, pace.count) = (window, 0);
        }
        pace.count = pace.count.saturating_add(1);
        pace.count >= BURST && pace.count as f32 > pace.usual * TIMES_USUAL
    }
}

/// Whether it is an alarm; `None`: neither that nor an incident. What is fatal by its own word is never lost.
fn verdict(finding: Finding, level: Level, odds: Odds) -> Option<bool> {
    let likely = odds.probability();
    let own = matches!(finding.pattern, Some((_, true)));
    if finding.is_nothing() {
        let least = if level == Level::Unset { PLAIN } else { PLAIN_AGAINST_LEVEL };
        // From error on the level alone would have told, unless the user wants it otherwise.
        return (level < Level::Error && odds.score >= least).then_some(true);
    }
    let noise = likely < NOISE && odds.learnt < SAID;
    let fatal = level == Level::Fatal;
    // One new warning is none yet, unless its words are plain.
    let alone = finding.pattern.is_none() && !finding.by_severity;
    let tells = if alone { odds.score >= PLAIN } else { likely >= LIKELY };
    if own || !noise && (finding.known || finding.again && !finding.by_severity || tells) {
        Some(true)
    } else if fatal || finding.by_severity && !noise {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Finding = Finding { pattern: None, by_severity: false, novel: false, again: false, known: false };
    const PATTERN: Finding = Finding { pattern: Some((true, false)), ..NOTHING };
    const LEVEL: Finding = Finding { by_severity: true, ..NOTHING };

    fn odds(score: f64, learnt: f64) -> Odds {
        Odds { score, learnt }
    }

    #[test]
    fn alarm_rank_and_nothing() {
        assert_eq!(verdict(PATTERN, Level::Unset, odds(2.0, 0.0)), Some(true));
        assert_eq!(verdict(PATTERN, Level::Unset, odds(-2.0, 0.0)), None);
        assert_eq!(verdict(LEVEL, Level::Error, odds(-2.0, 0.0)), Some(false), "its level keeps it");
        assert_eq!(verdict(LEVEL, Level::Error, odds(-2.0, -4.0)), None, "people said that it is noise");
        assert_eq!(verdict(NOTHING, Level::Unset, odds(2.0, 0.0)), None);
        assert_eq!(verdict(NOTHING, Level::Unset, odds(3.0, 0.0)), Some(true));
        assert_eq!(verdict(NOTHING, Level::Warn, odds(2.5, 0.0)), None);
        assert_eq!(verdict(NOTHING, Level::Error, odds(9.0, 0.0)), None, "levels are switched off");
    }

    #[test]
    fn one_new_warning_is_no_fault_by_being_new() {
        let new = Finding { novel: true, ..NOTHING };
        assert_eq!(verdict(new, Level::Warn, odds(1.0, 0.0)), None);
        assert_eq!(verdict(new, Level::Warn, odds(2.5, 0.0)), Some(true), "its words are plain");
        let again = Finding { again: true, ..new };
        assert_eq!(verdict(again, Level::Warn, odds(-1.0, 0.0)), Some(true));
        assert_eq!(verdict(again, Level::Warn, odds(-3.0, -4.0)), None, "people said that it is noise");
    }

    #[test]
    fn nothing_fatal_is_lost_and_the_users_patterns_always_count() {
        assert_eq!(verdict(LEVEL, Level::Fatal, odds(-9.0, -9.0)), Some(false));
        assert_eq!(verdict(PATTERN, Level::Fatal, odds(-9.0, -9.0)), Some(false));
        let own = Finding { pattern: Some((true, true)), ..NOTHING };
        assert_eq!(verdict(own, Level::Info, odds(-9.0, -9.0)), Some(true));
    }

    #[test]
    fn a_burst_is_far_more_than_usual() {
        let mut scales = Scales::new(true);
        let mut come = |second: i64, times: u32| {
            (0..times).fold(false, |_, _| scales.is_burst(TemplateId(2), Timestamp::from_secs(second)))
        };
        assert!(!come(0, 19));
        assert!(come(5, 1), "the twentieth in ten seconds");
        for second in 1..40 {
            come(second * 10, 20);
        }
        assert!(!come(400, 30), "that is usual by now");
        assert!(come(410, 200));
    }
}
