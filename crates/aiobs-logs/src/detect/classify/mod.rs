//! How likely a record tells of a fault, by its words, level and circumstances: an online classifier that begins with
//! weights of its own and learns from people's verdicts, *useful* and *noise*. It ranks and mutes what the detectors
//! find; it is asked per template, not per record. The report uses it, the runtime keeps what it learnt.

mod classes;
mod features;
mod model;
mod prior;
mod words;

pub use features::Statement;
pub use prior::{Labelled, read_corpus, train};

use aiobs_types::{Level, TemplateId, Timestamp};
use features::{features, spoken};
use model::{Model, Rate, hash, sigmoid};
use serde::{Deserialize, Serialize};

/// Circumstance: its template was never seen before.
const NEW: &str = "never seen before";
/// Circumstance: the template came many times in few seconds.
const BURST: &str = "in a burst";
/// One verdict is to be felt, so people's words weigh more than a line of the corpus.
const RATE: Rate = Rate { alpha: 0.5, beta: 1.0, l1: 0.0, l2: 0.0 };
/// Verdicts remembered; beyond it the oldest are forgotten.
const MOST_LESSONS: usize = 2_000;
/// Rounds over all verdicts.
const ROUNDS: usize = 12;
/// Log odds beyond which a verdict has been understood: useful, and noise, which must outweigh an error pattern too.
const USEFUL: f64 = 1.5;
const NOISE: f64 = -5.0;

/// The circumstances of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Its template is new.
    pub new: bool,
    /// Its template came many times in few seconds.
    pub burst: bool,
}

/// A person's word on a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Text of the template.
    pub template: String,
    /// Severity of its records.
    pub severity: aiobs_types::Severity,
    /// Who said it, may be empty.
    pub component: String,
    /// Worth an alarm, or noise.
    pub useful: bool,
    /// When the person said so.
    pub at: Timestamp,
}

impl Lesson {
    fn statement(&self) -> Statement<'_> {
        Statement { template: &self.template, severity: self.severity, component: &self.component }
    }
}

/// How likely, and how much of that people said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Odds {
    /// Log odds of being a fault.
    pub score: f64,
    /// The part of it that verdicts gave.
    pub learnt: f64,
}

impl Odds {
    /// From 0 to 1.
    pub fn probability(self) -> f64 {
        sigmoid(self.score)
    }
}

/// One word's part in a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The word, the pair of words or the circumstance.
    pub feature: String,
    /// Positive when it speaks for a fault.
    pub weight: f64,
}

/// What is known of a template: per level, as long as its text is of this length.
#[derive(Clone, Copy)]
struct Cached {
    length: u32,
    /// How often it was asked for without its text.
    asked: u32,
    odds: [Option<Odds>; Level::ALL.len()],
}

/// See the module. One owner.
pub struct Classifier {
    model: Model,
    lessons: Vec<Lesson>,
    by_template: Vec<Cached>,
    new: f64,
    burst: f64,
}

impl Default for Classifier {
    fn default() -> Self {
        let mut classifier = Self {
            model: Model::new(RATE, prior::weights()),
            lessons: Vec::new(),
            by_template: Vec::new(),
            new: 0.0,
            burst: 0.0,
        };
        classifier.changed();
        classifier
    }
}

impl Classifier {
    /// How likely the statement tells of a fault, whatever the circumstances.
    pub fn judge(&self, statement: &Statement<'_>) -> Odds {
        let mut odds = Odds::default();
        for feature in features(statement) {
            let feature = hash(&feature);
            odds.score += self.model.weight(feature);
            odds.learnt += self.model.learnt(feature);
        }
        odds
    }

    /// The same of a record of a known template: looked up when it was asked before.
    pub fn judge_template(&mut self, id: TemplateId, statement: &Statement<'_>, around: Circumstances) -> Odds {
        let (at, length) = (id.0 as usize, statement.template.len() as u32);
        let fresh = Cached { length, asked: 0, odds: [None; Level::ALL.len()] };
        if self.by_template.len() <= at {
            self.by_template.resize(at + 1, fresh);
        }
        if self.by_template[at].length != length {
            self.by_template[at] = fresh;
        }
        let level = statement.severity.level() as usize;
        let known = self.by_template[at].odds[level];
        let mut odds = known.unwrap_or_else(|| self.judge(statement));
        self.by_template[at].odds[level] = Some(odds);
        odds.score += if around.new { self.new } else { 0.0 } + if around.burst { self.burst } else { 0.0 };
        odds
    }

