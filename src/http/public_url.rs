//! Addresses that customers give us to call: of web sites to read, and of services of theirs.
//!
//! What is called is never the text that somebody wrote but [`PublicUrl::as_str`], which is written anew from
//! what was understood: ASCII, one spelling per address, nothing that another parser could read differently
//! (WHATWG URL, for instance, takes `\` for `/`, drops tabs and ends of lines, decodes `%` in hosts, folds
//! full-width digits, and reads `0x7f.1`, `017700000001` and `2130706433` as addresses).
//!
//! A name is judged, not what it resolves to: `fetch` of Workers neither tells an address nor lets one be
//! chosen, so that a name of a stranger's zone may lead anywhere, and elsewhere the second time (DNS rebinding is
//! not controlled here). What stands behind that is Cloudflare's network: a deployed Worker's requests leave from
//! its edge, where no private network, metadata service or loopback of ours is in reach, and a host that is an IP
//! address is refused (Workers docs, "Known issues": "Fetch to IP addresses"). Two things it does not do by
//! itself. A request to another host of the Worker's own zone goes straight to that host's origin, past Access, WAF
//! and other Workers, unless the compatibility flag `global_fetch_strictly_public` is set. And redirects are followed
//! unjudged unless the caller asks for `redirect: manual`, as our client does, so that each hop is judged again. Under
//! `wrangler dev` the machine's networks are in reach, which is why names of local hosts are refused here as well.

use std::fmt::{self, Write as _};

use crate::config::Environment;

/// Longest accepted address, in bytes.
pub const LONGEST: usize = 2_048;

/// Names below which there is no public host: special-use names (RFC 6761, 6762, 7686, 8375, 9476), what routers
/// and companies use inside, and the names of metadata services.
const NOT_PUBLIC: &[&str] = &[
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
];

/// Zones whose names resolve to whatever address is spelled in them, or to the caller's own machine.
const ADDRESS_ZONES: &[&str] =
    &["lacolhost.com", "localtest.me", "lvh.me", "nip.io", "sslip.io", "vcap.me", "xip.io"];

/// Hosts of a developer's own machine.
const OWN_MACHINE: &[&str] = &["127.0.0.1", "localhost"];

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// More than [`LONGEST`] bytes.
    TooLong,
    /// Blanks, control characters or backslashes.
    Characters,
    /// No absolute address of `http` or `https`.
    Scheme,
    /// `http` where only `https` will do.
    NotSecure,
    /// A user name or password.
    Credentials,
    /// A port that is not the scheme's own.
    Port,
    /// An IP address in any spelling, or a name that spells one.
    IpAddress,
    /// A name of a local network, or none that is known everywhere.
    NotPublic,
    /// No host name as DNS has them.
    Host,
}

impl Reason {
    /// In words that follow the name of a member: `"url" must …`.
    pub fn expected(self) -> &'static str {
        match self {
            Self::TooLong => "must have at most 2048 characters",
            Self::Characters => "must have no blanks, control characters or backslashes",
            Self::Scheme => "must be an address that begins with https:// or http://",
            Self::NotSecure => "must begin with https://",
            Self::Credentials => "must have no user name and no password",
            Self::Port => "must have no port other than 80 for http and 443 for https",
            Self::IpAddress => "must name a host, not an IP address",
            Self::NotPublic => "must name a host that is reachable from the internet",
            Self::Host => {
                "must have a host name such as www.example.com; names in other scripts in their xn-- form"
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected())
    }
}

/// An address that may be called. Its text is what WHATWG URL would write, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicUrl {
    text: String,
    /// Where the host begins and ends, port included.
    authority: (usize, usize),
    /// Where the path ends.
    path_end: usize,
    port: Option<u16>,
    /// Where it was judged, which its references are judged for as well.
    in_development: bool,
}

/// Whether an address may be called, and how. `development` alone also calls the machine it runs on, and any port.
pub fn judge(text: &str, environment: Environment) -> Result<PublicUrl, Reason> {
    if text.len() > LONGEST {
        return Err(Reason::TooLong);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Reason::Scheme)?;
    let scheme = Scheme::parse(scheme).ok_or(Reason::Scheme)?;
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(Reason::Characters);
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (rest, query) = split_before(rest, '?');
    let (authority, path) = split_before(rest, '/');
    let (host, port) = judge_authority(authority, scheme, environment)?;
    PublicUrl::write(scheme, &host, port, path, query, environment)
}

