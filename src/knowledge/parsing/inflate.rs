//! Deflate within bounds: a small file may unfold into one that fills the memory.

use miniz_oxide::inflate::{
    TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit,
};

use super::manuscript::Refusal;

/// Unfolds what is bare deflate, as in a ZIP.
pub(super) fn inflate(bytes: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    decompress_to_vec_with_limit(bytes, most).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => Refusal::TooComplex,
        _ => Refusal::Broken,
    })
}

/// Unfolds what is wrapped as zlib, as in a PDF; of damaged data what comes before the damage.
pub(super) fn inflate_zlib(bytes: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    decompress_to_vec_zlib_with_limit(bytes, most).or_else(|error| match error.status {
        TINFLStatus::HasMoreOutput => Err(Refusal::TooComplex),
        _ => Ok(error.output),
    })
}
