//! Questions to a small shop without a model: the answers, what they cite and what they rest on.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::compose::{NoModel, by_rules};
use super::retrieve::{Found, retrieve};
use crate::NoAdvice;
use crate::testing::{MemArchive, at, shop};
use aiobs_types::{Author, ChatScope, Confidence, Diagnosis, Fingerprint, Fix, IncidentId, Severity, Timestamp};

fn asked(archive: &MemArchive, question: &str, scope: ChatScope, now: Timestamp) -> (String, Found) {
    let found = retrieve(question, &scope, now, archive, &NoAdvice, Box::new(|_| {})).unwrap();
    let text = by_rules(&found, &NoModel::NoneReachable);
    for n in text.split('[').skip(1).filter_map(|t| t.split(']').next()?.parse::<usize>().ok()) {
        assert!(n >= 1 && n <= found.lines.len(), "mark {n} of {} lines: {text}", found.lines.len());
    }
    let made = ["No model answered (none is reachable)", "Aucun modèle n'a répondu (aucun n'est joignable)"];
    assert!(made.iter().any(|m| text.contains(m)), "{text}");
    (text, found)
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        grounds: aiobs_types::Grounds::default(),
        prompts: Vec::new(),
        id: 1,
        incident: IncidentId(7),
        fingerprint: Fingerprint(77),
        created: at(10),
        author: Author::Playbook { id: "db-refused".into() },
        title: "refused".into(),
        cause: "The pool is larger than the database allows.".into(),
        error_class: "database".into(),
        criticality: 5,
        confidence: Confidence::High,
        claims: Vec::new(),
        alternatives: Vec::new(),
        fix: Fix {
            now: vec!["Roll back 1.15.0.".into()],
            commands: vec!["kubectl rollout undo deploy/orders".into()],
            verify: vec!["No refusal for a minute.".into()],
            ..Fix::default()
        },
        summary: String::new(),
        references: Vec::new(),
        notes: Vec::new(),
        trace: None,
    }
}

fn world() -> MemArchive {
    let (archive, incident) = shop(&[]);
    archive.diagnoses.lock().unwrap().insert(incident.fingerprint, diagnosis());
    archive
}

#[test]
fn every_kind_of_question_gets_its_own_answer_in_both_languages() {
    let archive = world();
    for (question, want) in [
        ("How many connections were refused?", "**5 records** from 2025-01-07 14:30:00.000 UTC"),
        ("Combien de fois orders refused ?", "**5 enregistrements** du 2025-01-07 14:30:00.000 UTC"),
        ("how many errors?", "**5 records**"),
        ("how many unicorns?", "No line in scope holds \"unicorns\"; without that:\n\n**None**: no record matches."),
        ("how many unicorn errors?", "**5 records**"),
        ("Who rides unicorns?", "**None**"),
        ("Did the database restart?", "**Not found**: no line in scope holds \"restart\" together with the rest"),
        ("La base de données a-t-elle redémarré ?", "**Pas trouvé** : aucune ligne ne contient \"redemarre\""),
        ("Did db-1 frobnicate connections?", "No line in scope holds \"frobnicate\"; without that:\n\nLast **"),
        ("When was the unicorn fed?", "**None**: no record matches."),
        ("Did the errors stop?", "**Yes, it goes on**"),
        ("Where do I start?", "kubectl rollout undo deploy/orders"),
        ("À qui la faute ?", "The pool is larger"),
        ("Which host is the worst?", "**orders**, with 5 of 5 matching records."),
        ("Which services are not affected?", "Without any such line: **"),
        ("Since when is the connection refused?", "**Since 2025-01-07 14:30:00.000 UTC** ["),
        ("Depuis quand db-1 refused ?", "**Depuis le 2025-01-07 14:30:00.000 UTC** ["),
        ("When did POOL_MAX appear?", "**2025-01-07 14:29:56.000 UTC** ["),
        ("Quand 1.15.0 ?", "une fois."),
        ("Is it still refused?", "**Yes, it goes on**: 5 records in the last 5 min"),
        ("Est-ce que ça continue encore ?", "**Oui, cela continue**"),
        (
            "Which errors are there?",
            "5 matching records, by how often they come:\n- **5 times**, orders: connection to",
        ),
        ("Quelles sont les erreurs les plus fréquentes ?", "- **5 fois**, orders: connection to"),
        ("Who refused?", "**orders**, with 5 of 5 matching records."),
        ("Quel composant refused ?", "**orders**"),
        ("What changed before the errors?", "POOL_MAX=200"),
        ("Y a-t-il eu un déploiement ?", "POOL_MAX=200"),
        ("Why do orders fail?", "Cause, by playbook db-refused with high confidence: The pool is larger"),
        ("Pourquoi orders échoue ?", "The pool is larger"),
        ("How do I fix it?", "kubectl rollout undo deploy/orders"),
        ("Que faire ?", "**Vérifier**\n- No refusal for a minute."),
        ("What happened?", "27 records, 5 of them errors, 1 warnings; 1 incident in scope."),
        ("Que s'est-il passé ?", "**Incident #7, connection refused**"),
        ("Has this happened before?", "**No**: the archive holds no earlier incident like incident #7"),
        ("Est-ce déjà arrivé ?", "**Non**"),
        ("Compare the last 2 minutes with before", "- errors: 0 before, **5** then (none before)"),
        ("reserved", "remaining connection slots are reserved ["),
        ("Les connexions refusées, c'est depuis quand ?", "**Depuis le 2025-01-07 14:30:00.000 UTC** ["),
        ("Combien de connexions refusées ?", "**5 enregistrements**"),
        ("Which service failed first?", "1. **orders**: 2025-01-07 14:30:00.000 UTC ["),
    ] {
        let (text, _) = asked(&archive, question, ChatScope::All, at(5));
        assert!(text.contains(want), "{question}: {text}");
    }
}

