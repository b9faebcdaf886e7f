//! Values by number. Tables of all types share one kind of map, which keeps the artefact small.

use std::collections::BTreeMap;

/// Places by number.
pub(super) type Places = BTreeMap<u32, usize>;

/// Values by number; of two with one number the later counts.
#[derive(Debug)]
pub(super) struct Table<T> {
    places: Places,
    values: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { places: Places::new(), values: Vec::new() }
    }
}

impl<T> Table<T> {
    /// Whether there was no value of that number.
    pub(super) fn insert(&mut self, number: u32, value: T) -> bool {
        let is_new = self.places.insert(number, self.values.len()).is_none();
        self.values.push(value);
        is_new
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.places.get(&number).and_then(|at| self.values.get(*at))
    }

    /// The value of the highest number that is not above this one, and that number.
    pub(super) fn up_to(&self, number: u32) -> Option<(u32, &T)> {
        let (number, at) = self.places.range(..=number).next_back()?;
        Some((*number, self.values.get(*at)?))
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.places.keys().copied()
    }

    /// How many values were inserted.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}
