//! The window of ids in which an event that comes again is recognised.
#![cfg(not(target_arch = "wasm32"))]

use std::{collections::VecDeque, rc::Rc};

use everwire::__core::seen::Seen;
use proptest::prelude::*;

fn id(n: usize) -> Rc<str> {
    n.to_string().into()
}

#[test]
fn an_id_is_new_once() {
    let mut seen = Seen::new(10);
    assert!(seen.is_new(&id(1)));
    assert!(seen.is_new(&id(2)));
    assert!(!seen.is_new(&id(1)));
    assert!(!seen.is_new(&id(2)));
}

#[test]
fn the_oldest_id_leaves_a_full_window_first() {
    let mut seen = Seen::new(3);
    for n in 1..=4 {
        assert!(seen.is_new(&id(n)));
    }
    assert!(!seen.is_new(&id(2)));
    assert!(seen.is_new(&id(1)), "it left when the fourth came");
    assert!(seen.is_new(&id(2)), "and now the second one has left");
}

#[test]
fn huge_ids_shrink_the_window_instead_of_growing_the_memory() {
    let mut seen = Seen::new(1_000);
    let huge: Vec<Rc<str>> = (0..3).map(|n| format!("{n}{}", "x".repeat(500_000)).into()).collect();
    for id in &huge {
        assert!(seen.is_new(id));
    }
    assert!(!seen.is_new(&huge[2]));
    assert!(seen.is_new(&huge[0]), "1 MiB has room for two of them");
}

#[test]
fn a_window_of_none_knows_nothing() {
    let mut seen = Seen::new(0);
    assert!(seen.is_new(&id(1)));
    assert!(seen.is_new(&id(1)));
}

proptest! {
    #[test]
    fn it_answers_as_a_list_of_the_last_new_ids_would(limit in 0usize..8, ids in prop::collection::vec(0usize..12, 0..200)) {
        let mut seen = Seen::new(limit);
        let mut list = VecDeque::new();
        for n in ids {
            let expected = !list.contains(&n);
            if expected {
                list.push_back(n);
                if list.len() > limit {
                    list.pop_front();
                }
            }
            prop_assert_eq!(seen.is_new(&id(n)), expected);
        }
    }
}
