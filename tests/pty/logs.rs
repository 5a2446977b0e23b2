//! Log lines to put on screen.

/// Time of line `n`: one a second, in the past, so that ages on screen don't change every second.
fn time(n: usize) -> String {
    format!("2025-01-07 14:{:02}:{:02}.000", n / 60 % 60, n % 60)
}

/// A line of the orders service.
pub(crate) fn line(n: usize, level: &str, message: &str) -> String {
    format!("{} [{level}] orders - {message}\n", time(n))
}

/// So many requests that were served.
pub(crate) fn healthy(count: usize) -> String {
    (0..count).map(|n| line(n, "INFO", &format!("request {n} served"))).collect()
}

/// 300 requests; lines 100 and 200 are errors, line 150 is a warning.
pub(crate) fn trouble() -> String {
    (0..300)
        .map(|n| match n {
            100 => line(n, "ERROR", "connection to db-1:5432 refused (pool 20/20)"),
            150 => line(n, "WARN", "slow answer from the catalog"),
            200 => line(n, "ERROR", "cannot write invoice: no space left on device"),
            _ => line(n, "INFO", &format!("request {n} served")),
        })
        .collect()
}
