//! Connections that come and go, for a test that counts what they leave behind.

use everwire::{Event, Events, Message, Socket, Status};
use everwire_demo_model::{hear, room, state};
use yew::prelude::*;

use crate::connection::{use_error, use_events, use_latest, use_messages, use_socket, use_status};

const AT_ONCE: usize = 10;

/// Ten components, or none; and one whose URL changes.
#[component]
pub fn Mounts() -> Html {
    let mounted = use_state(|| false);
    let count = use_state(|| 0);
    let toggle = {
        let (mounted, count) = (mounted.clone(), count.clone());
        move |_: MouseEvent| {
            if !*mounted {
                count.set(*count + AT_ONCE);
            }
            mounted.set(!*mounted);
        }
    };
    let room = use_state(|| 1);
    let next = {
        let room = room.clone();
        move |_: MouseEvent| room.set(*room + 1)
    };
    let none = {
        let room = room.clone();
        move |_: MouseEvent| room.set(0)
    };
    html! {
        <section class="card pages-only">
            <div class="head">
                <h2>{ "Mounts" }</h2>
                <p class="aside" data-testid="mount-count">{ *count }</p>
            </div>
            <button type="button" data-testid="mount" onclick={toggle}>{ "Mount or unmount ten" }</button>
            if *mounted {
                { for (0..AT_ONCE).map(|_| html! { <Mounted /> }) }
            }
            <button type="button" data-testid="next-room" onclick={next}>{ "Next room" }</button>
            <button type="button" data-testid="no-room" onclick={none}>{ "No room" }</button>
            <Room number={*room} />
        </section>
    }
}

#[component]
fn Mounted() -> Html {
    let socket = use_socket((), |()| Socket::builder("/ws/echo"));
    let stream = use_events((), |()| Events::builder("/sse/numbers"));
    let heard = use_mut_ref(|| 0);
    let update = use_force_update();
    let hear = {
        let heard = heard.clone();
        move || {
            *heard.borrow_mut() += 1;
            update.force_update();
        }
    };
    use_messages(&socket, {
        let hear = hear.clone();
        move |_: &Message| hear()
    });
    use_messages(&stream, move |_: &Event| hear());
    // In an effect, for the connection opens in one.
    use_effect_with((), move |()| drop(socket.send("hello")));
    html! { <p class="plain" data-testid="mounted">{ *heard.borrow() }{ " heard" }</p> }
}

#[derive(PartialEq, Properties)]
struct RoomProps {
    number: u32,
}

/// A connection whose URL is that of the room, and another that never opens: of which the latest message is shown can be changed.
#[component]
fn Room(RoomProps { number }: &RoomProps) -> Html {
    let socket = use_socket(*number, |number| Socket::builder(room(*number)));
    use_messages(&socket, |message: &Message| hear(message.as_text()));
    let heard = use_mut_ref(|| 0);
    use_messages(&socket, {
        let heard = heard.clone();
        move |_: &Message| *heard.borrow_mut() += 1
    });
    let nowhere = use_socket((), |()| Socket::builder(room(0)));
    let elsewhere = use_state(|| false);
    let swap = {
        let elsewhere = elsewhere.clone();
        move |_: MouseEvent| elsewhere.set(!*elsewhere)
    };
    let close = {
        let socket = socket.clone();
        move |_: MouseEvent| socket.connection().iter().for_each(Socket::close)
    };
    let latest = use_latest(if *elsewhere { &nowhere } else { &socket });
    let status = use_status(&socket);
    use_effect_with(status.as_ref().is_some_and(Status::is_open), {
        let (socket, number) = (socket.clone(), *number);
        move |is_open| drop(is_open.then(|| socket.send(format!("hello, room {number}"))))
    });
    let error = use_error(&socket).map(|error| error.to_string());
    html! {
        <>
            <button type="button" data-testid="close-room" onclick={close}>{ "Close" }</button>
            <button type="button" data-testid="other-handle" onclick={swap}>{ "Other handle" }</button>
            <p class="plain" data-testid="room">{ latest.as_ref().and_then(Message::as_text).unwrap_or("nothing yet") }</p>
            <p class="plain" data-testid="room-heard">{ *heard.borrow() }{ " heard" }</p>
            <p class="plain" data-testid="room-state">{ state(status.as_ref()) }</p>
            <p class="plain" data-testid="room-error">{ error }</p>
        </>
    }
}
