//! The small real server that everwire's tests and demo page run against: a push relay, server-sent events, plain WebSockets,
//! Engine.IO, and every fault that a client has to live with, each under a name. The README lists the routes.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use server_fixture::{Config, Fixture};
//!
//! let fixture = Fixture::start(Config::default()).await?;
//! println!("http://{}", fixture.addr());
//! fixture.shutdown().await
//! # }
//! ```

mod app;
mod body;
mod burst;
mod channels;
mod chat;
mod clock;
mod connections;
mod control;
mod cors;
mod engine_io;
mod engine_io_channels;
mod entries;
mod errors;
mod faults;
mod gate;
mod instead;
mod journal;
mod log;
mod numbered;
mod numbers;
mod params;
mod prices;
mod random;
mod relay;
mod resume;
mod samples;
mod sockets;
mod sse;
mod statics;
mod store;
mod switches;
mod tasks;
mod tokens;
mod uses;
mod wire;
mod ws;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use app::{App, Restart, Shared};

/// How the server is to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where history is kept across restarts. Without it, it is in memory, and a restart begins a new epoch.
    pub data: Option<PathBuf>,
    /// The folder that has `www/`, `pkg/` and `site/`.
    pub root: PathBuf,
    /// An application's own routes: they answer what the server has no route for, behind the same faults.
    pub pages: Option<Router>,
}

impl Default for Config {
    /// A free port, history in memory, files from the current folder, no other routes.
    fn default() -> Self {
        Self { port: 0, data: None, root: PathBuf::from("."), pages: None }
    }
}

/// A running server. It stops when this is dropped; [`shutdown`](Self::shutdown) also waits until it has.
#[derive(Debug)]
pub struct Fixture {
    address: SocketAddr,
    server: JoinHandle<io::Result<()>>,
    stop: DropGuard,
}

impl Fixture {
    /// Starts a server. When this returns, it accepts connections.
    ///
    /// # Errors
    ///
    /// The port is taken, or the store cannot be opened.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let address = listener.local_addr()?;
        let (orders, restarts) = mpsc::channel(1);
        let app = App::begin(&config, 0, orders).map_err(io::Error::other)?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(live(config, listener, app, restarts, stop.clone()));
        Ok(Self { address, server, stop: stop.drop_guard() })
    }

    /// Where it listens. This stays the same over a restart.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the server ends by itself, which it does only if it cannot come back from a restart.
    ///
    /// # Errors
    ///
    /// Why it could not.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.server).await.map_err(io::Error::other)?
    }

    /// Closes all connections and stops.
    ///
    /// # Errors
    ///
    /// The server had ended before, and why.
    pub async fn shutdown(self) -> io::Result<()> {
        let Self { server, stop, .. } = self;
        drop(stop);
        server.await.map_err(io::Error::other)?
    }
}

/// Lives, from restart to restart.
async fn live(
    config: Config,
    mut listener: TcpListener,
    mut app: Shared,
    mut restarts: mpsc::Receiver<Restart>,
    stop: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    loop {
        let (connections, switches) = (Arc::clone(&app.connections), Arc::clone(&app.switches));
        let order = tokio::select! {
            () = connections::accept(&listener, app::routes(&app), connections, switches) => None,
            order = restarts.recv() => order,
            () = stop.cancelled() => None,
        };
        drop(listener);
        app.end(order.as_ref().map(|order| order.caller)).await;
        let Some(order) = order else { return Ok(()) };
        tokio::select! {
            () = tokio::time::sleep(order.down) => {}
            () = stop.cancelled() => return Ok(()),
        }
        listener = TcpListener::bind(address).await?;
        let (orders, next) = mpsc::channel(1);
        app = App::begin(&config, app.epoch.saturating_add(1), orders).map_err(io::Error::other)?;
        restarts = next;
    }
}
