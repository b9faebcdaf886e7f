//! The Stripe of the local Worker: the fake of `fake-stripe/`, unless `.dev.vars` has a key for the real one.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Running};
use crate::{dev_keys, node, repo};

const READY_WITHIN: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The fake takes any test key.
const KEY: &str = "sk_test_local";

/// A fake that runs, until it is dropped.
pub(crate) struct LocalStripe {
    running: Running,
    port: u16,
}

/// What the fake holds: customers, subscriptions, events.
fn state_file() -> PathBuf {
    repo::local().join("fake-stripe.json")
}

/// Builds and starts the fake, which tells the Worker on `worker_port` what happens; nothing if the Worker has a key for
/// the real Stripe.
pub(crate) fn start(worker_port: u16) -> Result<Option<LocalStripe>> {
    if dev_keys::value("STRIPE_SECRET_KEY")?.is_some() {
        return Ok(None);
    }
    let binary = build()?;
    let port = free_port()?;
    let secret = dev_keys::value("STRIPE_WEBHOOK_SECRET")?
        .context(".dev.vars has no STRIPE_WEBHOOK_SECRET; delete the line that empties it")?;
    let mut command = Command::new(binary);
    command
        .current_dir(repo::root())
        .args(["--port", &port.to_string()])
        .args(["--webhook", &format!("http://127.0.0.1:{worker_port}/webhooks/stripe")])
        .args(["--webhook-secret", &secret])
        .arg("--seed-file")
        .arg(repo::path("seeds/stripe.json"))
        .arg("--state")
        .arg(state_file());
    let running = Running::start(&mut command)?;
    let mut stripe = LocalStripe { running, port };
    stripe.wait_until_ready()?;
    Ok(Some(stripe))
}

/// Builds the fake's server; gives its path.
fn build() -> Result<PathBuf> {
    let mut command = node::command("cargo");
    command.args(["build", "--quiet", "--locked", "-p", "fake-stripe", "--features", "server"]);
    process::run(&mut command).context("the fake Stripe could not be built")?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| repo::path("target"), PathBuf::from);
    Ok(target.join("debug/fake-stripe"))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.context("no port of 127.0.0.1 is free")?.port())
}

impl LocalStripe {
    /// Where its API and its pages are.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The id of its process group.
    pub(crate) fn group(&self) -> i32 {
        self.running.group()
    }

    /// What the Worker is told of it, as arguments of wrangler.
    pub(crate) fn variables(&self) -> Vec<String> {
        vec![
            "--var".to_owned(),
            format!("STRIPE_SECRET_KEY:{KEY}"),
            format!("STRIPE_BASE_URL:{}", self.url()),
        ]
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        while Instant::now() < deadline {
            if let Some(status) = self.running.ended()? {
                bail!("the fake Stripe ended with {status}; see its message above");
            }
            if TcpStream::connect_timeout(&address, POLL_INTERVAL).is_ok() {
                return Ok(());
            }
            thread::sleep(POLL_INTERVAL);
        }
        bail!("the fake Stripe did not listen within {} s", READY_WITHIN.as_secs())
    }
}

/// Forgets what the fake holds.
pub(crate) fn remove() -> Result<()> {
    if fs::exists(state_file()).unwrap_or(false) {
        repo::remove_file(&state_file())
    } else {
        Ok(())
    }
}
