//! The picture: what comes to the server in each second, one panel for each peer, with ours in each. SVG that follows the reader's
//! colour scheme.

use std::fmt::Write as _;

use super::weather::Counted;

/// The seconds that are drawn.
const SECONDS: usize = 120;
/// The powers of ten between which the scale goes.
const DECADES: (f64, f64) = (1.0, 5.3);
const COLUMNS: usize = 2;
const WIDTH: f64 = 410.0;
const HEIGHT: f64 = 150.0;
/// Room around each panel: left, above, right, below.
const ROOM: (f64, f64, f64, f64) = (58.0, 34.0, 26.0, 26.0);
/// Room for title and legend.
const HEAD: f64 = 58.0;

const STYLE: &str = "\
svg { background: #fff; color: #1f2328; font: 12px system-ui, sans-serif }
text { fill: currentColor }
.title { font-size: 15px; font-weight: 600 }
.name { font-weight: 600 }
.end { text-anchor: end }
.middle { text-anchor: middle }
.grid { stroke: #8886; stroke-width: 0.5 }
.outage { fill: #8882 }
.capacity { stroke: currentColor; stroke-width: 1; stroke-dasharray: 4 3 }
.ours, .peer { fill: none; stroke-linejoin: round }
.ours { stroke: #0969da; stroke-width: 2.2 }
.peer { stroke: #d1480c; stroke-width: 1.2 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; color: #e6edf3 }
  .ours { stroke: #58a6ff }
  .peer { stroke: #ff8f5a }
}";

/// Draws ours beside each of the peers, all of one scenario.
pub(crate) fn plot(ours: (&str, &Counted), peers: &[(&str, &Counted)]) -> String {
    let (left, above, right, below) = ROOM;
    let (cell_width, cell_height) = (left + WIDTH + right, above + HEIGHT + below);
    let (width, height) = (cell_width * COLUMNS as f64, HEAD + cell_height * peers.len().div_ceil(COLUMNS) as f64);
    let scenario = ours.1.scenario;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title\">\n\
         <style>\n{STYLE}\n</style>\n\
         <text id=\"title\" class=\"title\" x=\"{left}\" y=\"24\">Attempts per second, {} clients after an outage of {} s</text>\n",
        grouped(scenario.clients),
        scenario.outage
    );
    legend(&mut svg, left, ours.0, scenario.capacity);
    for (i, (name, counted)) in peers.iter().enumerate() {
        let x = (i % COLUMNS) as f64 * cell_width + left;
        let y = HEAD + (i / COLUMNS) as f64 * cell_height + above;
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        frame(&mut svg, name, ours.1);
        line(&mut svg, "peer", counted);
        line(&mut svg, "ours", ours.1);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, left: f64, ours: &str, capacity: u32) {
    let mut x = left;
    for (class, label) in [
        ("ours", String::from(ours)),
        ("peer", String::from("the package named above the panel")),
        ("capacity", format!("what the server can accept, {}/s", grouped(capacity))),
    ] {
        let _ =
            writeln!(svg, "<path class=\"{class}\" d=\"M{x} 42h24\"/><text x=\"{}\" y=\"46\">{label}</text>", x + 30.0);
        x += 60.0 + 7.0 * label.len() as f64;
    }
    let _ = writeln!(
        svg,
        "<rect class=\"outage\" x=\"{x}\" y=\"35\" width=\"24\" height=\"14\"/><text x=\"{}\" y=\"46\">outage</text>",
        x + 30.0
    );
}

fn frame(svg: &mut String, name: &str, ours: &Counted) {
    let _ = writeln!(svg, "<text class=\"name\" y=\"-8\">{name}</text>");
    let _ = writeln!(
        svg,
        "<rect class=\"outage\" width=\"{:.1}\" height=\"{HEIGHT}\"/>",
        across(ours.scenario.outage as usize)
    );
    for attempts in [10, 100, 1_000, 10_000, 100_000] {
        let y = down(attempts);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M0 {y:.1}h{WIDTH}\"/><text class=\"end\" x=\"-6\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            grouped(attempts)
        );
    }
    for second in (0..=SECONDS).step_by(30) {
        let x = across(second);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} 0v{HEIGHT}\"/><text class=\"middle\" x=\"{x:.1}\" y=\"{}\">{second} s</text>",
            HEIGHT + 16.0
        );
    }
    let _ = writeln!(svg, "<path class=\"capacity\" d=\"M0 {:.1}h{WIDTH}\"/>", down(ours.scenario.capacity));
}

/// A step for each second; fewer than the scale begins with are drawn at its bottom.
fn line(svg: &mut String, class: &str, counted: &Counted) {
    let mut path = String::new();
    for (second, knocks) in counted.knocks_by_second().take(SECONDS).enumerate() {
        let command = if second == 0 { 'M' } else { 'L' };
        let (from, to, y) = (across(second), across(second + 1), down(knocks));
        let _ = write!(path, "{command}{from:.1} {y:.1}H{to:.1}");
    }
    let _ = writeln!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
}

/// With a comma where there are thousands.
fn grouped(number: u32) -> String {
    match (number / 1_000, number % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

fn across(second: usize) -> f64 {
    WIDTH * second as f64 / SECONDS as f64
}

fn down(attempts: u32) -> f64 {
    let (least, most) = DECADES;
    let power = f64::from(attempts.max(1)).log10().clamp(least, most);
    HEIGHT * (most - power) / (most - least)
}
