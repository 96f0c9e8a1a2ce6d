//! Packets of Engine.IO v4, as the other side reads them: one a frame, or several a body.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::Data;

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// Its digit, which is no `4`, and what follows.
    Word(char, String),
    Message(Data),
}

/// The packets in a frame or a body.
pub(crate) fn packets(data: &Data) -> Vec<Packet> {
    let Data::Text(text) = data else { return vec![Packet::Message(data.clone())] };
    text.split('\u{1e}').map(packet).collect()
}

fn packet(text: &str) -> Packet {
    let mut rest = text.chars();
    let first = rest.next().expect("no packet is empty");
    let rest = rest.as_str();
    match first {
        '4' => Packet::Message(Data::new(rest)),
        'b' => Packet::Message(Data::Bytes(BASE64_STANDARD.decode(rest).expect("it is base64"))),
        word => Packet::Word(word, rest.into()),
    }
}

/// The messages in a frame or a body, for assertions.
pub(crate) fn messages(data: &Data) -> Vec<String> {
    let message = |packet| match packet {
        Packet::Message(data) => Some(Data::show(&data)),
        Packet::Word(..) => None,
    };
    packets(data).into_iter().filter_map(message).collect()
}