/// Like [`judge`], for what must not travel in clear: `https` alone, but for the machine of a developer.
pub fn judge_secure(text: &str, environment: Environment) -> Result<PublicUrl, Reason> {
    let url = judge(text, environment)?;
    if url.is_secure() || OWN_MACHINE.contains(&url.host()) {
        return Ok(url);
    }
    Err(Reason::NotSecure)
}

impl PublicUrl {
    fn write(
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        path: &str,
        query: &str,
        environment: Environment,
    ) -> Result<Self, Reason> {
        let mut text = format!("{}://", scheme.as_str());
        let start = text.len();
        text.push_str(host);
        if let Some(port) = port {
            // Writing to a String cannot fail.
            let _ = write!(text, ":{port}");
        }
        let authority = (start, text.len());
        push_path(&mut text, path);
        let path_end = text.len();
        if let Some(query) = query.strip_prefix('?').filter(|query| !query.is_empty()) {
            text.push('?');
            push_encoded(&mut text, query, true);
        }
        if text.len() > LONGEST {
            return Err(Reason::TooLong);
        }
        let in_development = environment == Environment::Development;
        Ok(Self { text, authority, path_end, port, in_development })
    }

    /// The address, without a fragment.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is called by `https`.
    pub fn is_secure(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// The host in lower case.
    pub fn host(&self) -> &str {
        let authority = self.text.get(self.authority.0..self.authority.1).unwrap_or_default();
        authority.split(':').next().unwrap_or_default()
    }

    /// The port, if it is not the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        self.text.get(..self.authority.1).unwrap_or_default()
    }

    /// From the first slash, percent-encoded.
    pub fn path(&self) -> &str {
        self.text.get(self.authority.1..self.path_end).unwrap_or_default()
    }

    /// What follows the question mark, percent-encoded.
    pub fn query(&self) -> Option<&str> {
        self.text.get(self.path_end..)?.strip_prefix('?')
    }

    /// The same with another query, or none.
    #[must_use]
    pub fn with_query(&self, query: Option<&str>) -> Self {
        let mut url = self.clone();
        url.text.truncate(self.path_end);
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            url.text.push('?');
            push_encoded(&mut url.text, query, true);
        }
        url
    }

    /// What a reference on a page of this address leads to (RFC 3986, section 5): a link or a redirect, judged.
    pub fn join(&self, reference: &str) -> Result<Self, Reason> {
        // As browsers read attributes: blanks around it and ends of lines within are no part of it.
        let reference = reference.trim_matches(|c: char| c <= ' ');
        let reference: String =
            reference.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
        let reference = reference.split('#').next().unwrap_or_default();
        let environment =
            if self.in_development { Environment::Development } else { Environment::Production };
        if has_scheme(reference) {
            return judge(&reference.replace(' ', "%20"), environment);
        }
        let scheme = self.text.split(':').next().unwrap_or_default();
        if reference.starts_with("//") {
            return judge(&format!("{scheme}:{}", reference.replace(' ', "%20")), environment);
        }
        let (path, query) = split_before(reference, '?');
        let path = match path {
            "" if query.is_empty() => return Ok(self.clone()),
            "" => self.path().to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            path => {
                let folder = self.path().rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{folder}/{path}")
            }
        };
        judge(&format!("{}{path}{query}", self.origin()).replace(' ', "%20"), environment)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("https") {
            return Some(Self::Https);
        }
        text.eq_ignore_ascii_case("http").then_some(Self::Http)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Whether a reference begins with a scheme of any kind (RFC 3986, section 3.1).
fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// What is before the first `mark`, and the rest with it.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.find(mark).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// The host in lower case, and the port if it is not the scheme's own.
fn judge_authority(
    authority: &str,
    scheme: Scheme,
    environment: Environment,
) -> Result<(String, Option<u16>), Reason> {
    if authority.contains('@') {
        return Err(Reason::Credentials);
    }
    if authority.starts_with('[') {
        return Err(Reason::IpAddress);
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(read_port(port)?)),
    };
    let port = port.filter(|port| *port != scheme.port());
    let host = host.to_ascii_lowercase();
    let own_machine =
        environment == Environment::Development && OWN_MACHINE.contains(&host.as_str());
    if !own_machine {
        judge_host(&host)?;
    }
    if port.is_some() && environment != Environment::Development {
        return Err(Reason::Port);
    }
    Ok((host, port))
}

