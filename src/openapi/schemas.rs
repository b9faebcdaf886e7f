//! Schemas of types whose form on the wire is not that of their fields.

use std::borrow::Cow;

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::time::{StoredTime, Timestamp};

macro_rules! date_time {
    ($type:ty) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                    .description(Some("ISO 8601, UTC, with `Z`."))
                    .examples(["2026-03-15T12:00:00.000Z"])
                    .into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed("Timestamp")
            }
        }
    };
}

/// Sound, as it is played.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is what its attribute says")]
pub struct Sound(Vec<u8>);

date_time!(StoredTime);
date_time!(Timestamp);
