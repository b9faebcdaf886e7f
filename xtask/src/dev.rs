//! The local Worker: everything it needs, then wrangler in the foreground until it is stopped.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::artefact::{self, Variant};
use crate::local_stripe::{self, LocalStripe};
use crate::process::{self, Running};
use crate::{demo, dev_keys, local_data, repo, setup, wrangler};

const READY_WITHIN: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The first answer may have to wait for the Worker to be compiled.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Options of `cargo xtask dev`.
#[derive(Args)]
pub(crate) struct DevArgs {
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 8787)]
    port: u16,
}

/// Runs `cargo xtask dev`.
pub(crate) fn command(args: &DevArgs) -> Result<()> {
    require_stopped()?;
    require_free_port(args.port)?;
    setup::for_serving()?;
    dev_keys::ensure()?;
    artefact::build(Variant::Deployed)?;
    local_data::ensure()?;
    serve(args.port)
}

fn serve(port: u16) -> Result<()> {
    let stripe = local_stripe::start(port)?;
    eprintln!("Starting wrangler on port {port} …");
    let port_text = port.to_string();
    let mut command = wrangler::command(&["dev", "--ip", "127.0.0.1", "--port", &port_text]);
    command.args(["--inspector-port", "0", "--show-interactive-dev-session=false"]);
    command.args(stripe.iter().flat_map(LocalStripe::variables));
    let mut running = Running::start(&mut command)?;
    process::remove_when_stopped(pid_file());
    let fake = stripe.as_ref().map(LocalStripe::group);
    let recorded = record(&running, fake, port).and_then(|()| wait_until_ready(&mut running, port));
    if let Err(failure) = recorded {
        drop(running);
        repo::remove_file(&pid_file())?;
        return Err(failure);
    }
    eprintln!("{}", welcome(port, stripe.as_ref()));
    let status = running.wait()?;
    drop(running);
    repo::remove_file(&pid_file())?;
    bail!("wrangler ended with {status}; its own messages are above. Repeat `cargo xtask dev`")
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn require_free_port(port: u16) -> Result<()> {
    TcpListener::bind(address(port)).map(drop).with_context(|| {
        format!(
            "port {port} of 127.0.0.1 cannot be used. Stop the program that listens on it (`ss -ltnp` \
             or `lsof -i :{port}` names it), or choose another with --port"
        )
    })
}

fn wait_until_ready(running: &mut Running, port: u16) -> Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    while Instant::now() < deadline {
        if let Some(status) = running.ended()? {
            bail!(
                "wrangler ended with {status} before the Worker answered; see its messages above"
            );
        }
        if let Some(status_line) = ask_for_health(port) {
            if !status_line.contains(" 200") {
                eprintln!(
                    "GET /health answered `{status_line}`; the Worker runs, but is not healthy."
                );
            }
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
    bail!(
        "the Worker did not answer GET /health within {} s; see wrangler's messages above",
        READY_WITHIN.as_secs()
    )
}

/// The status line of `GET /health`; none while nobody answers.
fn ask_for_health(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address(port), ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    let request =
        format!("GET /health HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.lines().next().filter(|line| line.starts_with("HTTP/")).map(str::to_owned)
}

fn welcome(port: u16, stripe: Option<&LocalStripe>) -> String {
    let url = format!("http://127.0.0.1:{port}");
    format!(
        "\n\
         koby-portal serves on {url}   (Ctrl-C stops it)\n\n\
         Demo users:\n{users}\n\
         Try:\n\
         curl -s {url}/health\n\
         curl -s -H \"Authorization: Bearer $(cargo xtask token --user demo-owner)\" {url}/portal/overview\n\
         curl -s -H 'X-Site-Key: {key}' -H 'Content-Type: application/json' \
         -d '{{\"message\":\"{question}\"}}' {url}/chat\n{billing}",
        billing = stripe.map(|stripe| subscribing(&url, &stripe.url())).unwrap_or_default(),
        users = demo::table(),
        key = demo::SITE_KEY,
        question = demo::QUESTION,
    )
}

/// How to subscribe, and where the Stripe of this machine is looked at.
fn subscribing(url: &str, stripe: &str) -> String {
    format!(
        "\nStripe, a fake on this machine: {stripe}   Subscribe with it, by opening the \"url\" that this answers:\n\
         curl -s -H \"Authorization: Bearer $(cargo xtask token --user demo-other)\" -H 'Content-Type: application/json' \
         -d '{{\"priceId\":\"price_bundle_monthly\",\"successUrl\":\"{url}/docs\",\"cancelUrl\":\"{url}/docs\"}}' \
         {url}/billing/checkout-session\n"
    )
}

/// Says which processes are the running dev server.
fn pid_file() -> PathBuf {
    repo::local().join("dev-server.json")
}

fn record(running: &Running, fake_stripe: Option<i32>, port: u16) -> Result<()> {
    let server = json!({ "process": std::process::id(), "group": running.group(), "port": port,
        "fakeStripe": fake_stripe });
    repo::write(&pid_file(), server.to_string())
}

/// Fails while a dev server of this checkout runs, or what is left of one.
pub(crate) fn require_stopped() -> Result<()> {
    let Some(server) = fs::read(pid_file()).ok() else { return Ok(()) };
    let server: Value = serde_json::from_slice(&server).unwrap_or_default();
    let id = |name: &str| {
        server.get(name).and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok()).unwrap_or(0)
    };
    let (process, group, fake) = (id("process"), id("group"), id("fakeStripe"));
    if fake != 0 && process::group_is_alive(fake) && !process::is_alive(process) {
        bail!(
            "a dev server was killed and left its fake Stripe running. Stop it with `kill -- -{fake}`, then \
             repeat the command"
        );
    }
    if process::group_is_alive(group) {
        if process::is_alive(process) {
            bail!(
                "a dev server runs already (process {process}, port {}). Stop it with Ctrl-C in its \
                 terminal or `kill {process}`, then repeat the command",
                id("port")
            );
        }
        bail!(
            "a dev server was killed and left wrangler running. Stop it with `kill -- -{group}`, then \
             repeat the command"
        );
    }
    repo::remove_file(&pid_file())
}
