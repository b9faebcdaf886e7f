//! The statements of embeds.

use std::collections::HashMap;

use serde_json::json;

use super::embed::EmbedRow;
use super::version::{Build, WidgetVersionStatus};
use crate::app::Op;
use crate::chat;
use crate::db::Rows;
use crate::error::Result;
use crate::{row, sql, statement};

const EMBED: &str = sql!("sql/embed.sql");
const BUILDS_OFFERED: &str = sql!("sql/builds_offered.sql");
const EVENTS_COUNT: &str = sql!("sql/events_count.sql");

row! {
    struct BuildRow {
        version: String,
        script_url: String,
        styles_url: Option<String>,
        integrity_hash: Option<String>,
        min_profile_version: i64,
        status: WidgetVersionStatus,
    }
}

impl From<BuildRow> for Build {
    fn from(row: BuildRow) -> Self {
        Self {
            version: row.version,
            script_url: row.script_url,
            styles_url: row.styles_url,
            integrity_hash: row.integrity_hash,
            min_profile_version: row.min_profile_version,
            status: row.status,
        }
    }
}

row! {
    struct LimitRow {
        name: String,
    }
}

/// What a key opens, and the builds that are offered, in one round trip.
pub(super) async fn embed_and_builds(op: &Op, key: &str) -> Result<(Option<EmbedRow>, Vec<Build>)> {
    let rows = op.read(vec![statement!(EMBED, key, op.now()), statement!(BUILDS_OFFERED)]).await?;
    let embed = rows.first().map_or(Ok(None), Rows::first)?;
    let builds: Vec<BuildRow> = rows.get(1).map_or(Ok(Vec::new()), Rows::all)?;
    Ok((embed, builds.into_iter().map(Build::from).collect()))
}

/// What a key opens, the names of the limits of chat that are used up there, and the builds that are offered, in one round
/// trip.
pub(super) async fn embed_and_limits(
    op: &Op,
    key: &str,
) -> Result<(Option<EmbedRow>, Vec<String>, Vec<Build>)> {
    let limits = chat::limits_used(key, op.now());
    let statements = vec![statement!(EMBED, key, op.now()), limits, statement!(BUILDS_OFFERED)];
    let rows = op.read(statements).await?;
    let builds: Vec<BuildRow> = rows.get(2).map_or(Ok(Vec::new()), Rows::all)?;
    let builds = builds.into_iter().map(Build::from).collect();
    let embed = rows.first().map_or(Ok(None), Rows::first)?;
    let limits: Vec<LimitRow> = rows.get(1).map_or(Ok(Vec::new()), Rows::all)?;
    Ok((embed, limits.into_iter().map(|limit| limit.name).collect(), builds))
}

/// What a key opens.
pub(super) async fn embed(op: &Op, key: &str) -> Result<Option<EmbedRow>> {
    let rows = op.read(vec![statement!(EMBED, key, op.now())]).await?;
    rows.first().map_or(Ok(None), Rows::first)
}

/// Counts events of an embed.
pub(super) async fn events_count(
    op: &Op,
    embed: &EmbedRow,
    counts: &HashMap<&str, u32>,
) -> Result<()> {
    let now = op.now();
    let count = statement!(
        EVENTS_COUNT,
        &embed.org_id,
        &embed.site_id,
        embed.scope_id(),
        now.date(),
        now,
        json!(counts).to_string(),
    );
    op.write(vec![count]).await.map(drop)
}
