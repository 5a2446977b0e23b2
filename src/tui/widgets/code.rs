//! Code of the languages that answers are full of (shell, SQL, JSON, YAML, TOML, diffs), cut into what it is made of, for
//! colours: a few rules a language, line by line, never wrong in what is shown and good enough in how. Pure.

use std::ops::Range;

/// What a piece of code is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Anything else.
    #[default]
    Plain,
    /// A word of the language; a command.
    Keyword,
    /// Text in quotes.
    Text,
    /// A number, a constant.
    Number,
    /// A key, a flag, a variable.
    Name,
    /// A comment.
    Comment,
    /// A line that a diff adds.
    Added,
    /// A line that a diff takes away.
    Removed,
}

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// None that is known.
    #[default]
    None,
    /// Shells.
    Shell,
    /// SQL.
    Sql,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// TOML and INI.
    Toml,
    /// Patches.
    Diff,
}

impl Language {
    /// By the word after a fence.
    pub fn of(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "sh" | "bash" | "zsh" | "shell" | "console" | "fish" | "powershell" | "ps1" => Self::Shell,
            "sql" | "sqlite" | "psql" | "mysql" | "postgres" | "postgresql" => Self::Sql,
            "json" | "jsonc" | "json5" | "ndjson" | "jsonl" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "toml" | "ini" | "conf" | "properties" => Self::Toml,
            "diff" | "patch" => Self::Diff,
            _ => Self::None,
        }
    }

    const fn comment(self) -> &'static str {
        match self {
            Self::Sql => "--",
            Self::Json => "//",
            _ => "#",
        }
    }

    fn is_keyword(self, word: &str) -> bool {
        match self {
            Self::Shell => SHELL.contains(&word),
            Self::Sql => SQL.contains(&word.to_ascii_lowercase().as_str()),
            _ => false,
        }
    }
}

#[rustfmt::skip]
const SHELL: &[&str] = &[
    "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "function",
    "return", "export", "local", "set", "unset", "sudo", "exit", "cd", "echo", "source", "exec", "trap",
];

#[rustfmt::skip]
const SQL: &[&str] = &[
    "select", "from", "where", "group", "by", "order", "having", "limit", "offset", "join", "left", "right", "inner",
    "outer", "full", "cross", "on", "using", "as", "and", "or", "not", "in", "is", "null", "like", "between", "exists",
    "case", "when", "then", "else", "end", "distinct", "union", "all", "with", "recursive", "insert", "into", "values",
    "update", "delete", "create", "table", "index", "view", "drop", "alter", "add", "column", "primary", "key",
    "references", "default", "show", "explain", "analyze", "asc", "desc", "over", "partition", "set", "begin", "commit",
    "rollback", "grant", "revoke", "vacuum", "terminate",
];

/// What a line may leave open for the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    /// The quote of a text that has not ended.
    quote: Option<char>,
}

/// The pieces of a line, without gaps; `carry` goes from line to line.
pub fn pieces(language: Language, line: &str, carry: &mut Carry) -> Vec<(Range<usize>, Kind)> {
    match language {
        Language::None => whole(line, Kind::Plain),
        Language::Diff => whole(line, diff(line)),
        _ => {
            let mut cutter = Cutter { language, line, at: 0, out: Vec::new() };
            cutter.cut(carry);
            cutter.out
        }
    }
}

fn whole(line: &str, kind: Kind) -> Vec<(Range<usize>, Kind)> {
    if line.is_empty() { Vec::new() } else { vec![(0..line.len(), kind)] }
}

fn diff(line: &str) -> Kind {
    match line.bytes().next() {
        _ if line.starts_with("+++") || line.starts_with("---") || line.starts_with("@@") => Kind::Keyword,
        Some(b'+') => Kind::Added,
        Some(b'-') => Kind::Removed,
        _ if line.starts_with("diff ") || line.starts_with("index ") => Kind::Comment,
        _ => Kind::Plain,
    }
}

struct Cutter<'a> {
    language: Language,
    line: &'a str,
    at: usize,
    out: Vec<(Range<usize>, Kind)>,
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

