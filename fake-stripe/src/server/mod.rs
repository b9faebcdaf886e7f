//! The fake on 127.0.0.1: the API, the pages that Stripe hosts, and deliveries in the background.

mod api;
mod checkout_page;
mod guard;
mod html;
mod http_post;
mod index_page;
mod invoice_page;
mod outbox;
mod portal_page;
mod shared;
mod state_file;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use self::shared::Shared;

/// How often the clock is looked at and the state is written down.
const TICK: Duration = Duration::from_millis(500);

/// A stateful fake of Stripe's API on 127.0.0.1.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Options {
    /// The port on 127.0.0.1; 0 chooses a free one
    #[arg(long, default_value_t = 12111)]
    pub port: u16,
    /// Where events are delivered: an address that begins with http://
    #[arg(long)]
    pub webhook: Option<String>,
    /// The secret that signs deliveries to it
    #[arg(long, default_value = "whsec_fake")]
    pub webhook_secret: String,
    /// Deliver events without snapshots (v2.core.event) there
    #[arg(long)]
    pub thin: bool,
    /// JSON of products, prices and customers to begin with
    #[arg(long)]
    pub seed_file: Option<PathBuf>,
    /// Where the state is kept between runs
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Deliver each event up to so many times
    #[arg(long, default_value_t = 1)]
    pub duplicates: usize,
    /// Deliver in another order
    #[arg(long)]
    pub shuffle: bool,
    /// Wait so long before each delivery
    #[arg(long, default_value_t = 0)]
    pub delay_ms: u64,
    /// The share of deliveries, from 0 to 1, whose answer is thrown away, so that they come again
    #[arg(long, default_value_t = 0.0)]
    pub crash_rate: f64,
}

/// Serves until it is interrupted or terminated.
pub async fn run(options: Options) -> Result<(), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("port {}: {error}", options.port))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let base_url = format!("http://127.0.0.1:{port}");
    let shared = Arc::new(Shared::start(options, &base_url)?);
    tokio::spawn(outbox::run(Arc::clone(&shared)));
    tokio::spawn(tick(Arc::clone(&shared)));
    println!("fake-stripe listening on {base_url}");
    let served =
        axum::serve(listener, router(Arc::clone(&shared))).with_graceful_shutdown(stopped()).await;
    state_file::save(&shared)?;
    served.map_err(|error| error.to_string())
}

fn router(shared: Arc<Shared>) -> Router {
    let pages = Router::new()
        .route("/", get(index_page::show))
        .route("/actions/{action}", post(index_page::act))
        .route("/c/pay/{id}", get(checkout_page::show).post(checkout_page::submit))
        .route("/p/session/{id}", get(portal_page::show).post(portal_page::submit))
        .route("/i/{id}", get(invoice_page::show))
        .route("/i/{id}/pdf", get(invoice_page::show))
        .layer(from_fn(guard::only_own_pages));
    pages.fallback(api::answer).with_state(shared)
}

/// Time passes, and the state is written down, while nobody asks anything.
async fn tick(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(TICK).await;
        shared.with(|_| ());
        if let Err(error) = state_file::save_if_changed(&shared) {
            eprintln!("fake-stripe: {error}");
        }
    }
}

async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
