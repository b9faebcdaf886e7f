//! What a body says of a deployment and of its pin, judged.

use super::version::WidgetChannel;
use crate::config::Environment;
use crate::error::Result;
use crate::http::body::{Change, Text, Whole, invalid};
use crate::sites::pages::judge_origins;
use crate::{body, choice};

/// Messages a minute, unless the body says otherwise.
const RPM: i64 = 60;
/// Messages a day, unless the body says otherwise.
const DAILY: i64 = 1_000;

choice! {
    /// Whether a deployment answers.
    pub enum WidgetDeploymentStatus {
        /// It does.
        Active = "active",
        /// Stopped for a while.
        Paused = "paused",
        /// Stopped.
        Disabled = "disabled",
    }
}

choice! {
    /// Where a deployment's pages are.
    pub enum WidgetEnvironment {
        /// On developers' machines.
        Development = "development",
        /// Where it is rehearsed.
        Staging = "staging",
        /// Where customers are.
        Production = "production",
    }
}

impl From<WidgetEnvironment> for Environment {
    fn from(environment: WidgetEnvironment) -> Self {
        match environment {
            WidgetEnvironment::Development => Self::Development,
            WidgetEnvironment::Staging => Self::Staging,
            WidgetEnvironment::Production => Self::Production,
        }
    }
}

choice! {
    /// What a pin points to.
    pub enum WidgetPinType {
        /// One build.
        Specific = "specific",
        /// The newest of a channel.
        Channel = "channel",
    }
}

body! {
    /// A new deployment of a site. Its key is made by the server.
    pub struct WidgetDeploymentIn {
        site_id as "siteId": Text<1, 128>,
        /// `production` if absent. A site has one deployment in each.
        environment as "environment": Option<WidgetEnvironment>,
        /// How the widget looks; the defaults if absent.
        widget_profile_id as "widgetProfileId": Option<Text<1, 128>>,
        /// Origins of the pages that may have it, such as `https://*.example.com`; the site's own domain may in any case.
        allowed_origins as "allowedOrigins": Option<Vec<Text<1, 300>>>,
        /// Messages a minute; 60 if absent.
        rate_limit_rpm as "rateLimitRpm": Option<Whole<1, 10_000>>,
        /// Messages a day; 1000 if absent.
        rate_limit_daily as "rateLimitDaily": Option<Whole<1, 1_000_000>>,
        /// `active` if absent.
        status as "status": Option<WidgetDeploymentStatus>,
    }
}

body! {
    /// Changes to a deployment: what is absent stays.
    pub struct WidgetDeploymentPatch {
        /// How the widget looks; `null` for the defaults.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<1, 128>>))]
        widget_profile_id as "widgetProfileId": Change<Text<1, 128>>,
        /// Those that are taken away are refused at once.
        allowed_origins as "allowedOrigins": Option<Vec<Text<1, 300>>>,
        rate_limit_rpm as "rateLimitRpm": Option<Whole<1, 10_000>>,
        rate_limit_daily as "rateLimitDaily": Option<Whole<1, 1_000_000>>,
        status as "status": Option<WidgetDeploymentStatus>,
    }
}

/// A new deployment, judged.
#[derive(Debug)]
pub(super) struct NewDeployment {
    pub(super) environment: WidgetEnvironment,
    pub(super) profile: Option<String>,
    pub(super) allowed_origins: Vec<String>,
    pub(super) rpm: i64,
    pub(super) daily: i64,
    pub(super) status: WidgetDeploymentStatus,
}

/// A change, judged.
#[derive(Debug)]
pub(super) struct DeploymentChange {
    pub(super) profile: Change<String>,
    pub(super) allowed_origins: Option<Vec<String>>,
    pub(super) rpm: Option<i64>,
    pub(super) daily: Option<i64>,
    pub(super) status: Option<WidgetDeploymentStatus>,
}

impl NewDeployment {
    /// Judges what the types alone do not; the site's id apart.
    pub(super) fn judge(body: WidgetDeploymentIn) -> Result<(String, Self)> {
        let new = Self {
            environment: body.environment.unwrap_or(WidgetEnvironment::Production),
            profile: body.widget_profile_id.map(|profile| profile.0),
            allowed_origins: judge_origins(body.allowed_origins.unwrap_or_default())?,
            rpm: body.rate_limit_rpm.map_or(RPM, |limit| limit.0),
            daily: body.rate_limit_daily.map_or(DAILY, |limit| limit.0),
            status: body.status.unwrap_or(WidgetDeploymentStatus::Active),
        };
        Ok((body.site_id.0, new))
    }
}

impl DeploymentChange {
    /// Judges what the types alone do not.
    pub(super) fn judge(body: WidgetDeploymentPatch) -> Result<Self> {
        Ok(Self {
            profile: match body.widget_profile_id {
                Change::Keep => Change::Keep,
                Change::Clear => Change::Clear,
                Change::Set(profile) => Change::Set(profile.0),
            },
            allowed_origins: body.allowed_origins.map(judge_origins).transpose()?,
            rpm: body.rate_limit_rpm.map(|limit| limit.0),
            daily: body.rate_limit_daily.map(|limit| limit.0),
            status: body.status,
        })
    }
}

body! {
    /// Which build a deployment gives its visitors instead of the newest stable one.
    pub struct WidgetPinIn {
        /// `specific` if absent.
        pin_type as "pinType": Option<WidgetPinType>,
        /// The build, of a specific pin.
        widget_version_id as "widgetVersionId": Option<Text<1, 128>>,
        /// The channel, of a channel pin.
        channel as "channel": Option<WidgetChannel>,
        /// For how many of a hundred visitors; all if absent. The others get the newest stable build.
        rollout_percentage as "rolloutPercentage": Option<Whole<0, 100>>,
    }
}

/// A pin, judged: a build or a channel.
#[derive(Debug)]
pub(super) struct NewPin {
    pub(super) pin_type: WidgetPinType,
    pub(super) version: Option<String>,
    pub(super) channel: Option<WidgetChannel>,
    pub(super) rollout_percentage: i64,
}

impl NewPin {
    /// Judges that a specific pin names its build, and a channel pin its channel, and neither the other's.
    pub(super) fn judge(body: WidgetPinIn) -> Result<Self> {
        let pin_type = body.pin_type.unwrap_or(WidgetPinType::Specific);
        let version = body.widget_version_id.map(|version| version.0);
        match (pin_type, &version, body.channel) {
            (WidgetPinType::Specific, None, _) => {
                return Err(invalid("widgetVersionId", "is required by a specific pin"));
            }
            (WidgetPinType::Specific, Some(_), Some(_)) => {
                return Err(invalid("channel", "is for pins of type channel"));
            }
            (WidgetPinType::Channel, _, None) => {
                return Err(invalid("channel", "is required by a channel pin"));
            }
            (WidgetPinType::Channel, Some(_), Some(_)) => {
                return Err(invalid("widgetVersionId", "is for pins of type specific"));
            }
            (WidgetPinType::Specific, Some(_), None) | (WidgetPinType::Channel, None, Some(_)) => {}
        }
        let rollout_percentage = body.rollout_percentage.map_or(100, |percentage| percentage.0);
        Ok(Self { pin_type, version, channel: body.channel, rollout_percentage })
    }
}
