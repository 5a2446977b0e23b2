//! Asks all detectors about a record and words the one anomaly that may come of it.

use super::config::{DETECTORS, DetectConfig, DetectError, Join};
use super::gist;
use super::lore::{Known, Lore};
use super::names::Names;
use super::new_template::{NewTemplate, Novelty};
use super::pattern::{Pattern, Patterns, Verdict, weak_too};
use super::severity;
use super::weigh::{Finding, Scales, Weighed};
use super::{trace, wording};
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, Kin, Level, RecordView, Severity, SourceId, TemplateId, Timestamp, flags,
};
use std::fmt::Write as _;

/// A record as the detectors see it.
#[derive(Clone, Copy, Debug)]
pub struct RecordContext<'a> {
    /// The record.
    pub view: RecordView<'a>,
    /// Name of its source.
    pub source_name: &'a str,
    /// Whether it founded its template.
    pub template_new: bool,
    /// What the patterns say of its message, if that is known; see [`Detectors::verdict`].
    pub verdict: Option<Verdict>,
}

/// All detectors and their state. One owner.
pub struct Detectors {
    patterns: Patterns,
    known: Known,
    names: Names,
    new_template: NewTemplate,
    scales: Scales,
    min_level: Level,
    by_severity: bool,
    by_novelty: bool,
    /// A trace without its frames.
    said: String,
}

impl Detectors {
    /// Compiles the patterns. Fails on an expression that is not valid, a pattern given twice, or a name in
    /// `disabled` that does not exist.
    pub fn new(config: &DetectConfig) -> Result<Self, DetectError> {
        for name in &config.disabled {
            if !DETECTORS.contains(&name.as_str()) {
                Patterns::check_known(name, config)?;
            }
        }
        let on = |name: &str| config.disabled.iter().all(|d| d != name);
        Ok(Self {
            patterns: Patterns::new(config)?,
            known: Known::default(),
            names: Names::default(),
            new_template: NewTemplate::new(config.warm_up_records, config.warm_up_minutes),
            scales: Scales::new(on("classifier")),
            min_level: config.min_level,
            by_severity: on("severity"),
            by_novelty: on("new_template"),
            said: String::new(),
        })
    }

    /// Who knows faults that no error pattern does.
    pub fn set_lore(&mut self, lore: Box<dyn Lore>) {
        self.known.set(lore);
    }

    /// What an earlier run saw of a source, so that its warm-up does not start again.
    pub fn restore_source(&mut self, source: SourceId, records: u64, first: Timestamp, last: Timestamp) {
        self.new_template.restore(source, records, first, last);
    }

    /// Whether unknown templates may be reported at all; false while an archive is filled for the first time.
    pub fn set_history(&mut self, known: bool) {
        self.new_template.set_history(known);
    }

    /// What weighs the words of statements, to be taught and asked.
    pub fn scales(&mut self) -> &mut Scales {
        &mut self.scales
    }

    /// Number of strong patterns and of all patterns in force.
    pub fn pattern_count(&self) -> (usize, usize) {
        self.patterns.count()
    }

    /// What the patterns say of all messages of this severity that differ from this one in `values` (byte ranges, rising)
    /// only. Those of them that hold letters must be shown to [`Self::stirs`] in every message. `None` when the values
    /// decide.
    pub fn verdict(&mut self, message: &str, severity: Severity, values: &[(usize, usize)]) -> Option<Verdict> {
        self.patterns.verdict(message, severity, values)
    }

    /// Whether the value at this byte range may change the verdict.
    pub fn stirs(&self, message: &str, severity: Severity, value: (usize, usize)) -> bool {
        self.patterns.stirs(message, severity, value)
    }

