//! The `xhr-stream` transport: XMLHttpRequest whose text is read as it grows (WHATWG XMLHttpRequest).
//!
//! To ask for the text costs a copy of all that has come so far, so it is asked for once per `progress` event, which comes every
//! 50 ms at most; what is new is cut out of it in JavaScript, and nothing else enters wasm memory.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::JsString;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{XmlHttpRequest, XmlHttpRequestResponseType};

use super::{
    driver::Reporter,
    reader::Reader,
    request::Request,
    xhr::{Xhr, head, status},
};
use crate::core::{
    text::Text,
    types::{Lane, Report},
};

#[wasm_bindgen]
extern "C" {
    /// `responseText` as JavaScript has it: web-sys would copy all of it into wasm memory.
    type Texted;
    #[wasm_bindgen(method, catch, getter, js_name = responseText)]
    fn response_text(this: &Texted) -> Result<JsString, JsValue>;
}

/// Makes the request and reports as the response comes.
pub(super) fn open(request: &Request, mut reader: Reader, reporter: Reporter) -> Result<Xhr, JsValue> {
    let mut xhr = Xhr::open(request, XmlHttpRequestResponseType::Text, reporter)?;
    // An event stream is UTF-8, whatever its content type says.
    xhr.raw.override_mime_type("text/plain;charset=utf-8")?;
    reader.expect_text();
    let ear = Rc::new(Ear {
        raw: xhr.raw.clone(),
        reporter: xhr.reporter.clone(),
        reader: RefCell::new(reader),
        begun: Cell::new(false),
        taken: Cell::new(0),
    });
    let (on_change, on_progress, on_end) = (ear.clone(), ear.clone(), ear);
    xhr.listen("readystatechange", move || {
        on_change.begin();
    });
    xhr.listen("progress", move || {
        on_progress.read();
    });
    xhr.listen("loadend", move || on_end.end());
    xhr.send(request)?;
    Ok(xhr)
}

/// What hears the response. Each step says whether more is wanted.
struct Ear {
    raw: XmlHttpRequest,
    reporter: Reporter,
    reader: RefCell<Reader>,
    /// The head has been reported.
    begun: Cell<bool>,
    /// UTF-16 units that have been read.
    taken: Cell<u32>,
}

impl Ear {
    fn begin(&self) -> bool {
        if self.begun.get() {
            return true;
        }
        let Some(head) = head(&self.raw) else { return false };
        self.begun.set(true);
        self.reporter.report(Report::Head(head))
    }

    fn read(&self) -> bool {
        if !self.begin() {
            return false;
        }
        let Ok(text) = self.raw.unchecked_ref::<Texted>().response_text() else { return true };
        let from = self.taken.replace(text.length());
        if from >= text.length() {
            return true;
        }
        let new = String::from(text.slice(from, text.length()));
        let piece = self.reader.borrow_mut().read_text(&new);
        self.reporter.report(Report::Piece(piece))
    }

    fn end(&self) {
        if status(&self.raw).is_none() {
            self.reporter.report(Report::Failed { lane: Lane::Down, why: Text::default() });
        } else if self.read() {
            self.reporter.report(Report::Done);
        }
    }
}
