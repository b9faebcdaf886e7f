//! People in orgs. Owns `users` and `user_memberships`.

pub mod routes;
