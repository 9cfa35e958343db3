//! What the first look has looked up, kept for the second.

use super::{Clues, Hit, Number};

/// What was looked up for a run of payments, kept for their second look; a text that names very much is looked up again instead.
#[derive(Debug, Default)]
pub(in crate::matching) struct Reads {
    /// For each payment, one past its last hit and its last number, and whether there was more than is looked at. `None`: not kept.
    ends: Vec<(u32, u32, Option<bool>)>,
    hits: Vec<Hit>,
    numbers: Vec<Number>,
}

/// Hits or numbers of one payment that are kept.
const READ_KEPT_MAX: usize = 24;

impl Reads {
    /// Adds the next payment; `None` for one that needs no second look.
    pub(in crate::matching) fn push(&mut self, clues: Option<&Clues>) {
        let kept = clues.filter(|clues| clues.hits.len().max(clues.numbers.len()) <= READ_KEPT_MAX);
        if let Some(clues) = kept {
            self.hits.extend_from_slice(&clues.hits);
            self.numbers.extend_from_slice(&clues.numbers);
        }
        let end = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        self.ends.push((end(self.hits.len()), end(self.numbers.len()), kept.map(|clues| clues.is_overlong)));
    }

    /// Gives back room that was kept for more.
    pub(in crate::matching) fn finish(mut self) -> Self {
        self.hits.shrink_to_fit();
        self.numbers.shrink_to_fit();
        self
    }

    pub(super) fn get(&self, at: usize) -> Option<(&[Hit], &[Number], bool)> {
        let (hits, numbers, kept) = *self.ends.get(at)?;
        let (hits_from, numbers_from, _) =
            at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let hits = self.hits.get(hits_from as usize..hits as usize)?;
        let numbers = self.numbers.get(numbers_from as usize..numbers as usize)?;
        Some((hits, numbers, kept?))
    }
}
