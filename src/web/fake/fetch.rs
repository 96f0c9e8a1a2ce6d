//! What a plain GET brings.

use super::network;

/// The status of the answer; 0 if there was none.
pub(in crate::web) async fn ask(url: String, _credentials: bool) -> u16 {
    network::status_of(&url)
}
