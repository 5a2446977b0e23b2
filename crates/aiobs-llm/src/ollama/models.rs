//! Which of the installed models to use. Used by the Ollama provider; pure.

use super::wire::ListedModel;
use crate::{LlmError, ModelInfo};

/// Worth pulling when there is none: small enough for a laptop, good at structured answers.
pub(crate) const SUGGESTION: &str = "llama3.1";
/// A model file larger than this is slow on most machines; smaller ones go first.
const COMFORTABLE: u64 = 12 << 30;

/// Families that follow instructions and schemas well, best first.
const FAMILIES: [&str; 9] = ["qwen3", "llama3", "qwen2.5", "gemma3", "mistral", "phi4", "gemma", "qwen", "llama"];

pub(crate) fn from_listed(m: ListedModel) -> ModelInfo {
    let base = m.name.split(':').next().unwrap_or_default();
    let family = base.rsplit('/').next().unwrap_or(base).trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    ModelInfo {
        family: family.split(|c: char| c == '-' || c.is_ascii_digit()).next().unwrap_or_default().to_owned(),
        parameters_m: parameters(&m.name),
        bytes: m.size,
        capabilities: m.capabilities,
        elsewhere: m.remote_host.or_else(|| is_cloud(&m.name).then(|| "ollama.com".to_owned())),
        name: m.name,
    }
}

/// Whether a name is that of a model which the server passes on to its makers' machines.
pub(crate) fn is_cloud(name: &str) -> bool {
    let tag = name.rsplit_once(':').map_or("", |(_, tag)| tag);
    tag == "cloud" || tag.ends_with("-cloud")
}

/// Millions of parameters from a tag such as `:8b` or `:0.6b-q4`.
fn parameters(name: &str) -> Option<u64> {
    name.split([':', '-']).skip(1).find_map(|part| {
        let number = part.strip_suffix(['b', 'B'])?;
        let billions: f64 = number.parse().ok()?;
        (billions > 0.0 && billions < 10_000.0).then_some((billions * 1000.0) as u64)
    })
}

/// The installed name for a configured one: `llama3.1` stands for `llama3.1:latest`, then for any of its sizes.
pub(crate) fn find(installed: &[ModelInfo], wanted: &str) -> Result<String, LlmError> {
    let same = |name: &str| name == wanted || name.strip_suffix(":latest") == Some(wanted);
    let sized = |name: &str| !wanted.contains(':') && name.split(':').next() == Some(wanted);
    installed
        .iter()
        .find(|m| same(&m.name))
        .or_else(|| installed.iter().find(|m| sized(&m.name)))
        .map(|m| m.name.clone())
        .ok_or_else(|| LlmError::ModelMissing { model: wanted.to_owned(), server: "Ollama".to_owned() })
}

/// Sorts by fitness, best LAST; models that cannot chat by their name, or that run elsewhere, are left out.
pub(crate) fn rank(mut installed: Vec<ModelInfo>) -> Vec<ModelInfo> {
    installed.retain(|m| {
        let name = m.name.to_ascii_lowercase();
        m.elsewhere.is_none() && !["embed", "bge-", "minilm", "rerank", "arctic-em"].iter().any(|w| name.contains(w))
    });
    installed.sort_by_key(|m| {
        let name = m.name.to_ascii_lowercase();
        let family = FAMILIES.iter().position(|f| name.contains(f)).unwrap_or(FAMILIES.len());
        let tiny = m.bytes > 0 && m.bytes < 1 << 30;
        (m.bytes <= COMFORTABLE, !tiny, std::cmp::Reverse(family), m.bytes.min(COMFORTABLE), m.name.clone())
    });
    installed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn model(name: &str, gib: u64) -> ModelInfo {
        ModelInfo { name: name.into(), bytes: gib << 30, ..ModelInfo::default() }
    }

    #[test]
    fn the_best_chat_model_is_last() {
        let ranked = rank(vec![
            model("nomic-embed-text:latest", 1),
            model("llama3.1:70b", 40),
            model("tinyllama:latest", 0),
            model("llama3.1:8b", 5),
            model("mistral:7b", 4),
            ModelInfo { elsewhere: Some("ollama.com".into()), ..model("qwen3:8b", 5) },
        ]);
        let names: Vec<_> = ranked.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names.last(), Some(&"llama3.1:8b"));
        assert_eq!(names.first(), Some(&"llama3.1:70b"));
        assert!(!names.iter().any(|n| n.contains("embed")));
    }

    #[test]
    fn a_name_without_a_tag_finds_its_model() {
        let installed = [model("llama3.1:8b", 5), model("llama3.1:latest", 5), model("qwen3:4b", 3)];
        assert_eq!(find(&installed, "llama3.1").unwrap(), "llama3.1:latest");
        assert_eq!(find(&installed, "qwen3").unwrap(), "qwen3:4b");
        assert!(find(&installed, "qwen3:8b").unwrap_err().to_string().contains("ollama pull qwen3:8b"));
        assert_eq!(parameters("qwen3:0.6b-q4"), Some(600));
        assert_eq!(parameters("llama3.1:latest"), None);
        assert!(is_cloud("gpt-oss:120b-cloud") && is_cloud("x:cloud") && !is_cloud("cloud:8b") && !is_cloud("cloud"));
    }
}
