//! What the application decides: its verdicts on failures, its credentials, and whether a request may be repeated.
//!
//! `T` and a number is a trap of `js-peers.md`, section 7. The auditor of the harness watches every step.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod world;

use everwire::__core::{
    backoff::Backoff,
    cause::{Kind, Verdict},
    machine::Config,
    time::Millis,
    types::{Effect, End, Head, Input, Notice, PageEvent, Phase, Report, Ruling, Transport},
    wire::{
        raw::Raw,
        relay::Relay,
        sse::{ROTATE, ROTATE_ANYWAY, Sse},
    },
};
use world::{
    Bench, Data, EVENT_SOURCE, FETCH_STREAM, HOUR, LONG_POLL, SECOND, XHR_STREAM, begins,
    bench::{asked, drops, judged, notices, refreshes},
    cause_of, closed, failed, frame, sse, status,
};

fn answers(code: u16) -> Report<Data> {
    Report::Head(status(code))
}

fn rules(verdict: Verdict) -> Input<Data> {
    Input::Judged(Some(Ruling::Verdict(verdict)))
}

// ---- verdicts of the application's own ----

/// Fetch, and an application that judges.
fn judging() -> Bench {
    let config = Config { judges: true, refreshes: true, transports: vec![FETCH_STREAM], ..Config::default() };
    Bench::with(sse(), config)
}

#[test]
fn the_application_is_asked_for_its_verdict_and_nothing_follows_before_it() {
    let mut bench = judging();
    let id = bench.id();
    let effects = bench.report(answers(404));
    assert_eq!(drops(&effects), [id], "what failed is not waited for");
    let asked = judged(&effects);
    assert_eq!((asked.len(), asked[0].status, asked[0].transport), (1, 404, Some(FETCH_STREAM)));
    assert_eq!(notices(&effects), [] as [&Notice<Data>; 0]);
    assert_eq!(bench.phase(), Phase::Waiting);
    assert_eq!(bench.later(HOUR), []);
}

#[test]
fn an_application_that_does_not_judge_is_not_asked() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM]);
    assert_eq!(judged(&bench.report(answers(404))), [] as [&_; 0]);
    assert_eq!(bench.phase(), Phase::Closed);
}

#[test]
fn no_ruling_is_the_default() {
    let mut bench = judging();
    bench.report(answers(503));
    let effects = bench.step(Input::Judged(None));
    assert_eq!(cause_of(notices(&effects)[0]).status, 503);
    assert_eq!(bench.phase(), Phase::Waiting);
    bench.waits();
    bench.report(answers(404));
    let effects = bench.step(Input::Judged(None));
    assert_eq!(cause_of(notices(&effects)[0]).status, 404);
    assert_eq!(bench.phase(), Phase::Closed);
}

#[test]
fn a_ruling_of_retry_tries_again_what_would_stop() {
    let mut bench = judging();
    for attempt in 1..=5 {
        bench.report(answers(404));
        let effects = bench.step(rules(Verdict::Retry));
        assert!(matches!(notices(&effects)[..], [Notice::Reconnecting { attempt: n, .. }] if *n == attempt));
        bench.waits();
    }
    assert_eq!(bench.rungs(), [FETCH_STREAM; 6]);
    assert!(bench.delays().iter().all(|&delay| delay > 0), "with backoff");
}

#[test]
fn a_ruling_of_stop_stops_what_would_be_tried_again() {
    let mut bench = judging();
    bench.report(failed());
    let effects = bench.step(rules(Verdict::Stop));
    assert!(matches!(notices(&effects)[..], [Notice::Closed(End { code: 1006, cause: Some(_), .. })]));
    assert_eq!(bench.later(HOUR), []);
}

#[test]
fn a_ruling_of_refresh_gets_new_credentials_for_what_is_no_401() {
    let mut bench = judging();
    bench.report(answers(403));
    assert_eq!(refreshes(&bench.step(rules(Verdict::Refresh))), 1);
    bench.step(Input::Refreshed(Ok(())));
    assert_eq!(bench.rungs(), [FETCH_STREAM; 2]);
}

