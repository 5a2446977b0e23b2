//! Values of a result of SQL.

use std::fmt;

/// One value of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SqlValue {
    /// Nothing.
    #[default]
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// Text; may hold what a log line may hold and must be neutralised before it is shown.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl SqlValue {
    /// Whether it is a number.
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Real(_))
    }

    /// As a number, when it is one.
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Real(n) => Some(*n),
            _ => None,
        }
    }

    /// Bytes it takes in memory, about.
    pub const fn size(&self) -> usize {
        let inside = match self {
            Self::Text(t) => t.len(),
            Self::Blob(b) => b.len(),
            _ => 0,
        };
        std::mem::size_of::<Self>() + inside
    }
}

impl fmt::Display for SqlValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Int(n) => n.fmt(f),
            Self::Real(n) => n.fmt(f),
            Self::Text(t) => f.write_str(t),
            Self::Blob(bytes) => bytes.iter().try_for_each(|b| write!(f, "{b:02x}")),
        }
    }
}
