//! Every route that asks who calls: one request to it that succeeds, and the least that may send it.

mod conversations;
mod dashboards;
mod gateway;
mod identity;
mod records;
mod settings;

/// The least that may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Anyone with an account, with or without an org.
    SignedIn,
    Viewer,
    Member,
    Admin,
    Owner,
    Staff,
}

/// A route and a request to it that succeeds on the fixture.
#[derive(Debug)]
pub struct Entry {
    /// `METHOD /template`, as in `src/router.rs`.
    pub route: &'static str,
    /// The path of the request, which is about `org_a` for people of `org_a`.
    pub path: &'static str,
    /// The same route about a row of `org_b`, which does not exist for others.
    pub foreign_path: Option<&'static str>,
    pub body: Option<&'static str>,
    pub least: Least,
    /// The path names the org, so that it does not exist for others.
    pub names_org: bool,
    /// The body names the org, so that it is forbidden to others.
    pub body_names_org: bool,
    /// The request changes something, so that it leaves a trace.
    pub changes: bool,
}

impl Entry {
    /// A read.
    const fn get(route: &'static str, path: &'static str, least: Least) -> Self {
        Self {
            route,
            path,
            foreign_path: None,
            body: None,
            least,
            names_org: false,
            body_names_org: false,
            changes: false,
        }
    }

    const fn foreign(self, path: &'static str) -> Self {
        Self { foreign_path: Some(path), ..self }
    }

    /// A write with a body, or none.
    const fn write(
        route: &'static str,
        path: &'static str,
        body: Option<&'static str>,
        least: Least,
    ) -> Self {
        Self {
            route,
            path,
            foreign_path: None,
            body,
            least,
            names_org: false,
            body_names_org: false,
            changes: true,
        }
    }
}

/// All of them.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    [
        dashboards::ROUTES,
        conversations::ROUTES,
        identity::ROUTES,
        settings::ROUTES,
        gateway::ROUTES,
        records::ROUTES,
    ]
    .into_iter()
    .flatten()
}
