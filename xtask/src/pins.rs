//! Versions of the tools that are installed with cargo. Those from npm are pinned in package.json.

/// Turns the crate into what workerd loads. Goes together with `worker` in Cargo.toml.
pub(crate) const WORKER_BUILD: &str = "0.8.7";
/// Must equal the `wasm-bindgen` library in Cargo.lock.
pub(crate) const WASM_BINDGEN: &str = "0.2.130";
/// Judges licences, duplicate and banned crates, and their sources.
pub(crate) const CARGO_DENY: &str = "0.20.2";
/// The oldest Node that the pinned wrangler runs on: major and minor version.
pub(crate) const NODE_AT_LEAST: (u32, u32) = (22, 12);
/// The oldest compiler that builds this repository: the minor version of `rust-version`.
pub(crate) const RUST_MINOR_AT_LEAST: u32 = 95;
/// What Workers run on.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// All pins as one text, for the hash that decides whether an artefact is current.
pub(crate) fn all() -> String {
    format!("worker-build {WORKER_BUILD}, wasm-bindgen {WASM_BINDGEN}")
}
