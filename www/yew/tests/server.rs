//! On a server: the page is rendered, and nothing is opened. Natively there is no browser to open anything with, so to try would panic.
#![cfg(feature = "ssr")]

use everwire_yew::Live;
use yew::ServerRenderer;

#[tokio::test]
async fn on_a_server_the_page_is_rendered_and_no_connection_is_opened() {
    let html = ServerRenderer::<Live>::new().hydratable(false).render().await;
    assert!(html.contains("not yet open"), "{html}");
    assert!(html.contains(r#"data-testid="chat-input""#), "{html}");
}
