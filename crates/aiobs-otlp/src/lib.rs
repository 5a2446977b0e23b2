//! OpenTelemetry wire forms to our types and back.
