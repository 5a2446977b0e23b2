//! Windows over records and lines that are shown before they are read.
