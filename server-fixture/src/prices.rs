//! The price feed: a random walk of 100 invented symbols. A connection begins with a snapshot, and then gets what changed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::Shared;
use crate::entries::Entries;
use crate::errors::Problem;
use crate::gate::Call;
use crate::log::{Draft, Id, Log, Start};
use crate::params::Params;
use crate::random::Random;
use crate::resume;
use crate::sse::Feed;
use crate::store::StoreError;

const BETWEEN_CHANGES: Duration = Duration::from_millis(200);
/// The 100 names are all pairs of these.
const FIRST: [&str; 10] = ["ZU", "KO", "VE", "MI", "TA", "RO", "LY", "PA", "NE", "DO"];
const SECOND: [&str; 10] = ["RAX", "LUM", "TIK", "NOV", "DEX", "BYR", "GAL", "SOP", "FEN", "WIZ"];
const CENTS: std::ops::RangeInclusive<u64> = 100..=999_999;

/// The prices as of one entry of the log.
#[derive(Debug)]
struct Board {
    cents: Vec<u64>,
    seq: u64,
}

impl Board {
    fn apply(&mut self, changes: &[(usize, u64)], seq: u64) {
        for (symbol, cents) in changes {
            if let Some(price) = self.cents.get_mut(*symbol) {
                *price = *cents;
            }
        }
        self.seq = seq;
    }
}

/// The feed.
#[derive(Debug)]
pub(crate) struct Prices {
    log: Arc<Log>,
    board: Mutex<Board>,
}

impl Prices {
    /// Goes on from the prices that the log's entries tell of.
    pub(crate) fn new(log: Arc<Log>) -> Self {
        let mut random = Random::from_clock();
        let cents = (0..100).map(|_| random.below(49_000).saturating_add(1_000)).collect();
        let mut board = Board { cents, seq: log.newest().seq };
        for entry in log.entries() {
            let changes: Vec<(usize, f64)> = serde_json::from_slice(&entry.draft.body).unwrap_or_default();
            let changes: Vec<_> = changes.into_iter().map(|(symbol, price)| (symbol, to_cents(price))).collect();
            board.apply(&changes, entry.seq);
        }
        Self { log, board: Mutex::new(board) }
    }

    /// Walks on for ever.
    pub(crate) async fn generate(self: Arc<Self>) {
        let mut random = Random::from_clock();
        let mut ticks = interval(BETWEEN_CHANGES);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.step(&mut random).await {
                eprintln!("prices: {error}");
            }
        }
    }

    async fn step(&self, random: &mut Random) -> Result<(), StoreError> {
        let changes = self.changes(random);
        let told: Vec<_> = changes.iter().map(|(symbol, cents)| json!([symbol, price(*cents)])).collect();
        let draft = Draft::json("prices", &Value::Array(told));
        let id = self.log.append(1, move |_| draft.clone()).await?;
        self.board().apply(&changes, id.seq);
        Ok(())
    }

    /// New prices for 10 to 30 different symbols, up to one per cent away from the old ones.
    fn changes(&self, random: &mut Random) -> Vec<(usize, u64)> {
        let wanted = usize::try_from(random.below(21).saturating_add(10)).unwrap_or(10);
        let mut rest: Vec<_> = self.board().cents.iter().copied().enumerate().collect();
        let mut changes = Vec::new();
        while changes.len() < wanted && !rest.is_empty() {
            let pick = usize::try_from(random.below(rest.len() as u64)).unwrap_or(0);
            let (symbol, cents) = rest.swap_remove(pick);
            let step = random.below(cents.div_ceil(100)).saturating_add(1);
            let up = random.below(2) == 0;
            let moved = if up { cents.saturating_add(step) } else { cents.saturating_sub(step) };
            changes.push((symbol, moved.clamp(*CENTS.start(), *CENTS.end())));
        }
        changes
    }

    /// All prices, and the entry that they include.
    fn snapshot(&self) -> (Draft, u64) {
        let symbols: Vec<_> =
            FIRST.iter().flat_map(|first| SECOND.iter().map(move |second| format!("{first}{second}"))).collect();
        let board = self.board();
        let prices: Vec<_> = board.cents.iter().map(|cents| price(*cents)).collect();
        (Draft::json("snapshot", &json!({ "symbols": symbols, "prices": prices })), board.seq)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn price(cents: u64) -> f64 {
    cents as f64 / 100.0
}

fn to_cents(price: f64) -> u64 {
    (price * 100.0).round() as u64
}

/// `GET /sse/prices`
pub(crate) async fn read(
    State(app): State<Shared>,
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let log = &app.prices.log;
    let entries = match resume::start(&headers, &params, Start::Newest)? {
        Start::Newest => {
            let (snapshot, seq) = app.prices.snapshot();
            let after = Start::After(Id { seq, ..log.newest() });
            Entries::of(log.subscribe(after)).first(snapshot)
        }
        start => Entries::of(log.subscribe(start)),
    };
    Ok(Feed::of(&params)?.open(call, entries))
}
