//! The names that an application gets by `use everwire::*`.
#![cfg(not(target_arch = "wasm32"))]

use everwire::*;

/// A module of ours with that name would come before it.
#[test]
fn all_names_at_once_leave_the_languages_own_core_alone() {
    let span: core::time::Duration = core::time::Duration::from_secs(1);
    assert_ne!(Backoff::default(), Backoff::default().max_delay(span));
}
