//! `config.voice` of a site: who speaks for it, and who takes its calls.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::clients::elevenlabs::{ProviderId, Tuning};
use crate::error::{Error, Result};
use crate::http::body::invalid;

/// Most entries of a list.
const MOST_LISTED: usize = 20;
/// What makes the sound if a site says nothing else.
const MODEL: &str = "eleven_multilingual_v2";
const MEMBERS: [&str; 10] = [
    "voice_id",
    "allowed_voices",
    "model_id",
    "allowed_models",
    "agent_id",
    "stability",
    "similarity_boost",
    "style",
    "speed",
    "use_speaker_boost",
];

/// The voices that every account of the provider has (elevenlabs.io/docs, "Default voices"): nobody's own.
const STOCK_VOICES: [&str; 22] = [
    "9BWtsMINqrJLrRACOk9x",
    "CwhRBWXzGAHq8TQ4Fs17",
    "EXAVITQu4vr4xnSDxMaL",
    "FGY2WhTYpPnrIDTdsKH5",
    "IKne3meq5aSn9XLyUdCD",
    "JBFqnCBsd6RMkjVDRZzb",
    "N2lVS1w4EtoT3dr4eOWO",
    "SAz9YHcvj6GT2YYXdXww",
    "SOYHLrjzK2X1ezoPC6cr",
    "TX3LPaxmHKxFdv7VOQHJ",
    "XB0fDUnXU5powFXDhCwa",
    "Xb7hH8MSUJpSbSDYk0k2",
    "XrExE9yKIg1WjnnlVkGX",
    "bIHbv24MWmeRgasZH58o",
    "cgSgspJ2msm6clMCkdW9",
    "cjVigY5qzO86Huf0OWal",
    "iP95p4xoKVk53GoZ742B",
    "nPczCjzI2devNBz1zQrb",
    "onwK4e9ZLuTAKqWW03F9",
    "pNInz6obpgDQGcFmaJgB",
    "pFZP5JQG7iQjIQuC4Bku",
    "pqHfZKP75CvOlQylNhV4",
];

/// Whether an id is a voice of everybody.
pub(super) fn is_stock_voice(id: &ProviderId) -> bool {
    STOCK_VOICES.contains(&id.as_str())
}

/// How a site speaks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    voice: Option<ProviderId>,
    allowed_voices: Vec<ProviderId>,
    model: Option<ProviderId>,
    allowed_models: Vec<ProviderId>,
    /// Who takes calls.
    pub(super) agent: Option<ProviderId>,
    pub(super) tuning: Tuning,
}

/// Judges the voice of a site's config, if it has one, before it is stored.
pub(crate) fn judge(config: &Map<String, Value>) -> Result<()> {
    match config.get("voice") {
        None | Some(Value::Null) => Ok(()),
        Some(voice) => Setting::read(voice)
            .map(drop)
            .map_err(|what| invalid("config", &format!("has a \"voice\" that {what}"))),
    }
}

impl Setting {
    /// What is stored; nothing if there is none, or none that could be stored now.
    pub(super) fn of(config: &Map<String, Value>) -> Option<Self> {
        config.get("voice").and_then(|voice| Self::read(voice).ok())
    }

    fn read(voice: &Value) -> Result<Self, String> {
        let members = voice.as_object().ok_or("must be an object")?;
        if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("has the unknown member \"{name}\""));
        }
        let part = |name: &str| number(members, name, 0.0..=1.0, "0 to 1");
        Ok(Self {
            voice: id(members, "voice_id")?,
            allowed_voices: ids(members, "allowed_voices")?,
            model: id(members, "model_id")?,
            allowed_models: ids(members, "allowed_models")?,
            agent: id(members, "agent_id")?,
            tuning: Tuning {
                stability: part("stability")?.or(Some(0.75)),
                similarity_boost: part("similarity_boost")?.or(Some(0.75)),
                style: part("style")?.or(Some(0.0)),
                speed: number(members, "speed", 0.7..=1.2, "0.7 to 1.2")?,
                use_speaker_boost: flag(members, "use_speaker_boost")?.or(Some(true)),
            },
        })
    }

    /// The voice that is asked for, if the site allows it; the site's own if none is. Nothing without one of its own.
    pub(super) fn voice(&self, asked: Option<&ProviderId>) -> Option<Result<ProviderId>> {
        let own = self.voice.as_ref()?;
        Some(match asked {
            None => Ok(own.clone()),
            Some(voice) if voice == own || self.allowed_voices.contains(voice) => Ok(voice.clone()),
            Some(_) => Err(Error::forbidden("voice_not_allowed", "Voice not allowed")
                .hint("Leave \"voice_id\" out, or name one of the site's voices.")),
        })
    }

    /// The model that is asked for, if the site allows it; the site's own if none is.
    pub(super) fn model(&self, asked: Option<&ProviderId>) -> Result<ProviderId> {
        let own = self.model.clone().or_else(|| ProviderId::parse(MODEL));
        let own = own.ok_or_else(|| Error::internal("the default model is no id"))?;
        match asked {
            None => Ok(own),
            Some(model) if *model == own || self.allowed_models.contains(model) => {
                Ok(model.clone())
            }
            Some(_) => Err(Error::forbidden("voice_model_not_allowed", "Voice model not allowed")
                .hint("Leave \"model_id\" out, or name one of the site's models.")),
        }
    }
}

