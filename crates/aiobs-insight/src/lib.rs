//! Pure numbers: rates, drift, cost, graphs. No I/O.