    /// Counts a record and says whether there is nothing to judge: no pattern matches it, and neither its level nor its
    /// being new nor its words could make it an anomaly. Most records are such.
    #[inline]
    pub fn passes(
        &mut self,
        (source, template): (SourceId, TemplateId),
        time: Timestamp,
        severity: Severity,
        verdict: Option<Verdict>,
    ) -> bool {
        let calm = matches!(verdict, Some(Verdict(None)))
            && severity < Severity::WARN
            && self.scales.is_calm(template, severity)
            && (severity.level() != Level::Unset || self.known.is_calm(template))
            && !(self.by_severity && severity::fires(severity, self.min_level));
        if calm {
            self.new_template.watch(source, time);
        }
        calm
    }

    /// Judges one record. `template_text` is asked for only when there is something to report.
    pub fn observe(&mut self, ctx: &RecordContext<'_>, template_text: impl FnOnce() -> String) -> Option<Anomaly> {
        self.judge(ctx, template_text, |_| false)
    }

    /// As [`Self::observe`]; the title and the reason of an anomaly whose fingerprint is `open` are left empty, because
    /// it is only counted. In a storm, wording them is most of the work.
    pub fn judge<T: AsRef<str>>(
        &mut self,
        ctx: &RecordContext<'_>,
        template_text: impl FnOnce() -> T,
        open: impl FnOnce(Fingerprint) -> bool,
    ) -> Option<Anomaly> {
        let meta = &ctx.view.meta;
        let warm = self.new_template.watch(meta.source, meta.time);
        let by_severity = self.by_severity && severity::fires(meta.severity, self.min_level);
        let message = whole(ctx);
        let mut hit = match ctx.verdict {
            Some(Verdict(hit)) => hit,
            None if meta.flags & flags::MULTILINE == 0 => self.patterns.find(message, meta.severity),
            None => {
                trace::without_frames(message, &mut self.said);
                self.patterns.find(&self.said, meta.severity)
            }
        };
        let mut beside = false;
        // Structured lines often name the fault in a field of its own: `msg="query failed" err="... refused"`.
        if hit.is_none_or(|h| self.patterns.at(h).0.join == Join::Template)
            && let Some(text) = structured(ctx)
            && let Some(better) = self.patterns.find_cause(text)
        {
            hit = Some(better);
            beside = true;
        }
        let novelty = if self.by_novelty && meta.severity >= Severity::WARN {
            self.new_template.novelty(meta.template, meta.time, ctx.template_new && warm)
        } else {
            Novelty::Known
        };
        let (novel, again) = (novelty != Novelty::Known, matches!(novelty, Novelty::Again(..)));
        let template = template_text();
        let told = |pattern: Option<(&Pattern, usize)>, known| {
            let pattern = pattern.map(|(p, _)| (p.strong, p.own));
            Finding { pattern, by_severity, novel, again, known }
        };
        let mut pattern = hit.map(|h| self.patterns.at(h));
        let mut weighed = pattern.and_then(|_| self.scales.weigh(ctx, template.as_ref(), told(pattern, false)));
        let mut known = false;
        // Words of a pattern that weigh too little may still be those of a fault that is known.
        if weighed.is_none() && weak_too(meta.severity) {
            let place = (ctx.view.component, ctx.source_name);
            if let Some(fault) = self.known.find(meta.template, template.as_ref(), message, place) {
                (pattern, known) = (Some((self.known.at(fault), 0)), true);
                weighed = self.scales.weigh(ctx, template.as_ref(), told(pattern, true));
            }
        }
        if pattern.is_none() {
            weighed = self.scales.weigh(ctx, template.as_ref(), told(None, false));
            // What an exclusion takes away does not alarm by its words alone.
            weighed = weighed.filter(|_| by_severity || novel || !self.patterns.excludes(message));
        }
        let weighed = weighed?;
        Some(report(
            ctx,
            message,
            template.as_ref(),
            &Findings { pattern, beside, by_severity, novelty, known, weighed },
            &mut self.names,
            open,
        ))
    }
}

struct Findings<'a> {
    pattern: Option<(&'a Pattern, usize)>,
    /// The pattern matched in another field than the message.
    beside: bool,
    by_severity: bool,
    novelty: Novelty,
    /// The pattern is somebody's lore.
    known: bool,
    weighed: Weighed,
}

impl Findings<'_> {
    fn is_novel(&self) -> bool {
        self.novelty != Novelty::Known
    }
}

