//! The prompts: versioned templates from `assets/prompts`, embedded, with `{{name}}` places that are filled in one
//! pass (what is filled in is never read as a template again). Used by the chain and the chat.

use aiobs_llm::Message;

/// A template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Name, such as `diagnosis`.
    pub name: &'static str,
    /// Counts up with each change of wording.
    pub version: &'static str,
    system: &'static str,
    user: &'static str,
}

const FILES: [&str; 5] = [
    include_str!("../../../assets/prompts/diagnosis.md"),
    include_str!("../../../assets/prompts/fixer.md"),
    include_str!("../../../assets/prompts/reporter.md"),
    include_str!("../../../assets/prompts/repair.md"),
    include_str!("../../../assets/prompts/chat.md"),
];

/// All prompts that ship with the program.
pub fn prompts() -> impl Iterator<Item = Prompt> {
    FILES.iter().filter_map(|text| parse(text))
}

/// A prompt by name. An unknown name gives an empty prompt; a test makes sure that none is asked for.
pub(crate) fn prompt(name: &'static str) -> Prompt {
    prompts().find(|p| p.name == name).unwrap_or(Prompt { name, version: "0", system: "", user: "" })
}

fn parse(text: &'static str) -> Option<Prompt> {
    let (head, rest) = text.split_once("--- system ---\n")?;
    let (system, user) = rest.split_once("--- user ---\n")?;
    let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    Some(Prompt { name: field("name")?, version: field("version")?, system: system.trim(), user: user.trim() })
}

impl Prompt {
    /// Name and version, such as `diagnosis v1`.
    pub fn label(&self) -> String {
        format!("{} v{}", self.name, self.version)
    }

    /// The instructions.
    pub fn system(&self) -> Message {
        Message::system(self.system)
    }

    /// The question with its places filled; places without a value become nothing.
    pub fn user(&self, values: &[(&str, &str)]) -> Message {
        Message::user(fill(self.user, values))
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
    use super::*;

    #[test]
    fn every_file_is_a_prompt_with_name_and_version() {
        let names: Vec<_> = prompts().map(|p| p.name).collect();
        assert_eq!(names, ["diagnosis", "fixer", "reporter", "repair", "chat"]);
        for p in prompts() {
            assert!(p.version.parse::<u32>().is_ok_and(|v| v > 0), "{}", p.name);
            assert!(!p.system.is_empty() && !p.user.is_empty());
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("a {{x}} b {{y}}", &[("x", "{{y}}"), ("y", "1")]), "a {{y}} b 1");
        assert_eq!(fill("a\n\n{{none}}\n\nb {{", &[]), "a\n\nb {{");
    }
}
