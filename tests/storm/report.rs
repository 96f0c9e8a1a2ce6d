//! The table of what was counted, and the budgets of the design.

use std::fmt::Write as _;

use super::weather::{Absence, Counted, Scenario};

/// At most this many knocks a second, as a multiple of the capacity.
pub(crate) const PEAK: f64 = 3.0;
/// At most this many attempts for each client.
pub(crate) const ATTEMPTS: f64 = 7.5;
/// 99 % are back within this multiple of the ideal.
pub(crate) const BACK: f64 = 1.15;

/// One fleet in all scenarios, in their order.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) counted: [Counted; 3],
}

/// What misses its budget, one sentence each.
///
/// Peak and attempts have a budget for the outage alone, as in the table that the budgets were taken from. When the server comes back
/// from a silence all that hang knock at once, and when other servers are there at once only the first delay spreads anyone.
pub(crate) fn misses(counted: &Counted) -> Vec<String> {
    let scenario = counted.scenario;
    let mut misses = Vec::new();
    let mut check = |what: &str, is: f64, most: f64| {
        if is > most {
            misses.push(format!("{}: {what} is {is:.3}, and may be {most:.3}", scenario.name));
        }
    };
    if scenario.outage > 0 && scenario.absence == Absence::Refuses {
        check("the peak as a multiple of the capacity", counted.peak(), PEAK);
        check("the number of attempts for each client", counted.attempts_each(), ATTEMPTS);
    }
    check("the second at which 99 % are back", counted.most_back().unwrap_or(f64::INFINITY), BACK * scenario.ideal());
    check("the number of clients that gave up", f64::from(counted.gave_up), 0.0);
    misses
}

/// All rows in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| policy | outage: peak ÷ C | attempts a client | 99 % back (s) | blackhole: peak ÷ C | attempts a client | 99 % back (s) \
         | failover: peak ÷ C | attempts a client | 99 % back (s) | gave up | first retry, p50 (ms) |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let _ = write!(table, "| {} |", row.name);
        for counted in &row.counted {
            let _ = write!(table, " {:.2} | {:.2} | {} |", counted.peak(), counted.attempts_each(), back(counted));
        }
        let [outage, ..] = &row.counted;
        let gave_up = 100.0 * f64::from(outage.gave_up) / f64::from(outage.scenario.clients);
        let first = outage.first_retry().map_or_else(|| String::from("–"), |wait| wait.to_string());
        let _ = writeln!(table, " {gave_up:.0} % | {first} |");
    }
    table
}

fn back(counted: &Counted) -> String {
    match counted.most_back() {
        Some(at) => format!("{at:.1}"),
        None => format!("never ({:.0} %)", 100.0 * counted.part_back()),
    }
}

/// The best that is possible, and what is allowed, for each scenario.
pub(crate) fn budgets() -> String {
    let mut text = String::from("| | outage | blackhole | failover |\n|---|--:|--:|--:|\n");
    let times = |factor: f64| Scenario::ALL.map(|scenario| format!("{:.1} s", factor * scenario.ideal())).join(" | ");
    let _ = writeln!(text, "| 99 % back, ideal | {} |", times(1.0));
    let _ = writeln!(text, "| 99 % back, budget | {} |", times(BACK));
    let _ = writeln!(text, "| peak ÷ C, budget | {PEAK:.2} | – | – |");
    let _ = writeln!(text, "| attempts a client, budget | {ATTEMPTS:.2} | – | – |");
    let _ = writeln!(text, "| gave up, budget | 0 | 0 | 0 |");
    text
}
