//! The typed JSON that goes between the stages: what each model stage must answer, as Rust types, JSON schemas, and
//! a reader that forgives wrappings but not missing parts. Used by the machine and the runner.

use crate::Stage;
use crate::context::fence::shown;
use aiobs_types::{Confidence, Fix, Patch};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest text taken from a model for one field, characters.
const FIELD: usize = 2_000;
/// Most entries taken from a model for one list.
const LIST: usize = 12;

/// One statement of the diagnosis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ClaimReply {
    pub(crate) text: String,
    /// Ids such as `R123`.
    #[serde(default, deserialize_with = "ids")]
    #[schemars(with = "Vec<String>")]
    pub(crate) records: Vec<String>,
}

/// Answer of the Diagnosis stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DiagnosisReply {
    pub(crate) title: String,
    pub(crate) cause: String,
    pub(crate) error_class: String,
    pub(crate) criticality: u8,
    pub(crate) confidence: Sure,
    #[serde(default)]
    pub(crate) claims: Vec<ClaimReply>,
    /// Why it is as sure as it says.
    #[serde(default)]
    pub(crate) because: String,
    #[serde(default)]
    pub(crate) alternatives: Vec<Alternative>,
}

/// Another explanation, as models write it: in parts, or as one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Alternative {
    Parts { cause: String, tell_apart: String },
    Sentence(String),
}

impl Alternative {
    /// One sentence for people.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Sentence(s) => s.clone(),
            Self::Parts { cause, tell_apart } if tell_apart.trim().is_empty() => cause.clone(),
            Self::Parts { cause, tell_apart } => {
                format!("{} To tell: {}", ended(cause), tell_apart.trim())
            }
        }
    }
}

fn ended(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// A change of a file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PatchReply {
    pub(crate) file: String,
    /// Unified diff.
    pub(crate) diff: String,
}

/// How sure a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sure {
    #[default]
    Low,
    Medium,
    High,
}

impl From<Sure> for Confidence {
    fn from(s: Sure) -> Self {
        match s {
            Sure::Low => Self::Low,
            Sure::Medium => Self::Medium,
            Sure::High => Self::High,
        }
    }
}

/// Answer of the Fixer stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FixReply {
    pub(crate) now: Vec<String>,
    #[serde(default)]
    pub(crate) lasting: Vec<String>,
    #[serde(default)]
    pub(crate) commands: Vec<String>,
    #[serde(default)]
    pub(crate) verify: Vec<String>,
    #[serde(default)]
    pub(crate) rollback: Vec<String>,
    #[serde(default)]
    pub(crate) risk: String,
    #[serde(default)]
    pub(crate) patches: Vec<PatchReply>,
}

impl From<FixReply> for Fix {
    fn from(f: FixReply) -> Self {
        let FixReply { now, lasting, commands, verify, rollback, risk, patches } = f;
        let patches = patches.into_iter().map(|p| Patch { file: p.file, diff: p.diff }).collect();
        Self { now, lasting, commands, verify, rollback, risk, patches }
    }
}

/// Answer of the Reporter stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReportReply {
    pub(crate) summary: String,
}

/// Record ids as strings, also when a model wrote numbers.
fn ids<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<Value>::deserialize(d)?;
    Ok(list.into_iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect())
}

/// A stage's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Diagnosis(DiagnosisReply),
    Fix(FixReply),
    Report(ReportReply),
}

/// The JSON schema a stage's answer must fit; none for Context, which asks no model.
pub(crate) fn schema(stage: Stage) -> Option<Value> {
    let schema = match stage {
        Stage::Context => return None,
        Stage::Diagnosis => schemars::schema_for!(DiagnosisReply),
        Stage::Fixer => schemars::schema_for!(FixReply),
        Stage::Reporter => schemars::schema_for!(ReportReply),
    };
    Some(schema.to_value())
}

