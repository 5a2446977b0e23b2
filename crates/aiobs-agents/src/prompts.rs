//! The prompts: versioned templates from `assets/prompts`, embedded, each replaceable by a file of the user's. `{{name}}`
//! places are filled in one pass (what is filled in is never read as a template again). Used by the chain, the chat and
//! the commands about prompts.

use aiobs_llm::Message;
use std::path::Path;
use std::sync::Arc;

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Name, such as `diagnosis`.
    pub name: String,
    /// Counts up with each change of wording.
    pub version: String,
    /// Whether it is a file of the user's.
    pub own: bool,
    /// The whole text, as in its file.
    pub source: Arc<str>,
    system: String,
    user: String,
}

const FILES: [&str; 6] = [
    include_str!("../../../assets/prompts/diagnosis.md"),
    include_str!("../../../assets/prompts/fixer.md"),
    include_str!("../../../assets/prompts/reporter.md"),
    include_str!("../../../assets/prompts/repair.md"),
    include_str!("../../../assets/prompts/chat.md"),
    include_str!("../../../assets/prompts/summary.md"),
];

/// Places that can be filled, by prompt.
const PLACES: [(&str, &[&str]); 6] = [
    ("diagnosis", &["incident", "patterns", "records", "past", "beside", "playbook"]),
    ("fixer", &["incident", "diagnosis", "records", "beside", "playbook"]),
    ("reporter", &["incident", "diagnosis", "fix"]),
    ("repair", &["error"]),
    ("chat", &["scope", "incidents", "facts", "records", "knowledge", "question"]),
    ("summary", &["before", "turns"]),
];

/// Longest file of a prompt, bytes.
const LONGEST: u64 = 256 << 10;

/// All prompts, each in the form that holds.
#[derive(Clone, Debug)]
pub struct Prompts(Vec<Prompt>);

impl Default for Prompts {
    fn default() -> Self {
        Self(FILES.iter().filter_map(|text| parse(text, false).ok()).collect())
    }
}

impl Prompts {
    /// The shipped ones, and in their place the files `NAME.md` of a folder; also what is wrong with files there, one
    /// line each (those are left out).
    pub fn load(folder: Option<&Path>) -> (Self, Vec<String>) {
        let (mut all, mut wrong) = (Self::default(), Vec::new());
        let Some(folder) = folder.filter(|f| f.is_dir()) else { return (all, wrong) };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => return (all, vec![format!("{}: {e}", folder.display())]),
        };
        let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "md"));
        paths.sort();
        for path in paths {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match read(&path) {
                Err(why) => wrong.push(why),
                Ok(p) if p.name != name => {
                    wrong.push(format!(
                        "{}: it is called `{}` inside; the file must be named so",
                        path.display(),
                        p.name
                    ));
                }
                Ok(own) => {
                    if let Some(p) = all.0.iter_mut().find(|p| p.name == own.name) {
                        *p = own;
                    }
                }
            }
        }
        (all, wrong)
    }

    /// All, in the order of the chain.
    pub fn iter(&self) -> impl Iterator<Item = &Prompt> {
        self.0.iter()
    }

    /// A prompt by name.
    pub fn get(&self, name: &str) -> Option<&Prompt> {
        self.0.iter().find(|p| p.name == name)
    }

    /// As [`Self::get`]; an unknown name gives an empty prompt. A test makes sure that none is asked for.
    pub(crate) fn prompt(&self, name: &str) -> Prompt {
        self.get(name).cloned().unwrap_or_else(|| Prompt {
            name: name.to_owned(),
            version: "0".to_owned(),
            own: false,
            source: Arc::from(""),
            system: String::new(),
            user: String::new(),
        })
    }
}

/// A file of the user's, checked.
///
/// # Errors
/// What is wrong and where, one line.
pub fn read(path: &Path) -> Result<Prompt, String> {
    let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let size = std::fs::metadata(path).map_err(|e| told(&e))?.len();
    if size > LONGEST {
        return Err(told(&"too long for a prompt; at most 256 KiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| told(&e))?;
    let prompt = parse(&text.replace("\r\n", "\n"), true).map_err(|e| told(&e))?;
    check(&prompt).map_err(|e| told(&e))?;
    Ok(prompt)
}

fn parse(text: &str, own: bool) -> Result<Prompt, String> {
    const SYSTEM: &str = "--- system ---\n";
    const USER: &str = "--- user ---\n";
    let (head, rest) = text.split_once(SYSTEM).ok_or("there is no line `--- system ---`")?;
    let (system, user) = rest.split_once(USER).ok_or("there is no line `--- user ---` after `--- system ---`")?;
    let field = |name: &str| {
        let value = head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':').map(str::trim));
        value.filter(|v| !v.is_empty()).ok_or_else(|| format!("there is no line `{name}: ...` at the top"))
    };
    Ok(Prompt {
        name: field("name")?.to_owned(),
        version: field("version")?.to_owned(),
        own,
        source: Arc::from(text),
        system: system.trim().to_owned(),
        user: user.trim().to_owned(),
    })
}

/// Whether a prompt of the user's can be used.
fn check(p: &Prompt) -> Result<(), String> {
    let Some((_, places)) = PLACES.iter().find(|(name, _)| *name == p.name) else {
        let names: Vec<&str> = PLACES.iter().map(|(n, _)| *n).collect();
        return Err(format!("there is no prompt `{}`; there are {}", p.name, names.join(", ")));
    };
    if p.version.chars().any(|c| !c.is_ascii_alphanumeric() && !"._-".contains(c)) || p.version.len() > 20 {
        return Err("the version is a short word such as 3 or 2.1-ops".to_owned());
    }
    let mut rest = p.user.as_str();
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        if !places.contains(&name.trim()) {
            return Err(format!("there is no place {{{{{}}}}}; there are {}", name.trim(), places.join(", ")));
        }
        rest = tail;
    }
    if p.system.contains("{{") {
        return Err("places stand only after `--- user ---`: what they hold is data, never an instruction".to_owned());
    }
    let wanted = places[if p.name == "chat" { places.len() - 1 } else { 0 }];
    if !p.user.contains(&format!("{{{{{wanted}}}}}")) {
        return Err(format!("without the place {{{{{wanted}}}}} the model would not know what it is about"));
    }
    Ok(())
}

