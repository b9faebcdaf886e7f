//! Which build of the widget a visitor gets: a pure choice.
//!
//! A deployment gets the newest stable build. A pin gives it one build, or the newest of a channel, for all visitors or
//! for a part of them; the others stay on the newest stable build. The part is drawn by the visitor's id, so that it
//! stays with the visitor, and grows with the percentage without anybody falling out. Rolling back is changing the
//! pin. A build that is deprecated is given to nobody who was not pinned to it before.

use std::cmp::Ordering;

use sha2::{Digest as _, Sha256};

use super::profile::PROFILE_VERSION;
use crate::choice;

choice! {
    /// Whom a build is meant for.
    pub enum WidgetVersionStatus {
        /// The first to see it.
        Canary = "canary",
        /// Those who like to be early.
        Beta = "beta",
        /// Everybody.
        Stable = "stable",
        /// Nobody who does not have it.
        Deprecated = "deprecated",
    }
}

choice! {
    /// Which builds a pin follows: those meant for it, and all that are meant for more.
    pub enum WidgetChannel {
        /// What is stable.
        Stable = "stable",
        /// What is beta or stable.
        Beta = "beta",
        /// What is not deprecated.
        Canary = "canary",
    }
}

impl WidgetChannel {
    fn takes(self, status: WidgetVersionStatus) -> bool {
        match status {
            WidgetVersionStatus::Stable => true,
            WidgetVersionStatus::Beta => self != Self::Stable,
            WidgetVersionStatus::Canary => self == Self::Canary,
            WidgetVersionStatus::Deprecated => false,
        }
    }
}

/// `MAJOR.MINOR.PATCH`, with `-SUFFIX` before a release (Semantic Versioning 2.0.0, without build metadata).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    parts: [u32; 3],
    suffix: Option<String>,
}

impl Number {
    /// Reads a number; nothing when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (parts, suffix) = match text.split_once('-') {
            Some((parts, suffix)) => (parts, Some(suffix)),
            None => (text, None),
        };
        let mut numbers = parts.split('.').map(|part| {
            let is_plain = !part.is_empty()
                && part.len() <= 6
                && part.bytes().all(|b| b.is_ascii_digit())
                && (part.len() == 1 || !part.starts_with('0'));
            is_plain.then(|| part.parse::<u32>().ok()).flatten()
        });
        let read = [numbers.next()??, numbers.next()??, numbers.next()??];
        let is_suffix = |suffix: &str| {
            !suffix.is_empty()
                && suffix.len() <= 20
                && suffix.split('.').all(|part| {
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                })
        };
        let fits = numbers.next().is_none() && suffix.is_none_or(is_suffix);
        fits.then(|| Self { parts: read, suffix: suffix.map(str::to_owned) })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let suffixes = || match (&self.suffix, &other.suffix) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(two)) => compare_suffixes(one, two),
        };
        self.parts.cmp(&other.parts).then_with(suffixes)
    }
}

/// Part by part: numbers by value and below words, words by their letters.
fn compare_suffixes(one: &str, two: &str) -> Ordering {
    let key = |part: &str| match part.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, part.to_owned()),
    };
    one.split('.').map(key).cmp(two.split('.').map(key))
}

/// A build as it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    pub(super) version: String,
    pub(super) script_url: String,
    pub(super) styles_url: Option<String>,
    pub(super) integrity_hash: Option<String>,
    pub(super) min_profile_version: i64,
    pub(super) status: WidgetVersionStatus,
}

/// What a deployment has instead of the newest stable build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) target: Target,
    /// For how many of a hundred visitors.
    pub(super) rollout_percentage: i64,
}

/// What a pin points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// This build, whatever became of it.
    Build(Build),
    /// The newest of a channel.
    Channel(WidgetChannel),
}

/// The build for one visitor of a deployment; none when none is offered.
pub(super) fn choose(
    offered: &[Build],
    pin: Option<&Pin>,
    deployment: &str,
    visitor: Option<&str>,
) -> Option<Build> {
    let stable = || newest(offered, WidgetChannel::Stable);
    let Some(pin) = pin.filter(|pin| is_drawn(pin, deployment, visitor)) else { return stable() };
    match &pin.target {
        // One that needs more of the configuration than we tell would not work.
        Target::Build(build) if build.min_profile_version > PROFILE_VERSION => stable(),
        Target::Build(build) => Some(build.clone()),
        Target::Channel(channel) => newest(offered, *channel).or_else(stable),
    }
}

/// The highest number of a channel, whenever it was released: a correction of an older line does not take visitors
/// back to it.
fn newest(offered: &[Build], channel: WidgetChannel) -> Option<Build> {
    offered
        .iter()
        .filter(|build| channel.takes(build.status) && build.min_profile_version <= PROFILE_VERSION)
        .filter_map(|build| Some((Number::parse(&build.version)?, build)))
        .max_by(|(one, _), (two, _)| one.cmp(two))
        .map(|(_, build)| build.clone())
}

/// Whether a visitor is of the pin's part. Of a visitor without an id it is not known, and an address is no id.
fn is_drawn(pin: &Pin, deployment: &str, visitor: Option<&str>) -> bool {
    match pin.rollout_percentage {
        ..=0 => false,
        100.. => true,
        percentage => {
            visitor.is_some_and(|visitor| i64::from(bucket(deployment, visitor)) < percentage)
        }
    }
}

