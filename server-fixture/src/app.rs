//! One life of the server: its state, from a start to a restart, and its routes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{OriginalUri, Request, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::channels::Channels;
use crate::chat::Rooms;
use crate::connections::Connections;
use crate::engine_io::{self, Engines};
use crate::errors::Problem;
use crate::journal::Journal;
use crate::log::Log;
use crate::prices::Prices;
use crate::samples::Samples;
use crate::store::{Contents, Store, StoreError};
use crate::switches::Switches;
use crate::tasks::Tasks;
use crate::uses::Uses;
use crate::{
    Config, burst, clock, control, gate, journal, numbers, prices, relay, samples, sockets, statics, tasks, tokens, ws,
};

/// The state, as the handlers get it.
pub(crate) type Shared = Arc<App>;

/// The order to restart.
#[derive(Debug)]
pub(crate) struct Restart {
    pub(crate) down: Duration,
    /// The connection that it came on; its answer is let out.
    pub(crate) caller: u64,
}

/// Everything that a life has.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) epoch: u64,
    pub(crate) channels: Channels,
    pub(crate) rooms: Rooms,
    pub(crate) numbers: Arc<Log>,
    pub(crate) prices: Arc<Prices>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) switches: Arc<Switches>,
    pub(crate) samples: Samples,
    pub(crate) engines: Engines,
    pub(crate) uses: Uses,
    pub(crate) connections: Arc<Connections>,
    pub(crate) restarts: mpsc::Sender<Restart>,
    root: PathBuf,
    pages: Option<Router>,
    store: Option<Arc<Store>>,
    over: CancellationToken,
}

impl App {
    /// Begins a life. Its epoch is at least `epoch_from`, unless the store has the epoch of a history that goes on.
    pub(crate) fn begin(
        config: &Config,
        epoch_from: u64,
        restarts: mpsc::Sender<Restart>,
    ) -> Result<Shared, StoreError> {
        let epoch = clock::unix_seconds().max(epoch_from);
        let (store, mut contents) = match &config.data {
            Some(dir) => Store::open(dir, epoch).map(|(store, contents)| (Some(store), contents))?,
            None => (None, Contents { epoch, ..Contents::default() }),
        };
        let epoch = contents.epoch;
        let logs = &mut contents.logs;
        let numbers = Log::new("numbers", epoch, store.clone(), logs.remove("numbers").unwrap_or_default());
        let prices = Log::new("prices", epoch, store.clone(), logs.remove("prices").unwrap_or_default());
        let app = Arc::new(Self {
            epoch,
            channels: Channels::new(epoch, store.clone(), logs),
            rooms: Rooms::default(),
            numbers,
            prices: Arc::new(Prices::new(prices)),
            tasks: Arc::new(Tasks::new(epoch, store.clone(), contents.tasks, logs)),
            journal: Arc::default(),
            switches: Arc::default(),
            samples: Samples::default(),
            engines: Engines::default(),
            uses: Uses::default(),
            connections: Arc::default(),
            restarts,
            root: config.root.clone(),
            pages: config.pages.clone(),
            store,
            over: CancellationToken::new(),
        });
        app.background(numbers::generate(Arc::clone(&app.numbers)));
        app.background(Arc::clone(&app.prices).generate());
        for task in app.tasks.unfinished() {
            app.background(task.run());
        }
        Ok(app)
    }

    /// Cancelled when this life ends.
    pub(crate) fn over(&self) -> CancellationToken {
        self.over.clone()
    }

    /// Runs something beside the requests, no longer than this life.
    pub(crate) fn background(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.over.clone().run_until_cancelled_owned(work));
    }

    /// Ends this life: closes all connections, the caller's after its answer, and lets go of the store.
    pub(crate) async fn end(&self, caller: Option<u64>) {
        self.over.cancel();
        self.connections.cut_all_but(caller);
        self.connections.all_closed(Duration::from_secs(1)).await;
        self.connections.cut_all_but(None);
        if let Some(store) = self.store.clone() {
            // It waits for a commit under way, which blocks. Nothing is left to do if that thread is stopped.
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }
}

/// All routes, behind the gate.
pub(crate) fn routes(app: &Shared) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ws/echo", get(ws::echo))
        .route("/ws/chat/{room}", get(ws::chat))
        .route("/ws/burst", get(sockets::burst))
        .route("/ws/collect/{name}", get(sockets::collect))
        .route("/ws/gate", get(sockets::gate))
        .route("/ws/heartbeat", get(sockets::heartbeat))
        .route("/ws/numbers", get(sockets::numbers))
        .route("/engine.io/{*channel}", any(engine_io::serve))
        .route("/relay/{channel}", get(relay::read).post(relay::publish))
        .route("/relay/{channel}/all", get(relay::all))
        .route("/sse/numbers", get(numbers::read).post(numbers::publish))
        .route("/sse/prices", get(prices::read))
        .route("/sse/burst", get(burst::read))
        .route("/sse/bytes/{name}", get(samples::play).post(samples::store))
        .route(tokens::PATH, post(tokens::answer).put(tokens::answer))
        .route("/sse/{channel}", get(relay::stream))
        .route("/tasks", post(tasks::start))
        .route("/tasks/{id}", get(tasks::read))
        .route("/journal", get(journal::read).delete(journal::clear))
        .route("/control", get(control::state).delete(control::reset))
        .route("/control/drop", post(control::drop))
        .route("/control/refuse-websocket", post(control::refuse_websocket))
        .route("/control/stall", post(control::stall))
        .route("/control/unavailable", post(control::unavailable))
        .route("/control/restart", post(control::restart))
        .route("/control/trim", post(control::trim))
        .merge(statics::routes(&app.root))
        .fallback_service(app.pages.clone().unwrap_or_else(|| Router::new().fallback(unknown)))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(app), gate::pass))
        .with_state(Arc::clone(app))
}

async fn health(State(app): State<Shared>) -> Json<Value> {
    Json(json!({ "ok": true, "epoch": app.epoch }))
}

pub(crate) async fn unknown(OriginalUri(uri): OriginalUri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path()))
}

async fn wrong_method(request: Request) -> Problem {
    let told = format!("{} is not for {}", request.uri().path(), request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, told)
}
