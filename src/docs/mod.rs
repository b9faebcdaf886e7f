//! The API's document for programs and for people. Owns no table.
//!
//! The document is made from the handlers' declarations and checked in as `openapi.json`; the page renders
//! it in the reader's browser.

pub mod routes;