/// The message, with all its lines when there are several.
fn whole<'a>(ctx: &RecordContext<'a>) -> &'a str {
    let view = &ctx.view;
    if view.meta.flags & flags::MULTILINE != 0 {
        view.text.get(view.meta.message.0 as usize..).unwrap_or(view.text)
    } else {
        view.message()
    }
}

/// The whole line of a structured record that tells of trouble and whose message is but a part of it.
fn structured<'a>(ctx: &RecordContext<'a>) -> Option<&'a str> {
    let view = &ctx.view;
    if view.meta.severity < Severity::WARN {
        return None;
    }
    let (start, end) = view.meta.message;
    let more = view.text.get(end as usize..)?.len() > 2;
    let head = view.text.get(..start as usize)?;
    let fields = head.contains('{') || head.contains("=\"") || head.ends_with('=');
    (fields && (more || head.contains(','))).then_some(view.text)
}

fn report(
    ctx: &RecordContext<'_>,
    message: &str,
    template: &str,
    found: &Findings<'_>,
    names: &mut Names,
    open: impl FnOnce(Fingerprint) -> bool,
) -> Anomaly {
    let meta = &ctx.view.meta;
    let raised = if meta.flags & flags::MULTILINE == 0 { None } else { trace::raised(message) };
    let names = match found.pattern {
        Some((p, _)) if p.join == Join::Target && !found.beside => Some(names.of(message, &p.title)),
        _ => None,
    };
    let kin = found.pattern.zip(names).and_then(|((p, _), names)| kin(p, names, ctx.view.component));
    let (detector, fingerprint) = match (found.pattern, &raised) {
        (Some((p, _)), Some(raised)) if p.join == Join::Template => {
            (DetectorKind::Pattern, raised_fingerprint(p, raised))
        }
        (Some((p, _)), _) if found.beside && p.join == Join::Target => {
            (DetectorKind::Pattern, hash_words(&p.id, template))
        }
        (Some((p, _)), _) => (DetectorKind::Pattern, pattern_fingerprint(p, names.unwrap_or_default(), template)),
        (None, _) if found.by_severity => (DetectorKind::Severity, hash_words("level", template)),
        (None, _) if found.is_novel() => (DetectorKind::NewTemplate, hash_words("new", template)),
        (None, _) => (DetectorKind::Classifier, hash_words("words", template)),
    };
    let (title, reason) = if open(fingerprint) {
        (String::new(), String::new())
    } else {
        let title = match (found.pattern, &raised) {
            (Some((p, _)), Some(raised)) if p.join == Join::Template => gist::title_of(raised.line),
            (Some((p, _)), _) if found.beside && p.join == Join::Target => {
                gist::title_of(&format!("{}: {}", titled(template, message), p.title))
            }
            (Some((p, _)), _) if found.known => gist::plain(&p.title, 80),
            (Some((p, _)), _) => pattern_title(p, template),
            (None, _) => titled(template, message),
        };
        (title, reason(ctx, template, found))
    };
    let floor = found.pattern.map_or(Severity::WARN, |(p, _)| p.severity);
    Anomaly {
        detector,
        fingerprint,
        kin,
        title,
        reason,
        severity: meta.severity.max(floor).max(Severity::WARN),
        record: ctx.view.id,
        time: meta.time,
        source: meta.source,
        template: meta.template,
        component: gist::plain(ctx.view.component, 120),
        likelihood: found.weighed.likelihood,
        alarm: found.weighed.alarm,
    }
}

pub(super) fn titled(template: &str, message: &str) -> String {
    let title = gist::title_of(&wording::words(template).unwrap_or_default());
    if title.is_empty() { gist::title_of(message) } else { title }
}

fn pattern_title(pattern: &Pattern, template: &str) -> String {
    match pattern.join {
        Join::Template => {
            let title = gist::title_of(&wording::words(template).unwrap_or_default());
            if title.is_empty() { pattern.title.clone() } else { title }
        }
        Join::Target => gist::title_with(&pattern.title, template),
        Join::Pattern => gist::plain(&pattern.title, 80),
    }
}

