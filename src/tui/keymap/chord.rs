//! One key with its modifiers: from the terminal, from a file, and as text.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// One key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys in files, and as shown. The first of a code is the one shown.
const NAMES: [(&str, &str, KeyCode); 23] = [
    ("enter", "Enter", KeyCode::Enter),
    ("return", "Enter", KeyCode::Enter),
    ("esc", "Esc", KeyCode::Esc),
    ("escape", "Esc", KeyCode::Esc),
    ("tab", "Tab", KeyCode::Tab),
    ("space", "Space", KeyCode::Char(' ')),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("delete", "Del", KeyCode::Delete),
    ("del", "Del", KeyCode::Delete),
    ("insert", "Ins", KeyCode::Insert),
    ("up", "↑", KeyCode::Up),
    ("down", "↓", KeyCode::Down),
    ("left", "←", KeyCode::Left),
    ("right", "→", KeyCode::Right),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("pageup", "PgUp", KeyCode::PageUp),
    ("pgup", "PgUp", KeyCode::PageUp),
    ("pagedown", "PgDn", KeyCode::PageDown),
    ("pgdn", "PgDn", KeyCode::PageDown),
    ("minus", "-", KeyCode::Char('-')),
    ("plus", "+", KeyCode::Char('+')),
    ("backtab", "Shift-Tab", KeyCode::BackTab),
];

impl Chord {
    /// From the terminal. Shift is part of a letter already, and Shift-Tab has its own code.
    pub fn from_event(key: KeyEvent) -> Self {
        Self::normal(key.code, key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT))
    }

    fn normal(code: KeyCode, mut modifiers: KeyModifiers) -> Self {
        let code = match code {
            KeyCode::Char(c) => {
                let shift = modifiers.contains(KeyModifiers::SHIFT);
                modifiers.remove(KeyModifiers::SHIFT);
                // Terminals send Ctrl-d and Ctrl-D alike.
                if modifiers.contains(KeyModifiers::CONTROL) {
                    KeyCode::Char(c.to_ascii_lowercase())
                } else if shift {
                    KeyCode::Char(c.to_ascii_uppercase())
                } else {
                    code
                }
            }
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            other => other,
        };
        if code == KeyCode::BackTab {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code, modifiers }
    }

    /// Reads `j`, `G`, `ctrl-d`, `alt-enter`, `shift-tab`, `f1`, `space`, `minus`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once('-')
            && !head.is_empty()
            && !tail.is_empty()
        {
            modifiers |= match head.to_ascii_lowercase().as_str() {
                "ctrl" | "c" => KeyModifiers::CONTROL,
                "alt" | "a" | "m" => KeyModifiers::ALT,
                "shift" | "s" => KeyModifiers::SHIFT,
                other => {
                    let near = crate::tui::fault::nearest(other, ["ctrl", "alt", "shift"]);
                    return Err(format!("\"{head}\" is not a modifier{near} (modifiers: ctrl, alt, shift)"));
                }
            };
            rest = tail;
        }
        let mut chars = rest.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && !c.is_control()
            && !c.is_whitespace()
        {
            return Ok(Self::normal(KeyCode::Char(c), modifiers));
        }
        let name = rest.to_ascii_lowercase();
        if let Some((_, _, code)) = NAMES.iter().find(|(n, _, _)| *n == name) {
            return Ok(Self::normal(*code, modifiers));
        }
        if let Some(n) = name.strip_prefix('f').and_then(|n| n.parse::<u8>().ok())
            && (1..=12).contains(&n)
        {
            return Ok(Self::normal(KeyCode::F(n), modifiers));
        }
        let near = crate::tui::fault::nearest(&name, NAMES.iter().map(|(n, _, _)| *n));
        Err(format!("\"{text}\" is not a key{near}"))
    }

    /// Reads a sequence of chords with spaces between, such as `g g`.
    ///
    /// # Errors
    /// Says which chord is wrong and how.
    pub fn parse_sequence(text: &str) -> Result<Vec<Self>, String> {
        let keys: Vec<Self> = text.split_whitespace().map(Self::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err("a binding needs at least one key".into()) } else { Ok(keys) }
    }

    /// As an event, for tests that type.
    pub const fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// How easily a hint reads: letters and Enter first, arrows and function keys last.
    pub(crate) const fn plainness(self) -> u32 {
        let kind = match self.code {
            KeyCode::Char(_) | KeyCode::Enter | KeyCode::Esc | KeyCode::Tab => 0,
            KeyCode::F(_) => 3,
            _ => 2,
        };
        kind + if self.modifiers.is_empty() { 0 } else { 1 }
    }

    fn order(self) -> (u8, u32, u8) {
        let (kind, value) = match self.code {
            KeyCode::Char(c) => (0, c as u32),
            KeyCode::F(n) => (1, u32::from(n)),
            other => {
                let i = NAMES.iter().position(|(_, _, c)| *c == other);
                (2, i.map_or(u32::MAX, |i| i as u32))
            }
        };
        (kind, value, self.modifiers.bits())
    }
}

impl PartialOrd for Chord {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Chord {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("Shift-")?;
        }
        match self.code {
            KeyCode::F(n) => write!(f, "F{n}"),
            code => match (NAMES.iter().find(|(_, _, c)| *c == code), code) {
                (_, KeyCode::Char(c)) if c != ' ' => write!(f, "{c}"),
                (Some((_, shown, _)), _) => f.write_str(shown),
                (None, other) => write!(f, "{other}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chords_read_as_they_are_shown() {
        for (text, shown) in [
            ("j", "j"),
            ("G", "G"),
            ("ctrl-d", "Ctrl-d"),
            ("Ctrl-D", "Ctrl-d"),
            ("alt-enter", "Alt-Enter"),
            ("shift-tab", "Shift-Tab"),
            ("f1", "F1"),
            ("space", "Space"),
            ("-", "-"),
            ("ctrl--", "Ctrl--"),
            ("?", "?"),
        ] {
            assert_eq!(Chord::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn a_typed_key_equals_the_chord_in_the_file() {
        let typed = |code, m| Chord::from_event(KeyEvent::new(code, m));
        assert_eq!(typed(KeyCode::Char('G'), KeyModifiers::SHIFT), Chord::parse("G").unwrap());
        assert_eq!(typed(KeyCode::BackTab, KeyModifiers::SHIFT), Chord::parse("shift-tab").unwrap());
        assert_eq!(typed(KeyCode::Char('d'), KeyModifiers::CONTROL), Chord::parse("ctrl-d").unwrap());
    }

    #[test]
    fn wrong_chords_say_what_would_be_right() {
        assert!(Chord::parse("entr").unwrap_err().contains("\"enter\""));
        assert!(Chord::parse("crtl-d").unwrap_err().contains("\"ctrl\""));
        assert!(Chord::parse_sequence("  ").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_chord_or_an_error(text in "\\PC{0,12}") {
            let _ = Chord::parse_sequence(&text);
        }

        #[test]
        fn shown_ascii_chords_parse_back(c in "[!-~]", ctrl in any::<bool>(), alt in any::<bool>()) {
            let text = format!("{}{}{c}", if ctrl { "ctrl-" } else { "" }, if alt { "alt-" } else { "" });
            let chord = Chord::parse(&text).unwrap();
            prop_assert_eq!(Chord::parse(&chord.to_string()).unwrap(), chord);
        }
    }
}
