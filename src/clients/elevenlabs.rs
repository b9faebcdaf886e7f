//! `ElevenLabs`: text spoken aloud, and addresses at which a voice agent is called (elevenlabs.io/docs/api-reference,
//! "Stream speech" and "Get signed URL").
//!
//! What it answers is another service's word: bounded, and never shown to callers.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::app::Op;
use crate::backoff::jittered;
use crate::choice;
use crate::http::client::{Chunks, HttpFailure, HttpRequest, HttpStream, header};
use crate::secret::Secret;

/// Until the head is there, and again for each chunk.
const TIMEOUT: Duration = Duration::from_secs(15);
const LARGEST_ANSWER: usize = 16 * 1024;
/// The longest that a second attempt waits; a provider that asks for more is not asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// What is added to a pause at most.
const MOST_JITTER: Duration = Duration::from_millis(255);
/// Longest address of a call, in bytes.
const LONGEST_URL: usize = 2_048;
/// What stands in front of the frames of an MP3, in bytes.
const TAGS: usize = 4 * 1024;

/// Where the API lies, and the platform's key for it.
#[derive(Debug, Clone)]
pub struct ElevenLabsConfig {
    /// `ELEVENLABS_API_KEY`: for sites whose plan has a voice and who have no key of their own.
    pub key: Option<Secret<String>>,
    /// `ELEVENLABS_BASE_URL`, without a slash at its end. Nothing if it was refused: a key must not go elsewhere.
    pub base: Option<String>,
}

/// The provider's id of a voice, a model or an agent: 1 to 64 letters, digits, `_` and `-`, so that it is one segment of
/// a path and one value of a query as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderId(String);

impl ProviderId {
    /// Nothing if the text is no id.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(is_id);
        fits.then(|| Self(text.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

choice! {
    /// What a clip is encoded as. MP3 of a constant bit rate, so that its bytes tell its length.
    pub enum Format {
        /// 44.1 kHz, 128 kbit/s.
        Mp3At128 = "mp3_44100_128",
        /// 44.1 kHz, 64 kbit/s.
        Mp3At64 = "mp3_44100_64",
        /// 44.1 kHz, 32 kbit/s.
        Mp3At32 = "mp3_44100_32",
        /// 22.05 kHz, 32 kbit/s.
        Mp3Small = "mp3_22050_32",
    }
}

impl Format {
    /// Bytes of a millisecond.
    pub fn bytes_per_ms(self) -> usize {
        match self {
            Self::Mp3At128 => 16,
            Self::Mp3At64 => 8,
            Self::Mp3At32 | Self::Mp3Small => 4,
        }
    }
}

/// How a voice sounds, each left to the provider if none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tuning {
    /// 0 to 1.
    pub stability: Option<f64>,
    /// 0 to 1.
    pub similarity_boost: Option<f64>,
    /// 0 to 1.
    pub style: Option<f64>,
    /// 0.7 to 1.2.
    pub speed: Option<f64>,
    /// Whether it is to be more like the original.
    pub use_speaker_boost: Option<bool>,
}

impl Tuning {
    fn to_json(&self) -> Value {
        let numbers = [
            ("stability", self.stability),
            ("similarity_boost", self.similarity_boost),
            ("style", self.style),
            ("speed", self.speed),
        ];
        let mut settings = Map::new();
        for (name, value) in numbers {
            settings.extend(value.map(|value| (name.to_owned(), json!(value))));
        }
        settings.extend(
            self.use_speaker_boost.map(|flag| ("use_speaker_boost".to_owned(), json!(flag))),
        );
        Value::Object(settings)
    }
}

/// What is to be said.
#[derive(Debug)]
pub struct Speech<'a> {
    /// The words.
    pub text: &'a str,
    /// Who says them.
    pub voice: &'a ProviderId,
    /// What makes the sound.
    pub model: &'a ProviderId,
    /// How it is encoded.
    pub format: Format,
    /// How it sounds.
    pub tuning: &'a Tuning,
    /// The clip is cut off after this length.
    pub longest_ms: u32,
}

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The key is not taken, or what it may use is used up.
    Refused,
    /// Too many requests at once.
    Busy,
    /// The request does not fit: an unknown voice, model or agent.
    Unfit,
    /// It fails, or cannot be reached in time.
    Down,
    /// It answered what it should not.
    Odd,
    /// The clip is longer than was allowed.
    TooLong,
}

/// Why there is no answer, or no more of it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What can be done.
    pub kind: FailureKind,
    /// A private text for the log: neither a key nor what was to be said.
    pub reason: String,
    /// Whether it may be on the bill although nothing came.
    pub may_be_billed: bool,
    /// Whether the provider did nothing yet and may be asked again, and after which time at least.
    again_after: Option<Duration>,
}

