//! Whether a text can be read at all: binary that got into a log, or bytes of another encoding, prove nothing to anybody.
//! Used wherever lines are quoted that nobody asked for. Pure.

/// Characters that are looked at.
const LOOKED_AT: usize = 400;
/// A text is garbage when more than one character in so many stands for nothing.
const ONE_IN: usize = 8;

/// Whether people can read it. Colours of a terminal do no harm, and neither do a few letters that were lost.
pub(crate) fn readable(text: &str) -> bool {
    let (mut all, mut lost) = (0_usize, 0_usize);
    for c in text.chars().take(LOOKED_AT) {
        all += 1;
        lost += usize::from(stands_for_nothing(c));
    }
    lost * ONE_IN <= all
}

/// What was no character, what moves a device, and what no alphabet has.
fn stands_for_nothing(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' | '\u{1b}' => false,
        '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn garbage_is_told_from_text() {
        for text in [
            "",
            "connection to db-1:5432 refused (pool 20/20)",
            "\u{1b}[31mERROR\u{1b}[0m no\n\tat main",
            "fran\u{fffd}ais: acc\u{fffd}s refus\u{fffd} au r\u{fffd}pertoire de sauvegarde",
            "ошибка подключения к базе",
            "接続が拒否されました",
        ] {
            assert!(readable(text), "{text}");
        }
        for text in [
            "\u{fffd}\u{fffd}PNG\u{1a}\u{0}\u{0}IHDR",
            "\u{0}\u{0}\u{0}\u{3}\u{0}ab",
            "x\u{fffd}\u{fffd}\u{fffd}<num>\u{fffd}y",
            "\u{e123}\u{e124} q",
        ] {
            assert!(!readable(text), "{text:?}");
        }
    }
}
