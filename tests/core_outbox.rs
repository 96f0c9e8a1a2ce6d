//! The outbox: bounded in count and in bytes, first in, first out; and the terms on which a message waits in it.
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
    outbox::{Bounds, Outbox, Terms, WhenFull},
    time::Millis,
    types::Why,
};
use proptest::{prelude::*, sample::select};
use world::Data;

fn outbox(messages: usize, bytes: usize, when_full: WhenFull) -> Outbox<Data> {
    Outbox::new(Bounds { messages, bytes, when_full, ..Bounds::DEFAULT })
}

/// Takes one in, and says what had to go for it.
fn push(outbox: &mut Outbox<Data>, message: Data) -> Result<Vec<Data>, Data> {
    let gone = outbox.push(Millis::ZERO, message, Terms::default())?;
    Ok(gone.into_iter().inspect(|(_, why)| assert_eq!(*why, Why::Full)).map(|(message, _)| message).collect())
}

/// What is given up, and why.
type Gone = Vec<(Data, Why)>;

/// Takes one in at this time, on these terms: a key, and how long it may wait.
fn push_on(outbox: &mut Outbox<Data>, at: u64, text: &str, key: &str, ttl: Option<u64>) -> Result<Gone, Data> {
    outbox.push(Millis(at), Data::new(text), Terms { key: key.into(), ttl: ttl.map(Millis), ..Terms::default() })
}

fn gone(list: &[&str], why: Why) -> Gone {
    list.iter().map(|text| (Data::new(text), why)).collect()
}

fn texts(list: &[&str]) -> Vec<Data> {
    list.iter().map(|text| Data::new(text)).collect()
}

fn emptied(mut outbox: Outbox<Data>) -> Vec<Data> {
    let all = std::iter::from_fn(|| outbox.pop()).collect();
    assert_eq!((outbox.len(), outbox.bytes(), outbox.is_empty()), (0, 0, true));
    all
}

#[test]
fn the_default_is_a_thousand_messages_and_a_mebibyte_and_refuses() {
    assert_eq!(
        Bounds::default(),
        Bounds { messages: 1_000, bytes: 1 << 20, when_full: WhenFull::Refuse, ttl: Millis::NEVER }
    );
    let mut outbox = Outbox::new(Bounds::DEFAULT);
    for _ in 0..1_000 {
        assert!(push(&mut outbox, Data::new("x")).is_ok());
    }
    assert!(push(&mut outbox, Data::new("x")).is_err());
    assert_eq!((outbox.len(), outbox.bytes()), (1_000, 1_000));
}

