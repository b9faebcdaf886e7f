//! One visitor's data: deleted, or parted from the person, when they ask for it. Writes what
//! [`crate::chat`] and [`crate::leads`] own; counters and rollups stay.

pub mod routes;
mod store;
