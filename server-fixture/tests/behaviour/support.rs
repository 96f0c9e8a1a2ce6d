//! A server, and clients that see just what is on the wire.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use server_fixture::{Config, Fixture};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for anything that does come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough to believe that something does not come.
pub(crate) const QUIET: Duration = Duration::from_millis(150);

/// The subprotocol in which the relay's messages say their ids.
pub(crate) const META: Option<&str> = Some("ws+meta.nchan");

/// What arrives within [`PATIENCE`].
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it should have come long ago")
}

/// A server in this process, with a client that keeps no connection for another request.
pub(crate) struct Server {
    pub(crate) fixture: Fixture,
    pub(crate) client: Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let fixture = Fixture::start(config).await.unwrap();
        Self { fixture, client: client() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.fixture.addr())
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        soon(self.get(path).send()).await.unwrap().json().await.unwrap()
    }

    /// Posts without a body, and expects that to work.
    pub(crate) async fn order(&self, path: &str) -> Value {
        let answer = soon(self.post(path).send()).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Publishes, and answers the id.
    pub(crate) async fn publish(&self, channel: &str, body: &str) -> String {
        let answer = soon(self.post(&format!("/relay/{channel}")).body(body.to_owned()).send()).await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().into()
    }

    pub(crate) async fn events(&self, path: &str) -> Events {
        Events::open(self.get(path).header("accept", "text/event-stream")).await
    }

    pub(crate) async fn events_after(&self, path: &str, id: &str) -> Events {
        let request = self.get(path).header("accept", "text/event-stream");
        Events::open(request.header("last-event-id", id)).await
    }

    /// A long-poll, with the position given back as it came.
    pub(crate) async fn poll(&self, path: &str, position: Option<&Position>) -> Polled {
        let mut request = self.get(path);
        if let Some(position) = position {
            request = request.header("if-modified-since", &position.0).header("if-none-match", &position.1);
        }
        Polled::of(soon(request.send()).await.unwrap()).await
    }

    pub(crate) async fn socket(&self, path: &str) -> Socket {
        self.try_socket(path, None).await.unwrap()
    }

    pub(crate) async fn meta_socket(&self, path: &str) -> Socket {
        self.try_socket(path, META).await.unwrap()
    }

    pub(crate) async fn try_socket(&self, path: &str, protocol: Option<&str>) -> Result<Socket, Error> {
        let mut request = format!("ws://{}{path}", self.fixture.addr()).into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        let (stream, answer) = soon(connect_async(request)).await?;
        let selected = answer.headers().get("sec-websocket-protocol");
        Ok(Socket { stream, protocol: selected.map(|name| name.to_str().unwrap().into()) })
    }

    /// The status that an upgrade was refused with.
    pub(crate) async fn refused_socket(&self, path: &str) -> StatusCode {
        match self.try_socket(path, None).await.err() {
            Some(Error::Http(answer)) => answer.status(),
            other => panic!("not refused: {other:?}"),
        }
    }
}

pub(crate) fn client() -> Client {
    Client::builder().pool_max_idle_per_host(0).build().unwrap()
}

/// Last-Modified and Etag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Position(pub(crate) String, pub(crate) String);

impl Position {
    /// As the id that the other transports have.
    pub(crate) fn id(&self) -> String {
        let epoch = httpdate::parse_http_date(&self.0).unwrap();
        format!("{}:{}", epoch.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), self.1)
    }
}

/// A long-poll's answer.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<String>,
    pub(crate) position: Position,
    pub(crate) body: Vec<u8>,
}

impl Polled {
    async fn of(answer: Response) -> Self {
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let position = Position(header("last-modified").unwrap(), header("etag").unwrap());
        let (status, content_type) = (answer.status(), header("content-type"));
        Self { status, content_type, position, body: answer.bytes().await.unwrap().to_vec() }
    }
}

/// One block of an event stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: String,
    pub(crate) retry: Option<String>,
    pub(crate) comment: Option<String>,
}

impl Event {
    fn parse(block: &str) -> Self {
        let mut event = Self::default();
        let mut data = Vec::new();
        for line in block.lines() {
            match line.split_once(": ").unwrap() {
                ("", text) => event.comment = Some(text.into()),
                ("id", id) => event.id = id.into(),
                ("event", kind) => event.kind = kind.into(),
                ("retry", ms) => event.retry = Some(ms.into()),
                ("data", line) => data.push(line),
                other => panic!("not a field: {other:?}"),
            }
        }
        event.data = data.join("\n");
        event
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.id.split_once(':').unwrap().1.parse().unwrap()
    }
}

/// How a stream went on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    Event(Event),
    /// It ended as it should.
    End,
    /// It broke off.
    Cut,
}

/// An open event stream.
pub(crate) struct Events {
    answer: Response,
    text: Vec<u8>,
}

impl Events {
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        let answer = soon(request.send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Self { answer, text: Vec::new() }
    }

    /// The next block, whatever it is.
    pub(crate) async fn next_block(&mut self) -> Next {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<_> = self.text.drain(..end + 2).collect();
                return Next::Event(Event::parse(std::str::from_utf8(&block[..end]).unwrap()));
            }
            match self.answer.chunk().await {
                Ok(Some(chunk)) => self.text.extend_from_slice(&chunk),
                Ok(None) => return Next::End,
                Err(_) => return Next::Cut,
            }
        }
    }

    /// The next block that has an id, or the end.
    pub(crate) async fn next(&mut self) -> Next {
        loop {
            match soon(self.next_block()).await {
                Next::Event(event) if event.id.is_empty() => {}
                next => return next,
            }
        }
    }

    pub(crate) async fn event(&mut self) -> Event {
        match self.next().await {
            Next::Event(event) => event,
            end => panic!("no event but {end:?}"),
        }
    }

    /// The data of the next events.
    pub(crate) async fn data(&mut self, count: usize) -> Vec<String> {
        let mut data = Vec::new();
        while data.len() < count {
            data.push(self.event().await.data);
        }
        data
    }

    /// Reads to its end: the events, and whether it broke off.
    pub(crate) async fn rest(&mut self) -> (Vec<Event>, Next) {
        let mut events = Vec::new();
        loop {
            match self.next().await {
                Next::Event(event) => events.push(event),
                end => return (events, end),
            }
        }
    }
}

/// An open WebSocket.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) protocol: Option<String>,
}

impl Socket {
    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        self.stream.send(message.into()).await.unwrap();
    }

    /// The next message; `None` if the connection broke off.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        soon(self.stream.next()).await?.ok()
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.as_str().into(),
            other => panic!("no text but {other:?}"),
        }
    }

    /// The code and reason that it is closed with.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        match self.next().await {
            Some(Message::Close(Some(frame))) => (frame.code.into(), frame.reason.as_str().into()),
            other => panic!("no close but {other:?}"),
        }
    }
}
