//! Other services, as this one asks them.

pub mod clerk;
pub mod turnstile;
