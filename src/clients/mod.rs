//! Other services, as this one asks them.

pub mod clerk;
pub mod elevenlabs;
pub mod stripe;
pub mod turnstile;