#[test]
fn messages_leave_in_the_order_in_which_they_came() {
    let mut outbox = outbox(10, 100, WhenFull::Refuse);
    for text in texts(&["a", "b", "c"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    assert_eq!(emptied(outbox), texts(&["a", "b", "c"]));
}

#[test]
fn a_full_one_that_refuses_hands_the_message_back_and_keeps_what_it_has() {
    for (messages, bytes) in [(2, 100), (100, 2)] {
        let mut outbox = outbox(messages, bytes, WhenFull::Refuse);
        assert_eq!(push(&mut outbox, Data::new("a")), Ok(vec![]));
        assert_eq!(push(&mut outbox, Data::new("b")), Ok(vec![]));
        assert_eq!(push(&mut outbox, Data::new("c")), Err(Data::new("c")));
        assert_eq!(emptied(outbox), texts(&["a", "b"]));
    }
}

#[test]
fn a_full_one_that_drops_gives_up_the_oldest_and_no_more_than_it_must() {
    let mut outbox = outbox(3, 6, WhenFull::DropOldest);
    for text in texts(&["1", "22", "333"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    assert_eq!(push(&mut outbox, Data::new("4")), Ok(texts(&["1"])));
    assert_eq!(push(&mut outbox, Data::new("5555")), Ok(texts(&["22", "333"])));
    assert_eq!(emptied(outbox), texts(&["4", "5555"]));
}

#[test]
fn a_message_that_is_larger_than_the_bounds_costs_no_other_its_place() {
    for when_full in WhenFull::ALL {
        let mut outbox = outbox(3, 6, when_full);
        assert_eq!(push(&mut outbox, Data::new("a")), Ok(vec![]));
        assert_eq!(push(&mut outbox, Data::new("1234567")), Err(Data::new("1234567")));
        assert_eq!(emptied(outbox), texts(&["a"]));
    }
}

#[test]
fn an_outbox_of_no_messages_takes_none() {
    for when_full in WhenFull::ALL {
        assert_eq!(push(&mut outbox(0, 100, when_full), Data::new("")), Err(Data::new("")));
    }
}

#[test]
fn empty_messages_are_bounded_by_count() {
    let mut outbox = outbox(2, 0, WhenFull::Refuse);
    assert!(push(&mut outbox, Data::new("")).is_ok());
    assert!(push(&mut outbox, Data::Bytes(vec![])).is_ok());
    assert!(push(&mut outbox, Data::new("")).is_err());
}

/// T18: what comes back takes its place again, before those that came later, whether there is room or not.
#[test]
fn what_is_put_back_keeps_its_place_and_is_not_refused() {
    let mut outbox = outbox(2, 2, WhenFull::Refuse);
    for text in texts(&["a", "b"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    let (a, b) = (outbox.pop().unwrap(), outbox.pop().unwrap());
    for text in texts(&["c", "d"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    outbox.put_back(Millis::ZERO, a);
    outbox.put_back(Millis::ZERO, b);
    assert_eq!((outbox.len(), outbox.bytes()), (4, 4));
    assert_eq!(push(&mut outbox, Data::new("e")), Err(Data::new("e")));
    assert_eq!(emptied(outbox), texts(&["a", "b", "c", "d"]));
}

/// A new attempt takes them all, so what comes back from it goes before all of them.
#[test]
fn what_comes_back_from_the_next_attempt_goes_before_what_came_back_from_the_last() {
    let mut outbox = outbox(9, 9, WhenFull::Refuse);
    for text in texts(&["a", "b", "c"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    let (a, b) = (outbox.pop().unwrap(), outbox.pop().unwrap());
    outbox.put_back(Millis::ZERO, b);
    outbox.begins_anew();
    outbox.put_back(Millis::ZERO, a);
    assert_eq!(emptied(outbox), texts(&["a", "b", "c"]));
}

#[test]
fn what_came_last_can_be_moved_up_without_changing_the_order_of_the_rest() {
    let mut outbox = Outbox::new(Bounds::DEFAULT);
    for text in ["a", "b", "c"] {
        assert!(push(&mut outbox, Data::Text(text.into())).is_ok());
    }
    for text in ["first", "second"] {
        assert!(push(&mut outbox, Data::Text(text.into())).is_ok());
        outbox.move_up();
    }
    assert_eq!(emptied(outbox), texts(&["first", "second", "a", "b", "c"]));
}

/// Whatever goes from among those that go first, the place behind them is still the right one.
#[test]
fn the_place_behind_those_that_came_back_is_kept_when_some_of_them_go() {
    let goes: [fn(&mut Outbox<Data>); 3] = [
        |outbox| assert_eq!(outbox.pop(), Some(Data::new("a"))),
        |outbox| assert_eq!(outbox.expired(Millis(60)), gone(&["a"], Why::Expired)),
        |outbox| assert_eq!(push_on(outbox, 0, "b2", "b", None), Ok(gone(&["b"], Why::Replaced))),
    ];
    for (goes, left) in goes.into_iter().zip([&["b", "c", "x"][..], &["b", "c", "x"], &["a", "c", "x", "b2"]]) {
        let mut outbox = outbox(9, 99, WhenFull::Refuse);
        assert_eq!(push_on(&mut outbox, 0, "x", "", None), Ok(vec![]));
        assert_eq!(push_on(&mut outbox, 0, "a", "", Some(50)), Ok(vec![]));
        outbox.move_up();
        assert_eq!(push_on(&mut outbox, 0, "b", "b", None), Ok(vec![]));
        outbox.move_up();
        goes(&mut outbox);
        outbox.put_back(Millis::ZERO, Data::new("c"));
        assert_eq!(emptied(outbox), texts(left));
    }
}

// ---- the newest goes ----

#[test]
fn a_full_one_may_give_up_the_newest_of_those_that_wait() {
    let mut outbox = outbox(3, 6, WhenFull::DropNewest);
    for text in texts(&["1", "22", "333"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    assert_eq!(push(&mut outbox, Data::new("4")), Ok(texts(&["333"])));
    assert_eq!(push(&mut outbox, Data::new("5555")), Ok(texts(&["4", "22"])), "and no more than it must");
    assert_eq!(emptied(outbox), texts(&["1", "5555"]));
}

#[test]
fn the_newest_is_that_also_when_some_have_left() {
    let mut outbox = outbox(3, 9, WhenFull::DropNewest);
    for text in texts(&["a", "b", "c"]) {
        assert_eq!(push(&mut outbox, text), Ok(vec![]));
    }
    assert_eq!(outbox.pop(), Some(Data::new("a")));
    assert_eq!(push(&mut outbox, Data::new("d")), Ok(vec![]));
    assert_eq!(push(&mut outbox, Data::new("e")), Ok(texts(&["d"])));
    assert_eq!(push(&mut outbox, Data::new("123456789")), Ok(texts(&["e", "c", "b"])));
    assert_eq!(emptied(outbox), texts(&["123456789"]));
}

// ---- how long a message waits ----

#[test]
fn a_message_whose_time_is_up_is_given_up_and_the_others_keep_their_order() {
    let mut outbox = Outbox::new(Bounds { ttl: Millis(100), ..Bounds::DEFAULT });
    for (text, ttl) in [("a", None), ("b", Some(50)), ("c", Some(500)), ("d", Some(50)), ("e", None)] {
        assert_eq!(push_on(&mut outbox, 10, text, "", ttl), Ok(vec![]));
    }
    assert_eq!(outbox.soonest(), Millis(60));
    assert_eq!(outbox.expired(Millis(59)), []);
    assert_eq!(outbox.expired(Millis(60)), gone(&["b", "d"], Why::Expired));
    assert_eq!((outbox.soonest(), outbox.len(), outbox.bytes()), (Millis(110), 3, 3));
    assert_eq!(outbox.expired(Millis(200)), gone(&["a", "e"], Why::Expired));
    assert_eq!(outbox.soonest(), Millis(510));
    assert_eq!(emptied(outbox), texts(&["c"]));
}

#[test]
fn without_a_limit_a_message_waits_for_as_long_as_it_takes() {
    let mut outbox = Outbox::new(Bounds::DEFAULT);
    assert_eq!(push_on(&mut outbox, 10, "a", "", None), Ok(vec![]));
    assert_eq!((outbox.soonest(), outbox.expired(Millis(u64::MAX - 1))), (Millis::NEVER, vec![]));
}

#[test]
fn an_empty_outbox_has_nothing_that_could_expire() {
    let mut outbox = Outbox::new(Bounds::DEFAULT);
    assert_eq!(push_on(&mut outbox, 0, "a", "", Some(5)), Ok(vec![]));
    assert_eq!(outbox.pop(), Some(Data::new("a")));
    assert_eq!(outbox.soonest(), Millis::NEVER);
}

#[test]
fn what_is_put_back_waits_for_as_long_as_the_outbox_has_it_from_then_on() {
    let mut outbox = Outbox::new(Bounds { ttl: Millis(100), ..Bounds::DEFAULT });
    assert_eq!(push_on(&mut outbox, 0, "a", "", Some(5)), Ok(vec![]));
    let a = outbox.pop().unwrap();
    outbox.put_back(Millis(50), a);
    assert_eq!((outbox.soonest(), outbox.expired(Millis(149))), (Millis(150), vec![]));
    assert_eq!(outbox.expired(Millis(150)), gone(&["a"], Why::Expired));
}

// ---- keys ----

#[test]
fn of_the_messages_with_a_key_only_the_newest_waits_in_its_own_place() {
    let mut outbox = Outbox::new(Bounds::DEFAULT);
    for (text, key, replaced) in [
        ("x 1", "x", &[][..]),
        ("plain", "", &[]),
        ("y 1", "y", &[]),
        ("x 2", "x", &["x 1"]),
        ("plain too", "", &[]),
        ("x 3", "x", &["x 2"]),
    ] {
        assert_eq!(push_on(&mut outbox, 0, text, key, None), Ok(gone(replaced, Why::Replaced)));
    }
    assert_eq!(emptied(outbox), texts(&["plain", "y 1", "plain too", "x 3"]));
}

#[test]
fn what_is_replaced_makes_room_before_anything_else_has_to() {
    for when_full in WhenFull::ALL {
        let mut outbox = outbox(2, 10, when_full);
        assert_eq!(push_on(&mut outbox, 0, "12345", "k", None), Ok(vec![]));
        assert_eq!(push_on(&mut outbox, 0, "a", "", None), Ok(vec![]));
        assert_eq!(push_on(&mut outbox, 0, "123456789", "k", None), Ok(gone(&["12345"], Why::Replaced)));
        assert_eq!(emptied(outbox), texts(&["a", "123456789"]));
    }
}

/// What is not taken replaces nothing.
#[test]
fn a_message_that_is_refused_costs_the_one_with_its_key_nothing() {
    let mut outbox = outbox(2, 10, WhenFull::Refuse);
    assert_eq!(push_on(&mut outbox, 0, "old", "k", None), Ok(vec![]));
    assert_eq!(push_on(&mut outbox, 0, "1234567", "", None), Ok(vec![]));
    assert_eq!(push_on(&mut outbox, 0, "newer", "k", None), Err(Data::new("newer")));
    assert_eq!(emptied(outbox), texts(&["old", "1234567"]));
}

// ---- all of it ----

#[derive(Clone, Debug)]
enum Act {
    Push { size: usize, key: &'static str, ttl: Option<u64> },
    Lend,
    TakeBack,
    Settle,
    Lose,
    Later(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let push = (0..10_usize, select(vec!["", "", "k", "l"]), select(vec![None, None, Some(0), Some(5), Some(50)]));
    prop_oneof![
        4 => push.prop_map(|(size, key, ttl)| Act::Push { size, key, ttl }),
        2 => Just(Act::Lend),
        2 => Just(Act::TakeBack),
        1 => Just(Act::Settle),
        1 => Just(Act::Lose),
        1 => select(vec![0, 1, 5, 40]).prop_map(Act::Later),
    ]
}

/// A message of the model.
#[derive(Clone, Debug)]
struct Entry {
    data: Data,
    key: &'static str,
    until: u64,
}

/// An outbox that is simply right.
struct Model {
    bounds: Bounds,
    entries: Vec<Entry>,
}

impl Model {
    fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.data.show().len()).sum()
    }

    /// Takes out those of which it is true.
    fn without(&mut self, goes: impl Fn(&Entry) -> bool, why: Why) -> Gone {
        let (gone, stays) = self.entries.drain(..).partition::<Vec<_>, _>(goes);
        self.entries = stays;
        gone.into_iter().map(|entry| (entry.data, why)).collect()
    }

    fn push(&mut self, entry: Entry) -> Option<Gone> {
        let before = self.entries.clone();
        let size = entry.data.show().len();
        let mut gone = self.without(|other| !entry.key.is_empty() && other.key == entry.key, Why::Replaced);
        while self.entries.len() >= self.bounds.messages || self.bytes() + size > self.bounds.bytes {
            if size > self.bounds.bytes || self.bounds.messages == 0 || self.bounds.when_full == WhenFull::Refuse {
                self.entries = before;
                return None;
            }
            let at = if self.bounds.when_full == WhenFull::DropOldest { 0 } else { self.entries.len() - 1 };
            gone.push((self.entries.remove(at).data, Why::Full));
        }
        self.entries.push(entry);
        Some(gone)
    }

    fn take_back(&mut self, now: u64, lent: &mut Vec<Entry>) -> Gone {
        let mut gone = Vec::new();
        while let Some(entry) = lent.pop() {
            if !entry.key.is_empty() && self.entries.iter().any(|newer| newer.key == entry.key) {
                gone.push((entry.data, Why::Replaced));
            } else {
                self.entries.insert(0, entry);
            }
        }
        gone.extend(self.without(|entry| entry.until <= now, Why::Expired));
        gone
    }
}

proptest! {
    /// Invariants 3 and 4.
    #[test]
    fn it_is_a_bounded_queue_that_loses_nothing_unsaid(
        messages in 0..5_usize,
        bytes in 0..20_usize,
        when_full in select(WhenFull::ALL.to_vec()),
        ttl in select(vec![20, u64::MAX]),
        acts in prop::collection::vec(act(), 0..60),
    ) {
        let bounds = Bounds { messages, bytes, when_full, ttl: Millis(ttl) };
        let mut outbox = Outbox::new(bounds);
        let mut model = Model { bounds, entries: Vec::new() };
        let (mut now, mut lent) = (0_u64, Vec::new());
        for (n, act) in acts.into_iter().enumerate() {
            match act {
                Act::Push { size, key, ttl: own } => {
                    let text: String = format!("{n:0size$}").chars().take(size).collect();
                    let entry = Entry { data: Data::new(&text), key, until: now.saturating_add(own.unwrap_or(ttl)) };
                    let expected = model.push(entry).ok_or_else(|| Data::new(&text));
                    prop_assert_eq!(push_on(&mut outbox, now, &text, key, own), expected);
                }
                Act::Lend => {
                    let first = (!model.entries.is_empty()).then(|| model.entries.remove(0));
                    prop_assert_eq!(outbox.lend(), first.as_ref().map(|entry| entry.data.clone()));
                    lent.extend(first);
                }
                Act::Settle => {
                    outbox.settled();
                    lent.clear();
                }
                Act::Lose => {
                    let gone: Gone = lent.drain(..).map(|entry| (entry.data, Why::Refused)).collect();
                    prop_assert_eq!(outbox.lose(Why::Refused), gone);
                }
                Act::TakeBack => {
                    outbox.begins_anew();
                    prop_assert_eq!(outbox.take_back(Millis(now)), model.take_back(now, &mut lent));
                }
                Act::Later(ms) => {
                    now += ms;
                    prop_assert_eq!(outbox.expired(Millis(now)), model.without(|entry| entry.until <= now, Why::Expired));
                    prop_assert!(outbox.soonest() > Millis(now));
                }
            }
            prop_assert_eq!(outbox.len(), model.entries.len());
            prop_assert_eq!(outbox.bytes(), model.bytes());
            let soonest = model.entries.iter().map(|entry| entry.until).min();
            prop_assert!(outbox.soonest() <= Millis(soonest.unwrap_or(u64::MAX)), "nothing expires unnoticed");
        }
        let left: Vec<_> = model.entries.into_iter().map(|entry| entry.data).collect();
        prop_assert_eq!(emptied(outbox), left);
    }
}
