//! What the pane says before there is a result: what it is for, statements to begin with, and the tables there are.

use crate::tui::action::{Action, Context};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Statements to begin with.
const EXAMPLES: [(&str, &str); 4] = [
    ("errors per minute", "SELECT bucket(time_ns, '1m') AS minute, count(*) FROM logs('level>=error') GROUP BY minute"),
    ("noisiest templates", "SELECT count, level, text FROM templates ORDER BY count DESC LIMIT 20"),
    ("who fails", "SELECT component, count(*) AS n FROM logs WHERE level = 'error' GROUP BY component ORDER BY n DESC"),
    ("slow requests", "SELECT time, component, fields ->> 'latency' AS latency FROM logs('latency>500ms') LIMIT 100"),
];

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
    let write = cx.keys(Context::Sql, Action::Edit);
    let mut lines: Vec<Vec<Span<'static>>> = vec![
        Vec::new(),
        vec![
            Span::styled("Ask the archive in SQL. ", cx.style(Role::Strong)),
            Span::styled(write, cx.style(Role::Key)),
            Span::styled(" writes a statement; nothing is ever changed by one.", cx.style(Role::Text)),
        ],
        Vec::new(),
    ];
    for (name, sql) in EXAMPLES {
        lines.push(vec![Span::styled(name, cx.style(Role::Dim))]);
        lines.push(vec![Span::styled(format!("  {sql}"), cx.style(Role::Code))]);
    }
    lines.push(Vec::new());
    let tables = cx.sql_words.iter().filter(|(_, about)| about.starts_with("table: "));
    for (name, about) in tables {
        let about = about.trim_start_matches("table: ");
        let name = Span::styled(text::fit(name, 12, cx.glyphs.ellipsis), cx.style(Role::FieldName));
        lines.push(vec![name, Span::styled(about.to_owned(), cx.style(Role::Dim))]);
    }
    for (y, spans) in (area.top()..area.bottom()).zip(lines) {
        let row = Rect { x: area.x + 1, y, height: 1, width: area.width.saturating_sub(1) };
        let line: Line<'_> = text::truncate_line(spans, usize::from(row.width), cx.glyphs.ellipsis);
        frame.render_widget(line, row);
    }
}
