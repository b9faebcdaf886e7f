//! What reading one file may cost.

use std::cell::Cell;

use crate::knowledge::parsing::manuscript::Refusal;

/// Most bytes that its streams unfold into, all together: they are in memory, of which an isolate has 128 MB.
const MOST_UNFOLDED: usize = 32 * 1024 * 1024;
/// Most bytes that one stream unfolds into.
const LONGEST_STREAM: usize = 12 * 1024 * 1024;
/// Most bytes of objects and contents that are looked at, those that are looked at again included.
const MOST_READ: usize = 64 * 1024 * 1024;
/// Most entries of the tables of all its fonts.
const MOST_ENTRIES: usize = 300_000;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    unfolded: Cell<usize>,
    read: Cell<usize>,
    entries: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            unfolded: Cell::new(MOST_UNFOLDED),
            read: Cell::new(MOST_READ),
            entries: Cell::new(MOST_ENTRIES),
        }
    }
}

impl Budget {
    /// How long the next stream may be.
    pub(super) fn stream(&self) -> usize {
        self.unfolded.get().min(LONGEST_STREAM)
    }

    /// A stream was unfolded.
    pub(super) fn unfolded(&self, bytes: usize) -> Result<(), Refusal> {
        Self::take(&self.unfolded, bytes)
    }

    /// Bytes were looked at.
    pub(super) fn read(&self, bytes: usize) -> Result<(), Refusal> {
        Self::take(&self.read, bytes)
    }

    /// An entry of a font's table was kept.
    pub(super) fn entry(&self) -> Result<(), Refusal> {
        Self::take(&self.entries, 1)
    }

    fn take(left: &Cell<usize>, bytes: usize) -> Result<(), Refusal> {
        let rest = left.get().checked_sub(bytes).ok_or(Refusal::TooComplex)?;
        left.set(rest);
        Ok(())
    }
}
