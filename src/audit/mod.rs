//! Who changed what. Owns `audit_logs`, which the schema lets nobody change or delete.
//!
//! An entry travels in the batch of its change, right after it, and is written only if that statement
//! changed a row: no change without its trace, no trace without its change. What was taken out of the system
//! as a file leaves a trace as well.

pub mod routes;
mod store;

pub use self::store::{
    AuditLogOut, Entry, entries_of_target, entry_insert, entry_insert_by, reading_insert,
    visitor_entry_insert,
};
