//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

pub mod retrieval;
