//! RS256 by WebCrypto: many times faster than RSA in wasm, and constant-time by the runtime's care.

use std::sync::{Mutex, PoisonError};

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use worker::send::{SendFuture, SendWrapper};
use worker::wasm_bindgen::{JsCast as _, JsValue};

use super::fetch::describe;
use crate::app::BoxFuture;
use crate::auth::jwks::PublicKey;
use crate::auth::session::SignatureVerifier;

const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";
const LEAST_BITS: f64 = 2048.0;
/// Keys that one isolate keeps imported.
const MOST_KEYS: usize = 16;

/// The runtime's crypto, with imported keys kept.
#[derive(Default)]
pub(super) struct WebCrypto(Mutex<Vec<(PublicKey, SendWrapper<CryptoKey>)>>);

impl SignatureVerifier for WebCrypto {
    fn verify<'a>(
        &'a self,
        key: &'a PublicKey,
        signed: &'a [u8],
        signature: &'a [u8],
    ) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(SendFuture::new(async move {
            self.verify_js(key, signed, signature).await.map_err(|error| describe(&error))
        }))
    }
}

impl WebCrypto {
    async fn verify_js(
        &self,
        key: &PublicKey,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<bool, JsValue> {
        let crypto_key = self.imported(key).await?;
        let promise = subtle()?.verify_with_object_and_buffer_source_and_buffer_source(
            &algorithm()?,
            &crypto_key,
            Uint8Array::from(signature).as_ref(),
            Uint8Array::from(signed).as_ref(),
        )?;
        Ok(JsFuture::from(promise).await?.is_truthy())
    }

    /// The key, imported at most once; no lock is held while it is imported.
    async fn imported(&self, key: &PublicKey) -> Result<CryptoKey, JsValue> {
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, imported)| (**imported).clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let imported = import(key).await?;
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS {
            keys.clear();
        }
        keys.push((key.clone(), SendWrapper::new(imported.clone())));
        Ok(imported)
    }
}

async fn import(key: &PublicKey) -> Result<CryptoKey, JsValue> {
    let usages: Array = [JsValue::from_str("verify")].iter().collect();
    let (format, data): (&str, Object) = match key {
        PublicKey::Spki(der) => ("spki", Uint8Array::from(&**der).into()),
        PublicKey::Components { n, e } => ("jwk", object(&[("kty", "RSA"), ("n", n), ("e", e)])?),
    };
    let promise = subtle()?.import_key_with_object(format, &data, &algorithm()?, false, &usages)?;
    let imported: CryptoKey = JsFuture::from(promise).await?.unchecked_into();
    let algorithm: JsValue = imported.algorithm()?.into();
    let bits = Reflect::get(&algorithm, &"modulusLength".into())?.as_f64();
    if bits.is_none_or(|bits| bits < LEAST_BITS) {
        return Err(JsValue::from_str("the RSA key has fewer than 2048 bits"));
    }
    Ok(imported)
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(scope.crypto()?.subtle())
}

fn algorithm() -> Result<Object, JsValue> {
    object(&[("name", ALGORITHM), ("hash", "SHA-256")])
}

fn object(members: &[(&str, &str)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), &(*value).into())?;
    }
    Ok(object)
}
