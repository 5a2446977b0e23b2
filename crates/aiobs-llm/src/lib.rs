//! The model service: providers, streaming, retries, breaker, usage and price.
