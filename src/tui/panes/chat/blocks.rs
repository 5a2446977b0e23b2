//! A growing Markdown text cut into blocks that can be laid out by themselves, so that what was laid out once stays so
//! while more text comes. Pure; each byte is looked at once.

use std::ops::Range;

/// Bytes from which a block is cut although it has no end in sight.
const LONGEST: usize = 8 << 10;

/// One piece of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    /// The line that opens the code this piece is inside of from its beginning.
    pub(super) fence: Option<String>,
    /// Whether it goes on what the block before began: no gap between them.
    pub(super) goes_on: bool,
}

/// Cuts a text that only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    done: Vec<Block>,
    /// The piece that is still open.
    open: Block,
    /// Bytes looked at, up to the end of a line.
    seen: usize,
    /// The line that opened the code that goes on.
    fence: Option<String>,
    /// The last line was empty: a block may begin with the next one.
    blank: bool,
}

fn is_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ") || line.starts_with("* ") || digits.len() < line.len() && digits.starts_with(". ")
}

/// The run of backticks or tildes that opens or closes code.
pub(super) fn mark(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let c = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let end = line.find(|x| x != c).unwrap_or(line.len());
    (end >= 3).then(|| &line[..end])
}

impl Blocks {
    /// Of a whole text.
    pub(super) fn of(text: &str) -> Self {
        let mut blocks = Self::default();
        blocks.grow(text);
        blocks
    }

    /// The text is now this: what it was, and more behind it.
    pub(super) fn grow(&mut self, text: &str) {
        while let Some(length) = text.get(self.seen..).and_then(|rest| rest.find('\n')) {
            let line = &text[self.seen..self.seen + length];
            self.line(text, line);
            self.seen += length + 1;
            if self.seen - self.open.range.start >= LONGEST {
                self.cut(self.seen, true);
            }
        }
        self.open.range.end = text.len();
        // A line without end is cut at a space.
        while self.open.range.len() >= 2 * LONGEST {
            let most = text.floor_char_boundary(self.open.range.start + LONGEST);
            let space = text[self.open.range.start..most].rfind(' ').map_or(most, |at| self.open.range.start + at + 1);
            self.cut(space, true);
            self.seen = self.seen.max(space);
            self.open.range.end = text.len();
        }
    }

    fn line(&mut self, text: &str, line: &str) {
        if let Some(fence) = &self.fence {
            let closes =
                mark(fence).is_some_and(|m| line.trim_start().starts_with(m) && line.trim_end().ends_with(&m[..1]));
            if closes {
                self.fence = None;
            }
            return;
        }
        if line.trim().is_empty() {
            self.blank = true;
            return;
        }
        if std::mem::take(&mut self.blank) && !line.starts_with([' ', '\t']) && self.open.range.start < self.seen {
            let first = text[self.open.range.start..self.seen].lines().find(|l| !l.trim().is_empty()).unwrap_or("");
            let same_list = is_item(first) && is_item(line);
            self.cut(self.seen, same_list);
        }
        if mark(line).is_some() {
            self.fence = Some(line.to_owned());
        }
    }

    fn cut(&mut self, at: usize, goes_on: bool) {
        let next = Block { range: at..at, fence: self.fence.clone(), goes_on };
        let mut block = std::mem::replace(&mut self.open, next);
        block.range.end = at;
        self.done.push(block);
    }

    /// All blocks, the open one last.
    pub(super) fn all(&self) -> impl Iterator<Item = &Block> {
        self.done.iter().chain(Some(&self.open).filter(|b| !b.range.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        Blocks::of(text).all().map(|b| &text[b.range.clone()]).collect()
    }

    #[test]
    fn blocks_end_at_blank_lines_but_not_in_code_or_lists() {
        assert_eq!(cut("a\nb\n\nc\n"), ["a\nb\n\n", "c\n"]);
        assert_eq!(cut("```sh\na\n\nb\n```\n\nc"), ["```sh\na\n\nb\n```\n\nc"], "the end is open until its line ends");
        assert_eq!(cut("```sh\na\n\nb\n```\n\nc\n"), ["```sh\na\n\nb\n```\n\n", "c\n"]);
        assert_eq!(cut("- a\n\n  more\n\n- b\n"), ["- a\n\n  more\n\n", "- b\n"]);
        let text = "- a\n\n- b\n\nc\n";
        assert_eq!(Blocks::of(text).all().map(|b| b.goes_on).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn long_code_goes_on_in_the_next_block() {
        let text = format!("~~~py\n{}~~~\nend\n", "x = 1\n".repeat(3_000));
        let blocks = Blocks::of(&text);
        let fences: Vec<_> = blocks.all().map(|b| b.fence.as_deref()).collect();
        assert!(fences.len() > 2 && fences[0].is_none() && fences[1] == Some("~~~py"), "{fences:?}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_it_comes(text in "[a` \n\\-é~]{0,200}", cuts in proptest::collection::vec(0usize..200, 0..6)) {
            let mut grown = Blocks::default();
            let mut cuts = cuts;
            cuts.sort_unstable();
            for at in cuts {
                grown.grow(&text[..text.floor_char_boundary(at)]);
            }
            grown.grow(&text);
            let all = |b: &Blocks| b.all().cloned().collect::<Vec<_>>();
            prop_assert_eq!(all(&grown), all(&Blocks::of(&text)));
            let joined: String = grown.all().map(|b| &text[b.range.clone()]).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
