//! The `websocket` transport (WHATWG WebSockets).

use js_sys::{Array, JsString};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use super::{data::Data, listener::Listener, reporter::Reporter};
use crate::{core::types::Report, web::handshake::Handshake};

#[wasm_bindgen]
extern "C" {
    /// `send` as JavaScript has it: one method for all kinds of data.
    type AnySender;
    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_any(this: &AnySender, data: &JsValue) -> Result<(), JsValue>;
}

/// An open, opening or closing WebSocket.
pub(super) struct Socket {
    raw: WebSocket,
    listeners: Vec<Listener>,
}

impl Socket {
    /// Opens one. `own` is the wire's own subprotocol, or empty.
    pub(super) fn open(handshake: &Handshake, own: &'static str, reporter: &Reporter) -> Result<Self, JsValue> {
        let own_first = Some(own).filter(|own| !own.is_empty()).into_iter();
        // Whoever names the wire's own as well means the same, and a WebSocket takes each once.
        let others = handshake.protocols.iter().map(String::as_str).filter(|protocol| *protocol != own);
        let all = own_first.chain(others);
        let offered: Array = all.map(JsString::from).collect();
        let raw = WebSocket::new_with_str_sequence(&handshake.url, &offered)?;
        // A blob's bytes come only after a promise, and by then messages may have changed places.
        raw.set_binary_type(BinaryType::Arraybuffer);
        let (open, message, close) = (reporter.clone(), reporter.clone(), reporter.clone());
        let socket = raw.clone();
        let listeners = vec![
            Listener::new(
                &raw,
                "open",
                Box::new(move |_| {
                    open.report(Report::Opened { own: !own.is_empty() && socket.protocol() == own });
                }),
            ),
            Listener::new(
                &raw,
                "message",
                Box::new(move |event| {
                    message.report(Report::Frame(event.unchecked_into::<MessageEvent>().data().into()));
                }),
            ),
            // `error` is not listened to: it says nothing, and `close` always follows (traps T14, T15).
            Listener::new(
                &raw,
                "close",
                Box::new(move |event| {
                    let event: CloseEvent = event.unchecked_into();
                    close.report(Report::Closed { code: event.code(), reason: event.reason().into() });
                }),
            ),
        ];
        Ok(Self { raw, listeners })
    }

    /// The subprotocol that the server chose.
    pub(super) fn protocol(&self) -> String {
        self.raw.protocol()
    }

    /// Bytes that it took and that have not left the browser.
    pub(super) fn buffered(&self) -> usize {
        self.raw.buffered_amount() as usize
    }

    /// Takes it no message any more, although it has not ended?
    pub(super) fn is_closing(&self) -> bool {
        self.raw.ready_state() == WebSocket::CLOSING
    }

    /// Sends one message, and says whether the socket took it. One that is closing takes nothing, and would not say so (T17).
    pub(super) fn transmit(&self, data: &Data) -> bool {
        self.raw.ready_state() == WebSocket::OPEN && self.raw.unchecked_ref::<AnySender>().send_any(&data.value).is_ok()
    }

    /// Closes with words of the application's.
    pub(super) fn farewell(&mut self, code: u16, reason: &str) {
        self.listeners.clear();
        let _ = self.raw.close_with_code_and_reason(code, reason);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.listeners.clear();
        // After a farewell this changes nothing.
        let _ = self.raw.close();
    }
}
