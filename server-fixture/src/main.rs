//! The fixture server's thin binary.
fn main() {}
