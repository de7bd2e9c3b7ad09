//! Which members or elements of one value were evaluated by the schemas that apply to it (JSON Schema core §11).

/// Members or elements by their place.
#[derive(Default)]
pub(crate) struct Marks {
    few: [u64; 4],
    /// From the 257th on.
    more: Vec<u64>,
    /// Whether one of the schemas says what an object holds.
    pub(crate) is_described: bool,
}

fn word_and_bit(place: usize) -> (usize, u64) {
    (place / 64, 1 << (place % 64))
}

impl Marks {
    fn word(&self, number: usize) -> u64 {
        let word = self.few.get(number).or_else(|| self.more.get(number.saturating_sub(self.few.len())));
        word.copied().unwrap_or(0)
    }

    pub(crate) fn set(&mut self, place: usize) {
        let (number, bit) = word_and_bit(place);
        if let Some(word) = self.few.get_mut(number) {
            *word |= bit;
            return;
        }
        let number = number.saturating_sub(self.few.len());
        if self.more.len() <= number {
            self.more.resize(number.saturating_add(1), 0);
        }
        if let Some(word) = self.more.get_mut(number) {
            *word |= bit;
        }
    }

    pub(crate) fn has(&self, place: usize) -> bool {
        let (number, bit) = word_and_bit(place);
        self.word(number) & bit != 0
    }

    /// All before this place.
    pub(crate) fn has_all(&self, count: usize) -> bool {
        let (words, rest) = (count / 64, count % 64);
        (0..words).all(|number| self.word(number) == u64::MAX)
            && (rest == 0 || self.word(words) | (u64::MAX << rest) == u64::MAX)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (word, added) in self.few.iter_mut().zip(&other.few) {
            *word |= added;
        }
        if self.more.len() < other.more.len() {
            self.more.resize(other.more.len(), 0);
        }
        for (word, added) in self.more.iter_mut().zip(&other.more) {
            *word |= added;
        }
        self.is_described |= other.is_described;
    }
}
