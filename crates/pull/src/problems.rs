//! What is wrong and may be well again: told once, until it was well in between.

use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(crate) struct Problems {
    before: BTreeSet<String>,
    now: BTreeSet<String>,
    new: Vec<String>,
}

impl Problems {
    /// Begins another round: what is not told in it again is well.
    pub fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Tells of a problem.
    pub fn tell(&mut self, text: String) {
        if self.now.insert(text.clone()) && !self.before.contains(&text) {
            self.new.push(text);
        }
    }

    /// Returns the problems that nobody was told of.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_again_when_it_was_away() {
        let mut problems = Problems::default();
        let mut told = |texts: &[&str]| {
            problems.begin();
            texts.iter().for_each(|text| problems.tell(text.to_string()));
            problems.take().len()
        };
        assert_eq!([told(&["a", "a", "b"]), told(&["a"]), told(&["a", "b"]), told(&[]), told(&["a"])], [2, 0, 1, 0, 1]);
    }
}
