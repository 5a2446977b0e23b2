//! What all model servers have in common on the wire: addresses, keys, requests, statuses, and answers that stream.
//! Used by the providers; it knows none of them, no prompt and no configuration.

pub(crate) mod address;
pub(crate) mod answer;
pub(crate) mod http;
pub(crate) mod key;
pub(crate) mod quirks;
pub(crate) mod sse;
#[cfg(test)]
pub(crate) mod testing;