#[test]
fn an_answer_says_what_it_rests_on_and_what_it_did_not_read() {
    let archive = world();
    let (text, found) = asked(&archive, "how many errors?", ChatScope::All, at(5));
    assert!(text.contains("- `` level>=error `` : 5"), "{text}");
    assert!(text.contains(&format!("Seen in full: {} lines", found.lines.len())), "{text}");
    assert!(found.steps.iter().any(|s| s.text == "counted level›=error → 5"), "{:?}", found.steps);
    let (_, found) = asked(&archive, "why do orders fail?", ChatScope::All, at(5));
    for area in [aiobs_types::Area::Templates, aiobs_types::Area::Changes, aiobs_types::Area::Incidents] {
        assert!(found.steps.iter().any(|s| s.area == Some(area)), "{area:?}: {:?}", found.steps);
    }
}

#[test]
fn now_is_the_end_of_an_archive_that_is_old() {
    let archive = world();
    let (text, _) = asked(&archive, "how many errors in the last ten minutes?", ChatScope::All, at(86_400));
    assert!(text.contains("The archive ends 2025-01-07 14:30:04") && text.contains("**5 records**"), "{text}");
    let (text, _) = asked(&archive, "how many errors in the last ten minutes?", ChatScope::All, at(1_800));
    assert!(text.contains("**None**"), "within the hour the wall clock counts: {text}");
    let (text, _) = asked(&archive, "is it still refused?", ChatScope::All, at(1_800));
    assert!(text.contains("**It seems to be over**") && text.contains("29 min ago"), "{text}");
}

#[test]
fn a_number_names_an_incident_and_nothing_found_is_said() {
    let mut archive = world();
    let (text, found) = asked(&archive, "why incident 7?", ChatScope::All, at(5));
    assert!(found.steps[0].text.starts_with("read incident #7") && text.contains("The pool is larger"), "{text}");
    archive.incidents.clear();
    let (text, _) = asked(&archive, "how do I fix it?", ChatScope::All, at(5));
    assert!(text.contains("no playbook fits"), "{text}");
    let (text, _) = asked(&MemArchive::default(), "disk?", ChatScope::All, at(5));
    assert!(text.contains("Nothing in this scope matches"), "{text}");
}

#[test]
fn a_scope_narrows_what_is_counted() {
    let archive = world();
    let count = |scope| asked(&archive, "how many?", scope, at(5)).0;
    let text = count(ChatScope::Filter { text: "POOL_MAX".into() });
    assert!(text.contains("**1 record**"), "{text}");
    let ids = Some((aiobs_types::RecordId(21), aiobs_types::RecordId(24)));
    let text = count(ChatScope::Selection { filter: String::new(), ids, times: None });
    assert!(text.contains("**4 records**"), "{text}");
    let times = Some((at(2), at(4)));
    let text = count(ChatScope::Selection { filter: "refused".into(), ids: None, times });
    assert!(text.contains("**2 records**"), "{text}");
    let text = count(ChatScope::Range { from: at(0), to: at(3) });
    assert!(text.contains("**3 records**"), "{text}");
}

#[test]
fn who_is_answered_with_the_accounts_and_addresses_that_lines_name() {
    let mut archive = MemArchive::default();
    for (i, (user, from)) in [("invalid user admin", 7), ("root", 7), ("root", 9)].into_iter().enumerate() {
        let text = format!("Failed password for {user} from 203.0.113.{from} port 4000{i} ssh2");
        archive.log(i as i64, Severity::WARN, 1, "sshd", &text);
    }
    archive.log(4, Severity::ERROR, 1, "api", "exited with status 1");
    let (text, _) = asked(&archive, "who tried to log in?", ChatScope::All, at(5));
    assert!(text.contains("Accounts named in 3 lines:\n- **root**: 2\n- **admin**: 1\n"), "{text}");
    assert!(text.contains("Addresses named in 3 lines:\n- **203.0.113.7**: 2\n- **203.0.113.9**: 1\n"), "{text}");
    let (text, _) = asked(&archive, "Qui a essayé de se connecter ?", ChatScope::All, at(5));
    assert!(text.contains("Comptes nommés dans 3 lignes :\n- **root**: 2\n"), "{text}");
    let (text, _) = asked(&archive, "From which addresses do the failed logins come?", ChatScope::All, at(5));
    assert!(text.contains("- **203.0.113.7**: 2\n"), "{text}");
}

