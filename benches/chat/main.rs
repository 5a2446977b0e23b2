//! How quick Chat is, one table: `cargo bench --bench chat`. From a piece of an answer to the frame that shows it, from a key
//! to its frame over a long answer and while one streams, and from the network to the screen's side. See `benches/README.md`.
#![allow(clippy::unwrap_used, reason = "a bench stops where something is wrong")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/support/screen.rs"]
#[allow(dead_code, unreachable_pub, reason = "a bench uses its part")]
mod screen;

use aiobs::runtime::events::{Answered, Event, Talk};
use aiobs::tui::Depth;
use aiobs::tui::event::Input;
use aiobs_agents::{ChatDeps, ChatOutput, ChatService, NoAdvice, NoSurroundings, Question, ToolUse};
use aiobs_llm::testkit::Dialect;
use aiobs_llm::{Connection, KeySource, Ollama};
use aiobs_types::{ChatMessage, ChatRole, Timestamp};
use screen::Screen;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Bytes of the long answer.
const LONG: usize = 2 << 20;
/// Measurements of a row.
const TIMES: usize = 300;
/// Between two pieces that the server writes.
const PAUSE: Duration = Duration::from_millis(20);

fn main() {
    println!("| row | median | 99th percentile |\n| --- | --- | --- |");
    row("from a piece of an answer to its frame", pieces(0));
    row("the same, 2 MB of the answer there already", pieces(LONG));
    for (name, keys) in [("j", "j"), ("page up", "pageup"), ("next link", "n")] {
        row(&format!("{name}: key to frame, an answer of 2 MB in the pane"), over_long(keys));
    }
    row("a letter to its frame while 2 MB stream", typing());
    row("from the server's write to the text at the screen's door", network());
}

fn row(name: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |q: f64| took[((took.len() - 1) as f64 * q).round() as usize].as_secs_f64() * 1e3;
    println!("| {name} | {:.2} ms | {:.2} ms |", at(0.5), at(0.99));
}

fn piece(i: usize) -> String {
    match i % 4 {
        0 => format!("A paragraph of an answer, number {i}, that cites [1] and names incident #7.\n\n"),
        1 => "- an item of a list\n- and another one\n\n".to_owned(),
        2 => "```sh\nkubectl -n shop scale deploy/orders --replicas=1 # and wait\n```\n\n".to_owned(),
        _ => "Some more words about pools, connections and limits, until the line is full. ".repeat(3),
    }
}

fn text(bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 300);
    for i in 0.. {
        if out.len() >= bytes {
            return out;
        }
        out.push_str(&piece(i));
    }
    out
}

/// Chat with a question asked, whose answer so far has so many bytes.
fn asked(bytes: usize) -> Screen {
    let mut s = Screen::new(160, 45, Depth::True, false, "default");
    s.press("6");
    s.input(Input::Engine(Event::Talk(Box::<Talk>::default())));
    s.press("i \"why?\" enter");
    s.input(Input::Engine(Event::ChatDelta(text(bytes))));
    s.draw();
    s
}

fn frame(s: &mut Screen, act: impl FnOnce(&mut Screen)) -> Duration {
    let began = Instant::now();
    act(s);
    s.draw();
    began.elapsed()
}

fn pieces(already: usize) -> Vec<Duration> {
    let mut s = asked(already);
    (0..TIMES).map(|i| frame(&mut s, |s| s.input(Input::Engine(Event::ChatDelta(piece(i)))))).collect()
}

fn over_long(keys: &str) -> Vec<Duration> {
    let mut s = asked(0);
    let message = ChatMessage {
        id: 2,
        time: Timestamp::from_secs(1_736_260_100),
        role: ChatRole::Assistant,
        text: text(LONG),
        author: "m".into(),
        complete: true,
        ..ChatMessage::default()
    };
    s.input(Input::Engine(Event::ChatDone(Box::new(Answered { question: 1, message, ..Answered::default() }))));
    s.press("esc");
    s.draw();
    (0..TIMES).map(|_| frame(&mut s, |s| s.press(keys))).collect()
}

fn typing() -> Vec<Duration> {
    let mut s = asked(LONG);
    let one = |i: usize| {
        s.input(Input::Engine(Event::ChatDelta(piece(i))));
        frame(&mut s, |s| s.press("x"))
    };
    (0..TIMES).map(one).collect()
}

/// The server writes a piece every so often: what a gap is longer than the pause, the way took.
fn network() -> Vec<Duration> {
    let (rt, server) = common::server().unwrap();
    let words: Vec<&str> = std::iter::repeat_n("word ", 100).collect();
    server.reply(Dialect::Ollama.slow(&words, PAUSE));
    let how = Connection {
        url: server.url(),
        key: KeySource::None,
        headers: Vec::new(),
        connect_timeout: Duration::from_secs(5),
    };
    let deps = ChatDeps {
        provider: Some(Arc::new(Ollama::new(how, Some("m:1b".into())).unwrap())),
        archive: Arc::new(common::Empty),
        playbooks: Arc::new(NoAdvice),
        prompts: Arc::default(),
        model: None,
        num_ctx: 8_192,
        surroundings: Arc::new(NoSurroundings),
        tools: ToolUse::Never,
    };
    let (tx, rx) = channel();
    let question = Question { text: "why?".into(), ..Question::default() };
    ChatService::new(rt.handle(), deps).ask(question, move |out| drop(tx.send((Instant::now(), out))));
    let mut last = None;
    let mut took = Vec::new();
    for (at, out) in rx {
        match out {
            ChatOutput::Delta(_) => {
                if let Some(last) = last.replace(at) {
                    took.push(at.duration_since(last).saturating_sub(PAUSE));
                }
            }
            ChatOutput::Done(_) => break,
            _ => {}
        }
    }
    took
}
