//! `/portal/orgs`

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::store::{self, ListedOrgOut, NewOrg, OrgRow};
use super::{OrgStatus, Plan, Slug};
use crate::audit::Entry;
use crate::auth::caller::NoOrg;
use crate::auth::permission::{Access, Administer, Own, SignedIn, Staff, staff_only};
use crate::error::{Error, Result};
use crate::http::body::{Member, Read, Text};
use crate::http::extract::{Json, Path, Query};
use crate::ids::{OrgId, new_id};
use crate::members::user_routes::SessionsRevokedOut;
use crate::{body, row};

/// A page of orgs.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrgsOut {
    orgs: Vec<ListedOrgOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The slug of a new org; forms send an empty one for none.
#[derive(Debug)]
pub struct GivenSlug(Option<Slug>);

impl Member for GivenSlug {
    fn from_member(value: Value) -> Result<Self, String> {
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(Self(None));
        }
        Slug::from_member(value).map(|slug| Self(Some(slug)))
    }

    fn absent() -> Result<Self, String> {
        Ok(Self(None))
    }
}

body! {
    /// A new org.
    pub struct OrgIn {
        name as "name": Option<Text<0, 120>>,
        /// Made of the name if absent or empty.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Slug>))]
        slug as "slug": GivenSlug,
        /// `chatbot` if absent.
        plan as "plan": Option<Plan>,
        /// `active` if absent.
        status as "status": Option<OrgStatus>,
    }
}

body! {
    /// What to change; what is absent stays. Status and plan are for staff.
    pub struct OrgPatch {
        name as "name": Option<Text<1, 120>>,
        slug as "slug": Option<Slug>,
        status as "status": Option<OrgStatus>,
        plan as "plan": Option<Plan>,
    }
}

/// An org that was made or changed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OrgChangedOut {
    org: ChangedOrgOut,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct ChangedOrgOut {
    id: OrgId,
    name: String,
    slug: Option<String>,
    status: OrgStatus,
    plan: Plan,
}

impl From<OrgRow> for ChangedOrgOut {
    fn from(org: OrgRow) -> Self {
        Self { id: org.id, name: org.name, slug: org.slug, status: org.status, plan: org.plan }
    }
}

/// What became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OrgClosedOut {
    closed: bool,
}

row! {
    /// The slug that a new org got.
    struct SlugRow {
        slug: String,
    }
}

#[track_caller]
fn slug_taken() -> Error {
    Error::conflict("slug_taken", "Slug is already taken").hint("Send another slug.")
}

