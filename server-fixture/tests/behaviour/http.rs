//! CORS and files.

use axum::Router;
use axum::routing::get;
use reqwest::{Method, Response, StatusCode};
use server_fixture::Config;

use crate::support::{Server, soon};

#[tokio::test]
async fn every_answer_allows_the_origin_with_credentials_and_exposes_the_position() {
    let server = Server::start().await;
    for path in ["/health", "/relay/a?hold=0", "/nothing", "/relay/a?status=503", "/www/none.js"] {
        let answer = soon(server.get(path).header("origin", "http://page.test").send()).await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "http://page.test", "{path}");
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
        let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(["Last-Modified", "Etag", "Retry-After"].iter().all(|name| exposed.contains(name)));
        let anonymous = soon(server.get(path).send()).await.unwrap();
        assert_eq!(anonymous.headers()["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn a_preflight_is_allowed_whatever_faults_the_request_asks_for() {
    let server = Server::start().await;
    for path in ["/relay/a?status=500", "/control/drop", "/sse/numbers?silent"] {
        let request = server.client.request(Method::OPTIONS, server.url(path)).header("origin", "http://page.test");
        let request = request.header("access-control-request-method", "POST");
        let answer = soon(request.send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let headers = answer.headers();
        assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
        assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("Last-Event-ID"));
        assert!(headers.contains_key("access-control-max-age"));
    }
}

/// The status of a preflight, and whether it allows the page anything.
async fn preflight(server: &Server, path: &str) -> (StatusCode, bool) {
    let request = server.client.request(Method::OPTIONS, server.url(path)).header("origin", "http://page.test");
    let answer = soon(request.header("access-control-request-method", "GET").send()).await.unwrap();
    (answer.status(), has_cors(&answer))
}

fn has_cors(answer: &Response) -> bool {
    answer.headers().keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn cors_none_leaves_the_headers_out_of_every_answer_and_preflight() {
    let server = Server::start().await;
    for path in
        ["/health?cors=none", "/relay/a?hold=0&cors=none", "/nothing?cors=none", "/relay/a?status=503&cors=none"]
    {
        let answer = soon(server.get(path).header("origin", "http://page.test").send()).await.unwrap();
        assert!(!has_cors(&answer), "{path}");
        assert_eq!(preflight(&server, path).await, (StatusCode::FORBIDDEN, false), "{path}");
    }
    server.order("/control/unavailable").await;
    assert!(!has_cors(&soon(server.get("/sse/numbers?cors=none").send()).await.unwrap()));
}

#[tokio::test]
async fn cors_simple_refuses_preflights_alone() {
    let server = Server::start().await;
    let path = "/relay/a?hold=0&cors=simple";
    let answer = soon(server.get(path).header("origin", "http://page.test").send()).await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://page.test");
    assert_eq!(preflight(&server, path).await, (StatusCode::FORBIDDEN, false));
}

#[tokio::test]
async fn a_preflight_is_refused_as_long_as_its_request_would_be_and_is_not_counted() {
    let server = Server::start().await;
    let path = "/health?cors=none&times=1&key=k";
    for _ in 0..2 {
        assert_eq!(preflight(&server, path).await, (StatusCode::FORBIDDEN, false));
    }
    assert!(!has_cors(&soon(server.get(path).send()).await.unwrap()));
    assert_eq!(preflight(&server, path).await, (StatusCode::NO_CONTENT, true));
    assert!(has_cors(&soon(server.get(path).send()).await.unwrap()));
}

#[tokio::test]
async fn a_page_can_read_what_is_wrong_with_its_query_even_if_cors_is() {
    let server = Server::start().await;
    for path in ["/health?cors=maybe", "/health?cors=none&status=1"] {
        assert_eq!(preflight(&server, path).await, (StatusCode::NO_CONTENT, true));
        let answer = soon(server.get(path).send()).await.unwrap();
        assert_eq!((answer.status(), has_cors(&answer)), (StatusCode::BAD_REQUEST, true));
    }
}

#[tokio::test]
async fn it_answers_to_the_name_localhost_too_which_is_another_origin() {
    let server = Server::start().await;
    let host = format!("localhost:{}", server.fixture.addr().port());
    let request = server.get("/health").header("host", host).header("origin", server.url(""));
    let answer = soon(request.send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["access-control-allow-origin"], server.url(""));
}

#[tokio::test]
async fn files_come_with_their_types_and_are_not_used_from_a_cache_unasked() {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in
        [("www/index.html", "<p>page"), ("www/a.js", "1"), ("pkg/b.wasm", "\0asm"), ("site/index.html", "<p>docs")]
    {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(root.path().join("secret"), "no").unwrap();
    let server = Server::with(Config { root: root.path().into(), ..Config::default() }).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/www/a.js", "text/javascript"),
        ("/pkg/b.wasm", "application/wasm"),
        ("/docs/", "text/html"),
        ("/docs", "text/html"),
    ] {
        let answer = soon(server.get(path).send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["cache-control"], "no-cache");
    }
    for path in ["/www/%2e%2e/secret", "/www/..%2fsecret", "/docs/..%2fsecret", "/secret"] {
        assert_eq!(soon(server.get(path).send()).await.unwrap().status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_applications_own_pages_answer_what_the_server_has_no_route_for_behind_the_same_faults() {
    let pages = Router::new().route("/shop", get(|| async { "welcome" }));
    let server = Server::with(Config { pages: Some(pages), ..Config::default() }).await;
    let said = async |path: &str| soon(server.get(path).send()).await.unwrap();
    assert_eq!(said("/shop").await.text().await.unwrap(), "welcome");
    assert_eq!(said("/none").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(said("/health").await.status(), StatusCode::OK);
    soon(server.post("/control/unavailable?ms=60000").send()).await.unwrap();
    assert_eq!(said("/shop").await.status(), StatusCode::SERVICE_UNAVAILABLE);
}
