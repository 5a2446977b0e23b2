//! The part of an answer without a model that ranks what lines name, says what took longest, how many different there are
//! and when something expires. Pure.

use super::compose::{Answer, listed};
use super::measures::By;
use super::phrase::{at, brief, lines, mark, matching};
use super::ranking::Row;
use super::sentences::Say;
use crate::context::fence::neutral;

/// Names listed.
const NAMES: usize = 10;

impl Answer<'_> {
    /// What the lines are told apart by.
    fn kind(&self, by: Option<By>) -> String {
        let what = match by {
            Some(By::Address) => Say::ByAddress,
            Some(By::Account) => Say::ByAccount,
            Some(By::Path) | None => Say::ByPath,
            Some(By::Agent) => Say::ByAgent,
            Some(By::Status) => Say::ByStatus,
        };
        self.text(what, &[])
    }

    /// How many lines match, and of how many newest the names were read when not of all.
    fn of_lines(&self, read: u64) -> String {
        let count = self.subject().map_or(0, |t| t.count);
        let all = matching(self.lang, count);
        if read < count { self.text(Say::NewestRead, &[&all, &read]) } else { all }
    }

    /// Names by how many lines name them.
    pub(super) fn ranked(&mut self) {
        let Some(ranking) = self.facts.ranking.as_ref().filter(|_| self.subject().is_some()) else {
            return self.nothing();
        };
        let (kind, all) = (self.kind(ranking.by), self.of_lines(ranking.read));
        if ranking.rows.is_empty() {
            return self.say(Say::NoneNamed, &[&all, &kind]);
        }
        let mut rows = vec![self.text(Say::RankHead, &[&all, &kind])];
        let row = |r: &Row| format!("- **{}**: {}", neutral(&r.name, 120), r.lines);
        self.listed(&mut rows, &ranking.rows, row);
        self.line(&rows.join("\n"));
    }

    /// The first names, and how many more there are.
    fn listed(&self, out: &mut Vec<String>, rows: &[Row], row: impl Fn(&Row) -> String) {
        out.extend(rows.iter().take(NAMES).map(row));
        if rows.len() > NAMES {
            out.push(format!("-{}", self.text(Say::AndMore, &[&(rows.len() - NAMES)])));
        }
    }

    /// How many different names there are.
    pub(super) fn distinct(&mut self) {
        let Some(ranking) = self.facts.ranking.as_ref().filter(|_| self.subject().is_some()) else {
            return self.none();
        };
        let (kind, all) = (self.kind(ranking.by), self.of_lines(ranking.read));
        if ranking.rows.is_empty() {
            return self.say(Say::NoneNamed, &[&all, &kind]);
        }
        let named = lines(self.lang, usize::try_from(ranking.named).unwrap_or(usize::MAX));
        let mut rows = vec![self.text(Say::Distinct, &[&ranking.rows.len(), &kind, &named, &all]), String::new()];
        self.listed(&mut rows, &ranking.rows, |r| format!("- {}: {}", neutral(&r.name, 120), r.lines));
        self.line(&rows.join("\n"));
    }

    /// What took longest: by page, and the lines.
    pub(super) fn slowest(&mut self) {
        let Some(ranking) = self.facts.ranking.as_ref().filter(|r| r.timed > 0) else {
            let all = self.of_lines(self.facts.ranking.as_ref().map_or(0, |r| r.read));
            return self.say(Say::SlowNone, &[&all]);
        };
        let timed = lines(self.lang, usize::try_from(ranking.timed).unwrap_or(usize::MAX));
        let mut rows = vec![self.text(Say::SlowHead, &[&timed, &self.of_lines(ranking.read)])];
        for (time, i) in &self.facts.slowest {
            let line = listed(self.found, *i);
            rows.push(format!("- **{}**: {}", brief(self.lang, *time), line.trim_start_matches("- ")));
        }
        if ranking.rows.len() > 1 {
            rows.push(String::new());
            rows.push(self.text(Say::SlowBy, &[&self.kind(ranking.by)]));
            for r in ranking.rows.iter().take(NAMES) {
                let (mean, longest) = (brief(self.lang, r.mean()), brief(self.lang, r.longest));
                rows.push(self.text(
                    Say::SlowRow,
                    &[
                        &neutral(&r.name, 120),
                        &mean,
                        &longest,
                        &lines(self.lang, usize::try_from(r.timed).unwrap_or(usize::MAX)),
                    ],
                ));
            }
        }
        self.line(&rows.join("\n"));
    }

    /// When something expires, as the newest lines say it.
    pub(super) fn expiry(&mut self) {
        if self.facts.expiries.is_empty() {
            self.say(Say::ExpiryNone, &[]);
        }
        for (e, i) in &self.facts.expiries {
            let Some(line) = self.found.lines.get(*i) else { continue };
            let about =
                e.about.map(|t| self.text(Say::ExpiryAbout, &[&crate::context::render::time(t)[..10].to_owned()]));
            let (said, mark) = (neutral(&e.said, 120), mark(Some(*i)));
            let text = self.text(Say::ExpiryRow, &[&said, &at(line.record.time), &mark, &about.unwrap_or_default()]);
            self.line(&text);
            let text = listed(self.found, *i);
            self.line(&text);
        }
    }
}
