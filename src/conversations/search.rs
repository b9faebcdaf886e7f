//! Words that were said, looked up in `SEARCH`.
//!
//! A caller's words never reach the match syntax: each is quoted, and holds letters and digits only. The
//! tenant is in the expression, for speed, and in the WHERE clause, for safety.

use serde_json::{Value, json};

use crate::app::Op;
use crate::auth::permission::{Access, Need, Tenant};
use crate::config::LogLevel;
use crate::db::{Rows, Statement};
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::knowledge::retrieval::{match_expression, terms};
use crate::{row, sql, statement};

const SEARCH_CONVERSATIONS: &str = sql!("sql/search_conversations.sql");
const SEARCH_REMOVE: &str = sql!("sql/search_remove.sql");

row! {
    struct FoundRow {
        session_id: String,
    }
}

/// The ids of conversations in which one message holds all topic words of a text, as a JSON array: of the
/// newest 1000 such messages, at most 200 conversations. They prove nothing: `DB` says who may see them.
pub(super) async fn conversations<N: Need>(access: &Access<N>, words: &str) -> Result<String> {
    let org = match access.scope().named_org() {
        Some(org) => org.clone(),
        None => own_org(access).await?,
    };
    let terms = terms(words);
    if terms.is_empty() {
        return Ok("[]".to_owned());
    }
    let expression = match_expression(&org, "content", " AND ", &terms);
    let statement = statement!(SEARCH_CONVERSATIONS, expression, &org);
    let rows = access.op.search(vec![statement]).await?;
    let found: Vec<FoundRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    let ids: Vec<Value> = found.into_iter().map(|row| row.session_id.into()).collect();
    Ok(Value::Array(ids).to_string())
}

/// The org of a request that names none.
async fn own_org<N: Need>(access: &Access<N>) -> Result<OrgId> {
    match access.read([]).await? {
        (Tenant::Org(org), []) => Ok(org),
        (Tenant::All, []) => Err(Error::bad_request("org_required", "Organization required")
            .hint("A search is about one organization; name it with ?orgId=.")),
    }
}

/// Takes conversations out of the index at once. Should it fail, the feed does it within a minute, as
/// `search_changes` holds what the change to `DB` wrote there.
pub async fn remove(op: &Op, org: &OrgId, sessions: &[String]) {
    if sessions.is_empty() {
        return;
    }
    let removal: Statement = statement!(SEARCH_REMOVE, org, json!(sessions).to_string());
    if let Err(error) = op.search_write(vec![removal]).await {
        let fields = [("reason", json!(error.private_context()))];
        let log = &op.app.log;
        log.event(LogLevel::Warn, "search_removal_deferred", op.now(), &op.request, &fields);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::knowledge::retrieval::tenant_key;

    #[test]
    fn every_word_is_quoted_and_the_tenant_comes_first() {
        let org = OrgId::from("org_a".to_owned());
        let expression =
            match_expression(&org, "content", " AND ", &terms("Root canal\" OR tenant_key:x"));
        let rest = expression.strip_prefix(&format!("tenant_key : \"{}\" AND ", tenant_key(&org)));
        assert_eq!(rest, Some("content : (\"root\" AND \"canal\" AND \"tenant\" AND \"key\")"));
    }

    proptest! {
        #[test]
        fn no_text_escapes_its_quotes(words in any::<String>()) {
            let expression = match_expression(&OrgId::from("o".to_owned()), "content", " AND ", &terms(&words));
            let body = expression.split_once("content : (").unwrap().1.strip_suffix(')').unwrap();
            for term in body.split(" AND ").filter(|term| !term.is_empty()) {
                let inner = term.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
                prop_assert!(inner.chars().all(char::is_alphanumeric), "{inner:?}");
            }
        }
    }
}
