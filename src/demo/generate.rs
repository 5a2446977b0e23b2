//! Turns a scenario into lines, one stretch of time after the other: the same scenario, seed and start make the
//! same lines. Pure: it reads no clock and writes no file.

use super::scenario::{Form, Phase, Say, Scenario};
use super::template::{Counters, Rng, Template};
use aiobs_types::Timestamp;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// What [`render`] needs besides the scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RenderOptions {
    /// Seed of all values.
    pub seed: u64,
    /// Event time of the scenario's second 0.
    pub start: Timestamp,
    /// Scenario seconds per second of event time from the start on; the history always runs at 1.
    pub speed: f64,
    /// Whether the history comes first.
    pub history: bool,
}

/// One line (or several, for a stack trace) of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoLine {
    /// Event time, as it stands in the text (which may be less exact).
    pub time: Timestamp,
    /// When it is due after the start; zero for the history.
    pub due: Duration,
    /// Index of the service and its file.
    pub service: usize,
    /// The text with its final newline.
    pub text: String,
}

/// All lines of a scenario in the order of time. Never ends: the phases that repeat go round.
pub fn render(scenario: &Scenario, options: RenderOptions) -> impl Iterator<Item = DemoLine> + use<> {
    Lines::new(Arc::new(scenario.clone()), options)
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum Next {
    History,
    Phase(usize),
}

/// The iterator behind [`render`]: makes the lines of one stretch at a time.
#[derive(Debug)]
pub(super) struct Lines {
    scenario: Arc<Scenario>,
    options: RenderOptions,
    rng: Rng,
    counters: Counters,
    next: Next,
    /// Scenario second at which the next stretch begins.
    at: f64,
    ready: std::vec::IntoIter<DemoLine>,
    /// Built-in values of some forms: client address, agent, worker thread.
    ip: Template,
    agent: Template,
    worker: Template,
}

/// A line of a stretch before it has its text.
#[derive(Clone, Copy, Debug)]
struct Slot<'a> {
    at: f64,
    service: usize,
    say: Source<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Mix(&'a [Say]),
    One(&'a Say),
}

impl Lines {
    pub(super) fn new(scenario: Arc<Scenario>, options: RenderOptions) -> Self {
        let fixed = |text| Template::parse(text, &Counters::new()).unwrap_or_default();
        Self {
            rng: Rng::new(options.seed),
            counters: scenario.counters.clone(),
            next: if options.history { Next::History } else { Next::Phase(0) },
            at: if options.history { -60.0 * scenario.history_minutes } else { 0.0 },
            ready: Vec::new().into_iter(),
            ip: fixed("{ip}"),
            agent: fixed("{agent}"),
            worker: fixed("{int:1..12}"),
            scenario,
            options,
        }
    }

    /// Makes the lines of the next stretch.
    fn advance(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        let (index, length, live) = match self.next {
            Next::History => (scenario.history_phase, 60.0 * scenario.history_minutes, false),
            Next::Phase(i) => (i, scenario.phases[i].seconds, true),
        };
        let mut slots = self.slots(&scenario, &scenario.phases[index], length, live.then_some(index));
        slots.sort_by(|a, b| a.at.total_cmp(&b.at));
        let lines: Vec<DemoLine> = slots.into_iter().map(|slot| self.line(&scenario, slot)).collect();
        self.ready = lines.into_iter();
        self.at += length;
        self.next = Next::Phase(match self.next {
            Next::History => 0,
            Next::Phase(i) if i + 1 < scenario.phases.len() => i + 1,
            Next::Phase(_) => scenario.phases.iter().position(|p| p.repeat).unwrap_or(0),
        });
    }

    /// Seconds from the begin of a stretch at which a mix speaks: a Poisson process whose rate goes from one value to
    /// another, by thinning (Lewis and Shedler 1979), with a slow swell so that a healthy hour is not a flat line.
    fn arrivals(&mut self, (from, to): (f64, f64), length: f64) -> Vec<f64> {
        let most = from.max(to) * 1.25;
        let mut times = Vec::new();
        if most <= 0.0 {
            return times;
        }
        let mut t = 0.0;
        loop {
            t -= (1.0 - self.rng.unit()).ln() / most;
            if t >= length {
                return times;
            }
            let rate = (from + (to - from) * t / length) * swell(self.at + t);
            if self.rng.unit() * most < rate {
                times.push(t);
            }
        }
    }

    /// Everything that is said in a stretch that begins at `self.at`, in no order.
    fn slots<'a>(
        &mut self,
        scenario: &'a Scenario,
        phase: &'a Phase,
        length: f64,
        live: Option<usize>,
    ) -> Vec<Slot<'a>> {
        let begin = self.at;
        let mut slots = Vec::new();
        for run in &phase.runs {
            let say = Source::Mix(&scenario.mixes[run.mix]);
            let arrivals = self.arrivals(run.rate, length);
            slots.extend(arrivals.into_iter().map(|t| Slot { at: begin + t, service: run.service, say }));
        }
        let here = |at: f64| at >= begin && at < begin + length;
        for single in &scenario.singles {
            let at = match single.phase {
                Some(p) if live == Some(p) => begin + single.at,
                None if here(single.at) => single.at,
                _ => continue,
            };
            slots.push(Slot { at: at.min(begin + length), service: single.service, say: Source::One(&single.say) });
        }
        for every in &scenario.every {
            let mut n = ((begin - every.from) / every.seconds).ceil().max(0.0);
            while here(every.from + n * every.seconds) {
                let at = every.from + n * every.seconds;
                slots.push(Slot { at, service: every.service, say: Source::One(&every.say) });
                n += 1.0;
            }
        }
        slots
    }

    fn line(&mut self, scenario: &Scenario, slot: Slot<'_>) -> DemoLine {
        let after = if slot.at > 0.0 { slot.at / self.options.speed } else { slot.at };
        let time = self.options.start.plus((after * 1000.0) as i64 * 1_000_000);
        let say = match slot.say {
            Source::One(say) => say,
            Source::Mix(mix) => pick(mix, self.rng.unit()),
        };
        let service = &scenario.services[slot.service];
        let mut text = String::with_capacity(200);
        self.write(&mut text, service.form, &service.name, time, say);
        text.push('\n');
        DemoLine { time, due: Duration::from_secs_f64(after.max(0.0)), service: slot.service, text }
    }

    fn fill(&mut self, template: &Template) -> String {
        let mut out = String::new();
        template.fill(&mut out, &mut self.rng, &mut self.counters);
        out
    }

    /// One line in the form that such a service writes; times name their zone, so that no setting moves them.
    fn write(&mut self, out: &mut String, form: Form, service: &str, time: Timestamp, say: &Say) {
        let message = self.fill(&say.text);
        let stamp = |format: &str| {
            let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default();
            time.strftime(format).to_string()
        };
        let level = say.level.as_str();
        // Writing to a string cannot fail.
        let _ = match form {
            Form::Access => {
                let (ip, agent) = (self.fill(&self.ip.clone()), self.fill(&self.agent.clone()));
                write!(out, "{ip} - - [{}] {message} \"-\" \"{agent}\"", stamp("%d/%b/%Y:%H:%M:%S +0000"))
            }
            Form::NginxError => {
                write!(out, "{} [{level}] 29#29: {message}", stamp("%Y/%m/%d %H:%M:%S +0000"))
            }
            Form::Json => {
                let fields: Vec<(String, String)> = say.fields.iter().map(|(k, v)| (k.clone(), self.fill(v))).collect();
                out.push_str(&json(&stamp("%Y-%m-%dT%H:%M:%S%.3fZ"), level, service, &message, &fields));
                Ok(())
            }
            Form::Logback => {
                let worker = self.fill(&self.worker.clone());
                let stamp = stamp("%Y-%m-%dT%H:%M:%S,%3f+00:00");
                write!(out, "{stamp} [http-nio-8080-exec-{worker}] {level:<5} {service} - {message}")
            }
            Form::Postgres => {
                let pid = 20_000 + self.rng.next() % 4_000;
                write!(out, "{} UTC [{pid}] {level}:  {message}", stamp("%Y-%m-%d %H:%M:%S%.3f"))
            }
            Form::Cloudflared => write!(out, "{} {level} {message}", stamp("%Y-%m-%dT%H:%M:%SZ")),
            Form::Bracketed => {
                write!(out, "{} [{level}] {service} - {message}", stamp("%Y-%m-%dT%H:%M:%S+00:00"))
            }
        };
    }
}

