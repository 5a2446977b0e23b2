//! Themes: files name colours once in `[palette]` and give each [`Role`] a style. Views ask for roles, never for
//! colours. Loading is strict: a wrong role, colour or parent is an error with file, line and the nearest name.

mod color;
mod glyphs;
mod load;
mod role;

pub use color::Depth;
pub use glyphs::Glyphs;
pub use load::{Library, ThemeError};
pub use role::Role;

use aiobs_types::Level;
use ratatui::style::Style;

/// A style for each role, at the colour depth of the terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// The name, as in the file name.
    pub name: String,
    styles: Vec<Style>,
}

impl Theme {
    pub(crate) fn new(name: String, styles: Vec<Style>) -> Self {
        Self { name, styles }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The style of a severity level.
    pub fn level(&self, level: Level) -> Style {
        self.style(match level {
            Level::Fatal => Role::Fatal,
            Level::Error => Role::Error,
            Level::Warn => Role::Warn,
            Level::Info | Level::Unset => Role::Info,
            Level::Debug | Level::Trace => Role::Debug,
        })
    }
}
