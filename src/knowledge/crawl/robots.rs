//! `robots.txt` as RFC 9309 has it: groups, the longest match, `*` and `$`.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

/// The product token under which sites may address us.
pub(super) const PRODUCT: &str = "KobyPortalBot";
/// What is read of a file: RFC 9309, section 2.5, asks for at least as much.
pub(super) const MOST_BYTES: usize = 500 * 1024;
/// Sitemaps that are taken from a file.
const MOST_SITEMAPS: usize = 20;
/// Rules that are kept of a file: each is compared with each path.
const MOST_RULES: usize = 1_000;
/// Of these, rules with a `*`, which take longer.
const MOST_WILD: usize = 100;
/// Signs `*` in a rule.
const MOST_STARS: usize = 8;
/// Longest rule, in bytes.
const LONGEST_RULE: usize = 500;
/// A longer wait between two requests is cut to this one, so that a site cannot keep its pages from ever being read
/// by accident; who wants that has `Disallow`.
const LONGEST_DELAY: Duration = Duration::from_mins(2);

/// What a file says to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Robots {
    rules: Vec<Rule>,
    /// How long to wait between two requests, where the site says so.
    pub(super) delay: Option<Duration>,
    /// Where it says that its sitemaps are.
    pub(super) sitemaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// Written as [`comparable`] writes paths.
    pattern: String,
}

/// A group in the making.
#[derive(Default)]
struct Group {
    /// Whether it is for us by name.
    is_ours: bool,
    /// Whether it is for everybody.
    is_general: bool,
    /// Whether its lines of agents are over.
    has_rules: bool,
}

#[derive(Default)]
struct Lines {
    ours: Robots,
    general: Robots,
    has_ours: bool,
    sitemaps: Vec<String>,
}

impl Robots {
    /// Reads a file. Lines that it does not know are passed over.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes.get(..MOST_BYTES).unwrap_or(bytes));
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let (mut lines, mut group) = (Lines::default(), Group::default());
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            if let Some((key, value)) = line.split_once(':') {
                lines.read(&mut group, key.trim(), value.trim());
            }
        }
        // The groups of everybody count where none is ours.
        let mut robots = if lines.has_ours { lines.ours } else { lines.general };
        robots.sitemaps = lines.sitemaps;
        robots
    }

    /// Whether a path, with its query, may be read: the longest rule that matches decides, and of two that are as
    /// long the one that allows.
    pub(super) fn allows(&self, path: &str) -> bool {
        let path = comparable(path);
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        let strongest = matching.max_by_key(|rule| (rule.pattern.len(), rule.allows));
        path == "/robots.txt" || strongest.is_none_or(|rule| rule.allows)
    }

    /// Adds a rule, if there is room for it.
    fn push(&mut self, rule: Rule) {
        let is_wild = |rule: &Rule| rule.pattern.contains('*');
        let has_room = self.rules.len() < MOST_RULES
            && (!is_wild(&rule)
                || self.rules.iter().filter(|rule| is_wild(rule)).count() < MOST_WILD);
        if has_room {
            self.rules.push(rule);
        }
    }

    /// As it is kept between two runs.
    pub(super) fn to_json(&self) -> Value {
        let rules: Vec<String> = self
            .rules
            .iter()
            .map(|rule| format!("{}{}", if rule.allows { '+' } else { '-' }, rule.pattern))
            .collect();
        let delay_ms = self.delay.and_then(|delay| u64::try_from(delay.as_millis()).ok());
        serde_json::json!({"rules": rules, "delay_ms": delay_ms})
    }

    /// What [`Robots::to_json`] wrote.
    pub(super) fn from_json(json: &Value) -> Self {
        let rules = json.get("rules").and_then(Value::as_array).into_iter().flatten();
        let rules = rules.filter_map(Value::as_str).filter_map(|rule| {
            let allowed = rule.strip_prefix('+').map(|pattern| (true, pattern));
            let (allows, pattern) = allowed.or(rule.strip_prefix('-').map(|rest| (false, rest)))?;
            Some(Rule { allows, pattern: pattern.to_owned() })
        });
        let delay = json.get("delay_ms").and_then(Value::as_u64).map(Duration::from_millis);
        Self { rules: rules.collect(), delay, sitemaps: Vec::new() }
    }
}

