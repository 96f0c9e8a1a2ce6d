//! Prices as they move.

use everwire_demo_model as model;
use leptos::prelude::*;

use crate::connection::UseEvents;

/// All prices, each with a colour for its change.
#[component]
pub fn Prices(stream: UseEvents) -> impl IntoView {
    let prices = RwSignal::new(model::Prices::default());
    stream.on_event(move |event| prices.update(|prices| prices.hear(&event.kind, &event.data)));
    let is_live = move || stream.status().with(|status| status.as_ref().is_some_and(everwire::Status::is_open));
    view! {
        <section class="card prices">
            <div class="head">
                <h2>"Live prices"</h2>
            </div>
            // Prices that are not live must not look as if they were.
            <ol class="map" class:stale=move || !is_live() data-testid="prices">
                <For each=move || 0..prices.with(|prices| prices.all().len()) key=|index| *index let:index>
                    <Price prices index />
                </For>
            </ol>
        </section>
    }
}

#[component]
fn Price(prices: RwSignal<model::Prices>, index: usize) -> impl IntoView {
    let read = move |pick: fn(&model::Prices, &model::Price) -> String| {
        Memo::new(move |_| {
            prices.with(|prices| prices.all().get(index).map(|price| pick(prices, price)).unwrap_or_default())
        })
    };
    let trend = read(|_, price| price.trend().into());
    let heat = read(|prices, price| format!("--heat: {}%", prices.heat(price)));
    view! {
        <li data-trend=trend style=heat>
            <b>{read(|_, price| price.symbol.clone())}</b>
            " "
            <span>{read(|_, price| price.short())}</span>
        </li>
    }
}
