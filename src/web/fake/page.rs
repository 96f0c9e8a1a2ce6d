//! The network, as the browser believes it to be.

use std::{
    cell::{Cell, RefCell},
    rc::Weak,
};

use crate::{
    core::types::{Input, PageEvent},
    web::driver::Driver,
};

thread_local! {
    static OFFLINE: Cell<bool> = const { Cell::new(false) };
    static DRIVERS: RefCell<Vec<Weak<Driver>>> = RefCell::default();
}

/// Does it believe, as this starts, that there is none?
pub(in crate::web) fn starts_offline() -> bool {
    OFFLINE.get()
}

/// Nothing has to be let go of.
pub(in crate::web) struct Watch;

/// Tells a driver what changes, as long as there is the driver.
pub(in crate::web) fn watch(driver: &Weak<Driver>) -> Watch {
    DRIVERS.with_borrow_mut(|drivers| {
        drivers.retain(|known| known.strong_count() > 0);
        drivers.push(driver.clone());
    });
    Watch
}

/// Something happens to the page.
pub(crate) fn tell(event: PageEvent) {
    match event {
        PageEvent::Offline => OFFLINE.set(true),
        PageEvent::Online => OFFLINE.set(false),
        _ => {}
    }
    let drivers = DRIVERS.with_borrow(Clone::clone);
    for driver in drivers.iter().filter_map(Weak::upgrade) {
        driver.input(Input::Page(event));
    }
}

/// As it is when a page begins.
pub(crate) fn reset() {
    OFFLINE.set(false);
    DRIVERS.take();
}
