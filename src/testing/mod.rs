//! Tests of an application's own, without a browser and without waiting (feature `testing`).
//!
//! Here is a network that is played: time that passes when it is told to, and servers that do as a script says. An application's
//! [`Socket`](crate::Socket) and [`Events`](crate::Events) are the real ones, down to the last policy; so `cargo test` can ask what an
//! application does when a connection is lost three times and the server then wants other credentials.
//!
//! ```
//! use std::time::Duration;
//!
//! use everwire::{Events, testing::{FakeNetwork, Step}};
//!
//! # fn main() -> Result<(), everwire::ConfigError> {
//! let network = FakeNetwork::new();
//! let server = network.server("https://prices.example/live")?;
//! server.play([Step::Drop, Step::Drop, Step::Drop, Step::Refuse(401)]);
//!
//! let prices = Events::builder("https://prices.example/live").open()?;
//! let end = network.run(prices.closed(), Duration::from_secs(60)).expect("it is over within a minute");
//! assert_eq!(end.cause.map(|cause| cause.status), Some(401));
//! # Ok(())
//! # }
//! ```
//!
//! It is for native targets: on wasm32 the feature changes nothing, and there a real browser and a real server tell more. What is played
//! is WebSocket and server-sent events over all their transports. The HTTP side of [`Wire::Relay`](crate::Wire::Relay) and
//! [`Wire::EngineIo`](crate::Wire::EngineIo) is not; a request of theirs fails. Typed messages need the feature `serde-json`, for there
//! is no browser to have JSON of its own. A panic in a callback is a test that fails.

mod server;

use std::{
    future::Future,
    marker::PhantomData,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub use self::server::{Connection, Server};
pub use crate::web::fake::network::Step;
use crate::{
    api::{ConfigError, millis, resolve},
    core::types::PageEvent,
    web::{
        fake::{clock, network, page, store, task::Flag},
        memory,
    },
};

/// Time and servers of this thread, which it does not leave. Making one begins anew: the clock is at zero, and there is no server.
#[derive(Debug)]
pub struct FakeNetwork(PhantomData<*const ()>);

impl Default for FakeNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeNetwork {
    /// Time stands still, and every attempt fails, until told otherwise. Random delays are the same in each run.
    #[must_use]
    pub fn new() -> Self {
        clock::reset();
        network::reset();
        page::reset();
        store::reset();
        memory::clear();
        Self(PhantomData)
    }

    /// Puts a server at this URL, whatever is in the query. It accepts until it is told otherwise.
    ///
    /// # Errors
    ///
    /// If the URL is none that a connection could have.
    pub fn server(&self, url: &str) -> Result<Server, ConfigError> {
        Ok(Server::new(&resolve("url", url, "http")?))
    }

    /// Time passes, and all happens that is due by then.
    pub fn advance(&self, span: Duration) {
        clock::run_until(clock::now().after(millis(span)));
    }

    /// How much time has passed.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(clock::now().0)
    }

    /// Lets time pass until this future is ready, for at most this long; `None`: it was not.
    pub fn run<F: Future>(&self, future: F, within: Duration) -> Option<F::Output> {
        let until = clock::now().after(millis(within));
        let flag = Flag::new();
        let waker = Waker::from(Arc::clone(&flag));
        let mut future = pin!(future);
        loop {
            if flag.take() {
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(output) = polled {
                    return Some(output);
                }
            }
            if !clock::step(until) {
                clock::run_until(until);
                return None;
            }
        }
    }

    /// The browser says that there is no network. What is open stays open, as it does in a browser.
    pub fn goes_offline(&self) {
        page::tell(PageEvent::Offline);
    }

    /// The browser says that there is a network.
    pub fn goes_online(&self) {
        page::tell(PageEvent::Online);
    }
}