impl Lines {
    fn read(&mut self, group: &mut Group, key: &str, value: &str) {
        if key.eq_ignore_ascii_case("sitemap") {
            // Sitemaps belong to no group.
            if self.sitemaps.len() < MOST_SITEMAPS && !value.is_empty() {
                self.sitemaps.push(value.to_owned());
            }
        } else if key.eq_ignore_ascii_case("user-agent") {
            if group.has_rules {
                *group = Group::default();
            }
            group.is_ours |= product(value).eq_ignore_ascii_case(PRODUCT);
            group.is_general |= value.split_ascii_whitespace().next() == Some("*");
            self.has_ours |= group.is_ours;
        } else if let Some(rule) = rule(key, value) {
            group.has_rules = true;
            self.each(group, |robots| robots.push(rule.clone()));
        } else if key.eq_ignore_ascii_case("crawl-delay") {
            group.has_rules = true;
            let delay = seconds(value);
            self.each(group, |robots| robots.delay = delay.or(robots.delay));
        }
    }

    fn each(&mut self, group: &Group, mut change: impl FnMut(&mut Robots)) {
        if group.is_ours {
            change(&mut self.ours);
        }
        if group.is_general {
            change(&mut self.general);
        }
    }
}

/// The letters with which a value begins: `KobyPortalBot/1.0` is `KobyPortalBot`.
fn product(value: &str) -> &str {
    let end = value.find(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_');
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}

/// A line `allow` or `disallow`. An empty one forbids nothing.
fn rule(key: &str, value: &str) -> Option<Rule> {
    let allows = key.eq_ignore_ascii_case("allow");
    if !allows && !key.eq_ignore_ascii_case("disallow") {
        return None;
    }
    // A pattern that does not begin at the root could match anything; a slash is what people meant.
    let pattern = match value.chars().next() {
        None => return Some(Rule { allows: true, pattern: String::new() }),
        Some('/' | '*') => comparable(value),
        Some(_) => comparable(&format!("/{value}")),
    };
    bounded(Rule { allows, pattern })
}

/// A rule that is not too long. One that forbids is cut, and then forbids more; one that allows is passed over.
fn bounded(mut rule: Rule) -> Option<Rule> {
    let star = rule.pattern.match_indices('*').nth(MOST_STARS).map(|(at, _)| at);
    let end = star.unwrap_or(usize::MAX).min(LONGEST_RULE);
    if rule.pattern.len() <= end {
        return Some(rule);
    }
    if rule.allows {
        return None;
    }
    // Not within a letter that is percent-encoded.
    let cut = rule.pattern.get(..end)?;
    let percent = cut.rfind('%').filter(|at| cut.len() - at < 3);
    rule.pattern.truncate(percent.unwrap_or(end));
    Some(rule)
}

/// Seconds with up to three decimals; the standard library's reading of numbers would add 10 KiB to the artefact.
fn seconds(value: &str) -> Option<Duration> {
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    // A number too long for its type is longer than any wait.
    let seconds = whole.parse::<u64>().unwrap_or(u64::MAX);
    let millis = part.bytes().chain(*b"000").take(3);
    let millis = millis.fold(0, |millis, digit| millis * 10 + u64::from(digit - b'0'));
    Some(
        Duration::from_secs(seconds)
            .saturating_add(Duration::from_millis(millis))
            .min(LONGEST_DELAY),
    )
}

/// Percent-encoding as RFC 9309, section 2.2.2, compares it: none where it is not needed, capitals where it is.
fn comparable(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut bytes = path.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        let mut byte = *byte;
        let mut is_encoded = !byte.is_ascii_graphic();
        if let (b'%', [high, low, tail @ ..]) = (byte, rest)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            byte = high * 16 + low;
            is_encoded = !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte);
            bytes = tail;
        }
        if is_encoded {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether a pattern matches the beginning of a path. Each `*` takes as little as it can and is widened only when
/// what follows fails, so that the time is at most the product of both lengths.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() && to_the_end {
            return rest.ends_with(part);
        }
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(file: &str, path: &str) -> bool {
        let robots = Robots::parse(file.as_bytes());
        let kept = Robots::from_json(&robots.to_json());
        assert_eq!(kept.allows(path), robots.allows(path), "what is kept says the same");
        kept.allows(path)
    }

    #[test]
    fn the_longest_match_decides() {
        let file = "User-agent: *\nDisallow: /\nAllow: /help\nDisallow: /help/private\n";
        for (path, allowed) in [
            ("/", false),
            ("/help", true),
            ("/helpful", true),
            ("/help/private/x", false),
            ("/Help", false),
            ("/robots.txt", true),
        ] {
            assert_eq!(allows(file, path), allowed, "{path}");
        }
        assert!(allows("User-agent: *\nDisallow: /a\nAllow: /a", "/a"), "of two the kinder");
    }

    #[test]
    fn our_group_counts_and_else_that_of_everybody() {
        let file = "user-agent: other\nDisallow: /o\n\nUser-Agent: *\nDisallow: /all\n\n\
            User-agent: x\nUSER-AGENT: kobyportalbot/2.0 # us\nDisallow: /ours\n\nUser-agent: KobyPortalBot\nDisallow: /too\n";
        for (path, allowed) in [("/o", true), ("/all", true), ("/ours", false), ("/too", false)] {
            assert_eq!(allows(file, path), allowed, "{path}");
        }
        assert!(!allows("User-agent: *\nUser-agent: a\nDisallow: /x", "/x"), "one group for two");
        assert!(allows("User-agent: KobyPortalBotNews\nDisallow: /", "/"), "another product");
        assert!(allows("Disallow: /", "/a"), "a rule of nobody");
        assert!(allows("User-agent: KobyPortalBot\nDisallow:\n\nUser-agent: *\nDisallow: /", "/a"));
        assert!(allows("", "/a"));
    }

    #[test]
    fn patterns_match_as_the_standard_says() {
        for (pattern, path, matched) in [
            ("/fish", "/fish/salmon.html", true),
            ("/fish", "/catfish", false),
            ("/fish*", "/fish.html", true),
            ("/*.php", "/folder/a.php?x=1", true),
            ("/*.php", "/windows.PHP", false),
            ("/*.php$", "/a.php", true),
            ("/*.php$", "/a.php?x", false),
            ("/fish*.php", "/fish/x.php5", true),
            ("/$", "/", true),
            ("/$", "/a", false),
            ("*/x", "/a/x", true),
            ("/a*b*c$", "/a-b-c-c", true),
            ("/a*b*c$", "/a-b-c-d", false),
            ("/a*c$", "/ac", true),
            ("/ab*b$", "/ab", false),
            ("/a**b", "/ab", true),
            ("/?q=", "/?q=1", true),
            ("/%7Ejoe", "/~joe/a", true),
            ("/~joe", "/%7ejoe", true),
            ("/über", "/%C3%BCber", true),
            ("/a%3cd", "/a%3Cd", true),
            ("/a%2Fb", "/a/b", false),
            ("fish", "/fish", true),
        ] {
            let file = format!("User-agent: *\nDisallow: {pattern}");
            assert_eq!(!allows(&file, path), matched, "{pattern} {path}");
        }
    }

    #[test]
    fn delays_are_bounded_and_sitemaps_belong_to_nobody() {
        let delay = |value: &str| {
            Robots::parse(format!("User-agent: *\nCrawl-delay: {value}\n").as_bytes()).delay
        };
        assert_eq!(delay("2"), Some(Duration::from_secs(2)));
        assert_eq!(delay("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(delay("1.23456"), Some(Duration::from_millis(1_234)));
        for value in ["86400", "99999999999999999999999", "120.001"] {
            assert_eq!(delay(value), Some(LONGEST_DELAY), "{value}");
        }
        for value in ["-1", "NaN", "soon", "", "1e3", ".5", "1.x"] {
            assert_eq!(delay(value), None, "{value}");
        }
        let robots = Robots::parse(
            b"Sitemap: https://a.example/s.xml\r\nUser-agent: x\r\nSitemap: https://a.example/t.xml",
        );
        assert_eq!(robots.sitemaps, ["https://a.example/s.xml", "https://a.example/t.xml"]);
    }

    #[test]
    fn what_is_beyond_the_cap_is_not_read() {
        let mut file = "#".repeat(MOST_BYTES);
        file += "\nUser-agent: *\nDisallow: /";
        assert!(allows(&file, "/a"));
        let mut file = "User-agent: *\nDisallow: /a\n".to_owned();
        file += &"Allow: /b\n".repeat(60_000);
        assert!(!allows(&file, "/a"));
    }

    #[test]
    fn rules_are_bounded_in_number_and_length() {
        let mut file = "User-agent: *\n".to_owned();
        for at in 0..10_000 {
            let _ = write!(file, "Disallow: /*x{at}\nDisallow: /p{at}\n");
        }
        let robots = Robots::parse(file.as_bytes());
        assert_eq!(robots.rules.len(), MOST_RULES);
        let wild = robots.rules.iter().filter(|rule| rule.pattern.contains('*')).count();
        assert_eq!(wild, MOST_WILD);
        assert!(!robots.allows("/p5") && !robots.allows("/a/x5"));
        let mut file = b"User-agent: *\nDisallow: /".to_vec();
        file.extend(vec![0xff; 400 * 1024]);
        assert!(Robots::parse(&file).to_json().to_string().len() < 1_000);
        // What forbids is cut and forbids more; what allows is passed over.
        let long = "a".repeat(2_000);
        assert!(!allows(&format!("User-agent: *\nDisallow: /{long}"), &format!("/{long}")));
        assert!(!allows(
            &format!("User-agent: *\nDisallow: /a\nAllow: /{long}"),
            &format!("/{long}")
        ));
        let stars = "/".to_owned() + &"*a".repeat(20);
        assert!(!allows(&format!("User-agent: *\nDisallow: {stars}$"), "/aaaaaaaaaa"));
        let encoded = format!("/{}%C3%BC", "a".repeat(LONGEST_RULE - 3));
        assert!(!allows(&format!("User-agent: *\nDisallow: {encoded}"), &encoded));
    }

    #[test]
    fn a_pattern_of_stars_takes_no_time() {
        let pattern = "/".to_owned() + &"*a".repeat(1_000);
        let path = "/".to_owned() + &"a".repeat(999);
        let file = format!("User-agent: *\nDisallow: {pattern}");
        assert!(!allows(&file, &path), "it is cut, and forbids more");
    }

    proptest! {
        #[test]
        fn any_file_is_read(bytes in prop::collection::vec(any::<u8>(), 0..600), path in "/\\PC{0,20}") {
            let robots = Robots::parse(&bytes);
            let _ = Robots::from_json(&robots.to_json()).allows(&path);
        }

        #[test]
        fn a_rule_forbids_what_begins_with_it(path in "/[a-z0-9/._~-]{0,20}", more in "[a-z/?=]{0,10}") {
            let file = format!("User-agent: *\nDisallow: {path}");
            let longer = path + &more;
            prop_assert!(!allows(&file, &longer));
        }
    }
}
