//! Attacks that show in requests: files outside the web directory, SQL in parameters, scanners, secrets handed out, guessed
//! passwords. A request says nothing by its statement, which is that of every other request, so that each one is looked at:
//! once for what no ordinary request holds, and only then closely. The pipeline shows it finished batches, and says which
//! records stand out by [`stands_out`], of which it remembers what holds for a whole shape of lines.
//! All tables are bounded. After OWASP's list of automated threats to web applications (2018).

mod read;
mod signs;
#[cfg(test)]
mod tests;

use super::gist;
use super::report::fnv;
use aiobs_types::{
    Anomaly, DetectorKind, Fingerprint, RecordBatch, RecordView, Severity, SourceId, TemplateId, Timestamp,
};
use read::{Request, is_request};
use signs::{Sign, Signs};
pub use signs::{stands_out, tells};
use std::collections::{HashMap, VecDeque};

const MINUTE: i64 = 60_000_000_000;
/// Tries that are counted together.
const WINDOW: i64 = 10 * MINUTE;
/// Tries to break in that are told; one that was answered as if it had worked is told at once.
const TRIES: usize = 3;
/// Requests of a scanner that are told, for so many different things.
const SCAN: usize = 6;
const DIFFERENT: usize = 4;
/// Failed sign-ins within [`WINDOW`] that are told, when at least three of four fail.
const SIGN_INS: usize = 20;
/// Hits held per source and sign.
const HELD: usize = 512;
/// Sources and signs that are watched.
const WATCHED: usize = 4_096;
/// Template numbers beyond this are not looked at: the miner hands out fewer.
const MOST_IDS: usize = 1 << 20;

/// One hit: when, from whom, for what, and whether it counts (a sign-in that went well does not).
#[derive(Clone, Copy, Debug)]
struct Hit {
    time: Timestamp,
    client: u64,
    target: u64,
    counts: bool,
}

/// See the module.
pub struct Requests {
    signs: Signs,
    /// Whether the records of a template are requests; by template, `None` is not known yet.
    known: Vec<Option<bool>>,
    held: HashMap<(SourceId, Sign), Held>,
}

/// The latest hits of one source and sign, and what is to be told of those that count: kept as they come and go, since in
/// an attack they come by the thousand.
#[derive(Debug, Default)]
struct Held {
    hits: VecDeque<Hit>,
    counted: usize,
    clients: HashMap<u64, u32>,
    targets: HashMap<u64, u32>,
}

impl Held {
    fn add(&mut self, hit: Hit) {
        while self.hits.front().is_some_and(|h| hit.time.since(h.time) > WINDOW) || self.hits.len() >= HELD {
            let Some(old) = self.hits.pop_front() else { break };
            if old.counts {
                self.counted -= 1;
                less(&mut self.clients, old.client);
                less(&mut self.targets, old.target);
            }
        }
        self.hits.push_back(hit);
        if hit.counts {
            self.counted += 1;
            *self.clients.entry(hit.client).or_default() += 1;
            *self.targets.entry(hit.target).or_default() += 1;
        }
    }
}

/// Takes one of a kind away.
fn less(kinds: &mut HashMap<u64, u32>, kind: u64) {
    if let Some(n) = kinds.get_mut(&kind) {
        *n -= 1;
        if *n == 0 {
            kinds.remove(&kind);
        }
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self { signs: Signs::new(), known: Vec::new(), held: HashMap::new() }
    }
}

impl Requests {
    /// Looks at those records of a finished batch that may stand out, by their places in it: all for which
    /// [`stands_out`] is true, and any others.
    pub fn observe(&mut self, batch: &RecordBatch, places: &[u32]) -> Vec<Anomaly> {
        let mut found = Vec::new();
        for view in places.iter().map(|place| batch.view(*place as usize)) {
            if self.may_be(view.meta.template, || is_request(view.text))
                && stands_out(view.text)
                && let Some(request) = Request::read(view.text)
                && let Some(sign) = self.signs.of(&request, view.text)
            {
                found.extend(self.count(sign, &view, &request));
            }
        }
        found
    }

