//! Whether the Worker lives (`/health`, no I/O) and whether it can serve (`/health/ready`).

pub mod routes;

/// What this build is and which migrations it expects.
pub mod build {
    include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

    /// The package's version.
    pub const VERSION: &str = env!("CARGO_PKG_VERSION");
    /// The commit it was built from.
    pub const REVISION: &str = env!("KOBY_REVISION");
}
