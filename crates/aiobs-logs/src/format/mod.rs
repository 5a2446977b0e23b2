//! One line to time, severity, component and message; fields on demand. Formats are declared in `assets/formats`
//! (and by the user in the configuration); here they are compiled to hand scanners and chosen per source and line.
//! Used by the ingest pipeline after framing, and by the detail view for fields. It knows no file and no archive,
//! and it keeps no text.

mod bare;
mod choose;
mod civil;
mod columns;
mod def;
mod embedded;
mod fields;
mod found;
mod json;
mod keys;
mod layout;
mod level;
mod logfmt;
mod marks;
mod parser;
mod plain;
mod set;
mod takes;
mod time;
mod zone;

#[cfg(test)]
mod tests;

pub use civil::ZoneRule;
pub use def::{FormatDef, FormatError, Keys, Kind, Sample};
pub use fields::fields;
pub use parser::{Parsed, Recipe, SourceParser};
pub use set::{Format, FormatSet};
