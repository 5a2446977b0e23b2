//! The scenario file: which services write what, when and how often. Every mistake is told with its line.

use super::template::{Counters, Template};
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;
use toml::Spanned;

/// The built-in scenario and its name in messages.
const SHOP: (&str, &str) = ("assets/demo/shop.toml", include_str!("../../assets/demo/shop.toml"));

/// One mistake in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct ScenarioError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and the nearest right name where there is one.
    pub message: String,
}

/// In which form a service writes its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Access,
    NginxError,
    Json,
    Logback,
    Postgres,
    Cloudflared,
    Bracketed,
}

/// A service and its file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) form: Form,
}

/// What a service says once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Say {
    pub(super) weight: f64,
    pub(super) level: String,
    pub(super) text: Template,
    pub(super) fields: Vec<(String, Template)>,
}

/// One stream of lines in a phase.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) service: usize,
    pub(super) mix: usize,
    /// Lines per second at the phase's begin and end.
    pub(super) rate: (f64, f64),
}

/// A stretch of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phase {
    pub(super) name: String,
    pub(super) seconds: f64,
    pub(super) repeat: bool,
    pub(super) runs: Vec<Run>,
}

/// A single line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Single {
    /// Index of its phase; `None` counts from the start.
    pub(super) phase: Option<usize>,
    pub(super) at: f64,
    pub(super) service: usize,
    pub(super) say: Say,
}

/// A line that comes back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Every {
    pub(super) seconds: f64,
    pub(super) from: f64,
    pub(super) service: usize,
    pub(super) say: Say,
}

/// A checked scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// One line about it.
    pub title: String,
    pub(super) history_minutes: f64,
    pub(super) history_phase: usize,
    pub(super) counters: Counters,
    pub(super) services: Vec<Service>,
    pub(super) phases: Vec<Phase>,
    pub(super) mixes: Vec<Vec<Say>>,
    pub(super) singles: Vec<Single>,
    pub(super) every: Vec<Every>,
}

impl Scenario {
    /// The shop that `aiobs demo` shows.
    pub fn embedded() -> Result<Self, Vec<ScenarioError>> {
        Self::parse(SHOP.0, SHOP.1)
    }

