//! The secrets of the local Worker: `.dev.vars` with the public half of the signing key, and the
//! private half, with which [`crate::token`] signs.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{KeyPair as _, RsaKeyPair};
use serde_json::Value;

use crate::{node, process, repo};

const PUBLIC_KEY_VARIABLE: &str = "LOCAL_JWT_KEY";

/// Node makes the key pair: ring signs with RSA keys, it does not generate them.
const GENERATE: &str = "const { generateKeyPairSync } = require('node:crypto'); \
    const encoding = (type) => ({ type, format: 'pem' }); \
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048, \
    publicKeyEncoding: encoding('spki'), privateKeyEncoding: encoding('pkcs8') }); \
    console.log(JSON.stringify(pair));";

fn vars_file() -> PathBuf {
    repo::path(".dev.vars")
}

fn private_key_file() -> PathBuf {
    repo::local().join("dev-signing-key.pem")
}

/// Writes `.dev.vars` and the signing key unless `.dev.vars` is there. What it holds is never changed;
/// secrets that it does not name, as an older version wrote it, are added at its end.
pub(crate) fn ensure() -> Result<()> {
    if vars_file().exists() {
        return complete();
    }
    eprintln!("Writing .dev.vars with fresh keys for local use …");
    let output = process::output(node::command("node").args(["-e", GENERATE]))?;
    let pair: Value = serde_json::from_slice(&output.stdout)
        .context("node did not generate a key pair; run `cargo xtask setup`, then repeat")?;
    let half =
        |name: &str| pair.get(name).and_then(Value::as_str).context("half a key pair is missing");
    write_secret(&private_key_file(), half("privateKey")?)?;
    // Last, since its presence means that both are there.
    write_secret(&vars_file(), &vars_text(half("publicKey")?)?)
}

fn complete() -> Result<()> {
    let vars = fs::read_to_string(vars_file()).context("cannot read .dev.vars")?;
    let addition = addition(&vars)?;
    if addition.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> =
        addition.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    eprintln!("Adding {} to .dev.vars …", names.join(" and "));
    // Appended, so that nothing of it can be lost.
    let opened = fs::OpenOptions::new().append(true).open(vars_file());
    opened
        .and_then(|mut opened| opened.write_all(addition.as_bytes()))
        .context("cannot add to .dev.vars")
}

/// The lines that a `.dev.vars` lacks.
fn addition(vars: &str) -> Result<String> {
    let mut lines = String::new();
    for (name, value) in secrets()? {
        if !names(vars).any(|named| named == name) {
            lines.push_str(&line(name, &value));
        }
    }
    let is_open = !lines.is_empty() && !vars.is_empty() && !vars.ends_with('\n');
    Ok(if is_open { format!("\n{lines}") } else { lines })
}

/// The variables that a `.dev.vars` sets, also to nothing.
fn names(vars: &str) -> impl Iterator<Item = &str> {
    vars.lines().filter_map(|line| {
        let name = line.split_once('=')?.0.trim();
        Some(name.strip_prefix("export ").unwrap_or(name).trim())
    })
}

/// What `.dev.vars` sets a variable to; nothing if it is not there or empty.
pub(crate) fn value(name: &str) -> Result<Option<String>> {
    let vars = fs::read_to_string(vars_file()).context("cannot read .dev.vars")?;
    Ok(value_in(&vars, name))
}

fn value_in(vars: &str, name: &str) -> Option<String> {
    let value = vars.lines().find_map(|line| {
        let (named, value) = line.split_once('=')?;
        let named = named.trim();
        (named.strip_prefix("export ").unwrap_or(named).trim() == name).then_some(value)
    })?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

fn vars_text(public_key: &str) -> Result<String> {
    let one_line = public_key.replace('\n', "\\n");
    let mut text =
        "# Written once by `cargo xtask dev`, for the local Worker only. See .dev.vars.example.\n"
            .to_owned();
    text.push_str(&line(PUBLIC_KEY_VARIABLE, &one_line));
    for (name, value) in secrets()? {
        text.push_str(&line(name, &value));
    }
    Ok(text)
}

fn line(name: &str, value: &str) -> String {
    format!("{name}=\"{value}\"\n")
}

/// Fresh values of what depends on nothing outside.
fn secrets() -> Result<[(&'static str, String); 3]> {
    Ok([
        ("STRIPE_WEBHOOK_SECRET", format!("whsec_{}", random_text()?)),
        ("CLERK_WEBHOOK_SECRET", format!("whsec_{}", STANDARD.encode(random_bytes::<32>()?))),
        ("ENCRYPTION_KEYS", format!("local:{}", STANDARD.encode(random_bytes::<32>()?))),
    ])
}

/// 32 characters that nobody can guess.
pub(crate) fn random_text() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<24>()?).replace(['-', '_'], "x"))
}

fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.ok().context("the system gives no random bytes")?;
    Ok(bytes)
}