    /// What is known of a template at a level without looking at its text. Now and then, ever more seldom, nothing: the
    /// text may have changed, and whoever asks should show it again.
    #[inline]
    pub fn known(&mut self, id: TemplateId, level: Level) -> Option<Odds> {
        let cached = self.by_template.get_mut(id.0 as usize)?;
        cached.asked = cached.asked.wrapping_add(1);
        if cached.asked.is_power_of_two() { None } else { cached.odds[level as usize] }
    }

    /// What speaks for and against a fault, the strongest first, at most `most`.
    pub fn why(&self, statement: &Statement<'_>, most: usize) -> Vec<Reason> {
        // How words end and begin weighs too, but tells people nothing.
        let told = features(statement).into_iter().filter(|feature| !feature.starts_with("any word "));
        let weighed = told.map(|feature| {
            let weight = self.model.weight(hash(&feature));
            Reason { feature, weight }
        });
        let mut reasons: Vec<Reason> = weighed.filter(|r| r.weight.abs() >= 0.1).collect();
        reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        reasons.truncate(most);
        for reason in &mut reasons {
            reason.feature = spoken(&reason.feature, statement.template);
        }
        reasons
    }

    /// A person's word. A later word on the same statement takes the place of the earlier one.
    pub fn learn(&mut self, lesson: Lesson) {
        self.learn_all([lesson]);
    }

    /// The same of several statements at once.
    pub fn learn_all(&mut self, lessons: impl IntoIterator<Item = Lesson>) {
        for lesson in lessons {
            let same = |l: &Lesson| {
                l.template == lesson.template
                    && l.severity.level() == lesson.severity.level()
                    && l.component == lesson.component
            };
            self.lessons.retain(|l| !same(l));
            self.lessons.push(lesson);
        }
        self.study();
    }

    /// Takes up the verdicts of earlier runs.
    pub fn restore(&mut self, lessons: Vec<Lesson>) {
        self.lessons = lessons;
        self.study();
    }

    /// All verdicts, oldest first.
    pub fn lessons(&self) -> &[Lesson] {
        &self.lessons
    }

    /// Forgets all verdicts.
    pub fn reset(&mut self) {
        self.restore(Vec::new());
    }

    /// Learns all verdicts from the beginning, so that the result depends on them and their order only.
    fn study(&mut self) {
        let over = self.lessons.len().saturating_sub(MOST_LESSONS);
        self.lessons.drain(..over);
        self.model.reset();
        let prepared: Vec<(Vec<u64>, f64, bool)> = self
            .lessons
            .iter()
            .map(|lesson| {
                let all = features(&lesson.statement());
                let given: f64 = all.iter().map(|f| self.model.weight(hash(f))).sum();
                let own: Vec<u64> = all.iter().filter(|f| is_specific(f)).map(|f| hash(f)).collect();
                let rest = given - own.iter().map(|f| self.model.weight(*f)).sum::<f64>();
                (own, rest, lesson.useful)
            })
            .collect();
        for _ in 0..ROUNDS {
            for (features, rest, useful) in &prepared {
                for _ in 0..ROUNDS {
                    let score = rest + self.model.score(features);
                    let understood = if *useful { score >= USEFUL } else { score <= NOISE };
                    if understood {
                        break;
                    }
                    self.model.learn(features, *useful, *rest);
                }
            }
        }
        self.changed();
    }

    fn changed(&mut self) {
        self.by_template.clear();
        self.new = self.model.weight(hash(NEW));
        self.burst = self.model.weight(hash(BURST));
    }
}

/// A verdict is about what a statement says, not about its level or kind: these are of all statements.
fn is_specific(feature: &str) -> bool {
    !["level ", "any ", "no telling word", "a named value", "a heading", "mostly values"]
        .iter()
        .any(|general| feature.starts_with(general))
}

#[cfg(test)]
mod tests;
