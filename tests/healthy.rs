//! A healthy system raises nothing: hours of ordinary life of the demo's shop, and what such a life brings (restarts,
//! slow ramps, a deployment that goes well, warnings that nobody has to read), through the real pipeline. Not one
//! incident may come of it. What is asserted are incidents, never how long it took.
#![allow(clippy::unwrap_used)]

use aiobs::config;
use aiobs::demo::{DemoLine, RenderOptions, Scenario, render};
use aiobs::runtime::{Pipeline, PipelineSetup, lore};
use aiobs_logs::detect::DetectConfig;
use aiobs_logs::format::{FormatSet, ZoneRule};
use aiobs_logs::incident::BookOptions;
use aiobs_types::{FileIdentity, Incident, IncidentId, RecordId, SourceId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// 2025-01-07 14:30:00 UTC, the scenario's second 0.
const START: i64 = 1_736_260_200;
/// Phases in which nothing is wrong.
const HEALTHY: [&str; 3] = ["calm", "quiet", "quiet-again"];

/// The demo's shop without its troubles, with this much history, and `times` its rates.
fn shop(minutes: i64, times: f64) -> Scenario {
    let text = include_str!("../assets/demo/shop.toml");
    let mut table: toml::Table = text.parse().unwrap();
    table["history"]["minutes"] = toml::Value::Integer(minutes);
    table.remove("every");
    let healthy = |v: &toml::Value| v.as_str().is_none_or(|name| HEALTHY.contains(&name));
    let kept = |list: &toml::Value, key: &str| -> Vec<toml::Value> {
        let all = list.as_array().unwrap().iter();
        all.filter(|item| item.get(key).is_none_or(healthy)).cloned().collect()
    };
    table["line"] = kept(&table["line"], "phase").into();
    let mut phases = kept(&table["phase"], "name");
    for phase in &mut phases {
        for (_, rate) in phase["rates"].as_table_mut().unwrap().iter_mut() {
            *rate = (rate.as_float().unwrap() * times).into();
        }
    }
    table["phase"] = phases.into();
    // Mixes of the troubles are not said by anybody any more.
    let said = |mix: &&toml::Value| !mix["name"].as_str().unwrap().contains(':');
    table["mix"] = table["mix"].as_array().unwrap().iter().filter(said).cloned().collect::<Vec<_>>().into();
    Scenario::parse("shop.toml", &toml::to_string(&table).unwrap()).unwrap_or_else(|e| panic!("{e:?}"))
}

/// The history and so many seconds after it.
fn lines(scenario: &Scenario, seed: u64, seconds: i64) -> Vec<DemoLine> {
    let start = Timestamp::from_secs(START);
    let options = RenderOptions { seed, start, speed: 1.0, history: true };
    render(scenario, options).take_while(|l| l.time.secs() < START + seconds).collect()
}

fn pipeline() -> Pipeline {
    let names = aiobs::names::names(None);
    let config = config::load(&config::Load { names, ..config::Load::default() }).unwrap();
    Pipeline::new(PipelineSetup {
        formats: Arc::new(FormatSet::with_user(Vec::new()).unwrap()),
        zone: ZoneRule::parse("utc").unwrap(),
        forced: Vec::new(),
        detect: DetectConfig::default(),
        incidents: BookOptions::default(),
        templates: Vec::new(),
        known_incidents: Vec::new(),
        next_incident: IncidentId(1),
        next_record: RecordId(1),
        checkpoints: Vec::new(),
        lessons: Vec::new(),
        state: Vec::new(),
        markers: Vec::new(),
        lore: lore::playbooks(&config),
    })
    .unwrap()
}

/// Feeds the lines as a follower would get them, some seconds at a time, each service a file of its own.
fn incidents(lines: &[DemoLine]) -> Vec<Incident> {
    let mut pipeline = pipeline();
    let mut at: BTreeMap<usize, u64> = BTreeMap::new();
    let names = ["gateway", "gateway-error", "orders", "payments", "db-1", "cloudflared", "deploy"];
    for chunk in lines.chunk_by(|a, b| a.time.secs() / 5 == b.time.secs() / 5) {
        let mut texts: BTreeMap<usize, String> = BTreeMap::new();
        for line in chunk {
            texts.entry(line.service).or_default().push_str(&line.text);
        }
        let now = chunk.last().unwrap().time;
        for (service, text) in texts {
            let source = SourceId(service as u32 + 1);
            let offset = at.entry(service).or_insert_with(|| {
                let name = format!("/var/log/shop/{}.log", names[service]);
                pipeline.open(source, &name, FileIdentity::default(), 0).unwrap();
                0
            });
            pipeline.data(source, *offset, text.as_bytes(), FileIdentity::default(), now, |_| {});
            *offset += text.len() as u64;
            pipeline.caught_up(source, now);
        }
        pipeline.take(now);
    }
    pipeline.incidents()
}

fn told(incidents: &[Incident]) -> Vec<String> {
    let one = |i: &Incident| format!("{:?} x{} at {}: {}", i.title, i.count, i.first_seen.secs() - START, i.reason);
    incidents.iter().map(one).collect()
}

/// A number from 0 to 1 for the n-th line: the same in each run.
fn unit(n: usize) -> f64 {
    let mixed = (n as u64 ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn the_demo_is_calm_until_its_deployment() {
    for seed in 1..=6 {
        let found = incidents(&lines(&shop(30, 1.0), seed, 14));
        assert!(found.is_empty(), "seed {seed}: {:#?}", told(&found));
    }
}

#[test]
fn hours_of_ordinary_life_raise_nothing() {
    for seed in 1..=2 {
        let found = incidents(&lines(&shop(150, 1.0), seed, 600));
        assert!(found.is_empty(), "seed {seed}: {:#?}", told(&found));
    }
}

#[test]
fn services_that_start_again_raise_nothing() {
    let all = lines(&shop(180, 1.0), 5, 60);
    // Every half hour another service is away for a while.
    let away = |l: &DemoLine| {
        let minute = (l.time.secs() - START + 180 * 60) / 60;
        let turn = (minute / 30) as usize % 5;
        let second = (l.time.secs() - START + 180 * 60) % 1800;
        [0, 2, 3, 4, 5][turn] == l.service && (1200..1200 + 20 + 10 * turn as i64).contains(&second)
    };
    let kept: Vec<DemoLine> = all.into_iter().filter(|l| !away(l)).collect();
    let found = incidents(&kept);
    assert!(found.is_empty(), "{:#?}", told(&found));
}

#[test]
fn a_morning_that_gets_busier_and_calms_down_raises_nothing() {
    // Three times the traffic within two hours, and back.
    let share = |second: i64| {
        let hours = (second - START + 200 * 60) as f64 / 3600.0;
        let ramp = if hours < 1.7 { hours / 1.7 } else { (3.4 - hours) / 1.7 };
        (1.0 + 2.0 * ramp.clamp(0.0, 1.0)) / 3.0
    };
    let all = lines(&shop(200, 3.0), 9, 1);
    let keep = |(n, l): &(usize, DemoLine)| unit(*n) < share(l.time.secs());
    let kept: Vec<DemoLine> = all.into_iter().enumerate().filter(keep).map(|(_, l)| l).collect();
    let found = incidents(&kept);
    assert!(found.is_empty(), "{:#?}", told(&found));
}