#[test]
fn a_ruling_with_a_span_is_obeyed_as_the_servers_wish_and_spread() {
    let mut bench = judging();
    bench.report(answers(500));
    bench.step(Input::Judged(Some(Ruling::RetryAfter(Millis(60 * SECOND)))));
    let wait = bench.snapshot().retry_in.0;
    assert!((60 * SECOND..=90 * SECOND).contains(&wait), "{wait}");
    bench.later(2 * SECOND);
    assert_eq!(bench.page(PageEvent::Visible), [], "and no page event hurries it");
    bench.waits();
    bench.report(answers(404));
    bench.step(Input::Judged(Some(Ruling::RetryAfter(Millis::ZERO))));
    assert_eq!(bench.phase(), Phase::Waiting, "to wait is to retry");
}

#[test]
fn a_ruling_steps_down_as_the_default_would() {
    let mut bench = Bench::with(Relay, Config { judges: true, ..Config::default() });
    bench.breaks();
    let effects = bench.step(Input::Judged(None));
    assert_eq!(bench.rungs().last(), Some(&EVENT_SOURCE));
    assert!(matches!(notices(&effects)[..], [Notice::Reconnecting { delay: Millis::ZERO, .. }]));
}

#[test]
fn a_ruling_with_a_span_is_waited_for_also_before_the_next_rung() {
    let mut bench = Bench::with(Relay, Config { judges: true, ..Config::default() });
    bench.breaks();
    bench.step(Input::Judged(Some(Ruling::RetryAfter(Millis(60 * SECOND)))));
    assert_eq!(bench.tries.len(), 1);
    assert!(bench.snapshot().retry_in.0 >= 60 * SECOND);
    bench.waits();
    assert_eq!(bench.rungs().last(), Some(&EVENT_SOURCE));
}

#[test]
fn a_transport_that_the_host_lacks_is_no_failure_to_judge() {
    let mut bench = Bench::with(Relay, Config { judges: true, ..Config::default() });
    assert_eq!(judged(&bench.report(Report::Unusable { why: "".into() })), [] as [&_; 0]);
    assert_eq!(bench.rungs().last(), Some(&EVENT_SOURCE));
}

#[test]
fn what_happens_before_the_verdict_comes_first() {
    let meanwhile: [(Input<Data>, Phase, usize); 6] = [
        (Input::Close { code: 1000, reason: "".into() }, Phase::Closed, 1),
        (Input::Reconnect, Phase::Connecting, 2),
        (Input::Page(PageEvent::Cached), Phase::Waiting, 1),
        (Input::Page(PageEvent::Online), Phase::Waiting, 1),
        (Input::Page(PageEvent::Visible), Phase::Waiting, 1),
        (Input::Tick, Phase::Waiting, 1),
    ];
    for (input, phase, tries) in meanwhile {
        let mut bench = judging();
        bench.report(failed());
        bench.step(input.clone());
        assert_eq!((bench.phase(), bench.tries.len()), (phase, tries), "{input:?}");
    }
}

#[test]
fn a_page_that_comes_back_from_the_cache_waits_for_no_verdict() {
    let mut bench = judging();
    bench.report(failed());
    bench.page(PageEvent::Cached);
    bench.page(PageEvent::Restored);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, 2));
}

#[test]
fn a_verdict_that_nobody_waits_for_changes_nothing() {
    let ends: [fn(&mut Bench); 4] = [
        |bench| drop(bench.step(Input::Reconnect)),
        |bench| {
            bench.page(PageEvent::Cached);
            bench.page(PageEvent::Restored);
        },
        |bench| drop(bench.step(Input::Judged(None))),
        |bench| drop(bench.close()),
    ];
    for end in ends {
        let mut bench = judging();
        bench.report(failed());
        end(&mut bench);
        let (before, due) = (bench.snapshot(), bench.machine.next_deadline());
        for late in [rules(Verdict::Stop), rules(Verdict::Refresh), Input::Judged(None)] {
            assert_eq!(bench.step(late), []);
        }
        assert_eq!((bench.snapshot(), bench.machine.next_deadline()), (before, due));
    }
}

