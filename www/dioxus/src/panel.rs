//! What each connection is doing, and the account of what came.

use dioxus::prelude::*;
use everwire_demo_model::{Account, state, transport};

use crate::connection::{Connection, Use, UseEvents, UseSocket, use_messages};

/// The readings of both connections.
#[component]
pub fn Panel(socket: UseSocket, stream: UseEvents) -> Element {
    let streams = use_readings(stream, |account, _, event| {
        let id = event.last_event_id;
        if event.kind == "snapshot" {
            account.see_snapshot(&id)
        } else {
            account.see(&id)
        }
        id
    });
    let sockets = use_readings(socket, |account, socket, _| {
        let id = socket.last_event_id();
        account.see(&id);
        id
    });
    let reconnect = move |_| {
        stream.reconnect();
        socket.reconnect();
    };
    rsx! {
        section { class: "card connections",
            div { class: "head",
                h2 { "Connections" }
                button { r#type: "button", "data-testid": "reconnect", onclick: reconnect, "Reconnect" }
            }
            table {
                thead {
                    tr {
                        td {}
                        th { scope: "col", "Stream " small { "prices, SSE" } }
                        th { scope: "col", "Socket " small { "chat, push relay" } }
                    }
                }
                tbody {
                    for ((title , key , stream) , (_ , _ , socket)) in streams.into_iter().zip(sockets) {
                        tr {
                            th { scope: "row", "{title}" }
                            td { "data-testid": "stream-{key}", "{stream}" }
                            td { "data-testid": "socket-{key}", "{socket}" }
                        }
                    }
                }
            }
        }
    }
}

/// A title, the key of its test ids, and what is read.
type Reading = (&'static str, &'static str, String);

/// What is read of a connection. `see` enters a message in the account, and says its id.
fn use_readings<C: Connection>(of: Use<C>, see: fn(&mut Account, &C, C::Item) -> String) -> [Reading; 6] {
    let mut came = use_signal(|| (Account::default(), String::new()));
    use_messages(of, move |item| {
        let Some(connection) = of.connection() else { return };
        let (account, last) = &mut *came.write();
        *last = see(account, &connection, item);
    });
    let (status, came) = (of.status(), came.read());
    let (account, last) = &*came;
    [
        ("Status", "state", state(status.read().as_ref()).into()),
        ("Transport", "transport", transport(status.read().as_ref())),
        ("Last id", "last-id", last.clone()),
        ("Received", "received", account.received.to_string()),
        ("Missed", "missed", account.missed.to_string()),
        ("Repeated", "repeated", account.repeated.to_string()),
    ]
}
