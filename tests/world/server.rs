//! The other side: a log with ids, bounded as every server's is, and what was sent to it.

use std::collections::{BTreeSet, VecDeque};

/// A message log with ids `E:N`: E is the server's life, N counts from 1.
#[derive(Debug)]
pub(crate) struct Server {
    epoch: u32,
    next: u64,
    log: VecDeque<(u64, String)>,
    /// How many messages it keeps.
    pub(crate) keep: usize,
    /// What was sent to it, in order.
    pub(crate) received: Vec<String>,
    /// The position that each request to receive asked for; empty for none.
    pub(crate) resumes: Vec<String>,
}

impl Server {
    pub(crate) const fn new() -> Self {
        Self { epoch: 1, next: 1, log: VecDeque::new(), keep: 2_000, received: Vec::new(), resumes: Vec::new() }
    }

    pub(crate) fn push(&mut self, message: &str) {
        self.log.push_back((self.next, message.into()));
        self.next += 1;
        while self.log.len() > self.keep {
            self.log.pop_front();
        }
    }

    /// It comes back without a memory. Its ids begin anew, and tell that they do.
    pub(crate) fn restart(&mut self) {
        self.epoch += 1;
        self.next = 1;
        self.log.clear();
    }

    /// The position that a cursor stands for; the oldest message kept where it says nothing to us, as nchan has it.
    pub(crate) fn position(&self, cursor: &str) -> u64 {
        cursor
            .split_once(':')
            .filter(|(epoch, _)| *epoch == self.epoch.to_string())
            .and_then(|(_, n)| n.parse().ok())
            .unwrap_or(0)
    }

    /// The position of the newest message.
    pub(crate) const fn end(&self) -> u64 {
        self.next - 1
    }

    /// The first message after a position.
    pub(crate) fn after(&self, position: u64) -> Option<(u64, String)> {
        let first = self.log.front()?.0;
        let at = usize::try_from((position + 1).saturating_sub(first)).expect("it is small");
        self.log.get(at).cloned()
    }

    pub(crate) fn id(&self, n: u64) -> String {
        format!("{}:{n}", self.epoch)
    }

    /// Did something arrive more than once? The tests send each message once.
    pub(crate) fn repeats(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.received.iter().map(String::as_str).filter(|message| !seen.insert(*message)).collect()
    }
}
