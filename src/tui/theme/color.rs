//! Colours: how many the terminal has, how theme files write them, and the nearest of fewer.

use ratatui::style::Color;

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: structure is carried by bold, reverse and underline.
    None,
    /// The 16 of the terminal's own palette.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bits.
    True,
}

impl Depth {
    /// From the environment: `NO_COLOR` (not empty), `COLORTERM`, `TERM`.
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Self {
        if var("NO_COLOR").is_some_and(|v| !v.is_empty()) {
            return Self::None;
        }
        let term = var("TERM").unwrap_or_default();
        if term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") {
            return Self::None;
        }
        let colorterm = var("COLORTERM").unwrap_or_default();
        if colorterm.contains("truecolor") || colorterm.contains("24bit") || term.contains("direct") {
            return Self::True;
        }
        if term.contains("256color") || ["kitty", "alacritty", "foot", "ghostty"].iter().any(|t| term.contains(t)) {
            return Self::Ansi256;
        }
        Self::Ansi16
    }
}

/// The names of the 16 colours in theme files, in the order of their numbers.
pub(crate) const ANSI_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright black",
    "bright red",
    "bright green",
    "bright yellow",
    "bright blue",
    "bright magenta",
    "bright cyan",
    "bright white",
];

/// What xterm shows for the 16, to find the nearest one.
const ANSI_RGB: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// One colour of a theme, for each depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    full: Color,
    ansi: Color,
}

impl Paint {
    /// The terminal's own foreground or background.
    pub(crate) const DEFAULT: Self = Self { full: Color::Reset, ansi: Color::Reset };

    /// The colour at a depth.
    pub(crate) fn at(self, depth: Depth) -> Color {
        match (depth, self.full) {
            (Depth::None, _) => Color::Reset,
            (Depth::Ansi16, _) => self.ansi,
            (Depth::Ansi256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_256(r, g, b)),
            (_, full) => full,
        }
    }

    /// The same with another colour for 16-colour terminals.
    pub(crate) const fn with_ansi(self, ansi: Color) -> Self {
        Self { full: self.full, ansi }
    }
}

/// Reads `#rrggbb`, `#rgb`, a number from 0 to 255, one of the 16 names, or `default`.
pub(crate) fn parse(text: &str) -> Option<Paint> {
    if text == "default" {
        return Some(Paint::DEFAULT);
    }
    if let Some(color) = ansi(text) {
        return Some(Paint { full: color, ansi: color });
    }
    if let Some(hex) = text.strip_prefix('#') {
        let (r, g, b) = hex_rgb(hex)?;
        return Some(Paint { full: Color::Rgb(r, g, b), ansi: ansi_color(nearest_16(r, g, b)) });
    }
    let n: u8 = text.parse().ok()?;
    let ansi = if n < 16 {
        ansi_color(usize::from(n))
    } else {
        let (r, g, b) = rgb_of_256(n);
        ansi_color(nearest_16(r, g, b))
    };
    Some(Paint { full: Color::Indexed(n), ansi })
}

/// One of the 16 by name.
pub(crate) fn ansi(name: &str) -> Option<Color> {
    if name == "default" {
        return Some(Color::Reset);
    }
    ANSI_NAMES.iter().position(|n| *n == name).map(ansi_color)
}

fn hex_rgb(hex: &str) -> Option<(u8, u8, u8)> {
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let n = u32::from_str_radix(hex, 16).ok()?;
    match hex.len() {
        6 => Some(((n >> 16) as u8, (n >> 8) as u8, n as u8)),
        3 => Some((((n >> 8) & 15) as u8 * 17, ((n >> 4) & 15) as u8 * 17, (n & 15) as u8 * 17)),
        _ => None,
    }
}

const fn ansi_color(i: usize) -> Color {
    match i {
        0 => Color::Black,
        1 => Color::Red,
        2 => Color::Green,
        3 => Color::Yellow,
        4 => Color::Blue,
        5 => Color::Magenta,
        6 => Color::Cyan,
        7 => Color::Gray,
        8 => Color::DarkGray,
        9 => Color::LightRed,
        10 => Color::LightGreen,
        11 => Color::LightYellow,
        12 => Color::LightBlue,
        13 => Color::LightMagenta,
        14 => Color::LightCyan,
        _ => Color::White,
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let d = |x: u8, y: u8| (i32::from(x) - i32::from(y)).pow(2);
    // The eye's weights, roughly: green counts most, blue least.
    3 * d(a.0, b.0) + 4 * d(a.1, b.1) + 2 * d(a.2, b.2)
}

fn nearest_16(r: u8, g: u8, b: u8) -> usize {
    (0..16).min_by_key(|i| distance(ANSI_RGB[*i], (r, g, b))).unwrap_or(7)
}

/// xterm's 256 colours: 16 of the palette, a cube of 6×6×6, 24 greys.
fn rgb_of_256(n: u8) -> (u8, u8, u8) {
    let step = |i: u8| if i == 0 { 0 } else { 55 + 40 * i };
    match n {
        0..=15 => ANSI_RGB[usize::from(n)],
        16..=231 => {
            let n = n - 16;
            (step(n / 36), step(n / 6 % 6), step(n % 6))
        }
        _ => {
            let grey = 8 + 10 * (n - 232);
            (grey, grey, grey)
        }
    }
}

fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    // Not the first 16: their look is the user's choice.
    (16..=255u8).min_by_key(|n| distance(rgb_of_256(*n), (r, g, b))).unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_all_their_forms() {
        assert_eq!(parse("#ff0000").map(|p| p.at(Depth::True)), Some(Color::Rgb(255, 0, 0)));
        assert_eq!(parse("#f00").map(|p| p.at(Depth::Ansi256)), Some(Color::Indexed(196)));
        assert_eq!(parse("#ff0000").map(|p| p.at(Depth::Ansi16)), Some(Color::LightRed));
        assert_eq!(parse("bright blue").map(|p| p.at(Depth::Ansi16)), Some(Color::LightBlue));
        assert_eq!(parse("208").map(|p| p.at(Depth::Ansi256)), Some(Color::Indexed(208)));
        for bad in ["#12", "#gggggg", "256", "", "reddish", "#é0000", "-1"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn no_color_wins_over_everything() {
        let env =
            |pairs: &'static [(&str, &str)]| move |k: &str| pairs.iter().find(|p| p.0 == k).map(|p| p.1.to_owned());
        assert_eq!(Depth::detect(env(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")])), Depth::None);
        assert_eq!(Depth::detect(env(&[("NO_COLOR", ""), ("COLORTERM", "truecolor")])), Depth::True);
        assert_eq!(Depth::detect(env(&[("TERM", "xterm-256color")])), Depth::Ansi256);
        assert_eq!(Depth::detect(env(&[("TERM", "linux")])), Depth::Ansi16);
        assert_eq!(Depth::detect(env(&[("TERM", "dumb")])), Depth::None);
    }
}
