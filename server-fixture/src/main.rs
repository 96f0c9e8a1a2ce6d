//! `everwire-fixture [--port N] [--data DIR] [--root DIR]`: the server as a program. Prints one line when it is ready.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::prelude::*;
use server_fixture::{Config, Fixture};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: everwire-fixture [--port N=4780] [--data DIR] [--root DIR=.]";
const DEFAULT_PORT: u16 = 4780;

/// `None` asks for the usage.
fn configuration() -> Result<Option<Config>, lexopt::Error> {
    let mut config = Config { port: DEFAULT_PORT, ..Config::default() };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => config.port = arguments.value()?.parse()?,
            Long("data") => config.data = Some(arguments.value()?.into()),
            Long("root") => config.root = arguments.value()?.into(),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(config))
}

async fn run(config: Config) -> io::Result<()> {
    let mut fixture = Fixture::start(config).await?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    writeln!(io::stdout(), "everwire fixture: http://{}", fixture.addr())?;
    tokio::select! {
        ended = fixture.ended() => return ended,
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    fixture.shutdown().await
}

#[tokio::main]
async fn main() -> ExitCode {
    let config = match configuration() {
        Ok(Some(config)) => config,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("everwire-fixture: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let port = config.port;
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("everwire-fixture: port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}
