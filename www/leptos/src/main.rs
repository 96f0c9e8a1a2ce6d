//! The server: the fixture, whose pages beyond its own are this application's.

use std::{error::Error, path::PathBuf};

use axum::Router;
use everwire_leptos::{App, shell};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use server_fixture::{Config, Fixture};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::prelude::*;
        match argument {
            Long("port") => config.port = arguments.value()?.parse()?,
            Long("data") => config.data = Some(PathBuf::from(arguments.value()?)),
            Long("root") => config.root = PathBuf::from(arguments.value()?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let options = LeptosOptions::builder().output_name("everwire_leptos").build();
    let routes = generate_route_list(App);
    config.pages = Some(Router::new().leptos_routes(&options, routes, shell).with_state(options));

    let fixture = Fixture::start(config).await?;
    println!("everwire fixture: http://{}", fixture.addr());
    tokio::signal::ctrl_c().await?;
    fixture.shutdown().await?;
    Ok(())
}
