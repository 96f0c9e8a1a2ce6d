use everwire_yew::App;

fn main() {
    yew::Renderer::<App>::new().render();
}