/// Reads a stage's answer. The error says, for the repair try, what does not fit.
pub(crate) fn read(stage: Stage, text: &str) -> Result<Reply, String> {
    match stage {
        Stage::Context => Err("the context stage asks no model".into()),
        Stage::Diagnosis => {
            let mut r: DiagnosisReply = json(text)?;
            [&mut r.title, &mut r.cause, &mut r.error_class].into_iter().for_each(clean);
            if r.cause.is_empty() {
                return Err("`cause` is empty".into());
            }
            if !(1..=5).contains(&r.criticality) {
                return Err("`criticality` must be from 1 to 5".into());
            }
            [&mut r.title, &mut r.cause, &mut r.error_class, &mut r.because].into_iter().for_each(clean);
            r.alternatives.truncate(LIST);
            for a in &mut r.alternatives {
                let mut sentence = a.sentence();
                clean(&mut sentence);
                *a = Alternative::Sentence(sentence);
            }
            r.alternatives.retain(|a| !a.sentence().is_empty());
            r.claims.truncate(LIST);
            r.claims.iter_mut().for_each(|c| clean(&mut c.text));
            r.claims.retain(|c| !c.text.is_empty());
            Ok(Reply::Diagnosis(r))
        }
        Stage::Fixer => {
            let mut r: FixReply = json(text)?;
            for list in [&mut r.now, &mut r.lasting, &mut r.commands, &mut r.verify, &mut r.rollback] {
                clean_list(list);
            }
            clean(&mut r.risk);
            r.patches.truncate(LIST);
            for p in &mut r.patches {
                [&mut p.file, &mut p.diff].into_iter().for_each(clean);
            }
            if r.now.is_empty() && r.lasting.is_empty() {
                return Err("`now` is empty".into());
            }
            Ok(Reply::Fix(r))
        }
        Stage::Reporter => {
            let mut r: ReportReply = json(text)?;
            clean(&mut r.summary);
            if r.summary.is_empty() { Err("`summary` is empty".into()) } else { Ok(Reply::Report(r)) }
        }
    }
}

/// The outermost object of a text that may have thoughts or a code fence around it.
fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let body = text.rsplit_once("</think>").map_or(text, |(_, answer)| answer);
    let start = body.find('{').ok_or("there is no JSON object in it")?;
    let end = body.rfind('}').filter(|end| *end > start).ok_or("the JSON object is not closed")?;
    serde_json::from_str(&body[start..=end]).map_err(|e| e.to_string())
}

fn clean(text: &mut String) {
    let safe = shown(text);
    *text = safe.trim().chars().take(FIELD).collect();
}

fn clean_list(list: &mut Vec<String>) {
    list.truncate(LIST);
    list.iter_mut().for_each(clean);
    list.retain(|s| !s.is_empty());
}

/// The texts of an answer that are shown.
#[cfg(feature = "fuzzing")]
pub(crate) fn texts(stage: Stage, text: &str) -> Vec<String> {
    match read(stage, text) {
        Ok(Reply::Diagnosis(r)) => {
            assert!(!r.cause.is_empty(), "a diagnosis without a cause");
            let claims = r.claims.into_iter().map(|c| c.text);
            [r.title, r.cause, r.error_class]
                .into_iter()
                .chain(r.alternatives.iter().map(Alternative::sentence))
                .chain(claims)
                .collect()
        }
        Ok(Reply::Fix(r)) => {
            [r.now, r.lasting, r.commands, r.verify, r.rollback, vec![r.risk]].into_iter().flatten().collect()
        }
        Ok(Reply::Report(r)) => vec![r.summary],
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_answers_are_read() {
        let object = r#"{"title":"t","cause":"c\u001b[2J","error_class":"a.b","criticality":3,"confidence":"high",
            "claims":[{"text":"x","records":["R7",8]},{"text":"y"}]}"#;
        for text in [object.to_owned(), format!("<think>{{no}}</think>Sure!\n```json\n{object}\n```\nDone.")] {
            let Ok(Reply::Diagnosis(r)) = read(Stage::Diagnosis, &text) else { panic!("{text}") };
            assert_eq!(r.cause, "c", "escape sequences do not reach the screen");
            assert_eq!(r.claims[0].records, ["R7", "8"]);
            assert!(r.claims[1].records.is_empty());
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, why) in [
            ("I cannot help", "no JSON object"),
            ("{\"title\": ", "not closed"),
            (r#"{"title":"t"}"#, "cause"),
            (r#"{"title":"t","cause":" ","error_class":"","criticality":1,"confidence":"low"}"#, "`cause` is empty"),
            (
                r#"{"title":"t","cause":"\u001b[2J","error_class":"","criticality":1,"confidence":"low"}"#,
                "`cause` is empty",
            ),
            (r#"{"title":"t","cause":"c","error_class":"","criticality":9,"confidence":"low"}"#, "criticality"),
            (r#"{"title":"t","cause":"c","error_class":"","criticality":1,"confidence":"sure"}"#, "sure"),
        ] {
            let error = read(Stage::Diagnosis, text).expect_err(text);
            assert!(error.contains(why), "{error}");
        }
        assert!(read(Stage::Fixer, r#"{"now":[]}"#).is_err());
    }

    #[test]
    fn schemas_name_every_field() {
        let schema = schema(Stage::Diagnosis).unwrap_or_default().to_string();
        for field in ["title", "cause", "error_class", "criticality", "confidence", "claims", "records", "medium"] {
            assert!(schema.contains(&format!("\"{field}\"")), "{field}");
        }
    }
}
