//! One `POST` over plain HTTP/1.1: enough for webhooks on this machine.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a signed body and gives the status.
pub(super) async fn post(url: &str, body: &str, signature: &str) -> Result<u16, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("only addresses that begin with http:// are delivered to")?;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let is_clean = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_empty() || !is_clean(host) || !is_clean(&path) {
        return Err("the address is not plain".to_owned());
    }
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json; charset=utf-8\r\nuser-agent: Stripe/1.0 \
         (fake)\r\nstripe-signature: {signature}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let exchange = exchange(&address, &head, body);
    timeout(PATIENCE, exchange).await.map_err(|_| "no answer in time".to_owned())?
}

async fn exchange(address: &str, head: &str, body: &str) -> Result<u16, String> {
    let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    stream.write_all(head.as_bytes()).await.map_err(|error| error.to_string())?;
    stream.write_all(body.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stream.read(&mut part).await.map_err(|error| error.to_string())?;
        answer.extend_from_slice(part.get(..count).unwrap_or_default());
        if count == 0 || answer.len() > 64 * 1024 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&answer);
    let status = line.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| "the answer is no HTTP".to_owned())
}
