//! The only folder that knows the Workers runtime: entry points in, ports out.
//!
//! JavaScript promises are not `Send`, which axum asks of futures; each port wraps them once, here, and
//! lets plain Rust values out. An isolate has one thread, so nothing is ever sent.

mod ai;
mod background;
mod clock;
mod d1;
mod fetch;
mod http;
mod limiter;
mod log;
mod scheduled;
mod webcrypto;
