//! What the miner promises: groups, placeholders, stable ids, bounds, and that nothing breaks it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::{RecordId, Severity, Template, TemplateId, Timestamp};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn mine(miner: &mut Miner, message: &str) -> Mined {
    miner.observe(message, Timestamp(1), Severity::INFO, RecordId(1))
}

fn template_of(message: &str) -> String {
    let mut miner = Miner::new(MinerOptions::default());
    let id = mine(&mut miner, message).id;
    miner.text(id).to_owned()
}

#[test]
fn values_become_typed_placeholders() {
    for (message, template) in [
        ("connection to 10.0.0.7:5432 refused", "connection to <ip>:<num> refused"),
        ("took 15ms, read 17.7 KB (cached)", "took <duration>, read <size> (cached)"),
        ("user=alice uid=1000 ok", "user=alice uid=<num> ok"),
        ("id 550e8400-e29b-41d4-a716-446655440000 done", "id <uuid> done"),
        ("opened /var/lib/app/data.db", "opened <path>"),
        ("fetch https://example.com/a?b=1 failed", "fetch https://<url> failed"),
        ("at 2025-01-07T14:30:15.123Z began", "at <time> began"),
        ("since Fri Jun 17 07:07:00 2005 up", "since <time> up"),
        ("flags 0x1f mask 003a90fc", "flags <hex> mask <hex>"),
        ("mail to bob@example.com", "mail to <user>@<host>"),
        ("pool[7] size=3, items=[1,2]", "pool[<num>] size=<num>, items=[<num>,<num>]"),
        ("cpu at 99% for 1h5m", "cpu at <num> for <duration>"),
        ("mac 00:0d:60:e9:1d:dc and fe80::1", "mac <ip> and <ip>"),
        ("task job_2025_01 on ssh2", "task <str> on ssh2"),
        ("proxy db.example.com:443 down", "proxy <host>:<num> down"),
        ("first line 1\nsecond line 2", "first line <num>"),
        ("", ""),
    ] {
        assert_eq!(template_of(message), template);
    }
}

/// Statements of a made-up shop, with the values to fill in: the truth for the groups.
fn statements(i: usize) -> Vec<String> {
    const NAMES: [&str; 10] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"];
    let name = NAMES[i * 7 % 10];
    let n = i * 7919 % 1000;
    vec![
        format!("user {name} logged in from 10.0.{}.{}", i % 200, n % 250),
        format!("user {name} logged out after {n}s"),
        format!("order {n} placed by {name}: 3 items, {n}.50 EUR"),
        format!("cache miss for key=session:{n}{i}"),
        format!("retrying in {n}ms (attempt {} of 5)", i % 5),
        format!("worker-{} started, queue depth {n}", i % 30),
        "waiting for database connection".to_owned(),
        "waiting for broker connection".to_owned(),
        format!("wrote {n} rows to /data/part-{i:05}.parquet in {n}ms"),
        format!("GET /api/orders/{n} took {n} ms"),
        format!("config loaded: retries={} region=eu-{} tls=on", i % 5, i % 3),
        format!("payment {n} for {name} declined by provider"),
        format!("payment {n} for {name} accepted by provider"),
        format!("heap {n} MB of 4096 MB after gc #{i}"),
        format!("lease for node node{} expires at 2025-01-07 10:00:{:02}", i % 20, i % 60),
        format!("token abc{n}def{i}9 refreshed for tenant {}", NAMES[i * 3 % 10]),
    ]
}

#[test]
fn statements_are_told_apart_and_their_values_are_not() {
    let mut miner = Miner::new(MinerOptions::default());
    let mut ids: Vec<Vec<TemplateId>> = vec![Vec::new(); 16];
    for i in 0..200 {
        for (k, line) in statements(i).iter().enumerate() {
            ids[k].push(mine(&mut miner, line).id);
        }
    }
    let groups: Vec<HashSet<TemplateId>> =
        ids.iter().map(|group| group.iter().map(|id| miner.resolve(*id)).collect()).collect();
    let right = (0..16).filter(|k| groups[*k].len() == 1 && groups.iter().filter(|g| *g == &groups[*k]).count() == 1);
    let wrong: Vec<_> = groups.iter().map(|g| g.iter().map(|id| miner.text(*id)).collect::<Vec<_>>()).collect();
    assert!(right.count() >= 15, "{wrong:#?}");
}

#[test]
fn variants_of_one_word_become_a_variable_and_old_ids_stay_valid() {
    let mut miner = Miner::new(MinerOptions::default());
    let ids: Vec<TemplateId> = ["alice", "bob", "carol", "dave"]
        .iter()
        .map(|n| mine(&mut miner, &format!("mail for user {n} sent")).id)
        .collect();
    assert_eq!(miner.len(), 1);
    for id in &ids {
        assert_eq!(miner.text(*id), "mail for user <str> sent");
        assert_eq!(miner.resolve(*id), ids[0]);
    }
    assert_eq!(miner.template(ids[0]).unwrap().count, 4);
    let stored = miner.take_changed();
    assert!(stored.iter().all(|t| t.text == "mail for user <str> sent"));
    assert_eq!(stored.iter().map(|t| t.count).sum::<u64>(), 4);
}

