//! The transports that earlier connections had to step down to, for a while: so that the next one to the same place need not find out
//! again.

use std::cell::RefCell;

use super::clock;
use crate::core::{ladder::REMEMBERED, time::Millis, types::Transport};

/// Places that are remembered; the oldest is forgotten first.
const PLACES: usize = 100;

struct Place {
    name: String,
    transport: Transport,
    until: Millis,
}

thread_local! {
    /// Oldest first.
    static MEMORY: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// The transport to begin with at this place.
pub(super) fn recall(name: &str) -> Option<Transport> {
    let now = clock::now();
    MEMORY.with_borrow_mut(|places| {
        places.retain(|place| place.until > now);
        places.iter().find(|place| place.name == name).map(|place| place.transport)
    })
}

/// Remembers it; `None`: that there is nothing to remember.
pub(super) fn remember(name: &str, transport: Option<Transport>) {
    MEMORY.with_borrow_mut(|places| {
        places.retain(|place| place.name != name);
        if let Some(transport) = transport {
            if places.len() >= PLACES {
                places.remove(0);
            }
            places.push(Place { name: String::from(name), transport, until: clock::now().after(REMEMBERED) });
        }
    });
}

/// Nothing is remembered.
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub(crate) fn clear() {
    MEMORY.take();
}