fn read_port(text: &str) -> Result<u16, Reason> {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let port = if is_number { text.parse().ok() } else { None };
    port.filter(|port| *port > 0).ok_or(Reason::Port)
}

/// A public name: labels of letters, digits and hyphens (RFC 1123), below a top-level domain.
fn judge_host(host: &str) -> Result<(), Reason> {
    let Some((_, top)) = host.rsplit_once('.') else {
        return Err(if spells_number(host) { Reason::IpAddress } else { no_public_name(host) });
    };
    // A parser of addresses takes every host whose last label is a number for one (WHATWG URL, "ends in a
    // number"): no top-level domain begins with a digit.
    if spells_number(top) {
        return Err(Reason::IpAddress);
    }
    if host.len() > 253 || !host.split('.').all(is_label) || !is_top_level(top) {
        return Err(Reason::Host);
    }
    if NOT_PUBLIC.contains(&top) {
        return Err(Reason::NotPublic);
    }
    let is_in = |zone: &str| {
        host.strip_suffix(zone).is_some_and(|head| head.is_empty() || head.ends_with('.'))
    };
    if ADDRESS_ZONES.iter().any(|zone| is_in(zone)) {
        return Err(Reason::IpAddress);
    }
    Ok(())
}

fn no_public_name(host: &str) -> Reason {
    if is_label(host) { Reason::NotPublic } else { Reason::Host }
}

/// Decimal, octal or hexadecimal.
fn spells_number(label: &str) -> bool {
    label.starts_with(|c: char| c.is_ascii_digit())
        && label.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x')
}

fn is_label(label: &str) -> bool {
    let is_name = (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    is_name && label.strip_prefix("xn--").is_none_or(is_punycode)
}

/// Letters, or a name in another script.
fn is_top_level(label: &str) -> bool {
    label.starts_with("xn--") || label.len() >= 2 && label.bytes().all(|b| b.is_ascii_lowercase())
}

/// Whether what follows `xn--` is Punycode (RFC 3492) of a label that needs it: with at least one letter that is not
/// ASCII, and none that IDNA would fold to ASCII or to a dot.
fn is_punycode(encoded: &str) -> bool {
    let letters = punycode_letters(encoded).unwrap_or_default();
    !letters.is_empty()
        && letters.iter().all(|letter| {
            letter.is_alphanumeric() && !matches!(letter, '\u{2100}'..='\u{218F}' | '\u{FB00}'..='\u{FB06}' | '\u{FF00}'..='\u{FFEF}' | '\u{1D400}'..='\u{1D7FF}')
                // Marks of scripts that combine, and the points within words of Catalan and Hebrew.
                || matches!(letter, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5F4}' | '\u{610}'..='\u{65F}' | '\u{900}'..='\u{109F}' | '\u{30FB}' | '\u{30FC}')
        })
}

/// The letters beyond ASCII that Punycode adds; nothing if it does not decode.
fn punycode_letters(encoded: &str) -> Option<Vec<char>> {
    let (basic, digits) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let (mut code, mut index, mut bias): (u32, u32, u32) = (128, 0, 72);
    let mut length = u32::try_from(basic.len()).ok()?;
    let mut letters = Vec::new();
    let mut digits = digits.bytes().peekable();
    while digits.peek().is_some() {
        let before = index;
        let (mut weight, mut step): (u32, u32) = (1, 36);
        loop {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => letter - b'a',
                number @ b'0'..=b'9' => number - b'0' + 26,
                _ => return None,
            };
            let digit = u32::from(digit);
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            step += 36;
        }
        length += 1;
        bias = adapted(index - before, length, before == 0);
        code = code.checked_add(index / length)?;
        index = index % length + 1;
        letters.push(char::from_u32(code)?);
    }
    Some(letters)
}

/// RFC 3492, section 6.1.
fn adapted(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut steps = 0;
    while delta > 455 {
        delta /= 35;
        steps += 36;
    }
    steps + 36 * delta / (delta + 38)
}

