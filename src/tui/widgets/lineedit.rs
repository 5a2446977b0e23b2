//! lineedit