/// A number from 0 to 99 that stays with a visitor of a deployment; of another deployment it is another.
fn bucket(deployment: &str, visitor: &str) -> u8 {
    let mut digest = Sha256::new();
    digest.update(deployment.as_bytes());
    digest.update([0]);
    digest.update(visitor.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let [a, b, c, d, ..] = digest;
    // Of 2^32 numbers, the first 96 fall to one bucket each once more than the others: nobody can tell.
    u8::try_from(u32::from_be_bytes([a, b, c, d]) % 100).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(version: &str, status: WidgetVersionStatus) -> Build {
        Build {
            version: version.to_owned(),
            script_url: format!("https://widget.example/{version}/embed.js"),
            styles_url: None,
            integrity_hash: None,
            min_profile_version: 1,
            status,
        }
    }

    fn offered() -> Vec<Build> {
        use WidgetVersionStatus::{Beta, Canary, Deprecated, Stable};
        vec![
            build("1.9.1", Stable),
            build("1.10.0", Stable),
            build("2.0.0-rc.2", Beta),
            build("2.0.0-rc.10", Canary),
            build("3.0.0", Deprecated),
        ]
    }

    fn pin(target: Target, rollout_percentage: i64) -> Pin {
        Pin { target, rollout_percentage }
    }

    fn version(pin: Option<&Pin>, visitor: Option<&str>) -> String {
        choose(&offered(), pin, "d", visitor).unwrap().version
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let ascending =
            ["0.9.9", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-beta", "1.0.0", "1.2.0", "1.10.0"];
        let numbers: Vec<Number> =
            ascending.iter().map(|text| Number::parse(text).unwrap()).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "1.0.x",
            "01.0.0",
            "1.0.0-",
            "1.0.0-a..b",
            "1.0.0+b",
            "1.0.0-<b>",
            "1234567.0.0",
            "-1.0.0",
            "1.0.0 ",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn without_a_pin_the_newest_stable_build_is_given() {
        assert_eq!(version(None, None), "1.10.0");
        assert_eq!(choose(&[], None, "d", None), None);
        let too_new =
            Build { min_profile_version: 2, ..build("1.11.0", WidgetVersionStatus::Stable) };
        let offered: Vec<Build> = offered().into_iter().chain([too_new]).collect();
        assert_eq!(choose(&offered, None, "d", None).unwrap().version, "1.10.0");
    }

    #[test]
    fn a_channel_gives_its_newest_and_what_is_meant_for_more() {
        for (channel, newest) in [
            (WidgetChannel::Stable, "1.10.0"),
            (WidgetChannel::Beta, "2.0.0-rc.2"),
            (WidgetChannel::Canary, "2.0.0-rc.10"),
        ] {
            assert_eq!(version(Some(&pin(Target::Channel(channel), 100)), None), newest);
        }
        let stable_alone = [build("1.0.0", WidgetVersionStatus::Stable)];
        let canary = pin(Target::Channel(WidgetChannel::Canary), 100);
        assert_eq!(choose(&stable_alone, Some(&canary), "d", None).unwrap().version, "1.0.0");
    }

    #[test]
    fn a_pinned_build_stays_though_it_is_deprecated() {
        let old = pin(Target::Build(build("3.0.0", WidgetVersionStatus::Deprecated)), 100);
        assert_eq!(version(Some(&old), None), "3.0.0");
        // But not one that would not know what to do with the configuration.
        let newer = Build { min_profile_version: 2, ..build("4.0.0", WidgetVersionStatus::Stable) };
        assert_eq!(version(Some(&pin(Target::Build(newer), 100)), None), "1.10.0");
    }

    #[test]
    fn a_part_of_the_visitors_is_drawn_and_keeps_what_it_got() {
        let of = |percentage| pin(Target::Channel(WidgetChannel::Beta), percentage);
        assert_eq!(version(Some(&of(99)), None), "1.10.0", "without an id");
        assert_eq!(version(Some(&of(0)), Some("v")), "1.10.0");
        let mut drawn_before: Vec<usize> = Vec::new();
        for percentage in [10, 25, 50, 90] {
            let pin = of(percentage);
            let drawn: Vec<usize> = (0..10_000)
                .filter(|visitor| {
                    version(Some(&pin), Some(&format!("visitor_{visitor}"))) == "2.0.0-rc.2"
                })
                .collect();
            // Four standard deviations of 10 000 draws at one half.
            let expected = usize::try_from(percentage * 100).unwrap();
            assert!(drawn.len().abs_diff(expected) < 200, "{percentage}: {}", drawn.len());
            assert!(
                drawn_before.iter().all(|visitor| drawn.binary_search(visitor).is_ok()),
                "nobody fell out"
            );
            drawn_before = drawn;
        }
    }

    #[test]
    fn each_deployment_draws_for_itself() {
        let same = (0..10_000)
            .filter(|visitor| {
                let visitor = visitor.to_string();
                (bucket("one", &visitor) < 50) == (bucket("two", &visitor) < 50)
            })
            .count();
        assert!((4_800..=5_200).contains(&same), "{same}");
    }
}