// ---- credentials ----

fn refreshing(transports: &[Transport]) -> Bench {
    Bench::with(sse(), Config { refreshes: true, transports: transports.into(), ..Config::default() })
}

#[test]
fn refused_credentials_are_renewed_at_once_the_first_time() {
    let mut bench = refreshing(&[FETCH_STREAM]);
    let id = bench.id();
    let effects = bench.report(answers(401));
    assert_eq!((drops(&effects), refreshes(&effects)), (vec![id], 1));
    let told = notices(&effects);
    assert!(matches!(told[..], [Notice::Reconnecting { attempt: 1, delay: Millis::ZERO, .. }]), "{told:?}");
    assert_eq!(cause_of(told[0]).status, 401);
    assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Connecting, None));
    let effects = bench.step(Input::Refreshed(Ok(())));
    assert_eq!(asked(&effects), [""]);
    bench.report(begins());
    assert_eq!(bench.phase(), Phase::Open);
}

#[test]
fn close_codes_that_mean_credentials_renew_them_as_well() {
    for code in [1008, 4401] {
        let mut bench = Bench::with(Raw::default(), Config { refreshes: true, ..Config::default() });
        bench.opens();
        assert_eq!(refreshes(&bench.report(closed(code, ""))), 1, "{code}");
        bench.step(Input::Refreshed(Ok(())));
        assert_eq!(bench.tries.len(), 2);
    }
}

#[test]
fn new_credentials_that_are_refused_as_well_are_renewed_with_backoff() {
    let mut bench = refreshing(&[FETCH_STREAM]);
    bench.report(answers(401));
    for _ in 0..10 {
        bench.step(Input::Refreshed(Ok(())));
        assert_eq!(refreshes(&bench.report(answers(401))), 0, "not at once");
        assert_eq!(refreshes(&bench.waits()), 1);
    }
    assert!(bench.delays()[1..].iter().all(|&delay| delay > 0));
    assert_eq!(bench.snapshot().attempt, 11);
}

/// Also where a connection counts from its opening on.
#[test]
fn a_server_that_accepts_and_wants_other_credentials_is_not_asked_in_a_circle() {
    let config = Config { refreshes: true, min_uptime: Millis::ZERO, ..Config::default() };
    let mut bench = Bench::with(Raw::default(), config);
    let mut at_once = 0;
    for _ in 0..10 {
        bench.opens();
        bench.later(1);
        if refreshes(&bench.report(closed(4401, ""))) == 1 {
            at_once += 1;
        } else {
            bench.waits();
        }
        bench.step(Input::Refreshed(Ok(())));
    }
    assert!(at_once < 10, "each at once");
    assert!(bench.delays().iter().skip(1).any(|&delay| delay > 0), "{:?}", bench.delays());
}

#[test]
fn credentials_that_held_for_a_while_are_renewed_at_once_again() {
    let mut bench = refreshing(&[FETCH_STREAM]);
    for _ in 0..3 {
        assert_eq!(refreshes(&bench.report(answers(401))), 1);
        bench.step(Input::Refreshed(Ok(())));
        bench.report(begins());
        bench.chunk("data: x\n\n");
        bench.later(HOUR);
        bench.report(failed());
        bench.waits();
        bench.report(begins());
        bench.later(HOUR);
        bench.step(Input::Reconnect);
    }
}

