//! The form of a playbook file: which keys there are and what stands in them. All that is wrong with it is told at once, and
//! what is wrong or missing is replaced by something that says nothing, so that the rest can be checked too. Used by `file`.

use super::error::{PlaybookError, nearest};
use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

/// What stands under a key.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Number,
    Flag,
    Section(&'static [Key]),
}

struct Key {
    name: &'static str,
    kind: Kind,
    required: bool,
}

const fn must(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, required: true }
}

const fn may(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, required: false }
}

const SIGNATURE: &[Key] = &[
    must("weight", Kind::Number),
    must("any", Kind::Texts),
    may("not", Kind::Texts),
    may("components", Kind::Texts),
    may("sources", Kind::Texts),
    may("detect", Kind::Flag),
    may("because", Kind::Texts),
    may("often", Kind::Number),
    may("passing", Kind::Flag),
    may("symptom", Kind::Flag),
];

const FIX: &[Key] = &[
    must("now", Kind::Texts),
    may("lasting", Kind::Texts),
    may("commands", Kind::Texts),
    may("verify", Kind::Texts),
    may("rollback", Kind::Texts),
    must("risk", Kind::Text),
];

const PLAYBOOK: &[Key] = &[
    must("id", Kind::Text),
    must("title", Kind::Text),
    must("error_class", Kind::Text),
    must("criticality", Kind::Number),
    must("cause", Kind::Text),
    may("alternatives", Kind::Texts),
    may("references", Kind::Texts),
    may("examples", Kind::Texts),
    may("counter_examples", Kind::Texts),
    must("signature", Kind::Section(SIGNATURE)),
    must("fix", Kind::Section(FIX)),
];

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Texts => "a list of texts",
            Self::Number => "a whole number",
            Self::Flag => "true or false",
            Self::Section(_) => "a section",
        }
    }

    fn fits(self, value: &DeValue<'_>) -> bool {
        match self {
            Self::Text => value.is_str(),
            Self::Texts => value.is_array(),
            Self::Number => value.is_integer(),
            Self::Flag => value.is_bool(),
            Self::Section(_) => value.is_table(),
        }
    }
}

/// A file's table in its right form; see [`form`].
pub(super) struct Formed<'t> {
    pub(super) table: Spanned<DeTable<'t>>,
    pub(super) errors: Vec<PlaybookError>,
}

/// The table of a file, with what is wrong in its form. What stands in for something has a place beyond the end of the text.
///
/// # Errors
/// What keeps it from being read at all.
pub(super) fn form<'t>(file: &str, text: &'t str) -> Result<Formed<'t>, Vec<PlaybookError>> {
    let (table, wrong) = DeTable::parse_recoverable(text);
    if !wrong.is_empty() {
        let told = |e: &toml::de::Error| {
            PlaybookError::at(file, text, e.span().map_or(0, |s| s.start), e.message().replace('\n', " "))
        };
        let mut errors: Vec<PlaybookError> = wrong.iter().map(told).collect();
        errors.sort_by_key(|e| e.line);
        return Err(errors);
    }
    let mut former = Former { file, text, errors: Vec::new() };
    let span = table.span();
    let table = former.section("", PLAYBOOK, 0, table.into_inner());
    former.errors.sort_by_key(|e| e.line);
    Ok(Formed { table: Spanned::new(span, table), errors: former.errors })
}

struct Former<'a> {
    file: &'a str,
    text: &'a str,
    errors: Vec<PlaybookError>,
}

impl Former<'_> {
    fn fail(&mut self, at: usize, message: String) {
        self.errors.push(PlaybookError::at(self.file, self.text, at, message));
    }

    /// A place that no part of the text has.
    fn nowhere<T>(&self, value: T) -> Spanned<T> {
        let at = self.text.len() + 1;
        Spanned::new(at..at, value)
    }

    /// A section that begins at `at`, in its right form.
    fn section<'t>(&mut self, name: &str, keys: &'static [Key], at: usize, found: DeTable<'t>) -> DeTable<'t> {
        let mut right = DeTable::new();
        let mut meant: Vec<&str> = Vec::new();
        for (key, value) in found {
            let Some(known) = keys.iter().find(|k| *k.name == **key.get_ref()) else {
                let near = nearest(key.get_ref(), keys.iter().map(|k| k.name));
                meant.extend(keys.iter().map(|k| k.name).filter(|k| near.contains(&format!("`{k}`"))));
                self.fail(key.span().start, format!("unknown key `{}`{near}", key.get_ref()));
                continue;
            };
            let value = self.value(known, value);
            right.insert(key, value);
        }
        let mut missing = Vec::new();
        for key in keys.iter().filter(|k| k.required) {
            if right.contains_key(key.name) {
                continue;
            }
            if !meant.contains(&key.name) {
                missing.push(format!("`{}`", key.name));
            }
            let stand_in = self.stand_in(key.kind);
            right.insert(self.nowhere(DeString::Borrowed(key.name)), stand_in);
        }
        if !missing.is_empty() {
            let keys = if missing.len() == 1 { "key" } else { "keys" };
            let place = if name.is_empty() { String::new() } else { format!(" in [{name}]") };
            self.fail(at, format!("missing {keys} {}{place}", missing.join(", ")));
        }
        right
    }

    fn value<'t>(&mut self, key: &Key, value: Spanned<DeValue<'t>>) -> Spanned<DeValue<'t>> {
        let span = value.span();
        if !key.kind.fits(value.get_ref()) {
            let is = value.get_ref().type_str();
            self.fail(span.start, format!("`{}` must be {}, this is of the type {is}", key.name, key.kind.name()));
            return self.stand_in(key.kind);
        }
        let right = match (key.kind, value.into_inner()) {
            (Kind::Section(keys), DeValue::Table(table)) => {
                DeValue::Table(self.section(key.name, keys, span.start, table))
            }
            (Kind::Texts, DeValue::Array(list)) => {
                let mut texts = DeArray::new();
                for text in list {
                    if text.get_ref().is_str() {
                        texts.push(text);
                    } else {
                        let is = text.get_ref().type_str();
                        self.fail(text.span().start, format!("`{}` holds texts, this is of the type {is}", key.name));
                    }
                }
                DeValue::Array(texts)
            }
            (_, other) => other,
        };
        Spanned::new(span, right)
    }

    /// Something of this kind that no check has anything to say of.
    fn stand_in<'t>(&self, kind: Kind) -> Spanned<DeValue<'t>> {
        const WORD: DeValue<'_> = DeValue::String(DeString::Borrowed("-"));
        let value = match kind {
            Kind::Text => WORD,
            Kind::Texts => DeValue::Array(std::iter::once(self.nowhere(WORD)).collect()),
            Kind::Number => DeValue::parse("1").map_or(WORD, Spanned::into_inner),
            Kind::Flag => DeValue::Boolean(true),
            Kind::Section(keys) => {
                let entry = |k: &Key| (self.nowhere(DeString::Borrowed(k.name)), self.stand_in(k.kind));
                DeValue::Table(keys.iter().filter(|k| k.required).map(entry).collect())
            }
        };
        self.nowhere(value)
    }
}
