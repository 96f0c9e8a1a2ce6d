//! Prices as they move: a snapshot of all of them, then the changes.

use serde::Deserialize;

/// No change is smaller than this fraction, for the eye.
const LEAST: f64 = 0.004;

/// What something costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// What.
    pub symbol: String,
    /// How much now.
    pub now: f64,
    /// How much when the page was opened.
    pub opened: f64,
}

impl Price {
    /// "up", "down", or "flat" since the page was opened.
    pub fn trend(&self) -> &'static str {
        match self.now.total_cmp(&self.opened) {
            std::cmp::Ordering::Less => "down",
            std::cmp::Ordering::Equal => "flat",
            std::cmp::Ordering::Greater => "up",
        }
    }

    /// Since the page was opened, as a fraction.
    fn change(&self) -> f64 {
        self.now / self.opened - 1.0
    }

    /// Five figures at most: 1.234, 12.34, 123.4, 1234.
    pub fn short(&self) -> String {
        let digits = match self.now {
            ..10.0 => 3,
            ..100.0 => 2,
            ..1000.0 => 1,
            _ => 0,
        };
        format!("{:.digits$}", self.now)
    }
}

/// All prices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices(Vec<Price>);

#[derive(Deserialize)]
struct Snapshot {
    symbols: Vec<String>,
    prices: Vec<f64>,
}

impl Prices {
    /// An event of the stream. One that this does not know changes nothing.
    pub fn hear(&mut self, kind: &str, data: &str) {
        match kind {
            "snapshot" => self.replace(data),
            "prices" => self.change(data),
            _ => {}
        }
    }

    /// One after the other.
    pub fn all(&self) -> &[Price] {
        &self.0
    }

    /// How strongly a price has changed, 0 to 100: steep at first, then flat, so that what is usual is plain to see.
    pub fn heat(&self, price: &Price) -> u8 {
        let all: f64 = self.0.iter().map(|price| price.change().abs()).sum();
        let usual = (all / self.0.len() as f64).max(LEAST);
        (100.0 * (1.0 - (-price.change().abs() / (1.5 * usual)).exp())) as u8
    }

    fn replace(&mut self, data: &str) {
        let Ok(Snapshot { symbols, prices }) = serde_json::from_str(data) else { return };
        let before = std::mem::take(&mut self.0);
        let opened = |symbol: &str| before.iter().find(|price| price.symbol == symbol).map(|price| price.opened);
        self.0 = symbols
            .into_iter()
            .zip(prices)
            .map(|(symbol, now)| Price { opened: opened(&symbol).unwrap_or(now), symbol, now })
            .collect();
    }

    fn change(&mut self, data: &str) {
        let moves: Vec<(usize, f64)> = serde_json::from_str(data).unwrap_or_default();
        for (index, now) in moves {
            if let Some(price) = self.0.get_mut(index) {
                price.now = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_says_all_and_later_events_what_changed() {
        let mut prices = Prices::default();
        prices.hear("prices", "[[0,5]]");
        assert_eq!(prices.all(), []);
        prices.hear("snapshot", r#"{"symbols":["A","B"],"prices":[1.5,1234]}"#);
        prices.hear("prices", "[[1,1200.5],[7,1]]");
        let seen: Vec<_> = prices.all().iter().map(|price| (&*price.symbol, price.short(), price.trend())).collect();
        assert_eq!(seen, [("A", "1.500".into(), "flat"), ("B", "1200".into(), "down")]);
    }

    #[test]
    fn a_second_snapshot_keeps_what_a_price_was_when_the_page_was_opened() {
        let mut prices = Prices::default();
        prices.hear("snapshot", r#"{"symbols":["A"],"prices":[10]}"#);
        prices.hear("snapshot", r#"{"symbols":["A"],"prices":[11]}"#);
        assert_eq!((prices.all()[0].opened, prices.all()[0].trend()), (10.0, "up"));
    }
}
