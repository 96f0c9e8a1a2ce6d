//! Prices as they move.

use everwire::{Event, Status};
use everwire_demo_model as model;
use yew::prelude::*;

use crate::connection::{UseEvents, use_messages, use_status};

/// Where the prices come from.
#[derive(PartialEq, Properties)]
pub struct PricesProps {
    pub stream: UseEvents,
}

/// All prices, each with a colour for its change.
#[component]
pub fn Prices(PricesProps { stream }: &PricesProps) -> Html {
    let prices = use_mut_ref(model::Prices::default);
    let update = use_force_update();
    use_messages(stream, {
        let prices = prices.clone();
        move |event: &Event| {
            prices.borrow_mut().hear(&event.kind, &event.data);
            update.force_update();
        }
    });
    // Prices that are not live must not look as if they were.
    let stale = !use_status(stream).as_ref().is_some_and(Status::is_open);
    let prices = prices.borrow();
    html! {
        <section class="card prices">
            <div class="head">
                <h2>{ "Live prices" }</h2>
            </div>
            <ol class={classes!("map", stale.then_some("stale"))} data-testid="prices">
                { for prices.all().iter().map(|price| html! {
                    <li key={&*price.symbol} data-trend={price.trend()} style={format!("--heat: {}%", prices.heat(price))}>
                        <b>{ &price.symbol }</b>{ " " }<span>{ price.short() }</span>
                    </li>
                }) }
            </ol>
        </section>
    }
}
