//! On a server: the page is rendered, and nothing is opened. Natively there is no browser to open anything with, so to try would panic.

use dioxus::prelude::*;
use everwire::SocketBuilder;
use everwire_dioxus::{Live, connection::use_socket};

#[test]
fn on_a_server_the_page_is_rendered_and_no_connection_is_opened() {
    let mut page = VirtualDom::new(Live);
    page.rebuild_in_place();
    page.process_events();
    let html = dioxus_ssr::render(&page);
    assert!(html.contains("not yet open"), "{html}");
    assert!(html.contains(r#"data-testid="chat-input""#), "{html}");
}

#[test]
fn on_a_server_no_builder_is_asked_for() {
    fn component() -> Element {
        use_socket(|| -> SocketBuilder { panic!("a builder is asked for") });
        rsx! { "rendered" }
    }
    let mut page = VirtualDom::new(component);
    page.rebuild_in_place();
    page.process_events();
    assert_eq!(dioxus_ssr::render(&page), "rendered");
}
