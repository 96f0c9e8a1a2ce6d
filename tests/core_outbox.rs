//! The outbox: bounded in count and in bytes, first in, first out.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod world;

use std::collections::VecDeque;

use everwire::core::{
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
    for when_full in [WhenFull::Refuse, WhenFull::DropOldest] {
        let mut outbox = outbox(3, 6, when_full);
        assert_eq!(push(&mut outbox, Data::new("a")), Ok(vec![]));
        assert_eq!(push(&mut outbox, Data::new("1234567")), Err(Data::new("1234567")));
        assert_eq!(emptied(outbox), texts(&["a"]));
    }
}

#[test]
fn an_outbox_of_no_messages_takes_none() {
    for when_full in [WhenFull::Refuse, WhenFull::DropOldest] {
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
    outbox.put_back(Millis::ZERO, a, 0);
    outbox.put_back(Millis::ZERO, b, 1);
    assert_eq!((outbox.len(), outbox.bytes()), (4, 4));
    assert_eq!(push(&mut outbox, Data::new("e")), Err(Data::new("e")));
    assert_eq!(emptied(outbox), texts(&["a", "b", "c", "d"]));
}

#[test]
fn a_place_beyond_the_end_is_the_end() {
    let mut outbox = outbox(2, 2, WhenFull::Refuse);
    outbox.put_back(Millis::ZERO, Data::new("a"), 9);
    assert_eq!(emptied(outbox), texts(&["a"]));
}

#[derive(Clone, Debug)]
enum Act {
    Push(usize),
    Pop,
    PutBack,
}

proptest! {
    /// Invariants 3 and 4, against a list that is simply right.
    #[test]
    fn it_is_a_bounded_queue_that_loses_nothing_unsaid(
        messages in 0..5_usize,
        bytes in 0..20_usize,
        when_full in select(vec![WhenFull::Refuse, WhenFull::DropOldest]),
        acts in prop::collection::vec(
            prop_oneof![3 => (0..10_usize).prop_map(Act::Push), 1 => Just(Act::Pop), 1 => Just(Act::PutBack)],
            0..60,
        ),
    ) {
        let mut outbox = outbox(messages, bytes, when_full);
        let mut model: VecDeque<Data> = VecDeque::new();
        let mut out = None;
        for (n, act) in acts.into_iter().enumerate() {
            match act {
                Act::Push(size) => {
                    let message = Data::new(&format!("{n:0size$}").chars().take(size).collect::<String>());
                    match push(&mut outbox, message.clone()) {
                        Ok(gone) => {
                            prop_assert!(gone.is_empty() || when_full == WhenFull::DropOldest);
                            for gone in gone {
                                prop_assert_eq!(Some(gone), model.pop_front());
                            }
                            model.push_back(message);
                            prop_assert!(outbox.len() <= messages && outbox.bytes() <= bytes);
                        }
                        Err(back) => prop_assert_eq!(back, message),
                    }
                }
                Act::Pop => {
                    let popped = outbox.pop();
                    prop_assert_eq!(&popped, &model.pop_front());
                    out = popped.or(out);
                }
                Act::PutBack => {
                    if let Some(message) = out.take() {
                        model.push_front(message.clone());
                        outbox.put_back(Millis::ZERO, message, 0);
                    }
                }
            }
            prop_assert_eq!(outbox.len(), model.len());
            prop_assert_eq!(outbox.bytes(), model.iter().map(|message| message.show().len()).sum::<usize>());
        }
        prop_assert_eq!(emptied(outbox), Vec::from(model));
    }
}

#[test]
fn what_came_last_can_be_moved_up_without_changing_the_order_of_the_rest() {
    let mut outbox = Outbox::new(Bounds::DEFAULT);
    for text in ["a", "b", "c", "d"] {
        assert!(push(&mut outbox, Data::Text(text.into())).is_ok());
    }
    outbox.move_up(1);
    let order: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
    assert_eq!(order, ["a", "d", "b", "c"].map(|text| Data::Text(text.into())));
    assert_eq!(outbox.bytes(), 0);
}
