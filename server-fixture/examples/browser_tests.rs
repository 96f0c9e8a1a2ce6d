//! Runs the browser tests of an application while the fixture runs: a runner for Cargo's target `wasm32-unknown-unknown`.
//!
//! An application has this as a program of its own, with `server-fixture` among its dependencies, and names it in `.cargo/config.toml`:
//!
//! ```toml
//! [target.wasm32-unknown-unknown]
//! runner = "cargo run --quiet --package browser-tests --"
//! ```
//!
//! Then `cargo test --target wasm32-unknown-unknown` is all that it takes. The port is one that the tests know.

use std::{env, io, process::Command, process::ExitCode};

use server_fixture::{Config, Fixture};
use tokio::task::spawn_blocking;

/// `FIXTURE_PORT`, or 4780.
fn port() -> u16 {
    env::var("FIXTURE_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(4780)
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let fixture = Fixture::start(Config { port: port(), ..Config::default() }).await?;
    let tests = || Command::new("wasm-bindgen-test-runner").args(env::args_os().skip(1)).status();
    let status = spawn_blocking(tests).await.map_err(io::Error::other)??;
    fixture.shutdown().await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
