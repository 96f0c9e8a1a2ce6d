//! The storm in small: 5,000 clients lose their server at once, and come back within the budgets of the design.
//!
//! `cargo run --release --example storm` is the whole of it, with other packages beside.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod storm;
mod world;

use storm::{
    fleets, ours,
    report::{ATTEMPTS, BACK, PEAK},
    weather::{Counted, Scenario, storm},
};

fn small_storm(name: &str, scenario: Scenario) -> Counted {
    let fleet = fleets().into_iter().find(|fleet| fleet.name.starts_with(name)).unwrap();
    storm(&fleet, scenario.in_small(), 1)
}

/// In small, chance weighs more: three standard deviations of what a second holds are added to the peak.
#[test]
fn after_an_outage_a_fleet_of_sockets_comes_back_evenly_and_in_few_attempts() {
    let counted = small_storm(ours::SOCKET, Scenario::OUTAGE);
    let chance = 3.0 * (PEAK / f64::from(counted.scenario.capacity)).sqrt();
    assert!(counted.peak() <= PEAK + chance, "a peak of {} times the capacity", counted.peak());
    assert!(counted.attempts_each() <= ATTEMPTS, "{} attempts for each client", counted.attempts_each());
}

#[test]
fn however_the_server_was_away_all_sockets_are_back_about_as_soon_as_it_can_accept_them() {
    for scenario in Scenario::ALL {
        let counted = small_storm(ours::SOCKET, scenario);
        let back = counted.most_back().unwrap();
        assert!(back <= BACK * scenario.ideal(), "{}: 99 % are back after {back} s", scenario.name);
        assert_eq!((counted.gave_up, counted.part_back()), (0, 1.0), "{}", scenario.name);
    }
}

/// Else what the other tests say would say nothing.
#[test]
fn a_policy_without_jitter_is_a_storm_and_one_that_gives_up_does_not_come_back() {
    let fixed = small_storm("partysocket", Scenario::OUTAGE);
    assert!(fixed.peak() > 10.0 * PEAK, "a peak of {} times the capacity", fixed.peak());
    assert!(fixed.most_back().unwrap() > 1.5 * fixed.scenario.ideal());
    let final_try = small_storm("@microsoft/signalr", Scenario::OUTAGE);
    assert_eq!(final_try.most_back(), None);
    let back = (final_try.part_back() * f64::from(final_try.scenario.clients)).round() as u32;
    assert_eq!(final_try.gave_up + back, final_try.scenario.clients);
}

#[test]
fn the_same_seed_gives_the_same_storm() {
    let [one, other] = [(); 2].map(|()| small_storm(ours::SOCKET, Scenario::FAILOVER));
    assert_eq!(one, other);
}
