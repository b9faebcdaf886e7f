//! The chat widget on customers' pages: what a page is told to show it, who may have it, and what it tells.
//!
//! Owns `site_deployments`, `site_keys`, `widget_profiles`, `widget_versions`, `deployment_version_pins` and
//! `widget_event_counts`. A deployment is a site as it is embedded in one environment, with a key, pages and limits of
//! its own. Keys are public: they say which site a page talks to and prove nothing. One that is replaced goes on for a
//! while, and no key is ever given twice. What a page reads is one round trip; `/v1/chat` asks the same tables whether
//! a message is let in.

mod deployment;
pub mod deployment_routes;
mod deployment_store;
mod embed;
pub mod events;
mod profile;
pub mod profile_routes;
mod profile_store;
pub mod routes;
mod site_parts;
mod store;
mod version;
pub mod version_routes;
mod version_store;
