//! What bodies say of tokens, judged.

use serde_json::Value;

use crate::body;
use crate::error::Result;
use crate::http::body::{Member, Text, Whole, invalid};
use crate::time::Timestamp;

/// Most sites that a token lists.
const MOST_SITES: usize = 100;
/// Hours for which an old secret stays valid, if nothing else is said.
const OVERLAP_HOURS: i64 = 24;

/// A moment, such as `2026-03-15T12:00:00Z`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(Timestamp);

impl Member for Moment {
    fn from_member(value: Value) -> Result<Self, String> {
        let moment = value.as_str().and_then(Timestamp::parse);
        moment.map(Self).ok_or_else(|| "must be a moment such as 2026-03-15T12:00:00Z".to_owned())
    }
}

body! {
    /// A new token.
    pub struct GatewayTokenIn {
        name as "name": Text<1, 100>,
        /// Sites of the organization that it opens; all of them, those to come included, if absent.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Vec<String>>))]
        site_ids as "siteIds": Option<Vec<Text<1, 128>>>,
        /// It opens nothing from then on; never if absent.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<crate::time::StoredTime>))]
        expires_at as "expiresAt": Option<Moment>,
    }
}

body! {
    /// How a token gets another secret.
    pub struct RotationIn {
        /// How long its secrets so far stay valid at most: 24 if absent, 0 ends them at once.
        overlap_hours as "overlapHours": Option<Whole<0, 72>>,
    }
}

impl GatewayTokenIn {
    /// Ids of the sites, each once; none for all sites.
    pub(super) fn sites(&self) -> Result<Option<Vec<String>>> {
        let Some(listed) = &self.site_ids else { return Ok(None) };
        if listed.is_empty() || listed.len() > MOST_SITES {
            return Err(invalid(
                "siteIds",
                &format!("must have 1 to {MOST_SITES} entries, or be left out for all sites"),
            ));
        }
        let mut sites: Vec<String> = listed.iter().map(|id| id.0.clone()).collect();
        sites.sort_unstable();
        sites.dedup();
        Ok(Some(sites))
    }

    /// When it expires.
    pub(super) fn expiry(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        match self.expires_at {
            Some(Moment(moment)) if moment <= now => {
                Err(invalid("expiresAt", "must be in the future"))
            }
            moment => Ok(moment.map(|Moment(moment)| moment)),
        }
    }
}

impl RotationIn {
    pub(super) fn overlap_hours(&self) -> u64 {
        let hours = self.overlap_hours.map_or(OVERLAP_HOURS, |hours| hours.0);
        u64::try_from(hours).unwrap_or_default()
    }
}
