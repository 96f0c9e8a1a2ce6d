//! everwire: the browser connection that survives.
#![forbid(unsafe_code)]

pub mod core;
