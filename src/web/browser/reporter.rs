//! How what the browser does becomes known.

use std::{
    cell::Cell,
    rc::{Rc, Weak},
};

use wasm_bindgen::{JsCast, JsValue};

use super::data::Data;
use crate::{
    core::types::{ConnId, Report},
    web::driver::Driver,
};

/// What one request or socket reports through: knows its attempt, and keeps nothing alive.
#[derive(Clone)]
pub(super) struct Reporter {
    driver: Weak<Driver>,
    id: ConnId,
    wanted: Rc<Cell<bool>>,
}

impl Reporter {
    pub(super) fn new(driver: &Weak<Driver>, id: ConnId) -> Self {
        Self { driver: Weak::clone(driver), id, wanted: Rc::new(Cell::new(true)) }
    }

    /// Reports, and says whether more is wanted.
    pub(super) fn report(&self, report: Report<Data>) -> bool {
        if let (true, Some(driver)) = (self.wanted.get(), self.driver.upgrade()) {
            driver.reported(self.id, report);
        }
        self.wanted.get()
    }

    /// Reports no more: what a promise has in store may come when nobody waits for it.
    pub(super) fn hush(&self) {
        self.wanted.set(false);
    }
}

/// What a thrown value says: its name and its message.
pub(super) fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => error.as_string().unwrap_or_default(),
    }
}
