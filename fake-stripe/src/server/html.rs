//! Plain pages: text is escaped wherever it goes, nothing is loaded, nothing runs.

use std::fmt::Write as _;

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1f36}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.35rem .6rem;\
border-bottom:1px solid #d8dee6;vertical-align:top}form{display:inline-block;margin:.2rem .4rem .2rem 0}\
button{font:inherit;padding:.35rem .8rem;border:1px solid #4b45c6;border-radius:.3rem;background:#4b45c6;color:#fff}\
button.plain{background:#fff;color:#3a349f}select,input{font:inherit;padding:.3rem}.note{background:#eef3fb;padding:.6rem 1rem}\
.fault{background:#fdecec;padding:.6rem 1rem}code{font-size:.9em}";

/// Text as HTML holds it.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A whole page; the body is HTML already.
pub(super) fn page(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}\
         </main></body></html>"
    );
    Html(html).into_response()
}

/// A form of one button, with values that are sent along.
pub(super) fn button(action: &str, label: &str, values: &[(&str, &str)], is_main: bool) -> String {
    let class = if is_main { "" } else { " class=\"plain\"" };
    format!(
        "<form method=\"post\" action=\"{}\">{}<button{class}>{}</button></form>",
        escape(action),
        hidden(values),
        escape(label)
    )
}

/// Values that are sent along.
pub(super) fn hidden(values: &[(&str, &str)]) -> String {
    values.iter().fold(String::new(), |mut html, (name, value)| {
        let (name, value) = (escape(name), escape(value));
        let _ = write!(html, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        html
    })
}

/// A table; the cells are HTML already.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let mut html = String::from("<table><thead><tr>");
    for head in heads {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(head));
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td>{cell}</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table>");
    html
}

/// A link; only to web addresses and to this server's own pages.
pub(super) fn link(address: &str, label: &str) -> String {
    let is_web = ["http://", "https://", "/"].iter().any(|start| address.starts_with(start));
    if !is_web {
        return escape(label);
    }
    format!("<a href=\"{}\">{}</a>", escape(address), escape(label))
}

/// Sends the browser elsewhere, with a read.
pub(super) fn see_other(address: &str) -> Response {
    let mut response = axum::http::StatusCode::SEE_OTHER.into_response();
    if let Ok(address) = address.parse() {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response
}

/// A page that says that there is nothing.
pub(super) fn not_found(what: &str) -> Response {
    let mut response = page("Not found", &format!("<p>There is no such {}.</p>", escape(what)));
    *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        let html = button("/x", "<b>", &[("id", "\"><script>")], true);
        assert!(!html.contains("<b>") && !html.contains("<script>"));
        assert_eq!(link("javascript:alert(1)", "Back"), "Back");
    }
}