#[test]
fn log_text_in_an_answer_is_harmless() {
    let mut archive = MemArchive::default();
    archive.log(0, Severity::ERROR, 1, "a`b", "disk [1] full \u{1b}[31m``` <b>");
    let (text, _) = asked(&archive, "disk", ChatScope::All, at(1));
    assert!(!text.contains('\u{1b}') && !text.contains("```") && !text.contains("<b>"), "{text}");
    assert!(text.contains("disk |1| full"), "a mark in a log line is no citation: {text}");
}

/// A web server's lines, one every second: `/report` is slow, one address asks most, a customer is named.
fn web() -> MemArchive {
    let mut archive = MemArchive::default();
    for i in 0..12_i64 {
        let (ip, path, code, took) = match i % 4 {
            0 => (9, "/report", 200, "5.250"),
            1 => (9, "/old.php", 404, "0.004"),
            2 => (9, "/cart/17", 200, "0.020"),
            _ => (i, "/cart/18", 500, "0.100"),
        };
        let severity = if code == 500 { Severity::ERROR } else { Severity::INFO };
        let text = format!(
            "203.0.113.{ip} - - [x] \"GET {path}?user={i}&cart=500{i} HTTP/1.1\" {code} 404 \"-\" \"curl/{}\" {took}",
            8 + i % 2
        );
        archive.log(i, severity, 1, "web", &text);
    }
    archive.log(12, Severity::WARN, 1, "certbot", "Certificate for shop.example expires in 6 days, renewal failed");
    archive
}

#[test]
fn what_ranks_what_was_slow_and_what_expires_is_read_from_the_lines() {
    let archive = web();
    for (question, want) in [
        (
            "Which address makes the most requests?",
            "12 matching records, by address:\n- **203.0.113.9**: 9\n- **203.0.113.11**: 1",
        ),
        (
            "Quelle adresse IP fait le plus de requêtes ?",
            "12 enregistrements correspondants, par adresse :\n- **203.0.113.9**: 9",
        ),
        ("Which page returns the most errors?", "3 matching records, by page:\n- **/cart/**: 3"),
        ("Quelles requêtes renvoient 500 ?", "3 enregistrements en tout"),
        ("Which user agent gets the most 404?", "3 matching records, by user agent:\n- **curl/9**: 3"),
        (
            "How many users were affected?",
            "**3 different** (account or user) are named, in 3 lines of 4 matching records.",
        ),
        (
            "Combien d'utilisateurs sont touchés ?",
            "**3 différents** (compte ou utilisateur) sont nommés, dans 3 lignes sur 4",
        ),
        (
            "What are the slowest requests?",
            "The slowest of 12 lines that say how long something took (12 matching records)",
        ),
        ("Quelle page est la plus lente ?", "- **/report** : 5.2 s en moyenne, 5.2 s au plus (3 lignes)"),
        (
            "When does the certificate expire?",
            "**expires in 6 days**, says the newest line of its kind, of 2025-01-07 14:30:12",
        ),
        ("Dans combien de jours expire le certificat ?", "vers le **2025-01-13**"),
        (
            "Compare today with yesterday",
            "*The archive begins 2025-01-07 14:30:00.000 UTC: what was before that is not known.*\n- records: **13**",
        ),
    ] {
        let (text, _) = asked(&archive, question, ChatScope::All, at(13));
        assert!(text.contains(want), "{question}: {text}");
    }
    let (text, _) = asked(&archive, "What are the slowest requests?", ChatScope::All, at(13));
    assert!(
        text.contains("- **5.2 s**: 2025-01-07 14:30:08") && text.contains("- **/report**: 5.2 s on average"),
        "{text}"
    );
}

#[test]
fn what_lines_do_not_say_is_not_made_up() {
    let (archive, _) = shop(&[]);
    for (question, want) in [
        (
            "How many users were affected?",
            "6 matching records; none names any (account or user), so **the logs do not say**.",
        ),
        ("When does the certificate expire?", "**The logs do not say**"),
        ("Which refused connections took longest?", "**the logs do not tell**"),
    ] {
        let (text, _) = asked(&archive, question, ChatScope::All, at(5));
        assert!(text.contains(want), "{question}: {text}");
    }
}

#[test]
fn a_vector_store_that_does_not_answer_is_told_once() {
    let mut archive = world();
    let why = "no vector store at pgvector db.example/ours (refused); vectors by words answer until it is there";
    archive.memory_note = Some(why.to_owned());
    let (_, found) = asked(&archive, "why do orders fail?", ChatScope::All, at(5));
    let told: Vec<&str> = found.steps.iter().filter(|s| s.failed).map(|s| s.text.as_str()).collect();
    assert_eq!(told, [why]);
}
