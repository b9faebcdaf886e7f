//! What actions brought about: leads, appointments, money. Owns `outcome_events`, and their sums in
//! `outcomes_daily` and `outcomes_ever`, which a trigger keeps.

pub mod routes;
mod store;
