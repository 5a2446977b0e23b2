//! A long conversation with a model of 8k: every question fits, what was said first is summarised once per stretch, and
//! what was cited first can still be cited.

use super::*;
use aiobs_llm::{CancellationToken, ChatRequest, Health, ModelInfo};
use aiobs_types::{ChatMessage, Citation, TalkSummary};
use futures_util::future::BoxFuture;
use std::sync::Mutex;

const CONTEXT: u32 = 8_192;

/// A model that shortens with one script and answers with another.
struct Both {
    answers: Scripted,
    summaries: Scripted,
    asked: Mutex<Vec<ChatRequest>>,
}

fn is_summary(request: &ChatRequest) -> bool {
    request.messages[0].content.starts_with("You shorten")
}

impl Provider for Both {
    fn name(&self) -> &'static str {
        "both"
    }

    fn endpoint(&self) -> &'static str {
        "script:both"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        self.answers.models()
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        self.answers.health()
    }

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> aiobs_llm::ChatStream {
        self.asked.lock().unwrap().push(request.clone());
        if is_summary(&request) { self.summaries.chat(request, cancel) } else { self.answers.chat(request, cancel) }
    }
}

/// Asks `questions` of one conversation, one after the other, as the program does.
async fn conversation(model: Arc<Both>, questions: usize) -> (Vec<ChatMessage>, Vec<TalkSummary>) {
    let (mut history, mut summaries): (Vec<ChatMessage>, Vec<TalkSummary>) = (Vec::new(), Vec::new());
    let deps = ChatDeps {
        provider: Some(model),
        archive: Arc::new(shop(&["the pool of orders is wide; ".repeat(40).as_str()]).0),
        playbooks: Arc::new(Book),
        prompts: Arc::default(),
        model: None,
        num_ctx: CONTEXT,
        surroundings: Arc::new(NoSurroundings),
        tools: ToolUse::Auto,
    };
    let chat = ChatService::new(&tokio::runtime::Handle::current(), deps);
    for i in 0..questions {
        // The second asks for a line that no other question finds.
        let text = if i == 1 { "what did deploy do?".to_owned() } else { format!("are connections refused {i}?") };
        let (tx, mut rx) = unbounded_channel();
        let (summary, turns) = (summaries.last().cloned(), history.clone());
        let asked = Question { text: text.clone(), history: turns, summary, ..Question::default() };
        chat.ask(asked, move |o| drop(tx.send(o)));
        let answer = loop {
            match tokio::time::timeout(Duration::from_secs(20), rx.recv()).await.unwrap().unwrap() {
                ChatOutput::Done(m) => break *m,
                ChatOutput::Summary(s) => summaries.push(*s),
                _ => {}
            }
        };
        let asked = ChatMessage::question(answer.time, ChatScope::All, text);
        for m in [asked, answer] {
            history.push(ChatMessage { id: history.len() as u64 + 1, ..m });
        }
    }
    (history, summaries)
}

fn size(r: &ChatRequest) -> usize {
    let tools = r.tools.iter().map(|t| t.name.len() + t.description.len() + t.parameters.to_string().len());
    r.messages.iter().map(|m| m.content.len()).sum::<usize>() + tools.sum::<usize>()
}

/// The line that a mark leads to in what was sent.
fn line_of(request: &ChatRequest, mark: &str) -> String {
    let asked = &request.messages[request.messages.len() - 1].content;
    asked.lines().find(|l| l.starts_with(mark)).unwrap_or_default().to_owned()
}

fn model(answers: Scripted, summaries: Scripted) -> Arc<Both> {
    Arc::new(Both { answers, summaries, asked: Mutex::default() })
}

const SAID: &str = "It was the deploy. That is what the lines show, and nothing else stands in them. ";

#[tokio::test]
async fn sixty_questions_fit_into_8k_and_the_first_citations_hold() {
    let answers = Scripted::new("m:7b").with_tools().reply("chat", &format!("{}[1][2]", SAID.repeat(9)));
    let summaries =
        Scripted::new("m:7b").reply("chat", "- asked about the deploy: it set POOL_MAX=200 [1]\n- open: why");
    let both = model(answers, summaries);
    let (history, summaries) = conversation(Arc::clone(&both), 60).await;
    let asked = both.asked.lock().unwrap().clone();
    let most = (CONTEXT - 1_024) as usize * 3;
    for request in &asked {
        assert!(size(request) <= most, "{} of {most}", size(request));
    }
    let shortened = asked.iter().filter(|r| is_summary(r)).count();
    assert!(shortened == summaries.len() && (2..=30).contains(&shortened), "{shortened} summaries for 60 questions");
    assert!(summaries.windows(2).all(|s| s[0].through < s[1].through), "no turn is summarised twice");
    // What the second answer cited is told with its mark, and the mark leads to its line.
    let cited = history[3].citations[0].clone();
    let last = asked.last().unwrap();
    let told =
        last.messages.iter().find(|m| m.content.starts_with("Earlier in this conversation, summarised:")).unwrap();
    let kept = summaries.last().unwrap();
    let at = kept.citations.iter().position(|c| *c == cited).expect("the second answer's citation is kept");
    let Citation::Record(id) = cited else { panic!("{cited:?}") };
    let marks: Vec<&str> = told.content.split('[').skip(1).filter_map(|t| t.split(']').next()).collect();
    let lines: Vec<String> = marks.iter().map(|n| line_of(last, &format!("[{n}] "))).collect();
    let text = shop(&[]).0.records(&[id]).unwrap()[0].text.clone();
    assert!(lines.iter().all(|l| !l.is_empty()), "every mark leads to a line: {told:?}");
    let short: String = text.chars().take(60).collect();
    assert!(lines.iter().any(|l| l.contains(&short)), "{at}: {text}: {lines:#?}");
    // The transcript is as it was.
    assert_eq!(history.len(), 120);
    assert!(history[3].text.starts_with("It was the deploy.") && !history[3].citations.is_empty());
}

#[tokio::test]
async fn without_a_summary_the_rules_shorten_and_it_still_fits() {
    let answers = Scripted::new("m:7b").reply("chat", &format!("{}[1]", SAID.repeat(20)));
    let both = model(answers, Scripted::new("m:7b").offline("gone"));
    let (history, summaries) = conversation(Arc::clone(&both), 24).await;
    assert!(summaries.is_empty() && history.len() == 48);
    let asked = both.asked.lock().unwrap().clone();
    let last = asked.last().unwrap();
    assert!(size(last) <= (CONTEXT - 1_024) as usize * 3);
    assert!(last.messages.iter().any(|m| m.content.starts_with("Earlier in this conversation, shortened:")));
    let told = &history[47].steps;
    assert!(history[47].author == "m:7b" && !told.is_empty(), "the answer comes all the same");
}
