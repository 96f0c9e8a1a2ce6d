//! The test application on the crates engineioxide and socketioxide; see ../socket-servers.mjs.
//!
//! Usage: everwire-interop-socketioxide INTERVAL TIMEOUT PAYLOAD

use std::sync::Arc;
use std::time::Duration;
use std::{env, io};

use bytes::Bytes;
use engineioxide::config::EngineIoConfig;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use engineioxide::{DisconnectReason, Socket, Str};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use tokio::net::TcpListener;
use tokio::time::interval;

/// How many messages may wait for a client: all that a test asks for.
const BUFFER: usize = 4096;

/// Does with a text what this application does; `say` tells whether somebody was there to hear it.
fn hear(text: &str, say: impl Fn(&str) -> bool + Send + 'static) {
    let Some(count) = text.strip_prefix("count ").and_then(|count| count.parse::<u32>().ok()) else {
        say(text);
        return;
    };
    tokio::spawn(async move {
        let mut ticks = interval(Duration::from_millis(1));
        for number in 0..count {
            ticks.tick().await;
            if !say(&format!("down {number}")) {
                break;
            }
        }
    });
}

#[derive(Debug)]
struct Engine;

impl EngineIoHandler for Engine {
    type Data = ();

    fn on_connect(self: Arc<Self>, _: Arc<Socket<()>>) {}

    fn on_disconnect(&self, _: Arc<Socket<()>>, _: DisconnectReason) {}

    fn on_message(self: &Arc<Self>, text: Str, socket: Arc<Socket<()>>) {
        hear(&text, move |answer| socket.emit(answer.to_owned()).is_ok());
    }

    fn on_binary(self: &Arc<Self>, bytes: Bytes, socket: Arc<Socket<()>>) {
        // Whoever has gone does not want it.
        let _ = socket.emit_binary(bytes);
    }
}

fn emit(socket: &SocketRef, event: &str, data: &(impl Serialize + ?Sized)) -> bool {
    socket.emit(event, data).is_ok()
}

async fn join(socket: SocketRef) {
    socket.on("text", async |socket: SocketRef, Data(text): Data<String>| {
        hear(&text, move |answer| emit(&socket, "text", answer));
    });
    socket.on("bytes", async |socket: SocketRef, Data(bytes): Data<Bytes>| {
        emit(&socket, "bytes", &bytes);
    });
}

/// Never ends.
async fn serve(numbers: [u64; 3]) -> io::Result<()> {
    let [interval, timeout, max_payload] = numbers;
    let (interval, timeout) = (Duration::from_millis(interval), Duration::from_millis(timeout));
    let config = EngineIoConfig::builder()
        .req_path("/engine.io")
        .ping_interval(interval)
        .ping_timeout(timeout)
        .max_payload(max_payload)
        .max_buffer_size(BUFFER)
        .build();
    let engine = EngineIoService::with_config(Arc::new(Engine), config);
    let (service, io) = SocketIo::builder()
        .ping_interval(interval)
        .ping_timeout(timeout)
        .max_payload(max_payload)
        .max_buffer_size(BUFFER)
        .build_with_inner_svc(engine);
    io.ns("/", join);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()).with_upgrades();
        tokio::spawn(connection);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let numbers: Vec<u64> = env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let Ok(numbers) = numbers.try_into() else {
        return Err(io::Error::other("usage: everwire-interop-socketioxide INTERVAL TIMEOUT PAYLOAD"));
    };
    serve(numbers).await
}
