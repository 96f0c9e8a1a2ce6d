//! The faults that hold for the whole server for a while: no WebSockets, nothing written, nothing available.

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clock;

#[derive(Clone, Copy, Debug)]
enum Until {
    Off,
    Moment(Instant),
    Reset,
}

/// One such fault: off, on until a moment, or on until it is reset.
#[derive(Debug)]
pub(crate) struct Switch(watch::Sender<Until>);

impl Default for Switch {
    fn default() -> Self {
        Self(watch::Sender::new(Until::Off))
    }
}

impl Switch {
    /// On for `ms`; 0 is off, `None` is on until a reset.
    pub(crate) fn turn_on(&self, ms: Option<u64>) {
        self.0.send_replace(match ms {
            Some(0) => Until::Off,
            Some(ms) => Until::Moment(clock::in_ms(ms)),
            None => Until::Reset,
        });
    }

    pub(crate) fn turn_off(&self) {
        self.0.send_replace(Until::Off);
    }

    pub(crate) fn is_on(&self) -> bool {
        match *self.0.borrow() {
            Until::Off => false,
            Until::Moment(end) => Instant::now() < end,
            Until::Reset => true,
        }
    }

    /// Milliseconds left, when there is an end.
    pub(crate) fn left_ms(&self) -> Option<u64> {
        match *self.0.borrow() {
            Until::Moment(end) => {
                Some(u64::try_from(end.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(0))
            }
            Until::Off | Until::Reset => None,
        }
    }

    /// Waits until it is off.
    pub(crate) fn over(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.0.subscribe();
        async move {
            loop {
                let until = *state.borrow_and_update();
                let changed = match until {
                    Until::Off => return,
                    Until::Moment(end) if end <= Instant::now() => return,
                    Until::Moment(end) => tokio::select! {
                        () = sleep_until(end) => Ok(()),
                        changed = state.changed() => changed,
                    },
                    Until::Reset => state.changed().await,
                };
                if changed.is_err() {
                    return;
                }
            }
        }
    }

    fn state(&self) -> Value {
        json!({ "on": self.is_on(), "leftMs": if self.is_on() { self.left_ms() } else { None } })
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) refuse_websocket: Switch,
    pub(crate) stall: Switch,
    pub(crate) unavailable: Switch,
}

impl Switches {
    pub(crate) fn reset(&self) {
        self.refuse_websocket.turn_off();
        self.stall.turn_off();
        self.unavailable.turn_off();
    }

    pub(crate) fn state(&self) -> Value {
        json!({
            "refuseWebSocket": self.refuse_websocket.state(),
            "stall": self.stall.state(),
            "unavailable": self.unavailable.state(),
        })
    }
}
