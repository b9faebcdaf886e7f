//! What a model makes of a text: a direction, stored as one byte for each of its numbers.
//!
//! Texts that mean much the same lie in much the same direction, whatever words and language they are in. Off unless
//! `EMBEDDING_PROVIDER` is set. `SEARCH` alone holds the vectors, beside the passages: they are derived, as the index
//! is, and go with it; `knowledge_embeddings` of older versions is neither read nor written.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

use super::question::Question;
use super::signature::Signature;
use crate::app::{BoxFuture, Op};
use crate::config::{EmbeddingConfig, LogLevel};
use crate::db::Rows;
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::jobs::Run;
use crate::models::ai::AiRequest;
use crate::models::openai;
use crate::models::setting::Provider;
use crate::{row, sql, statement};

const PASSAGES_WITHOUT: &str = sql!("sql/passages_without_vector.sql");
const VECTORS_UPSERT: &str = sql!("sql/passages_vectors_upsert.sql");

/// Numbers of a vector, at most.
const MOST_NUMBERS: usize = 4_096;
/// How long a turn waits for the vector of its question; without it passages are found by words alone.
const QUESTION_TIMEOUT: Duration = Duration::from_millis(800);
/// How long the job waits for the vectors of passages.
const PASSAGES_TIMEOUT: Duration = Duration::from_secs(15);
/// Passages of one request to the model.
const AT_ONCE: u32 = 16;
/// Passages that are looked through for such without a vector at a time.
const WINDOW: u32 = 2_000;
/// What a model is given of a text, in characters: about 500 tokens.
const LONGEST_TEXT: usize = 2_000;

/// A direction, of which each number is from -127 to 127.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector(Vec<i8>);

impl Vector {
    /// The direction of these numbers, as exact as one byte allows; nothing if it has none.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        let fits = numbers.iter().all(|number| number.is_finite()) && numbers.len() <= MOST_NUMBERS;
        if !fits || largest <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127")]
        let byte = |number: &f64| (number / largest * 127.0).round() as i8;
        Some(Self(numbers.iter().map(byte).collect()))
    }

    /// Reads a stored vector.
    pub fn stored(text: &str) -> Option<Self> {
        let bytes = Base64::decode_vec(text).ok();
        let bytes = bytes.filter(|bytes| (1..=MOST_NUMBERS).contains(&bytes.len()))?;
        Some(Self(bytes.into_iter().map(|byte| i8::from_ne_bytes([byte])).collect()))
    }

    /// As it is stored.
    pub fn to_stored(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().flat_map(|number| number.to_ne_bytes()).collect();
        Base64::encode_string(&bytes)
    }

    pub(super) fn numbers(&self) -> &[i8] {
        &self.0
    }

    /// The cosine of the angle between two directions; nothing between such of different models.
    pub fn cosine(&self, other: &Self) -> Option<f64> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let product = |left: &[i8], right: &[i8]| -> f64 {
            // 4 096 products of 16 129 at most.
            let sum: i32 = left.iter().zip(right).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            f64::from(sum)
        };
        let lengths = (product(&self.0, &self.0) * product(&other.0, &other.0)).sqrt();
        (lengths > 0.0).then(|| product(&self.0, &other.0) / lengths)
    }
}

/// A question as a model sees it.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// Provider and name of the model: vectors of others are not compared with it.
    pub model: String,
    /// The direction.
    pub vector: Vector,
}

/// Makes vectors of texts.
pub trait Embedder: Send + Sync {
    /// Provider and name of the model, as stored beside its vectors.
    fn model(&self) -> String;

    /// The vectors of texts, one each in their order; the error is a private text for the log.
    fn embed<'a>(
        &'a self,
        op: &'a Op,
        texts: &'a [String],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Vec<Vector>, String>>;
}

impl Embedder for EmbeddingConfig {
    fn model(&self) -> String {
        format!("{}:{}", self.provider.as_str(), self.model)
    }

