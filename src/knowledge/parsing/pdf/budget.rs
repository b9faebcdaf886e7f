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
/// Most objects that are kept while others are read, each with those within it: each takes some 32 bytes.
const MOST_KEPT: usize = 500_000;
/// What an entry of a dictionary costs, in bytes, each time that a name is looked for.
const ENTRY: usize = 8;
/// What a font costs, in bytes, besides what is read for it.
const FONT: usize = 4_096;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    unfolded: Cell<usize>,
    read: Cell<usize>,
    entries: Cell<usize>,
    kept: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            unfolded: Cell::new(MOST_UNFOLDED),
            read: Cell::new(MOST_READ),
            entries: Cell::new(MOST_ENTRIES),
            kept: Cell::new(MOST_KEPT),
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

    /// A name was looked for in a dictionary of so many entries.
    pub(super) fn named(&self, entries: usize) -> Result<(), Refusal> {
        self.read(entries.saturating_mul(ENTRY))
    }

    /// A font is read.
    pub(super) fn font(&self) -> Result<(), Refusal> {
        self.read(FONT)
    }

    /// So many objects are kept.
    pub(super) fn keep(&self, objects: usize) -> Result<(), Refusal> {
        Self::take(&self.kept, objects)
    }

    /// So many are no longer.
    pub(super) fn release(&self, objects: usize) {
        self.kept.set(self.kept.get().saturating_add(objects).min(MOST_KEPT));
    }

    /// Bytes that were looked at so far.
    #[cfg(test)]
    pub(super) fn has_read(&self) -> usize {
        MOST_READ - self.read.get()
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
