//! Time of a thread's own, and what is to happen in it.

use std::{cell::RefCell, collections::BTreeMap, mem};

use super::task;
use crate::core::time::Millis;

/// 2026-01-01T00:00:00Z, in milliseconds since 1970.
const WALL: Millis = Millis(1_767_225_600_000);

/// When it is due, and what sets it apart from others that are due then.
type Due = (Millis, u64);

#[derive(Default)]
struct Clock {
    now: Millis,
    /// Seeds that were given.
    seeds: u64,
    /// Timers that were set. It goes on when the clock is reset: what is left of a timer from before must not cancel one from after.
    timers: u64,
    pending: BTreeMap<Due, Box<dyn FnOnce()>>,
}

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::default();
}

/// Milliseconds since the clock was set.
pub(crate) fn now() -> Millis {
    CLOCK.with_borrow(|clock| clock.now)
}

/// Milliseconds since 1970.
pub(in crate::web) fn wall() -> Millis {
    WALL.after(now())
}

/// A number to begin with: the same in each run, and another for each connection.
pub(in crate::web) fn seed() -> u64 {
    CLOCK.with_borrow_mut(|clock| {
        clock.seeds = clock.seeds.wrapping_add(1);
        clock.seeds
    })
}

/// What calls back once; dropping it cancels it.
pub(in crate::web) struct Timer(Due);

impl Drop for Timer {
    fn drop(&mut self) {
        let gone = CLOCK.with_borrow_mut(|clock| clock.pending.remove(&self.0));
        drop(gone);
    }
}

fn put(at: Millis, then: Box<dyn FnOnce()>) -> Due {
    CLOCK.with_borrow_mut(|clock| {
        clock.timers = clock.timers.wrapping_add(1);
        let due = (at.max(clock.now), clock.timers);
        clock.pending.insert(due, then);
        due
    })
}

/// Calls `then` at the time `at`. Dropping it cancels it.
pub(in crate::web) fn at(at: Millis, then: impl FnOnce() + 'static) -> Timer {
    Timer(put(at, Box::new(then)))
}

/// Calls `then` after this span, in any case.
pub(super) fn later(span: Millis, then: impl FnOnce() + 'static) {
    put(now().after(span), Box::new(then));
}

/// Sets the clock to zero; what was to happen does not.
pub(crate) fn reset() {
    let old = CLOCK.with_borrow_mut(|clock| mem::replace(clock, Clock { timers: clock.timers, ..Clock::default() }));
    drop(old);
}

/// Does what is next, if that is due by `until`; and says whether it was.
pub(crate) fn step(until: Millis) -> bool {
    if task::run() {
        return true;
    }
    let next = CLOCK.with_borrow_mut(|clock| {
        let due = clock.pending.first_entry().filter(|first| first.key().0 <= until)?;
        clock.now = due.key().0;
        Some(due.remove())
    });
    next.map(|then| then()).is_some()
}

/// Time passes: all happens that is due by then.
pub(crate) fn run_until(until: Millis) {
    while step(until) {}
    CLOCK.with_borrow_mut(|clock| clock.now = clock.now.max(until));
}