    fn embed<'a>(
        &'a self,
        op: &'a Op,
        texts: &'a [String],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Vec<Vector>, String>> {
        Box::pin(async move {
            let answer = if self.provider == Provider::WorkersAi {
                let input = json!({"text": texts});
                let request = AiRequest { model: self.model.clone(), input, timeout };
                op.app.ports.ai.run(request).await.map_err(|failure| failure.to_string())?
            } else {
                let config = &op.app.config.models.openai;
                let request = openai::embeddings_request(config, &self.model, texts, timeout);
                let answer = op.app.ports.http.send(request).await;
                let answer = answer.map_err(|failure| failure.to_string())?;
                if answer.status != 200 {
                    return Err(format!("openai answered {}", answer.status));
                }
                serde_json::from_slice(&answer.body)
                    .map_err(|_| "openai answered no JSON".to_owned())?
            };
            let vectors = vectors(&answer);
            if vectors.len() == texts.len() {
                return Ok(vectors);
            }
            Err(format!("{} vectors for {} texts", vectors.len(), texts.len()))
        })
    }
}

/// The vectors of an answer: `data` holds arrays (Workers AI), or objects with an `embedding` and its `index` (OpenAI).
fn vectors(answer: &Value) -> Vec<Vector> {
    let entries = answer.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut placed: Vec<(u64, Vector)> = Vec::new();
    for (at, entry) in (0_u64..).zip(entries) {
        let place = entry.get("index").and_then(Value::as_u64).unwrap_or(at);
        let numbers = entry.get("embedding").unwrap_or(entry).as_array();
        let numbers: Option<Vec<f64>> =
            numbers.map_or(Some(Vec::new()), |all| all.iter().map(Value::as_f64).collect());
        placed
            .extend(numbers.and_then(|numbers| Vector::of(&numbers)).map(|vector| (place, vector)));
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, vector)| vector).collect()
}

/// The vector of a question; nothing where no model is configured, or it does not answer in time.
pub async fn of_question(op: &Op, question: &Question) -> Option<Embedded> {
    let embedder = op.app.config.embedding.as_ref()?;
    if question.terms().is_empty() {
        return None;
    }
    let texts = [question.text().chars().take(LONGEST_TEXT).collect()];
    match embedder.embed(op, &texts, QUESTION_TIMEOUT).await {
        Ok(vectors) => {
            let vector = vectors.into_iter().next()?;
            Some(Embedded { model: embedder.model(), vector })
        }
        Err(reason) => {
            let fields = [("reason", json!(reason))];
            let log = &op.app.log;
            log.event(LogLevel::Warn, "embedding_failed", op.now(), &op.request, &fields);
            None
        }
    }
}

row! {
    struct WithoutRow {
        id: i64,
        org_id: OrgId,
        chunk_id: Option<String>,
        title: Option<String>,
        page_label: Option<String>,
        content: Option<String>,
        vector: Option<String>,
    }
}

/// The job `knowledge_embeddings`: makes the vectors that passages lack, and the signatures that vectors of older
/// versions lack, in the order of the index. At its end it begins anew, for such as changed meanwhile.
pub async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let Some(embedder) = &op.app.config.embedding else { return Ok(()) };
    let model = embedder.model();
    let mut after: i64 = run.cursor.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
    while run.has_time(op) {
        let without = statement!(PASSAGES_WITHOUT, after, model.as_str(), WINDOW, AT_ONCE);
        let rows = op.search(vec![without]).await?;
        let found: Vec<WithoutRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
        // The last row says how far was looked.
        let Some(last) = found.iter().map(|row| row.id).max() else {
            run.cursor = None;
            return Ok(());
        };
        let (signed, lacking) = found
            .iter()
            .filter(|row| row.chunk_id.is_some())
            .partition::<Vec<&WithoutRow>, _>(|row| row.stored().is_some());
        if !signed.is_empty() {
            let vectors: Vec<Option<Vector>> = signed.iter().map(|row| row.stored()).collect();
            store(op, &model, &signed, &vectors).await?;
            run.items += signed.len() as u64;
        }
        if !lacking.is_empty() {
            let texts: Vec<String> = lacking.iter().map(|row| row.text()).collect();
            let vectors = vectors_of(op, embedder, run, &texts).await?;
            store(op, &model, &lacking, &vectors).await?;
            run.items += vectors.len() as u64;
        }
        after = last;
        run.cursor = Some(after.to_string());
    }
    run.has_more = true;
    Ok(())
}

