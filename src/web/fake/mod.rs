//! What stands in for the browser where there is none: time that passes when it is told to, and servers that do as they are told.
//!
//! It has the modules of the shell that touch the browser, by the same names, so that everything above runs as it is. What is played is
//! WebSocket and the four transports of server-sent events, for a page of each server's own origin. The HTTP side of the relay and of
//! Engine.IO is not: a request of theirs fails.

pub(super) mod attempts;
pub(crate) mod clock;
pub(crate) mod data;
pub(super) mod fetch;
pub(crate) mod guard;
pub(crate) mod link;
pub(crate) mod network;
pub(crate) mod page;
pub(crate) mod requests;
pub(crate) mod store;
pub(crate) mod task;
pub(crate) mod url;
