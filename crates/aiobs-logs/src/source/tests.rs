//! State logic that real files cannot show to a process that may read everything.
