//! Finds the records that tell of a change: deployments, restarts, configuration changes, new versions. Patterns are in
//! `assets/markers.toml` and in the configuration. The pipeline asks once per template whether a pattern may match, and
//! looks at single records only of those where one does. It knows neither incidents nor the store.

use aiobs_types::{Marker, MarkerKind, RecordView, Severity, TemplateId, flags};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// The same words again within this time, in nanoseconds, are the same change.
const SAME: i64 = 120_000_000_000;
/// More markers of one kind and component in an hour than this are no markers but ordinary lines.
const MOST_PER_HOUR: usize = 20;
const HOUR: i64 = 3_600_000_000_000;
/// Characters of a text.
const TEXT: usize = 120;
/// Bytes of a message that are looked at.
const LOOKED_AT: usize = 2_000;
/// Components whose version is remembered, and whose markers are counted.
const MOST_COMPONENTS: usize = 1_000;

/// One pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkerConfig {
    /// Name in messages.
    pub name: String,
    /// What a match means.
    pub kind: MarkerKind,
    /// Expression on the message; its groups `what` and `version` name the thing.
    pub regex: String,
    /// Only when the version differs from the last one of the component.
    #[serde(default)]
    pub changes: bool,
    /// Expression that the message must not match; may be empty.
    #[serde(default)]
    pub not: String,
}

/// The embedded file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    marker: Vec<MarkerConfig>,
}

/// What can be wrong with the patterns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// The embedded patterns cannot be read.
    #[error("built-in markers: {0}")]
    BuiltIn(String),
    /// An expression that is not valid.
    #[error("marker `{name}`: {message}")]
    Expression {
        /// Which.
        name: String,
        /// What is wrong with it.
        message: String,
    },
}

/// The built-in patterns, for lists and documentation.
///
/// # Errors
/// None in practice: a test reads them.
pub fn default_markers() -> Result<Vec<MarkerConfig>, MarkerError> {
    let file: Result<File, _> = toml::from_str(include_str!("../../../assets/markers.toml"));
    file.map(|f| f.marker).map_err(|e| MarkerError::BuiltIn(e.to_string()))
}

/// What is known of a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Unasked,
    No,
    Maybe,
}

/// See the module. One owner.
#[derive(Debug)]
pub struct MarkerFinder {
    patterns: Vec<Pattern>,
    set: RegexSet,
    templates: Vec<Known>,
    lately: VecDeque<Marker>,
    versions: HashMap<String, String>,
    counts: HashMap<(MarkerKind, String), VecDeque<i64>>,
}

/// A pattern, compiled.
#[derive(Debug)]
struct Pattern {
    config: MarkerConfig,
    regex: Regex,
    not: Option<Regex>,
}

fn compile(config: MarkerConfig) -> Result<Pattern, MarkerError> {
    let one = |regex: &str| {
        let built = RegexBuilder::new(regex).case_insensitive(true).unicode(false).build();
        built.map_err(|e| MarkerError::Expression {
            name: config.name.clone(),
            message: e.to_string().lines().last().unwrap_or_default().to_owned(),
        })
    };
    let not = if config.not.is_empty() { None } else { Some(one(&config.not)?) };
    Ok(Pattern { regex: one(&config.regex)?, not, config })
}

impl MarkerFinder {
    /// The built-in patterns and these; one with the name of a built-in pattern takes its place.
    ///
    /// # Errors
    /// An expression that is not valid.
    pub fn new(own: &[MarkerConfig]) -> Result<Self, MarkerError> {
        let mut all: Vec<MarkerConfig> = own.to_vec();
        all.extend(default_markers()?.into_iter().filter(|b| own.iter().all(|o| o.name != b.name)));
        let patterns: Vec<Pattern> = all.into_iter().map(compile).collect::<Result<_, _>>()?;
        let set = RegexSetBuilder::new(patterns.iter().map(|p| &p.config.regex))
            .case_insensitive(true)
            .unicode(false)
            .build();
        let set = set.map_err(|e| MarkerError::Expression { name: "all".into(), message: e.to_string() })?;
        Ok(Self {
            patterns,
            set,
            templates: Vec::new(),
            lately: VecDeque::new(),
            versions: HashMap::new(),
            counts: HashMap::new(),
        })
    }