impl Prompt {
    /// Name and version, such as `diagnosis v1`; that of the user's own says so.
    pub fn label(&self) -> String {
        let own = if self.own { " (own)" } else { "" };
        format!("{} v{}{own}", self.name, self.version)
    }

    /// The instructions.
    pub fn system(&self) -> Message {
        Message::system(self.system.as_str())
    }

    /// The question with its places filled; places without a value become nothing.
    pub fn user(&self, values: &[(&str, &str)]) -> Message {
        Message::user(fill(&self.user, values))
    }

    /// The places it has, in their order.
    pub fn places(&self) -> Vec<&str> {
        let all = PLACES.iter().find(|(name, _)| *name == self.name).map_or(&[][..], |(_, places)| *places);
        all.iter().filter(|p| self.user.contains(&format!("{{{{{p}}}}}"))).copied().collect()
    }
}

fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        let value = values.iter().find(|(n, _)| *n == name.trim()).map_or("", |(_, v)| *v);
        out.push_str(value);
        // An empty part leaves no hole.
        rest = if value.is_empty() { tail.trim_start_matches('\n') } else { tail };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_file_is_a_prompt_that_would_pass_as_a_users() {
        let all = Prompts::default();
        let names: Vec<_> = all.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["diagnosis", "fixer", "reporter", "repair", "chat", "summary"]);
        for p in all.iter() {
            assert!(p.version.parse::<u32>().is_ok_and(|v| v > 0), "{}", p.name);
            assert!(!p.system.is_empty() && !p.user.is_empty());
            assert_eq!(check(p), Ok(()), "{}", p.name);
            assert!(!p.places().is_empty());
        }
    }

    #[test]
    fn a_users_file_takes_the_place_of_the_shipped_one_or_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write(
            "chat.md",
            "name: chat\nversion: 7-ops\n--- system ---\nBe brief.\n--- user ---\n{{records}}\n{{question}}\n",
        );
        write("fixer.md", "name: fixer\nversion: 2\n--- system ---\nx\n--- user ---\n{{incidnet}}\n");
        write("reporter.md", "name: repair\nversion: 2\n--- system ---\nx\n--- user ---\n{{error}}\n");
        write("diagnosis.md", "name: diagnosis\nversion: 2\n--- user ---\n{{incident}}\n");
        write("notes.txt", "no prompt");
        let (all, wrong) = Prompts::load(Some(dir.path()));
        let chat = all.get("chat").unwrap();
        assert_eq!((chat.label().as_str(), chat.places()), ("chat v7-ops (own)", vec!["records", "question"]));
        assert_eq!(all.get("fixer").unwrap().label(), "fixer v2");
        let has = |text: &str| assert!(wrong.iter().any(|w| w.contains(text)), "{text}: {wrong:?}");
        has("fixer.md: there is no place {{incidnet}}; there are incident, diagnosis, records, beside, playbook");
        has("reporter.md: it is called `repair` inside");
        has("diagnosis.md: there is no line `--- system ---`");
        assert_eq!(wrong.len(), 3);
    }

    #[test]
    fn places_may_not_stand_among_the_instructions_and_the_main_one_must_be_there() {
        let check_text = |text: &str| check(&parse(text, true).unwrap()).unwrap_err();
        let head = "name: fixer\nversion: 2\n";
        assert!(
            check_text(&format!("{head}--- system ---\n{{{{records}}}}\n--- user ---\n{{{{incident}}}}\n"))
                .contains("never an instruction")
        );
        assert!(check_text(&format!("{head}--- system ---\nx\n--- user ---\nhello\n")).contains("{{incident}}"));
        assert!(
            check_text("name: fixer\nversion: a b\n--- system ---\nx\n--- user ---\n{{incident}}\n")
                .contains("short word")
        );
        assert!(
            check_text("name: poem\nversion: 1\n--- system ---\nx\n--- user ---\ny\n").contains("there are diagnosis")
        );
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("a {{x}} b {{y}}", &[("x", "{{y}}"), ("y", "1")]), "a {{y}} b 1");
        assert_eq!(fill("a\n\n{{none}}\n\nb {{", &[]), "a\n\nb {{");
    }
}
