//! The rate-limit bindings. One that is missing or fails lets requests pass: it is a shield, and the
//! isolate's own window still counts.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen_futures::JsFuture;
use worker::send::{SendFuture, SendWrapper};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{self, JsCast as _, JsValue};
use worker::{Env, EnvBinding};

use crate::app::BoxFuture;
use crate::config::{CHAT_LIMITER, GATEWAY_LIMITER, POLL_LIMITER, PORTAL_LIMITER, WIDGET_LIMITER};
use crate::middleware::rate_limit::{Policy, SharedLimiter};

#[wasm_bindgen]
extern "C" {
    type LimiterBinding;

    #[wasm_bindgen(method, catch)]
    fn limit(this: &LimiterBinding, options: &Object) -> Result<Promise, JsValue>;
}

impl EnvBinding for LimiterBinding {
    const TYPE_NAME: &'static str = "Ratelimit";

    fn get(value: JsValue) -> worker::Result<Self> {
        Ok(value.unchecked_into())
    }
}

/// The bindings of this Worker.
pub(super) struct Limiters {
    portal: Option<SendWrapper<LimiterBinding>>,
    chat: Option<SendWrapper<LimiterBinding>>,
    poll: Option<SendWrapper<LimiterBinding>>,
    widget: Option<SendWrapper<LimiterBinding>>,
    gateway: Option<SendWrapper<LimiterBinding>>,
}

impl Limiters {
    /// Those that are configured.
    pub(super) fn bind(env: &Env) -> Self {
        let bound = |name| env.get_binding(name).ok().map(SendWrapper::new);
        Self {
            portal: bound(PORTAL_LIMITER),
            chat: bound(CHAT_LIMITER),
            poll: bound(POLL_LIMITER),
            widget: bound(WIDGET_LIMITER),
            gateway: bound(GATEWAY_LIMITER),
        }
    }
}

impl SharedLimiter for Limiters {
    fn has_room(&self, policy: Policy, key: &str) -> BoxFuture<'_, bool> {
        let limiter = match policy {
            Policy::Portal => self.portal.as_ref(),
            Policy::Chat => self.chat.as_ref(),
            Policy::Poll => self.poll.as_ref(),
            Policy::Widget => self.widget.as_ref(),
            Policy::Gateway => self.gateway.as_ref(),
            Policy::Exempt => None,
        };
        let asked = limiter.and_then(|limiter| ask(limiter, key).ok());
        Box::pin(SendFuture::new(async move {
            match asked {
                Some(promise) => {
                    JsFuture::from(promise).await.map_or(true, |outcome| succeeded(&outcome))
                }
                None => true,
            }
        }))
    }
}

fn ask(limiter: &LimiterBinding, key: &str) -> Result<Promise, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"key".into(), &key.into())?;
    limiter.limit(&options)
}

fn succeeded(outcome: &JsValue) -> bool {
    Reflect::get(outcome, &"success".into()).map_or(true, |success| success.is_truthy())
}
