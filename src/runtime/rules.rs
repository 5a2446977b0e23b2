//! From the checked configuration to the rules of the engine's parts. Only the builder and one-shot commands use it.

use crate::config::Config;
use aiobs_logs::detect::{Condition, DetectConfig, Join, PatternConfig, Strength, ThresholdConfig};
use aiobs_logs::format::{FormatDef, FormatSet, ZoneRule};
use aiobs_logs::incident::BookOptions;
use aiobs_logs::marker::MarkerConfig;
use aiobs_types::MarkerKind;
use anyhow::Context as _;

/// Formats, shipped and the user's.
pub fn formats(config: &Config) -> anyhow::Result<FormatSet> {
    let own = config
        .formats
        .iter()
        .map(|table| {
            let name = table.get("name").and_then(toml::Value::as_str).unwrap_or("?").to_owned();
            table.clone().try_into::<FormatDef>().with_context(|| format!("format `{name}`"))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(FormatSet::with_user(own)?)
}

/// Zone of lines that name none.
pub fn zone(config: &Config) -> anyhow::Result<ZoneRule> {
    ZoneRule::parse(&config.sources.time_zone).map_err(|e| anyhow::anyhow!("sources.time_zone: {e}"))
}

/// Formats forced per glob.
pub fn forced(config: &Config) -> anyhow::Result<Vec<(globset::GlobMatcher, String)>> {
    config
        .sources
        .formats
        .iter()
        .map(|(glob, format)| {
            let matcher = globset::Glob::new(glob).with_context(|| format!("sources.formats: `{glob}`"))?;
            Ok((matcher.compile_matcher(), format.clone()))
        })
        .collect()
}

/// Rules of detection.
pub fn detect(config: &Config) -> DetectConfig {
    let rules = &config.detect;
    DetectConfig {
        min_level: rules.min_level,
        disabled: rules.disabled.clone(),
        exclude_line: rules.exclusions.clone(),
        patterns: rules
            .patterns
            .iter()
            .map(|p| PatternConfig {
                id: p.name.clone(),
                title: p.title.clone().unwrap_or_else(|| p.name.clone()),
                regex: p.regex.clone(),
                words: Vec::new(),
                severity: p.level,
                class: String::new(),
                strength: Strength::Strong,
                join: Join::default(),
            })
            .collect(),
        // The configuration has checked the conditions.
        thresholds: rules
            .thresholds
            .iter()
            .map(|t| (Condition::parse(&t.condition), t.name.clone(), t.component.clone(), t.level))
            .filter_map(|(condition, name, component, level)| {
                Some(ThresholdConfig { name, condition: condition.ok()?, component, level })
            })
            .collect(),
        markers: rules
            .markers
            .iter()
            .map(|m| MarkerConfig {
                name: m.name.clone(),
                kind: MarkerKind::from_name(&m.kind).unwrap_or_default(),
                regex: m.regex.clone(),
                changes: false,
                not: String::new(),
            })
            .collect(),
        ..DetectConfig::default()
    }
}

/// Rules of incidents.
pub fn incidents(config: &Config) -> BookOptions {
    BookOptions { quiet: i64::from(config.detect.quiet_minutes) * 60_000_000_000, ..BookOptions::default() }
}