/// T9: the provider's failure ends nothing, and is no lock.
#[test]
fn a_provider_that_fails_is_a_failed_try_and_is_asked_again() {
    let mut bench = refreshing(&[FETCH_STREAM]);
    bench.report(answers(401));
    for attempt in 2..10 {
        let effects = bench.step(Input::Refreshed(Err("the identity provider is down".into())));
        let told = notices(&effects);
        assert!(matches!(told[..], [Notice::Reconnecting { attempt: n, .. }] if *n == attempt), "{told:?}");
        assert_eq!(
            (cause_of(told[0]).kind, cause_of(told[0]).reason.to_string()),
            (Kind::Provider, "the identity provider is down".into())
        );
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Waiting, 1), "the old ones are not tried again");
        assert_eq!(refreshes(&bench.waits()), 1);
    }
    bench.step(Input::Refreshed(Ok(())));
    assert_eq!(bench.rungs(), [FETCH_STREAM; 2], "and it is no fault of the rung");
}

#[test]
fn a_provider_that_does_not_answer_is_a_failed_try_and_what_it_says_later_is_too_late() {
    let mut bench = refreshing(&[FETCH_STREAM]);
    bench.report(answers(401));
    assert_eq!(notices(&bench.later(9_999)), [] as [&Notice<Data>; 0]);
    let effects = bench.later(1);
    assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Provider);
    assert_eq!(bench.phase(), Phase::Waiting);
    assert_eq!(bench.step(Input::Refreshed(Ok(()))), []);
    assert_eq!(refreshes(&bench.waits()), 1);
}

#[test]
fn without_a_provider_a_401_stops() {
    for transport in [FETCH_STREAM, XHR_STREAM, LONG_POLL] {
        let mut bench = Bench::on(sse(), &[transport]);
        let effects = bench.report(answers(401));
        assert_eq!(cause_of(notices(&effects)[0]).status, 401);
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Closed, 1));
    }
    let mut bench = Bench::with(sse(), Config { judges: true, transports: vec![FETCH_STREAM], ..Config::default() });
    bench.report(answers(500));
    bench.step(rules(Verdict::Refresh));
    assert_eq!(bench.phase(), Phase::Closed, "nor does a ruling make one");
}

#[test]
fn the_limit_on_retries_holds_for_credentials() {
    let backoff = Backoff { max_retries: Some(2), ..Backoff::DEFAULT };
    let config = || Config { backoff, refreshes: true, transports: vec![FETCH_STREAM], ..Config::default() };
    let mut bench = Bench::with(sse(), config());
    bench.report(answers(401));
    bench.step(Input::Refreshed(Ok(())));
    bench.report(answers(401));
    bench.waits();
    bench.step(Input::Refreshed(Ok(())));
    let effects = bench.report(answers(401));
    assert_eq!(cause_of(notices(&effects)[0]).status, 401);
    assert_eq!(bench.phase(), Phase::Closed);

    let mut bench = Bench::with(sse(), config());
    bench.report(answers(401));
    bench.step(Input::Refreshed(Err("no".into())));
    bench.waits();
    let effects = bench.step(Input::Refreshed(Err("no".into())));
    assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Provider);
    assert_eq!(bench.phase(), Phase::Closed);
}

#[test]
fn what_the_application_and_the_page_do_meanwhile_comes_before_the_credentials() {
    let mut bench = refreshing(&[FETCH_STREAM]);
    bench.report(answers(401));
    assert_eq!(refreshes(&bench.step(Input::Reconnect)), 1, "they are stale all the same");
    bench.page(PageEvent::Cached);
    assert_eq!(bench.step(Input::Refreshed(Ok(()))), []);
    assert_eq!(refreshes(&bench.page(PageEvent::Restored)), 1);
    bench.close();
    assert_eq!(bench.step(Input::Refreshed(Ok(()))), []);
    assert_eq!(bench.tries.len(), 1);
}

#[test]
fn a_rotated_request_that_is_refused_renews_the_credentials_too() {
    let mut bench = refreshing(&[XHR_STREAM]);
    bench.report(begins());
    rotates(&mut bench);
    assert_eq!(refreshes(&bench.report(answers(401))), 1);
    assert_eq!(asked(&bench.step(Input::Refreshed(Ok(())))), ["1"]);
}

