use std::rc::Rc;

use dioxus_web::{Config, HashHistory, launch::launch_cfg};
use everwire_dioxus::App;

fn main() {
    // Pages are in the fragment, for the server has one file for all of them.
    launch_cfg(App, Config::new().history(Rc::new(HashHistory::default())));
}
