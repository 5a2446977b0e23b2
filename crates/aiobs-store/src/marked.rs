//! What a person said of templates: names, notes, and which raise no incident. Written by the program's writer, read by
//! the pipeline at its start, the screen and the commands. Templates themselves are elsewhere, as is where they stand in
//! their life.

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::writer::Writer;
use aiobs_types::{TemplateId, TemplateMark, Timestamp};
use rusqlite::{Row, params};

const READING: &str = "reading what was said of templates";

impl Writer {
    /// Keeps what was said of a template; it takes the place of what was said before, also when it says nothing.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_template_mark(&mut self, template: TemplateId, mark: &TemplateMark, at: Timestamp) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO template_mark(template, name, note, muted, time) VALUES(?, ?, ?, ?, ?)";
        let values = params![template.0, mark.name, mark.note, mark.muted, at.0];
        self.conn.execute(sql, values).doing("storing what was said of a template")?;
        Ok(())
    }
}

impl Reader {
    /// What was said of templates, by number; nothing in an archive that no program which asks wrote yet.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn template_marks(&self) -> Result<Vec<(TemplateId, TemplateMark)>> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'template_mark'";
        if self.conn.query_row(there, [], |r| r.get::<_, i64>(0)).doing(READING)? == 0 {
            return Ok(Vec::new());
        }
        let row = |r: &Row<'_>| {
            Ok((TemplateId(r.get(0)?), TemplateMark { name: r.get(1)?, note: r.get(2)?, muted: r.get(3)? }))
        };
        let sql = "SELECT template, name, note, muted FROM template_mark ORDER BY template";
        let mut statement = self.conn.prepare_cached(sql).doing(READING)?;
        statement.query_map([], row).doing(READING)?.collect::<rusqlite::Result<_>>().doing(READING)
    }

    /// Where templates stood in their life when that was stored last, in a word each.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn template_lives(&self) -> Result<Vec<(TemplateId, String)>> {
        let there = "SELECT count(*) FROM pragma_table_info('template') WHERE name = 'life'";
        if self.conn.query_row(there, [], |r| r.get::<_, i64>(0)).doing(READING)? == 0 {
            return Ok(Vec::new());
        }
        let row = |r: &Row<'_>| Ok((TemplateId(r.get(0)?), r.get(1)?));
        let mut statement =
            self.conn.prepare_cached("SELECT id, life FROM template WHERE life <> '' ORDER BY id").doing(READING)?;
        statement.query_map([], row).doing(READING)?.collect::<rusqlite::Result<_>>().doing(READING)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use crate::{Commit, Store};
    use aiobs_types::Template;

    #[test]
    fn what_was_said_last_of_a_template_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mark = |name: &str, muted| TemplateMark { name: name.into(), note: "ask Ida".into(), muted };
        {
            let store = Store::open(dir.path()).unwrap().0;
            let mut writer = store.writer().unwrap();
            writer.put_template_mark(TemplateId(7), &mark("pool is full", true), Timestamp(1)).unwrap();
            writer.put_template_mark(TemplateId(3), &mark("", true), Timestamp(2)).unwrap();
            writer.put_template_mark(TemplateId(7), &mark("pool full", false), Timestamp(3)).unwrap();
            let template = Template { id: TemplateId(3), text: "x".into(), count: 1, ..Template::default() };
            let lives = vec![(TemplateId(3), "surging")];
            writer.commit(&Commit { templates: vec![template], lives, ..Commit::default() }).unwrap();
        }
        let reader = Store::open_read_only(dir.path()).unwrap().reader().unwrap();
        let kept = [(TemplateId(3), mark("", true)), (TemplateId(7), mark("pool full", false))];
        assert_eq!(reader.template_marks().unwrap(), kept);
        assert_eq!(reader.template_lives().unwrap(), [(TemplateId(3), "surging".to_owned())]);
    }
}
