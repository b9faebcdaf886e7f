//! `GET /bots`, `GET /v1/models`: which bots a token opens.

use serde::Serialize;

use super::store::{self, Bot};
use super::token::ServerToken;
use crate::chat::settings::Settings;
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path};

/// Longest name of a model that is shown, in characters.
const LONGEST_NAME: usize = 500;

/// The bots that a token opens.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct BotsOut {
    bots: Vec<BotOut>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct BotOut {
    /// What `model` is in `/v1/chat/completions`.
    id: String,
    name: String,
    greeting: Option<String>,
    /// The first model that it asks; `builtin` where it has none.
    model: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    starter_prompts: Vec<String>,
}

impl From<Bot> for BotOut {
    fn from(bot: Bot) -> Self {
        let settings = Settings(&bot.config);
        Self {
            id: bot.id,
            name: bot.name,
            greeting: settings.greeting().map(str::to_owned),
            model: bot.model.map_or_else(|| "builtin".to_owned(), |name| cut(&name, LONGEST_NAME)),
            starter_prompts: settings.starter_prompts().into_iter().map(str::to_owned).collect(),
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// A bot as a model of OpenAI's API.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ModelOut {
    id: String,
    /// `model`.
    object: &'static str,
    /// Seconds since the epoch.
    created: i64,
    /// What the organization calls itself.
    owned_by: String,
}

impl From<Bot> for ModelOut {
    fn from(bot: Bot) -> Self {
        Self { id: bot.id, object: "model", created: bot.created, owned_by: bot.org_label }
    }
}

/// The bots as a list of OpenAI's API.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ModelsOut {
    /// `list`.
    object: &'static str,
    data: Vec<ModelOut>,
}

/// `GET /bots`: the active bots that the gateway token opens, oldest first, 1000 at most.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/bots", tag = "Servers",
    responses((status = 200, body = BotsOut), crate::openapi::ServerErrors), security(("gateway" = []))))]
pub async fn list_bots(token: ServerToken) -> Result<Json<BotsOut>> {
    let bots = store::bots(&token.op, &token.digest, None).await?;
    Ok(Json(BotsOut { bots: bots.into_iter().map(BotOut::from).collect() }))
}

/// `GET /v1/models`: the same bots, as clients of OpenAI's API read models.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/v1/models", tag = "Servers",
    responses((status = 200, body = ModelsOut), crate::openapi::OpenAiErrors), security(("gateway" = []))))]
pub async fn list_models(token: ServerToken) -> Result<Json<ModelsOut>> {
    let bots = store::bots(&token.op, &token.digest, None).await?;
    Ok(Json(ModelsOut { object: "list", data: bots.into_iter().map(ModelOut::from).collect() }))
}

/// `GET /v1/models/{id}`: one of them.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/v1/models/{id}", tag = "Servers",
    params(("id" = String, Path)),
    responses((status = 200, body = ModelOut), crate::openapi::OpenAiErrors), security(("gateway" = []))))]
pub async fn get_model(token: ServerToken, Path(id): Path<String>) -> Result<Json<ModelOut>> {
    let bots = store::bots(&token.op, &token.digest, Some(&id)).await?;
    let bot = bots.into_iter().next().ok_or_else(bot_not_found)?;
    Ok(Json(bot.into()))
}

/// No such bot, or not for this token.
#[cold]
#[track_caller]
pub fn bot_not_found() -> Error {
    Error::not_found("bot_not_found", "Model not found")
        .hint("The token opens the bots that GET /v1/models lists.")
        .about("model")
}
