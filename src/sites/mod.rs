//! Sites: the places where a chat assistant answers. Owns `portal_sites`.
//!
//! Provider keys are write-only: stored encrypted, never answered. A site's own key is public; it says
//! which site a page talks to.

mod fields;
pub(crate) mod key;
pub mod pages;
pub mod routes;
mod store;

pub(crate) use self::store::site_not_found;
