//! What runs by itself: flows, the actions they call, and what became of both. Owns `flows`, `flow_*`,
//! `action_definitions` and `action_runs`.

pub mod action_routes;
mod action_store;
pub mod flow_routes;
mod flow_store;
mod stored;
