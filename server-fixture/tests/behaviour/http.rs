//! CORS and files.

use reqwest::{Method, StatusCode};
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

#[tokio::test]
async fn files_come_with_their_types_and_are_not_used_from_a_cache_unasked() {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [("www/index.html", "<p>page"), ("www/a.js", "1"), ("pkg/b.wasm", "\0asm")] {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(root.path().join("secret"), "no").unwrap();
    let server = Server::with(Config { root: root.path().into(), ..Config::default() }).await;
    for (path, kind) in [("/", "text/html"), ("/www/a.js", "text/javascript"), ("/pkg/b.wasm", "application/wasm")] {
        let answer = soon(server.get(path).send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["cache-control"], "no-cache");
    }
    for path in ["/www/%2e%2e/secret", "/www/..%2fsecret", "/secret"] {
        assert_eq!(soon(server.get(path).send()).await.unwrap().status(), StatusCode::NOT_FOUND);
    }
}