#[test]
fn counts_times_and_severity_are_kept() {
    let mut miner = Miner::new(MinerOptions::default());
    let first = miner.observe("x 1", Timestamp(50), Severity::INFO, RecordId(7));
    let second = miner.observe("x 2", Timestamp(40), Severity::ERROR, RecordId(8));
    assert!(first.new && !second.new);
    let expected = Template {
        id: first.id,
        text: "x <num>".to_owned(),
        count: 2,
        first_seen: Timestamp(40),
        last_seen: Timestamp(50),
        severity: Severity::ERROR,
        example: RecordId(7),
    };
    assert_eq!(miner.take_changed(), vec![expected]);
    assert!(miner.take_changed().is_empty());
}

#[test]
fn hostile_cardinality_is_bounded() {
    let options = MinerOptions { max_templates: 100, max_skeletons: 500 };
    let mut miner = Miner::new(options);
    let word = |mut n: u64| {
        let mut w = String::new();
        for _ in 0..8 {
            w.push(char::from(b'a' + (n % 26) as u8));
            n = n / 26 + n * 31;
        }
        w
    };
    for i in 0..5000u64 {
        mine(&mut miner, &format!("{} {} {}", word(i), word(i * 3 + 1), word(i * 7 + 2)));
    }
    assert!(miner.len() <= 101, "{}", miner.len());
    assert_eq!(mine(&mut miner, "something else entirely here now").id, mine(&mut miner, "and another one").id);
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        "[a-c]{1,2}",
        "[0-9]{1,3}",
        Just("user=x".to_owned()),
        Just("user=y".to_owned()),
        Just("w1".to_owned()),
        Just("(10.0.0.1)".to_owned()),
        Just("()".to_owned()),
        Just("<num>".to_owned()),
        Just("/a/b".to_owned()),
        Just("1.5".to_owned()),
        Just("KB".to_owned())
    ];
    prop::collection::vec(prop::collection::vec(word, 0..6).prop_map(|w| w.join(" ")), 1..80)
}

proptest! {
    #[test]
    fn any_text_is_mined(message in ".{0,200}", more in "(\\PC|[ -~=:/.<>()0-9]){0,100}") {
        let mut miner = Miner::new(MinerOptions::default());
        for text in [&message, &more] {
            let a = mine(&mut miner, text).id;
            prop_assert_eq!(mine(&mut miner, text).id, a);
            for (_, value) in placeholder_values(text) {
                prop_assert!(text.contains(value));
            }
        }
    }

    #[test]
    fn what_was_met_before_a_restart_is_known_after_it(lines in lines()) {
        let mut before = Miner::new(MinerOptions::default());
        let mut store = Store::new();
        for line in &lines {
            mine(&mut before, line);
            save(&mut before, &mut store);
        }
        let mut after = restarted(&store);
        prop_assert_eq!(after.len(), before.len());
        for id in store.keys() {
            prop_assert_eq!(after.text(*id), before.text(*id));
        }
        for line in &lines {
            prop_assert!(!mine(&mut after, line).new, "{:?}", line);
        }
    }
}

type Store = HashMap<TemplateId, Template>;

fn save(miner: &mut Miner, store: &mut Store) {
    store.extend(miner.take_changed().into_iter().map(|t| (t.id, t)));
}

/// A miner that took up what another one had stored.
fn restarted(store: &Store) -> Miner {
    let mut next = Miner::new(MinerOptions::default());
    next.restore(store.values().cloned());
    next
}

#[test]
fn restoring_in_between_changes_nothing() {
    let stream: Vec<String> = (0..60).flat_map(statements).collect();
    for cut in [0, 1, 17, 40, 100, 333, 900] {
        let mut whole = Miner::new(MinerOptions::default());
        let mut part = Miner::new(MinerOptions::default());
        let mut store = Store::new();
        for (i, line) in stream.iter().enumerate() {
            if i == cut {
                part = restarted(&store);
            }
            let (a, b) = (mine(&mut whole, line), mine(&mut part, line));
            assert_eq!(
                (a.id, a.new, whole.text(a.id)),
                (b.id, b.new, part.text(b.id)),
                "cut at {cut}, line {i}: {line}"
            );
            save(&mut part, &mut store);
        }
        assert_eq!(whole.len(), part.len());
        for t in whole.take_changed() {
            assert_eq!(whole.template(t.id), part.template(t.id));
        }
    }
}
