//! What the application has in the examples of the documentation, beside what they import.

/// Shows something to the user.
pub fn show(_: impl std::fmt::Display) {}
