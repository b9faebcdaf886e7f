//! Every route that asks who calls: one request to it that succeeds, and the least that may send it.

mod conversations;
mod crawl;
mod dashboards;
mod gateway;
mod identity;
mod knowledge;
mod records;
pub mod retrieve;
mod settings;
mod talk;
mod voice;
mod widget;

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
    /// Rows that the request is about, beside those of the fixture.
    pub given: &'static str,
    /// The type of the body.
    pub media_type: &'static str,
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
            given: "",
            media_type: "application/json",
        }
    }

    /// With these rows beside those of the fixture.
    const fn given(self, given: &'static str) -> Self {
        Self { given, ..self }
    }

    /// With a body of another type than JSON.
    const fn typed(self, media_type: &'static str) -> Self {
        Self { media_type, ..self }
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
            given: "",
            media_type: "application/json",
        }
    }
}

/// All of them.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    [
        crawl::ROUTES,
        dashboards::ROUTES,
        conversations::ROUTES,
        talk::ROUTES,
        identity::ROUTES,
        settings::ROUTES,
        records::ROUTES,
        knowledge::ROUTES,
        voice::ROUTES,
        widget::ROUTES,
        retrieve::ROUTES,
        gateway::ROUTES,
    ]
    .into_iter()
    .flatten()
}
