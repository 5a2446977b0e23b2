//! Models as a user meets them: `aiobs models` and `aiobs analyze` on the real binary, against a stand-in that speaks the
//! wire formats exactly.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "others need more of it")]
mod support;

use aiobs_llm::testkit::{Dialect, StandIn};
use serde_json::Value;
use std::fs;
use std::process::Command;
use support::{Home, Ran, ran};

struct World {
    home: Home,
    server: StandIn,
    _rt: tokio::runtime::Runtime,
}

const LOG: &str = "2025-01-07 14:30:12 [INFO] orders - request 1 served\n\
    2025-01-07 14:30:15 [ERROR] orders - connection to db-1:5432 refused for jane@shop.example password=hunter2\n\
    2025-01-07 14:30:16 [ERROR] orders - connection to db-1:5432 refused for jane@shop.example password=hunter2\n";

/// A server, and a configuration of these lines; `URL` in them is its address.
fn world(config: &str) -> World {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = rt.block_on(StandIn::start()).unwrap();
    server.install("m:1b", 5 << 30, &["completion"]);
    let home = Home::new();
    fs::write(home.path("logs/orders.log"), LOG).unwrap();
    fs::write(home.path("config.toml"), config.replace("URL", &server.url())).unwrap();
    World { home, server, _rt: rt }
}

impl World {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiobs"));
        command.env_clear().env("HOME", self.home.path("")).env("LANG", "C.UTF-8").env("TZ", "UTC");
        command.current_dir(self.home.path("")).args(args).arg("--config").arg(self.home.path("config.toml"));
        command.arg("--data-dir").arg(self.home.path("data"));
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args))
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let out = self.run(args);
        out.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|_| panic!("{l}\n{}", out.err))).collect()
    }
}

const TWO: &str = "[model]\nurl = \"http://127.0.0.1:1\"\nname = \"gone\"\nfallbacks = [\"spare\"]\n\
    [[models]]\nname = \"spare\"\nprovider = \"openai\"\nurl = \"URL\"\nmodel = \"m:1b\"\nkey_env = \"SPARE_KEY\"\n";

#[test]
fn models_are_listed_and_checked() {
    let w = world(TWO);
    w.server.reply(Dialect::OpenAi.text(&["{\"word\": ", "\"ready\"}"]));
    let with_key = |args: &[&str]| ran(w.command(args).env("SPARE_KEY", "sk-0123456789"));
    let list = with_key(&["models", "list"]);
    assert_eq!(list.code, Some(3), "one of them is not there");
    assert!(list.out.contains("cannot reach http://127.0.0.1:1") && list.out.contains("* m:1b"), "{}", list.out);
    let check = with_key(&["models", "check"]);
    assert_eq!(check.code, Some(3));
    assert!(check.out.contains("bad   no Ollama at http://127.0.0.1:1"), "{}", check.out);
    assert!(check.out.contains("ok    m:1b: first piece") && check.out.contains("298 tokens, keeps to a form"));
    assert_eq!(w.server.header("authorization").as_deref(), Some("Bearer sk-0123456789"));
    let unset = w.json(&["models", "check", "--output", "json"]);
    assert_eq!(unset[1]["ok"], false);
    assert!(unset[1]["error"].as_str().unwrap().contains("SPARE_KEY is not set"), "{unset:?}");
    let off = w.run(&["models", "check", "--offline"]);
    assert_eq!(off.code, Some(2));
    assert!(off.err.contains("--offline forbids the network"));
}

#[test]
fn where_something_may_go_and_what_is_left_to_spend_is_told() {
    let w = world(
        "[model]\nprovider = \"openai\"\nurl = \"http://big.invalid:8000/v1\"\nname = \"big\"\nfallbacks = [\"spare\"]\n\
         daily_cents = 50\n[[models]]\nname = \"spare\"\nprovider = \"openai\"\nurl = \"URL\"\nmodel = \"m:1b\"\n\
         [[models]]\nname = \"side\"\nprovider = \"openai\"\nurl = \"http://side.invalid/v1\"\nmodel = \"x\"\n\
         [knowledge]\nembedding_model = \"e\"\nembedding_server = \"side\"\n\
         [alerts.webhook]\nurl = \"https://hooks.invalid/x\"\n",
    );
    assert_eq!(w.run(&["import", "logs"]).code, Some(0));
    let doctor = w.run(&["doctor"]).out;
    let places = "REMOTE: something may go to http://big.invalid:8000/v1 (big), http://side.invalid/v1 (x, when chosen), \
                  http://side.invalid/v1 (embeddings), hooks.invalid (alerts)";
    assert!(doctor.contains(places), "{doctor}");
    assert!(doctor.contains("m:1b on openai at http://127.0.0.1"), "who answers, where that is: {doctor}");
    let budget = "$0.50 a day for models, chats and embeddings; $0.00 spent today (UTC), $0.50 left";
    assert!(doctor.contains(budget), "{doctor}");
    assert!(w.run(&["models", "list"]).out.contains(&format!("budget  {budget}")));
    assert!(!w.run(&["doctor", "--offline"]).out.contains("REMOTE"));
}