/// The last part of a path: people know their files by it. Other names stay as they are.
pub(super) fn short_name(source: &str) -> &str {
    source.rsplit(['/', '\\']).next().filter(|n| !n.is_empty()).unwrap_or(source)
}

fn reason(ctx: &RecordContext<'_>, template: &str, found: &Findings<'_>) -> String {
    let view = &ctx.view;
    let who = if view.component.is_empty() { short_name(ctx.source_name) } else { view.component };
    let level = view.meta.severity.level();
    let mut text = format!("{} logged \"{}\"", gist::plain(who, 80), gist::quote(template));
    if level == Level::Unset {
        text.push_str(" without a level");
    } else {
        text.push_str(" at level ");
        text.push_str(level.name());
    }
    if let Some((pattern, others)) = found.pattern {
        text.push_str(if found.known { "; known as: " } else { "; matches the pattern " });
        text.push_str(&gist::plain(&pattern.title, 80));
        match others {
            0 => {}
            1 => text.push_str(" and one other"),
            n => {
                text.push_str(" and ");
                text.push_str(&n.to_string());
                text.push_str(" others");
            }
        }
    }
    if let (None, false, false, Some(percent)) =
        (found.pattern, found.by_severity, found.is_novel(), found.weighed.likelihood)
    {
        text.push_str("; its words tell of a fault (");
        text.push_str(&percent.to_string());
        text.push_str(" % likely)");
    }
    match found.novelty {
        Novelty::Known => {}
        Novelty::First => text.push_str("; never seen before in this source"),
        Novelty::Again(times, seconds) => {
            // Writing to a string cannot fail.
            let _ = write!(text, "; new in this source, {times} times in {seconds} s");
        }
    }
    text.push('.');
    text
}

/// Stable across restarts and machines: depends on words only.
fn pattern_fingerprint(pattern: &Pattern, names: &[String], template: &str) -> Fingerprint {
    match pattern.join {
        Join::Pattern => Fingerprint(fnv(0, pattern.id.as_bytes())),
        Join::Template => hash_words(&pattern.id, template),
        Join::Target => {
            let start = fnv(1, pattern.id.as_bytes());
            Fingerprint(names.iter().fold(start, |h, name| fnv(h, name.as_bytes())))
        }
    }
}

/// A record that does not name what it is about may be of the same fault as those of its component that do.
fn kin(pattern: &Pattern, names: &[String], component: &str) -> Option<Kin> {
    let group = Fingerprint(fnv(fnv(3, pattern.id.as_bytes()), component.as_bytes()));
    (!component.is_empty()).then_some(Kin { group, names_target: !names.is_empty() })
}

/// One exception raised at one place is one fault, whatever its text says.
fn raised_fingerprint(pattern: &Pattern, raised: &trace::Raised<'_>) -> Fingerprint {
    let Fingerprint(class) = hash_words(&pattern.id, raised.class);
    let Fingerprint(place) = hash_words("", raised.place);
    Fingerprint(class.rotate_left(17) ^ place)
}

/// The letters of a template, without its placeholders, digits, punctuation and case.
pub(super) fn hash_words(id: &str, template: &str) -> Fingerprint {
    let mut h = fnv(2, id.as_bytes());
    for word in template.split(|c: char| c.is_whitespace() || "=:,;()[]{}\"'|/".contains(c)) {
        if word.is_empty() || word.starts_with('<') && word.contains('>') {
            continue;
        }
        let letters = word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase);
        let word: String = letters.collect();
        if !word.is_empty() {
            h = fnv(h, word.as_bytes());
        }
    }
    Fingerprint(h)
}

/// FNV-1a, 64 bit, with an end mark per call.
pub(super) fn fnv(start: u64, bytes: &[u8]) -> u64 {
    let mut h = start ^ 0xcbf2_9ce4_8422_2325;
    for b in bytes.iter().chain(&[0xff]) {
        h = (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
    }
    h
}
