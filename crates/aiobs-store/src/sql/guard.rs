//! What a query may do: read the tables there are for it, and nothing else.

use super::tables::SQL_TABLES;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Result};

/// Functions of SQLite that reach outside of the query.
const NOT: [&str; 3] = ["load_extension", "fts3_tokenizer", "sqlite_log"];

/// Refuses everything that is not reading. Put in place after the views were made.
pub(super) fn watch(conn: &mut Connection) -> Result<()> {
    let stored: Vec<String> = conn
        .prepare("SELECT lower(name) FROM main.sqlite_schema WHERE type = 'table'")?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_>>()?;
    let ours = |name: &str| SQL_TABLES.iter().any(|t| t.name.eq_ignore_ascii_case(name));
    let viewed = |name: &str| SQL_TABLES.iter().any(|t| t.stored == name);
    let hidden = move |name: &str| {
        let name = name.to_ascii_lowercase();
        let inner = ["sqlite_", "pragma_", "dbstat", "bytecode", "tables_used"].iter().any(|p| name.starts_with(p));
        inner || stored.contains(&name)
    };
    conn.authorizer(Some(move |cx: AuthContext<'_>| {
        let allowed = match cx.action {
            AuthAction::Select | AuthAction::Recursive => true,
            // When SQLite merges a view into the query around it, it asks once more for the table as such, without a
            // column; that shows no more than how many rows there are.
            AuthAction::Read { table_name, column_name: "" } if viewed(table_name) => true,
            AuthAction::Read { table_name, .. } => !hidden(table_name) || cx.accessor.is_some_and(ours),
            AuthAction::Function { function_name } => !NOT.iter().any(|f| function_name.eq_ignore_ascii_case(f)),
            _ => false,
        };
        if allowed { Authorization::Allow } else { Authorization::Deny }
    }))
}
