//! The agent chain's own overhead and the memory of its queue, one table: `cargo bench --bench chain`. See
//! `benches/README.md`. The model answers at once, so what is measured is ours. Linux only.

#[path = "../common/mod.rs"]
mod common;

use aiobs::config::{self, Load};
use aiobs::runtime::{Builder, EngineEvent, Ground, Options};
use aiobs_agents::{ChainDeps, ChainOptions, ChainService, NoAdvice, NoSurroundings};
use aiobs_llm::scripted::{Scripted, Step};
use aiobs_llm::testkit::Reply;
use aiobs_logs::source::SourceSpec;
use aiobs_types::{
    Diagnosis, Fingerprint, Incident, IncidentId, RecordId, Span, TimelineEntry, TimelineKind, Timestamp, semconv,
};
use common::Empty;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Faults that are diagnosed.
const FAULTS: usize = 60;
/// Incidents that wait at once.
const QUEUED: u64 = 1_000;
/// How long a run may take.
const PATIENCE: Duration = Duration::from_mins(5);

fn main() -> anyhow::Result<()> {
    println!("| row | median | 95th percentile |\n| --- | --- | --- |");
    // First, while nothing was freed that the queue could take.
    println!("| {QUEUED} incidents in the queue | {:.1} MiB | |", queue()?);
    for (name, model) in [("own overhead with a model at 0 ms", true), ("with playbooks only", false)] {
        let runs = overhead(model)?;
        let row = |what: &str, of: &dyn Fn(&Run) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(of).collect();
            let (half, most) = (quantile(&mut values, 0.5), quantile(&mut values, 0.95));
            println!("| {name}: {what} | {half:.1} ms | {most:.1} ms |");
        };
        row("run without its model calls", &|r| r.own);
        row("of that, gathering evidence", &|r| r.gathering);
        let tools: BTreeSet<&String> = runs.iter().flat_map(|r| r.looks.keys()).collect();
        for tool in tools {
            row(&format!("of that, {tool}"), &|r| r.looks.get(tool).copied().unwrap_or(0.0));
        }
        row("from the end of a run to its diagnosis stored and told", &|r| r.stored);
        row("both together", &|r| r.own + r.stored);
    }
    Ok(())
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 - 1.0).max(0.0) * q).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

/// A word of letters that is different for every number.
fn word(n: usize) -> String {
    let letters = b"abcdefghijklmnopqrst";
    [n / 400 % 20, n / 20 % 20, n % 20].iter().map(|i| char::from(letters[*i])).collect()
}

/// Logs of many services: healthy lines, and one fault each.
fn log() -> String {
    let mut out = String::new();
    for i in 0..20_000 {
        let (m, s) = (i / 60 % 60, i % 60);
        let _ = writeln!(
            out,
            "2025-01-07 {:02}:{m:02}:{s:02} [INFO] api - request {i} served in {} ms",
            8 + i / 3600,
            i % 97
        );
    }
    for f in 0..FAULTS {
        for n in 0..30 {
            let _ = writeln!(
                out,
                "2025-01-07 14:{:02}:{n:02} [ERROR] svc-{} - {} of {} failed: code {n}",
                f % 60,
                word(f),
                word(f * 7 + 3),
                word(f * 11 + 5)
            );
        }
    }
    out
}

/// Milliseconds of one run.
struct Run {
    /// Without its model calls.
    own: f64,
    /// Its stage Context.
    gathering: f64,
    /// Its looks, by what they look at.
    looks: BTreeMap<String, f64>,
    /// From its end to its diagnosis stored and told.
    stored: f64,
}

