//! `GET /health`, `GET /health/ready` and the aliases other monitors expect.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

use super::build;
use crate::app::Op;
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::http::extract::Json;
use crate::time::Timestamp;
use crate::{row, sql, statement};

const MIGRATIONS_APPLIED: &str = sql!("sql/migrations_applied.sql");

/// The Worker answers.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HealthOut {
    status: &'static str,
    timestamp: Timestamp,
    environment: &'static str,
    version: &'static str,
    revision: &'static str,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<Services>,
}

/// `GET /health`: the Worker answers. No D1, no rate limit.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/health", tag = "Operation",
    responses((status = 200, description = "The Worker runs", body = HealthOut))))]
pub async fn get_health(op: Op) -> Json<HealthOut> {
    Json(health(&op, "ok", None))
}

fn health(op: &Op, status: &'static str, services: Option<Services>) -> HealthOut {
    HealthOut {
        status,
        timestamp: op.now(),
        environment: op.app.config.environment.name(),
        version: build::VERSION,
        revision: build::REVISION,
        request_id: op.request.id.clone(),
        services,
    }
}

/// What the Worker needs.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct Services {
    database: DatabaseOut,
    search: DatabaseOut,
    configuration: ConfigurationOut,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct DatabaseOut {
    status: &'static str,
    latency_ms: i64,
    /// Migrations this build expects and the database does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_migrations: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct ConfigurationOut {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

const HEALTHY: &str = "healthy";
const UNHEALTHY: &str = "unhealthy";

/// `GET /health/ready`, `/v1/health`, `/api/health`: D1 can be reached, its migrations are those of
/// this build, and the configuration was accepted. 503 when not.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/health/ready", tag = "Operation",
    responses((status = 200, description = "The databases answer and are migrated; also at /v1/health and /api/health", body = HealthOut),
              (status = 503, description = "Something that requests need is missing", body = HealthOut))))]
pub async fn get_readiness(op: Op) -> Response {
    let database = check(&op, build::DB_MIGRATIONS, op.read(vec![applied()])).await;
    let search = check(&op, build::SEARCH_MIGRATIONS, op.search(vec![applied()])).await;
    let problems = op.app.config.problems.clone();
    let configuration = ConfigurationOut {
        status: if problems.is_empty() { HEALTHY } else { UNHEALTHY },
        problems,
    };
    let ready = [database.status, search.status, configuration.status]
        .iter()
        .all(|status| *status == HEALTHY);
    let services = Services { database, search, configuration };
    let body = health(&op, if ready { "ok" } else { "unavailable" }, Some(services));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

fn applied() -> Statement {
    statement!(MIGRATIONS_APPLIED)
}

row! {
    #[derive(Debug)]
    struct MigrationRow {
        name: String,
    }
}

async fn check(
    op: &Op,
    expected: &[&'static str],
    query: impl Future<Output = Result<Vec<Rows>>>,
) -> DatabaseOut {
    let started = op.now();
    let answer = query.await;
    let latency_ms = op.now().millis_since(started);
    let names =
        answer.and_then(|rows| rows.first().map_or(Ok(Vec::new()), Rows::all::<MigrationRow>));
    match names {
        Ok(names) => {
            let missing: Vec<&'static str> = expected
                .iter()
                .copied()
                .filter(|expected| !names.iter().any(|row| row.name == *expected))
                .collect();
            let status = if missing.is_empty() { HEALTHY } else { UNHEALTHY };
            DatabaseOut { status, latency_ms, missing_migrations: missing, error: None }
        }
        Err(_) => DatabaseOut {
            status: UNHEALTHY,
            latency_ms,
            missing_migrations: Vec::new(),
            error: Some("The database cannot be read, or no migration was applied."),
        },
    }
}