/// A member that is not null.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn id_of(value: &Value) -> Option<ProviderId> {
    value.as_str().and_then(ProviderId::parse)
}

const ID: &str = "1 to 64 letters, digits, _ or -";

fn id(members: &Map<String, Value>, name: &str) -> Result<Option<ProviderId>, String> {
    let Some(value) = member(members, name) else { return Ok(None) };
    id_of(value).map(Some).ok_or_else(|| format!("has a \"{name}\" that is not {ID}"))
}

fn ids(members: &Map<String, Value>, name: &str) -> Result<Vec<ProviderId>, String> {
    let Some(value) = member(members, name) else { return Ok(Vec::new()) };
    let list = value.as_array().filter(|list| list.len() <= MOST_LISTED);
    let ids: Option<Vec<ProviderId>> = list.and_then(|list| list.iter().map(id_of).collect());
    ids.ok_or_else(|| {
        format!("has \"{name}\" that are not a list of at most {MOST_LISTED}, each {ID}")
    })
}

fn number(
    members: &Map<String, Value>,
    name: &str,
    bounds: RangeInclusive<f64>,
    told: &str,
) -> Result<Option<f64>, String> {
    let Some(value) = member(members, name) else { return Ok(None) };
    let number = value.as_f64().filter(|number| bounds.contains(number));
    number.map(Some).ok_or_else(|| format!("has a \"{name}\" that is not a number from {told}"))
}

fn flag(members: &Map<String, Value>, name: &str) -> Result<Option<bool>, String> {
    let Some(value) = member(members, name) else { return Ok(None) };
    value.as_bool().map(Some).ok_or_else(|| format!("has a \"{name}\" that is not true or false"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(voice: &Value) -> Map<String, Value> {
        json!({ "voice": voice }).as_object().unwrap().clone()
    }

    fn asked(id: &str) -> ProviderId {
        ProviderId::parse(id).unwrap()
    }

    #[test]
    fn visitors_choose_among_the_sites_voices_and_models() {
        let setting = Setting::of(&config(&json!({
            "voice_id": "rachel", "allowed_voices": ["adam"], "allowed_models": ["eleven_flash_v2_5"],
        })))
        .unwrap();
        let voice = |id: Option<&str>| {
            let chosen = setting.voice(id.map(asked).as_ref()).unwrap();
            chosen.map(|id| id.as_str().to_owned()).map_err(|error| error.code())
        };
        assert_eq!(voice(None).unwrap(), "rachel");
        assert_eq!(voice(Some("rachel")).unwrap(), "rachel");
        assert_eq!(voice(Some("adam")).unwrap(), "adam");
        assert_eq!(voice(Some("eve")), Err("voice_not_allowed"));
        let model = |id: Option<&str>| {
            let chosen = setting.model(id.map(asked).as_ref());
            chosen.map(|id| id.as_str().to_owned()).map_err(|error| error.code())
        };
        assert_eq!(model(None).unwrap(), MODEL);
        assert_eq!(model(Some("eleven_flash_v2_5")).unwrap(), "eleven_flash_v2_5");
        assert_eq!(model(Some("eleven_v3")), Err("voice_model_not_allowed"));
        let silent = Setting::of(&config(&json!({"agent_id": "agent_1"}))).unwrap();
        assert!(silent.voice(Some(&asked("rachel"))).is_none());
    }

    #[test]
    fn what_does_not_fit_is_named_and_never_used() {
        for (voice, told) in [
            (json!("rachel"), "must be an object"),
            (json!({"voice": "rachel"}), "unknown member \"voice\""),
            (json!({"voice_id": "../user"}), "\"voice_id\" that is not"),
            (json!({"agent_id": "a?x=1"}), "\"agent_id\" that is not"),
            (json!({"allowed_voices": "adam"}), "\"allowed_voices\" that are not a list"),
            (json!({"allowed_voices": ["adam", "%2e%2e"]}), "\"allowed_voices\" that are not"),
            (json!({"allowed_models": vec!["m"; 21]}), "at most 20"),
            (json!({"stability": 1.1}), "\"stability\" that is not a number from 0 to 1"),
            (json!({"speed": 0.5}), "\"speed\" that is not a number from 0.7 to 1.2"),
            (json!({"use_speaker_boost": 1}), "not true or false"),
        ] {
            let error = judge(&config(&voice)).unwrap_err();
            let hint = error.public_hint().unwrap();
            assert!(
                hint.starts_with("\"config\" has a \"voice\" that ") && hint.contains(told),
                "{hint}"
            );
            assert_eq!(Setting::of(&config(&voice)), None, "{voice}");
        }
        assert!(judge(&config(&Value::Null)).is_ok() && judge(&Map::new()).is_ok());
    }
}
