//! Markdown and plain text cut into sections that can be cited: by heading, and where a section is long, between its
//! paragraphs. Pure; a file of bytes that are no text never gets here.

/// A section longer than this is cut, bytes.
const LONG: usize = 2_400;

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Headings it lies under, outermost first.
    pub headings: Vec<String>,
    /// Number of its first line, from 1.
    pub line: usize,
    /// Its text, without the heading.
    pub text: String,
}

/// Cuts a text. `markdown` says whether `#` and underlined lines are headings.
pub fn chunks(text: &str, markdown: bool) -> Vec<Chunk> {
    let mut cut = Cutter::default();
    let lines: Vec<&str> = text.lines().collect();
    let mut fence: Option<char> = None;
    for (i, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        if let Some(mark) = ['`', '~'].into_iter().find(|m| trimmed.starts_with(&m.to_string().repeat(3))) {
            fence = match fence {
                None => Some(mark),
                Some(open) if open == mark => None,
                open => open,
            };
        } else if markdown && fence.is_none() {
            if let Some((level, title)) = heading(line) {
                cut.close();
                cut.enter(level, title);
                continue;
            }
            if let Some(level) = underline(line, i.checked_sub(1).and_then(|b| lines.get(b)).copied()) {
                let title = cut.take_last_line();
                cut.close();
                cut.enter(level, &title);
                continue;
            }
        }
        let between = trimmed.is_empty() && fence.is_none();
        if between && cut.text.len() >= LONG {
            cut.close();
        } else if cut.text.len() >= 4 * LONG {
            // No paragraph ends for pages: cut where we are.
            cut.close();
        }
        cut.line(i + 1, line);
    }
    cut.close();
    cut.done
}

#[derive(Default)]
struct Cutter {
    headings: Vec<(usize, String)>,
    start: usize,
    text: String,
    done: Vec<Chunk>,
}

impl Cutter {
    fn line(&mut self, number: usize, line: &str) {
        if self.text.is_empty() {
            if line.trim().is_empty() {
                return;
            }
            self.start = number;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn enter(&mut self, level: usize, title: &str) {
        self.headings.retain(|(l, _)| *l < level);
        self.headings.push((level, title.to_owned()));
    }

    fn take_last_line(&mut self) -> String {
        let kept = self.text.trim_end().rfind('\n').map_or(0, |at| at + 1);
        let title = self.text[kept..].trim().to_owned();
        self.text.truncate(kept);
        title
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim_end();
        if !text.is_empty() {
            let headings = self.headings.iter().map(|(_, t)| t.clone()).collect();
            self.done.push(Chunk { headings, line: self.start, text: text.to_owned() });
        }
    }
}

/// Level and text of a `#` heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let rest = line.get(level..)?;
    let title = rest.trim().trim_end_matches('#').trim();
    ((1..=6).contains(&level) && rest.starts_with([' ', '\t']) && !title.is_empty()).then_some((level, title))
}

/// Level of a heading that is underlined, when this line is the underline of the one before.
fn underline(line: &str, before: Option<&str>) -> Option<usize> {
    let line = line.trim();
    let before = before?.trim();
    if line.len() < 3 || before.is_empty() || before.starts_with(['-', '*', '|', '>', '#']) {
        return None;
    }
    match line {
        l if l.bytes().all(|b| b == b'=') => Some(1),
        l if l.bytes().all(|b| b == b'-') => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sections_are_cut_by_heading() {
        let text =
            "intro\n\n# Disk\nfree it\n## Now\n```sh\n# not a heading\ndf -h\n```\n\nMemory\n======\nmore ram\n# \n";
        let cut = chunks(text, true);
        let seen: Vec<(String, usize)> = cut.iter().map(|c| (c.headings.join(" > "), c.line)).collect();
        let expected = [("", 1), ("Disk", 4), ("Disk > Now", 6), ("Memory", 13)];
        assert_eq!(seen, expected.map(|(h, l)| (h.to_owned(), l)));
        assert!(cut[2].text.contains("# not a heading"));
        assert_eq!(cut[0].text, "intro");
        assert_eq!(chunks(text, false).len(), 1, "plain text has no headings");
    }

    #[test]
    fn long_sections_are_cut_between_paragraphs() {
        let text = format!("# T\n{}", "a line of words that goes on for a while\n\n".repeat(200));
        let cut = chunks(&text, true);
        assert!(cut.len() > 2 && cut.iter().all(|c| c.text.len() < 2 * LONG && c.headings == ["T"]), "{}", cut.len());
        assert!(chunks("", true).is_empty());
    }

    proptest! {
        #[test]
        fn sections_of_any_text_hold_text_and_rise(text in "[#=a-c \n`~-]{0,300}") {
            let cut = chunks(&text, true);
            prop_assert!(cut.iter().all(|c| !c.text.trim().is_empty()));
            prop_assert!(cut.windows(2).all(|w| w[0].line < w[1].line));
        }
    }
}