/// Every run of a log with many faults.
fn overhead(with_model: bool) -> anyhow::Result<Vec<Run>> {
    let served = if with_model { Some(common::server()?) } else { None };
    let model = served.as_ref().map(|(_, server)| server);
    if let Some(model) = model {
        for _ in 0..FAULTS * 4 {
            for text in [
                r#"{"title":"t","cause":"c","error_class":"a.b","criticality":3,"confidence":"low"}"#,
                r#"{"now":["x"]}"#,
                r#"{"summary":"s"}"#,
            ] {
                model.reply(Reply::shredded(&[text], 4_096));
            }
        }
    }
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("services.log");
    std::fs::write(&path, log())?;
    let mut set = vec!["sources.time_zone=utc".to_owned()];
    set.extend(model.iter().map(|m| format!("model.url={}", m.url())));
    let config = config::load(&Load { set, names: aiobs::names::names(None), ..Load::default() })
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let options = Options {
        alert: false,
        sources: vec![SourceSpec::Path(path)],
        follow: false,
        force_poll: false,
        offline: !with_model,
        diagnose: true,
        place: "a bench".into(),
    };
    let (tx, ended) = channel();
    let told: Arc<Mutex<Vec<(Timestamp, Diagnosis)>>> = Arc::default();
    let keep = Arc::clone(&told);
    let listener = Arc::new(move |event: &EngineEvent| match event {
        EngineEvent::Ended => drop(tx.send(())),
        EngineEvent::Diagnosis(d) => {
            keep.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((Timestamp::now(), (**d).clone()));
        }
        _ => {}
    });
    let builder = Builder { config: &config, options, listener: Some(listener) };
    let mut running = builder.start(Ground::open(&dir.path().join("data"))?, false)?;
    ended.recv_timeout(PATIENCE)?;
    anyhow::ensure!(running.wait_for_diagnoses(PATIENCE), "the diagnoses take too long");
    running.stop();
    let ground = Ground::open(&dir.path().join("data"))?;
    let reader = ground.store().reader()?;
    let mut runs = Vec::new();
    let told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    for (at, d) in told {
        let Some(trace) = d.trace else { continue };
        let spans = reader.spans(trace)?;
        let Some(root) = spans.iter().find(|s| s.parent.is_none()) else { continue };
        let calls: f64 = spans.iter().filter(|s| s.name.starts_with("chat")).map(millis).sum();
        let context = spans.iter().find(|s| s.name == "invoke_agent context");
        let mut looks = BTreeMap::new();
        for span in &spans {
            if let Some(tool) = span.attr_text(semconv::TOOL_NAME) {
                *looks.entry(tool.to_owned()).or_insert(0.0) += millis(span);
            }
        }
        runs.push(Run {
            looks,
            own: millis(root) - calls,
            gathering: context.map_or(0.0, millis),
            stored: at.since(root.end.unwrap_or(at)) as f64 / 1e6,
        });
    }
    anyhow::ensure!(runs.len() >= FAULTS / 2, "only {} faults were diagnosed", runs.len());
    Ok(runs)
}

fn millis(span: &Span) -> f64 {
    span.end.map_or(0.0, |end| end.since(span.start) as f64 / 1e6)
}

/// MiB that the process grows by while incidents of full size wait behind a model that never answers.
fn queue() -> anyhow::Result<f64> {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let model = Scripted::new("m").script("diagnosis", vec![Step::Hang]);
    let deps = ChainDeps {
        provider: Some(Arc::new(model)),
        archive: Arc::new(Empty),
        playbooks: Arc::new(NoAdvice),
        prompts: Arc::default(),
        surroundings: Arc::new(NoSurroundings),
        options: ChainOptions::default(),
    };
    let service = ChainService::spawn(rt.handle(), deps, |_| {});
    let before = resident()?;
    for n in 0..QUEUED {
        service.submit(Incident {
            id: IncidentId(n),
            fingerprint: Fingerprint(n),
            title: format!("fault {n} of a service with a long name, as titles are"),
            reason: "r".repeat(200),
            count: n,
            components: (0..8).map(|c| format!("component-{n}-{c}")).collect(),
            evidence: (0..20).map(RecordId).collect(),
            timeline: (0..40)
                .map(|i| TimelineEntry { time: Timestamp(i), kind: TimelineKind::Note, text: "t".repeat(80) })
                .collect(),
            ..Incident::default()
        });
    }
    let until = Instant::now() + Duration::from_secs(20);
    while service.state().queued < (QUEUED - 1) as usize {
        anyhow::ensure!(Instant::now() < until, "only {} wait", service.state().queued);
        std::thread::sleep(Duration::from_millis(5));
    }
    let after = resident()?;
    rt.block_on(service.shutdown(Duration::from_secs(2)));
    Ok(after - before)
}

/// Memory resident now, MiB.
fn resident() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(kib.unwrap_or(0.0) / 1024.0)
}