/// A file that only its owner may read.
fn write_secret(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let opened =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The key that signs local tokens; certainly the one whose public half the Worker knows.
pub(crate) fn signing_key() -> Result<RsaKeyPair> {
    ensure()?;
    let pem = fs::read_to_string(private_key_file()).with_context(|| {
        format!(
            "the private half of {PUBLIC_KEY_VARIABLE} in .dev.vars is missing ({}). Stop the dev \
             server, run `cargo xtask reset --keys`, then `cargo xtask dev`",
            private_key_file().display()
        )
    })?;
    let key = der_of_pem(&pem)
        .and_then(|der| RsaKeyPair::from_pkcs8(&der).ok())
        .with_context(|| format!("{} is not a PKCS#8 RSA key", private_key_file().display()))?;
    require_match(&key)?;
    Ok(key)
}

fn require_match(key: &RsaKeyPair) -> Result<()> {
    let vars = fs::read_to_string(vars_file()).context("cannot read .dev.vars")?;
    let known = public_key_in(&vars).with_context(|| {
        format!(
            ".dev.vars holds no {PUBLIC_KEY_VARIABLE}. Save its other lines, delete it and run \
             `cargo xtask dev`, which writes it anew"
        )
    })?;
    // A SubjectPublicKeyInfo ends with the key itself.
    if !known.ends_with(key.public_key().as_ref()) {
        bail!(
            "{PUBLIC_KEY_VARIABLE} in .dev.vars and {} are not two halves of one key. Stop the dev \
             server, run `cargo xtask reset --keys`, then `cargo xtask dev`",
            private_key_file().display()
        );
    }
    Ok(())
}

fn public_key_in(vars: &str) -> Option<Vec<u8>> {
    let line = vars.lines().find_map(|line| line.trim().strip_prefix(PUBLIC_KEY_VARIABLE))?;
    let value = line.trim_start().strip_prefix('=')?.trim().trim_matches('"');
    der_of_pem(&value.replace("\\n", "\n"))
}

fn der_of_pem(pem: &str) -> Option<Vec<u8>> {
    let body: String =
        pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}

/// Deletes both halves, and whatever else `.dev.vars` holds.
pub(crate) fn remove() -> Result<()> {
    repo::remove_file(&private_key_file())?;
    repo::remove_file(&vars_file())
}

#[cfg(test)]
mod tests {
    use super::{addition, public_key_in, random_text, value_in, vars_text};

    #[test]
    fn values_are_read_with_and_without_quotes() {
        let vars = "# A=\"no\"\nA=\"one\"\nexport B = 'two'\nC=\n";
        assert_eq!(value_in(vars, "A").as_deref(), Some("one"));
        assert_eq!(value_in(vars, "B").as_deref(), Some("two"));
        assert_eq!((value_in(vars, "C"), value_in(vars, "D")), (None, None));
    }

    #[test]
    fn a_public_key_is_read_from_its_one_line() {
        let vars = "# x\nA=\"1\"\nLOCAL_JWT_KEY=\"-----BEGIN PUBLIC KEY-----\\nAQID\\n-----END PUBLIC KEY-----\\n\"\n";
        assert_eq!(public_key_in(vars), Some(vec![1, 2, 3]));
        assert_eq!(public_key_in("A=1"), None);
    }

    #[test]
    fn what_a_file_lacks_is_added_and_what_it_holds_stays() -> anyhow::Result<()> {
        let older = "LOCAL_JWT_KEY=\"x\"\nSTRIPE_WEBHOOK_SECRET=\"whsec_mine\"";
        let added = addition(older)?;
        assert!(
            added.starts_with("\nCLERK_WEBHOOK_SECRET=\"whsec_")
                && added.contains("\nENCRYPTION_KEYS=\"local:")
                && added.ends_with("=\"\n"),
            "{added}"
        );
        assert_eq!(added.lines().count(), 3);
        assert_eq!(addition(&format!("{older}{added}"))?, "");
        let commented = "# ENCRYPTION_KEYS=\n  export STRIPE_WEBHOOK_SECRET = whsec_mine\nCLERK_WEBHOOK_SECRET=\n";
        assert!(addition(commented)?.starts_with("ENCRYPTION_KEYS="));
        assert_eq!(
            addition("ENCRYPTION_KEYS=\nSTRIPE_WEBHOOK_SECRET=''\nCLERK_WEBHOOK_SECRET=\n")?,
            ""
        );
        Ok(())
    }

    #[test]
    fn a_new_file_lacks_nothing() -> anyhow::Result<()> {
        let vars = vars_text("-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----\n")?;
        assert_eq!(vars.lines().count(), 5);
        assert_eq!(public_key_in(&vars), Some(vec![1, 2, 3]));
        assert_eq!(addition(&vars)?, "");
        Ok(())
    }

    #[test]
    fn random_texts_are_long_and_differ() -> anyhow::Result<()> {
        assert_eq!(random_text()?.len(), 32);
        assert_ne!(random_text()?, random_text()?);
        Ok(())
    }
}
