//! Prices as they move.

use dioxus::prelude::*;
use everwire::Status;
use everwire_demo_model as model;

use crate::connection::{UseEvents, use_messages};

/// All prices, each with a colour for its change.
#[component]
pub fn Prices(stream: UseEvents) -> Element {
    let mut prices = use_signal(model::Prices::default);
    use_messages(stream, move |event| prices.write().hear(&event.kind, &event.data));
    let is_live = stream.status().read().as_ref().is_some_and(Status::is_open);
    let all = prices.read();
    rsx! {
        section { class: "card prices",
            div { class: "head", h2 { "Live prices" } }
            // Prices that are not live must not look as if they were.
            ol { class: "map", class: if !is_live { "stale" }, "data-testid": "prices",
                for price in all.all() {
                    li { key: "{price.symbol}", "data-trend": price.trend(), style: "--heat: {all.heat(price)}%",
                        b { "{price.symbol}" }
                        " "
                        span { "{price.short()}" }
                    }
                }
            }
        }
    }
}
