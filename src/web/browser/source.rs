//! The `eventsource` transport: the browser's own class (WHATWG HTML 9.2).

use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, EventSource, EventSourceInit, MessageEvent};

use super::{
    data::{Data, ServerEvent},
    listener::Listener,
    reporter::Reporter,
    requests::Receiver,
};
use crate::{core::types::Report, web::request::Request};

/// A live EventSource.
pub(super) struct Source {
    raw: EventSource,
    reporter: Reporter,
    /// Its events are events to the application as well, and not bare messages.
    events: bool,
    listeners: Vec<Listener>,
}

impl Source {
    /// Opens one that listens to events of these types.
    pub(super) fn open(request: &Request, events: bool, kinds: &[String], reporter: Reporter) -> Result<Self, JsValue> {
        let init = EventSourceInit::new();
        init.set_with_credentials(request.credentials);
        let raw = EventSource::new_with_event_source_init_dict(&request.url, &init)?;
        let (open, error) = (reporter.clone(), reporter.clone());
        let source = raw.clone();
        let listeners = vec![
            Listener::new(
                &raw,
                "open",
                Box::new(move |_| {
                    open.report(Report::Opened { own: false });
                }),
            ),
            Listener::new(
                &raw,
                "error",
                Box::new(move |event| {
                    // A server may name an event `error`; that one has data, and this one has not.
                    match event.dyn_into::<MessageEvent>() {
                        Ok(named) => deliver(&error, events, &named),
                        Err(_) => {
                            let gave_up = source.ready_state() == EventSource::CLOSED;
                            error.report(Report::SourceError { gave_up });
                        }
                    }
                }),
            ),
        ];
        let mut source = Self { raw, reporter, events, listeners };
        source.listen("message");
        for kind in kinds {
            source.listen(kind);
        }
        Ok(source)
    }
}

impl Receiver for Source {
    fn listen(&mut self, kind: &str) {
        if kind == "error" {
            return;
        }
        let (reporter, events) = (self.reporter.clone(), self.events);
        let hear = move |event: Event| {
            // The browser's own `open` event is no message.
            if let Ok(event) = event.dyn_into::<MessageEvent>() {
                deliver(&reporter, events, &event);
            }
        };
        self.listeners.push(Listener::new(&self.raw, kind, Box::new(hear)));
    }
}

fn deliver(reporter: &Reporter, events: bool, event: &MessageEvent) {
    let last_id = event.last_event_id();
    if !events {
        reporter.report(Report::Event { data: event.data().into(), id: last_id.into() });
        return;
    }
    let data = event.data().as_string().unwrap_or_default();
    let events = vec![ServerEvent {
        kind: event.type_().into(),
        data: data.into(),
        last_id: last_id.as_str().into(),
        // It does not say.
        own_id: false,
    }];
    reporter.report(Report::Event { data: Data::from(events), id: last_id.into() });
}

impl Drop for Source {
    fn drop(&mut self) {
        self.listeners.clear();
        self.raw.close();
    }
}
