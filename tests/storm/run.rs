//! The storm: 100,000 clients lose their server at once, ours and those of other packages.
//!
//! `cargo run --release --example storm` prints a table in Markdown, and fails if a budget of ours is missed; with
//! `-- --plot docs/storm.svg` it draws as well, and with `--seed 2` chance falls otherwise. `docs/storm.md` says what it is about.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[cfg(not(target_arch = "wasm32"))]
#[path = "mod.rs"]
mod storm;
#[cfg(not(target_arch = "wasm32"))]
#[path = "../world/mod.rs"]
mod world;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

/// It is about the core alone, which is the same in a browser.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::process::ExitCode;

    use super::storm::{
        Fleet, fleets, ours, peers, plot,
        report::{self, Row},
        weather::{Scenario, storm},
    };

    /// The peers that are drawn: one for each shape.
    const DRAWN: [&str; 6] = [
        "reconnecting-websocket",
        "partysocket",
        "socket.io-client",
        peers::EVENT_SOURCE,
        "phoenix",
        "@microsoft/signalr",
    ];

    pub(super) fn main() -> ExitCode {
        let Some((plot, seed)) = arguments() else {
            eprintln!("usage: cargo run --release --example storm [-- [--plot FILE.svg] [--seed NUMBER]]");
            return ExitCode::from(2);
        };
        let rows: Vec<Row> = fleets().iter().map(|fleet| row(fleet, seed)).collect();
        println!("{}\n{}", report::budgets(), report::table(&rows));
        if let Some(path) = plot {
            if let Err(error) = std::fs::write(&path, draw(&rows)) {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
        let mut failed = false;
        for row in rows.iter().filter(|row| ours::NAMES.contains(&row.name)) {
            for miss in row.counted.iter().flat_map(report::misses) {
                eprintln!("{}: {miss}", row.name);
                failed = true;
            }
        }
        if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    /// Where to draw, and the seed.
    fn arguments() -> Option<(Option<String>, u64)> {
        let (mut plot, mut seed) = (None, 1);
        let mut arguments = std::env::args().skip(1);
        while let Some(flag) = arguments.next() {
            let value = arguments.next()?;
            match flag.as_str() {
                "--plot" => plot = Some(value),
                "--seed" => seed = value.parse().ok()?,
                _ => return None,
            }
        }
        Some((plot, seed))
    }

    fn row(fleet: &Fleet, seed: u64) -> Row {
        let counted = Scenario::ALL.map(|scenario| storm(fleet, scenario, seed));
        Row { name: fleet.name, counted }
    }

    fn draw(rows: &[Row]) -> String {
        let outage = |name: &str| {
            let row = rows.iter().find(|row| row.name.starts_with(name)).unwrap();
            (row.name, &row.counted[0])
        };
        plot::plot(outage(ours::SOCKET), &DRAWN.map(outage))
    }
}
