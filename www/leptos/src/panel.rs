//! What each connection is doing, and the account of what came.

use everwire_demo_model::{Account, state, transport};
use leptos::prelude::*;

use crate::connection::{Connection, Use, UseEvents, UseSocket};

/// The readings of both connections.
#[component]
pub fn Panel(socket: UseSocket, stream: UseEvents) -> impl IntoView {
    let sockets = RwSignal::new((Account::default(), String::new()));
    socket.on_message(move |_| {
        let Some(socket) = socket.connection() else { return };
        sockets.update(|(account, last)| {
            *last = socket.last_event_id();
            account.see(last);
        });
    });
    let streams = RwSignal::new((Account::default(), String::new()));
    stream.on_event(move |event| {
        streams.update(|(account, last)| {
            last.clone_from(&event.last_event_id);
            if event.kind == "snapshot" { account.see_snapshot(last) } else { account.see(last) }
        });
    });
    let rows = readings("stream", stream, streams).into_iter().zip(readings("socket", socket, sockets));
    view! {
        <section class="card connections">
            <div class="head">
                <h2>"Connections"</h2>
                <button type="button" data-testid="reconnect" on:click=move |_| {
                    stream.reconnect();
                    socket.reconnect();
                }>"Reconnect"</button>
            </div>
            <table>
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">"Stream " <small>"prices, SSE"</small></th>
                        <th scope="col">"Socket " <small>"chat, push relay"</small></th>
                    </tr>
                </thead>
                <tbody>
                    {rows.map(|((title, stream), (_, socket))| view! { <tr><th scope="row">{title}</th>{stream}{socket}</tr> })
                        .collect_view()}
                </tbody>
            </table>
        </section>
    }
}

/// What is read of a connection: titles, and cells that stay up to date.
fn readings<C: Connection>(
    name: &'static str,
    connection: Use<C>,
    came: RwSignal<(Account, String)>,
) -> [(&'static str, impl IntoView); 6] {
    let status = connection.status();
    let cell = move |title, key: &str, value: Signal<String>| {
        (title, view! { <td data-testid=format!("{name}-{key}")>{value}</td> })
    };
    let account =
        move |pick: fn(&Account) -> u64| Signal::derive(move || came.with(|(account, _)| pick(account)).to_string());
    [
        cell("Status", "state", Signal::derive(move || status.with(|status| state(status.as_ref()).into()))),
        cell("Transport", "transport", Signal::derive(move || status.with(|status| transport(status.as_ref())))),
        cell("Last id", "last-id", Signal::derive(move || came.with(|(_, last)| last.clone()))),
        cell("Received", "received", account(|account| account.received)),
        cell("Missed", "missed", account(|account| account.missed)),
        cell("Repeated", "repeated", account(|account| account.repeated)),
    ]
}