    /// Whether nothing is known of this template yet.
    #[inline]
    pub fn asks(&self, template: TemplateId) -> bool {
        self.templates.get(template.0 as usize).is_none_or(|known| *known == Known::Unasked)
    }

    /// Whether records of this template may be markers. `first` is one of them, looked at when the template is new here.
    #[inline]
    pub fn may_mark(&mut self, template: TemplateId, first: impl FnOnce() -> bool) -> bool {
        let i = template.0 as usize;
        if i >= self.templates.len() {
            self.templates.resize((i + 1).next_power_of_two().min(1 << 20), Known::Unasked);
        }
        let Some(known) = self.templates.get_mut(i) else { return false };
        if *known == Known::Unasked {
            *known = if first() { Known::Maybe } else { Known::No };
        }
        *known == Known::Maybe
    }

    /// Whether any pattern matches a record.
    pub fn matches(&self, record: &RecordView<'_>) -> bool {
        looked_at(record).is_some_and(|text| self.set.is_match(text.as_bytes()))
    }

    /// The marker that a record is, if it is one that was not told just now.
    pub fn find(&mut self, record: &RecordView<'_>) -> Option<Marker> {
        let text = looked_at(record)?;
        let meant = |i: &usize| self.patterns[*i].not.as_ref().is_none_or(|not| !not.is_match(text.as_bytes()));
        let which = self.set.matches(text.as_bytes()).into_iter().find(meant)?;
        let (kind, changes) = (self.patterns[which].config.kind, self.patterns[which].config.changes);
        if !changes && !self.is_rare(kind, record) {
            return None;
        }
        let Pattern { config, regex, .. } = &self.patterns[which];
        let groups = regex.captures(text.as_bytes())?;
        // Words of bytes may end in the middle of a character: such a name is none.
        let group = |name: &str| {
            let found = groups.name(name).and_then(|m| text.get(m.range()));
            found.map(|name| name.trim_end_matches(['.', ',', ':', ';']))
        };
        // Of a long line, what matched and what follows says most.
        let from = groups.get(0).filter(|_| text.len() > TEXT).map_or(0, |m| m.start());
        let text = text.get(from..).unwrap_or(text);
        let (what, version) = (group("what").or_else(|| group("service")), group("version"));
        if config.changes {
            let version = version?.to_owned();
            let key = format!("{}/{}", record.component, what.unwrap_or_default());
            if self.versions.len() >= MOST_COMPONENTS && !self.versions.contains_key(&key) {
                return None;
            }
            // The first version seen is no change.
            let before = self.versions.insert(key, version.clone())?;
            if before == version || !self.is_rare(kind, record) {
                return None;
            }
        }
        let text = match (what, version) {
            (Some(what), Some(version)) => format!("{} {what} {version}", kind.name()),
            (Some(what), None) => format!("{} {what}", kind.name()),
            _ if record.component.is_empty() => format!("{}: {text}", kind.name()),
            _ => format!("{} {}: {text}", kind.name(), record.component),
        };
        let marker = Marker {
            time: record.meta.time,
            kind,
            text: plain(&text),
            component: plain(record.component),
            source: record.meta.source,
            record: record.id,
        };
        self.is_new(&marker).then(|| {
            self.lately.push_back(marker.clone());
            marker
        })
    }

    /// Counts a change; false when there are so many of its kind in its component that they are ordinary lines.
    fn is_rare(&mut self, kind: MarkerKind, record: &RecordView<'_>) -> bool {
        let time = record.meta.time;
        let key = (kind, plain(record.component));
        if self.counts.len() >= MOST_COMPONENTS && !self.counts.contains_key(&key) {
            self.counts.clear();
        }
        let times = self.counts.entry(key).or_default();
        while times.len() > MOST_PER_HOUR || times.front().is_some_and(|t| time.0 - *t > HOUR) {
            times.pop_front();
        }
        times.push_back(time.0);
        times.len() <= MOST_PER_HOUR
    }

