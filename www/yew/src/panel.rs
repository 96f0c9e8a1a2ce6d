//! What each connection is doing, and the account of what came.

use everwire::{Event, Message};
use everwire_demo_model::{Account, state, transport};
use yew::prelude::*;

use crate::connection::{Connection, Use, UseEvents, UseSocket, use_messages, use_status};

/// The connections to show.
#[derive(PartialEq, Properties)]
pub struct PanelProps {
    pub socket: UseSocket,
    pub stream: UseEvents,
}

/// The readings of both connections.
#[component]
pub fn Panel(PanelProps { socket, stream }: &PanelProps) -> Html {
    let streams = use_readings(stream, |account: &mut Account, stream, event: &Event| {
        let id = stream.last_event_id();
        if event.kind == "snapshot" {
            account.see_snapshot(&id)
        } else {
            account.see(&id)
        }
        id
    });
    let sockets = use_readings(socket, |account: &mut Account, socket, _: &Message| {
        let id = socket.last_event_id();
        account.see(&id);
        id
    });
    let reconnect = {
        let (socket, stream) = (socket.clone(), stream.clone());
        move |_: MouseEvent| {
            stream.reconnect();
            socket.reconnect();
        }
    };
    let row = |((title, key, stream), (_, _, socket)): (Reading, Reading)| {
        html! {
            <tr>
                <th scope="row">{ title }</th>
                <td data-testid={format!("stream-{key}")}>{ stream }</td>
                <td data-testid={format!("socket-{key}")}>{ socket }</td>
            </tr>
        }
    };
    html! {
        <section class="card connections">
            <div class="head">
                <h2>{ "Connections" }</h2>
                <button type="button" data-testid="reconnect" onclick={reconnect}>{ "Reconnect" }</button>
            </div>
            <table>
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">{ "Stream " }<small>{ "prices, SSE" }</small></th>
                        <th scope="col">{ "Socket " }<small>{ "chat, push relay" }</small></th>
                    </tr>
                </thead>
                <tbody>{ for streams.into_iter().zip(sockets).map(row) }</tbody>
            </table>
        </section>
    }
}

/// A title, the key of its test ids, and what is read.
type Reading = (&'static str, &'static str, String);

/// What is read of a connection. `see` enters a message in the account, and says its id.
#[hook]
fn use_readings<C: Connection>(of: &Use<C>, see: fn(&mut Account, &C, &C::Item) -> String) -> [Reading; 6] {
    let status = use_status(of);
    let came = use_mut_ref(|| (Account::default(), String::new()));
    let update = use_force_update();
    use_messages(of, {
        let (of, came) = (of.clone(), came.clone());
        move |item| {
            let Some(connection) = of.connection() else { return };
            let (account, last) = &mut *came.borrow_mut();
            *last = see(account, &connection, item);
            update.force_update();
        }
    });
    let (account, last) = &*came.borrow();
    [
        ("Status", "state", state(status.as_ref()).into()),
        ("Transport", "transport", transport(status.as_ref())),
        ("Last id", "last-id", last.clone()),
        ("Received", "received", account.received.to_string()),
        ("Missed", "missed", account.missed.to_string()),
        ("Repeated", "repeated", account.repeated.to_string()),
    ]
}
