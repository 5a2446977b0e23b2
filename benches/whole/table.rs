//! Prints rows as a Markdown table.

/// Prints a heading and its columns.
pub(crate) fn head(title: &str, columns: &[&str]) {
    println!("\n## {title}\n\n| {} |\n|{}", columns.join(" | "), " --- |".repeat(columns.len()));
}

/// Prints one row.
pub(crate) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}
