//! Answers that a fault gives instead of the route: redirects, 401, other statuses.

use std::time::{Duration, SystemTime};

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::json;

use crate::support::{Server, soon};

/// A client that does not follow redirects.
fn standing() -> Client {
    Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).build().unwrap()
}

#[tokio::test]
async fn redirect_leads_to_the_same_url_without_itself() {
    let server = Server::start().await;
    for status in [301, 302, 303, 307, 308] {
        let url = server.url(&format!("/sse/a%20b?x=1&redirect={status}&y=%26z"));
        let answer = soon(standing().get(url).send()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["location"], "/sse/a%20b?x=1&y=%26z");
        assert!(answer.headers().contains_key("access-control-allow-origin"));
    }
    let answer = soon(standing().get(server.url("/health?redirect=302")).send()).await.unwrap();
    assert_eq!(answer.headers()["location"], "/health");
    let followed = soon(server.get("/health?redirect=307").send()).await.unwrap();
    assert_eq!((followed.status(), followed.url().path()), (StatusCode::OK, "/health"));
}

#[tokio::test]
async fn redirect_leads_wherever_to_says() {
    let server = Server::start().await;
    for to in ["mailto:x", "data:text/event-stream,data:x", "http://localhost:1/sse/a?b=c", "/health"] {
        let url = reqwest::Url::parse_with_params(&server.url("/sse/a"), [("redirect", "307"), ("to", to)]).unwrap();
        let answer = soon(standing().get(url).send()).await.unwrap();
        assert_eq!(answer.headers()["location"], to);
    }
}

#[tokio::test]
async fn what_else_was_asked_for_waits_behind_a_redirect_that_may_be_there_for_some_requests_only() {
    let server = Server::start().await;
    let path = "/health?redirect=308&status=503&auth=secret&times=2&key=k";
    let statuses = async || soon(standing().get(server.url(path)).send()).await.unwrap().status().as_u16();
    assert_eq!((statuses().await, statuses().await, statuses().await), (308, 308, 200));
    let path = "/health?redirect=308&status=503";
    assert_eq!(soon(server.get(path).send()).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn auth_answers_401_to_all_but_those_who_have_the_token() {
    let server = Server::start().await;
    let path = "/health?auth=s3cret";
    let with = |name: &str, value: &str| server.get(path).header(name, value);
    for request in [
        server.get(path),
        server.get("/health?auth=s3cret&token=other"),
        with("authorization", "Bearer other"),
        with("authorization", "Basic s3cret"),
        with("authorization", "s3cret"),
        with("cookie", "token=other; nottoken=s3cret"),
    ] {
        let answer = soon(request.send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    }
    assert_eq!(server.json("/journal?status=401").await.as_array().unwrap().len(), 6);
    for request in [
        server.get("/health?auth=s3cret&token=s3cret"),
        with("authorization", "Bearer s3cret"),
        with("authorization", "bearer s3cret"),
        with("cookie", "a=b; token=s3cret; c=d"),
    ] {
        assert_eq!(soon(request.send()).await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(server.refused_socket("/ws/echo?auth=s3cret").await, StatusCode::UNAUTHORIZED);
    server.socket("/ws/echo?auth=s3cret&token=s3cret").await;
}

#[tokio::test]
async fn auth_comes_before_a_status() {
    let server = Server::start().await;
    let path = "/health?auth=s3cret&status=503";
    assert_eq!(soon(server.get(path).send()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let request = server.get(path).bearer_auth("s3cret");
    assert_eq!(soon(request.send()).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.json("/journal").await[0]["status"], json!(401));
}

#[tokio::test]
async fn status_answers_with_it_and_with_retry_after() {
    let server = Server::start().await;
    let answer = soon(server.get("/sse/numbers?status=503&retry-after=2").send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "2");
    for status in [200, 204, 304, 401, 599] {
        let path = format!("/relay/a?status={status}");
        assert_eq!(soon(server.get(&path).send()).await.unwrap().status().as_u16(), status);
        assert_eq!(soon(server.post(&path).body("x").send()).await.unwrap().status().as_u16(), status);
    }
    assert_eq!(server.refused_socket("/ws/echo?status=401").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn retry_after_can_be_a_date_some_seconds_away() {
    let server = Server::start().await;
    for (status, seconds) in [(503, 5_u64), (429, 0)] {
        let earliest = SystemTime::now() + Duration::from_secs(seconds);
        let path = format!("/sse/numbers?status={status}&retry-after=date:{seconds}");
        let answer = soon(server.get(&path).send()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("Retry-After"));
        let date = httpdate::parse_http_date(answer.headers()["retry-after"].to_str().unwrap()).unwrap();
        let latest = SystemTime::now() + Duration::from_secs(seconds + 1);
        // The server's clock has milliseconds.
        assert!((earliest - Duration::from_millis(1)..=latest).contains(&date), "{date:?}");
    }
    let answer = soon(server.get("/health?status=503&retry-after=date:-60").send()).await.unwrap();
    let date = httpdate::parse_http_date(answer.headers()["retry-after"].to_str().unwrap()).unwrap();
    assert!(date < SystemTime::now() - Duration::from_secs(58));
}
