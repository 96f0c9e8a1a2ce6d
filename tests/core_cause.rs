//! Verdicts: what a failure means.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use everwire::__core::{
    cause::{
        Cause, Kind,
        Verdict::{self, Refresh, Retry, Stop},
    },
    time::Millis,
};

fn of_status(status: u16) -> Verdict {
    Cause::status(status, None).verdict()
}

fn of_code(code: u16) -> Verdict {
    Cause::close(code, "").verdict()
}

#[test]
fn each_http_status_has_its_verdict() {
    for status in 0..=u16::MAX {
        let expected = match status {
            408 | 425 | 429 | 500..=599 => Retry,
            401 => Refresh,
            _ => Stop,
        };
        assert_eq!(of_status(status), expected, "{status}");
    }
}

/// T23: 204 is the standard's way for a server to end an event stream.
#[test]
fn no_content_and_redirects_and_refusals_stop() {
    for status in [204, 301, 304, 400, 403, 404, 410, 426] {
        assert_eq!(of_status(status), Stop, "{status}");
    }
}

#[test]
fn each_close_code_has_its_verdict() {
    for code in 0..=u16::MAX {
        let expected = match code {
            1002 | 1003 | 1007 | 1009 | 1010 | 4403 => Stop,
            1008 | 4401 => Refresh,
            _ => Retry,
        };
        assert_eq!(of_code(code), expected, "{code}");
    }
}

/// T15: what a proxy or a restart says is no reason to stop; the stream's ordinary end (0) is none either.
#[test]
fn going_away_restarts_and_normal_closes_are_retried() {
    for code in [0, 1000, 1001, 1005, 1006, 1011, 1012, 1013, 1015, 3000, 4000, 4999] {
        assert_eq!(of_code(code), Retry, "{code}");
    }
}

#[test]
fn each_kind_without_a_number_has_its_verdict() {
    for (kind, verdict) in [
        (Kind::Network, Retry),
        (Kind::Timeout, Retry),
        (Kind::Silence, Retry),
        (Kind::Provider, Retry),
        (Kind::ContentType, Stop),
        (Kind::Protocol, Stop),
        (Kind::Overflow, Stop),
        (Kind::Application, Stop),
        (Kind::Unusable, Stop),
    ] {
        assert_eq!(Cause::new(kind).verdict(), verdict, "{kind:?}");
    }
}

#[test]
fn a_cause_keeps_what_is_known() {
    let cause = Cause::status(503, Some(Millis(5))).because("full");
    assert_eq!((cause.status, cause.retry_after, cause.reason.to_string()), (503, Some(Millis(5)), "full".into()));
    let cause = Cause::close(4001, "moved");
    assert_eq!((cause.code, cause.reason.to_string(), cause.transport), (4001, "moved".into(), None));
}