impl Iterator for Lines {
    type Item = DemoLine;

    fn next(&mut self) -> Option<DemoLine> {
        loop {
            if let Some(line) = self.ready.next() {
                return Some(line);
            }
            self.advance();
        }
    }
}

/// The traffic of a shop comes and goes: 0.8 to 1.2 of the usual rate.
fn swell(second: f64) -> f64 {
    1.0 + 0.12 * (second / 190.0).sin() + 0.08 * (second / 47.0).sin()
}

/// One of a mix, by weight.
fn pick(mix: &[Say], unit: f64) -> &Say {
    let mut left = unit * mix.iter().map(|s| s.weight).sum::<f64>();
    for say in mix {
        left -= say.weight;
        if left < 0.0 {
            return say;
        }
    }
    &mix[mix.len() - 1]
}

/// One JSON object; values that are numbers stay numbers.
fn json(time: &str, level: &str, service: &str, message: &str, fields: &[(String, String)]) -> String {
    let mut object = serde_json::Map::new();
    for (key, value) in [("time", time), ("level", level), ("service", service), ("msg", message)] {
        object.insert(key.into(), value.into());
    }
    for (key, value) in fields {
        let number = value.parse::<u32>().ok().map(serde_json::Value::from);
        object.insert(key.clone(), number.unwrap_or_else(|| value.clone().into()));
    }
    serde_json::Value::Object(object).to_string()
}