// ---- providers of the URL, of headers and of the body ----

/// T9: what the application throws is a failed try, and no lock.
#[test]
fn a_provider_that_fails_before_the_request_is_a_failed_try_and_no_strike_against_the_rung() {
    for transport in [EVENT_SOURCE, FETCH_STREAM, LONG_POLL] {
        let mut bench = Bench::on(sse(), &[transport, if transport == LONG_POLL { FETCH_STREAM } else { LONG_POLL }]);
        for attempt in 1..=5 {
            let effects = bench.report(Report::Unready { why: "no token".into() });
            let told = notices(&effects);
            assert!(matches!(told[..], [Notice::Reconnecting { attempt: n, .. }] if *n == attempt), "{told:?}");
            assert_eq!(cause_of(told[0]).kind, Kind::Provider);
            bench.waits();
        }
        assert_eq!(bench.rungs(), [transport; 6]);
        assert!(bench.delays().iter().all(|&delay| delay > 0));
    }
}

// ---- what may not be repeated ----

/// A request that may not be repeated, over this rung.
fn once_on(transports: &[Transport]) -> Bench {
    let wire = Sse { needs_fetch: true, ..sse() };
    let transports = transports.into();
    Bench::with(wire, Config { repeatable: false, refreshes: true, transports, ..Config::default() })
}

/// The XHR that is open grows past the size at which it is rotated, where that is possible.
fn rotates(bench: &mut Bench) -> Vec<Effect<Data>> {
    bench.heavy("id: 1\ndata: one\n\n", ROTATE)
}

#[test]
fn a_network_failure_stops_what_may_not_be_repeated() {
    for open in [false, true] {
        let mut bench = once_on(&[]);
        if open {
            bench.report(begins());
            bench.chunk("data: half of it\n\n");
        }
        let effects = bench.report(failed());
        assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Network);
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Closed, 1));
    }
    let mut bench = once_on(&[]);
    bench.later(10 * SECOND);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Closed, 1), "it may have arrived");
}

#[test]
fn the_end_of_what_may_not_be_repeated_is_its_end() {
    for transport in [FETCH_STREAM, XHR_STREAM, LONG_POLL] {
        let mut bench = once_on(&[transport]);
        bench.report(begins());
        bench.chunk("id: 1\ndata: all of it\n\n");
        let effects = bench.report(Report::Done);
        assert!(
            matches!(notices(&effects)[..], [Notice::Closed(End { code: 1000, cause: None, .. })]),
            "{transport:?}: {effects:?}"
        );
        assert_eq!((bench.messages(), bench.tries.len()), (vec!["all of it".into()], 1));
    }
}

#[test]
fn what_the_server_did_not_act_on_is_asked_again() {
    for code in [425, 429, 503] {
        let mut bench = once_on(&[]);
        let head = Head { retry_after: Some(Millis(7 * SECOND)), ..status(code) };
        bench.report(Report::Head(head));
        assert!((7 * SECOND..11 * SECOND).contains(&bench.snapshot().retry_in.0), "{code}");
        bench.waits();
        assert_eq!(bench.rungs(), [FETCH_STREAM; 2]);
    }
    let mut bench = once_on(&[]);
    bench.report(answers(401));
    bench.step(Input::Refreshed(Ok(())));
    assert_eq!(bench.rungs(), [FETCH_STREAM; 2]);
    bench.report(Report::Unready { why: "".into() });
    bench.waits();
    assert_eq!(bench.rungs(), [FETCH_STREAM; 3]);
    bench.report(Report::Unusable { why: "".into() });
    assert_eq!(bench.rungs()[3..], [XHR_STREAM]);
}

#[test]
fn what_the_server_may_have_acted_on_is_not() {
    for code in [408, 500, 502, 504, 204, 404] {
        let mut bench = once_on(&[]);
        bench.report(answers(code));
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Closed, 1), "{code}");
    }
}

