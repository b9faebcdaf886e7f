//! How the portal looks to an org: branding, modules, cards, settings. Owns `portal_config`.
//!
//! An org without a row has the defaults of [`parts`], whoever asks. A row counts its writes; the count
//! is the entity tag, and a write that names the tag it was made from is refused when another one came
//! between.

pub mod parts;
mod precondition;
pub mod routes;
mod store;
