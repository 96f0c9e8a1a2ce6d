//! Event streams by XMLHttpRequest (WHATWG XMLHttpRequest): the `xhr-stream` transport, whose text is read as it grows, and the `long-poll`
//! of server-sent events, whose response is read when it is whole.
//!
//! To ask for the text of a response costs a copy of all that has come so far. So it is asked for once per `progress` event, which comes
//! every 50 ms at most; what is new is cut out of it in JavaScript, and nothing else enters wasm memory.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{JsString, Uint8Array};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{XmlHttpRequest, XmlHttpRequestResponseType};

use super::{
    reader::Reader,
    reporter::Reporter,
    xhr::{Xhr, body, head, status},
};
use crate::{
    core::{
        text::Text,
        types::{Lane, Report},
    },
    web::request::Request,
};

#[wasm_bindgen]
extern "C" {
    /// `responseText` as JavaScript has it: web-sys would copy all of it into wasm memory.
    type Texted;
    #[wasm_bindgen(method, catch, getter, js_name = responseText)]
    fn response_text(this: &Texted) -> Result<JsString, JsValue>;
}

/// Makes the request, and reads the response as it comes.
pub(super) fn stream(request: &Request, mut reader: Reader, reporter: Reporter) -> Result<Xhr, JsValue> {
    let mut xhr = Xhr::open(request, XmlHttpRequestResponseType::Text, reporter)?;
    // An event stream is UTF-8, whatever its content type says.
    xhr.raw.override_mime_type("text/plain;charset=utf-8")?;
    reader.expect_text();
    let ear = Ear::on(&mut xhr, reader);
    let on_progress = ear.clone();
    xhr.listen("progress", move || {
        let _ = on_progress.begin() && on_progress.read_text();
    });
    xhr.listen("loadend", move || ear.end(Ear::read_text));
    xhr.send(request)?;
    Ok(xhr)
}

/// Makes the request, and reads the response when it ends; its head as soon as it is there, for a wrong one may never end.
pub(super) fn poll(request: &Request, reader: Reader, reporter: Reporter) -> Result<Xhr, JsValue> {
    let mut xhr = Xhr::open(request, XmlHttpRequestResponseType::Arraybuffer, reporter)?;
    let ear = Ear::on(&mut xhr, reader);
    xhr.listen("loadend", move || ear.end(Ear::read_all));
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
    /// One that listens for the head.
    fn on(xhr: &mut Xhr, reader: Reader) -> Rc<Self> {
        let ear = Rc::new(Self {
            raw: xhr.raw.clone(),
            reporter: xhr.reporter.clone(),
            reader: RefCell::new(reader),
            begun: Cell::new(false),
            taken: Cell::new(0),
        });
        let on_change = ear.clone();
        xhr.listen("readystatechange", move || {
            on_change.begin();
        });
        ear
    }

    fn begin(&self) -> bool {
        if self.begun.get() {
            return true;
        }
        let Some(head) = head(&self.raw) else { return false };
        self.begun.set(true);
        self.reporter.report(Report::Head(head))
    }

    fn read_text(&self) -> bool {
        let Ok(text) = self.raw.unchecked_ref::<Texted>().response_text() else { return true };
        let from = self.taken.replace(text.length());
        if from >= text.length() {
            return true;
        }
        let new = String::from(text.slice(from, text.length()));
        let piece = self.reader.borrow_mut().read_text(&new);
        self.reporter.report(Report::Piece(piece))
    }

    fn read_all(&self) -> bool {
        let Some(body) = body(&self.raw) else { return true };
        let piece = self.reader.borrow_mut().read(&Uint8Array::new(&body));
        self.reporter.report(Report::Piece(piece))
    }

    fn end(&self, read: fn(&Self) -> bool) {
        if status(&self.raw).is_none() {
            self.reporter.report(Report::Failed { lane: Lane::Down, why: Text::default() });
        } else if self.begin() && read(self) {
            self.reporter.report(Report::Done);
        }
    }
}