    /// A scenario from the text of its file, or all that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<ScenarioError>> {
        let mut check = Check { file, text, errors: Vec::new() };
        let raw: Raw = match toml::from_str(text) {
            Ok(raw) => raw,
            Err(e) => {
                check.fail(e.span().map_or(0, |s| s.start), e.message().replace('\n', " "));
                return Err(check.errors);
            }
        };
        let scenario = check.scenario(raw);
        if check.errors.is_empty() { Ok(scenario) } else { Err(check.errors) }
    }

    /// Seconds from the start to the end of the told incident, before the phases that repeat.
    pub fn told_seconds(&self) -> f64 {
        self.phases.iter().filter(|p| !p.repeat).map(|p| p.seconds).sum()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: String,
    history: RawHistory,
    #[serde(default)]
    counters: Counters,
    service: Vec<RawService>,
    phase: Vec<RawPhase>,
    mix: Vec<RawMix>,
    #[serde(default)]
    line: Vec<RawLine>,
    #[serde(default)]
    every: Vec<RawEvery>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHistory {
    minutes: Spanned<f64>,
    phase: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    name: String,
    file: Spanned<String>,
    form: Form,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPhase {
    name: String,
    seconds: Spanned<f64>,
    #[serde(default)]
    repeat: bool,
    rates: BTreeMap<Spanned<String>, Spanned<RawRate>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum RawRate {
    Steady(f64),
    Ramp([f64; 2]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMix {
    name: Spanned<String>,
    say: Vec<RawSay>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSay {
    weight: Spanned<f64>,
    #[serde(default)]
    level: String,
    text: Spanned<String>,
    #[serde(default)]
    fields: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    phase: Option<Spanned<String>>,
    at: Spanned<f64>,
    service: Spanned<String>,
    #[serde(default)]
    level: String,
    text: Spanned<String>,
    #[serde(default)]
    fields: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvery {
    seconds: Spanned<f64>,
    from: f64,
    service: Spanned<String>,
    #[serde(default)]
    level: String,
    text: Spanned<String>,
}

/// Resolves names and collects mistakes.
struct Check<'a> {
    file: &'a str,
    text: &'a str,
    errors: Vec<ScenarioError>,
}

impl Check<'_> {
    fn fail(&mut self, at: usize, message: impl Into<String>) {
        let line = self.text.bytes().take(at).filter(|&b| b == b'\n').count() + 1;
        self.errors.push(ScenarioError { file: self.file.to_owned(), line, message: message.into() });
    }

    /// The index of a name; 0 and a mistake when there is none.
    fn find(&mut self, what: &str, name: &str, at: usize, known: &[String]) -> usize {
        known.iter().position(|k| k == name).unwrap_or_else(|| {
            let near = known.iter().min_by_key(|k| strsim::damerau_levenshtein(k, name));
            let hint = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            self.fail(at, format!("unknown {what} `{name}`{hint}"));
            0
        })
    }

    fn positive(&mut self, value: &Spanned<f64>, what: &str) -> f64 {
        if !(value.get_ref().is_finite() && *value.get_ref() > 0.0) {
            self.fail(value.span().start, format!("{what} must be greater than 0"));
        }
        *value.get_ref()
    }

    fn template(&mut self, text: &Spanned<String>, counters: &Counters) -> Template {
        Template::parse(text.get_ref(), counters).unwrap_or_else(|message| {
            self.fail(text.span().start, message);
            Template::default()
        })
    }

    fn scenario(&mut self, raw: Raw) -> Scenario {
        let counters = raw.counters;
        let services: Vec<String> = raw.service.iter().map(|s| s.name.clone()).collect();
        let phases: Vec<String> = raw.phase.iter().map(|p| p.name.clone()).collect();
        let mixes: Vec<String> = raw.mix.iter().map(|m| m.name.get_ref().clone()).collect();
        for service in &raw.service {
            let name = service.file.get_ref();
            if name.is_empty() || name.contains(['/', '\\']) {
                self.fail(service.file.span().start, "a file name without directories is needed");
            }
        }
        if !raw.phase.iter().any(|p| p.repeat) {
            self.fail(0, "at least one phase needs `repeat = true`, to go on after the end");
        }
        let history_phase = self.find("phase", raw.history.phase.get_ref(), raw.history.phase.span().start, &phases);
        Scenario {
            title: raw.title,
            history_minutes: self.positive(&raw.history.minutes, "the minutes of history"),
            history_phase,
            phases: raw.phase.into_iter().map(|p| self.phase(p, &services, &mixes)).collect(),
            mixes: raw.mix.into_iter().map(|m| self.mix(m, &services, &counters)).collect(),
            singles: raw.line.into_iter().map(|l| self.single(l, &services, &phases, &counters)).collect(),
            every: raw.every.into_iter().map(|e| self.recurring(e, &services, &counters)).collect(),
            services: raw
                .service
                .into_iter()
                .map(|s| Service { name: s.name, file: s.file.into_inner(), form: s.form })
                .collect(),
            counters,
        }
    }

    fn phase(&mut self, raw: RawPhase, services: &[String], mixes: &[String]) -> Phase {
        let mut runs = Vec::new();
        for (name, rate) in &raw.rates {
            let (from, to) = match *rate.get_ref() {
                RawRate::Steady(r) => (r, r),
                RawRate::Ramp([a, b]) => (a, b),
            };
            if !(from >= 0.0 && to >= 0.0 && from.max(to) <= 10_000.0) {
                self.fail(rate.span().start, "a rate is 0 to 10000 lines per second");
            }
            let mix = self.find("mix", name.get_ref(), name.span().start, mixes);
            let service = self.service_of(name, services);
            runs.push(Run { service, mix, rate: (from, to) });
        }
        Phase {
            seconds: self.positive(&raw.seconds, "the seconds of a phase"),
            name: raw.name,
            repeat: raw.repeat,
            runs,
        }
    }

    fn service_of(&mut self, mix: &Spanned<String>, services: &[String]) -> usize {
        let name = mix.get_ref().split(':').next().unwrap_or_default();
        self.find("service", name, mix.span().start, services)
    }

    fn mix(&mut self, raw: RawMix, services: &[String], counters: &Counters) -> Vec<Say> {
        self.service_of(&raw.name, services);
        if raw.say.is_empty() {
            self.fail(raw.name.span().start, "this mix says nothing");
        }
        raw.say
            .into_iter()
            .map(|s| {
                let weight = self.positive(&s.weight, "a weight");
                self.say(weight, s.level, &s.text, s.fields, counters)
            })
            .collect()
    }

    fn say(
        &mut self,
        weight: f64,
        level: String,
        text: &Spanned<String>,
        fields: BTreeMap<String, Spanned<String>>,
        counters: &Counters,
    ) -> Say {
        let text = self.template(text, counters);
        let fields = fields.into_iter().map(|(k, v)| (k, self.template(&v, counters))).collect();
        Say { weight, level, text, fields }
    }

    fn single(&mut self, raw: RawLine, services: &[String], phases: &[String], counters: &Counters) -> Single {
        let service = self.find("service", raw.service.get_ref(), raw.service.span().start, services);
        let phase = raw.phase.map(|p| self.find("phase", p.get_ref(), p.span().start, phases));
        if phase.is_some() && *raw.at.get_ref() < 0.0 {
            self.fail(raw.at.span().start, "`at` is negative only for lines without a phase");
        }
        let say = self.say(1.0, raw.level, &raw.text, raw.fields, counters);
        Single { phase, at: *raw.at.get_ref(), service, say }
    }

    fn recurring(&mut self, raw: RawEvery, services: &[String], counters: &Counters) -> Every {
        let service = self.find("service", raw.service.get_ref(), raw.service.span().start, services);
        let seconds = self.positive(&raw.seconds, "the seconds between two lines");
        let say = self.say(1.0, raw.level, &raw.text, BTreeMap::new(), counters);
        Every { seconds, from: raw.from, service, say }
    }
}