    fn is_new(&mut self, marker: &Marker) -> bool {
        let near = |m: &Marker| marker.time.since(m.time).abs() < SAME;
        while self.lately.len() > 200 || self.lately.front().is_some_and(|m| marker.time.since(m.time) > HOUR) {
            self.lately.pop_front();
        }
        !self.lately.iter().any(|m| near(m) && m.text == marker.text)
    }
}

/// The message of a record that can be a marker.
fn looked_at<'a>(record: &RecordView<'a>) -> Option<&'a str> {
    if record.meta.severity >= Severity::ERROR || record.meta.flags & flags::MULTILINE != 0 {
        return None;
    }
    let text = record.message();
    Some(text.get(..text.len().min(LOOKED_AT)).unwrap_or(text).trim())
}

/// One line without control characters.
fn plain(text: &str) -> String {
    crate::words::plain(text, TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{NewRecord, RecordBatch, RecordId, SourceId, Timestamp};

    fn finder() -> MarkerFinder {
        MarkerFinder::new(&[]).unwrap_or_else(|e| panic!("{e}"))
    }

    fn told(finder: &mut MarkerFinder, second: i64, severity: Severity, message: &str) -> Option<String> {
        let mut batch = RecordBatch::new(RecordId(1));
        batch.push(NewRecord {
            time: Timestamp::from_secs(second),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(1),
            template: TemplateId(1),
            severity,
            flags: 0,
            component: "app",
            text: message,
            message: (0, message.len() as u32),
        });
        finder.find(&batch.view(0)).map(|m| m.text)
    }

    #[test]
    fn changes_are_told_in_few_words() {
        for (message, want) in [
            ("rollout orders 1.14.2 -> 1.15.0 by jonas, POOL_MAX=200 (was 20)", "deploy orders 1.15.0"),
            ("rollback orders 1.15.0 -> 1.14.2 by jonas, POOL_MAX=20", "rollback orders 1.14.2"),
            ("Deployed payments v3.8.1 to production", "deploy payments 3.8.1"),
            ("deploy api 2.4.0 finished", "deploy api 2.4.0"),
            ("deployment of cart:1.9.3 by anna", "deploy cart 1.9.3"),
            ("deployment \"web\" successfully rolled out", "deploy web"),
            ("Upgrading gateway to 2.0.1", "deploy gateway 2.0.1"),
            ("Started nginx.service - A high performance web server.", "restart nginx.service"),
            (
                "database system is ready to accept connections",
                "restart app: database system is ready to accept connections",
            ),
            ("configuration file /etc/x.conf reloaded", "config app: configuration file /etc/x.conf reloaded"),
            ("parameter \"work_mem\" changed to \"64MB\"", "config work_mem"),
            ("Scaled up replica set orders-7d4 to 3", "scale orders-7d4"),
            ("Migration 0042_add_index applied", "migration 0042_add_index"),
            ("node-2 promoted to primary", "failover app: node-2 promoted to primary"),
        ] {
            assert_eq!(told(&mut finder(), 0, Severity::INFO, message).as_deref(), Some(want), "{message}");
        }
    }

    #[test]
    fn other_lines_are_no_markers() {
        for message in [
            "GET /deploy HTTP/1.1 200",
            "released lock 42 after 3 ms",
            "the deploy log of 3.14 hours is kept",
            "connection to db-1:5432 refused",
            "user started a session",
            "request started",
            "upgrade your plan to get 10 more seats",
            "cache version check took 1.2 ms",
            "starting job 17",
            "config lookup for key a.b took 3 ms",
        ] {
            assert_eq!(told(&mut finder(), 0, Severity::INFO, message), None, "{message}");
        }
        assert_eq!(told(&mut finder(), 0, Severity::ERROR, "Deployed payments v3.8.1"), None);
    }

    #[test]
    fn a_version_is_told_when_it_changes() {
        let mut finder = finder();
        for (second, message, want) in [
            (0, "redis version 7.2.4", None),
            (1_000, "redis version 7.2.4", None),
            (2_000, "redis version 7.4.0", Some("version redis 7.4.0")),
        ] {
            assert_eq!(told(&mut finder, second, Severity::INFO, message).as_deref(), want, "{second}");
        }
    }

    #[test]
    fn what_people_and_schedules_do_is_told() {
        let mut finder = finder();
        for (i, (message, kind)) in [
            ("vti0: MTU is changed: 1400 → 1500 (min: 68, max: 65535)", Some("config")),
            ("replicas of orders lowered from 6 to 2", Some("config")),
            ("status changed from [YELLOW] to [GREEN] (reason: [shards started])", None),
            (
                r#"{"actor":"ann","action":"flag.updated","flag":"inline-products","rollout":{"from":0,"to":100}}"#,
                Some("config"),
            ),
            ("Apply complete! Resources: 0 added, 1 changed, 2 destroyed.", Some("config")),
            ("deployment.apps/orders configured", Some("config")),
            ("ann : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/sbin/ufw --force reset", Some("config")),
            ("rotated the database password of role orders", Some("config")),
            ("ALTER TABLE orders ADD COLUMN note text", Some("migration")),
            ("CMD: dropIndexes", Some("migration")),
            ("(root) CMD (/usr/local/sbin/image-backup.sh /var)", Some("job")),
            ("(root) CMD (cd / && run-parts --report /etc/cron.hourly)", None),
            ("Accepted publickey for deploy from 10.0.4.27 port 56636", None),
            ("nightly export started", Some("job")),
        ]
        .into_iter()
        .enumerate()
        {
            let got = told(&mut finder, i as i64 * 3_600, Severity::INFO, message);
            assert_eq!(
                got.as_deref().map(|t| t.split([' ', ':']).next().unwrap_or_default()),
                kind,
                "{message}: {got:?}"
            );
        }
        let long = format!("{} action=flag.updated flag=inline-products", "x ".repeat(60));
        let text = told(&mut finder, 90_000, Severity::INFO, &long).unwrap_or_default();
        assert!(text.contains("inline-products"), "what matched is told of a long line: {text}");
    }

    #[test]
    fn the_same_again_and_floods_are_left_out() {
        let mut finder = finder();
        assert!(told(&mut finder, 0, Severity::INFO, "Deployed payments v3.8.1").is_some());
        assert_eq!(told(&mut finder, 30, Severity::INFO, "Deployed payments v3.8.1"), None);
        let flood =
            (0..500).filter_map(|i| told(&mut finder, 300 + i, Severity::INFO, &format!("Deployed payments v3.9.{i}")));
        assert!(flood.count() <= MOST_PER_HOUR);
    }

    #[test]
    fn own_patterns_and_their_mistakes() {
        let own = |regex: &str| MarkerConfig {
            name: "season".into(),
            kind: MarkerKind::Config,
            regex: regex.into(),
            changes: false,
            not: String::new(),
        };
        let mut finder = MarkerFinder::new(&[own(r"^sale (?P<what>\w+) begins")]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(told(&mut finder, 0, Severity::INFO, "sale winter begins").as_deref(), Some("config winter"));
        let bad = MarkerFinder::new(&[own("(")]).map(|_| ()).map_err(|e| e.to_string());
        assert!(bad.is_err_and(|e| e.starts_with("marker `season`: ")));
    }

    #[test]
    fn a_template_is_asked_once() {
        let mut finder = finder();
        assert!(finder.may_mark(TemplateId(3), || true) && finder.may_mark(TemplateId(3), || false));
        assert!(!finder.may_mark(TemplateId(4), || false) && !finder.may_mark(TemplateId(4), || true));
    }
}
