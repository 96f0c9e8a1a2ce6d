//! Proof that nothing was lost or doubled, from ids alone: an id is `E:N`, with E the start of the server's history and N = 1, 2, 3 …

/// What came of one connection, and what did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How much came.
    pub received: u64,
    /// Holes in the numbering.
    pub missed: u64,
    /// Numbers that came before.
    pub repeated: u64,
    /// The history that we are in, and the newest number of it.
    at: Option<(u64, u64)>,
}

impl Account {
    /// Something came that must follow what came before it.
    pub fn see(&mut self, id: &str) {
        self.enter(id, 1);
    }

    /// A state of everything came, as of this id. It may stand still; but where it jumps ahead, what lies between was never shown.
    pub fn see_snapshot(&mut self, id: &str) {
        self.enter(id, 0);
    }

    /// `step`: how far ahead of what came before it the next one is.
    fn enter(&mut self, id: &str, step: u64) {
        self.received += 1;
        let Some(new) = read(id) else { return };
        match self.at {
            Some((history, last)) if history == new.0 => match (new.1 + 1).checked_sub(last + step) {
                Some(0) => self.repeated += 1,
                Some(ahead) => self.missed += ahead - 1,
                None if step == 0 => return,
                None => return self.repeated += 1,
            },
            // Histories only grow. One from an older one was shown before.
            Some((history, _)) if history > new.0 => return self.repeated += 1,
            _ => {}
        }
        self.at = Some(new);
    }
}

fn read(id: &str) -> Option<(u64, u64)> {
    let (history, number) = id.split_once(':')?;
    Some((history.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ids: &[&str]) -> (u64, u64, u64) {
        let mut account = Account::default();
        ids.iter().for_each(|id| account.see(id));
        (account.received, account.missed, account.repeated)
    }

    #[test]
    fn what_is_numbered_without_holes_is_neither_missed_nor_repeated() {
        assert_eq!(after(&["7:41", "7:42", "7:43"]), (3, 0, 0));
    }

    #[test]
    fn a_hole_is_as_many_missed_as_it_is_wide() {
        assert_eq!(after(&["7:1", "7:5"]), (2, 3, 0));
    }

    #[test]
    fn a_number_that_came_before_is_repeated_and_moves_nothing() {
        assert_eq!(after(&["7:1", "7:2", "7:2", "7:1", "7:3"]), (5, 0, 2));
    }

    #[test]
    fn a_new_history_begins_anew_and_an_old_one_is_a_repetition() {
        assert_eq!(after(&["7:9", "8:1", "7:10", "8:2"]), (4, 0, 1));
    }

    #[test]
    fn a_snapshot_may_stand_still_and_where_it_jumps_something_was_missed() {
        let mut account = Account::default();
        account.see_snapshot("7:10");
        account.see("7:11");
        account.see_snapshot("7:11");
        assert_eq!((account.missed, account.repeated), (0, 0));
        account.see_snapshot("7:14");
        assert_eq!((account.missed, account.repeated), (3, 0));
        account.see("7:15");
        assert_eq!((account.received, account.missed, account.repeated), (5, 3, 0));
    }
}
