//! The API's document: current, and about the routes that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use koby_portal::openapi::ApiDoc;
use serde_json::Value;
use utoipa::OpenApi as _;

use crate::ledgers::routed;

fn document() -> Value {
    serde_json::to_value(ApiDoc::openapi()).unwrap()
}

#[test]
fn openapi_json_is_current() {
    let expected = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == expected, "openapi.json lags the code; run this test with BLESS=1");
}

/// `METHOD path`, and the handler that an operation names.
fn documented() -> BTreeMap<String, Option<String>> {
    let document = document();
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().map(str::to_owned);
            operations.insert(format!("{} {path}", method.to_uppercase()), id);
        }
    }
    operations
}

#[test]
fn the_document_and_the_router_agree() {
    let routed: BTreeMap<String, String> = routed()
        .into_iter()
        .map(|route| (format!("{} {}", route.method, route.path), route.handler))
        .collect();
    let documented = documented();
    assert!(routed.keys().eq(documented.keys()), "{routed:#?}\n{documented:#?}");
    // Each handler once, under its name; its other paths are aliases without one.
    let named: Vec<(&String, &String)> =
        documented.iter().filter_map(|(route, id)| Some((route, id.as_ref()?))).collect();
    for (route, id) in &named {
        assert_eq!(&&routed[*route], id, "{route}");
    }
    let handlers: BTreeSet<&String> = routed.values().collect();
    let ids: BTreeSet<&String> = named.iter().map(|(_, id)| *id).collect();
    assert_eq!((ids, named.len()), (handlers.clone(), handlers.len()));
}

#[test]
fn every_operation_says_what_it_is_answers_and_needs() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(operation["tags"].is_array(), "{name} has no tag");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{name} never succeeds"
            );
            if path.starts_with("/portal") {
                assert!(operation["security"].is_array(), "{name} states no security");
                for status in ["401", "403", "429", "503"] {
                    assert!(responses.contains_key(status), "{name} does not state {status}");
                }
            }
            let limited =
                &responses.get("429").map(|of| &of["content"]["application/problem+json"]);
            if let Some(content) = limited {
                assert_eq!(content["example"]["code"], "rate_limit_exceeded", "{name}");
            }
            for (status, response) in responses {
                let described = response["description"].is_string();
                assert!(described, "{name} {status} has no description");
            }
        }
    }
}

#[test]
fn routes_of_visitors_and_servers_show_their_own_errors_and_media() {
    let document = document();
    let of = |path: &str, method: &str| document["paths"][path][method]["responses"].clone();
    let code = |responses: &Value, status: &str| {
        let content = &responses[status]["content"]["application/problem+json"];
        content["example"]["code"].as_str().unwrap_or_default().to_owned()
    };
    let types = |responses: &Value| {
        let content = responses["200"]["content"].as_object().unwrap();
        content.keys().cloned().collect::<Vec<String>>()
    };
    let chat = of("/chat", "post");
    assert_eq!(types(&chat), ["application/json", "text/event-stream"]);
    assert_eq!(types(&of("/v1/chat/completions", "post")), types(&chat));
    assert_eq!(types(&of("/voice", "post")), ["application/json", "audio/mpeg"]);
    let voice = of("/voice/signed-url", "get");
    for (responses, status, expected) in [
        (&chat, "401", "site_key_unknown"),
        (&chat, "402", "spend_cap_reached"),
        (&chat, "409", "session_closed"),
        (&voice, "402", "spend_cap_reached"),
        (&voice, "502", "voice_bad_answer"),
        (&voice, "503", "voice_not_configured"),
        (&of("/chat/sessions/{id}", "get"), "404", "session_not_found"),
        (&of("/bots", "get"), "401", "gateway_token_invalid"),
    ] {
        assert_eq!(code(responses, status), expected, "{status}");
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            if operation["tags"][0] == "Visitors" {
                assert_ne!(code(&operation["responses"], "401"), "unauthorized", "{path}");
            }
        }
    }
}