/// The vectors of passages. What a model refuses to take together it is asked one by one; a passage that it refuses
/// by itself has none, and the others do not wait for it.
async fn vectors_of(
    op: &Op,
    embedder: &EmbeddingConfig,
    run: &Run,
    texts: &[String],
) -> Result<Vec<Option<Vector>>> {
    let failed = |reason: String| Error::internal(format!("no vectors: {reason}"));
    let together = embedder.embed(op, texts, PASSAGES_TIMEOUT).await;
    let reason = match together {
        Ok(vectors) => return Ok(vectors.into_iter().map(Some).collect()),
        Err(reason) => reason,
    };
    let mut vectors = Vec::with_capacity(texts.len());
    let mut last = reason;
    for text in texts {
        if !run.has_time(op) {
            break;
        }
        match embedder.embed(op, std::slice::from_ref(text), PASSAGES_TIMEOUT).await {
            Ok(vector) => vectors.push(vector.into_iter().next()),
            Err(reason) => {
                last = reason;
                vectors.push(None);
            }
        }
    }
    // Where it takes none at all it is the model that fails, not a passage.
    if vectors.iter().any(Option::is_some) { Ok(vectors) } else { Err(failed(last)) }
}

impl WithoutRow {
    /// The vector that it has, without a signature.
    fn stored(&self) -> Option<Vector> {
        self.vector.as_deref().and_then(Vector::stored)
    }

    fn text(&self) -> String {
        let parts = [&self.title, &self.page_label, &self.content];
        let text: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
        text.join("\n").chars().take(LONGEST_TEXT).collect()
    }
}

async fn store(
    op: &Op,
    model: &str,
    rows: &[&WithoutRow],
    vectors: &[Option<Vector>],
) -> Result<()> {
    let stored: Vec<Value> = rows
        .iter()
        .zip(vectors)
        .map(|(row, vector)| {
            // An empty one is like no other, and is not asked for again.
            let stored = vector.as_ref().map(Vector::to_stored).unwrap_or_default();
            let signature = vector.as_ref().map(|vector| Signature::of(vector).to_stored());
            json!([row.id, row.org_id, row.chunk_id, row.content, stored, signature])
        })
        .collect();
    let upsert = statement!(VECTORS_UPSERT, Value::Array(stored).to_string(), model);
    op.search_write(vec![upsert]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_survives_its_storage() {
        let numbers: Vec<f64> =
            (0..1024_i32).map(|at| (f64::from(at) * 0.37).sin() * 0.02).collect();
        let vector = Vector::of(&numbers).unwrap();
        assert_eq!(Vector::stored(&vector.to_stored()), Some(vector.clone()));
        assert!(vector.to_stored().len() < 1_400);
        let other: Vec<f64> = numbers.iter().map(|number| number * 3.0).collect();
        assert!(Vector::of(&other).unwrap().cosine(&vector).unwrap() > 0.999);
        let away: Vec<f64> = numbers.iter().map(|number| -number).collect();
        assert!(Vector::of(&away).unwrap().cosine(&vector).unwrap() < -0.999);
    }

    #[test]
    fn what_is_no_direction_is_none() {
        assert_eq!(Vector::of(&[]), None);
        assert_eq!(Vector::of(&[0.0, 0.0]), None);
        assert_eq!(Vector::of(&[f64::NAN, 1.0]), None);
        assert_eq!(Vector::of(&vec![1.0; 5_000]), None);
        assert_eq!(Vector::stored("not base64!"), None);
        assert_eq!(Vector::stored(""), None);
        let (short, long) = (Vector::of(&[1.0]).unwrap(), Vector::of(&[1.0, 2.0]).unwrap());
        assert_eq!(short.cosine(&long), None);
    }

    #[test]
    fn answers_of_both_kinds_are_read() {
        let own = json!({"shape": [2, 2], "data": [[1.0, 0.0], [0.0, 1.0]]});
        let openai = json!({"data": [{"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": [1.0, 0.0]}]});
        assert_eq!(vectors(&own), vectors(&openai));
        assert_eq!(vectors(&own).len(), 2);
        for broken in [
            json!({}),
            json!({"data": 7}),
            json!({"data": [["x"], {"embedding": null}]}),
            json!([]),
        ] {
            assert!(vectors(&broken).is_empty(), "{broken}");
        }
    }
}
