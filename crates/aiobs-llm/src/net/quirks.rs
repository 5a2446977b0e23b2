//! What one server cannot do, learnt from its refusals: a request that it does not understand is put more simply and
//! sent again, and the next one begins that way. Used by the providers whose wire format has many dialects; pure.

use crate::LlmError;

/// How an answer is held to a JSON schema, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SchemaForm {
    /// `json_schema` with its strict form.
    #[default]
    Strict,
    /// `json_object` with the schema beside it, as llama.cpp wants it.
    ObjectWithSchema,
    /// `json_object` alone: some JSON object.
    Object,
    /// Not at all; the prompt asks for it.
    Prompt,
}

/// What a server was seen not to understand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    pub(crate) schema: SchemaForm,
    /// Wants `max_completion_tokens` instead of `max_tokens`.
    pub(crate) completion_tokens: bool,
    /// Takes no temperature.
    pub(crate) no_temperature: bool,
    /// Takes no `stream_options`.
    pub(crate) no_stream_options: bool,
    /// Takes no seed.
    pub(crate) no_seed: bool,
}

impl Quirks {
    /// Whether this refusal says how to ask more simply; changes itself accordingly.
    pub(crate) fn learn(&mut self, error: &LlmError) -> bool {
        let (status, message) = match error {
            LlmError::Refused { status, message } => (*status, message),
            // Some servers answer 500 to a body that they cannot read.
            LlmError::Busy { status: 500, message, .. } => (500, message),
            _ => return false,
        };
        if !matches!(status, 400 | 422 | 500) {
            return false;
        }
        let text = message.to_ascii_lowercase();
        let names = |words: &[&str]| words.iter().any(|w| text.contains(w));
        let before = *self;
        if names(&["max_completion_tokens"]) {
            self.completion_tokens = true;
        } else if names(&[
            "response_format",
            "json_schema",
            "json_object",
            "response format",
            "structured output",
            "schema",
        ]) {
            self.schema = match self.schema {
                SchemaForm::Strict => SchemaForm::ObjectWithSchema,
                SchemaForm::ObjectWithSchema => SchemaForm::Object,
                SchemaForm::Object | SchemaForm::Prompt => SchemaForm::Prompt,
            };
        } else if names(&["stream_options"]) {
            self.no_stream_options = true;
        } else if names(&["temperature"]) {
            self.no_temperature = true;
        } else if names(&["seed"]) {
            self.no_seed = true;
        }
        *self != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> LlmError {
        LlmError::Refused { status: 400, message: message.into() }
    }

    #[test]
    fn a_refusal_is_learnt_from_until_nothing_is_left_to_drop() {
        let mut q = Quirks::default();
        assert!(q.learn(&refused("Unsupported parameter: 'max_tokens' ... Use 'max_completion_tokens' instead.")));
        assert!(q.completion_tokens);
        for form in [SchemaForm::ObjectWithSchema, SchemaForm::Object, SchemaForm::Prompt] {
            assert!(q.learn(&refused("Invalid value for response_format")));
            assert_eq!(q.schema, form);
        }
        assert!(!q.learn(&refused("Invalid value for response_format")), "there is no simpler form");
        assert!(!q.learn(&refused("context length exceeded")));
        assert!(!q.learn(&LlmError::Cut));
    }
}
