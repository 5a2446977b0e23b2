//! What a call costs, from a table of list prices. Used by [`crate::Guarded`]; knows no provider.

use crate::Usage;
use serde::Deserialize;

const TABLE: &str = include_str!("../../../assets/prices.toml");

/// Prices per million tokens, by the beginning of a model's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Month of the list.
    pub as_of: String,
    model: Vec<Price>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    model: String,
    input: f64,
    output: f64,
}

impl Prices {
    /// The table that ships with the program.
    pub fn embedded() -> Self {
        Self::parse(TABLE).unwrap_or_default()
    }

    /// A table in the form of the one that ships with the program.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// US dollars for a call; 0 for a local model, `None` when the model is not in the table.
    pub fn cost(&self, local: bool, model: &str, usage: &Usage) -> Option<f64> {
        if local {
            return Some(0.0);
        }
        // Routers put the maker before the name: `openai/gpt-4o`.
        let bare = model.rsplit('/').next().unwrap_or(model);
        let price = self.model.iter().filter(|p| bare.starts_with(&p.model)).max_by_key(|p| p.model.len())?;
        let tokens = |n: Option<u64>| n.unwrap_or(0) as f64 / 1e6;
        Some(tokens(usage.input_tokens) * price.input + tokens(usage.output_tokens) * price.output)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_longest_name_wins_and_local_is_free() {
        let prices = Prices::parse(TABLE).unwrap();
        let usage = Usage { input_tokens: Some(1_000_000), output_tokens: Some(1_000_000), ..Usage::default() };
        assert!((prices.cost(false, "gpt-4o-mini-2024-07-18", &usage).unwrap() - 0.75).abs() < 1e-9);
        assert!((prices.cost(false, "gpt-4o", &usage).unwrap() - 12.5).abs() < 1e-9);
        assert!((prices.cost(false, "openai/gpt-4o", &usage).unwrap() - 12.5).abs() < 1e-9);
        assert_eq!(prices.cost(true, "llama3.1", &usage), Some(0.0));
        assert_eq!(prices.cost(false, "nobody-knows", &usage), None);
    }
}
