//! Remote backends: one file each, and the worker that drains the outbox.
