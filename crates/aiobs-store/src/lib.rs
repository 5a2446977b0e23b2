//! SQLite storage: the log archive, incidents, diagnoses, spans, metrics, chat.