/// `GET /portal/orgs`: the caller's organizations, for staff all, newest first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/orgs", tag = "Organizations",
    params(("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = OrgsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_orgs(signed_in: SignedIn, query: Query) -> Result<Json<OrgsOut>> {
    let page = query.page(200, 500)?;
    let scope = signed_in.scope();
    let statements = [store::orgs_of_caller(scope, &page), store::orgs_all(scope, &page)];
    let (caller, [own, all]) = signed_in.read(statements).await?;
    let is_staff = caller.is_some_and(|caller| caller.user.is_staff);
    let rows = if is_staff { all } else { own };
    let (orgs, next_cursor) = page.cut(rows.all()?, ListedOrgOut::key);
    Ok(Json(OrgsOut { orgs, next_cursor }))
}

/// `POST /portal/orgs`: makes an organization, without members.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/orgs", tag = "Organizations",
    request_body = OrgIn,
    responses((status = 201, body = OrgChangedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_org(
    access: Access<Staff>,
    Read(body): Read<OrgIn>,
) -> Result<(StatusCode, Json<OrgChangedOut>)> {
    let (actor, _tenant, []) = access.read_as_actor([]).await?;
    let name = body.name.map(|name| name.0).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::bad_request("invalid_body", "name is required"))?;
    let now = actor.op.now();
    let id = new_id(now)?.replace('-', "");
    let slug = body.slug.0.clone().unwrap_or_else(|| Slug::of_name(&name));
    // The end of the id is random.
    let other_slug = id.get(24..).map(|random| slug.with_suffix(random));
    let id = OrgId::from(format!("org_{id}"));
    let new = NewOrg {
        id: &id,
        name: &name,
        slug: &slug,
        other_slug: other_slug.as_deref().filter(|_| body.slug.0.is_none()),
        status: body.status.unwrap_or(OrgStatus::Active),
        plan: body.plan.unwrap_or(Plan::Chatbot),
    };
    let entry = Entry {
        event: "org.created",
        target_type: "org",
        target_id: id.as_str(),
        metadata: json!({ "name": name, "status": new.status, "plan": new.plan }),
    };
    let insert = store::org_insert(&new, now);
    let trace = actor.audit(Some(&id), &entry)?;
    let rows = actor.write(vec![insert, trace, store::org_slug(&id)]).await?;
    let made = rows.last().map_or(Ok(None), crate::db::Rows::first::<SlugRow>)?;
    let slug = made.ok_or_else(slug_taken)?.slug;
    let (status, plan) = (new.status, new.plan);
    let org = ChangedOrgOut { id, name, slug: Some(slug), status, plan };
    Ok((StatusCode::CREATED, Json(OrgChangedOut { org })))
}

/// `PATCH /portal/orgs/{id}`: changes name and slug; staff also status and plan.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/orgs/{id}", tag = "Organizations",
    params(("id" = String, Path)), request_body = OrgPatch,
    responses((status = 200, body = OrgChangedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_org(
    access: Access<Administer>,
    Path(org): Path<String>,
    Read(patch): Read<OrgPatch>,
) -> Result<Json<OrgChangedOut>> {
    let access = access.of_path_org(org.into());
    let statement = store::org(access.scope(), access.op.now());
    let (grant, [org]) = access.grant([statement]).await?;
    if (patch.status.is_some() || patch.plan.is_some()) && !grant.actor.caller.user.is_staff {
        return Err(staff_only());
    }
    let old: OrgRow = org.first()?.ok_or(NoOrg::Unknown)?;
    if patch.name.is_none()
        && patch.slug.is_none()
        && patch.status.is_none()
        && patch.plan.is_none()
    {
        return Err(Error::bad_request("nothing_to_change", "No fields to update"));
    }
    let (new, changes) = patched(&old, patch);
    if changes.is_empty() {
        return Ok(Json(OrgChangedOut { org: old.into() }));
    }
    let entry = Entry {
        event: "org.updated",
        target_type: "org",
        target_id: grant.org.as_str(),
        metadata: json!({ "changes": changes }),
    };
    let update = store::org_update(&grant, &old, &new);
    let rows = grant.write(vec![update, grant.audit(&entry)?]).await;
    // The one unique column that is written.
    let rows =
        rows.map_err(|error| if error.code() == "conflict" { slug_taken() } else { error })?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        return Err(changed_meanwhile());
    }
    Ok(Json(OrgChangedOut { org: new.into() }))
}

#[track_caller]
pub(super) fn changed_meanwhile() -> Error {
    Error::conflict("conflict", "Organization was changed")
        .hint("Somebody else changed it in this moment; read it again.")
}

/// The org as it will be, and what that changes.
fn patched(old: &OrgRow, patch: OrgPatch) -> (OrgRow, Map<String, Value>) {
    let mut new = old.clone();
    let mut changes = Map::new();
    if let Some(name) = patch.name.filter(|name| name.0 != old.name) {
        new.name = name.0;
        changes.insert("name".into(), json!({ "from": old.name, "to": new.name }));
    }
    if let Some(slug) = patch.slug.filter(|slug| Some(slug.as_str()) != old.slug.as_deref()) {
        new.slug = Some(slug.as_str().to_owned());
        changes.insert("slug".into(), json!({ "from": old.slug, "to": new.slug }));
    }
    if let Some(status) = patch.status.filter(|status| *status != old.status) {
        new.status = status;
        changes.insert("status".into(), json!({ "from": old.status, "to": status }));
    }
    if let Some(plan) = patch.plan.filter(|plan| *plan != old.plan) {
        new.plan = plan;
        changes.insert("plan".into(), json!({ "from": old.plan, "to": plan }));
    }
    (new, changes)
}

/// `DELETE /portal/orgs/{id}`: closes the organization: nobody but staff enters it any more, its data stays.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/orgs/{id}", tag = "Organizations",
    params(("id" = String, Path)),
    responses((status = 200, body = OrgClosedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn close_org(access: Access<Own>, Path(org): Path<String>) -> Result<Json<OrgClosedOut>> {
    let (grant, []) = access.of_path_org(org.into()).grant([]).await?;
    let entry = Entry {
        event: "org.closed",
        target_type: "org",
        target_id: grant.org.as_str(),
        metadata: json!({}),
    };
    grant.write(vec![store::org_close(&grant), grant.audit(&entry)?]).await?;
    Ok(Json(OrgClosedOut { closed: true }))
}

/// `POST /portal/orgs/{id}/revoke-sessions`: members' tokens that were issued before are refused in the
/// organization.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/orgs/{id}/revoke-sessions", tag = "Organizations",
    params(("id" = String, Path)),
    responses((status = 200, body = SessionsRevokedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn revoke_org_sessions(
    access: Access<Administer>,
    Path(org): Path<String>,
) -> Result<Json<SessionsRevokedOut>> {
    let (grant, []) = access.while_read_only().of_path_org(org.into()).grant([]).await?;
    let entry = Entry {
        event: "org.sessions_revoked",
        target_type: "org",
        target_id: grant.org.as_str(),
        metadata: json!({}),
    };
    // Once: what is answered is what is stored.
    let now = grant.op().now();
    grant.write(vec![store::org_sessions_revoke(&grant, now), grant.audit(&entry)?]).await?;
    Ok(Json(SessionsRevokedOut { revoked: true, revoked_at: now, clerk_sessions: None }))
}
