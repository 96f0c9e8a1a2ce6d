//! Payloads without JavaScript.

use std::rc::Rc;

use crate::core::{sse, text::Text, types::Payload};
pub(crate) use crate::web::event::ServerEvent;

/// A text or bytes; or server-sent events that came together.
#[derive(Clone, Debug)]
pub struct Data {
    bytes: Rc<[u8]>,
    is_binary: bool,
    /// The events, in place of a value.
    pub events: Option<Rc<Vec<ServerEvent>>>,
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self { bytes: text.into_bytes().into(), is_binary: false, events: None }
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), is_binary: true, events: None }
    }
}

impl From<Vec<ServerEvent>> for Data {
    fn from(events: Vec<ServerEvent>) -> Self {
        Self { events: Some(Rc::new(events)), ..Self::from(String::new()) }
    }
}

impl Data {
    /// The text, if it is text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        (!self.is_binary).then(|| sse::text(&self.bytes).into_owned())
    }

    /// The bytes, or those of a text as UTF-8.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    fn like_this(&self, bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), ..self.clone() }
    }
}

impl Payload for Data {
    fn size(&self) -> usize {
        let events = self.events.iter().flat_map(|events| events.iter());
        events.fold(self.bytes.len(), |sum, event| sum.saturating_add(event.data.len()))
    }

    fn is_binary(&self) -> bool {
        self.is_binary
    }

    fn into_text(self) -> Self {
        sse::text(&self.bytes).into_owned().into()
    }

    fn of_text(text: &[u8]) -> Self {
        String::from_utf8_lossy(text).into_owned().into()
    }

    fn peek(&self, most: usize) -> Text {
        Text::from(self.bytes.get(..most).unwrap_or(&self.bytes))
    }

    fn cut(&self, mark: &[u8]) -> Option<(Self, Self)> {
        let at = self.bytes.windows(mark.len().max(1)).position(|window| window == mark)?;
        let (head, rest) = self.bytes.split_at_checked(at)?;
        Some((self.like_this(head), self.like_this(rest.strip_prefix(mark)?)))
    }

    fn split_first(&self) -> Option<(u8, Self)> {
        let (first, rest) = self.bytes.split_first()?;
        (!self.is_binary && first.is_ascii()).then(|| (*first, self.like_this(rest)))
    }

    fn prefixed(&self, first: u8) -> Self {
        if self.is_binary { self.clone() } else { self.like_this(&[&[first], &*self.bytes].concat()) }
    }

    /// Only the HTTP side of Engine.IO, which is not played, has bytes in texts.
    fn decoded_from_base64(&self) -> Option<Self> {
        None
    }

    fn join(parts: Vec<Self>) -> Self {
        let parts: Vec<_> = parts.iter().filter_map(Self::text).collect();
        parts.join("\u{1e}").into()
    }
}
