//! The connections that are open, what each is being used for, and cutting them.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::switches::Switches;
use crate::wire::{Pace, Wire};

/// Further ones are closed at once.
const MAX_CONNECTIONS: usize = 4_096;
/// Of a request's head; it also bounds what the journal keeps of one.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// What a connection is used for now.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    /// The request's number in the journal.
    pub(crate) visit: u64,
    pub(crate) path: String,
    pub(crate) websocket: bool,
    /// A stall holds it up: a stream, socket or poll. The answer to a POST is let through.
    pub(crate) can_stall: bool,
    pub(crate) pace: Pace,
    /// The answer is complete, though bytes of it may still wait to be written.
    pub(crate) ended: bool,
}

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    number: u64,
    cut: CancellationToken,
    reset: AtomicBool,
    ends_when_flushed: AtomicBool,
    /// The last request's, until the next one comes. `None` at first, and while it serves what no fault touches.
    used: Mutex<Option<Use>>,
    switches: Arc<Switches>,
}

impl Connection {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// Cuts it now, with a TCP reset: what was not yet sent is lost.
    pub(crate) fn cut_hard(&self) {
        self.reset.store(true, Ordering::Relaxed);
        self.cut.cancel();
    }

    /// Cuts it now, without a goodbye of HTTP or WebSocket; what was written still arrives.
    pub(crate) fn cut_softly(&self) {
        self.cut.cancel();
    }

    /// Cuts it softly once all that was handed to it is written.
    pub(crate) fn cut_when_flushed(&self) {
        self.ends_when_flushed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ends_when_flushed(&self) -> bool {
        self.ends_when_flushed.load(Ordering::Relaxed)
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }

    /// A request has come that uses it so.
    pub(crate) fn begin(&self, used: Option<Use>) {
        *self.used() = used;
    }

    /// That request is over.
    pub(crate) fn end(&self, visit: u64) {
        if let Some(used) = self.used().as_mut().filter(|used| used.visit == visit) {
            used.ended = true;
        }
    }

    /// Something is going on that a cut would end: an answer is being made, or a stall holds it up. One that is being cut takes a moment to go.
    fn is_live(&self, used: &Use) -> bool {
        !self.cut.is_cancelled() && (!used.ended || (used.can_stall && self.switches.stall.is_on()))
    }

    pub(crate) fn set_pace(&self, pace: Pace) {
        if let Some(used) = self.used().as_mut() {
            used.pace = pace;
        }
    }

    pub(crate) fn pace(&self) -> Pace {
        self.used().as_ref().map_or(Pace::AsTheyCome, |used| used.pace)
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.switches.stall.is_on() && self.used().as_ref().is_some_and(|used| used.can_stall)
    }

    pub(crate) fn stall_over(&self) -> impl Future<Output = ()> + Send + 'static {
        self.switches.stall.over()
    }

    fn used(&self) -> MutexGuard<'_, Option<Use>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All open connections of one life of the server.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    count: watch::Sender<usize>,
}

impl Connections {
    /// Cuts the connections that are in use for something that `chosen` picks; answers how many.
    pub(crate) fn cut(&self, chosen: impl Fn(&Use) -> bool) -> usize {
        let open = self.open();
        let hit = open.values().filter(|connection| {
            connection.used().as_ref().is_some_and(|used| connection.is_live(used) && chosen(used))
        });
        hit.map(|connection| connection.cut_hard()).count()
    }

    /// Cuts all but one, whatever they are doing.
    pub(crate) fn cut_all_but(&self, spared: Option<u64>) {
        for connection in self.open().values().filter(|connection| Some(connection.number) != spared) {
            connection.cut_hard();
        }
    }

    /// Waits until all are closed, but not longer than `patience`.
    pub(crate) async fn all_closed(&self, patience: Duration) {
        let mut count = self.count.subscribe();
        let closed = count.wait_for(|count| *count == 0);
        // Either way the caller goes on.
        let _ = tokio::time::timeout(patience, closed).await;
    }

    /// How many a cut would hit.
    pub(crate) fn live(&self) -> usize {
        let open = self.open();
        open.values().filter(|open| open.used().as_ref().is_some_and(|used| open.is_live(used))).count()
    }

    pub(crate) fn forget(&self, number: u64) {
        let mut open = self.open();
        open.remove(&number);
        self.count.send_replace(open.len());
    }

    fn admit(&self, number: u64, switches: &Arc<Switches>) -> Option<Arc<Connection>> {
        let mut open = self.open();
        if open.len() >= MAX_CONNECTIONS {
            return None;
        }
        let connection = Arc::new(Connection {
            number,
            cut: CancellationToken::new(),
            reset: AtomicBool::new(false),
            ends_when_flushed: AtomicBool::new(false),
            used: Mutex::new(None),
            switches: Arc::clone(switches),
        });
        open.insert(number, Arc::clone(&connection));
        self.count.send_replace(open.len());
        Some(connection)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections and serves them with `router`, until it is dropped. The connections live on.
pub(crate) async fn accept(
    listener: &TcpListener,
    router: Router,
    connections: Arc<Connections>,
    switches: Arc<Switches>,
) {
    let mut number = 0_u64;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // The peer has gone already, or there are no file descriptors: others may have them back in a moment.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        number = number.wrapping_add(1);
        if let Some(connection) = connections.admit(number, &switches) {
            tokio::spawn(serve(stream, connection, Arc::clone(&connections), router.clone()));
        }
    }
}

async fn serve(
    stream: TcpStream,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    router: Router,
) -> io::Result<()> {
    let cut = connection.token();
    let wire = Wire::new(stream, Arc::clone(&connection), connections);
    // Small writes have to leave as they are made, or a cut or a trickle would be put together again.
    wire.no_delay()?;
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Arc::clone(&connection));
        router.clone().call(request)
    });
    let http = hyper::server::conn::http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    tokio::select! {
        // Its errors are those of the peer and of the faults: a connection that ends.
        _ = http => {}
        // The wire fails as well when it is cut, but only when it is asked to read or write.
        () = cut.cancelled() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_being_cut_is_not_cut_again() {
        let connections = Connections::default();
        let connection = connections.admit(1, &Arc::default()).expect("there is room");
        let used = Use {
            visit: 1,
            path: "/relay/a".into(),
            websocket: true,
            can_stall: true,
            pace: Pace::AsTheyCome,
            ended: false,
        };
        connection.begin(Some(used));
        let cut = || (connections.live(), connections.cut(|_| true));
        assert_eq!((cut(), cut()), ((1, 1), (0, 0)));
    }
}