#[test]
fn no_ruling_repeats_what_may_not_be_repeated() {
    for ruling in [Ruling::Verdict(Verdict::Retry), Ruling::Verdict(Verdict::Refresh), Ruling::RetryAfter(Millis(9))] {
        let config = Config { repeatable: false, judges: true, refreshes: true, ..Config::default() };
        let mut bench = Bench::with(Sse { needs_fetch: true, ..sse() }, config);
        bench.report(failed());
        bench.step(Input::Judged(Some(ruling)));
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Closed, 1));
    }
}

/// A language model that thinks for long has not failed.
#[test]
fn what_may_not_be_repeated_is_not_left_for_its_silence() {
    for transport in [FETCH_STREAM, XHR_STREAM, LONG_POLL] {
        let begin_with = Some(transport);
        let config =
            Config { repeatable: false, begin_with, first_byte: Some(Millis(3 * SECOND)), ..Config::default() };
        let mut bench = Bench::with(Sse { needs_fetch: true, ..sse() }, config);
        assert_eq!(bench.rungs(), [transport]);
        bench.report(begins());
        bench.later(HOUR);
        assert_eq!(bench.phase(), Phase::Open, "{transport:?}");
        bench.step(Input::WallClock(Millis(0)));
        bench.step(Input::WallClock(Millis(24 * HOUR)));
        bench.later(HOUR);
        assert_eq!(bench.phase(), Phase::Open, "nor for a sleep, which is no proof: {transport:?}");
    }
}

#[test]
fn what_may_not_be_repeated_is_not_asked_a_second_time_to_see_if_a_better_transport_works() {
    for transport in [XHR_STREAM, LONG_POLL] {
        let transports = vec![FETCH_STREAM, XHR_STREAM, LONG_POLL];
        let config = Config { repeatable: false, begin_with: Some(transport), transports, ..Config::default() };
        let mut bench = Bench::with(sse(), config);
        bench.report(begins());
        bench.later(HOUR);
        assert_eq!(bench.rungs(), [transport]);
    }
}

#[test]
fn what_may_not_be_repeated_is_not_rotated() {
    let mut bench = once_on(&[XHR_STREAM]);
    bench.report(begins());
    for _ in 0..3 {
        assert_eq!(asked(&rotates(&mut bench)), [""; 0]);
    }
    bench.chunk("data: two\n\n");
    let effects = bench.report(Report::Done);
    assert!(matches!(notices(&effects)[..], [Notice::Closed(End { code: 1000, cause: None, .. })]));
}

#[test]
fn an_answer_that_was_cut_off_for_its_size_is_not_told_as_whole() {
    let mut bench = once_on(&[XHR_STREAM]);
    bench.report(begins());
    bench.chunk("data: one\n\n");
    let effects = bench.heavy(":\n", ROTATE_ANYWAY);
    let told = notices(&effects);
    assert!(matches!(told[..], [Notice::Closed(End { code: 1006, cause: Some(_), .. })]), "{told:?}");
}

#[test]
fn what_may_not_be_repeated_is_given_up_when_its_page_is_left() {
    for open in [false, true] {
        let mut bench = once_on(&[]);
        if open {
            bench.report(begins());
        }
        let effects = bench.page(PageEvent::Cached);
        assert!(matches!(notices(&effects)[..], [Notice::Closed(End { cause: Some(_), .. })]));
        bench.page(PageEvent::Restored);
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Closed, 1));
    }
}

#[test]
fn the_application_may_repeat_it_by_its_own_word() {
    let mut bench = once_on(&[]);
    bench.report(begins());
    bench.step(Input::Reconnect);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, 2));
}

#[test]
fn a_socket_is_not_a_request() {
    let mut bench = Bench::open(Raw::default());
    bench.report(frame("x"));
    bench.breaks();
    assert_eq!(bench.phase(), Phase::Waiting);
}
