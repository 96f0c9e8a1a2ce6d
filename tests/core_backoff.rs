//! Backoff: how long to wait.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::BTreeSet;

use everwire::__core::{
    backoff::{Backoff, FLOOR, MAX_ASKED},
    rng::Rng,
    time::Millis,
};
use proptest::prelude::*;

/// Delays of a fleet: the same retry, each client with its own seed.
fn fleet(retry: u32, asked: Option<Millis>) -> Vec<u64> {
    (0..1_000).map(|seed| Backoff::DEFAULT.delay(retry, asked, &mut Rng::new(seed)).0).collect()
}

#[test]
fn the_bounds_are_those_of_the_design() {
    let bounds: Vec<_> = (0..8).map(|retry| Backoff::DEFAULT.bound(retry).0).collect();
    assert_eq!(bounds, [2_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
}

/// T7: the first delay is what the documentation says it is.
#[test]
fn the_first_retry_is_uniform_below_its_own_span() {
    let delays = fleet(0, None);
    assert!(delays.iter().all(|delay| (20..2_000).contains(delay)));
    for quarter in 0..4 {
        let count = delays.iter().filter(|&&delay| delay / 500 == quarter).count();
        assert!((200..300).contains(&count), "{count} of 1000 in quarter {quarter}");
    }
}

/// T1: the cap is taken first and the jitter after, so nobody meets at the cap.
#[test]
fn at_the_cap_a_fleet_is_spread_over_all_of_it() {
    for retry in [5, 50] {
        let delays = fleet(retry, None);
        let different: BTreeSet<_> = delays.iter().collect();
        assert!(different.len() > 950, "{} different delays of 1000", different.len());
        for third in 0..3 {
            let count = delays.iter().filter(|&&delay| delay / 10_000 == third).count();
            assert!((270..400).contains(&count), "{count} of 1000 in third {third}");
        }
    }
}

/// T2: base × 2ⁿ does not overflow, however long the outage.
#[test]
fn the_two_thousandth_retry_is_as_the_tenth() {
    for retry in [64, 1_015, 1_016, 2_000, u32::MAX] {
        assert_eq!(Backoff::DEFAULT.bound(retry), Millis(30_000));
    }
    let mean = fleet(2_000, None).iter().sum::<u64>() / 1_000;
    assert!((14_000..16_000).contains(&mean), "a mean of {mean}");
}

/// T3: a server's wish is clamped at both ends; see also `the_streams_retry_is_obeyed_within_reason`.
#[test]
fn a_servers_wish_is_obeyed_within_bounds_and_spread() {
    for (asked, least, most) in [
        (0, 20, 2_000),
        (100, 100, 2_050),
        (10_000, 10_000, 15_000),
        (600_000, 600_000, 630_000),
        (99_999_999_999, 600_000, 630_000),
        (u64::MAX, 600_000, 630_000),
    ] {
        let delays = fleet(0, Some(Millis(asked)));
        assert!(delays.iter().all(|delay| (least..=most).contains(delay)), "asked for {asked}");
        assert!(delays.iter().collect::<BTreeSet<_>>().len() > 500, "all clients were told the same {asked}");
    }
}

/// T4: the jitter is drawn for each attempt, not once for the page.
#[test]
fn the_jitter_is_drawn_for_each_attempt() {
    let mut rng = Rng::new(7);
    let delays: BTreeSet<_> = (0..100).map(|_| Backoff::DEFAULT.delay(9, None, &mut rng)).collect();
    assert!(delays.len() > 95);
}

#[test]
fn the_same_seed_gives_the_same_delays() {
    assert_eq!(fleet(3, None), fleet(3, None));
}

#[test]
fn a_policy_of_zeros_still_does_not_spin() {
    let zero = Backoff { first: Millis::ZERO, base: Millis::ZERO, cap: Millis::ZERO, factor: 0.0, max_retries: None };
    for retry in 0..5 {
        assert_eq!(zero.delay(retry, None, &mut Rng::new(1)), FLOOR);
    }
}

fn any_policy() -> impl Strategy<Value = Backoff> {
    let factor =
        prop_oneof![any::<f64>(), 1.0..4.0, Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0),];
    (any::<u64>(), any::<u64>(), any::<u64>(), factor).prop_map(|(first, base, cap, factor)| Backoff {
        first: Millis(first),
        base: Millis(base),
        cap: Millis(cap),
        factor,
        max_retries: None,
    })
}

proptest! {
    /// Invariant 5, whatever the policy, the attempt and the server's wish.
    #[test]
    fn every_delay_fits_a_timer_and_is_no_spin(
        policy in any_policy(),
        retry in any::<u32>(),
        asked in prop::option::of(any::<u64>()),
        seed in any::<u64>(),
    ) {
        let delay = policy.delay(retry, asked.map(Millis), &mut Rng::new(seed));
        prop_assert!(delay >= FLOOR && delay <= Millis::MAX_TIMER, "{:?}", delay);
    }

    #[test]
    fn no_bound_passes_the_cap_and_later_ones_are_not_smaller(
        base in 0..100_000_u64,
        cap in 0..10_000_000_u64,
        factor in 1.0..10.0_f64,
        retry in 1..100_u32,
    ) {
        let policy = Backoff { base: Millis(base), cap: Millis(cap), factor, ..Backoff::DEFAULT };
        prop_assert!(policy.bound(retry) <= Millis(cap));
        prop_assert!(policy.bound(retry) <= policy.bound(retry + 1));
    }

    #[test]
    fn without_a_wish_the_delay_is_below_the_bound(retry in 0..100_u32, seed in any::<u64>()) {
        let delay = Backoff::DEFAULT.delay(retry, None, &mut Rng::new(seed));
        prop_assert!(delay < Backoff::DEFAULT.bound(retry));
    }

    #[test]
    fn a_wish_is_never_undercut(asked in any::<u64>(), retry in any::<u32>(), seed in any::<u64>()) {
        let asked = Millis(asked);
        let delay = Backoff::DEFAULT.delay(retry, Some(asked), &mut Rng::new(seed));
        prop_assert!(delay >= asked.min(MAX_ASKED));
        prop_assert!(delay <= MAX_ASKED.after(Backoff::DEFAULT.cap));
    }
}