impl Failure {
    fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), may_be_billed: false, again_after: None }
    }

    fn of_status(status: u16, headers: &[(String, String)]) -> Self {
        let kind = match status {
            // A used-up quota is told as 401 too.
            401..=403 => FailureKind::Refused,
            429 => FailureKind::Busy,
            400..=499 => FailureKind::Unfit,
            500..=599 => FailureKind::Down,
            _ => FailureKind::Odd,
        };
        let mut failure = Self::new(kind, format!("ElevenLabs answered {status}"));
        if status == 429 || status >= 500 {
            let seconds = header(headers, "retry-after").and_then(|text| text.trim().parse().ok());
            failure.again_after = Some(Duration::from_secs(seconds.unwrap_or_default()));
        }
        failure
    }
}

/// A way to `ElevenLabs` with one key.
pub struct ElevenLabs<'a> {
    op: &'a Op,
    base: &'a str,
    key: Secret<String>,
}

impl<'a> ElevenLabs<'a> {
    /// With this key.
    pub fn new(op: &'a Op, base: &'a str, key: Secret<String>) -> Self {
        Self { op, base, key }
    }

    /// Has something said; gives the clip once its first bytes are there. Asked again once if the provider was busy or
    /// failing; not after a time-out, as what was said may be on the bill.
    pub async fn speak(&self, speech: &Speech<'_>) -> Result<Clip, Failure> {
        match self.speak_once(speech).await {
            Err(Failure { again_after: Some(pause), .. }) if pause <= LONGEST_PAUSE => {
                let pause = jittered(pause.max(SHORTEST_PAUSE), MOST_JITTER);
                self.op.app.ports.clock.sleep(pause).await;
                self.speak_once(speech).await
            }
            outcome => outcome,
        }
    }

    async fn speak_once(&self, speech: &Speech<'_>) -> Result<Clip, Failure> {
        let (voice, format) = (speech.voice.as_str(), speech.format.as_str());
        let body = json!({
            "text": speech.text,
            "model_id": speech.model.as_str(),
            "voice_settings": speech.tuning.to_json(),
        });
        let longest = speech.longest_ms as usize * speech.format.bytes_per_ms() + TAGS;
        let request = HttpRequest {
            method: "POST",
            url: format!("{}/v1/text-to-speech/{voice}/stream?output_format={format}", self.base),
            headers: vec![
                ("xi-api-key", self.key.expose().clone()),
                ("content-type", "application/json".to_owned()),
                ("accept", "audio/mpeg".to_owned()),
            ],
            body: Some(body.to_string().into_bytes()),
            timeout: TIMEOUT,
            max_bytes: longest,
        };
        let HttpStream { status, headers, chunks } =
            self.op.app.ports.http.open(request).await.map_err(|failure| lost(&failure))?;
        if status != 200 {
            return Err(Failure::of_status(status, &headers));
        }
        if !header(&headers, "content-type").is_some_and(|kind| kind.starts_with("audio/")) {
            return Err(Failure::new(FailureKind::Odd, "ElevenLabs answered no audio"));
        }
        let mut clip = Clip { chunks, format: speech.format, longest, bytes: 0, first: Vec::new() };
        match clip.receive().await {
            Some(Ok(first)) => clip.first = first,
            Some(Err(failure)) => return Err(failure),
            None => return Err(Failure::new(FailureKind::Odd, "ElevenLabs answered nothing")),
        }
        Ok(clip)
    }

    /// An address at which an agent is called; it opens a call within 15 minutes.
    pub async fn signed_url(&self, agent: &ProviderId) -> Result<String, Failure> {
        let agent = agent.as_str();
        let request = HttpRequest {
            method: "GET",
            url: format!("{}/v1/convai/conversation/get-signed-url?agent_id={agent}", self.base),
            headers: vec![
                ("xi-api-key", self.key.expose().clone()),
                ("accept", "application/json".to_owned()),
            ],
            body: None,
            timeout: TIMEOUT,
            max_bytes: LARGEST_ANSWER,
        };
        let answer =
            self.op.app.ports.http.send(request).await.map_err(|failure| lost(&failure))?;
        if answer.status != 200 {
            return Err(Failure::of_status(answer.status, &answer.headers));
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let url = body.get("signed_url").and_then(Value::as_str);
        url.filter(|url| is_address_of_calls(url, self.base))
            .map(str::to_owned)
            .ok_or_else(|| Failure::new(FailureKind::Odd, "the address of a call is not theirs"))
    }
}

fn lost(failure: &HttpFailure) -> Failure {
    let reason = format!("ElevenLabs cannot be reached: {failure}");
    Failure { may_be_billed: failure.is_time_out(), ..Failure::new(FailureKind::Down, reason) }
}

/// Whether a visitor may be sent there: to a socket of the provider's own hosts, or of the configured one.
fn is_address_of_calls(url: &str, base: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if url.len() > LONGEST_URL || !url.bytes().all(is_plain) {
        return false;
    }
    let Some((scheme, host)) = scheme_and_host(url) else { return false };
    let (base_scheme, base_host) = scheme_and_host(base).unwrap_or(("https", "api.elevenlabs.io"));
    let is_theirs = host == "elevenlabs.io" || host.ends_with(".elevenlabs.io");
    match scheme {
        "wss" => is_theirs || host == base_host,
        // On a developer's machine.
        "ws" => base_scheme == "http" && host == base_host,
        _ => false,
    }
}

/// The parts of a URL in front of its path, if nobody is named in it.
fn scheme_and_host(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (!host.is_empty() && !host.contains('@')).then_some((scheme, host))
}

/// Something that is being said. Dropped, it ends the request.
pub struct Clip {
    chunks: Box<dyn Chunks>,
    format: Format,
    longest: usize,
    bytes: usize,
    first: Vec<u8>,
}

impl Clip {
    /// The next bytes; nothing at the end. A failure is the last thing it gives.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, Failure>> {
        if !self.first.is_empty() {
            return Some(Ok(std::mem::take(&mut self.first)));
        }
        self.receive().await
    }