    fn may_be(&mut self, template: TemplateId, first: impl FnOnce() -> bool) -> bool {
        let at = template.0 as usize;
        if at >= MOST_IDS {
            return false;
        }
        if self.known.len() <= at {
            self.known.resize(at + 1, None);
        }
        *self.known[at].get_or_insert_with(first)
    }

    fn count(&mut self, sign: Sign, view: &RecordView<'_>, request: &Request<'_>) -> Option<Anomaly> {
        let key = (view.meta.source, sign);
        if self.held.len() >= WATCHED && !self.held.contains_key(&key) {
            self.held.clear();
        }
        let held = self.held.entry(key).or_default();
        let time = view.meta.time;
        let failed = matches!(request.status, Some(401 | 403 | 423 | 429));
        let counts = sign != Sign::Login || failed;
        let hash = |text: &str| fnv(7, text.as_bytes());
        held.add(Hit { time, client: hash(request.client), target: hash(request.target), counts });
        let told = Told::of(held);
        told.is_news(sign, request.status).then(|| anomaly(sign, view, request, &told))
    }
}

/// What is held of one source and sign.
struct Told {
    all: usize,
    counted: usize,
    clients: usize,
    targets: usize,
    newest_counts: bool,
}

impl Told {
    fn of(held: &Held) -> Self {
        Self {
            all: held.hits.len(),
            counted: held.counted,
            clients: held.clients.len(),
            targets: held.targets.len(),
            newest_counts: held.hits.back().is_some_and(|h| h.counts),
        }
    }

    fn is_news(&self, sign: Sign, status: Option<u16>) -> bool {
        let answered = matches!(status, Some(200..=299));
        match sign {
            Sign::Exposed => true,
            Sign::Traversal | Sign::SqlInjection => answered || self.counted >= TRIES,
            Sign::Scan => self.counted >= SCAN && self.targets >= DIFFERENT,
            Sign::Login => self.newest_counts && self.counted >= SIGN_INS && self.counted * 4 >= self.all * 3,
        }
    }
}

fn anomaly(sign: Sign, view: &RecordView<'_>, request: &Request<'_>, told: &Told) -> Anomaly {
    let answered = request.status.map_or_else(String::new, |s| format!(", answered {s}"));
    let from = if request.client.is_empty() { String::new() } else { format!(" from {}", request.client) };
    let clients = match told.clients {
        1 => "one address".to_owned(),
        n => format!("{n} addresses"),
    };
    let line = format!("{} {}{from}{answered}", request.method, gist::plain(request.target, 120));
    let n = told.counted;
    let reason = match sign {
        Sign::Exposed => format!("A file that should never be served was: {line}."),
        Sign::Scan => format!(
            "{n} requests within 10 min for {} things that are not here, from {clients}; the last: {line}.",
            told.targets
        ),
        Sign::Login => format!("{n} of {} sign-ins within 10 min failed, from {clients}; the last: {line}.", told.all),
        _ if n == 1 => format!("{line}."),
        _ => format!("{n} such requests within 10 min, from {clients}; the last: {line}."),
    };
    let worked = matches!(request.status, Some(200..=299)) && matches!(sign, Sign::Traversal | Sign::SqlInjection);
    let source = view.meta.source.0.to_le_bytes();
    Anomaly {
        detector: DetectorKind::Pattern,
        fingerprint: Fingerprint(fnv(fnv(11, sign.name().as_bytes()), &source)),
        kin: None,
        title: sign.title().to_owned(),
        reason: gist::plain(&reason, 400),
        severity: if worked || sign == Sign::Exposed { Severity::ERROR } else { Severity::WARN },
        record: view.id,
        time: view.meta.time,
        source: view.meta.source,
        // The statement is that of ordinary requests too: it is not what is odd.
        template: TemplateId::default(),
        component: gist::plain(view.component, 120),
        likelihood: None,
        alarm: true,
    }
}