/// Writes a path without `.` and `..`, which may be percent-encoded.
fn push_path(text: &mut String, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    let mut given = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = given.next() {
        let is_last = given.peek().is_none();
        match segment.replace("%2e", ".").replace("%2E", ".").as_str() {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => {
                segments.push(segment);
                continue;
            }
        }
        if is_last {
            segments.push("");
        }
    }
    if segments.is_empty() {
        text.push('/');
    }
    for segment in segments {
        text.push('/');
        push_encoded(text, segment, false);
    }
}

/// Percent-encodes what is not allowed in a path or query as UTF-8; what is encoded stays, in capitals.
fn push_encoded(text: &mut String, part: &str, in_query: bool) {
    let mut bytes = part.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        match (byte, rest) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                text.push('%');
                text.push(char::from(high.to_ascii_uppercase()));
                text.push(char::from(low.to_ascii_uppercase()));
                bytes = tail;
            }
            (b'\'', _) if in_query => text.push_str("%27"),
            (byte, _) if is_plain(*byte) => text.push(char::from(*byte)),
            (byte, _) => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
}

/// Unreserved and reserved characters (RFC 3986, section 2) but for brackets and the fragment's mark, and `%`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn production(text: &str) -> Result<String, Reason> {
        judge(text, Environment::Production).map(|url| url.as_str().to_owned())
    }

    #[test]
    fn public_addresses_are_written_in_one_spelling() {
        for (text, written) in [
            ("https://example.com", "https://example.com/"),
            ("HTTPS://WWW.Example.COM:443/A/../b/./c#top", "https://www.example.com/b/c"),
            ("http://example.com:80?q=a b".replace(' ', "+").as_str(), "http://example.com/?q=a+b"),
            ("https://example.com/über/%c3%bc", "https://example.com/%C3%BCber/%C3%BC"),
            ("https://example.com/%2e%2E/a/%2e", "https://example.com/a/"),
            ("https://example.com/a?", "https://example.com/a"),
            ("https://example.com//a//?x='1'", "https://example.com//a//?x=%271%27"),
            ("https://xn--mller-kva.de/", "https://xn--mller-kva.de/"),
            ("https://r4---sn-a.example.com/", "https://r4---sn-a.example.com/"),
            ("https://xn--e1afmkfd.xn--p1ai/", "https://xn--e1afmkfd.xn--p1ai/"),
            ("https://example.com/a@b:c", "https://example.com/a@b:c"),
        ] {
            assert_eq!(production(text).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn no_spelling_of_an_address_passes() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "0",
            "0.0.0.0",
            "2130706433",
            "0x7f000001",
            "0x7F.1",
            "017700000001",
            "0177.0.0.01",
            "10.0.0.1",
            "169.254.169.254",
            "192.168.1.1",
            "1.2.3.4.5",
            "256.256.256.256",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fe80::1%25eth0]",
            "[::]",
            "[::1",
            "a.b.0x",
            "a.b.08",
            "127.0.0.1.nip.io",
            "10-0-0-1.sslip.io",
            "localtest.me",
            "a.lvh.me",
        ] {
            for text in [
                format!("http://{host}/"),
                format!("https://{host}"),
                format!("http://{host}:80/x"),
            ] {
                assert_eq!(production(&text), Err(Reason::IpAddress), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_public_is_refused() {
        for (text, reason) in [
            ("http://localhost/", Reason::NotPublic),
            ("http://LOCALHOST:80/", Reason::NotPublic),
            ("http://a.localhost/", Reason::NotPublic),
            ("http://intranet/", Reason::NotPublic),
            ("http://printer.local/", Reason::NotPublic),
            ("http://metadata.google.internal/", Reason::NotPublic),
            ("http://metadata/", Reason::NotPublic),
            ("http://router.home.arpa/", Reason::NotPublic),
            ("http://a.lan/", Reason::NotPublic),
            ("http://a.corp/", Reason::NotPublic),
            ("http://a.localdomain/", Reason::NotPublic),
            ("http://example.com./", Reason::Host),
            ("http://localhost./", Reason::Host),
            ("http://127.0.0.1./", Reason::Host),
            ("http://.example.com/", Reason::Host),
            ("http://exa mple.com/", Reason::Characters),
            ("http://example..com/", Reason::Host),
            ("http://-a.example.com/", Reason::Host),
            ("http://a_b.example.com/", Reason::Host),
            ("http:///example.com/", Reason::Host),
            ("http://", Reason::Host),
            ("http://?", Reason::Host),
            ("http://example.c0m/", Reason::Host),
            ("http://１２７.０.０.１/", Reason::Host),
            ("http://ｌocalhost/", Reason::Host),
            ("http://127。0。0。1/", Reason::Host),
            ("http://müller.de/", Reason::Host),
            ("http://%6c%6fcalhost/", Reason::Host),
            ("http://127.0.0.1%2f.example.com/", Reason::Host),
            // "localhost", "a b", letters that fold to ASCII, no Punycode at all.
            ("http://xn--localhost-.com/", Reason::Host),
            ("http://xn--.com/", Reason::Host),
            ("http://xn--a.com/", Reason::Host),
            ("http://xn--99999999.com/", Reason::Host),
            ("http://user@example.com/", Reason::Credentials),
            ("http://user:secret@example.com/", Reason::Credentials),
            ("http://example.com@127.0.0.1/", Reason::Credentials),
            ("http://@example.com/", Reason::Credentials),
            ("http://example.com:8080/", Reason::Port),
            ("http://example.com:443/", Reason::Port),
            ("https://example.com:80/", Reason::Port),
            ("https://example.com:/", Reason::Port),
            ("https://example.com:0/", Reason::Port),
            ("https://example.com:65536/", Reason::Port),
            ("https://example.com:+443/", Reason::Port),
            ("https://example.com:443:443/", Reason::Port),
            ("http:\\\\example.com", Reason::Scheme),
            ("http://example.com\\@127.0.0.1/", Reason::Characters),
            ("http://127.0.0.1\\.example.com/", Reason::Characters),
            ("http://exam\tple.com/", Reason::Characters),
            ("http://example.com/\n", Reason::Characters),
            (" http://example.com/", Reason::Scheme),
            ("http://example.com/\0", Reason::Characters),
            ("ht\ntp://example.com/", Reason::Scheme),
            ("http:example.com", Reason::Scheme),
            ("http:/example.com", Reason::Scheme),
            ("//example.com/", Reason::Scheme),
            ("ftp://example.com/", Reason::Scheme),
            ("file:///etc/passwd", Reason::Scheme),
            ("gopher://example.com/", Reason::Scheme),
            ("javascript:alert(1)//http://example.com", Reason::Scheme),
            ("view-source:http://example.com/", Reason::Scheme),
            ("", Reason::Scheme),
        ] {
            assert_eq!(production(text), Err(reason), "{text:?}");
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        assert_eq!(production(&long), Err(Reason::TooLong));
        let grows = format!("https://example.com/{}", "ü".repeat(900));
        assert_eq!(production(&grows), Err(Reason::TooLong), "as it would be written");
        let label = format!("https://{}.com/", "a".repeat(64));
        assert_eq!(production(&label), Err(Reason::Host));
        let name = format!("https://{}com/", "abcdefgh.".repeat(30));
        assert_eq!(production(&name), Err(Reason::Host));
    }

    #[test]
    fn a_developer_calls_the_own_machine_and_nobody_else_does() {
        for text in ["http://127.0.0.1:8787/a", "http://localhost:3000/"] {
            assert!(judge(text, Environment::Development).is_ok(), "{text}");
            assert!(judge_secure(text, Environment::Development).is_ok(), "{text}");
            assert!(judge(text, Environment::Staging).is_err(), "{text}");
            assert!(production(text).is_err(), "{text}");
        }
        for text in ["http://127.0.0.2/", "http://10.0.0.1/", "http://[::1]/", "http://intranet/"] {
            assert!(judge(text, Environment::Development).is_err(), "{text}");
        }
        assert_eq!(
            judge_secure("http://example.com/", Environment::Development),
            Err(Reason::NotSecure)
        );
        assert!(judge_secure("https://example.com/", Environment::Production).is_ok());
    }

    #[test]
    fn references_are_resolved_and_judged() {
        let base = judge("https://example.com/help/a.html?x=1", Environment::Production).unwrap();
        for (reference, written) in [
            ("b.html", "https://example.com/help/b.html"),
            ("/b", "https://example.com/b"),
            ("../c/", "https://example.com/c/"),
            ("../../../c", "https://example.com/c"),
            ("?y=2", "https://example.com/help/a.html?y=2"),
            ("#top", "https://example.com/help/a.html?x=1"),
            ("", "https://example.com/help/a.html?x=1"),
            (" \n/a\tb c ", "https://example.com/ab%20c"),
            ("//other.example/x", "https://other.example/x"),
            ("http://other.example", "http://other.example/"),
            (".", "https://example.com/help/"),
        ] {
            assert_eq!(base.join(reference).unwrap().as_str(), written, "{reference:?}");
        }
        for reference in [
            "//127.0.0.1/",
            "http://localhost/",
            "mailto:a@b.example",
            "javascript:void(0)",
            "\\\\evil.example",
            "tel:1",
            "http:b.html",
            "https://example.com:8443/",
            "data:text/html,x",
            "//user@evil.example/",
        ] {
            assert!(base.join(reference).is_err(), "{reference:?}");
        }
        let local = judge("http://127.0.0.1:1234/", Environment::Development).unwrap();
        assert_eq!(local.join("/a").unwrap().as_str(), "http://127.0.0.1:1234/a");
    }

    #[test]
    fn parts_are_those_of_the_text() {
        let url = judge("http://127.0.0.1:81/a/b?c=d", Environment::Development).unwrap();
        assert_eq!(
            (url.host(), url.port(), url.origin()),
            ("127.0.0.1", Some(81), "http://127.0.0.1:81")
        );
        assert_eq!((url.path(), url.query()), ("/a/b", Some("c=d")));
        assert_eq!(url.with_query(None).as_str(), "http://127.0.0.1:81/a/b");
        assert_eq!(url.with_query(Some("e=#")).as_str(), "http://127.0.0.1:81/a/b?e=%23");
    }

    /// Texts that are nearly addresses.
    fn near_addresses() -> impl Strategy<Value = String> {
        let scheme =
            prop::sample::select(vec!["http://", "https://", "HTTP://", "http:", "//", "http:\\"]);
        let host = prop_oneof![
            "[a-z0-9.-]{1,20}",
            "([a-zA-Z0-9-]{1,8}\\.){1,3}(com|de|0x7f|1|internal|xn--p1ai)",
            "(0x)?[0-9a-f]{1,12}(\\.[0-9]{1,3}){0,3}",
            "xn--[a-z0-9-]{1,12}\\.com",
            "[\\PC]{1,10}\\.com",
        ];
        let tail = prop_oneof![
            "",
            ":[0-9]{0,6}",
            "[/?#@\\\\:%.a-z0-9 \t\n'|^\\[\\]{}\"<>`ü]{0,24}",
            "\\PC{0,16}"
        ];
        (scheme, host, tail).prop_map(|(scheme, host, tail)| format!("{scheme}{host}{tail}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_passes_reads_the_same_to_every_parser(text in near_addresses()) {
            let Ok(url) = judge(&text, Environment::Production) else { return Ok(()) };
            let again = judge(url.as_str(), Environment::Production);
            prop_assert_eq!(again.as_ref(), Ok(&url), "what is written is judged alike");
            prop_assert!(url.as_str().is_ascii());
            match url::Url::parse(url.as_str()) {
                Ok(other) => {
                    prop_assert_eq!(other.as_str(), url.as_str());
                    prop_assert_eq!(other.host_str(), Some(url.host()));
                    prop_assert!(matches!(other.host(), Some(url::Host::Domain(_))));
                    prop_assert_eq!(other.path(), url.path());
                    prop_assert_eq!(other.query(), url.query());
                    prop_assert!(other.username().is_empty() && other.password().is_none());
                }
                // `fetch` refuses it as well.
                Err(_) => prop_assert!(url.host().contains("xn--"), "{}", url),
            }
        }

        #[test]
        fn no_reference_escapes_its_judgement(reference in prop_oneof![near_addresses(), any::<String>()]) {
            let base = judge("https://example.com/a/b?c", Environment::Production).unwrap();
            if let Ok(url) = base.join(&reference) {
                let again = judge(url.as_str(), Environment::Production);
                prop_assert_eq!(again.as_ref(), Ok(&url));
            }
        }
    }
}
