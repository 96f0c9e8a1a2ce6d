//! On a server: the page is rendered, and nothing is opened. Natively there is no browser to open anything with, so to try would panic.

use dioxus::prelude::*;
use everwire_dioxus::Live;

#[test]
fn on_a_server_the_page_is_rendered_and_no_connection_is_opened() {
    let mut page = VirtualDom::new(Live);
    page.rebuild_in_place();
    page.process_events();
    let html = dioxus_ssr::render(&page);
    assert!(html.contains("not yet open"), "{html}");
    assert!(html.contains(r#"data-testid="chat-input""#), "{html}");
}