impl Cutter<'_> {
    fn rest(&self) -> &str {
        &self.line[self.at..]
    }

    /// Takes so many bytes as a piece; equal neighbours become one.
    fn take(&mut self, bytes: usize, kind: Kind) {
        let range = self.at..self.at + bytes;
        self.at = range.end;
        match self.out.last_mut() {
            Some((last, k)) if *k == kind => last.end = range.end,
            _ if range.is_empty() => {}
            _ => self.out.push((range, kind)),
        }
    }

    fn cut(&mut self, carry: &mut Carry) {
        if let Some(quote) = carry.quote.take() {
            self.quoted(quote, 0, carry);
        }
        let mut first = true;
        while let Some(c) = self.rest().chars().next() {
            let before = self.line[..self.at].chars().next_back();
            let begins = before.is_none_or(|b| b.is_whitespace() || matches!(b, ';' | '(' | '{' | '[' | ','));
            if self.rest().starts_with(self.language.comment()) && begins {
                let all = self.rest().len();
                self.take(all, Kind::Comment);
            } else if matches!(c, '"' | '\'') || c == '`' && self.language == Language::Sql {
                self.quoted(c, 1, carry);
            } else if c == '$' && self.language == Language::Shell {
                let name = self.rest()[1..].find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '{' | '}'));
                let end = name.map_or(self.rest().len(), |n| n + 1);
                self.take(end, Kind::Name);
            } else if c == '-' && self.language == Language::Shell && begins {
                let end = self.rest().find(|c: char| c.is_whitespace() || c == '=').unwrap_or(self.rest().len());
                self.take(end, Kind::Name);
            } else if self.language == Language::Toml && c == '[' && self.line[..self.at].trim().is_empty() {
                let end = self.rest().rfind(']').map_or(self.rest().len(), |i| i + 1);
                self.take(end, Kind::Keyword);
            } else if c.is_alphanumeric() || c == '_' {
                self.word(begins, first);
                first = false;
            } else {
                // After these a shell expects a command again.
                first |= matches!(c, '|' | ';' | '&');
                self.take(c.len_utf8(), Kind::Plain);
            }
        }
    }

    /// A text in quotes, from so many bytes after its beginning; without an end it goes on in the next line.
    fn quoted(&mut self, quote: char, skip: usize, carry: &mut Carry) {
        let mut escaped = false;
        let mut end = None;
        for (i, c) in self.rest().char_indices().filter(|(i, _)| *i >= skip) {
            if escaped {
                escaped = false;
            } else if c == '\\' && quote != '\'' {
                escaped = true;
            } else if c == quote {
                end = Some(i + c.len_utf8());
                break;
            }
        }
        // Only in shells and SQL do texts go over lines; elsewhere a lone quote is an apostrophe.
        if end.is_none() && matches!(self.language, Language::Shell | Language::Sql) {
            carry.quote = Some(quote);
        }
        let end = end.unwrap_or(self.rest().len());
        let after = self.rest()[end..].trim_start();
        let key = matches!(self.language, Language::Json | Language::Yaml) && after.starts_with(':');
        self.take(end, if key { Kind::Name } else { Kind::Text });
    }

    fn word(&mut self, begins: bool, first: bool) {
        let end = self.rest().find(|c: char| !in_word(c)).unwrap_or(self.rest().len());
        let (word, after) = (self.rest()[..end].to_owned(), self.rest()[end..].to_owned());
        let digits = word.starts_with(|c: char| c.is_ascii_digit());
        let constant = matches!(word.as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
        let kind = match self.language {
            Language::Yaml if after.starts_with(": ") || after == ":" => Kind::Name,
            Language::Toml if after.trim_start().starts_with('=') => Kind::Name,
            Language::Shell if after.starts_with('=') && begins && first => Kind::Name,
            l if l.is_keyword(&word) => Kind::Keyword,
            Language::Shell if first && begins => Kind::Keyword,
            Language::Json | Language::Yaml | Language::Toml if constant => Kind::Number,
            _ if digits && begins && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_')) => Kind::Number,
            _ => Kind::Plain,
        };
        self.take(end, kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The pieces that are not plain, with the first letter of what they are.
    fn cut(language: &str, code: &str) -> Vec<String> {
        let mut carry = Carry::default();
        let each = |line| {
            let cut = pieces(Language::of(language), line, &mut carry);
            let named = cut.into_iter().filter(|(_, k)| *k != Kind::Plain);
            named.map(|(r, k)| format!("{}:{}", &format!("{k:?}")[..1], &line[r])).collect::<Vec<_>>()
        };
        code.lines().flat_map(each).collect()
    }

    #[test]
    fn each_language_shows_what_it_is_made_of() {
        assert_eq!(
            cut("sh", "kubectl -n shop scale deploy/orders --replicas=1 # now\necho \"a\nb\" | grep $HOME"),
            ["K:kubectl", "N:-n", "N:--replicas", "C:# now", "K:echo", "T:\"a", "T:b\"", "K:grep", "N:$HOME"]
        );
        assert_eq!(
            cut("sql", "SELECT name, 12 FROM t WHERE x = 'it''s' -- note"),
            ["K:SELECT", "N:12", "K:FROM", "K:WHERE", "T:'it''s'", "C:-- note"]
        );
        assert_eq!(
            cut("json", r#"{"a": "b\"c", "n": 4.5, "t": true}"#),
            ["N:\"a\"", "T:\"b\\\"c\"", "N:\"n\"", "N:4.5", "N:\"t\"", "N:true"]
        );
        assert_eq!(
            cut("yaml", "pool: 40 # max\nname: don't\n- on"),
            ["N:pool", "N:40", "C:# max", "N:name", "T:'t", "N:on"]
        );
        assert_eq!(
            cut("toml", "[server]\nport = 8080\nname = \"x\""),
            ["K:[server]", "N:port", "N:8080", "N:name", "T:\"x\""]
        );
        assert_eq!(cut("diff", "@@ -1 +1 @@\n-a\n+b\n c"), ["K:@@ -1 +1 @@", "R:-a", "A:+b"]);
        assert_eq!(cut("brainfuck", "+-[]"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nothing_is_lost(line in "[a-c$'\"#\\-=:\\[\\] \\\\é1|]{0,60}", which in 0usize..7) {
            let language = ["sh", "sql", "json", "yaml", "toml", "diff", "x"][which];
            let mut carry = Carry::default();
            let mut end = 0;
            for (range, _) in pieces(Language::of(language), &line, &mut carry) {
                prop_assert_eq!(range.start, end);
                prop_assert!(line.is_char_boundary(range.end));
                end = range.end;
            }
            prop_assert_eq!(end, line.len());
        }
    }
}
