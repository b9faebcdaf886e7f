//! Web sites as sources.
mod address;
mod robots;
mod settings;
