//! D1 as a [`Database`]: values bound as JavaScript numbers, text and null; the rows back as one JSON text.

use std::sync::{Mutex, PoisonError};

use js_sys::{Array, JSON, Promise};
use serde_json::value::RawValue;
use wasm_bindgen_futures::JsFuture;
use worker::send::{SendFuture, SendWrapper};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{self, JsCast as _, JsValue};
use worker::{Env, EnvBinding};

use super::fetch::describe;
use crate::app::BoxFuture;
use crate::db::{Database, DbError, Meta, Param, Rows, Statement};

#[wasm_bindgen]
extern "C" {
    type D1Binding;

    #[wasm_bindgen(method, catch)]
    fn prepare(this: &D1Binding, sql: &str) -> Result<D1Statement, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn batch(this: &D1Binding, statements: &Array) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    type D1Statement;

    #[wasm_bindgen(method, catch, variadic)]
    fn bind(this: &D1Statement, values: &Array) -> Result<D1Statement, JsValue>;

    /// What became of one statement of a batch.
    type D1Result;

    #[wasm_bindgen(method, getter, catch)]
    fn results(this: &D1Result) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn meta(this: &D1Result) -> Result<D1Meta, JsValue>;

    type D1Meta;

    #[wasm_bindgen(method, getter, catch)]
    fn rows_read(this: &D1Meta) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn rows_written(this: &D1Meta) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn duration(this: &D1Meta) -> Result<f64, JsValue>;
}

impl EnvBinding for D1Binding {
    const TYPE_NAME: &'static str = "D1Database";

    fn get(value: JsValue) -> worker::Result<Self> {
        Ok(value.unchecked_into())
    }
}

/// A D1 binding with its prepared statements. It belongs to the isolate, not to a request.
pub(super) struct D1 {
    binding: SendWrapper<D1Binding>,
    /// By the place of their static text, so that a text crosses the boundary once per isolate. There
    /// are as many as `.sql` files.
    prepared: Mutex<Vec<(&'static str, SendWrapper<D1Statement>)>>,
}

impl D1 {
    /// The binding of that name.
    pub(super) fn bind(env: &Env, name: &str) -> worker::Result<Self> {
        let binding = SendWrapper::new(env.get_binding(name)?);
        Ok(Self { binding, prepared: Mutex::default() })
    }

    fn prepare(&self, sql: &'static str) -> Result<D1Statement, JsValue> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let known = prepared.iter().find(|(text, _)| std::ptr::eq(*text, sql));
        if let Some((_, statement)) = known {
            return Ok((**statement).clone());
        }
        let statement = self.binding.prepare(sql)?;
        prepared.push((sql, SendWrapper::new(statement.clone())));
        Ok(statement)
    }

    fn start(&self, statements: &[Statement]) -> Result<Promise, JsValue> {
        let prepared = Array::new();
        for statement in statements {
            let values: Array = statement.params.iter().map(js_value).collect();
            let bound = self.prepare(statement.sql)?.bind(&values)?;
            prepared.push(&bound.into());
        }
        self.binding.batch(&prepared)
    }
}

/// `i64` must not become a `BigInt`, which D1 refuses; beyond 53 bits a number would change silently.
#[expect(clippy::cast_precision_loss, reason = "D1's numbers are JavaScript's")]
fn js_value(param: &Param) -> JsValue {
    match param {
        Param::Null => JsValue::NULL,
        Param::Integer(number) => JsValue::from_f64(*number as f64),
        Param::Text(text) => JsValue::from_str(text),
    }
}

impl Database for D1 {
    fn batch<'a>(
        &'a self,
        statements: &'a [Statement],
    ) -> BoxFuture<'a, Result<Vec<Rows>, DbError>> {
        Box::pin(SendFuture::new(async move {
            let answer = JsFuture::from(self.start(statements).map_err(failure)?);
            let results: Array = answer.await.map_err(failure)?.unchecked_into();
            let (rows, metas) = read(&results).map_err(failure)?;
            let rows = decode(&rows)?.into_iter().zip(metas);
            Ok(rows.map(|(rows, meta)| Rows::new(rows, meta)).collect())
        }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn failure(error: JsValue) -> DbError {
    DbError::new(describe(&error))
}

/// The rows of all results as one JSON text, and what each result cost. Of what D1 says of a result, no more than that
/// crosses the boundary: the rest is most of it where statements give no rows.
fn read(results: &Array) -> Result<(String, Vec<Meta>), JsValue> {
    let rows = Array::new();
    let mut metas = Vec::new();
    for result in results.iter() {
        let result: D1Result = result.unchecked_into();
        rows.push(&result.results()?);
        metas.push(meta(&result.meta()?)?);
    }
    Ok((JSON::stringify(&rows)?.into(), metas))
}

/// A count that D1 does not give is `NaN` here, and 0 there.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of rows")]
fn meta(meta: &D1Meta) -> Result<Meta, JsValue> {
    Ok(Meta {
        rows_read: meta.rows_read()? as u64,
        rows_written: meta.rows_written()? as u64,
        duration: Some(meta.duration()?).filter(|ms| ms.is_finite()).unwrap_or_default(),
    })
}

/// Decoding one text beats walking JavaScript objects on all but tiny results.
fn decode(text: &str) -> Result<Vec<Box<RawValue>>, DbError> {
    serde_json::from_slice(text.as_bytes())
        .map_err(|error| DbError::new(format!("the batch's answer does not parse: {error}")))
}