    /// The next bytes that are not none.
    async fn receive(&mut self) -> Option<Result<Vec<u8>, Failure>> {
        loop {
            let chunk = match self.chunks.next().await? {
                Ok(chunk) => chunk,
                Err(failure) => return Some(Err(lost(&failure))),
            };
            self.bytes += chunk.len();
            if self.bytes > self.longest {
                let reason = "the clip is longer than was set aside for it";
                return Some(Err(Failure::new(FailureKind::TooLong, reason)));
            }
            if !chunk.is_empty() {
                return Some(Ok(chunk));
            }
        }
    }

    /// Bytes that came.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The length of what came, in milliseconds.
    pub fn length_ms(&self) -> u32 {
        let ms = self.bytes.div_ceil(self.format.bytes_per_ms());
        u32::try_from(ms).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_segment_of_a_path() {
        for id in ["21m00Tcm4TlvDq8ikWAM", "agent_0501-x", "a", &"x".repeat(64)] {
            assert_eq!(ProviderId::parse(id).map(|id| id.0), Some(id.to_owned()));
        }
        for text in
            ["", "..", "../../v1/user", "%2e%2e", "a/b", "a?b", "a#b", "a b", "é", &"x".repeat(65)]
        {
            assert_eq!(ProviderId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn visitors_are_sent_to_the_provider_alone() {
        let public = "https://api.elevenlabs.io";
        let local = "http://127.0.0.1:9999";
        let query = "/v1/convai/conversation?agent_id=a&conversation_signature=s";
        for (url, base) in [
            (format!("wss://api.elevenlabs.io{query}"), public),
            (format!("wss://api.eu.residency.elevenlabs.io{query}"), public),
            (format!("ws://127.0.0.1:9999{query}"), local),
            (format!("wss://voice.example{query}"), "https://voice.example"),
        ] {
            assert!(is_address_of_calls(&url, base), "{url}");
        }
        for (url, base) in [
            (format!("ws://api.elevenlabs.io{query}"), public),
            (format!("https://api.elevenlabs.io{query}"), public),
            (format!("wss://elevenlabs.io.evil.example{query}"), public),
            (format!("wss://evilelevenlabs.io{query}"), public),
            (format!("wss://api.elevenlabs.io@evil.example{query}"), public),
            (format!("wss://evil.example\\.elevenlabs.io{query}"), public),
            (format!("wss://evil.example#.elevenlabs.io{query}"), public),
            (format!("ws://127.0.0.1:9998{query}"), local),
            (format!("wss://api.elevenlabs.io/{}", "x".repeat(LONGEST_URL)), public),
            ("javascript:alert(1)".to_owned(), public),
            ("wss://".to_owned(), public),
            (String::new(), public),
        ] {
            assert!(!is_address_of_calls(&url, base), "{url}");
        }
    }

    #[test]
    fn only_what_is_passing_is_asked_again() {
        let failure = |status: u16, retry: &str| {
            let headers = [("retry-after".to_owned(), retry.to_owned())];
            let Failure { kind, again_after, .. } = Failure::of_status(status, &headers);
            (kind, again_after.map(|pause| pause.as_secs()))
        };
        assert_eq!(failure(429, "1"), (FailureKind::Busy, Some(1)));
        assert_eq!(failure(503, "soon"), (FailureKind::Down, Some(0)));
        assert_eq!(failure(401, "1"), (FailureKind::Refused, None));
        assert_eq!(failure(422, "1"), (FailureKind::Unfit, None));
        assert_eq!(failure(302, "1"), (FailureKind::Odd, None));
    }
}