#[test]
fn a_model_is_pulled_or_the_reason_is_told() {
    let w = world("[model]\nurl = \"URL\"\n");
    w.server.pulling(&[
        r#"{"status":"pulling manifest"}"#,
        r#"{"status":"pulling 8eeb52dfb3bb","total":100,"completed":40}"#,
        r#"{"status":"success"}"#,
    ]);
    let pulled = w.run(&["models", "pull", "qwen3:4b"]);
    assert_eq!((pulled.code, pulled.out.as_str()), (Some(0), "qwen3:4b is there\n"), "{}", pulled.err);
    assert!(pulled.err.contains("pulling manifest"), "{}", pulled.err);
    w.server.pulling(&[r#"{"error":"pull model manifest: file does not exist"}"#]);
    let failed = w.run(&["models", "pull", "nothing"]);
    assert_eq!(failed.code, Some(3));
    assert!(failed.err.contains("nothing was not fetched") && failed.err.contains("file does not exist"));
    let wrong = w.run(&["models", "pull", "x", "--on", "cloud"]);
    assert!(wrong.err.contains("no model is configured as `cloud`; there are model"), "{}", wrong.err);
}

#[test]
fn a_fallback_answers_the_chain_and_answers_are_kept() {
    let w = world(&TWO.replace("key_env = \"SPARE_KEY\"\n", ""));
    let replies = [
        r#"{"title": "refused", "cause": "It refuses.", "error_class": "db.refused", "criticality": 4, "confidence": "low"}"#,
        r#"{"now": ["Start it"]}"#,
        r#"{"summary": "It was down."}"#,
    ];
    for reply in replies {
        w.server.reply(Dialect::OpenAi.text(&[reply]));
    }
    let ran = w.run(&["analyze", "logs", "--keep", "--output", "json", "--set", "chain.tries=1"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    let diagnosis = &report["incidents"][0]["diagnosis"];
    assert_eq!(diagnosis["prompts"][0], "diagnosis v2");
    assert_eq!(diagnosis["cause"], "It refuses.", "{report:?}");
    assert_eq!(diagnosis["author_detail"]["model"], "m:1b");
    assert_eq!(diagnosis["author_detail"]["provider"], "openai");
    let spans =
        w.json(&["sql", "SELECT attributes FROM spans WHERE name = 'chat m:1b' ORDER BY start_ns", "--output", "json"]);
    let attributes: Value = match &spans[0]["attributes"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    };
    assert_eq!(attributes["aiobs.route"], "spare");
    assert_eq!(attributes["aiobs.route.fallback_from"], "model");
    assert_eq!((&attributes["aiobs.cache"], &attributes["aiobs.breaker"]), (&"miss".into(), &"closed".into()));
    let doctor = w.run(&["doctor"]);
    assert!(doctor.out.contains("3 kept"), "{}", doctor.out);
    assert!(w.run(&["models", "calls"]).out.contains("No call has left this machine"), "a loopback address is near");
}

#[test]
fn a_question_is_answered_with_tools_and_a_runbook() {
    let w = world("[model]\nurl = \"URL\"\nname = \"t:1b\"\n[knowledge]\npaths = [\"books\"]\n");
    w.server.install("t:1b", 5 << 30, &["completion", "tools"]);
    fs::create_dir(w.home.path("books")).unwrap();
    fs::write(
        w.home.path("books/db.md"),
        "# Database\n\n## Refused\n\nWhen connections are refused, lower the pool.\n",
    )
    .unwrap();
    assert_eq!(w.run(&["import", "logs"]).code, Some(0));
    w.server.reply(Dialect::Ollama.calls("count_logs", &serde_json::json!({"query": "level=error refused"})));
    w.server
        .reply(Dialect::Ollama.calls("run_sql", &serde_json::json!({"statement": "SELECT count(*) AS n FROM logs"})));
    w.server.reply(Dialect::Ollama.text(&["Twice [1]."]));
    let asked = w.run(&["ask", "--archive", "--output", "json", "how often were connections refused?"]);
    let answer: Value =
        serde_json::from_str(asked.out.trim()).unwrap_or_else(|_| panic!("{} {}", asked.out, asked.err));
    assert_eq!(
        (answer["answer"].as_str(), answer["complete"].as_bool()),
        (Some("Twice [1]."), Some(true)),
        "{answer:#}"
    );
    let steps: Vec<&str> = answer["steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(steps.contains(&"counted logs: level=error refused → 2"), "{steps:?}");
    assert!(steps.contains(&"ran SQL: SELECT count(*) AS n FROM logs → 1"), "{steps:?}");
    let told = |which: &str, area: &str| answer[which].as_array().unwrap().iter().any(|a| a == area);
    assert!(told("looked_at", "SQL") && told("looked_at", "knowledge") && told("not_looked_at", "this machine"));
    let chats: Vec<Value> =
        w.server.requests().into_iter().filter(|(path, _)| path == "/api/chat").map(|(_, body)| body).collect();
    assert_eq!(chats.len(), 3);
    let first = chats[0]["messages"].to_string();
    assert!(first.contains("lower the pool") && first.contains("db.md"), "the runbook goes with the question: {first}");
    let last = chats[2]["messages"].to_string();
    assert!(last.contains("2 lines match") && last.contains("n\\n3"), "{last}");
    let text = w.run(&["ask", "--archive", "--offline", "how do I fix refused connections?"]);
    assert!(
        text.out.contains("Written about it:") && text.out.contains("runbook db.md > Database > Refused"),
        "{}",
        text.out
    );
    assert!(text.out.contains("Not looked at: "), "{}", text.out);
}

#[test]
fn prompts_are_exported_changed_tested_and_taken() {
    let w = world("[model]\nenabled = false\n");
    assert!(w.run(&["prompts", "list"]).out.contains("diagnosis  v2      shipped"));
    assert_eq!(w.run(&["prompts", "export", "mine"]).code, Some(0));
    let again = w.run(&["prompts", "export", "mine"]);
    assert!(again.code == Some(2) && again.err.contains("--force replaces it"), "{}", again.err);
    let file = w.home.path("mine/chat.md");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("version: 1", "version: 2").replace("Be brief", "Be very brief")).unwrap();
    assert_eq!(w.run(&["prompts", "import", "mine/chat.md"]).code, Some(0));
    assert!(w.run(&["prompts", "list"]).out.contains("chat       v3      own"));
    let diff = w.run(&["prompts", "diff"]).out;
    assert!(diff.contains("+++ chat v3 (own)") && diff.contains("\n+ - Be very brief"), "{diff}");
    fs::write(&file, text.replace("{{question}}", "{{queston}}")).unwrap();
    let bad = w.run(&["prompts", "test", "mine/chat.md"]);
    assert_eq!(bad.code, Some(2));
    assert!(bad.out.contains("there is no place {{queston}}"), "{}", bad.out);
    assert_eq!(w.run(&["prompts", "test"]).code, Some(0));
    let unknown = w.run(&["prompts", "show", "poem"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("there are diagnosis, fixer"));
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_sends_nothing() {
    let w = world(
        "[model]\nprovider = \"openai\"\nurl = \"http://192.0.2.1/v1\"\nname = \"far\"\nconnect_timeout = \"100ms\"\n",
    );
    let dry = w.run(&["analyze", "logs", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    assert!(dry.out.contains("http://192.0.2.1/v1/chat/completions (LEAVES THIS MACHINE)"), "{}", dry.out);
    assert!(dry.out.contains("× email") && dry.out.contains("password=[secret-1]"), "{}", dry.out);
    assert!(!dry.out.contains("hunter2") && !dry.out.contains("jane@"), "{}", dry.out);
    let json = w.json(&["analyze", "logs", "--dry-run", "--output", "json"]);
    assert_eq!(json[0]["body"]["model"], "far");
    assert_eq!(json[0]["local"], false);
    let near = w.run(&[
        "analyze",
        "logs",
        "--dry-run",
        "--set",
        "model.provider=ollama",
        "--set",
        "model.url=http://127.0.0.1:1",
    ]);
    assert!(near.out.contains("stays on this machine") && near.out.contains("hunter2"), "{}", near.out);
}

const FAR: &str = "[model]\nprovider = \"openai\"\nurl = \"http://models.example/v1\"\nname = \"m:1b\"\n\
    [knowledge]\nembedding_model = \"e:1b\"\n";

/// The server stands at another address: requests reach it through a proxy.
fn through_proxy(w: &World, args: &[&str]) -> Ran {
    let proxy = w.server.url();
    ran(w.command(args).env("http_proxy", &proxy).env("HTTP_PROXY", &proxy).env("NO_PROXY", ""))
}

#[test]
fn a_model_elsewhere_is_asked_masked_and_written_down() {
    let w = world(FAR);
    assert_eq!(w.run(&["import", "logs", "--offline"]).code, Some(0));
    w.server.reply(Dialect::OpenAi.text(&["The database refuses connections [1]."]));
    let asked = through_proxy(&w, &["ask", "why are connections refused?"]);
    assert_eq!(asked.code, Some(0), "{}", asked.err);
    assert!(asked.out.contains("The database refuses connections"), "{}\n{}", asked.out, asked.err);
    assert!(
        asked.err.contains("REMOTE: the question") && asked.err.contains("http://models.example/v1"),
        "{}",
        asked.err
    );
    let sent = serde_json::to_string(&w.server.requests()).unwrap();
    assert!(sent.contains("[email-1]") && !sent.contains("hunter2") && !sent.contains("jane@"), "{sent}");
    // Texts that are embedded elsewhere have rows of their own.
    let chats = || -> Vec<Value> {
        let rows = w.json(&["audit", "--output", "json"]);
        rows.into_iter().filter(|r| r["stage"] == "chat").collect()
    };
    let rows = chats();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["kind"], "model");
    assert_eq!((&rows[0]["endpoint"], &rows[0]["outcome"]), (&"http://models.example/v1".into(), &"ok".into()));
    assert!(rows[0]["redacted"]["email"].as_u64().unwrap() > 0, "{rows:?}");
    let sql = w.run(&["sql", "SELECT kind, what, place, outcome FROM audit WHERE what = 'chat'", "--output", "csv"]);
    assert_eq!(sql.out.lines().nth(1), Some("model,chat,http://models.example/v1,ok"), "{}", sql.err);
    // What is piped in leaves a row too, though its archive is gone afterwards.
    let mut piped = w.command(&["ask", "--stdin", "--output", "json", "what happened?"]);
    piped
        .env("http_proxy", w.server.url())
        .env("NO_PROXY", "")
        .stdin(fs::File::open(w.home.path("logs/orders.log")).unwrap());
    let piped: Value = serde_json::from_str(&ran(&mut piped).out).unwrap();
    assert_eq!(piped["remote"][0], "m:1b at http://models.example/v1");
    assert_eq!(chats().len(), 2);
    let before = w.json(&["audit", "--output", "json"]).len();
    let quiet = w.run(&["ask", "--offline", "what happened?"]);
    assert!(quiet.code == Some(0) && !quiet.err.contains("REMOTE"), "{}", quiet.err);
    assert_eq!(w.json(&["audit", "--output", "json"]).len(), before, "nothing left");
}

#[test]
fn texts_embedded_elsewhere_are_masked_and_written_down() {
    let w = world(FAR);
    assert_eq!(w.run(&["import", "logs", "--offline"]).code, Some(0));
    fs::create_dir(w.home.path("runbooks")).unwrap();
    fs::write(w.home.path("runbooks/db.md"), "# Refused\nCall jane@shop.example, password=hunter2 opens it.\n")
        .unwrap();
    let set = format!("knowledge.paths=[\"{}\"]", w.home.path("runbooks").display());
    let index = through_proxy(&w, &["knowledge", "index", "--set", &set]);
    assert_eq!(index.code, Some(0), "{}\n{}", index.out, index.err);
    let sent = serde_json::to_string(&w.server.requests()).unwrap();
    assert!(sent.contains("/v1/embeddings") && sent.contains("[email-1]"), "{sent}");
    assert!(!sent.contains("hunter2") && !sent.contains("jane@"), "{sent}");
    let rows = w.json(&["audit", "--kind", "model", "--output", "json"]);
    assert!(!rows.is_empty() && rows.iter().all(|r| r["stage"] == "embedding" && r["outcome"] == "ok"), "{rows:?}");
    assert!(rows.iter().any(|r| r["redacted"]["secret"].as_u64() > Some(0)), "{rows:?}");
    let check = through_proxy(&w, &["knowledge", "check", "--set", &set]);
    assert!(
        check.out.contains("openai/e:1b at http://models.example/v1 (remote: texts are masked), 2 numbers"),
        "{}",
        check.out
    );
    let wrong = through_proxy(&w, &["knowledge", "check", "--set", "knowledge.embedding_server=nobody"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("no [[models]] is called `nobody`"), "{}", wrong.err);
}
